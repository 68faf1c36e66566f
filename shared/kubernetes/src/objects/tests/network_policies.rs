//! Network policies, the pods that they select, and the settings that decide whether they have an effect.

use eksentry_core::facts::kubernetes::Selected::{self, No, Unknown, Yes};
use eksentry_core::facts::kubernetes::TrafficDirection::{Egress, Ingress};
use eksentry_core::facts::kubernetes::{PolicySelection, VpcCni};
use eksentry_core::field::{Field, InvalidField};

use super::*;

/// Objects and API groups of kube-apiserver 1.36, and the daemon set of the Amazon VPC CNI plugin 1.23.1, with the members
/// that are read and a few others.
const RECORDED: &str = include_str!("recorded_network.json");

const POLICIES: &str = "/apis/networking.k8s.io/v1/networkpolicies";
const NODE_CLASSES: &str = "/apis/eks.amazonaws.com/v1/nodeclasses";
const AWS_AUTH: &str = "/api/v1/namespaces/kube-system/configmaps/aws-auth";
const CONFIG_MAP: &str = "/api/v1/namespaces/kube-system/configmaps/amazon-vpc-cni";
const GROUPS: &str = "/apis";

fn policy_needs() -> Needs {
    needs() | Need::NetworkPolicies
}

fn not_found(details: &Value) -> Answer {
    let status = json!({"kind": "Status", "reason": "NotFound", "details": details, "code": 404});
    Answer::new(404, status.to_string())
}

fn config_map(data: &Value) -> Answer {
    Answer::new(200, json!({"kind": "ConfigMap", "data": data}).to_string())
}

fn groups(names: &[&str]) -> Answer {
    let groups: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
    let list = json!({"kind": "APIGroupList", "groups": groups});
    Answer::new(200, list.to_string())
}

fn policy(name: &str, spec: Value) -> Value {
    object("NetworkPolicy", name, json!({}), json!({"spec": spec}))
}

/// Returns the answers of a cluster with these policies, and without node classes or settings.
fn answers(policies: &[Value]) -> Vec<(&'static str, Vec<Answer>)> {
    vec![
        (POLICIES, vec![list("NetworkPolicy", policies)]),
        (
            NODE_CLASSES,
            vec![Answer::text(404, "404 page not found\n")],
        ),
        (
            CONFIG_MAP,
            vec![not_found(
                &json!({"name": "amazon-vpc-cni", "kind": "configmaps"}),
            )],
        ),
        (GROUPS, vec![groups(&["apps", "networking.k8s.io"])]),
    ]
}

/// Reads a cluster that uses EKS Auto Mode, with these objects, where some paths have other answers.
async fn read_policies(
    policies: &[Value],
    objects: &[Value],
    others: Vec<(&'static str, Vec<Answer>)>,
) -> Objects {
    let mut all = others;
    for (path, answers) in answers(policies) {
        if all.iter().all(|(other, _)| *other != path) {
            all.push((path, answers));
        }
    }
    crate::read_objects(&server(objects, all).client(), policy_needs(), true).await
}

/// Returns the directions in which policies select each workload.
fn selections(objects: &Objects) -> Vec<(&str, Selected, Selected)> {
    let workloads = objects.workloads.iter();
    workloads
        .map(|one| {
            let PolicySelection { ingress, egress } = one.policy_selection;
            (one.name.name.as_str(), ingress, egress)
        })
        .collect()
}

fn labelled(app: &str) -> Value {
    json!({"labels": {"app": app}})
}

#[tokio::test(start_paused = true)]
async fn policies_are_read_before_pods() {
    let script = server(&[], answers(&[]));
    let read = crate::read_objects(&script.client(), policy_needs(), true).await;
    let requested = requested(&script);
    assert_eq!(requested[..3], ["/api/v1/namespaces", POLICIES, PODS]);
    assert_eq!(requested[requested.len() - 2..], [CONFIG_MAP, GROUPS]);
    assert_eq!(read.lists.len(), 11);
    assert!(read.lists.values().all(Result::is_ok), "{:?}", read.lists);
    let engine = read.network_policy_engine.unwrap();
    assert_eq!(engine.enables_controller, Ok(None));
    assert_eq!(engine.vpc_cni, None);
    let groups = ["apps", "networking.k8s.io"].map(str::to_owned);
    assert_eq!(engine.api_groups, Ok(groups.into()));
    assert!(engine.node_classes.is_empty());

    let script = server(&[], Vec::new());
    let read = read_objects(&script.client(), needs()).await;
    assert_eq!(read.network_policy_engine, None);
}

#[tokio::test(start_paused = true)]
async fn policies_select_running_pods_or_else_the_template() {
    let web = json!({"podSelector": {"matchLabels": {"app": "web"}}});
    let batch =
        json!({"podSelector": {"matchLabels": {"app": "batch"}}, "policyTypes": ["Egress"]});
    let mut job = creator("CronJob", "nightly", "t", json!({}));
    job["spec"]["jobTemplate"]["spec"]["template"]["metadata"] = labelled("batch");
    let mut set = creator("StatefulSet", "db", "t", json!({}));
    set["spec"]["template"]["metadata"] = labelled("web");
    let of_set = |name: &str, labels: Value| {
        let mut metadata = owned("apps/v1", "StatefulSet", "db");
        metadata["labels"] = labels;
        pod(name, "a", metadata)
    };
    let objects = [
        job,
        creator("Deployment", "bare", "t", json!({})),
        set,
        of_set("db-0", json!({"app": "web", "index": "0"})),
        of_set("db-1", json!({"app": "web", "index": "1"})),
        pod("api", "a", labelled("api")),
        pod("odd", "a", json!({"labels": {"app": 7}})),
        pod(
            "elsewhere",
            "a",
            json!({"namespace": "other", "labels": {"app": "web"}}),
        ),
    ];
    let policies = [policy("web", web), policy("batch", batch)];
    let read = read_policies(&policies, &objects, Vec::new()).await;
    let expected = [
        ("elsewhere", No, No),
        ("nightly", No, Yes),
        ("bare", No, No),
        ("api", No, No),
        ("odd", Unknown, Unknown),
        ("db", Yes, No),
    ];
    let mut found = selections(&read);
    found.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);

    // One pod that no policy selects is enough, whatever the template.
    let mut objects = objects.to_vec();
    objects.push(of_set("db-2", json!({"app": "other"})));
    let read = read_policies(&policies, &objects, Vec::new()).await;
    assert!(selections(&read).contains(&("db", No, No)));
    assert_eq!(read.namespaces["shop"].network_policies.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn templates_without_readable_labels_are_unknown() {
    for (metadata, expected) in [
        (json!(null), No),
        (json!({}), No),
        (json!({"labels": null}), No),
        (json!({"labels": {"app": 7}}), Unknown),
        (json!({"labels": 7}), Unknown),
        (json!(7), Unknown),
    ] {
        let mut deployment = creator("Deployment", "web", "t", json!({}));
        deployment["spec"]["template"]["metadata"] = metadata.clone();
        let web = policy(
            "web",
            json!({"podSelector": {"matchLabels": {"app": "web"}}}),
        );
        let read = read_policies(&[web], &[deployment.clone()], Vec::new()).await;
        assert_eq!(selections(&read), [("web", expected, No)], "{metadata}");
        let all = policy("all", json!({"podSelector": {}}));
        let read = read_policies(&[all], &[deployment], Vec::new()).await;
        assert_eq!(selections(&read), [("web", Yes, No)], "{metadata}");
    }
}

#[tokio::test(start_paused = true)]
async fn policies_of_an_unexpected_form_are_unknown() {
    let nameless = json!({"kind": "NetworkPolicy", "metadata": {"namespace": "shop"}});
    let policies = [
        policy("odd", json!(7)),
        policy("empty", json!(null)),
        nameless,
    ];
    let read = read_policies(&policies, &[], Vec::new()).await;
    let found: Vec<_> = read.namespaces["shop"]
        .network_policies
        .iter()
        .map(|policy| (policy.name.as_str(), policy.spec.applies_to(Ingress)))
        .collect();
    assert_eq!(found, [("odd", Err(InvalidField)), ("empty", Ok(true))]);
    let missing: Vec<_> = missing(&read).into_iter().map(|(list, ..)| list).collect();
    assert_eq!(missing, ["networkpolicies.networking.k8s.io"]);
}

#[tokio::test(start_paused = true)]
async fn a_config_map_enables_the_controller() {
    let key = "enable-network-policy-controller";
    for (data, expected) in [
        (json!({key: "true"}), Some(true)),
        (json!({key: "false"}), Some(false)),
        (json!({key: "yes"}), Some(false)),
        (json!({key: null}), Some(false)),
        (json!({"enable-windows-ipam": "true"}), Some(false)),
        (json!(null), Some(false)),
        (json!({key: true}), None),
        (json!("x"), None),
    ] {
        let others = vec![(CONFIG_MAP, vec![config_map(&data)])];
        let read = read_policies(&[], &[], others).await;
        let found = read.network_policy_engine.unwrap().enables_controller;
        assert_eq!(found.ok(), expected.map(Some), "{data}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_setting_is_unread() {
    let forbidden = || Answer::new(403, r#"{"kind":"Status","reason":"Forbidden","code":403}"#);
    let others = vec![
        (CONFIG_MAP, vec![forbidden()]),
        (GROUPS, vec![groups(&[])]),
        (NODE_CLASSES, vec![forbidden()]),
    ];
    let read = read_policies(&[], &[], others).await;
    let engine = read.network_policy_engine.clone().unwrap();
    let unread = engine.enables_controller.unwrap_err();
    let text = "get configmaps/amazon-vpc-cni in kube-system was refused (403).";
    assert_eq!(unread.code.word(), "ACCESS_DENIED");
    assert!(unread.text.starts_with(text), "{}", unread.text);
    assert_eq!(engine.api_groups.unwrap_err().code.word(), "NO_LIST");
    let missing: Vec<_> = missing(&read).into_iter().map(|(list, ..)| list).collect();
    assert_eq!(missing, ["nodeclasses.eks.amazonaws.com"]);
}

#[tokio::test(start_paused = true)]
async fn settings_are_not_requested_of_a_server_that_refuses_the_caller() {
    let unknown = || Answer::new(401, r#"{"kind":"Status","code":401}"#);
    let others = vec![(PODS, vec![unknown(), unknown()])];
    let mut all = answers(&[]);
    all.extend(others);
    let script = server(&[], all);
    let read = read_objects(&script.client(), policy_needs()).await;
    assert!(!requested(&script).contains(&CONFIG_MAP.to_owned()));
    let engine = read.network_policy_engine.unwrap();
    let unread = engine.enables_controller.unwrap_err();
    assert!(unread.text.starts_with("list pods was refused (401)"));
    assert_eq!(engine.api_groups, Err(unread));
}

#[tokio::test(start_paused = true)]
async fn settings_are_not_requested_after_another_config_map_with_a_problem_of_all_requests() {
    let unknown = || Answer::new(401, r#"{"kind":"Status","code":401}"#);
    let mut all = answers(&[]);
    all.push((AWS_AUTH, vec![unknown(), unknown()]));
    let script = server(&[], all);
    let read = read_objects(&script.client(), policy_needs() | Need::AwsAuth).await;
    let requested = requested(&script);
    assert_eq!(requested.last().unwrap(), AWS_AUTH);
    assert!(!requested.contains(&CONFIG_MAP.to_owned()) && !requested.contains(&GROUPS.to_owned()));
    let unread = read.aws_auth.unwrap_err();
    let engine = read.network_policy_engine.unwrap();
    assert_eq!(engine.enables_controller, Err(unread.clone()));
    assert_eq!(engine.api_groups, Err(unread));
    assert_eq!(read.unreachable, None, "the lists were read");
}

#[tokio::test(start_paused = true)]
async fn node_classes_have_a_default() {
    let class = |spec: Value| json!({"metadata": {"name": "default"}, "spec": spec});
    let classes = [
        class(json!({"networkPolicy": "DefaultDeny"})),
        class(json!({"networkPolicy": 7})),
        class(json!({})),
        class(json!(7)),
    ];
    let others = vec![(NODE_CLASSES, vec![list("NodeClass", &classes)])];
    let read = read_policies(&[], &[], others).await;
    assert_eq!(
        read.network_policy_engine.unwrap().node_classes,
        [
            Field::Value("DefaultDeny".to_owned()),
            Field::Invalid,
            Field::Absent,
            Field::Invalid,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn node_classes_are_listed_only_in_auto_mode() {
    for auto_mode in [true, false] {
        let script = server(&[], answers(&[]));
        let read = crate::read_objects(&script.client(), policy_needs(), auto_mode).await;
        let is_requested = requested(&script).contains(&NODE_CLASSES.to_owned());
        assert_eq!(is_requested, auto_mode);
        let is_listed = read.lists.contains_key(&ApiList::NodeClasses);
        assert_eq!(is_listed, auto_mode);
        let engine = read.network_policy_engine.unwrap();
        assert!(engine.node_classes.is_empty() && engine.api_groups.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_daemon_set_of_the_plugin_has_its_settings() {
    let container = json!({"name": "aws-eks-nodeagent", "args": ["--enable-network-policy=true"]});
    let daemon_set = |namespace: &str, name: &str| {
        let spec = json!({"template": {"spec": {"containers": [container]}}});
        let metadata = json!({"namespace": namespace});
        object("DaemonSet", name, metadata, json!({"spec": spec}))
    };
    for (namespace, name, is_found) in [
        ("kube-system", "aws-node", true),
        ("kube-system", "other", false),
        ("shop", "aws-node", false),
    ] {
        let read = read_policies(&[], &[daemon_set(namespace, name)], Vec::new()).await;
        let vpc_cni = read.network_policy_engine.unwrap().vpc_cni;
        let expected = VpcCni {
            enables_agent: Ok(true),
            is_strict: Ok(false),
        };
        assert_eq!(vpc_cni, is_found.then_some(expected), "{namespace}/{name}");
        assert_eq!(read.workloads.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn recorded_policies_are_read() {
    let recorded: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    let of_kind = |kind: &str| {
        let found = recorded.iter().filter(|object| object["kind"] == kind);
        found.cloned().collect::<Vec<_>>()
    };
    let groups = Answer::new(200, of_kind("APIGroupList")[0].to_string());
    let others = vec![(GROUPS, vec![groups])];
    let read = read_policies(&of_kind("NetworkPolicy"), &recorded, others).await;
    assert!(read.lists.values().all(Result::is_ok), "{:?}", read.lists);
    let mut found = Vec::new();
    for (namespace, facts) in &read.namespaces {
        for policy in &facts.network_policies {
            let directions = [Ingress, Egress].map(|direction| {
                let applies = policy.spec.applies_to(direction).unwrap();
                let allows_all = policy.spec.allows_all(direction).unwrap();
                if allows_all {
                    "all"
                } else if applies {
                    "some"
                } else {
                    "-"
                }
            });
            let selects_all = policy.spec.selects_all_pods().unwrap();
            found.push((
                namespace.as_str(),
                policy.name.as_str(),
                selects_all,
                directions,
            ));
        }
    }
    let expected = [
        ("batch", "deny-ingress-only", true, ["some", "-"]),
        ("batch", "egress-any", true, ["-", "all"]),
        ("payments", "allow-dns", true, ["-", "some"]),
        ("payments", "allow-from-shop", false, ["some", "-"]),
        ("payments", "default-deny", true, ["some", "some"]),
        ("payments", "port-range", false, ["-", "some"]),
        ("shop", "allow-all-in", true, ["all", "-"]),
        ("shop", "no-policy-types", false, ["some", "-"]),
        ("tools", "one-app-only", false, ["some", "-"]),
    ];
    assert_eq!(found, expected);
    let engine = read.network_policy_engine.unwrap();
    let off = VpcCni {
        enables_agent: Ok(false),
        is_strict: Ok(false),
    };
    assert_eq!(engine.vpc_cni, Some(off));
    let groups = engine.api_groups.unwrap();
    assert!(groups.contains("networking.k8s.io") && groups.len() == 22);
}
