//! The listeners of load balancers, their rules, and their security policies.

use std::collections::HashMap;

use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{Handling, Listener, TlsVersion};
use eksentry_core::{Fact, Unread};

use super::parse::{oldest_version, serve_requests};
use super::response::{self, Rule, SslPolicy};
use crate::Reader;
use crate::call::Call;
use crate::permission::{Arns, Permission};

pub(super) const DESCRIBE: Permission =
    Permission::new("elasticloadbalancing:DescribeListeners", &[Arns::Any]);
pub(super) const DESCRIBE_RULES: Permission =
    Permission::new("elasticloadbalancing:DescribeRules", &[Arns::Any]);
pub(super) const DESCRIBE_POLICIES: Permission =
    Permission::new("elasticloadbalancing:DescribeSSLPolicies", &[Arns::Any]);

/// The protocols of listeners that pass connections on as they are.
/// Source: <https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html>.
const PASS_THROUGH: [&str; 5] = ["TCP", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"];

/// The security policies of a Region.
#[derive(Debug, Default)]
pub(super) struct Policies {
    /// The oldest version that each policy allows, by the policy's name; `None` if the response lacks its versions, or
    /// if one is unknown.
    oldest_versions: HashMap<String, Option<TlsVersion>>,
    missing: Option<Unread>,
}

impl Reader<'_> {
    /// Returns the listeners of a load balancer; `None` if it does not exist.
    pub(super) async fn listeners(&self, arn: &str, balancer: &str) -> Option<List<Listener>> {
        let call = self.elb_call(&DESCRIBE, format!("load balancer {balancer}"));
        let call = call.absent(&["LoadBalancerNotFound"]);
        let parameters = vec![("LoadBalancerArn".to_owned(), arn.to_owned())];
        let described = self
            .elb_list_if_present("DescribeListeners", parameters, &call)
            .await?;
        let mut listeners = List {
            items: Vec::new(),
            missing: described.missing,
        };
        for listener in described.items {
            match self.listener(&listener, balancer, &call).await {
                Ok(read) => listeners.items.extend(read),
                Err(unread) => listeners.missing = Some(unread),
            }
        }
        listeners
            .items
            .sort_by(|one, other| (one.port, &one.protocol).cmp(&(other.port, &other.protocol)));
        Some(listeners)
    }

    /// Returns a listener; `None` if it no longer exists.
    async fn listener(
        &self,
        described: &response::Listener,
        balancer: &str,
        call: &Call<'_>,
    ) -> Fact<Option<Listener>> {
        let protocol = described.protocol.clone();
        let mut listener = Listener {
            protocol: protocol.ok_or_else(|| call.without("the protocol of a listener"))?,
            port: described.port,
            handling: Handling::Unknown,
        };
        listener.handling = match listener.protocol.as_str() {
            "HTTP" => {
                let name = format!("listener {listener} of load balancer {balancer}");
                match self.serves_requests(described, name, call).await {
                    Some(serves_requests) => Handling::Http { serves_requests },
                    None => return Ok(None),
                }
            }
            "HTTPS" | "TLS" => Handling::Tls {
                oldest_version: match &described.ssl_policy {
                    Some(policy) => self.oldest_version(policy).await,
                    None => Err(call.without(&format!("the security policy of {listener}"))),
                },
            },
            protocol if PASS_THROUGH.contains(&protocol) => Handling::PassThrough,
            _ => Handling::Unknown,
        };
        Ok(Some(listener))
    }

    /// Returns `true` if a rule of an HTTP listener does anything with requests other than to redirect them to HTTPS or
    /// to return a fixed response; `None` if the listener does not exist. The rules are read only if the default rule
    /// does not decide.
    async fn serves_requests(
        &self,
        listener: &response::Listener,
        name: String,
        described: &Call<'_>,
    ) -> Option<Fact<bool>> {
        let by_default = serve_requests(listener.default_actions.as_ref());
        if by_default == Some(true) {
            return Some(Ok(true));
        }
        let Some(arn) = &listener.arn else {
            return Some(Err(described.without(&format!("the ARN of {name}"))));
        };
        let without_actions = described.without(&format!("the default actions of {name}"));
        let call = self.elb_call(&DESCRIBE_RULES, name);
        let call = call.absent(&["ListenerNotFound"]);
        let parameters = vec![("ListenerArn".to_owned(), arn.clone())];
        let rules: List<Rule> = self
            .elb_list_if_present("DescribeRules", parameters, &call)
            .await?;
        let serve = rules.items.iter();
        let serve: Vec<Option<bool>> = serve
            .map(|rule| serve_requests(rule.actions.as_ref()))
            .collect();
        Some(if serve.contains(&Some(true)) {
            Ok(true)
        } else if let Some(missing) = rules.missing {
            Err(missing)
        } else if serve.contains(&None) {
            Err(call.without("the actions of a rule"))
        } else if by_default.is_none() {
            Err(without_actions)
        } else {
            Ok(false)
        })
    }

    /// Returns the oldest TLS version that a security policy allows.
    async fn oldest_version(&self, policy: &str) -> Fact<TlsVersion> {
        let call = self.elb_call(&DESCRIBE_POLICIES, self.location.to_string());
        let read = || Box::pin(self.read_policies(&call));
        let policies = self.elb.policies.get_or_init(read).await;
        match (policies.oldest_versions.get(policy), &policies.missing) {
            (Some(Some(version)), _) => Ok(*version),
            (Some(None), _) => {
                Err(call.without(&format!("known TLS versions of the policy {policy}")))
            }
            (None, Some(missing)) => Err(missing.clone()),
            (None, None) => Err(call.without(&format!("the policy {policy}"))),
        }
    }

    async fn read_policies(&self, call: &Call<'_>) -> Policies {
        let listed: List<SslPolicy> = self.elb_list("DescribeSSLPolicies", Vec::new(), call).await;
        let policies = listed.items.into_iter().filter_map(|policy| {
            let version = oldest_version(&policy);
            Some((policy.name?, version))
        });
        Policies {
            oldest_versions: policies.collect(),
            missing: listed.missing,
        }
    }
}
