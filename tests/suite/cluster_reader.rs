//! Clusters whose endpoint only their VPC reaches, which are read by a function there.

use std::time::Duration;

use eksentry_tests::iam::{Decision, Request, decide};
use eksentry_tests::kubernetes::{Cluster, Endpoint};
use eksentry_tests::lambda::{FunctionError, Invocation};
use eksentry_tests::stand_in::{Fault, FaultKind};
use eksentry_tests::template::{Stack, Template};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, cluster_arn, private_cluster};

const READABLE: &str = "k8s-api-readable";
const PRIVILEGED: &str = "k8s-pod-privileged";
const NOT_AVAILABLE: &str = "NOT_AVAILABLE INFORMATIONAL";
const PASSED: &str = "PASSED INFORMATIONAL";

/// The VPC of all clusters in these tests, and the function there.
const VPC: &str = "vpc-0a1b2c3d4e5f60001";
const READER: &str = "eksentry-cluster-reader-vpc-0a1b2c3d4e5f60001";

fn cluster(name: &str) -> Cluster {
    let web = json!({
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [{
            "name": "app",
            "image": "registry.example.com/app:1.4.2",
            "securityContext": {"privileged": true},
        }]}}},
    });
    Cluster {
        objects: vec![web],
        ..Cluster::new(name, REGION)
    }
}

fn world<const N: usize>(clusters: [&str; N]) -> World {
    World::with(json!({})).with_contents(clusters.map(cluster))
}

fn sweep(world: &mut World) -> Value {
    world.ok("sweep", &json!({"checks": [PRIVILEGED]}))
}

/// Turns the public endpoint of a cluster on, for everyone.
fn open_to_world(world: &World, cluster: &str) {
    let network = json!({"endpointPublicAccess": true, "endpointPrivateAccess": true});
    world.change(|account| {
        let cluster = account.cluster(cluster).unwrap();
        cluster
            .members
            .insert("resourcesVpcConfig".to_owned(), network);
    });
}

/// Returns the text of the finding about a cluster that was not read.
fn problem(world: &World, cluster: &str) -> String {
    let finding = world.finding(READABLE, &cluster_arn(cluster)).unwrap();
    let finding = Value::Object(finding);
    assert_eq!(finding["Compliance"]["Status"], "NOT_AVAILABLE");
    finding["Description"].as_str().unwrap().to_owned()
}

#[test]
fn a_private_cluster_is_read_through_its_vpc() {
    let mut world = world(["prod"]).with_cluster_reader(READER, &["prod"]);
    sweep(&mut world);
    let web = format!(
        "{}/namespaces/shop/deployments.apps/web",
        cluster_arn("prod")
    );
    assert_eq!(world.status(PRIVILEGED, &web), "FAILED HIGH");
    assert_eq!(world.status(READABLE, &cluster_arn("prod")), PASSED);
    let requests = world.api("prod").received().len();
    assert_eq!(world.calls("lambda.Invoke"), requests);
    let again = sweep(&mut world);
    assert_eq!(
        (&again["posted"], &again["archived"]),
        (&json!(0), &json!(0))
    );
    world.end();
}

#[test]
fn a_cluster_that_everyone_reaches_is_read_directly() {
    let mut world = world(["prod", "open"]).with_cluster_reader(READER, &["prod"]);
    open_to_world(&world, "open");
    sweep(&mut world);
    for cluster in ["prod", "open"] {
        assert_eq!(world.status(READABLE, &cluster_arn(cluster)), PASSED);
    }
    let requests = world.api("prod").received().len();
    assert_eq!(world.calls("lambda.Invoke"), requests);
    assert!(!world.api("open").received().is_empty());
    world.end();
}

#[test]
fn a_private_cluster_without_a_reader_is_told_how_to_get_one() {
    let mut world = world(["prod"]).with_cluster_reader(READER, &["prod"]);
    world = world
        .and("EKSENTRY_CLUSTER_READER", "")
        .deployed_with("ClusterReaders", "off");
    sweep(&mut world);
    let problem = problem(&world, "prod");
    let advice = format!("deploy template-vpc.yaml in {VPC}, and set ClusterReaders=on.");
    assert!(problem.contains(&advice), "{problem}");
    assert_eq!(world.calls("lambda.Invoke"), 0);
    world.end();
}

/// A reader that fails, or that is missing, makes one cluster unread and says so.
#[test]
fn the_finding_says_why_the_reader_returned_nothing() {
    let missing = format!("the function {READER} does not exist. Deploy template-vpc.yaml");
    let crash = "failed with Runtime.ExitError";
    let cases: [(Option<FaultKind>, &str, &str); 5] = [
        (None, "other", &missing),
        (Some(FaultKind::AccessDenied), READER, "not authorized"),
        (Some(FaultKind::Throttle), READER, "Rate exceeded"),
        (Some(FaultKind::Truncated), READER, "could not be invoked"),
        (None, READER, crash),
    ];
    for (fault, function, expected) in cases {
        let mut world = world(["prod", "open"]).with_cluster_reader(function, &["prod"]);
        if let Some(kind) = fault {
            world.aws.fail(Fault::new("lambda.Invoke", kind));
        } else if function == READER {
            world.aws.add_function(READER, |_| Invocation {
                outcome: Err(FunctionError {
                    error_type: "Runtime.ExitError".to_owned(),
                    error_message: "a text that may contain anything".to_owned(),
                }),
                duration: Duration::from_millis(1),
            });
        }
        open_to_world(&world, "open");
        sweep(&mut world);
        let problem = problem(&world, "prod");
        assert!(problem.contains(expected), "{problem}");
        assert!(!problem.contains("anything"), "{problem}");
        assert_eq!(world.statuses().len(), 3, "the other cluster is read");
        world.end();
    }
}

#[test]
fn a_cluster_that_the_reader_does_not_reach_is_not_available() {
    // Neither function reaches it.
    let mut world = world(["prod"]).with_cluster_reader(READER, &[]);
    world
        .api("prod")
        .configure(|cluster| cluster.endpoint = Endpoint::Closed);
    sweep(&mut world);
    let problem = problem(&world, "prod");
    assert!(
        problem.contains(&format!("from the function {READER}")),
        "{problem}"
    );
    assert_eq!(world.status(READABLE, &cluster_arn("prod")), NOT_AVAILABLE);
    world.end();
}

/// The function of the cluster's account and Region is invoked, with the role there.
#[test]
fn clusters_of_other_accounts_are_read_by_the_functions_there() {
    const OTHER: &str = "444455556666";
    let prod = Cluster {
        account: OTHER.to_owned(),
        ..cluster("prod")
    };
    let mut world = World::with(json!({}))
        .with_contents([prod])
        .with_cluster_reader(READER, &["prod"])
        .and("EKSENTRY_ACCOUNTS", OTHER);
    let api = world.api("prod");
    let mut there = private_cluster("prod");
    there["endpoint"] = api.url().into();
    there["certificateAuthority"] = json!({"data": api.authority_data()});
    world = world.and_at(OTHER, REGION, json!({"clusters": [there]}));
    sweep(&mut world);
    let calls = world.aws.calls_of("lambda.Invoke");
    assert!(!calls.is_empty());
    let arn = cluster_arn("prod").replace(ACCOUNT, OTHER);
    assert_eq!(world.status(READABLE, &arn), PASSED);
    world.end();
}

/// Lambda manages the network interfaces of the function with its role, and the code of the function can't.
#[test]
fn the_code_of_the_reader_may_not_do_what_lambda_does_with_its_role() {
    let role = World::with(json!({})).deployment().role("cluster-reader");
    let role = role.unwrap();
    let action = "ec2:CreateNetworkInterface";
    let mut allowing = role.statements.iter().filter(|one| one.allows());
    assert!(allowing.any(|one| one.actions().any(|allowed| allowed == action)));
    let request = Request {
        action: action.to_owned(),
        resource: "*".to_owned(),
        region: REGION.to_owned(),
        principal: role.arn.clone(),
        account: ACCOUNT.to_owned(),
        external_id: None,
    };
    let decision = decide(&role.statements, &request);
    assert!(matches!(decision, Decision::Denied), "{decision:?}");
    // The condition names the function itself.
    let template = Template::of_vpcs().unwrap();
    let stack = Stack::new(template, ACCOUNT, REGION)
        .with("VpcId", VPC)
        .unwrap();
    let properties = &stack.template().body()["Resources"];
    let role = properties["ClusterReaderRole"].to_string();
    let name = &properties["ClusterReader"]["Properties"]["FunctionName"]["Fn::Sub"];
    assert!(
        role.contains(&format!(":function:{}\"", name.as_str().unwrap())),
        "{role}"
    );
}
