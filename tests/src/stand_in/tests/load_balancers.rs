//! Tests of the operations that read load balancers.

use serde_json::json;

use super::*;

#[test]
fn load_balancers_have_listeners_and_rules() {
    let aws = start();
    let arn = |kind: &str| {
        format!(
            "arn:aws:elasticloadbalancing:eu-central-1:123456789012:{kind}/app/shop/27e9a9cd886d60a6"
        )
    };
    let (balancer, listener) = (arn("loadbalancer"), format!("{}/80", arn("listener")));
    let entries = json!({"load_balancers": [
        {
            "LoadBalancerArn": balancer,
            "Scheme": "internal",
            "Tags": [{"Key": "elbv2.k8s.aws/cluster", "Value": "a"}],
            "Listeners": [
                {"ListenerArn": listener, "Rules": [{"Actions": [{"Type": "fixed-response"}]}]},
                {"ListenerArn": format!("{}/443", arn("listener")), "Protocol": "TLS", "Port": 443},
            ],
        },
        {"LoadBalancerArn": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/classic"},
    ]});
    aws.change(|account| account.add(entries).expect("they are entries"))
        .expect("it is still an account");
    let client = client(&aws);
    let query = |form: String| client.query("elasticloadbalancing", &form);

    let balancers = query("Action=DescribeLoadBalancers".to_owned());
    assert_eq!(balancers.element("LoadBalancerArn"), balancer);
    assert_eq!(balancers.element("Scheme"), "internal");
    assert!(!balancers.body.contains("classic") && !balancers.body.contains("Tag"));
    let named = format!("Action=DescribeLoadBalancers&LoadBalancerArns.member.1={balancer}");
    assert_eq!(query(named).element("Type"), "application");
    let missing = query(format!(
        "Action=DescribeListeners&LoadBalancerArn={balancer}0"
    ));
    assert_eq!(
        (missing.status, missing.element("Code")),
        (400, "LoadBalancerNotFound")
    );
    let listeners = query(format!(
        "Action=DescribeListeners&LoadBalancerArn={balancer}"
    ));
    assert_eq!(listeners.element("Port"), "80");
    assert_eq!(
        listeners.element("SslPolicy"),
        "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    );
    assert!(!listeners.body.contains("Rules"));
    let rules = query(format!("Action=DescribeRules&ListenerArn={listener}"));
    assert_eq!(rules.body.matches("<Type>fixed-response</Type>").count(), 1);
    assert_eq!(rules.body.matches("<Type>forward</Type>").count(), 1);
    assert_eq!(rules.body.matches("<IsDefault>true</IsDefault>").count(), 1);
    let missing = query(format!("Action=DescribeRules&ListenerArn={listener}0"));
    assert_eq!(missing.element("Code"), "ListenerNotFound");
    let policies = query("Action=DescribeSSLPolicies".to_owned());
    assert!(
        policies
            .body
            .contains("<SslProtocols><member>TLSv1.3</member></SslProtocols>")
    );

    let filters = json!([{"Key": "elbv2.k8s.aws/cluster", "Values": ["a"]}]);
    let tagged = client.tagging(json!({
        "TagFilters": filters,
        "ResourceTypeFilters": ["elasticloadbalancing:loadbalancer"],
    }));
    let tagged = &tagged.json()["ResourceTagMappingList"];
    assert_eq!(
        (tagged.as_array().map(Vec::len), &tagged[0]["ResourceARN"]),
        (Some(1), &json!(balancer))
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}
