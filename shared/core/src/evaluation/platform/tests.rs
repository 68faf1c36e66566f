//! The workloads of the platform as they are published.
//!
//! `testdata/workloads.jsonl` has a workload for each row of the table, in short form: rendered from the charts and
//! manifests that the table names (Apache License 2.0), read back from kube-apiserver 1.36.2.

use std::sync::Arc;

use serde_json::{Value, json};

use super::workloads::{PlatformWorkload, WORKLOADS};
use crate::check::Check;
use crate::checks::samples::{kubernetes_cluster, unread};
use crate::checks::{CHECKS, find};
use crate::evaluation::workloads::tests::{objects_of, pod};
use crate::facts::List;
use crate::facts::kubernetes::{
    KubernetesCluster, ObjectName, PodSpec, PolicySelection, RunningPods, Workload,
};
use crate::need::Need;
use crate::roll_up::Unit;
use crate::verdict::{Outcome, Verdict};

/// The checks with exceptions for single settings.
const DANGERS: [&str; 5] = [
    "k8s-pod-privileged",
    "k8s-pod-host-namespaces",
    "k8s-pod-host-path",
    "k8s-pod-docker-socket",
    "k8s-pod-capabilities",
];

const OFF: &str = r#"{"platformExceptions": false}"#;

/// Returns the published workloads.
pub(crate) fn published() -> Vec<Value> {
    let lines = include_str!("testdata/workloads.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).unwrap().as_str().unwrap()
}

fn name_of(object: &Value) -> ObjectName {
    let kind = text(object, "/kind");
    ObjectName {
        namespace: Some(text(object, "/metadata/namespace").to_owned()),
        kind: kind.to_owned(),
        api_version: text(object, "/apiVersion").to_owned(),
        plural: format!("{}s", kind.to_lowercase()),
        name: text(object, "/metadata/name").to_owned(),
    }
}

fn row_of(object: &Value) -> &'static PlatformWorkload {
    PlatformWorkload::find(&name_of(object)).unwrap()
}

fn spec(object: &mut Value) -> &mut Value {
    object.pointer_mut("/spec/template/spec").unwrap()
}

/// Returns the settings of a pod as they are kept when they are read.
fn reduced(spec: &Value) -> Arc<PodSpec> {
    Arc::new(PodSpec::clone(&pod(spec)).reduced())
}

/// Returns a cluster with a workload that has no running pods.
fn cluster(object: &Value, addons: List<String>) -> KubernetesCluster {
    KubernetesCluster {
        addons,
        workloads: vec![Workload {
            name: name_of(object),
            managed_by: None,
            template: Some(reduced(object.pointer("/spec/template/spec").unwrap())),
            running: Vec::new(),
            policy_selection: PolicySelection::default(),
            has_ended: false,
        }],
        ..kubernetes_cluster()
    }
}

/// Returns a complete list with the add-on that installs a workload.
fn with_addon(object: &Value) -> List<String> {
    let addon = row_of(object).addon;
    List::complete(addon.into_iter().map(str::to_owned).collect())
}

fn no_addons() -> List<String> {
    List::complete(Vec::new())
}

/// Returns the verdict of a check about the only workload of a cluster.
pub(crate) fn verdict(check: &str, facts: &KubernetesCluster, parameters: &str) -> Verdict {
    let name = facts.workloads[0].name.clone();
    let mut objects = objects_of(find(check).unwrap(), facts, parameters);
    objects.retain(|object| object.object.as_ref() == Some(&name));
    let [object] = <[_; 1]>::try_from(objects).unwrap();
    object.verdict
}

/// Returns the verdict about a published workload without any exception.
pub(crate) fn verdict_without_exceptions(check: &str, object: &Value) -> Verdict {
    verdict(check, &cluster(object, with_addon(object)), OFF)
}

/// Returns each published workload with each check that it passes only because of an exception.
fn excepted() -> Vec<(Value, &'static str)> {
    let mut excepted = Vec::new();
    for object in published() {
        for check in DANGERS {
            let facts = cluster(&object, with_addon(&object));
            if verdict(check, &facts, "{}").exception.is_some() {
                excepted.push((object.clone(), check));
            }
        }
    }
    excepted
}

fn is_failure(verdict: &Verdict) -> bool {
    matches!(verdict.outcome, Outcome::Failed(_))
}

#[test]
fn a_published_workload_passes_with_its_add_on() {
    let mut counts = [0; DANGERS.len()];
    for object in published() {
        let name = name_of(&object);
        for (check, count) in DANGERS.into_iter().zip(&mut counts) {
            let verdict = verdict(check, &cluster(&object, with_addon(&object)), "{}");
            let passes = matches!(verdict.outcome, Outcome::Passed | Outcome::NotApplicable);
            assert!(passes, "{name} {check}: {verdict:?}");
            // Without exceptions, exactly those fail that are excepted.
            let without = verdict_without_exceptions(check, &object);
            let is_excepted = verdict.exception.is_some();
            assert_eq!(is_failure(&without), is_excepted, "{name} {check}");
            if is_excepted {
                *count += 1;
                let mut expected = vec!["EXCEPTED_SYSTEM"];
                expected.extend(without.codes());
                let mut codes = verdict.codes();
                for codes in [&mut codes, &mut expected] {
                    codes[1..].sort_unstable();
                }
                assert_eq!(codes, expected, "{name} {check}");
            }
        }
    }
    assert_eq!(counts, [13, 12, 13, 3, 4]);
}

#[test]
fn a_workload_is_none_of_the_platform_without_its_images_its_add_on_and_its_name() {
    let foreign = "111122223333.dkr.ecr.us-west-2.amazonaws.com/eks/x:1";
    for (object, check) in excepted() {
        let name = name_of(&object);
        let assert_fails = |object: &Value, addons| {
            let verdict = verdict(check, &cluster(object, addons), "{}");
            assert!(is_failure(&verdict), "{name} {check} {object} {verdict:?}");
            assert_eq!(verdict.exception, None);
        };
        for list in ["containers", "initContainers"] {
            let count = spec(&mut object.clone())[list]
                .as_array()
                .map_or(0, Vec::len);
            for position in 0..count {
                for image in [json!(foreign), json!("x"), json!(null), json!(1)] {
                    let mut changed = object.clone();
                    spec(&mut changed)[list][position]["image"] = image;
                    assert_fails(&changed, with_addon(&object));
                }
            }
        }
        let mut debugged = object.clone();
        spec(&mut debugged)["ephemeralContainers"] =
            json!([{"name": "debugger", "image": foreign}]);
        let mut with_volume = object.clone();
        let volume = json!({"name": "more", "image": {"reference": foreign}});
        let volumes = &mut spec(&mut with_volume)["volumes"];
        match volumes.as_array_mut() {
            Some(volumes) => volumes.push(volume),
            None => *volumes = json!([volume]),
        }
        for changed in [debugged, with_volume] {
            assert_fails(&changed, with_addon(&object));
        }
        for (pointer, value) in [
            ("/metadata/namespace", "default"),
            ("/metadata/name", "other"),
            ("/kind", "StatefulSet"),
            ("/apiVersion", "apps.example.com/v1"),
        ] {
            let mut changed = object.clone();
            *changed.pointer_mut(pointer).unwrap() = json!(value);
            assert_fails(&changed, with_addon(&object));
        }
        if row_of(&object).addon.is_some() {
            assert_fails(&object, no_addons());
            assert_fails(&object, List::complete(vec!["other".to_owned()]));
        }
    }
}

/// Returns the failure of a changed workload. Its text names only what is not allowed.
fn assert_more_fails(check: &str, object: &Value, changed: &Value, more: &str) {
    let verdict = verdict(check, &cluster(changed, with_addon(object)), "{}");
    assert!(is_failure(&verdict), "{object} {verdict:?}");
    assert_eq!(verdict.exception, None);
    assert_eq!(verdict.explanation(), more);
}

#[test]
fn each_further_setting_fails_and_is_the_only_one_that_is_named() {
    for object in published() {
        if object.pointer("/metadata/name") == Some(&json!("snapshot-controller")) {
            continue;
        }
        let container = text(&object, "/spec/template/spec/containers/0/name").to_owned();
        let is_for_windows = object.to_string().contains("\"windows\"");
        let change = |change: &dyn Fn(&mut Value)| {
            let mut changed = object.clone();
            change(spec(&mut changed));
            changed
        };
        let push = |list: &mut Value, item: Value| match list.as_array_mut() {
            Some(items) => items.push(item),
            None => *list = json!([item]),
        };
        let root = if is_for_windows { "c:" } else { "" };
        let mounted = change(&|spec| {
            let volume = json!({"name": "more", "hostPath": {"path": "/srv/more"}});
            push(&mut spec["volumes"], volume);
            let mount = json!({"name": "more", "mountPath": "/more"});
            push(&mut spec["containers"][0]["volumeMounts"], mount);
        });
        let text = format!(
            "Containers can write to {root}/srv/more of their node: container {container}."
        );
        assert_more_fails("k8s-pod-host-path", &object, &mounted, &text);
        let shared = change(&|spec| spec["hostIPC"] = json!(true));
        let text = "The pod shares the inter-process communication of its node (hostIPC).";
        assert_more_fails("k8s-pod-host-namespaces", &object, &shared, text);
        if !is_for_windows {
            let with_capability = change(&|spec| {
                let context = &mut spec["containers"][0]["securityContext"];
                push(&mut context["capabilities"]["add"], json!("SYS_TIME"));
            });
            let text = format!("Containers add SYS_TIME: container {container}.");
            assert_more_fails("k8s-pod-capabilities", &object, &with_capability, &text);
        }
        let with_socket = change(&|spec| {
            let path = "/run/podman/podman.sock";
            let volume = json!({"name": "more", "hostPath": {"path": path}});
            push(&mut spec["volumes"], volume);
        });
        if !is_for_windows {
            let text = "A volume is the path /run/podman/podman.sock to the container runtime, but no container mounts \
                        it.";
            assert_more_fails("k8s-pod-docker-socket", &object, &with_socket, text);
        }
        let debugged = change(&|spec| {
            let image = spec["containers"][0]["image"].clone();
            let security = json!({"privileged": true});
            spec["ephemeralContainers"] = json!([
                {"name": "debugger", "image": image, "securityContext": security},
            ]);
        });
        let text = "Containers are privileged: ephemeral container debugger.";
        assert_more_fails("k8s-pod-privileged", &object, &debugged, text);
    }
}

#[test]
fn an_access_that_is_not_needed_fails() {
    let objects = published();
    let proxy = objects
        .iter()
        .find(|object| text(object, "/metadata/name") == "kube-proxy");
    let mut proxy = proxy.unwrap().clone();
    let path = "k8s-pod-host-path";
    let mounts = &mut spec(&mut proxy)["containers"][0]["volumeMounts"];
    for mount in mounts.as_array_mut().unwrap() {
        mount["readOnly"] = json!(true);
    }
    let verdict_of = |object: &Value| verdict(path, &cluster(object, no_addons()), "{}");
    // Reading is less than writing.
    assert_eq!(verdict_of(&proxy).outcome, Outcome::Passed);
    let mounts = &mut spec(&mut proxy)["containers"][0]["volumeMounts"];
    for mount in mounts.as_array_mut().unwrap() {
        mount["readOnly"] = json!(false);
    }
    let text = verdict_of(&proxy).explanation();
    let expected = "Containers can write to /lib/modules of their node: \
                    container kube-proxy.";
    assert_eq!(text, expected);
}

#[test]
fn unknown_add_ons_leave_open_if_a_workload_is_excepted() {
    for (object, check) in excepted() {
        let partly = |items: &[&str]| List {
            items: items.iter().map(|name| (*name).to_owned()).collect(),
            missing: Some(unread()),
        };
        let outcome = |addons| verdict(check, &cluster(&object, addons), "{}").outcome;
        let Some(addon) = row_of(&object).addon else {
            // EKS installs the workload itself.
            assert_eq!(outcome(partly(&[])), Outcome::Passed, "{object}");
            continue;
        };
        assert_eq!(outcome(partly(&[addon])), Outcome::Passed, "{object}");
        let unknown = verdict(check, &cluster(&object, partly(&["other"])), "{}");
        assert_eq!(unknown.outcome, Outcome::NotAvailable, "{object}");
        assert_eq!(unknown.codes(), ["ACCESS_DENIED"], "{object}");
        // A setting that the workload does not need in any case is certain.
        let mut worse = object.clone();
        spec(&mut worse)["hostIPC"] = json!(true);
        let facts = cluster(&worse, partly(&[]));
        let verdict = verdict("k8s-pod-host-namespaces", &facts, "{}");
        assert!(is_failure(&verdict), "{object}");
        assert!(verdict.codes().contains(&"HOST_IPC"), "{object}");
    }
}

/// Returns the checks of good practice that evaluate the namespaces of the platform.
fn practices() -> impl Iterator<Item = &'static Check> {
    let checks = CHECKS.into_iter();
    let checks = checks.filter(|check| check.id != "k8s-priority-classes");
    let checks = checks.filter(|check| matches!(check.unit(), Unit::Subject(_)));
    checks.filter(|check| check.needs.contains(&Need::Workloads))
}

#[test]
fn good_practice_of_the_platform_does_not_count_against_its_namespace() {
    let mut failing = 0;
    for object in published() {
        let is_installed_by_hand = text(&object, "/metadata/name") == "snapshot-controller";
        for check in practices() {
            let registries = r#""allowedRegistries": "quay.io""#;
            let is_about_registries = check.id == "k8s-allowed-registries";
            let parameters = if is_about_registries { registries } else { "" };
            let parameters = format!("{{{parameters}}}");
            let verdict = |addons| verdict(check.id, &cluster(&object, addons), &parameters);
            let verdict_with = verdict(with_addon(&object));
            if is_installed_by_hand {
                assert_eq!(verdict_with.exception, None);
                continue;
            }
            let passes = matches!(
                verdict_with.outcome,
                Outcome::Passed | Outcome::NotApplicable
            );
            assert!(passes, "{object} {}: {verdict_with:?}", check.id);
            if verdict_with.exception.is_some() && row_of(&object).addon.is_some() {
                failing += 1;
                assert!(verdict(no_addons()).outcome >= Outcome::Warning);
                let unknown = List::unread(unread());
                assert_eq!(verdict(unknown).outcome, Outcome::NotAvailable);
            }
        }
    }
    assert!(failing > 50, "{failing}");
}

#[test]
fn public_images_of_aws_are_accepted_by_a_parameter_only() {
    let objects = published();
    let node = objects
        .iter()
        .find(|object| text(object, "/metadata/name") == "ebs-csi-node");
    let with_images = |image: &str| {
        let mut node = node.unwrap().clone();
        for container in spec(&mut node)["containers"].as_array_mut().unwrap() {
            container["image"] = json!(image);
        }
        node
    };
    let accept = r#"{"acceptPublicSystemImages": true}"#;
    for (image, parameters, passes) in [
        (
            "public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1",
            accept,
            true,
        ),
        (
            "public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1",
            "{}",
            false,
        ),
        ("public.ecr.aws/evil/aws-ebs-csi-driver:v1", accept, false),
        (
            "registry.k8s.io/sig-storage/livenessprobe:v1",
            accept,
            false,
        ),
        // These are images of the add-on, which the cluster does not have.
        (
            "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/aws-ebs-csi-driver:v1",
            accept,
            false,
        ),
    ] {
        let facts = cluster(&with_images(image), no_addons());
        let verdict = verdict("k8s-pod-privileged", &facts, parameters);
        assert_eq!(
            verdict.outcome == Outcome::Passed,
            passes,
            "{image} {parameters}"
        );
    }
}

#[test]
fn a_workload_is_one_of_the_platform_only_if_all_its_pods_are() {
    let objects = published();
    let node = objects
        .iter()
        .find(|object| text(object, "/metadata/name") == "aws-node");
    let mut facts = cluster(node.unwrap(), no_addons());
    let own = facts.workloads[0].template.clone().unwrap();
    let mut injected = node.unwrap().clone();
    let sidecar = json!({"name": "mesh", "image": "docker.io/mesh/proxy:1"});
    let containers = spec(&mut injected)["containers"].as_array_mut();
    containers.unwrap().push(sidecar);
    let injected = reduced(spec(&mut injected));
    let pods = |spec, count| RunningPods { spec, count };
    facts.workloads[0].running = vec![pods(own.clone(), 3)];
    let check = "k8s-pod-privileged";
    let passed = verdict(check, &facts, "{}");
    assert_eq!(
        passed.explanation(),
        "Excepted, since Amazon EKS or one of its add-ons installs the workload. \
         Containers are privileged: container aws-eks-nodeagent, init container aws-vpc-cni-init."
    );
    facts.workloads[0].running = vec![pods(own, 3), pods(injected, 1)];
    let failed = verdict(check, &facts, "{}");
    assert!(is_failure(&failed), "{failed:?}");
    // The template asks for the same, so admission has not added it.
    assert_eq!(
        failed.explanation(),
        "Containers are privileged: container aws-eks-nodeagent, init container aws-vpc-cni-init."
    );
}

/// Returns the published workload of this name.
fn published_as(name: &str) -> Value {
    let mut published = published().into_iter();
    published
        .find(|object| text(object, "/metadata/name") == name)
        .unwrap()
}

#[test]
fn only_an_init_container_may_have_the_rights_of_one() {
    let mut node = published_as("aws-node");
    let spec = spec(&mut node);
    let init = spec["initContainers"].as_array_mut().unwrap().remove(0);
    spec["containers"].as_array_mut().unwrap().push(init);
    let text = "Containers are privileged: container aws-vpc-cni-init.";
    assert_more_fails("k8s-pod-privileged", &published_as("aws-node"), &node, text);
}

#[test]
fn a_read_only_mount_of_the_root_does_not_allow_another() {
    let mut agent = published_as("cloudwatch-agent");
    let containers = spec(&mut agent)["containers"].as_array_mut().unwrap();
    let mounts = containers
        .iter_mut()
        .flat_map(|container| container["volumeMounts"].as_array_mut().unwrap());
    for mount in mounts.filter(|mount| mount["name"] == "rootfs") {
        mount["readOnly"] = json!(false);
    }
    let original = published_as("cloudwatch-agent");
    assert_ne!(agent, original);
    let verdict = verdict(
        "k8s-pod-host-path",
        &cluster(&agent, with_addon(&agent)),
        "{}",
    );
    assert!(is_failure(&verdict), "{verdict:?}");
    let text = verdict.explanation();
    assert!(
        text.starts_with("Containers can write to / of their node"),
        "{text}"
    );
}

#[test]
fn each_row_has_a_published_workload() {
    let published: Vec<ObjectName> = published().iter().map(name_of).collect();
    for row in &WORKLOADS {
        let is_published = published
            .iter()
            .any(|name| PlatformWorkload::find(name).is_some_and(|found| std::ptr::eq(found, row)));
        // The chart makes it from the same template as eks-pod-identity-agent-hybrid.
        let is_variant = row.name == "eks-pod-identity-agent-hybrid-bottlerocket";
        assert!(is_published != is_variant, "{}", row.name);
    }
    assert_eq!(published.len() + 1, WORKLOADS.len());
}
