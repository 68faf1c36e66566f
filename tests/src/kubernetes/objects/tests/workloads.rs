//! The pods of workloads, and the defaults of objects.

use super::*;

#[test]
fn workloads_have_pods() {
    let with_pods = |kind: &str, pods: Value| {
        let mut workload = workload(kind, json!({}));
        workload["$pods"] = pods;
        workload
    };
    let finished = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    let mut ended = workload("Job", json!({}));
    ended["status"] = finished;
    for (workload, count) in [
        (workload("Deployment", json!({})), 1),
        (workload("Deployment", json!({"replicas": 3})), 3),
        (workload("Deployment", json!({"replicas": 0})), 0),
        (with_pods("Deployment", json!(2)), 2),
        (with_pods("Deployment", json!([{}, {}, {}])), 3),
        (workload("StatefulSet", json!({"replicas": 2})), 2),
        (workload("DaemonSet", json!({})), 1),
        (workload("ReplicaSet", json!({"replicas": 2})), 2),
        (workload("ReplicationController", json!({})), 1),
        (workload("Job", json!({})), 1),
        (workload("Job", json!({"suspend": true})), 0),
        (ended, 0),
        (workload("CronJob", json!({})), 0),
        (with_pods("CronJob", json!(1)), 1),
    ] {
        assert_eq!(pods(workload.clone()).len(), count, "{workload}");
    }
}

#[test]
fn the_pods_of_a_deployment_belong_to_a_replica_set() {
    let store = store(workload(
        "Deployment",
        json!({"replicas": 2, "template": template()}),
    ));
    let replica_sets = keys(&store, "apps", "replicasets");
    let [key] = replica_sets.as_slice() else {
        panic!("{replica_sets:?}")
    };
    let replica_set = store.get("apps", "replicasets", key).unwrap();
    let owner = |object: &Value| {
        let owner = &object["metadata"]["ownerReferences"][0];
        assert_eq!(owner["controller"], true);
        (
            owner["kind"].as_str().unwrap().to_owned(),
            owner["name"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        owner(replica_set),
        ("Deployment".to_owned(), "api".to_owned())
    );
    let name = replica_set["metadata"]["name"].as_str().unwrap();
    let hash = name.strip_prefix("api-").unwrap();
    assert_eq!(hash.len(), 10);
    let pods = store.shelf("", "pods").unwrap();
    assert_eq!(pods.len(), 2);
    for pod in pods.values() {
        assert_eq!(owner(pod), ("ReplicaSet".to_owned(), name.to_owned()));
        assert_eq!(
            pod["metadata"]["labels"],
            json!({"app": "api", "pod-template-hash": hash})
        );
        assert_eq!(pod["metadata"]["generateName"], format!("{name}-"));
        assert_eq!(pod["status"]["phase"], "Running");
    }
    let deployment = store.get("apps", "deployments", "shop/api").unwrap();
    assert_eq!(
        deployment["spec"]["selector"],
        json!({"matchLabels": {"app": "api"}})
    );
}

#[test]
fn workloads_whose_pods_are_given_have_no_others() {
    let owner = json!({"kind": "StatefulSet", "name": "api", "controller": true});
    let pod = json!({"kind": "Pod", "metadata": {"name": "mine", "namespace": "shop", "ownerReferences": [owner]}});
    let both = json!([workload("StatefulSet", json!({"replicas": 3})), pod]);
    assert_eq!(keys(&store(both), "", "pods"), ["shop/mine"]);
}

#[test]
fn admission_can_change_each_pod() {
    let mut workload = workload("StatefulSet", json!({"template": template()}));
    workload["$pods"] = json!([
        {},
        {"spec": {"containers": [{"name": "app", "image": "app:2"}, {"name": "mesh"}]}},
    ]);
    let pods = pods(workload);
    let images = |pod: &Value| {
        let containers = pod["spec"]["containers"].as_array().unwrap().clone();
        containers
            .iter()
            .map(|container| container["image"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(images(&pods[0]), [json!("app:1")]);
    assert_eq!(images(&pods[1]), [json!("app:2"), Value::Null]);
    assert_eq!(pods[1]["metadata"]["name"], "api-1");
}

#[test]
fn pods_have_defaults_that_templates_lack() {
    let mut template = template();
    template["spec"]["hostNetwork"] = true.into();
    template["spec"]["resources"] = json!({"limits": {"cpu": "2"}});
    let container = &mut template["spec"]["containers"][0];
    container["resources"] =
        json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}});
    container["ports"] = json!([{"containerPort": 80}]);
    container["livenessProbe"] = json!({"httpGet": {"port": 80}});
    let store = store(workload("DaemonSet", json!({"template": template})));
    let workload = store.get("apps", "daemonsets", "shop/api").unwrap();
    let of_template = &workload["spec"]["template"]["spec"];
    let of_pod = &store.shelf("", "pods").unwrap().values().next().unwrap()["spec"];
    for spec in [of_template, of_pod] {
        assert_eq!(spec["securityContext"], json!({}));
        assert_eq!(
            (&spec["restartPolicy"], &spec["dnsPolicy"]),
            (&json!("Always"), &json!("ClusterFirst"))
        );
        assert_eq!(spec["containers"][0]["imagePullPolicy"], "IfNotPresent");
    }
    let container = |spec: &Value| spec["containers"][0].clone();
    let probe = &container(of_template)["livenessProbe"];
    assert_eq!(probe["periodSeconds"], 10);
    assert_eq!(probe["httpGet"]["scheme"], "HTTP");
    assert_eq!(of_template["resources"].get("requests"), None);
    assert_eq!(of_pod["resources"]["requests"], json!({"cpu": "2"}));
    assert_eq!(
        container(of_template)["resources"]["requests"],
        json!({"cpu": "500m"})
    );
    assert_eq!(
        container(of_pod)["resources"]["requests"],
        json!({"cpu": "500m", "memory": "1Gi"})
    );
    assert_eq!(container(of_template)["ports"][0].get("hostPort"), None);
    assert_eq!(container(of_pod)["ports"][0]["hostPort"], 80);
    for name in [
        "enableServiceLinks",
        "serviceAccountName",
        "tolerations",
        "nodeName",
        "priority",
    ] {
        assert_eq!(
            (of_template.get(name), of_pod.get(name).is_some()),
            (None, true),
            "{name}"
        );
    }
}

#[test]
fn the_token_of_the_service_account_is_mounted_unless_it_is_off() {
    let pod = |spec: Value| {
        json!([
            {
                "kind": "ServiceAccount",
                "metadata": {"name": "off", "namespace": "shop"},
                "automountServiceAccountToken": false,
            },
            {"kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}, "spec": spec},
        ])
    };
    let containers = json!([{"name": "app"}]);
    let mount = json!({"name": "t", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"});
    let other = json!([{"name": "app", "volumeMounts": [mount]}]);
    for (spec, is_mounted) in [
        (json!({"containers": containers}), true),
        (
            json!({"containers": containers, "automountServiceAccountToken": false}),
            false,
        ),
        (
            json!({"containers": containers, "serviceAccountName": "off"}),
            false,
        ),
        (
            json!({"containers": containers, "serviceAccountName": "off", "automountServiceAccountToken": true}),
            true,
        ),
        (json!({"containers": other}), false),
        (json!({"containers": null}), false),
    ] {
        let store = store(pod(spec.clone()));
        let pod = store.get("", "pods", "shop/a").unwrap();
        let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
        let names: Vec<_> = volumes
            .map(|volume| volume["name"].as_str().unwrap())
            .collect();
        assert_eq!(names.len(), usize::from(is_mounted), "{spec}");
        if let [name] = names.as_slice() {
            assert!(name.starts_with("kube-api-access-"));
            assert_eq!(
                pod["spec"]["containers"][0]["volumeMounts"][0]["name"],
                **name
            );
        }
    }
}

#[test]
fn a_mirror_pod_has_no_service_account() {
    let annotations = json!({"kubernetes.io/config.mirror": "hash"});
    let metadata = json!({"name": "a", "namespace": "shop", "annotations": annotations});
    let spec = json!({"containers": [{"name": "app"}]});
    let store = store(json!({"kind": "Pod", "metadata": metadata, "spec": spec}));
    let spec = &store.get("", "pods", "shop/a").unwrap()["spec"];
    for name in ["serviceAccountName", "serviceAccount", "volumes"] {
        assert_eq!(spec.get(name), None);
    }
}

/// Members of another type than usual stay as they are, so that tests can serve them.
#[test]
fn members_of_another_type_stay() {
    for spec in [
        json!(null),
        json!(5),
        json!([]),
        json!({"containers": "a", "volumes": [5, {"hostPath": 1}]}),
    ] {
        for kind in [
            "Pod",
            "Deployment",
            "Job",
            "CronJob",
            "Service",
            "NetworkPolicy",
            "DaemonSet",
        ] {
            let plural = Kind::of(&json!({"kind": kind})).unwrap();
            let store = store(workload(kind, spec.clone()));
            let object = store
                .get(&plural.group, &plural.plural, "shop/api")
                .unwrap();
            if !spec.is_object() {
                assert_eq!(object["spec"], spec, "{kind}");
            }
        }
    }
}

#[test]
fn other_kinds_have_their_defaults() {
    let policy = |spec: Value| store(workload("NetworkPolicy", spec));
    for (spec, types) in [
        (json!({}), json!(["Ingress"])),
        (json!({"egress": [{}]}), json!(["Ingress", "Egress"])),
        (json!({"egress": []}), json!(["Ingress"])),
        (json!({"policyTypes": ["Egress"]}), json!(["Egress"])),
    ] {
        let store = policy(spec);
        let policy = store
            .get("networking.k8s.io", "networkpolicies", "shop/api")
            .unwrap();
        assert_eq!(policy["spec"]["policyTypes"], types);
    }
    let store = store(json!({
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "a"},
        "roleRef": {"kind": "ClusterRole", "name": "b"},
        "subjects": [{"kind": "Group", "name": "c"}, {"kind": "ServiceAccount", "name": "d", "namespace": "e"}],
    }));
    let binding = store
        .get("rbac.authorization.k8s.io", "clusterrolebindings", "a")
        .unwrap();
    assert_eq!(binding["roleRef"]["apiGroup"], "rbac.authorization.k8s.io");
    assert_eq!(
        binding["subjects"][0]["apiGroup"],
        "rbac.authorization.k8s.io"
    );
    assert_eq!(binding["subjects"][1].get("apiGroup"), None);
}
