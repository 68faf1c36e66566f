//! Elastic Load Balancing: the rules of listeners, and security policies.

use serde_json::{Value, json};

use super::{
    collection::{entries, missing},
    collections::{LISTENERS, LOAD_BALANCERS},
    service::AwsError,
    wire::{Request, record},
};
use crate::account::{Account, Record, text};

/// Some of the security policies that AWS offers, with the versions of TLS that they allow.
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html>.
const SSL_POLICIES: [(&str, &[&str]); 8] = [
    ("ELBSecurityPolicy-TLS13-1-3-2021-06", &["TLSv1.3"]),
    (DEFAULT_POLICY, &["TLSv1.2", "TLSv1.3"]),
    (
        "ELBSecurityPolicy-TLS13-1-2-2021-06",
        &["TLSv1.2", "TLSv1.3"],
    ),
    (
        "ELBSecurityPolicy-TLS13-1-1-2021-06",
        &["TLSv1.1", "TLSv1.2", "TLSv1.3"],
    ),
    (
        "ELBSecurityPolicy-TLS13-1-0-2021-06",
        &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
    ),
    ("ELBSecurityPolicy-TLS-1-2-2017-01", &["TLSv1.2"]),
    ("ELBSecurityPolicy-TLS-1-1-2017-01", &["TLSv1.1", "TLSv1.2"]),
    (
        "ELBSecurityPolicy-2016-08",
        &["TLSv1", "TLSv1.1", "TLSv1.2"],
    ),
];

/// The security policy of listeners whose entries name none.
const DEFAULT_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06";

/// Returns `true` if a load balancer is a Classic Load Balancer, which this version of the API does not know.
pub(super) fn is_classic(balancer: &Record) -> bool {
    text(balancer, "LoadBalancerArn").split('/').count() == 2
}

/// Returns the members of a load balancer that its ARN determines.
pub(super) fn name_and_type(balancer: &Record) -> (&str, &'static str) {
    let mut parts = text(balancer, "LoadBalancerArn").split('/').skip(1);
    let kind = match parts.next() {
        Some("net") => "network",
        Some("gwy") => "gateway",
        _ => "application",
    };
    (parts.next().unwrap_or_default(), kind)
}

/// Returns the members that a listener has unless its entry states others.
pub(super) fn listener_defaults(listener: &Record) -> Value {
    let is_encrypted = ["HTTPS", "TLS"].contains(&text(listener, "Protocol"));
    json!({
        "LoadBalancerArn": "{parent.LoadBalancerArn}",
        "Protocol": "HTTP",
        "Port": 80,
        "SslPolicy": is_encrypted.then_some(DEFAULT_POLICY),
        "DefaultActions": default_actions(),
    })
}

/// Returns the default actions of a listener whose entry has none.
fn default_actions() -> Value {
    json!([{"Type": "forward", "Order": 1}])
}

/// Lists the rules of a listener. The last one is the default rule, which has the listener's default actions.
pub(super) fn describe_rules(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["ListenerArn", "PageSize", "Marker"])?;
    let arn = request.required_text("ListenerArn")?;
    let balancers = account.entries(LOAD_BALANCERS.name).into_iter();
    let mut listeners = balancers.flat_map(|balancer| entries(balancer.get(LISTENERS.name)));
    let listener = listeners.find(|listener| text(listener, "ListenerArn") == arn);
    let listener = listener.ok_or_else(|| missing(&LISTENERS, request, account, arn))?;
    let prefix = arn.replacen(":listener/", ":listener-rule/", 1);
    let rule = |number: usize, priority: &str, actions: Value| {
        json!({
            "RuleArn": format!("{prefix}/{number:016x}"),
            "Priority": priority,
            "Conditions": [],
            "Actions": actions,
            "IsDefault": priority == "default",
        })
    };
    let mut rules: Vec<Record> = Vec::new();
    for (number, written) in entries(listener.get("Rules")).enumerate() {
        let mut members = record(rule(number + 1, &(number + 1).to_string(), json!([])));
        members.extend(written.clone());
        rules.push(members);
    }
    let actions = listener.get("DefaultActions").cloned();
    let by_default = rule(0, "default", actions.unwrap_or_else(default_actions));
    rules.push(record(by_default));
    page(account, request, &rules)
}

/// Lists security policies.
pub(super) fn describe_ssl_policies(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    request.allow_members(&["PageSize", "Marker"])?;
    let policies = SSL_POLICIES.map(|(name, protocols)| {
        record(json!({
            "Name": name,
            "SslProtocols": protocols,
            "Ciphers": [{"Name": "ECDHE-RSA-AES128-GCM-SHA256", "Priority": 1}],
            "SupportedLoadBalancerTypes": ["application", "network"],
        }))
    });
    page(account, request, &policies)
}

fn page(account: &Account, request: &Request, items: &[Record]) -> Result<Value, AwsError> {
    let (range, token) = request.paging()?.page(account, request, items.len())?;
    let items = items[range].to_vec();
    Ok(request.paging()?.response(items, token).into())
}
