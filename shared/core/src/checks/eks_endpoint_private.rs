//! ## What it checks
//!
//! The Kubernetes API server of an EKS cluster should not be reachable from the internet. The check fails when the
//! cluster's public endpoint is on, unless every CIDR block in `publicAccessCidrs` lies inside `allowedPublicCidrs`. A
//! response without endpoint flags means the default of AWS: public access for 0.0.0.0/0.
//!
//! ## Why it matters
//!
//! Anyone who reaches the API server can try stolen credentials and unpatched vulnerabilities on it. With the private
//! endpoint alone, an attacker must first be inside the network. A public endpoint that the whole internet can reach
//! has severity HIGH; one that only some addresses can reach has severity MEDIUM.
//!
//! ## How to fix it
//!
//! Turn the private endpoint on and the public endpoint off. Users of the cluster then need access to its VPC. If a
//! public endpoint must stay, restrict it to the addresses that need it and allow those with the parameter.
//!
//! ## How to prevent it
//!
//! A service control policy in AWS Organizations can deny clusters with a public endpoint. The first statement also
//! denies requests that do not state the setting, since the endpoint is public by default; an update without the
//! setting keeps the endpoint as it is. No condition key contains the allowed addresses, so the policy also denies
//! public endpoints that only some addresses can reach. The condition keys of EKS are listed in
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html>.
//!
//! ```json
//! {
//!   "Version": "2012-10-17",
//!   "Statement": [
//!     {
//!       "Sid": "CreateClustersWithoutPublicEndpoint",
//!       "Effect": "Deny",
//!       "Action": "eks:CreateCluster",
//!       "Resource": "*",
//!       "Condition": {"BoolIfExists": {"eks:endpointPublicAccess": "true"}}
//!     },
//!     {
//!       "Sid": "KeepPublicEndpointsOff",
//!       "Effect": "Deny",
//!       "Action": "eks:UpdateClusterConfig",
//!       "Resource": "*",
//!       "Condition": {"Bool": {"eks:endpointPublicAccess": "true"}}
//!     }
//!   ]
//! }
//! ```

use ipnet::IpNet;

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static ALLOWED_PUBLIC_CIDRS: Parameter<Vec<IpNet>> = Parameter {
    name: "allowedPublicCidrs",
    description: "CIDR blocks that may have access to the public endpoint.",
    default: Vec::new(),
};

pub(super) static CHECK: Check = Check {
    id: "eks-endpoint-private",
    enabled: true,
    title: "EKS clusters should not have a public endpoint",
    requirement: "The Kubernetes API server should be reachable only through the private endpoint or from allowed \
                  addresses.",
    severities: &[
        (
            Severity::High,
            "the whole internet can reach the API server",
        ),
        (
            Severity::Medium,
            "some addresses on the internet can reach the API server",
        ),
    ],
    remediation: Remediation {
        text: "Turn the private endpoint on and the public endpoint off.",
        command: "aws eks update-cluster-config --region {region} --name {name} --resources-vpc-config \
                  endpointPrivateAccess=true,endpointPublicAccess=false",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
    },
    parameters: &[&ALLOWED_PUBLIC_CIDRS],
    needs: &[],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    if !cluster.endpoint.public {
        return Verdict::passed(ReasonCode::PublicEndpointOff, "The public endpoint is off.");
    }
    let blocks = match &cluster.endpoint.public_access_cidrs {
        Ok(blocks) => blocks,
        Err(unread) => return Verdict::not_available(unread),
    };
    let allowed = IpNet::aggregate(&settings.get(&ALLOWED_PUBLIC_CIDRS));
    let outside: Vec<String> = blocks
        .iter()
        .filter(|block| !allowed.iter().any(|allowed| allowed.contains(*block)))
        .map(ToString::to_string)
        .collect();
    if outside.is_empty() {
        return Verdict::passed(
            ReasonCode::PublicEndpointAllowed,
            "The public endpoint is on and can be reached only from allowed addresses.",
        );
    }
    if cluster.endpoint.is_open_to_world() {
        return Verdict::failed(
            Severity::High,
            ReasonCode::PublicEndpointOpenToWorld,
            "The public endpoint is on and open to the whole internet.",
        );
    }
    let text = format!(
        "The public endpoint is on and can be reached from {}.",
        outside.join(", ")
    );
    Verdict::failed(Severity::Medium, ReasonCode::PublicEndpointOn, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, settings};
    use crate::facts::cluster::Endpoint;
    use crate::verdict::Outcome;

    fn outcome(public: bool, private: bool, cidrs: &[&str], parameters: &str) -> Outcome {
        let endpoint = Endpoint::read(public, private, cidrs.iter().copied());
        evaluate(
            &EksCluster {
                endpoint,
                ..cluster()
            },
            &settings(CHECK.parameters, parameters),
        )
        .outcome
    }

    #[test]
    fn the_severity_depends_on_the_addresses_that_can_reach_the_endpoint() {
        const HIGH: Outcome = Outcome::Failed(Severity::High);
        const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
        for (public, private, cidrs, expected) in [
            (false, true, &[] as &[_], Outcome::Passed),
            (false, true, &["0.0.0.0/0"], Outcome::Passed),
            (false, false, &[], HIGH),
            (true, false, &[], HIGH),
            (true, true, &["0.0.0.0/0"], HIGH),
            (true, true, &["::/0"], HIGH),
            (true, true, &["0.0.0.0/1", "128.0.0.0/1"], HIGH),
            (true, true, &["::/1", "8000::/1", "10.0.0.0/8"], HIGH),
            (true, true, &["203.0.113.7/32"], MEDIUM),
            (true, true, &["0.0.0.0/1"], MEDIUM),
            (true, true, &["nowhere"], Outcome::NotAvailable),
        ] {
            assert_eq!(
                outcome(public, private, cidrs, "{}"),
                expected,
                "{public} {private} {cidrs:?}"
            );
        }
    }

    #[test]
    fn allowed_addresses_pass() {
        for (cidrs, allowed, expected) in [
            (
                &["203.0.113.7/32"] as &[_],
                "203.0.113.0/24",
                Outcome::Passed,
            ),
            (&["10.0.0.0/8"], "10.0.0.0/9,10.128.0.0/9", Outcome::Passed),
            (
                &["203.0.113.7/32", "198.51.100.1/32"],
                "203.0.113.0/24",
                Outcome::Failed(Severity::Medium),
            ),
            (
                &["0.0.0.0/0"],
                "203.0.113.0/24",
                Outcome::Failed(Severity::High),
            ),
            (&[], "0.0.0.0/0", Outcome::Passed),
        ] {
            let parameters = format!(r#"{{"allowedPublicCidrs": "{allowed}"}}"#);
            assert_eq!(
                outcome(true, true, cidrs, &parameters),
                expected,
                "{cidrs:?} in {allowed}"
            );
        }
    }
}
