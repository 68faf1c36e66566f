//! ## What it checks
//!
//! The load balancers of an EKS cluster should encrypt the connections of their clients. The check fails if an HTTP
//! listener of an Application Load Balancer has a rule that does anything with requests other than to redirect them to
//! HTTPS or to return a fixed response. A redirect to `#{protocol}` stays HTTP, so it fails. The check also fails if the
//! security policy of an HTTPS or TLS listener allows a TLS version that is older than `minTlsVersion`. The severity is
//! MEDIUM, or LOW if all such load balancers are internal. If `internal` is false, internal load balancers are not
//! evaluated.
//!
//! The load balancers of a cluster are those with the tags of the AWS Load Balancer Controller (`elbv2.k8s.aws/cluster`,
//! or `ingress.k8s.aws/cluster` for its old versions), of EKS Auto Mode (`eks:eks-cluster-name`), or of the AWS cloud
//! provider (`kubernetes.io/cluster/<name>` with the value `owned`, and `kubernetes.io/service-name`). Load balancers
//! that were created in other ways are not evaluated.
//!
//! Listeners for TCP, UDP and QUIC pass, since TLS connections may end in the pods behind them. The result is a warning
//! if the cluster has Classic Load Balancers, which are not evaluated, or a listener with an unknown protocol.
//!
//! ## Why it matters
//!
//! Everyone on the network between a client and the load balancer can read and change unencrypted requests, including
//! passwords and session cookies. TLS 1.0 and 1.1 have known weaknesses, and are deprecated (RFC 8996).
//!
//! ## How to fix it
//!
//! For an Ingress, set the annotations `alb.ingress.kubernetes.io/certificate-arn`,
//! `alb.ingress.kubernetes.io/ssl-redirect` and `alb.ingress.kubernetes.io/ssl-policy`. For a Service, set
//! `service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy`. The controller applies them to the load
//! balancer, and would revert a change of the listener itself.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::cluster::{Handling, Listener, LoadBalancer, LoadBalancerKind, TlsVersion};
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

static MIN_TLS_VERSION: Parameter<TlsVersion> = Parameter {
    name: "minTlsVersion",
    description: "The oldest TLS version that listeners may accept.",
    default: TlsVersion::V1_2,
};

static INTERNAL: Parameter<bool> = Parameter {
    name: "internal",
    description: "If false, internal load balancers are not evaluated.",
    default: true,
};

pub(super) static CHECK: Check = Check {
    id: "eks-load-balancer-tls",
    enabled: true,
    title: "Load balancers of EKS clusters should serve TLS",
    requirement: "Listeners should redirect HTTP to HTTPS, and accept no TLS version that is older than minTlsVersion.",
    severities: &[
        (
            Severity::Medium,
            "requests from the internet can be read or changed on their way to the load balancer",
        ),
        (
            Severity::Low,
            "requests from the VPC and connected networks can be read or changed on their way",
        ),
    ],
    remediation: Remediation {
        text: "Set the annotations certificate-arn and ssl-redirect of the Ingress. Replace an old security policy in \
               the annotation ssl-policy or, for a listener that no controller manages, with the command.",
        command: "aws elbv2 modify-listener --region {region} --listener-arn <listener> --ssl-policy \
                  ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/alb-ingress.html",
    },
    parameters: &[&MIN_TLS_VERSION, &INTERNAL],
    needs: &[Need::LoadBalancers],
    evaluate: &Evaluate(evaluate),
};

/// The problems of the listeners of a cluster's load balancers.
#[derive(Debug, Default)]
struct Problems<'a> {
    /// The listeners that serve HTTP.
    http: Vec<String>,
    /// The listeners that accept old TLS versions.
    old_tls: Vec<String>,
    /// The listeners whose protocols are unknown.
    unknown: Vec<String>,
    /// `true` if a listener of a load balancer that is not known to be internal fails.
    is_exposed: bool,
    unread: Vec<&'a Unread>,
}

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let min = settings.get(&MIN_TLS_VERSION);
    let with_internal = settings.get(&INTERNAL);
    let all = &cluster.load_balancers;
    let is_evaluated = |balancer: &&LoadBalancer| with_internal || balancer.is_internal != Ok(true);
    let evaluated: Vec<&LoadBalancer> = all.items.iter().filter(is_evaluated).collect();
    let mut problems = Problems::default();
    problems.unread.extend(&all.missing);
    for balancer in &evaluated {
        problems.add(balancer, min, with_internal);
    }

    let failures = problems.failures(min);
    if !failures.is_empty() {
        let severity = if problems.is_exposed {
            Severity::Medium
        } else {
            Severity::Low
        };
        return Verdict::failed_for(severity, failures);
    }
    if let Some(unread) = problems.unread.first() {
        return Verdict::not_available(unread);
    }
    if evaluated.is_empty() {
        return Verdict::not_applicable(
            ReasonCode::NoLoadBalancers,
            if all.items.is_empty() {
                "The cluster has no load balancers."
            } else {
                "The cluster has only internal load balancers."
            },
        );
    }
    let warnings = warnings(&evaluated, &problems.unknown);
    if !warnings.is_empty() {
        return Verdict::warning_for(warnings);
    }
    Verdict::passed(
        ReasonCode::TlsServed,
        format!(
            "No listener serves HTTP without redirecting it to HTTPS, or accepts a TLS version older than {min}."
        ),
    )
}

impl<'a> Problems<'a> {
    /// Adds the problems of a load balancer. If internal load balancers do not count, a failure of one that may be
    /// internal is uncertain.
    fn add(&mut self, balancer: &'a LoadBalancer, min: TlsVersion, with_internal: bool) {
        self.unread.extend(&balancer.listeners.missing);
        for listener in &balancer.listeners.items {
            let list = match &listener.handling {
                Handling::Http {
                    serves_requests: Ok(true),
                } => &mut self.http,
                Handling::Tls {
                    oldest_version: Ok(version),
                } if *version < min => &mut self.old_tls,
                Handling::Http {
                    serves_requests: Err(unread),
                }
                | Handling::Tls {
                    oldest_version: Err(unread),
                } => {
                    self.unread.push(unread);
                    continue;
                }
                Handling::Unknown => {
                    self.unknown.push(name(balancer, listener));
                    continue;
                }
                Handling::Http { .. } | Handling::Tls { .. } | Handling::PassThrough => continue,
            };
            match &balancer.is_internal {
                Err(unread) if !with_internal => self.unread.push(unread),
                is_internal => {
                    list.push(name(balancer, listener));
                    self.is_exposed |= *is_internal != Ok(true);
                }
            }
        }
    }

    fn failures(&self, min: TlsVersion) -> Vec<Reason> {
        let http = reason(
            ReasonCode::HttpServed,
            "These listeners serve HTTP without redirecting all requests to HTTPS",
            &self.http,
        );
        let old_tls = reason(
            ReasonCode::OldTlsVersionAccepted,
            &format!("These listeners accept TLS versions older than {min}"),
            &self.old_tls,
        );
        [http, old_tls].into_iter().flatten().collect()
    }
}

fn warnings(evaluated: &[&LoadBalancer], unknown: &[String]) -> Vec<Reason> {
    let is_classic = |balancer: &&&LoadBalancer| balancer.kind == LoadBalancerKind::Classic;
    let classic = evaluated.iter().filter(is_classic);
    let classic: Vec<String> = classic.map(|balancer| balancer.name.clone()).collect();
    let classic = reason(
        ReasonCode::ClassicLoadBalancers,
        "The check does not evaluate Classic Load Balancers",
        &classic,
    );
    let unknown = reason(
        ReasonCode::UnknownListenerProtocol,
        "The protocols of these listeners are unknown",
        unknown,
    );
    [classic, unknown].into_iter().flatten().collect()
}

/// Returns a reason that names these load balancers or listeners, or `None` if there are none.
fn reason(code: ReasonCode, begin: &str, items: &[String]) -> Option<Reason> {
    let items = names(items.iter().map(String::as_str));
    (!items.is_empty()).then(|| Reason::new(code, format!("{begin}: {items}.")))
}

/// Returns the name of a listener in reasons: `k8s-shop HTTP:80 (internal)`.
fn name(balancer: &LoadBalancer, listener: &Listener) -> String {
    let scheme = match balancer.is_internal {
        Ok(true) => " (internal)",
        Ok(false) => " (internet-facing)",
        Err(_) => "",
    };
    format!("{} {listener}{scheme}", balancer.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, listener, load_balancer, settings, unread};
    use crate::facts::{Fact, List};
    use crate::verdict::Outcome;

    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const LOW: Outcome = Outcome::Failed(Severity::Low);

    fn http(serves_requests: Fact<bool>) -> Listener {
        listener("HTTP", 80, Handling::Http { serves_requests })
    }

    fn tls(protocol: &str, oldest: &str) -> Listener {
        let oldest_version = Ok(oldest.parse().unwrap());
        listener(protocol, 443, Handling::Tls { oldest_version })
    }

    fn with(is_internal: Fact<bool>, listeners: Vec<Listener>) -> LoadBalancer {
        LoadBalancer {
            is_internal,
            listeners: List::complete(listeners),
            ..load_balancer()
        }
    }

    fn classic() -> LoadBalancer {
        LoadBalancer {
            name: "a1b2".into(),
            kind: LoadBalancerKind::Classic,
            ..with(Err(unread()), vec![])
        }
    }

    fn verdict(load_balancers: List<LoadBalancer>, parameters: &str) -> Verdict {
        let cluster = EksCluster {
            load_balancers,
            ..cluster()
        };
        evaluate(&cluster, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn listeners_decide_the_outcome() {
        let tcp = || listener("TCP", 443, Handling::PassThrough);
        let odd = || listener("HTTP9", 443, Handling::Unknown);
        let unread_policy = Handling::Tls {
            oldest_version: Err(unread()),
        };
        let unread_policy = listener("TLS", 8443, unread_policy);
        for (listeners, expected) in [
            (vec![], Outcome::Passed),
            (vec![http(Ok(false))], Outcome::Passed),
            (vec![http(Ok(false)), tls("HTTPS", "1.2")], Outcome::Passed),
            (vec![http(Ok(true))], MEDIUM),
            (vec![http(Ok(true)), tls("HTTPS", "1.2")], MEDIUM),
            (vec![tls("HTTPS", "1.0")], MEDIUM),
            (vec![tls("TLS", "1.1")], MEDIUM),
            (vec![tls("TLS", "1.3")], Outcome::Passed),
            (vec![tcp()], Outcome::Passed),
            (vec![http(Err(unread()))], Outcome::NotAvailable),
            (vec![http(Err(unread())), http(Ok(true))], MEDIUM),
            (vec![unread_policy.clone()], Outcome::NotAvailable),
            (vec![unread_policy, odd()], Outcome::NotAvailable),
            (vec![odd()], Outcome::Warning),
            (vec![odd(), http(Ok(true))], MEDIUM),
        ] {
            let balancer = with(Ok(false), listeners);
            let verdict = verdict(List::complete(vec![balancer]), "{}");
            assert_eq!(verdict.outcome, expected, "{verdict:?}");
        }
    }

    #[test]
    fn the_oldest_version_is_compared_with_the_parameter() {
        for (parameters, oldest, expected) in [
            ("{}", "1.1", MEDIUM),
            ("{}", "1.2", Outcome::Passed),
            (r#"{"minTlsVersion": "1.0"}"#, "1.0", Outcome::Passed),
            (r#"{"minTlsVersion": "1.1"}"#, "1.0", MEDIUM),
            (r#"{"minTlsVersion": "1.1"}"#, "1.1", Outcome::Passed),
            (r#"{"minTlsVersion": 1.3}"#, "1.2", MEDIUM),
            (r#"{"minTlsVersion": 1.3}"#, "1.3", Outcome::Passed),
        ] {
            let balancer = with(Ok(false), vec![tls("HTTPS", oldest)]);
            let verdict = verdict(List::complete(vec![balancer]), parameters);
            assert_eq!(verdict.outcome, expected, "{parameters} {oldest}");
        }
    }

    #[test]
    fn the_scheme_decides_the_severity_and_whether_a_load_balancer_counts() {
        let fails = |is_internal| with(is_internal, vec![http(Ok(true))]);
        let passes = |is_internal| with(is_internal, vec![http(Ok(false))]);
        let without = r#"{"internal": false}"#;
        for (balancers, parameters, expected) in [
            (vec![fails(Ok(false))], "{}", MEDIUM),
            (vec![fails(Ok(true))], "{}", LOW),
            (vec![fails(Ok(true)), fails(Ok(false))], "{}", MEDIUM),
            (vec![fails(Ok(true)), passes(Ok(false))], "{}", LOW),
            (vec![fails(Err(unread()))], "{}", MEDIUM),
            (vec![fails(Err(unread())), fails(Ok(true))], "{}", MEDIUM),
            (vec![passes(Err(unread()))], "{}", Outcome::Passed),
            (vec![fails(Ok(false))], without, MEDIUM),
            (vec![fails(Ok(true))], without, Outcome::NotApplicable),
            (
                vec![fails(Ok(true)), passes(Ok(false))],
                without,
                Outcome::Passed,
            ),
            (vec![fails(Err(unread()))], without, Outcome::NotAvailable),
            (
                vec![fails(Err(unread())), fails(Ok(false))],
                without,
                MEDIUM,
            ),
            (vec![passes(Err(unread()))], without, Outcome::Passed),
        ] {
            let verdict = verdict(List::complete(balancers.clone()), parameters);
            assert_eq!(verdict.outcome, expected, "{parameters} {balancers:?}");
        }
    }

    #[test]
    fn what_is_missing_prevents_a_pass_but_not_a_failure() {
        let incomplete = |listeners: Vec<Listener>| LoadBalancer {
            listeners: List {
                items: listeners,
                missing: Some(unread()),
            },
            ..load_balancer()
        };
        let fails = with(Ok(true), vec![http(Ok(true))]);
        for (items, missing, expected) in [
            (vec![], None, Outcome::NotApplicable),
            (vec![], Some(unread()), Outcome::NotAvailable),
            (vec![load_balancer()], Some(unread()), Outcome::NotAvailable),
            (vec![classic()], Some(unread()), Outcome::NotAvailable),
            (vec![fails.clone()], Some(unread()), LOW),
            (vec![incomplete(vec![])], None, Outcome::NotAvailable),
            (
                vec![incomplete(vec![http(Ok(false))])],
                None,
                Outcome::NotAvailable,
            ),
            (vec![incomplete(vec![http(Ok(true))])], None, MEDIUM),
            (vec![incomplete(vec![]), fails], None, LOW),
        ] {
            let list = List { items, missing };
            let verdict = verdict(list.clone(), "{}");
            assert_eq!(verdict.outcome, expected, "{list:?}");
        }
    }

    #[test]
    fn classic_load_balancers_are_a_warning_unless_another_one_fails() {
        for (balancers, expected) in [
            (vec![classic()], Outcome::Warning),
            (vec![classic(), load_balancer()], Outcome::Warning),
            (vec![classic(), with(Ok(true), vec![http(Ok(true))])], LOW),
        ] {
            let verdict = verdict(List::complete(balancers.clone()), "{}");
            assert_eq!(verdict.outcome, expected, "{balancers:?}");
        }
        let warning = verdict(List::complete(vec![classic()]), "{}");
        assert_eq!(warning.codes(), ["CLASSIC_LOAD_BALANCERS"]);
        assert_eq!(
            warning.explanation(),
            "The check does not evaluate Classic Load Balancers: a1b2."
        );
    }

    #[test]
    fn reasons_name_the_listeners_that_fail() {
        let shop = LoadBalancer {
            name: "k8s-shop".into(),
            ..with(Ok(false), vec![tls("HTTPS", "1.0"), http(Ok(true))])
        };
        let admin = LoadBalancer {
            name: "k8s-admin".into(),
            ..with(Ok(true), vec![http(Ok(true)), tls("HTTPS", "1.2")])
        };
        let failed = verdict(List::complete(vec![shop, admin]), "{}");
        let reasons = failed.reasons.iter();
        let reasons: Vec<_> = reasons
            .map(|reason| (reason.code.word(), reason.text.as_str()))
            .collect();
        let expected = [
            (
                "HTTP_SERVED",
                "These listeners serve HTTP without redirecting all requests to HTTPS: k8s-admin HTTP:80 (internal), \
                 k8s-shop HTTP:80 (internet-facing).",
            ),
            (
                "OLD_TLS_VERSION_ACCEPTED",
                "These listeners accept TLS versions older than 1.2: k8s-shop HTTPS:443 (internet-facing).",
            ),
        ];
        assert_eq!(reasons, expected);
    }

    #[test]
    fn clusters_without_load_balancers_to_evaluate_say_why() {
        let text = |balancers: Vec<LoadBalancer>| {
            let verdict = verdict(List::complete(balancers), r#"{"internal": false}"#);
            assert_eq!(verdict.codes(), ["NO_LOAD_BALANCERS"]);
            verdict.explanation()
        };
        assert_eq!(text(vec![]), "The cluster has no load balancers.");
        let internal = with(Ok(true), vec![]);
        assert_eq!(
            text(vec![internal]),
            "The cluster has only internal load balancers."
        );
    }
}
