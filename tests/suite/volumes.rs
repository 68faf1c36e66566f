//! The EBS volumes of clusters, and their encryption by default.

use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, cluster_arn, private_cluster};

const CHECK: &str = "eks-volumes-encrypted";
const DEFAULT: &str = "ebs-encryption-by-default";
const VOLUMES: &str = "ec2.DescribeVolumes";
const INSTANCES: &str = "ec2.DescribeInstances";
const PASSED: &str = "PASSED INFORMATIONAL";
const MEDIUM: &str = "FAILED MEDIUM";
const NOT_AVAILABLE: &str = "NOT_AVAILABLE INFORMATIONAL";

fn tags(tags: &[(&str, &str)]) -> Value {
    let tag = |(key, value): &(&str, &str)| json!({"Key": key, "Value": value});
    tags.iter().map(tag).collect()
}

/// Returns an unencrypted volume.
fn volume(number: usize, instance: Option<&str>, of: &[(&str, &str)]) -> Value {
    let attachment = |id| json!({"InstanceId": id, "State": "attached"});
    json!({
        "VolumeId": format!("vol-{number:08}"),
        "Encrypted": false,
        "Attachments": instance.map(attachment).into_iter().collect::<Vec<_>>(),
        "Tags": tags(of),
    })
}

fn instance(id: &str, of: &[(&str, &str)]) -> Value {
    json!({"InstanceId": id, "Tags": tags(of)})
}

/// Returns a world with the clusters alpha and beta, and these volumes and instances.
fn world(volumes: Vec<Value>, instances: Vec<Value>) -> World {
    World::with(json!({
        "clusters": [private_cluster("alpha"), private_cluster("beta")],
        "volumes": volumes,
        "instances": instances,
    }))
}

/// Evaluates the check for the whole Region.
fn sweep(world: &mut World) {
    world.ok("sweep", &json!({"checks": [CHECK]}));
}

/// Returns the status of each cluster.
fn statuses(world: &World) -> [String; 2] {
    ["alpha", "beta"].map(|name| world.status(CHECK, &cluster_arn(name)))
}

/// Returns the numbers of calls that list volumes and instances.
fn calls(world: &World) -> [usize; 2] {
    [VOLUMES, INSTANCES].map(|operation| world.calls(operation))
}

#[test]
fn each_cluster_has_only_its_own_volumes() {
    let (alpha, beta) = (
        ("kubernetes.io/cluster/alpha", "shared"),
        ("kubernetes.io/cluster/beta", "shared"),
    );
    let of_driver = ("ebs.csi.aws.com/cluster", "true");
    for (volumes, of_instance, expected, instances) in [
        (vec![], vec![], [PASSED, PASSED], 0),
        (
            vec![volume(0, None, &[alpha, of_driver])],
            vec![],
            [MEDIUM, PASSED],
            0,
        ),
        (
            vec![volume(0, Some("i-0"), &[])],
            vec![("eks:cluster-name", "beta")],
            [PASSED, MEDIUM],
            1,
        ),
        (
            vec![volume(0, Some("i-0"), &[])],
            vec![alpha, beta],
            [MEDIUM, MEDIUM],
            1,
        ),
        (
            vec![volume(0, Some("i-0"), &[])],
            vec![("Name", "bastion")],
            [PASSED, PASSED],
            1,
        ),
        (
            vec![volume(0, Some("i-gone"), &[])],
            vec![alpha],
            [PASSED, PASSED],
            1,
        ),
        (
            vec![volume(0, None, &[of_driver])],
            vec![alpha],
            [PASSED, PASSED],
            0,
        ),
    ] {
        let mut world = world(volumes.clone(), vec![instance("i-0", &of_instance)]);
        sweep(&mut world);
        assert_eq!(statuses(&world), expected, "{volumes:?} {of_instance:?}");
        assert_eq!(calls(&world), [1, instances], "{volumes:?}");
        world.end();
    }
}

#[test]
fn volumes_that_are_encrypted_or_deleted_do_not_count() {
    let of_alpha = &[("eks:eks-cluster-name", "alpha")];
    let mut encrypted = volume(0, None, of_alpha);
    encrypted["Encrypted"] = true.into();
    let mut deleting = volume(1, None, of_alpha);
    deleting["State"] = "deleting".into();
    let mut world = world(vec![encrypted, deleting], vec![]);
    sweep(&mut world);
    assert_eq!(statuses(&world), [PASSED, PASSED]);
    world.end();
}

#[test]
fn what_could_not_be_read_never_passes() {
    let of_alpha = &[("aws:eks:cluster-name", "alpha")];
    let volumes = vec![volume(0, None, of_alpha), volume(1, Some("i-0"), &[])];
    let mut world = world(volumes, vec![instance("i-0", of_alpha)]);
    for (denied, expected) in [
        (VOLUMES, [NOT_AVAILABLE, NOT_AVAILABLE]),
        (INSTANCES, [MEDIUM, NOT_AVAILABLE]),
    ] {
        world.deny(denied);
        sweep(&mut world);
        assert_eq!(statuses(&world), expected, "{denied}");
        world.clear_faults();
    }
    sweep(&mut world);
    assert_eq!(statuses(&world), [MEDIUM, PASSED]);
    world.end();
}

#[test]
fn the_volumes_of_many_instances_are_found() {
    let id = |number: usize| format!("i-{number:04}");
    let volumes = (0..450).map(|number| volume(number, Some(&id(number)), &[]));
    let instances = (0..450).map(|number| {
        let cluster = if number == 449 { "beta" } else { "other" };
        instance(&id(number), &[("aws:eks:cluster-name", cluster)])
    });
    let mut world = world(volumes.collect(), instances.collect());
    world.change(|account| account.page_size = Some(100));
    sweep(&mut world);
    assert_eq!(statuses(&world), [PASSED, MEDIUM]);
    // Filters take up to 200 instances, which have two pages.
    assert_eq!(calls(&world), [5, 5]);
    world.end();
}

#[test]
fn encryption_by_default_is_evaluated_where_there_are_clusters() {
    let account = format!("AWS::::Account:{ACCOUNT}/{REGION}");
    for (encrypts, clusters, expected) in [
        (json!(true), 1, PASSED),
        (json!(false), 1, MEDIUM),
        (json!(null), 1, NOT_AVAILABLE),
        (json!(false), 0, "none"),
    ] {
        let clusters = vec![private_cluster("alpha"); clusters];
        let setting = json!({"EbsEncryptionByDefault": encrypts});
        let mut world = World::with(json!({"clusters": clusters, "volume_encryption": setting}));
        world.ok("sweep", &json!({"checks": [DEFAULT]}));
        assert_eq!(world.status(DEFAULT, &account), expected, "{encrypts}");
        world.end();
    }
}
