//! ## What it checks
//!
//! The policies of the VPC endpoints for ECR (`ecr.api` and `ecr.dkr`) in the cluster's VPC should allow images to be
//! pushed only to known accounts: the account of the cluster and those in `allowedAccounts`. The check fails if an
//! available endpoint has no policy, an empty policy or the default policy, or if its policy allows `ecr:PutImage`,
//! `ecr:InitiateLayerUpload`, `ecr:UploadLayerPart` or `ecr:CompleteLayerUpload` on repositories of other accounts.
//!
//! A statement is limited to known accounts by its `Resource`, or by a condition on `aws:ResourceAccount`. A condition
//! that names an organization, on `aws:ResourceOrgID` or `aws:ResourceOrgPaths`, also limits it. A `Deny` statement
//! counts if it denies pushes to all other accounts. The result is a warning if a policy only limits *who* can push, or
//! if it depends on a condition that the check does not evaluate.
//!
//! Permissions to pull and `ecr:GetAuthorizationToken` are not evaluated: nodes pull from registries of AWS. The check
//! does not apply to a VPC without such endpoints, or to a VPC that another account shares, whose endpoints are not
//! visible.
//!
//! ## Why it matters
//!
//! An endpoint lets workloads without access to the internet reach ECR. With an open policy, someone inside the VPC can
//! push data as an image to a registry of their own account, with credentials of that account.
//!
//! ## How to fix it
//!
//! Attach a policy to both endpoints that allows pushes only to repositories of your accounts or your organization, and
//! pulls from all repositories that the nodes need.

use std::collections::BTreeSet;

use crate::arn::Arn;
use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::vpc::own_vpc;
use crate::facts::EksCluster;
use crate::facts::cluster::VpcEndpoint;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::policy::{Destinations, Registries};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Outcome, Reason, Verdict};

static ALLOWED_ACCOUNTS: Parameter<Vec<String>> = Parameter {
    name: "allowedAccounts",
    description: "The ids of other accounts to whose repositories images may be pushed.",
    default: Vec::new(),
};

pub(super) static CHECK: Check = Check {
    id: "eks-ecr-endpoint-policy",
    enabled: true,
    title: "VPC endpoints for ECR should let images be pushed to known accounts only",
    requirement: "The policies of the VPC endpoints for ECR should allow images to be pushed only to the cluster's account \
                  and allowed accounts, or to an organization.",
    severities: &[(
        Severity::Low,
        "someone who is already inside the VPC can copy data to another account as an image",
    )],
    remediation: Remediation {
        text: "Allow pushes only to your own accounts in the policy of each endpoint, for example by a Resource such as \
               arn:aws:ecr:*:<account>:repository/* or a condition on aws:ResourceOrgID.",
        command: "aws ec2 modify-vpc-endpoint --region {region} --vpc-endpoint-id <endpoint> --policy-document file://<policy>.json",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html",
    },
    parameters: &[&ALLOWED_ACCOUNTS],
    needs: &[Need::VpcEndpoints, Need::Subnets],
    evaluate: &Evaluate(evaluate),
};

/// The services whose endpoints images are pushed through: the API of ECR, and the API of Docker registries.
const SERVICES: [&str; 2] = ["ecr.api", "ecr.dkr"];

/// An available endpoint for ECR.
#[derive(Clone, Copy)]
struct EcrEndpoint<'a> {
    endpoint: &'a VpcEndpoint,
    service: &'static str,
    region: &'a str,
}

impl EcrEndpoint<'_> {
    fn name(&self) -> String {
        format!("{} ({})", self.service, self.endpoint.id)
    }
}

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let vpc = own_vpc(cluster, "endpoints");
    if let Err(verdict) = &vpc
        && verdict.outcome == Outcome::NotApplicable
    {
        return verdict.clone();
    }
    let arn = cluster.arn.parse::<Arn>().ok();
    let partition = arn.as_ref().map_or("aws", Arn::partition);
    let mut known: BTreeSet<String> = settings.get(&ALLOWED_ACCOUNTS).into_iter().collect();
    known.extend(arn.as_ref().map(|arn| arn.account().to_owned()));

    let endpoints = endpoints(cluster);
    let read = endpoints.iter().filter_map(|endpoint| {
        let registries = Registries {
            partition,
            region: endpoint.region,
            known: &known,
        };
        let policy = endpoint.endpoint.policy.as_ref().ok()?;
        let destinations = Destinations::of(policy.as_ref(), registries);
        Some((endpoint.name(), destinations))
    });
    let (failures, warnings) = reasons(&read.collect::<Vec<_>>());
    if !failures.is_empty() {
        return Verdict::failed_for(Severity::Low, failures);
    }
    let vpc = match vpc {
        Ok(vpc) => vpc,
        Err(unknown) => return unknown,
    };
    let mut policies = endpoints.iter().map(|endpoint| &endpoint.endpoint.policy);
    let unread = policies.find_map(|policy| policy.as_ref().err()).or(cluster
        .network
        .endpoints
        .missing
        .as_ref());
    if let Some(unread) = unread {
        return Verdict::not_available(unread);
    }
    if !warnings.is_empty() {
        return Verdict::warning_for(warnings);
    }
    if endpoints.is_empty() {
        return Verdict::not_applicable(
            ReasonCode::NoEcrEndpoint,
            format!("The VPC {vpc} has no available endpoint for ECR."),
        );
    }
    let endpoints: Vec<String> = endpoints.iter().map(EcrEndpoint::name).collect();
    Verdict::passed(
        ReasonCode::PushesToKnownAccounts,
        format!(
            "The policies of these VPC endpoints allow images to be pushed only to known accounts or organizations: {}.",
            names(endpoints.iter().map(String::as_str))
        ),
    )
}

/// Returns the available endpoints for ECR, sorted.
fn endpoints(cluster: &EksCluster) -> Vec<EcrEndpoint<'_>> {
    let available = cluster.network.endpoints.items.iter();
    let available = available.filter(|endpoint| endpoint.is_available);
    let mut endpoints: Vec<EcrEndpoint<'_>> = available
        .flat_map(|endpoint| {
            SERVICES.into_iter().filter_map(move |service| {
                Some(EcrEndpoint {
                    endpoint,
                    service,
                    region: endpoint.region_for(service)?,
                })
            })
        })
        .collect();
    endpoints.sort_by_key(EcrEndpoint::name);
    endpoints
}

/// Returns the reasons for a failure, and the reasons for a warning.
fn reasons(found: &[(String, Destinations)]) -> (Vec<Reason>, Vec<Reason>) {
    let of = |wanted: fn(&Destinations) -> bool| {
        let found = found
            .iter()
            .filter(|(_, destinations)| wanted(destinations));
        names(found.map(|(name, _)| name.as_str()))
    };
    let mut failures = Vec::new();
    let any = of(|destinations| *destinations == Destinations::Any);
    if !any.is_empty() {
        failures.push(Reason::new(
            ReasonCode::PushesToAnyAccount,
            format!("Images can be pushed to any account through these VPC endpoints: {any}."),
        ));
    }
    let mut warnings = Vec::new();
    for (name, destinations) in found {
        match destinations {
            Destinations::Others(accounts) => failures.push(Reason::new(
                ReasonCode::PushesToOtherAccounts,
                format!(
                    "Images can be pushed to these accounts, which are not allowed, through the VPC endpoint {name}: {}.",
                    names(accounts.iter().map(String::as_str))
                ),
            )),
            Destinations::Unclear(problem) => warnings.push(Reason::new(
                ReasonCode::PushesNotUnderstood,
                format!(
                    "It is not certain whether images can be pushed to other accounts through the VPC endpoint {name}: in \
                     its policy, {problem}."
                ),
            )),
            Destinations::Any | Destinations::ForSomePrincipals | Destinations::Known => {}
        }
    }
    let for_some = of(|destinations| *destinations == Destinations::ForSomePrincipals);
    if !for_some.is_empty() {
        warnings.push(Reason::new(
            ReasonCode::PushesOfSomePrincipals,
            format!(
                "The policies of these VPC endpoints limit who can push images, but not to which accounts: {for_some}."
            ),
        ));
    }
    (failures, warnings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, settings, unread, vpc_endpoint};
    use crate::facts::cluster::{Network, Subnet};
    use crate::facts::{Fact, List};
    use crate::policy::ResourcePolicy;

    const LOW: Outcome = Outcome::Failed(Severity::Low);
    const OPEN: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}"#;
    const OWN: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": "ecr:*",
        "Resource": "arn:aws:ecr:eu-central-1:111122223333:repository/*"}"#;
    const TOKEN: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}"#;
    const PULL: &str = r#"{"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Resource": "*"}"#;

    #[expect(clippy::unnecessary_wraps, reason = "an endpoint may have no policy")]
    fn policy(statements: &str) -> Option<ResourcePolicy> {
        Some(serde_json::from_str(&format!(r#"{{"Statement": [{statements}]}}"#)).unwrap())
    }

    fn with_condition(condition: &str) -> Option<ResourcePolicy> {
        let end = format!(r#", "Condition": {condition}}}"#);
        policy(&OPEN.replace('}', &end))
    }

    fn endpoint(service: &str, policy: Fact<Option<ResourcePolicy>>) -> VpcEndpoint {
        VpcEndpoint {
            policy,
            ..vpc_endpoint(service)
        }
    }

    fn with(endpoints: List<VpcEndpoint>) -> EksCluster {
        let network = Network {
            endpoints,
            ..cluster().network
        };
        EksCluster {
            network,
            ..cluster()
        }
    }

    fn verdict(endpoints: Vec<VpcEndpoint>, parameters: &str) -> Verdict {
        evaluate(
            &with(List::complete(endpoints)),
            &settings(CHECK.parameters, parameters),
        )
    }

    #[test]
    fn the_policy_of_an_endpoint_decides() {
        let partner = r#"{"allowedAccounts": ["444455556666"]}"#;
        let of_partner = || policy(&OWN.replace("111122223333", "444455556666"));
        for (policy, parameters, expected, code) in [
            (None, "{}", LOW, "PUSHES_TO_ANY_ACCOUNT"),
            (policy(""), "{}", LOW, "PUSHES_TO_ANY_ACCOUNT"),
            (policy(OPEN), "{}", LOW, "PUSHES_TO_ANY_ACCOUNT"),
            (
                policy(&format!("{OWN}, {TOKEN}, {PULL}")),
                "{}",
                Outcome::Passed,
                "PUSHES_TO_KNOWN_ACCOUNTS",
            ),
            (
                policy(PULL),
                "{}",
                Outcome::Passed,
                "PUSHES_TO_KNOWN_ACCOUNTS",
            ),
            (
                with_condition(r#"{"StringEquals": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}}"#),
                "{}",
                Outcome::Passed,
                "PUSHES_TO_KNOWN_ACCOUNTS",
            ),
            (
                with_condition(r#"{"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}"#),
                "{}",
                Outcome::Warning,
                "PUSHES_OF_SOME_PRINCIPALS",
            ),
            (
                with_condition(r#"{"StringEquals": {"aws:ResourceTag/team": "a"}}"#),
                "{}",
                Outcome::Warning,
                "PUSHES_NOT_UNDERSTOOD",
            ),
            (of_partner(), "{}", LOW, "PUSHES_TO_OTHER_ACCOUNTS"),
            (
                of_partner(),
                partner,
                Outcome::Passed,
                "PUSHES_TO_KNOWN_ACCOUNTS",
            ),
        ] {
            let verdict = verdict(vec![endpoint("ecr.dkr", Ok(policy))], parameters);
            assert_eq!(verdict.outcome, expected, "{verdict:?}");
            assert_eq!(verdict.codes(), [code], "{verdict:?}");
        }
    }

    #[test]
    fn one_open_endpoint_for_ecr_is_enough_to_fail() {
        let open = |service: &str| endpoint(service, Ok(None));
        for (endpoints, expected) in [
            (vec![vpc_endpoint("ecr.api"), open("ecr.dkr")], LOW),
            (vec![open("ecr.api"), vpc_endpoint("ecr.dkr")], LOW),
            (
                vec![vpc_endpoint("ecr.api"), vpc_endpoint("ecr.dkr"), open("s3")],
                Outcome::Passed,
            ),
            (vec![open("ecr.api-x"), open("s3")], Outcome::NotApplicable),
            (vec![], Outcome::NotApplicable),
            (
                vec![VpcEndpoint {
                    is_available: false,
                    ..open("ecr.api")
                }],
                Outcome::NotApplicable,
            ),
            (
                vec![VpcEndpoint {
                    service: "cn.com.amazonaws.cn-north-1.ecr.api".into(),
                    ..open("ecr.api")
                }],
                LOW,
            ),
        ] {
            let verdict = verdict(endpoints.clone(), "{}");
            assert_eq!(verdict.outcome, expected, "{endpoints:?}");
        }
    }

    #[test]
    fn a_policy_names_repositories_in_the_region_and_partition_of_the_endpoint() {
        let own = |partition: &str, region: &str| {
            let own = OWN.replace("arn:aws:", &format!("arn:{partition}:"));
            policy(&own.replace("eu-central-1", region))
        };
        let elsewhere = r#""Resource": "arn:aws:ecr:us-east-1:*:repository/*"}"#;
        let elsewhere = policy(&OPEN.replace(r#""Resource": "*"}"#, elsewhere));
        for (policy, expected) in [
            (own("aws", "eu-central-1"), Outcome::Passed),
            (own("*", "*"), Outcome::Passed),
            (elsewhere, Outcome::Passed),
        ] {
            let verdict = verdict(vec![endpoint("ecr.api", Ok(policy))], "{}");
            assert_eq!(verdict.outcome, expected, "{verdict:?}");
        }
    }

    #[test]
    fn unread_facts_prevent_a_pass_and_a_warning_but_not_a_failure() {
        let doubtful = || {
            let policy = with_condition(r#"{"StringEquals": {"aws:PrincipalAccount": "1"}}"#);
            endpoint("ecr.api", Ok(policy))
        };
        let missing = |items| List {
            items,
            missing: Some(unread()),
        };
        for (endpoints, expected) in [
            (missing(vec![endpoint("ecr.api", Ok(None))]), LOW),
            (
                missing(vec![vpc_endpoint("ecr.api")]),
                Outcome::NotAvailable,
            ),
            (missing(vec![doubtful()]), Outcome::NotAvailable),
            (missing(vec![]), Outcome::NotAvailable),
            (
                List::complete(vec![
                    vpc_endpoint("ecr.api"),
                    endpoint("ecr.dkr", Err(unread())),
                ]),
                Outcome::NotAvailable,
            ),
            (
                List::complete(vec![
                    endpoint("ecr.api", Ok(None)),
                    endpoint("ecr.dkr", Err(unread())),
                ]),
                LOW,
            ),
            (
                List::complete(vec![vpc_endpoint("ecr.api"), endpoint("s3", Err(unread()))]),
                Outcome::Passed,
            ),
        ] {
            let verdict = evaluate(&with(endpoints.clone()), &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{endpoints:?}");
        }
    }

    #[test]
    fn a_shared_vpc_is_not_evaluated() {
        let owned_by = |owner: Option<&str>, policy| {
            let mut cluster = with(List::complete(vec![endpoint("ecr.api", Ok(policy))]));
            cluster.network.subnets = List::complete(vec![Subnet {
                owner: owner.map(str::to_owned),
                ..crate::checks::samples::subnet()
            }]);
            evaluate(&cluster, &ParameterValues::default())
        };
        let shared = owned_by(Some("444455556666"), None);
        assert_eq!(shared.codes(), ["SHARED_VPC"]);
        assert!(
            shared.reasons[0].text.contains("444455556666"),
            "{shared:?}"
        );
        assert_eq!(owned_by(Some("111122223333"), None).outcome, LOW);
        assert_eq!(owned_by(None, None).outcome, LOW);
        assert_eq!(owned_by(None, policy(PULL)).codes(), ["VPC_OWNER_UNKNOWN"]);
    }

    #[test]
    fn reasons_name_the_endpoints() {
        let endpoints = vec![endpoint("ecr.dkr", Ok(None)), endpoint("ecr.api", Ok(None))];
        assert_eq!(
            verdict(endpoints, "{}").explanation(),
            "Images can be pushed to any account through these VPC endpoints: ecr.api (vpce-ecr.api), ecr.dkr \
             (vpce-ecr.dkr)."
        );
        let condition = r#"{"StringSounds": {"aws:ResourceAccount": "111122223333"}}"#;
        let unclear = endpoint("ecr.api", Ok(with_condition(condition)));
        assert_eq!(
            verdict(vec![unclear], "{}").explanation(),
            "It is not certain whether images can be pushed to other accounts through the VPC endpoint ecr.api \
             (vpce-ecr.api): in its policy, statement 1 has the unknown condition operator StringSounds."
        );
        let partner = policy(&OWN.replace("111122223333", "444455556666"));
        assert_eq!(
            verdict(vec![endpoint("ecr.api", Ok(partner))], "{}").explanation(),
            "Images can be pushed to these accounts, which are not allowed, through the VPC endpoint ecr.api \
             (vpce-ecr.api): 444455556666."
        );
    }
}
