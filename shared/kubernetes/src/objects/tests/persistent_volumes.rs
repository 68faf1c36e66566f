use eksentry_core::facts::kubernetes::{ClaimSource, HostPathVolume, VolumeClaim};
use eksentry_core::field::Field;

use super::*;

/// The path of the list.
const VOLUMES: &str = "/api/v1/persistentvolumes";

async fn read_volumes(volumes: &[Value]) -> Objects {
    let answers = vec![list("PersistentVolume", volumes)];
    let server = server(&[], vec![(VOLUMES, answers)]);
    let read = read_objects(&server.client(), Need::PersistentVolumes.into()).await;
    assert_eq!(requested(&server), [VOLUMES]);
    read
}

/// Returns a volume that is a path of a node, with these members of its specification.
fn volume(name: &str, phase: &str, members: Value) -> Value {
    // An object of kube-apiserver 1.36.
    let mut spec = json!({
        "capacity": {"storage": "1Gi"},
        "hostPath": {"path": "/data", "type": "Directory"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": "manual",
        "volumeMode": "Filesystem",
    });
    merge(&mut spec, members);
    json!({"metadata": {"name": name}, "spec": spec, "status": {"phase": phase}})
}

fn claim_ref(name: &str) -> Value {
    let claim = json!({"kind": "PersistentVolumeClaim", "namespace": "shop", "name": name, "apiVersion": "v1"});
    json!({"claimRef": claim})
}

#[tokio::test(start_paused = true)]
async fn volumes_are_kept_that_are_paths_of_nodes_and_have_a_claim() {
    let ebs = json!({
        "claimRef": {"namespace": "shop", "name": "ebs"},
        "hostPath": null,
        "csi": {"driver": "ebs.csi.aws.com"},
    });
    let local = json!({
        "claimRef": {"namespace": "shop", "name": "local"},
        "hostPath": null,
        "local": {"path": "/mnt/disk"},
    });
    let read = read_volumes(&[
        volume("bound", "Bound", claim_ref("bound")),
        volume("reserved", "Available", claim_ref("reserved")),
        volume("free", "Available", json!({})),
        volume("released", "Released", claim_ref("released")),
        volume("failed", "Failed", claim_ref("failed")),
        volume("ebs", "Bound", ebs),
        volume("local", "Bound", local),
    ])
    .await;
    assert_eq!(missing(&read), []);
    let expected = ["bound", "reserved"].map(|name| {
        let claim = VolumeClaim {
            namespace: "shop".to_owned(),
            name: name.to_owned(),
        };
        let host_path = serde_json::from_value::<Field<_>>(json!({"path": "/data"}));
        let volume = HostPathVolume {
            name: name.to_owned(),
            host_path: host_path.unwrap(),
        };
        (claim, volume)
    });
    assert_eq!(read.host_path_volumes, BTreeMap::from(expected));
    assert!(read.namespaces.is_empty());
}

#[tokio::test(start_paused = true)]
async fn volumes_of_an_unexpected_form_make_the_list_incomplete_and_hide_no_other() {
    let read = read_volumes(&[
        volume("odd", "Bound", json!({"claimRef": "shop/odd"})),
        volume(
            "nameless",
            "Bound",
            json!({"claimRef": {"namespace": "shop"}}),
        ),
        json!({"metadata": {"name": "empty"}}),
        json!({"metadata": {}, "spec": {}}),
        json!(7),
        volume("good", "Bound", claim_ref("good")),
        volume(
            "path",
            "Bound",
            json!({
                "claimRef": {"namespace": "shop", "name": "path"}, "hostPath": "/data",
            }),
        ),
    ])
    .await;
    let volumes = read.host_path_volumes.values();
    let names: Vec<_> = volumes.map(|volume| volume.name.as_str()).collect();
    assert_eq!(names, ["good", "path"]);
    let [(list, code, text)] = <[_; 1]>::try_from(missing(&read)).unwrap();
    assert_eq!((list.as_str(), code), ("persistentvolumes", "READ_FAILED"));
    assert!(text.contains("5 objects"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_claims_of_pods_are_known_also_those_that_are_created_with_a_pod() {
    let volumes = json!([
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0", "readOnly": true}},
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
    ]);
    let mut pod = pod("db-0", "db:1", json!({}));
    pod["spec"]["volumes"] = volumes.clone();
    let mut deployment = deployment("web", "web:1");
    deployment["spec"]["template"]["spec"]["volumes"] = volumes;
    let read = read(&[pod, deployment]).await;
    let claims = |spec: &PodSpec| {
        let volumes = spec.volumes.items().unwrap().to_vec();
        let claims = volumes
            .into_iter()
            .map(|volume| volume.persistent_volume_claim);
        claims.collect::<Vec<_>>()
    };
    let named = |name: &str, read_only| {
        Field::Value(ClaimSource {
            claim_name: Field::Value(name.to_owned()),
            read_only,
        })
    };
    let data = named("data-db-0", Field::Value(true));
    let template = read
        .workloads
        .iter()
        .find_map(|one| one.template.as_deref());
    assert_eq!(claims(template.unwrap()), std::slice::from_ref(&data));
    let mut running = read.workloads.iter().flat_map(|one| &one.running);
    let running = claims(&running.next().unwrap().spec);
    assert_eq!(running, [data, named("db-0-scratch", Field::Absent)]);
}
