use eksentry_core::facts::kubernetes::PodSpec;

use super::*;
use crate::objects::interner::Interner;
use crate::objects::lists::{Item, Read};
use crate::objects::network_policies::Policies;
use crate::objects::pods::{Group, PodObject, pod as project};

/// Returns the memory of this process, in MiB: what it uses, and the most that it used.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let value = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            / 1_024
    };
    (value("VmRSS:"), value("VmHWM:"))
}

/// Prints the memory that 50,000 pods of 5,000 deployments need.
#[test]
#[ignore = "a measurement: run it alone, with --ignored --nocapture"]
fn many_pods_need_little_memory() {
    println!("before: {:?} MiB", memory());
    let (mut groups, mut specs) = (Interner::<Group>::default(), Interner::<PodSpec>::default());
    let mut read = Read::default();
    for number in 0..50_000_u32 {
        let app = number % 5_000;
        let labels = json!({"app": format!("app-{app}"), "pod-template-hash": "5d9978d9df", "team": "payments", "version": "1.4.2"});
        let metadata = of_replica_set(&format!("app-{app}-5d9978d9df"), labels);
        let mut pod = pod(
            &format!("app-{app}-5d9978d9df-{number}"),
            &format!("registry.example.com/app-{app}:1.4.2"),
            metadata,
        );
        let volume = format!("kube-api-access-{number:05}");
        let mount = json!([{"name": volume, "mountPath": "/var/run/secrets"}, {"name": "tmp", "mountPath": "/tmp"}]);
        pod["spec"]["containers"][0]["volumeMounts"] = mount.clone();
        pod["spec"]["initContainers"] = json!([{"name": "init", "image": "registry.example.com/init:1", "volumeMounts": mount}]);
        pod["spec"]["volumes"] =
            json!([{"name": volume, "projected": {}}, {"name": "tmp", "emptyDir": {}}]);
        pod["metadata"]["managedFields"] = json!([{"fieldsV1": "x".repeat(5_000)}]);
        let object: PodObject = serde_json::from_str(&pod.to_string()).unwrap();
        match project(object, &mut groups, &mut specs, &Policies::default()) {
            Item::Kept(pod) => read.pods.push(pod),
            other => panic!("{other:?}"),
        }
    }
    (read.groups, read.specs) = (groups.into_values(), specs.into_values());
    println!(
        "{} pods, {} groups, {} settings: {:?} MiB",
        read.pods.len(),
        read.groups.len(),
        read.specs.len(),
        memory()
    );
    let workloads = workloads(&read);
    println!("{} workloads: {:?} MiB", workloads.len(), memory());
    assert_eq!(
        (read.groups.len(), read.specs.len(), workloads.len()),
        (5_000, 5_000, 5_000)
    );
}
