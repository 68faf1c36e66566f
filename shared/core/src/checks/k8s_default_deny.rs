//! ## What it checks
//!
//! In each namespace with workloads, network policies should deny all traffic that no policy allows: for `ingress` and for
//! `egress`, a network policy with an empty `podSelector` should have this policy type. The policy may have rules of its
//! own. But if any policy with an empty `podSelector` has an empty rule, all traffic is allowed, since policies add up. The
//! same goes for rules without ports for blocks that together contain all IPv4 or all IPv6 addresses.
//!
//! | State | Result |
//! | --- | --- |
//! | ingress is not denied, or all of it is allowed | FAILED, MEDIUM |
//! | egress is not denied, or all of it is allowed | FAILED, LOW |
//! | no policy selects all pods, but each running pod is selected by some policy of the direction | FAILED, LOW |
//! | the direction is not denied, and the cluster serves policies of Calico, Cilium or administrators (`policy.networking.k8s.io`), which are not read | WARNING |
//! | the direction is not denied by a policy, but on all nodes by the strict mode of the Amazon VPC CNI plugin (`NETWORK_POLICY_ENFORCING_MODE`, if its agent enforces policies), or by all node classes of EKS Auto Mode (`DefaultDeny`), and each policy of the namespace has this policy type | PASSED |
//! | policies deny traffic, but nothing is known to enforce them | WARNING |
//! | policies deny egress, and no policy in the namespace allows DNS (UDP port 53) to the pods, or to the address, of the cluster's DNS servers | WARNING |
//!
//! The strict mode denies the traffic of pods that no policy selects. As soon as a policy selects a pod, the plugin allows
//! all of its traffic in a direction to which none of its policies applies. So a policy for ingress alone opens egress, also
//! in strict mode.
//!
//! The Amazon VPC CNI plugin enforces network policies if both of its parts are on: the ConfigMap `amazon-vpc-cni` in
//! `kube-system` sets `enable-network-policy-controller` to `true`, and the agent in the daemon set `aws-node` has the
//! argument `--enable-network-policy=true`. In clusters without this daemon set, such as those whose nodes are all of EKS
//! Auto Mode, the ConfigMap suffices. In clusters without this ConfigMap, the argument suffices, since the controller may
//! run on a node, where it does not need the ConfigMap. Network policies are also enforced if the cluster serves the API
//! group of Calico or Cilium. In clusters with EKS Auto Mode, DNS is not evaluated, since it runs on the nodes there.
//!
//! Namespaces without a live workload are not evaluated. Failures and warnings of system namespaces pass as exceptions.
//!
//! ## Why it matters
//!
//! Without a default, each pod accepts traffic from all pods of the cluster and reaches all of them, and the internet. An
//! attacker in one pod can then attack all others, and send data out. A new workload is open until someone writes a policy
//! for it.
//!
//! ## How to fix it
//!
//! Allow the traffic that is needed, with a policy for each workload and one for DNS. Then create a network policy with an
//! empty `podSelector` and both policy types.

use std::sync::Arc;

use crate::check::{Check, Remediation};
use crate::evaluation::namespaces::{EvaluateNamespaces, NamespaceInCluster, reasons_of};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::{
    ApiList, DNS_NAMESPACE, DNS_SERVICE, DnsServers, NODE_LOCAL_DNS, NetworkPolicy,
    NetworkPolicyEngine, PodSpec, Selected, Service, TrafficDirection, Workload,
};
use crate::facts::{Fact, Unread};
use crate::field::{InvalidField, all_true, any_true};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues, TrafficDirections};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Outcome, Reason, Verdict};

/// The scheduler of pods on AWS Fargate.
///
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/fargate-getting-started.html>.
const FARGATE_SCHEDULER: &str = "fargate-scheduler";

static DIRECTIONS: Parameter<TrafficDirections> = Parameter {
    name: "directions",
    description: "The directions of traffic that network policies must deny by default: ingress, egress, or both.",
    default: TrafficDirections::Borrowed(&[TrafficDirection::Ingress, TrafficDirection::Egress]),
};

static REQUIRE_DNS: Parameter<bool> = Parameter {
    name: "requireDns",
    description: "If true, a network policy must allow DNS if egress is denied by default.",
    default: true,
};

pub(super) static CHECK: Check = Check {
    id: "k8s-default-deny",
    enabled: true,
    title: "Namespaces should deny network traffic by default",
    requirement: "In each namespace with workloads, network policies should deny all traffic that no policy allows.",
    severities: &[
        (
            Severity::Medium,
            "each pod of the namespace accepts traffic from all pods of the cluster",
        ),
        (
            Severity::Low,
            "new pods of the namespace are open, or its pods can send traffic to any destination",
        ),
    ],
    remediation: Remediation {
        text: "Create network policies for the traffic that is needed, such as DNS, then one with an empty podSelector and \
               the policy types Ingress and Egress.",
        command: "kubectl apply --namespace {namespace} --filename <default-deny.yaml>",
        url: "https://docs.aws.amazon.com/eks/latest/best-practices/network-security.html",
    },
    parameters: &[&DIRECTIONS, &REQUIRE_DNS, &EXCEPTIONS],
    needs: &[
        Need::Namespaces,
        Need::Workloads,
        Need::NetworkPolicies,
        Need::Services,
    ],
    evaluate: &EvaluateNamespaces {
        only: None,
        excepts_system_namespaces: true,
        evaluate,
    },
};

/// The cause for which the traffic of a direction is not denied by default.
enum Cause {
    /// The policies with these names allow all traffic.
    AllAllowed(String),
    /// Policies select each live workload, but not all pods that may be created.
    NewPodsOpen,
    /// No policy selects all pods.
    NoDefaultDeny,
}

/// The reasons that are found for the decision about a namespace.
#[derive(Default)]
struct Reasons {
    failures: Vec<(Severity, Option<Reason>)>,
    unread: Vec<Unread>,
    warnings: Vec<Reason>,
    passes: Vec<Reason>,
    /// The directions that network policies deny.
    denied: Vec<TrafficDirection>,
}

fn evaluate(namespace: NamespaceInCluster<'_>, settings: &ParameterValues) -> Verdict {
    if let Some(verdict) = namespace.without_live_workloads() {
        return verdict;
    }
    let Some(engine) = &namespace.cluster.network_policy_engine else {
        let unread = Unread::not_requested("the settings of network policies");
        return Verdict::not_available(&unread);
    };
    let mut reasons = Reasons::default();
    for direction in settings.get(&DIRECTIONS).iter() {
        match cause_of_open_traffic(namespace, *direction) {
            Ok(None) => reasons.add_denied(*direction),
            Ok(Some(cause)) => reasons.add_open(namespace, engine, *direction, cause),
            Err(unread) => reasons.unread.push(unread),
        }
    }
    if !reasons.denied.is_empty() {
        match engine.enforces_policies(namespace.cluster) {
            Ok(true) => {}
            Ok(false) => reasons.warnings.push(Reason::new(
                ReasonCode::PoliciesNotEnforced,
                "Network policies deny traffic, but nothing is known to enforce them. Enable them in the add-on vpc-cni. \
                 If you manage the plugin yourself, enable them both in the ConfigMap amazon-vpc-cni and in the \
                 arguments of the daemon set aws-node; in EKS Auto Mode, in the ConfigMap alone.",
            )),
            Err(unread) => reasons.unread.push(unread),
        }
    }
    let is_egress_denied = reasons.denied.contains(&TrafficDirection::Egress);
    if is_egress_denied && settings.get(&REQUIRE_DNS) && !namespace.cluster.auto_mode {
        match allows_dns(namespace) {
            Ok(true) => {}
            Ok(false) => reasons.warnings.push(Reason::new(
                ReasonCode::DnsBlocked,
                "Network policies deny egress, and none allows DNS. Allow UDP port 53 to the pods with the label \
                 k8s-app: kube-dns in the namespace kube-system.",
            )),
            Err(unread) => reasons.unread.extend(unread),
        }
    }
    reasons.verdict(not_covered(namespace))
}

impl Reasons {
    /// Adds a direction of traffic that network policies deny.
    fn add_denied(&mut self, direction: TrafficDirection) {
        self.denied.push(direction);
        self.passes.push(Reason::new(
            ReasonCode::DefaultDeny,
            format!("Network policies deny all {direction} traffic that no policy allows."),
        ));
    }

    /// Adds a direction of traffic that network policies don't deny, unless other settings may deny it.
    fn add_open(
        &mut self,
        namespace: NamespaceInCluster<'_>,
        engine: &NetworkPolicyEngine,
        direction: TrafficDirection,
        cause: Cause,
    ) {
        match engine.serves_other_policies() {
            Ok(true) => {
                self.warnings.push(Reason::new(
                    ReasonCode::OtherPolicyKinds,
                    format!(
                        "Network policies of Kubernetes do not deny {direction} traffic by default. Other kinds of \
                         policies, which the cluster serves, are not read. Review them manually."
                    ),
                ));
                return;
            }
            Ok(false) => {}
            Err(unread) => {
                self.unread.push(unread);
                return;
            }
        }
        // A policy that allows all traffic counts in strict mode, too.
        if !matches!(cause, Cause::AllAllowed(_)) {
            match is_denied_by_plugin(namespace, engine, direction) {
                Ok(true) => {
                    self.passes.push(Reason::new(
                        ReasonCode::StrictMode,
                        format!(
                            "The network plugin denies {direction} traffic of pods that no network policy selects."
                        ),
                    ));
                    return;
                }
                Ok(false) => {}
                Err(unread) => {
                    self.unread.push(unread);
                    return;
                }
            }
        }
        self.failures.push(failure(direction, cause));
    }

    /// Returns the decision. `note` is a reason that accompanies all others.
    fn verdict(self, note: Option<Reason>) -> Verdict {
        let unread = reasons_of(self.unread);
        let mut verdict = if let Some(mut failed) = Verdict::failed_by(self.failures) {
            failed.reasons.extend(unread);
            failed
        } else if !unread.is_empty() {
            Verdict::about_many(Outcome::NotAvailable, unread, Vec::new())
        } else if !self.warnings.is_empty() {
            Verdict::warning_for(self.warnings)
        } else {
            Verdict::passed_for(self.passes)
        };
        verdict.reasons.extend(note);
        verdict
    }
}

/// Returns the failure of a direction of traffic that is not denied.
fn failure(direction: TrafficDirection, cause: Cause) -> (Severity, Option<Reason>) {
    let severity = match direction {
        TrafficDirection::Ingress => Severity::Medium,
        TrafficDirection::Egress => Severity::Low,
    };
    let (severity, code, text) = match cause {
        Cause::AllAllowed(policies) => (
            severity,
            ReasonCode::AllowAll,
            format!(
                "Network policies allow all {direction} traffic of all pods, whatever others deny: {policies}. Remove \
                 their rules for all addresses."
            ),
        ),
        Cause::NewPodsOpen => (
            Severity::Low,
            ReasonCode::NewPodsOpen,
            format!(
                "Network policies for {direction} select each workload, but no policy selects all pods, so new workloads \
                 are open. Create one with an empty podSelector."
            ),
        ),
        Cause::NoDefaultDeny => (
            severity,
            ReasonCode::NoDefaultDeny,
            format!(
                "No network policy denies {direction} traffic of all pods. Create one with an empty podSelector."
            ),
        ),
    };
    (severity, Some(Reason::new(code, text)))
}

/// Returns the cause for which the network policies of a namespace don't deny the traffic of a direction; `None` if they do.
/// A policy that allows all traffic decides this, even if others are unknown.
fn cause_of_open_traffic(
    namespace: NamespaceInCluster<'_>,
    direction: TrafficDirection,
) -> Fact<Option<Cause>> {
    let policies = &namespace.namespace.network_policies;
    let allows_all = |policy: &NetworkPolicy| {
        let spec = &policy.spec;
        all_true([spec.selects_all_pods(), spec.allows_all(direction)])
    };
    let allowing = names_of(policies, |policy| allows_all(policy) == Ok(true));
    if !allowing.is_empty() {
        return Ok(Some(Cause::AllAllowed(allowing)));
    }
    if let Some(unread) = namespace.cluster.unread(ApiList::NetworkPolicies) {
        return Err(unread);
    }
    let denies = |policy: &NetworkPolicy| {
        let spec = &policy.spec;
        all_true([spec.selects_all_pods(), spec.applies_to(direction)])
    };
    let is_denied = any_true(policies.iter().map(|policy| denies(policy)));
    let is_unknown =
        |policy: &NetworkPolicy| allows_all(policy).is_err() || denies(policy).is_err();
    match is_denied {
        Ok(true) if !policies.iter().any(|policy| is_unknown(policy)) => Ok(None),
        Ok(false) => {
            let mut workloads = namespace.live_workloads();
            let are_selected = workloads
                .all(|workload| workload.policy_selection.in_direction(direction) == Selected::Yes);
            let are_known = namespace.cluster.missing(Need::Workloads.into()).is_empty();
            Ok(Some(if are_selected && are_known {
                Cause::NewPodsOpen
            } else {
                Cause::NoDefaultDeny
            }))
        }
        _ => Err(not_understood(policies, is_unknown)),
    }
}

/// Returns `true` if the network plugin denies the traffic of a direction of all pods in a namespace that no policy denies.
/// The mode alone is not enough: for a pod that policies select, the plugin allows all traffic of a direction to which
/// none of them applies, in each mode.
///
/// Source: `reconcilePolicyEndpoint` in <https://github.com/aws/aws-network-policy-agent>.
fn is_denied_by_plugin(
    namespace: NamespaceInCluster<'_>,
    engine: &NetworkPolicyEngine,
    direction: TrafficDirection,
) -> Fact<bool> {
    let policies = &namespace.namespace.network_policies;
    let applies = |policy: &NetworkPolicy| policy.spec.applies_to(direction);
    let do_all_apply = all_true(policies.iter().map(|policy| applies(policy)));
    let do_all_apply = do_all_apply
        .map_err(|InvalidField| not_understood(policies, |policy| applies(policy).is_err()));
    all_true([engine.is_strict(namespace.cluster), do_all_apply])
}

/// Returns `true` if a network policy of the namespace allows its pods to use the DNS servers of the cluster, or the
/// reasons why this is unknown.
fn allows_dns(namespace: NamespaceInCluster<'_>) -> Result<bool, Vec<Unread>> {
    let cluster = namespace.cluster;
    let of_dns = cluster.namespaces.get(DNS_NAMESPACE);
    let mut services = of_dns.into_iter().flat_map(|namespace| &namespace.services);
    let service = services.find(|service| service.name == DNS_SERVICE);
    let found = service.map(Service::addresses);
    let unread = cluster.unread(ApiList::Services);
    let has_all_addresses = match &found {
        Some(addresses) => addresses.is_ok(),
        None => unread.is_none(),
    };
    let mut addresses = vec![NODE_LOCAL_DNS];
    addresses.extend(found.and_then(Result::ok).into_iter().flatten());
    let dns = DnsServers {
        namespace_labels: of_dns.and_then(|namespace| namespace.labels.as_ref()),
        addresses: &addresses,
        has_all_addresses,
    };
    let policies = &namespace.namespace.network_policies;
    let allows = |policy: &NetworkPolicy| policy.spec.allows_dns(namespace.name, dns);
    any_true(policies.iter().map(|policy| allows(policy))).map_err(|InvalidField| {
        let lists = [cluster.unread(ApiList::Namespaces), unread];
        let mut reasons: Vec<Unread> = lists.into_iter().flatten().collect();
        if reasons.is_empty() {
            reasons.push(not_understood(policies, |policy| allows(policy).is_err()));
        }
        reasons
    })
}

/// Returns a reason if network policies have no effect on the pods in the namespace. Those of the Amazon VPC CNI plugin
/// have none on pods that use the network of their node, run on AWS Fargate, or run on Windows.
///
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html>.
fn not_covered(namespace: NamespaceInCluster<'_>) -> Option<Reason> {
    let mut workloads = namespace.live_workloads();
    workloads.all(is_not_covered).then(|| {
        Reason::new(
            ReasonCode::PodsNotCovered,
            "All pods in the namespace use the network of their nodes, or run on AWS Fargate or on Windows, where the Amazon \
             VPC CNI plugin does not enforce network policies.",
        )
    })
}

fn is_not_covered(workload: &Workload) -> bool {
    let is_not_covered = |spec: &Arc<PodSpec>| {
        let scheduler = spec.scheduler_name.value();
        spec.host_network.value() == Some(&true)
            || scheduler.is_some_and(|name| name == FARGATE_SCHEDULER)
            || matches!(spec.windows(), Ok(Some(_)))
    };
    if workload.running.is_empty() {
        return workload.template.as_ref().is_some_and(is_not_covered);
    }
    let mut running = workload.running.iter();
    running.all(|pods| is_not_covered(&pods.spec))
}

fn names_of(policies: &[Arc<NetworkPolicy>], is_named: impl Fn(&NetworkPolicy) -> bool) -> String {
    let named = policies.iter().filter(|policy| is_named(policy));
    names(named.map(|policy| policy.name.as_str()))
}

fn not_understood(
    policies: &[Arc<NetworkPolicy>],
    is_unknown: impl Fn(&NetworkPolicy) -> bool,
) -> Unread {
    Unread {
        code: ReasonCode::ReadFailed,
        text: format!(
            "Network policies have a setting of an unknown type or value: {}. Review them manually.",
            names_of(policies, is_unknown)
        ),
    }
}

#[cfg(test)]
mod tests;
