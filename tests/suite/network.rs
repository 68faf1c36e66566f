//! The network of clusters for tests.

use serde_json::{Value, json};

/// Adds the network of all clusters: a security group with a prefix list of the account, flow logs, and the endpoints
/// that EKS needs to pull images.
pub(crate) fn with_network(account: &str, region: &str, mut entries: Value) -> Value {
    let endpoint = |service: &str| {
        json!({
            "VpcEndpointId": format!("vpce-{service}"),
            "ServiceName": format!("com.amazonaws.{region}.{service}"),
            "PolicyDocument": json!({
                "Statement": [{
                    "Effect": "Allow", "Principal": "*", "Action": "*",
                    "Resource": format!("arn:aws:ecr:{region}:{account}:repository/*"),
                }],
            })
            .to_string(),
        })
    };
    entries["security_groups"] = json!([{
        "GroupId": "sg-0a1b2c3d4e5f60001",
        "IpPermissions": [{
            "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": "pl-1"}],
        }],
    }]);
    entries["prefix_lists"] = json!([{"PrefixListId": "pl-1", "entries": [
        {"Cidr": "198.51.100.0/24"}, {"Cidr": "203.0.113.0/24"}, {"Cidr": "192.0.2.0/24"},
    ]}]);
    entries["flow_logs"] = json!([{"FlowLogId": "fl-1", "ResourceId": "vpc-0a1b2c3d4e5f60001"}]);
    entries["vpc_endpoints"] = ["ecr.api", "ecr.dkr", "s3"]
        .map(endpoint)
        .into_iter()
        .collect();
    entries
}
