//! The members of pods, read from JSON.

use serde_json::{Value, json};

use super::*;

fn pod(spec: Value) -> PodSpec {
    serde_json::from_value(spec).unwrap()
}

#[test]
fn null_empty_and_absent_are_the_same() {
    let null = pod(json!({
        "containers": [{"name": "app", "securityContext": null, "ports": null, "env": null}],
        "initContainers": null, "volumes": null, "securityContext": null, "nodeSelector": null,
    }));
    let titles: Vec<_> = null.containers().map(|one| one.unwrap().title()).collect();
    assert_eq!(titles, ["container app"]);
    assert_eq!(null, pod(json!({"containers": [{"name": "app"}]})));
}

#[test]
fn each_container_has_its_kind() {
    let pod = pod(json!({
        "containers": [{"name": "app", "restartPolicy": "Always"}, {}],
        "initContainers": [
            {"name": "setup"},
            {"name": "proxy", "restartPolicy": "Always"},
            {"name": "retry", "restartPolicy": "OnFailure"},
        ],
        "ephemeralContainers": [{"name": "debugger"}],
    }));
    let titles: Vec<_> = pod.containers().map(|one| one.unwrap().title()).collect();
    let expected = [
        "container app",
        "container without a name",
        "init container setup",
        "sidecar proxy",
        "init container retry",
        "ephemeral container debugger",
    ];
    assert_eq!(titles, expected);
}

#[test]
fn a_list_that_can_not_be_read_hides_no_other() {
    let pod = pod(json!({"containers": [1], "initContainers": [{"name": "setup"}]}));
    let titles: Vec<_> = pod
        .containers()
        .map(|one| one.map(|one| one.title()))
        .collect();
    assert_eq!(
        titles,
        [Err(InvalidField), Ok("init container setup".to_owned())]
    );
}

#[test]
fn a_container_inherits_each_setting_that_it_does_not_have() {
    for (own, user, non_root, seccomp) in [
        (
            json!(null),
            Ok(Some(1)),
            Ok(Some(true)),
            Ok(Some("RuntimeDefault")),
        ),
        (
            json!({}),
            Ok(Some(1)),
            Ok(Some(true)),
            Ok(Some("RuntimeDefault")),
        ),
        (
            json!({"runAsUser": 0}),
            Ok(Some(0)),
            Ok(Some(true)),
            Ok(Some("RuntimeDefault")),
        ),
        (
            json!({"runAsNonRoot": false, "seccompProfile": {"type": "Unconfined"}}),
            Ok(Some(1)),
            Ok(Some(false)),
            Ok(Some("Unconfined")),
        ),
        (
            json!({"runAsUser": "root", "seccompProfile": "none"}),
            Err(InvalidField),
            Ok(Some(true)),
            Err(InvalidField),
        ),
        (
            json!("none"),
            Err(InvalidField),
            Err(InvalidField),
            Err(InvalidField),
        ),
    ] {
        let pod = pod(json!({
            "securityContext": {
                "runAsUser": 1, "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{"name": "app", "securityContext": own}],
        }));
        let container = pod.containers().next().unwrap().unwrap();
        let found = (
            container.run_as_user(),
            container.run_as_non_root(),
            container.seccomp_type(),
        );
        assert_eq!(found, (user, non_root, seccomp), "{own}");
    }
}

#[test]
fn the_user_of_windows_is_inherited_although_the_container_has_other_options() {
    let pod = pod(json!({
        "securityContext": {"windowsOptions": {"runAsUserName": "ContainerUser"}},
        "containers": [{"securityContext": {"windowsOptions": {"hostProcess": false}}}],
    }));
    let container = pod.containers().next().unwrap().unwrap();
    assert_eq!(container.windows_user(), Ok(Some("ContainerUser")));
}

#[test]
fn a_pod_is_for_windows_by_its_system_or_its_nodes() {
    use WindowsSetting::{NodeSelector, OperatingSystem};
    let selector = json!({"kubernetes.io/os": "windows"});
    for (os, selector, expected) in [
        (json!(null), json!(null), Ok(None)),
        (
            json!({"name": "windows"}),
            json!(null),
            Ok(Some(OperatingSystem)),
        ),
        (
            json!({"name": "windows"}),
            selector.clone(),
            Ok(Some(OperatingSystem)),
        ),
        (json!({}), selector.clone(), Ok(Some(NodeSelector))),
        (json!({"name": "linux"}), selector, Ok(None)),
        (json!(null), json!({"kubernetes.io/os": "linux"}), Ok(None)),
        (json!("windows"), json!(null), Err(InvalidField)),
    ] {
        let pod = pod(json!({"os": os, "nodeSelector": selector}));
        assert_eq!(pod.windows(), expected, "{os} {selector}");
    }
}

#[test]
fn only_zero_is_told_from_other_quantities() {
    for (quantity, expected) in [
        (json!("0"), Some(true)),
        (json!("0m"), Some(true)),
        (json!("0.00Gi"), Some(true)),
        (json!("-0"), Some(true)),
        (json!("0e3"), Some(true)),
        (json!(0), Some(true)),
        (json!("100m"), Some(false)),
        (json!("1e3"), Some(false)),
        (json!(".5"), Some(false)),
        (json!(0.5), Some(false)),
        (json!(""), None),
        (json!("much"), None),
        (json!(true), None),
    ] {
        let read: Field<Quantity> = serde_json::from_value(quantity.clone()).unwrap();
        let is_zero = read.value().map(|quantity| quantity.is_zero);
        assert_eq!(is_zero, expected, "{quantity}");
        assert_eq!(read.is_invalid(), expected.is_none(), "{quantity}");
    }
}

#[test]
fn texts_of_more_than_four_kibibytes_are_invalid() {
    for (length, invalid) in [(4 << 10, 0), ((4 << 10) + 1, 8)] {
        let text = "x".repeat(length);
        let pod = pod(json!({
            "containers": [{
                "image": text,
                "securityContext": {"capabilities": {"add": ["ALL", text], "drop": [text]}},
                "volumeMounts": [{"name": "v", "subPath": text}],
                "env": [{"valueFrom": {"secretKeyRef": {"name": text}}}],
                "envFrom": [{"secretRef": {"name": text}}],
            }],
            "volumes": [
                {"hostPath": {"path": text}},
                {"persistentVolumeClaim": {"claimName": text}},
                {"image": {"reference": text}},
                {"projected": {"sources": [{"serviceAccountToken": {"audience": text}}]}},
            ],
        }));
        let found = format!("{pod:?}");
        assert_eq!(found.matches("Invalid").count(), invalid, "{length}");
        assert_eq!(found.contains(&text), invalid == 0, "{length}");
    }
}

#[test]
fn pods_that_differ_in_generated_names_and_in_values_are_equal() {
    let of = |suffix: &str| {
        pod(json!({
            "containers": [{
                "name": "app",
                "env": [
                    {"name": "HOST", "value": suffix},
                    {"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}},
                ],
                "volumeMounts": [
                    {"name": format!("kube-api-access-{suffix}"), "readOnly": true},
                    {"name": format!("data-{suffix}")},
                    {"name": "etc"},
                    {"name": "kube-api-access-etc"},
                ],
            }],
            "volumes": [
                {"name": format!("data-{suffix}"), "emptyDir": {}},
                {"name": format!("kube-api-access-{suffix}"), "projected": {"sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                ]}},
                {"name": "etc", "hostPath": {"path": "/etc"}},
                {"name": "kube-api-access-etc", "hostPath": {"path": "/etc"}},
            ],
        }))
        .reduced()
    };
    assert_eq!(of("abcde"), of("12345"));
    let reduced = of("abcde");
    let container = &reduced.containers.items().unwrap()[0];
    let volumes = reduced.volumes.items().unwrap().iter();
    let mounts = container.volume_mounts.items().unwrap().iter();
    let names = ["kube-api-access-*", "etc", "kube-api-access-etc"];
    assert!(volumes.map(|one| one.name.value().unwrap()).eq(names));
    assert!(mounts.map(|one| one.name.value().unwrap()).eq(names));
    assert_eq!(container.env.items().unwrap().len(), 1);
    assert!(!format!("{reduced:?}").contains("abcde"));
}
