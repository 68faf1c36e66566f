//! EFS file systems, of which only those that EKS uses are evaluated.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World};

const CHECK: &str = "efs-encrypted";
const FILE_SYSTEMS: &str = "elasticfilesystem.DescribeFileSystems";
const ACCESS_POINTS: &str = "elasticfilesystem.DescribeAccessPoints";
const PASSED: &str = "PASSED INFORMATIONAL";
const MEDIUM: &str = "FAILED MEDIUM";
const NOT_AVAILABLE: &str = "NOT_AVAILABLE INFORMATIONAL";

/// The tag that the EFS CSI driver sets.
fn of_eks() -> Value {
    json!([{"Key": "efs.csi.aws.com/cluster", "Value": "true"}])
}

fn id(number: usize) -> String {
    format!("fs-{number:08}")
}

fn arn(number: usize) -> String {
    format!(
        "arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{}",
        id(number)
    )
}

fn file_system(number: usize, is_encrypted: bool) -> Value {
    json!({"FileSystemId": id(number), "Encrypted": is_encrypted})
}

fn access_point(number: usize, of_file_system: usize, tags: &Value) -> Value {
    json!({
        "AccessPointId": format!("fsap-{number:08}"),
        "FileSystemId": id(of_file_system),
        "Tags": tags,
    })
}

/// Returns a world with these file systems and access points.
fn world(file_systems: Vec<Value>, access_points: Vec<Value>) -> World {
    World::with(json!({"file_systems": file_systems, "access_points": access_points}))
}

/// Evaluates the check for the whole Region.
fn sweep(world: &mut World) {
    world.ok("sweep", &json!({"checks": [CHECK]}));
}

/// Returns the status of each of the first file systems.
fn statuses(world: &World, count: usize) -> Vec<String> {
    let numbers = 0..count;
    numbers
        .map(|number| world.status(CHECK, &arn(number)))
        .collect()
}

/// Returns the numbers of calls that list or describe file systems, and access points.
fn calls(world: &World) -> [usize; 2] {
    [FILE_SYSTEMS, ACCESS_POINTS].map(|operation| world.calls(operation))
}

#[test]
fn only_file_systems_that_eks_uses_are_evaluated() {
    let mut tagged = file_system(2, false);
    tagged["Tags"] = json!([{"Key": "kubernetes.io/cluster/payments", "Value": "owned"}]);
    let mut creating = file_system(4, false);
    creating["LifeCycleState"] = "creating".into();
    let mut deleting = file_system(5, false);
    deleting["LifeCycleState"] = "deleting".into();
    let file_systems = vec![
        file_system(0, true),
        file_system(1, false),
        tagged,
        file_system(3, false),
        creating,
        deleting,
    ];
    let other_tags = json!([{"Key": "Name", "Value": "home"}]);
    let mut access_points: Vec<Value> = [0, 1, 4, 5]
        .map(|number| access_point(number, number, &of_eks()))
        .into();
    access_points.push(access_point(3, 3, &other_tags));
    let mut world = world(file_systems, access_points);
    sweep(&mut world);
    let expected = [PASSED, MEDIUM, MEDIUM, "none", "none", "none"];
    assert_eq!(statuses(&world, 6), expected);
    assert_eq!(calls(&world), [1, 1]);
    world.end();
}

#[test]
fn the_tags_of_all_pages_of_access_points_count() {
    let access_points = (0..120).map(|number| {
        let tags = if number == 119 { of_eks() } else { json!([]) };
        access_point(number, usize::from(number == 119), &tags)
    });
    let file_systems = vec![file_system(0, false), file_system(1, false)];
    let mut world = world(file_systems, access_points.collect());
    sweep(&mut world);
    assert_eq!(statuses(&world, 2), ["none", MEDIUM]);
    assert_eq!(calls(&world), [1, 2]);
    world.end();
}

#[test]
fn unrelated_file_systems_take_no_calls_of_their_own_and_have_no_findings() {
    let file_systems = (0..300).map(|number| file_system(number, false));
    let mut world = world(file_systems.collect(), Vec::new());
    sweep(&mut world);
    assert_eq!(calls(&world), [3, 1]);
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 0);
    assert_eq!(world.calls("tagging.GetResources"), 0);
    assert!(world.statuses().is_empty());
    world.end();
}

#[test]
fn a_parameter_includes_all_file_systems() {
    let file_systems = vec![file_system(0, true), file_system(1, false)];
    let parameters = format!(r#"{{"{CHECK}": {{"allFileSystems": "true"}}}}"#);
    let mut world = world(file_systems, Vec::new()).and("EKSENTRY_PARAMETERS", &parameters);
    sweep(&mut world);
    assert_eq!(statuses(&world, 2), [PASSED, MEDIUM]);
    world.end();
}

#[test]
fn without_access_points_only_tagged_file_systems_have_a_result() {
    let mut tagged = file_system(0, false);
    tagged["Tags"] = of_eks();
    let file_systems = vec![tagged, file_system(1, true), file_system(2, false)];
    let mut world = world(file_systems, vec![access_point(1, 1, &of_eks())]);
    world.deny(ACCESS_POINTS);
    sweep(&mut world);
    let expected = [MEDIUM, NOT_AVAILABLE, NOT_AVAILABLE];
    assert_eq!(statuses(&world, 3), expected);
    assert_eq!(calls(&world)[1], 1);
    world.clear_faults();
    sweep(&mut world);
    let archived = format!("ARCHIVED {NOT_AVAILABLE}");
    assert_eq!(statuses(&world, 3), [MEDIUM, PASSED, archived.as_str()]);
    world.end();
}

#[test]
fn findings_are_archived_only_if_the_list_is_complete() {
    let file_systems = vec![file_system(0, false), file_system(1, false)];
    let access_points = [0, 1].map(|number| access_point(number, number, &of_eks()));
    let mut world = world(file_systems, access_points.into());
    sweep(&mut world);
    assert_eq!(statuses(&world, 2), [MEDIUM, MEDIUM]);
    world.change(|account| {
        let file_systems = account.collections.get_mut("file_systems");
        file_systems.unwrap().as_array_mut().unwrap().remove(1);
        let access_points = account.collections.get_mut("access_points");
        access_points.unwrap().as_array_mut().unwrap().remove(1);
    });
    world.deny(FILE_SYSTEMS);
    let event = json!({"checks": [CHECK]});
    let error = world.invoke("sweep", &event).outcome.unwrap_err();
    assert_eq!(error.error_type, "NotListed");
    assert_eq!(statuses(&world, 2), [MEDIUM, MEDIUM]);
    world.clear_faults();
    sweep(&mut world);
    assert_eq!(statuses(&world, 2), [MEDIUM, "ARCHIVED FAILED MEDIUM"]);
    world.end();
}

#[test]
fn a_named_file_system_is_described_alone() {
    let file_systems = vec![
        file_system(0, false),
        file_system(1, false),
        file_system(2, false),
    ];
    let access_points = [0, 1].map(|number| access_point(number, number, &of_eks()));
    let mut world = world(file_systems, access_points.into());
    let event = json!({"checks": [CHECK], "resources": [arn(1), arn(2), arn(7)]});
    world.ok("sweep", &event);
    assert_eq!(statuses(&world, 3), ["none", MEDIUM, "none"]);
    assert_eq!(calls(&world), [3, 2]);
    world.end();
}

#[test]
fn throttled_calls_are_repeated() {
    let mut world = world(
        vec![file_system(0, false)],
        vec![access_point(0, 0, &of_eks())],
    );
    for operation in [FILE_SYSTEMS, ACCESS_POINTS] {
        world
            .aws
            .fail(Fault::new(operation, FaultKind::Throttle).times(2));
    }
    sweep(&mut world);
    assert_eq!(statuses(&world, 1), [MEDIUM]);
    world.end();
}
