//! ## What it checks
//!
//! The VPC of an EKS cluster should have private endpoints for the services that nodes need to pull images from Amazon
//! ECR, and for any other services in `services`. The check fails if the VPC has no available endpoint for a service.
//! An interface endpoint whose private DNS is off results in a warning if there is no other endpoint for the service,
//! since clients use it only if you have a private hosted zone for it. For Amazon S3, where ECR stores the layers of
//! images, and for DynamoDB, a gateway endpoint is sufficient; its route tables are not evaluated.
//!
//! The check does not apply if another account shares the VPC with the cluster's account, since only the owner of a VPC
//! sees its endpoints. Set `centralEndpoints` if the VPC uses endpoints in another VPC, and the check does not apply.
//!
//! ## Why it matters
//!
//! With private endpoints, images reach the nodes without a NAT gateway or an internet gateway. The nodes then need no
//! access to the internet, and endpoint policies can restrict the repositories that they reach.
//!
//! ## How to fix it
//!
//! Create interface endpoints with private DNS for `ecr.api` and `ecr.dkr`, and a gateway endpoint for `s3`. The
//! security groups of the interface endpoints must allow port 443 from the nodes.

use std::borrow::Cow;

use crate::arn::Arn;
use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::vpc::own_vpc;
use crate::facts::cluster::VpcEndpoint;
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues, Texts};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

/// The services with gateway endpoints.
/// Source: <https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html>.
const WITH_GATEWAYS: [&str; 2] = ["dynamodb", "s3"];

static SERVICES: Parameter<Texts> = Parameter {
    name: "services",
    description: "The services that must have an endpoint, by the part of their names that follows the Region, for \
                  example ecr.api, sts, logs or eks-auth.",
    default: Cow::Borrowed(&[
        Cow::Borrowed("ecr.api"),
        Cow::Borrowed("ecr.dkr"),
        Cow::Borrowed("s3"),
    ]),
};

static CENTRAL_ENDPOINTS: Parameter<bool> = Parameter {
    name: "centralEndpoints",
    description: "Whether the VPC uses endpoints in another VPC, through a transit gateway and private hosted zones.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "eks-ecr-endpoints",
    enabled: true,
    title: "The VPCs of EKS clusters should have private endpoints for ECR",
    requirement: "The VPC of the cluster should have private endpoints for the services that pulling images needs.",
    severities: &[(
        Severity::Low,
        "images reach the nodes through NAT gateways or the internet, although encrypted",
    )],
    remediation: Remediation {
        text: "Create an endpoint for each of the services, with private DNS if it is an interface endpoint.",
        command: "aws ec2 create-vpc-endpoint --region {region} --vpc-id <vpc> --vpc-endpoint-type Interface \
                  --service-name com.amazonaws.{region}.ecr.dkr --subnet-ids <subnets> --security-group-ids <group> \
                  --private-dns-enabled",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html",
    },
    parameters: &[&SERVICES, &CENTRAL_ENDPOINTS],
    needs: &[Need::VpcEndpoints, Need::Subnets],
    evaluate: &Evaluate(evaluate),
};

/// The private access to a service, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Access {
    /// An endpoint is in use.
    Private,
    /// An endpoint is available, and its private DNS is unknown.
    DnsUnknown,
    /// An endpoint is available, but its private DNS is off.
    WithoutDns,
    /// There are endpoints, but none is available.
    Unavailable,
    /// There is no endpoint.
    Missing,
}

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    if settings.get(&CENTRAL_ENDPOINTS) {
        return Verdict::not_applicable(
            ReasonCode::CentralEndpoints,
            "The VPC uses endpoints in another VPC, according to the parameter centralEndpoints.",
        );
    }
    let vpc = match own_vpc(cluster, "endpoints") {
        Ok(vpc) => vpc,
        Err(verdict) => return verdict,
    };
    let region = cluster.arn.parse().ok();
    let region = region.map(|arn: Arn| arn.region().to_owned());
    let Some(region) = region.filter(|region| !region.is_empty()) else {
        return Verdict::not_available(&Unread {
            code: ReasonCode::ReadFailed,
            text: "The ARN of the cluster names no Region.".to_owned(),
        });
    };
    let services = settings.get(&SERVICES);
    let endpoints = &cluster.network.endpoints;
    let with = |wanted| {
        let services = services.iter().map(AsRef::as_ref);
        names(services.filter(|service| access(&endpoints.items, service, &region) == wanted))
    };
    let [unknown, without_dns, unavailable, missing] = [
        Access::DnsUnknown,
        Access::WithoutDns,
        Access::Unavailable,
        Access::Missing,
    ]
    .map(with);

    let reason = |code, begin: String, services: &str| {
        (!services.is_empty()).then(|| Reason::new(code, format!("{begin}: {services}.")))
    };
    let failures = [
        reason(
            ReasonCode::VpcEndpointMissing,
            format!("The VPC {vpc} has no endpoint for these services"),
            &missing,
        ),
        reason(
            ReasonCode::VpcEndpointUnavailable,
            format!("No endpoint in the VPC {vpc} is available for these services"),
            &unavailable,
        ),
    ];
    let warning = reason(
        ReasonCode::VpcEndpointWithoutDns,
        format!(
            "Private DNS is off for the endpoints in the VPC {vpc} for these services, so they are used only with a \
             private hosted zone"
        ),
        &without_dns,
    );
    let failures: Vec<Reason> = failures.into_iter().flatten().collect();
    // Endpoints that were not read may give access to the services.
    let is_private = failures.is_empty() && unknown.is_empty() && warning.is_none();
    match &endpoints.missing {
        _ if is_private => Verdict::passed(
            ReasonCode::VpcEndpointsAvailable,
            format!("The VPC {vpc} has available endpoints for all required services."),
        ),
        Some(unread) => Verdict::not_available(unread),
        None if !failures.is_empty() => {
            Verdict::failed_for(Severity::Low, failures.into_iter().chain(warning).collect())
        }
        None if !unknown.is_empty() => Verdict::not_available(&Unread {
            code: ReasonCode::VpcEndpointDnsUnknown,
            text: format!(
                "ec2:DescribeVpcEndpoints did not return whether private DNS is on for the endpoints for these \
                 services: {unknown}."
            ),
        }),
        None => Verdict::warning_for(warning.into_iter().collect()),
    }
}

/// Returns the private access to a service through endpoints.
fn access(endpoints: &[VpcEndpoint], service: &str, region: &str) -> Access {
    let is_suitable = |endpoint: &&VpcEndpoint| {
        endpoint.is_for(service, region)
            && (endpoint.is_interface || WITH_GATEWAYS.contains(&service))
    };
    let accesses = endpoints.iter().filter(is_suitable).map(|endpoint| {
        match (endpoint.is_available, endpoint.has_private_dns) {
            (false, _) => Access::Unavailable,
            // Only interface endpoints have private DNS.
            (true, _) if !endpoint.is_interface => Access::Private,
            (true, Some(true)) => Access::Private,
            (true, Some(false)) => Access::WithoutDns,
            (true, None) => Access::DnsUnknown,
        }
    });
    accesses.min().unwrap_or(Access::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, network, settings, subnet, unread, vpc_endpoint};
    use crate::facts::List;
    use crate::facts::cluster::{Network, Subnet};
    use crate::verdict::Outcome;

    const LOW: Outcome = Outcome::Failed(Severity::Low);

    fn with(endpoints: List<VpcEndpoint>) -> EksCluster {
        EksCluster {
            network: Network {
                endpoints,
                ..network()
            },
            ..cluster()
        }
    }

    /// Returns endpoints for services, separated by spaces. A sign follows the name: `!` if the endpoint is not
    /// available, `-` if its private DNS is off, `?` if that is unknown, and `>` if it is a gateway endpoint.
    fn endpoints(texts: &str) -> Vec<VpcEndpoint> {
        let endpoint = |text: &str| {
            let service = text.trim_end_matches(['!', '-', '?', '>']);
            let is_interface = !text.ends_with('>');
            VpcEndpoint {
                is_interface,
                is_available: !text.ends_with('!'),
                has_private_dns: match text {
                    text if text.ends_with('?') => None,
                    text => Some(is_interface && !text.ends_with('-')),
                },
                ..vpc_endpoint(service)
            }
        };
        texts.split_whitespace().map(endpoint).collect()
    }

    fn verdict(cluster: &EksCluster, parameters: &str) -> Verdict {
        evaluate(cluster, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn each_service_needs_an_available_endpoint() {
        for (found, expected) in [
            ("ecr.api ecr.dkr s3>", "VPC_ENDPOINTS_AVAILABLE"),
            ("ecr.api ecr.dkr s3", "VPC_ENDPOINTS_AVAILABLE"),
            ("ecr.api ecr.dkr", "VPC_ENDPOINT_MISSING"),
            ("ecr.api-x ecr.dkr s3>", "VPC_ENDPOINT_MISSING"),
            ("", "VPC_ENDPOINT_MISSING"),
            ("ecr.api ecr.dkr! s3>", "VPC_ENDPOINT_UNAVAILABLE"),
            ("ecr.api ecr.dkr! ecr.dkr s3>", "VPC_ENDPOINTS_AVAILABLE"),
            ("ecr.api- ecr.dkr s3>", "VPC_ENDPOINT_WITHOUT_DNS"),
            ("ecr.api- ecr.api ecr.dkr s3>", "VPC_ENDPOINTS_AVAILABLE"),
            ("ecr.api- ecr.api! ecr.dkr s3>", "VPC_ENDPOINT_WITHOUT_DNS"),
            ("ecr.api ecr.dkr s3-", "VPC_ENDPOINT_WITHOUT_DNS"),
            ("ecr.api ecr.dkr s3- s3>", "VPC_ENDPOINTS_AVAILABLE"),
            ("ecr.api? ecr.dkr s3>", "VPC_ENDPOINT_DNS_UNKNOWN"),
            ("ecr.api? ecr.api- ecr.dkr s3>", "VPC_ENDPOINT_DNS_UNKNOWN"),
            ("ecr.api? ecr.api ecr.dkr s3>", "VPC_ENDPOINTS_AVAILABLE"),
            // An unknown setting does not hide a failure, but it hides a warning.
            ("ecr.api? ecr.dkr", "VPC_ENDPOINT_MISSING"),
            ("ecr.api? ecr.dkr- s3>", "VPC_ENDPOINT_DNS_UNKNOWN"),
            // ECR has no gateway endpoints.
            ("ecr.api> ecr.dkr s3>", "VPC_ENDPOINT_MISSING"),
        ] {
            let verdict = verdict(&with(List::complete(endpoints(found))), "{}");
            assert_eq!(verdict.codes(), [expected], "{found}");
            let outcome = match expected {
                "VPC_ENDPOINTS_AVAILABLE" => Outcome::Passed,
                "VPC_ENDPOINT_DNS_UNKNOWN" => Outcome::NotAvailable,
                "VPC_ENDPOINT_WITHOUT_DNS" => Outcome::Warning,
                _ => LOW,
            };
            assert_eq!(verdict.outcome, outcome, "{found}");
        }
    }

    #[test]
    fn the_services_are_a_parameter() {
        for (services, found, expected) in [
            (r#""sts, eks-auth""#, "sts eks-auth", Outcome::Passed),
            (r#"["sts", "eks-auth"]"#, "sts", LOW),
            (r#""dynamodb""#, "dynamodb>", Outcome::Passed),
            (r#""sts""#, "ecr.api ecr.dkr s3>", LOW),
        ] {
            let parameters = format!(r#"{{"services": {services}}}"#);
            let verdict = verdict(&with(List::complete(endpoints(found))), &parameters);
            assert_eq!(verdict.outcome, expected, "{services} {found}");
        }
    }

    #[test]
    fn an_incomplete_list_of_endpoints_only_passes() {
        for (found, expected) in [
            ("ecr.api ecr.dkr s3>", Outcome::Passed),
            ("ecr.api ecr.dkr", Outcome::NotAvailable),
            ("ecr.api- ecr.dkr s3>", Outcome::NotAvailable),
            ("ecr.api! ecr.dkr s3>", Outcome::NotAvailable),
            ("", Outcome::NotAvailable),
        ] {
            let endpoints = List {
                items: endpoints(found),
                missing: Some(unread()),
            };
            assert_eq!(verdict(&with(endpoints), "{}").outcome, expected, "{found}");
        }
    }

    #[test]
    fn the_endpoints_are_those_of_the_region_of_the_cluster() {
        let of_china = |arn: &str| {
            let services = [
                "cn.com.amazonaws.cn-north-1.ecr.api",
                "cn.com.amazonaws.cn-north-1.ecr.dkr",
            ];
            let services = [&services[..], &["com.amazonaws.cn-north-1.s3"]].concat();
            let endpoints = services.into_iter().map(|service| VpcEndpoint {
                service: service.into(),
                ..vpc_endpoint("ecr.api")
            });
            EksCluster {
                arn: arn.into(),
                ..with(List::complete(endpoints.collect()))
            }
        };
        for (arn, expected) in [
            (
                "arn:aws-cn:eks:cn-north-1:111122223333:cluster/a",
                Outcome::Passed,
            ),
            ("arn:aws-cn:eks:cn-northwest-1:111122223333:cluster/a", LOW),
            (
                "arn:aws-cn:eks::111122223333:cluster/a",
                Outcome::NotAvailable,
            ),
        ] {
            assert_eq!(verdict(&of_china(arn), "{}").outcome, expected, "{arn}");
        }
    }

    #[test]
    fn the_check_applies_only_to_own_vpcs_without_central_endpoints() {
        let owned_by = |owner: Option<&str>| {
            let mut cluster = with(List::complete(Vec::new()));
            cluster.network.subnets = List::complete(vec![Subnet {
                owner: owner.map(str::to_owned),
                ..subnet()
            }]);
            cluster
        };
        let mut without_vpc = with(List::complete(Vec::new()));
        without_vpc.network.vpc = None;
        let central = r#"{"centralEndpoints": true}"#;
        for (cluster, parameters, expected) in [
            (owned_by(Some("111122223333")), "{}", "VPC_ENDPOINT_MISSING"),
            (owned_by(Some("444455556666")), "{}", "SHARED_VPC"),
            (owned_by(None), "{}", "VPC_OWNER_UNKNOWN"),
            (without_vpc, "{}", "VPC_UNKNOWN"),
            (owned_by(None), central, "CENTRAL_ENDPOINTS"),
        ] {
            let verdict = verdict(&cluster, parameters);
            assert_eq!(verdict.codes(), [expected], "{cluster:?}");
        }
    }

    #[test]
    fn reasons_name_the_services() {
        for (found, parameters, text) in [
            (
                "ecr.dkr! sts-",
                r#"{"services": "s3, ecr.api, ecr.dkr, sts"}"#,
                "The VPC vpc-1 has no endpoint for these services: ecr.api, s3. No endpoint in the VPC vpc-1 is \
                 available for these services: ecr.dkr. Private DNS is off for the endpoints in the VPC vpc-1 for \
                 these services, so they are used only with a private hosted zone: sts.",
            ),
            (
                "ecr.api? ecr.dkr s3>",
                "{}",
                "ec2:DescribeVpcEndpoints did not return whether private DNS is on for the endpoints for these \
                 services: ecr.api.",
            ),
            (
                "ecr.api ecr.dkr s3>",
                "{}",
                "The VPC vpc-1 has available endpoints for all required services.",
            ),
        ] {
            let verdict = verdict(&with(List::complete(endpoints(found))), parameters);
            assert_eq!(verdict.explanation(), text, "{found}");
        }
    }
}
