//! The contents of clusters: sweeps that read the Kubernetes API of each cluster.

mod outages;

use std::time::Duration;

use eksentry_core::checks::CHECKS;
use eksentry_tests::account::Parameter;
use eksentry_tests::kubernetes::{Cluster, Endpoint, Fault, FaultKind, granted_rights};
use eksentry_tests::stand_in::{self, Message};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, cluster_arn};

const READABLE: &str = "k8s-api-readable";
const PRIVILEGED: &str = "k8s-pod-privileged";
const PASSED: &str = "PASSED INFORMATIONAL";
const HIGH: &str = "FAILED HIGH";

/// Returns a deployment with a container that is privileged or not.
fn deployment(namespace: &str, name: &str, privileged: bool) -> Value {
    json!({
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"template": {"spec": {"containers": [{
            "name": "app",
            "image": "registry.example.com/app:1.4.2",
            "securityContext": {"privileged": privileged},
        }]}}},
    })
}

fn cluster(name: &str, objects: Vec<Value>) -> Cluster {
    Cluster {
        objects,
        ..Cluster::new(name, REGION)
    }
}

fn world(clusters: impl IntoIterator<Item = Cluster>) -> World {
    World::with(json!({})).with_contents(clusters)
}

fn sweep(world: &mut World) -> Value {
    world.ok("sweep", &json!({"checks": [PRIVILEGED]}))
}

fn workload(cluster: &str, namespace: &str, name: &str) -> String {
    let cluster = cluster_arn(cluster);
    format!("{cluster}/namespaces/{namespace}/deployments.apps/{name}")
}

/// Each right that a check needs is in the manifest, and each right in it is needed.
#[test]
fn all_checks_together_need_exactly_the_rights_of_the_manifest() {
    // The right to list Secrets has a manifest of its own.
    let mut world = world([Cluster {
        allow: vec!["secrets".to_owned()],
        ..cluster("prod", vec![deployment("shop", "web", true)])
    }]);
    let checks = CHECKS.iter().filter(|check| check.id.starts_with("k8s-"));
    let checks: Vec<&str> = checks.map(|check| check.id).collect();
    // Node classes are listed with EKS Auto Mode only.
    world.change(|account| {
        let members = &mut account.cluster("prod").unwrap().members;
        members.insert("computeConfig".to_owned(), json!({"enabled": true}));
    });
    world.ok("sweep", &json!({"checks": checks}));
    assert_eq!(world.status(READABLE, &cluster_arn("prod")), PASSED);
    assert_eq!(world.api("prod").used_rights(), granted_rights());
    world.end();
}

#[test]
fn the_contents_of_clusters_are_off_by_default() {
    let mut world = world([cluster("prod", vec![deployment("shop", "web", true)])])
        .and("EKSENTRY_KUBERNETES", "off")
        .and("EKSENTRY_DISABLED_CHECKS", "");
    world.sweep();
    let statuses = world.statuses();
    assert!(
        !statuses.iter().any(|line| line.contains("k8s-")),
        "{statuses:?}"
    );
    assert!(world.api("prod").received().is_empty());
    let event = json!({"checks": ["eks-endpoint-private", PRIVILEGED]});
    let error = world.error("sweep", &event);
    assert!(
        error.error_message.contains("EKSENTRY_KUBERNETES"),
        "{error}"
    );
    world.end();
}

#[test]
fn workloads_that_fail_have_findings_and_the_others_share_one() {
    let mut world = world([
        cluster(
            "bad",
            vec![
                deployment("shop", "web", true),
                deployment("shop", "api", false),
            ],
        ),
        cluster("good", vec![deployment("shop", "api", false)]),
    ]);
    sweep(&mut world);
    assert_eq!(
        world.statuses(),
        [
            format!("{HIGH} {PRIVILEGED} cluster/bad/namespaces/shop/deployments.apps/web"),
            format!("{PASSED} {READABLE} cluster/bad"),
            format!("{PASSED} {READABLE} cluster/good"),
            format!("{PASSED} {PRIVILEGED} cluster/good"),
        ]
    );
    let again = sweep(&mut world);
    assert_eq!(
        (&again["posted"], &again["archived"]),
        (&json!(0), &json!(0)),
        "{again}"
    );
    world.end();
}

#[test]
fn a_workload_that_recovers_is_reported_once_and_archived_when_it_is_gone() {
    let bad = deployment("shop", "web", true);
    let mut world = world([cluster("prod", vec![bad])]);
    sweep(&mut world);
    let web = workload("prod", "shop", "web");
    assert_eq!(world.status(PRIVILEGED, &web), HIGH);
    assert_eq!(world.status(PRIVILEGED, &cluster_arn("prod")), "none");

    let good = deployment("shop", "web", false);
    world.api("prod").set_objects(vec![good]).unwrap();
    sweep(&mut world);
    assert_eq!(world.status(PRIVILEGED, &web), PASSED);
    assert_eq!(world.status(PRIVILEGED, &cluster_arn("prod")), PASSED);
    assert_eq!(sweep(&mut world)["posted"], 0);

    world.api("prod").set_objects(vec![]).unwrap();
    sweep(&mut world);
    assert_eq!(world.status(PRIVILEGED, &web), format!("ARCHIVED {PASSED}"));
    assert_eq!(world.status(PRIVILEGED, &cluster_arn("prod")), PASSED);
    world.end();
}

#[test]
fn nothing_is_archived_without_a_complete_list() {
    for (list, expected) in [
        ("list deployments*", HIGH.to_owned()),
        ("list pods*", HIGH.to_owned()),
        ("list namespaces*", HIGH.to_owned()),
        ("list services*", format!("ARCHIVED {HIGH}")),
    ] {
        let mut world = world([cluster("prod", vec![deployment("shop", "web", true)])]);
        sweep(&mut world);
        let other = deployment("shop", "other", false);
        world.api("prod").set_objects(vec![other]).unwrap();
        world.api("prod").configure(|cluster| {
            let kind = FaultKind::Status {
                status: 500,
                headers: Vec::new(),
            };
            cluster.faults.push(Fault::new(list, kind));
        });
        sweep(&mut world);
        let web = workload("prod", "shop", "web");
        assert_eq!(world.status(PRIVILEGED, &web), expected, "{list}");
        world.end();
    }
}

#[test]
fn a_cluster_that_is_not_reached_hides_no_other_and_keeps_its_findings() {
    let mut world = world([
        cluster("down", vec![deployment("shop", "web", true)]),
        cluster("up", vec![deployment("shop", "web", true)]),
    ]);
    sweep(&mut world);
    world.api("down").configure(|cluster| cluster.groups = None);
    sweep(&mut world);
    let down = world.status(READABLE, &cluster_arn("down"));
    assert_eq!(down, "NOT_AVAILABLE INFORMATIONAL");
    assert_eq!(world.status(READABLE, &cluster_arn("up")), PASSED);
    for name in ["down", "up"] {
        let web = workload(name, "shop", "web");
        assert_eq!(world.status(PRIVILEGED, &web), HIGH, "{name}");
    }
    world.end();
}

#[test]
fn a_cluster_that_eks_does_not_describe_has_one_finding_about_that() {
    let mut world = world([cluster("prod", vec![deployment("shop", "web", true)])]);
    sweep(&mut world);
    world.deny("eks.DescribeCluster");
    sweep(&mut world);
    assert_eq!(
        world.statuses(),
        [
            format!("{HIGH} {PRIVILEGED} cluster/prod/namespaces/shop/deployments.apps/web"),
            format!("NOT_AVAILABLE INFORMATIONAL {READABLE} cluster/prod"),
        ]
    );
    world.end();
}

#[test]
fn the_check_that_reports_unread_clusters_runs_although_it_is_disabled() {
    let disabled = CHECKS.iter().filter(|check| check.id != PRIVILEGED);
    let disabled: Vec<&str> = disabled.map(|check| check.id).collect();
    let mut world =
        world([cluster("prod", vec![])]).and("EKSENTRY_DISABLED_CHECKS", &disabled.join(","));
    world.sweep();
    assert_eq!(world.status(READABLE, &cluster_arn("prod")), PASSED);
    world.end();
}

#[test]
fn the_check_that_reports_unread_clusters_makes_a_request_of_its_own() {
    let mut world = world([cluster("prod", vec![])]);
    let event = json!({"checks": [READABLE]});
    world.ok("sweep", &event);
    assert_eq!(world.status(READABLE, &cluster_arn("prod")), PASSED);
    world.api("prod").configure(|cluster| cluster.groups = None);
    world.ok("sweep", &event);
    let status = world.status(READABLE, &cluster_arn("prod"));
    assert_eq!(status, "NOT_AVAILABLE INFORMATIONAL");
    world.end();
}

#[test]
fn the_reason_why_a_cluster_refuses_the_role_names_both() {
    for (mode, advice) in [
        ("API", "Create an access entry for it"),
        (
            "CONFIG_MAP",
            "Change the authentication mode to API_AND_CONFIG_MAP",
        ),
    ] {
        let mut world = world([cluster("prod", vec![])]);
        world.api("prod").configure(|cluster| cluster.groups = None);
        world.change(|account| {
            let members = &mut account.cluster("prod").unwrap().members;
            let access = json!({"authenticationMode": mode});
            members.insert("accessConfig".to_owned(), access);
        });
        sweep(&mut world);
        let finding = world.finding(READABLE, &cluster_arn("prod")).unwrap();
        let reasons = finding["Compliance"]["StatusReasons"].to_string();
        let in_mode = format!(" (authentication mode {mode}). {advice}");
        let names_role = reasons.contains("the cluster does not know the role ");
        assert!(names_role && reasons.contains(&in_mode), "{reasons}");
        world.end();
    }
}

/// Such a cluster is not listed, but can be named.
#[test]
fn the_contents_of_a_registered_cluster_are_not_evaluated() {
    let mut world = world([cluster("prod", vec![deployment("shop", "web", true)])]);
    world.change(|account| {
        let members = &mut account.cluster("prod").unwrap().members;
        let connector = json!({
            "activationId": "0a1b2c3d-0000-4000-8000-000000000000", "provider": "EKS_ANYWHERE",
            "roleArn": "arn:aws:iam::111122223333:role/connector",
        });
        members.insert("connectorConfig".to_owned(), connector);
    });
    let event = json!({"resources": [cluster_arn("prod")], "checks": [PRIVILEGED]});
    world.ok("sweep", &event);
    assert_eq!(world.statuses(), [""; 0]);
    assert!(world.api("prod").received().is_empty());
    world.end();
}

/// The findings about the contents of a cluster may be a thousand times as many as those about the cluster.
#[test]
fn the_part_with_clusters_requests_only_findings_about_clusters() {
    let mut world = world([cluster("prod", vec![])]);
    let event = json!({"checks": ["eks-endpoint-private", PRIVILEGED]});
    world.ok("sweep", &event);
    let requests = world.aws.calls_of("securityhub.GetFindings");
    for request in requests {
        let filters = &request.members["Filters"];
        let generators = filters["GeneratorId"].as_array().unwrap();
        let about_contents = |generator: &Value| {
            let id = generator["Value"].as_str().unwrap();
            id.starts_with("eksentry/k8s-")
        };
        let count = generators.iter().filter(|one| about_contents(one)).count();
        assert!(count == 0 || count == generators.len(), "{filters}");
    }
    world.end();
}

#[test]
fn an_endpoint_that_is_not_trusted_gets_no_token() {
    for endpoint in [
        Endpoint::Expired,
        Endpoint::OtherName,
        Endpoint::OtherAuthority,
        Endpoint::Broken,
        Endpoint::Closed,
    ] {
        let prod = Cluster {
            endpoint,
            ..cluster("prod", vec![deployment("shop", "web", true)])
        };
        let mut world = world([prod]);
        sweep(&mut world);
        let status = world.status(READABLE, &cluster_arn("prod"));
        assert_eq!(status, "NOT_AVAILABLE INFORMATIONAL", "{endpoint:?}");
        assert_eq!(world.statuses().len(), 1);
        assert!(world.api("prod").received().is_empty(), "{endpoint:?}");
        world.end();
    }
}

#[test]
fn the_findings_of_a_cluster_that_is_gone_are_archived_but_not_those_of_a_cluster_with_a_longer_name()
 {
    let mut world =
        world(["prod", "prod-2"].map(|name| cluster(name, vec![deployment("shop", "web", true)])));
    sweep(&mut world);
    world.change(|account| account.clusters.retain(|cluster| cluster.name() != "prod"));
    sweep(&mut world);
    assert_eq!(
        world.statuses(),
        [
            format!(
                "ARCHIVED {HIGH} {PRIVILEGED} cluster/prod/namespaces/shop/deployments.apps/web"
            ),
            format!("ARCHIVED {PASSED} {READABLE} cluster/prod"),
            format!("{HIGH} {PRIVILEGED} cluster/prod-2/namespaces/shop/deployments.apps/web"),
            format!("{PASSED} {READABLE} cluster/prod-2"),
        ]
    );
    assert_eq!(sweep(&mut world)["archived"], 0);
    world.end();
}

#[test]
fn a_sweep_of_clusters_neither_reads_nor_archives_the_findings_about_their_contents() {
    let mut world = world([cluster("prod", vec![deployment("shop", "web", true)])]);
    sweep(&mut world);
    let before = world.statuses();
    let mut world = world.and("EKSENTRY_KUBERNETES", "off");
    world.sweep();
    let after = world.statuses();
    assert!(before.iter().all(|line| after.contains(line)), "{after:?}");
    world.end();
}

#[test]
fn a_cluster_that_is_named_is_evaluated_with_its_contents() {
    let mut world = world([
        cluster("prod", vec![deployment("shop", "web", true)]),
        cluster("other", vec![]),
    ]);
    let event = json!({
        "resources": [cluster_arn("prod")],
        "checks": ["eks-endpoint-private", PRIVILEGED],
    });
    world.ok("sweep", &event);
    assert_eq!(
        world.statuses(),
        [
            format!("{HIGH} {PRIVILEGED} cluster/prod/namespaces/shop/deployments.apps/web"),
            format!("{PASSED} eks-endpoint-private cluster/prod"),
            format!("{PASSED} {READABLE} cluster/prod"),
        ]
    );
    let object = json!({"resources": [workload("prod", "shop", "web")]});
    let error = world.error("sweep", &object);
    assert!(
        error.error_message.contains("name the cluster instead"),
        "{error}"
    );
    world.end();
}

#[test]
fn each_cluster_is_a_slice_if_there_is_a_queue() {
    let clusters = ["one", "two"].map(|name| cluster(name, vec![deployment("shop", "web", true)]));
    let queue = "https://sqs.eu-central-1.amazonaws.com/111122223333/slices";
    let mut world = world(clusters).and("EKSENTRY_QUEUE_URL", queue);
    let summary = sweep(&mut world);
    assert_eq!(summary["slices"], 2, "{summary}");
    assert!(world.statuses().is_empty());
    let messages = world.aws.take_messages();
    assert!(world.work(&messages).is_empty());
    assert_eq!(world.statuses().len(), 4);
    world.end();
}

#[test]
fn named_clusters_without_time_left_are_slices_of_one_cluster_each() {
    let clusters = ["one", "two"].map(|name| cluster(name, vec![deployment("shop", "web", true)]));
    let queue = "https://sqs.eu-central-1.amazonaws.com/111122223333/slices";
    let mut world = world(clusters).and("EKSENTRY_QUEUE_URL", queue);
    let resources = ["one", "two"].map(cluster_arn);
    let event = json!({"resources": resources, "checks": [PRIVILEGED]});
    let slow = stand_in::FaultKind::Latency(9_000);
    let slow = stand_in::Fault::new("eks.DescribeCluster", slow);
    world.aws.fail(slow);
    world.limit(Duration::from_secs(6));
    world.ok("sweep", &event);
    let messages = world.aws.take_messages();
    for message in &messages {
        let body: Value = serde_json::from_str(&message.body).unwrap();
        let part = &body["part"]["kubernetes"];
        assert_eq!(part.is_string(), body.get("resources").is_none(), "{body}");
    }
    world.clear_faults();
    assert_eq!(world.work(&messages), [""; 0]);
    assert_eq!(world.aws.take_messages(), []);
    for name in ["one", "two"] {
        assert_eq!(
            world.status(PRIVILEGED, &workload(name, "shop", "web")),
            HIGH
        );
    }
    world.end();
}

#[test]
fn a_slice_archives_nothing_after_contents_were_switched_off() {
    let queue = "https://sqs.eu-central-1.amazonaws.com/111122223333/slices";
    let mut world = world([cluster("prod", vec![deployment("shop", "web", true)])])
        .and("EKSENTRY_QUEUE_URL", queue);
    sweep(&mut world);
    let messages = world.aws.take_messages();
    assert_eq!(world.work(&messages), [""; 0]);
    let before = world.statuses();
    let mut world = world.and("EKSENTRY_KUBERNETES", "off");
    let part = json!({"part": {"kubernetes": "prod"}}).to_string();
    let messages = messages.into_iter().map(|message| Message {
        body: part.clone(),
        ..message
    });
    assert_eq!(world.work(&messages.collect::<Vec<_>>()), [""; 0]);
    assert_eq!(world.statuses(), before);
    world.end();
}

/// A sweep finds a deleted cluster by the finding that says whether its contents can be read.
#[test]
fn findings_of_a_deleted_cluster_are_archived_later_if_one_could_not_be() {
    let objects = ["web", "api"].map(|name| deployment("shop", name, true));
    let mut world = world([cluster("prod", objects.to_vec())]);
    sweep(&mut world);
    world.change(|account| account.clusters.clear());
    let id = format!("eksentry/{PRIVILEGED}/{}", workload("prod", "shop", "web"));
    let refused = stand_in::FaultKind::Partial {
        ids: vec![id],
        code: "InternalError".to_owned(),
    };
    let import = "securityhub.BatchImportFindings";
    world.aws.fail(stand_in::Fault::new(import, refused));
    let event = json!({"checks": [PRIVILEGED]});
    world.error("sweep", &event);
    assert_eq!(world.status(READABLE, &cluster_arn("prod")), PASSED);
    world.clear_faults();
    world.ok("sweep", &event);
    let statuses = world.statuses();
    assert!(
        statuses.iter().all(|line| line.starts_with("ARCHIVED")),
        "{statuses:?}"
    );
    world.end();
}

#[test]
fn aws_auth_is_evaluated_if_nothing_else_can_be_read() {
    const AWS_AUTH: &str = "k8s-aws-auth";
    let roles =
        format!("- rolearn: arn:aws:iam::{ACCOUNT}:role/legacy\n  groups: ['system:masters']\n");
    let aws_auth = json!({
        "kind": "ConfigMap", "metadata": {"name": "aws-auth", "namespace": "kube-system"},
        "data": {"mapRoles": roles},
    });
    let mut world = world([cluster("prod", vec![aws_auth])]);
    world.change(|account| {
        let members = &mut account.cluster("prod").unwrap().members;
        let access = json!({"authenticationMode": "API_AND_CONFIG_MAP"});
        members.insert("accessConfig".to_owned(), access);
    });
    let refused = FaultKind::Status {
        status: 403,
        headers: Vec::new(),
    };
    world.api("prod").configure(|cluster| {
        cluster.faults.push(Fault::new("list namespaces", refused));
    });
    world.ok("sweep", &json!({"checks": [AWS_AUTH]}));
    let status = world.status(READABLE, &cluster_arn("prod"));
    assert_eq!(status, "WARNING LOW");
    let status = world.status(AWS_AUTH, &cluster_arn("prod"));
    assert_eq!(status, "FAILED HIGH");
    world.end();
}

#[test]
fn a_list_of_clusters_that_eks_omits_is_no_error() {
    let mut world = world([]);
    let omitted = stand_in::FaultKind::Missing("/clusters".to_owned());
    let list = "eks.ListClusters";
    world.aws.fail(stand_in::Fault::new(list, omitted));
    world.ok("sweep", &json!({"checks": [READABLE]}));
    world.end();
}

/// The right is optional: without it, claims are out of scope, and nothing else changes.
#[test]
fn claims_of_host_paths_fail_if_persistent_volumes_may_be_listed() {
    const HOST_PATH: &str = "k8s-pod-host-path";
    let mut claiming = deployment("shop", "web", false);
    claiming["spec"]["template"]["spec"]["volumes"] =
        json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    claiming["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] =
        json!([{"name": "data", "mountPath": "/data"}]);
    let gone = {
        let mut gone = deployment("shop", "gone", false);
        gone["spec"]["template"]["spec"]["volumes"] =
            json!([{"name": "etc", "hostPath": {"path": "/etc"}}]);
        gone
    };
    let volume = json!({
        "kind": "PersistentVolume",
        "metadata": {"name": "pv-1"},
        "spec": {"hostPath": {"path": "/etc"}, "claimRef": {"namespace": "shop", "name": "data"}},
        "status": {"phase": "Bound"},
    });
    let event = json!({"checks": [HOST_PATH]});
    let status = |status: u16| FaultKind::Status {
        status,
        headers: Vec::new(),
    };
    let (prod, web) = (cluster_arn("prod"), workload("prod", "shop", "web"));
    for (fault, of_web, readable, of_gone) in [
        (None, HIGH, PASSED, "ARCHIVED FAILED LOW"),
        (Some(403), PASSED, PASSED, "ARCHIVED FAILED LOW"),
        (
            Some(500),
            "NOT_AVAILABLE INFORMATIONAL",
            "WARNING LOW",
            "ARCHIVED FAILED LOW",
        ),
    ] {
        let objects = vec![claiming.clone(), gone.clone(), volume.clone()];
        let mut world = world([cluster("prod", objects)]);
        world.ok("sweep", &event);
        assert_eq!(world.status(HOST_PATH, &web), HIGH);
        let reasons = world.finding(HOST_PATH, &web).unwrap()["Compliance"].to_string();
        assert!(reasons.contains("HOST_PATH_VIA_PV"), "{reasons}");
        let objects = vec![claiming.clone(), volume.clone()];
        world.api("prod").set_objects(objects).unwrap();
        world.api("prod").configure(|cluster| {
            let faults = fault.map(|code| Fault::new("list persistentvolumes", status(code)));
            cluster.faults.extend(faults);
        });
        world.ok("sweep", &event);
        assert_eq!(world.status(HOST_PATH, &web), of_web, "{fault:?}");
        assert_eq!(world.status(READABLE, &prod), readable, "{fault:?}");
        let of_cluster = world.finding(HOST_PATH, &prod);
        let reasons = of_cluster.map(|finding| finding["Compliance"].to_string());
        let says_so = reasons.is_some_and(|reasons| reasons.contains("VOLUMES_NOT_READ"));
        assert_eq!(says_so, fault == Some(403), "{fault:?}");
        let gone = workload("prod", "shop", "gone");
        assert_eq!(world.status(HOST_PATH, &gone), of_gone, "{fault:?}");
        world.end();
    }
}

#[test]
fn an_exception_for_a_workload_makes_it_pass() {
    let web = workload("prod", "shop", "web");
    let list = json!([{
        "check": PRIVILEGED,
        "resource": web,
        "reason": "Moves away",
        "until": "2999-12-31",
    }]);
    let objects = vec![deployment("shop", "web", true)];
    let mut world = world([cluster("prod", objects)]).and("EKSENTRY_MUTE_LIST", "/mute-list");
    world.change(|account| {
        account.parameters.push(Parameter {
            name: "/mute-list".to_owned(),
            value: list.to_string(),
            kind: None,
        });
    });
    sweep(&mut world);
    let finding = world.finding(PRIVILEGED, &cluster_arn("prod")).unwrap();
    let reasons = finding["Compliance"]["StatusReasons"].to_string();
    assert!(
        reasons.contains("passed only because of the mute list: shop/Deployment/web"),
        "{reasons}"
    );
    assert_eq!(world.status(PRIVILEGED, &web), "none");
    world.end();
}
