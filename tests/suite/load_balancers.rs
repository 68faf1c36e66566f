//! The load balancers of clusters, which their tags name.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{World, cluster_arn, load_balancer, private_cluster};

const CHECK: &str = "eks-load-balancer-tls";
const LISTENERS: &str = "elasticloadbalancing.DescribeListeners";
const PASSED: &str = "PASSED INFORMATIONAL";
const MEDIUM: &str = "FAILED MEDIUM";

/// Returns a load balancer that forwards HTTP requests, with these tags.
fn forwarding(name: &str, tags: &[(&str, &str)]) -> Value {
    let mut balancer = load_balancer(name);
    balancer["Listeners"][0]["DefaultActions"] = json!([{"Type": "forward"}]);
    let tag = |(key, value): &(&str, &str)| json!({"Key": key, "Value": value});
    balancer["Tags"] = tags.iter().map(tag).collect();
    balancer
}

/// Returns a world with the clusters alpha and beta, and these load balancers.
fn world(balancers: Value) -> World {
    World::with(json!({
        "clusters": [private_cluster("alpha"), private_cluster("beta")],
        "load_balancers": balancers,
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

/// Returns the number of searches for load balancers.
fn searches(world: &World) -> usize {
    let calls = world.aws.calls_of("tagging.GetResources").into_iter();
    let searches = calls.filter(|call| call.members.contains_key("TagFilters"));
    searches.count()
}

#[test]
fn each_cluster_has_only_its_own_load_balancers() {
    let mut world = world(json!([
        load_balancer("alpha"),
        forwarding("beta", &[("elbv2.k8s.aws/cluster", "beta")]),
        forwarding("by-hand", &[("team", "alpha")]),
        forwarding("of-another", &[("elbv2.k8s.aws/cluster", "alpha-2")]),
    ]));
    sweep(&mut world);
    assert_eq!(statuses(&world), [PASSED, MEDIUM]);
    assert_eq!(searches(&world), 4);
    for (operation, calls) in [
        ("elasticloadbalancing.DescribeLoadBalancers", 1),
        (LISTENERS, 2),
        // The default rule of beta's listener decides.
        ("elasticloadbalancing.DescribeRules", 1),
        ("elasticloadbalancing.DescribeSSLPolicies", 1),
    ] {
        assert_eq!(world.calls(operation), calls, "{operation}");
    }
    world.end();
}

#[test]
fn a_single_cluster_is_searched_for_by_its_name() {
    let mut world = world(json!([
        load_balancer("alpha"),
        forwarding("beta", &[("elbv2.k8s.aws/cluster", "beta")]),
    ]));
    let event = json!({"checks": [CHECK], "resources": [cluster_arn("beta")]});
    world.ok("sweep", &event);
    assert_eq!(statuses(&world), ["none", MEDIUM]);
    assert_eq!((searches(&world), world.calls(LISTENERS)), (4, 1));
    world.end();
}

#[test]
fn other_checks_search_for_no_load_balancers() {
    let mut world = world(json!([load_balancer("alpha")]));
    world.ok("sweep", &json!({"checks": ["eks-endpoint-private"]}));
    assert_eq!((searches(&world), world.calls(LISTENERS)), (0, 0));
    world.end();
}

#[test]
fn controllers_name_clusters_in_different_tags() {
    let service = ("kubernetes.io/service-name", "web/shop");
    for (tags, is_found) in [
        (&[("elbv2.k8s.aws/cluster", "beta")][..], true),
        (&[("eks:eks-cluster-name", "beta")], true),
        (&[("ingress.k8s.aws/cluster", "beta")], true),
        (&[("kubernetes.io/cluster/beta", "owned"), service], true),
        (&[("kubernetes.io/cluster/beta", "shared"), service], false),
        (&[("kubernetes.io/cluster/beta", "owned")], false),
        (&[("elbv2.k8s.aws/cluster", "beta-2")], false),
    ] {
        let expected = if is_found { MEDIUM } else { "none" };
        for only in [json!([]), json!([cluster_arn("beta")])] {
            let mut world = world(json!([forwarding("shop", tags)]));
            world.ok("sweep", &json!({"checks": [CHECK], "resources": only}));
            assert_eq!(statuses(&world), ["none", expected], "{tags:?} {only}");
            world.end();
        }
    }
}

#[test]
fn load_balancers_that_no_longer_exist_are_ignored() {
    let listeners_of_beta = json!({"LoadBalancerArn": load_balancer("beta")["LoadBalancerArn"]});
    let of_beta = Fault::new(LISTENERS, FaultKind::NotFound(1)).matching(listeners_of_beta);
    let last = FaultKind::Missing("/LoadBalancers/1".to_owned());
    let last = Fault::new("elasticloadbalancing.DescribeLoadBalancers", last);
    for fault in [of_beta, last] {
        let mut world = world(json!([
            load_balancer("alpha"),
            forwarding("beta", &[("elbv2.k8s.aws/cluster", "beta")]),
        ]));
        world.aws.fail(fault);
        sweep(&mut world);
        assert_eq!(statuses(&world), [PASSED, "none"]);
        world.end();
    }
}

#[test]
fn classic_load_balancers_are_a_warning() {
    let classic = json!({
        "LoadBalancerArn": "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/a1b2",
        "Tags": [
            {"Key": "kubernetes.io/cluster/alpha", "Value": "owned"},
            {"Key": "kubernetes.io/service-name", "Value": "web/shop"},
        ],
    });
    let mut world = world(json!([classic]));
    sweep(&mut world);
    assert_eq!(statuses(&world), ["WARNING LOW", "none"]);
    world.end();
}

#[test]
fn all_pages_about_load_balancers_are_read() {
    let mut third = load_balancer("third");
    third["Tags"] = json!([{"Key": "elbv2.k8s.aws/cluster", "Value": "beta"}]);
    third["Listeners"][0]["Rules"] = json!([
        {"Actions": [{"Type": "fixed-response"}]},
        {"Actions": [{"Type": "forward"}]},
    ]);
    let mut world = world(json!([
        load_balancer("alpha"),
        load_balancer("beta"),
        third
    ]));
    world.change(|account| account.page_size = Some(1));
    sweep(&mut world);
    assert_eq!(statuses(&world), [PASSED, MEDIUM]);
    world.end();
}
