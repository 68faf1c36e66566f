//! The policies that the check accepts, and the reasons that it gives.

use std::sync::Arc;

use super::*;
use crate::checks::samples::{attached_policy, repository, settings, unread};
use crate::facts::registry::RegistryPolicy;
use crate::facts::{Fact, Facts};
use crate::need::Needs;
use crate::policy::ECR;
use crate::verdict::Outcome;

const CRITICAL: Outcome = Outcome::Failed(Severity::Critical);
const HIGH: Outcome = Outcome::Failed(Severity::High);
const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
const V1: Fact<RegistryPolicyScope> = Ok(RegistryPolicyScope::V1);
const V2: Fact<RegistryPolicyScope> = Ok(RegistryPolicyScope::V2);
const PARTNER: &str = r#""Principal": {"AWS": "arn:aws:iam::444455556666:root"}"#;
const EVERYONE: &str = r#""Principal": "*""#;
const OF_ORGANIZATION: &str = r#", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}"#;

fn allow(principal: &str, actions: &str, rest: &str) -> String {
    format!(r#"{{"Effect": "Allow", {principal}, "Action": {actions}{rest}}}"#)
}

fn with_policy(statement: &str) -> EcrRepository {
    EcrRepository {
        policy: Ok(Some(attached_policy(&ECR, statement))),
        ..repository()
    }
}

fn with_registry(statement: &str, scope: Fact<RegistryPolicyScope>) -> EcrRepository {
    let policy = attached_policy(&ECR, statement);
    EcrRepository {
        registry_policy: Ok(Some(Arc::new(RegistryPolicy { policy, scope }))),
        ..repository()
    }
}

fn verdict(repository: &EcrRepository, parameters: &str) -> Verdict {
    evaluate(repository, &settings(CHECK.parameters, parameters))
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn the_policy_of_the_repository_decides() {
    let pull = r#"["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]"#;
    let partner = r#"{"trustedAccounts": "444455556666"}"#;
    let other = r#"{"trustedAccounts": "333333333333"}"#;
    let organization = r#"{"trustedOrganizations": ["o-abc"]}"#;
    let secure = r#", "Condition": {"Bool": {"aws:SecureTransport": "true"}}"#;
    let unknown = r#", "Condition": {"StringFoo": {"aws:PrincipalOrgID": "o-abc"}}"#;
    let of_partner = |actions| allow(PARTNER, actions, "");
    let two = |one: &str, other: &str| format!("[{one}, {other}]");
    for (statement, parameters, expected, code) in [
        ("[]".to_owned(), "{}", Outcome::Passed, "ACCESS_RESTRICTED"),
        (
            allow(EVERYONE, r#""ecr:PutImage""#, secure),
            "{}",
            CRITICAL,
            "EVERYONE_MAY_CHANGE",
        ),
        (
            allow(EVERYONE, r#""ecr:SetRepositoryPolicy""#, ""),
            "{}",
            CRITICAL,
            "EVERYONE_MAY_CHANGE",
        ),
        (
            allow(EVERYONE, r#""ecr:*""#, ""),
            "{}",
            CRITICAL,
            "EVERYONE_MAY_CHANGE",
        ),
        (allow(EVERYONE, pull, ""), "{}", HIGH, "EVERYONE_MAY_READ"),
        (
            allow(EVERYONE, pull, ""),
            partner,
            HIGH,
            "EVERYONE_MAY_READ",
        ),
        (
            allow(EVERYONE, pull, OF_ORGANIZATION),
            "{}",
            Outcome::Passed,
            "ACCESS_RESTRICTED",
        ),
        (
            allow(EVERYONE, pull, OF_ORGANIZATION),
            partner,
            MEDIUM,
            "OUTSIDERS_ALLOWED",
        ),
        (
            allow(EVERYONE, pull, OF_ORGANIZATION),
            organization,
            Outcome::Passed,
            "ACCESS_RESTRICTED",
        ),
        (
            allow(EVERYONE, r#""ecr:*""#, OF_ORGANIZATION),
            "{}",
            MEDIUM,
            "OUTSIDERS_ALLOWED",
        ),
        (
            allow(EVERYONE, r#""ecr:*""#, OF_ORGANIZATION),
            organization,
            Outcome::Passed,
            "ACCESS_RESTRICTED",
        ),
        (of_partner(r#""ecr:*""#), "{}", MEDIUM, "OUTSIDERS_ALLOWED"),
        (
            of_partner(r#""ecr:*""#),
            partner,
            Outcome::Passed,
            "ACCESS_RESTRICTED",
        ),
        (of_partner(pull), "{}", Outcome::Passed, "ACCESS_RESTRICTED"),
        (of_partner(pull), other, MEDIUM, "OUTSIDERS_ALLOWED"),
        (of_partner(pull), organization, MEDIUM, "OUTSIDERS_ALLOWED"),
        (
            allow(r#""Principal": {"AWS": "111122223333"}"#, r#""ecr:*""#, ""),
            other,
            Outcome::Passed,
            "ACCESS_RESTRICTED",
        ),
        (
            allow(
                r#""Principal": {"Service": "codebuild.amazonaws.com"}"#,
                r#""ecr:*""#,
                "",
            ),
            other,
            Outcome::Passed,
            "ACCESS_RESTRICTED",
        ),
        (
            allow(EVERYONE, pull, unknown),
            "{}",
            Outcome::NotAvailable,
            "POLICY_NOT_UNDERSTOOD",
        ),
        // A failure that is certain does not depend on statements that are not understood.
        (
            two(
                &allow(EVERYONE, pull, unknown),
                &of_partner(r#""ecr:PutImage""#),
            ),
            "{}",
            MEDIUM,
            "OUTSIDERS_ALLOWED",
        ),
        (
            two(
                &allow(EVERYONE, r#""ecr:PutImage""#, unknown),
                &allow(EVERYONE, pull, ""),
            ),
            "{}",
            HIGH,
            "EVERYONE_MAY_READ",
        ),
        (
            two(&allow(EVERYONE, r#""s3:*""#, unknown), &of_partner(pull)),
            "{}",
            Outcome::Passed,
            "ACCESS_RESTRICTED",
        ),
    ] {
        let verdict = verdict(&with_policy(&statement), parameters);
        assert_eq!(verdict.outcome, expected, "{statement} {parameters}");
        assert_eq!(verdict.codes()[0], code, "{statement} {parameters}");
    }
    assert_eq!(verdict(&repository(), "{}").codes(), ["NO_POLICY"]);
}

#[test]
fn the_policy_of_the_registry_decides_if_its_scope_is_v2() {
    let on = |name: &str| {
        format!(r#", "Resource": "arn:aws:ecr:eu-central-1:111122223333:repository/{name}""#)
    };
    let read = |name: &str| allow(EVERYONE, r#""ecr:BatchGetImage""#, &on(name));
    let replicate = r#"["ecr:ReplicateImage", "ecr:CreateRepository"]"#;
    let other = r#"{"trustedAccounts": "333333333333"}"#;
    let unknown = r#", "Condition": {"StringFoo": {"aws:PrincipalOrgID": "o-abc"}}"#;
    for (statement, scope, parameters, expected) in [
        (read("cards/*"), V2, "{}", HIGH),
        (read("ledger"), V2, "{}", Outcome::Passed),
        (read("cards/*"), V1, "{}", Outcome::Passed),
        (read("cards/*"), Err(unread()), "{}", Outcome::NotAvailable),
        (
            allow(EVERYONE, r#""ecr:PutImage""#, &on("*")),
            V2,
            "{}",
            CRITICAL,
        ),
        (
            allow(EVERYONE, r#""ecr:ReplicateImage""#, &on("*")),
            V2,
            "{}",
            CRITICAL,
        ),
        // Neither action reaches a repository that exists.
        (
            allow(
                EVERYONE,
                r#"["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"]"#,
                &on("*"),
            ),
            V2,
            "{}",
            Outcome::Passed,
        ),
        (
            allow(PARTNER, replicate, &on("*")),
            V2,
            "{}",
            Outcome::Passed,
        ),
        // The check of the registry evaluates permissions to replicate.
        (
            allow(PARTNER, replicate, &on("*")),
            V2,
            other,
            Outcome::Passed,
        ),
        (allow(PARTNER, r#""ecr:*""#, &on("*")), V2, "{}", MEDIUM),
        (
            allow(PARTNER, r#""ecr:BatchGetImage""#, &on("*")),
            V2,
            "{}",
            Outcome::Passed,
        ),
        (
            allow(PARTNER, r#""ecr:BatchGetImage""#, &on("*")),
            V2,
            other,
            MEDIUM,
        ),
        (
            allow(
                EVERYONE,
                r#""ecr:ReplicateImage""#,
                &format!("{}{unknown}", on("*")),
            ),
            V2,
            "{}",
            Outcome::NotAvailable,
        ),
        (
            allow(
                EVERYONE,
                r#""ecr:CreateRepository""#,
                &format!("{}{unknown}", on("*")),
            ),
            V2,
            "{}",
            Outcome::Passed,
        ),
    ] {
        let verdict = verdict(&with_registry(&statement, scope.clone()), parameters);
        assert_eq!(
            verdict.outcome, expected,
            "{statement} {scope:?} {parameters}"
        );
    }
}

#[test]
fn a_denial_in_either_policy_limits_the_other() {
    let all = allow(EVERYONE, r#""ecr:*""#, r#", "Resource": "*""#);
    let unless = all.replace("Allow", "Deny").replace(
        r#""Resource""#,
        r#""Condition": {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}, "Resource""#,
    );
    for (own, registry, scope, expected) in [
        (&all, &unless, V2, Outcome::Passed),
        (&unless, &all, V2, Outcome::Passed),
        // Under scope V1, the registry's policy has no effect on the repository.
        (&all, &unless, V1, CRITICAL),
        (&unless, &all, V1, Outcome::Passed),
    ] {
        let repository = EcrRepository {
            policy: with_policy(own).policy,
            ..with_registry(registry, scope.clone())
        };
        assert_eq!(
            verdict(&repository, "{}").outcome,
            expected,
            "{repository:?}"
        );
    }
}

#[test]
fn unread_policies_prevent_a_pass_but_not_a_certain_failure() {
    let read = allow(EVERYONE, r#""ecr:BatchGetImage""#, "");
    let own = r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ecr:*"}"#;
    for (repository, expected) in [
        (
            EcrRepository {
                policy: Err(unread()),
                ..repository()
            },
            Outcome::NotAvailable,
        ),
        (
            EcrRepository {
                policy: Err(unread()),
                ..with_registry(&read, V2)
            },
            HIGH,
        ),
        (
            EcrRepository {
                registry_policy: Err(unread()),
                ..repository()
            },
            Outcome::NotAvailable,
        ),
        (
            EcrRepository {
                registry_policy: Err(unread()),
                ..with_policy(own)
            },
            Outcome::NotAvailable,
        ),
        (
            EcrRepository {
                registry_policy: Err(unread()),
                ..with_policy(&read)
            },
            HIGH,
        ),
    ] {
        assert_eq!(
            verdict(&repository, "{}").outcome,
            expected,
            "{repository:?}"
        );
    }
}

#[test]
fn the_own_organization_is_trusted() {
    let change = allow(EVERYONE, r#""ecr:PutImage""#, OF_ORGANIZATION);
    let read = allow(EVERYONE, r#""ecr:BatchGetImage""#, OF_ORGANIZATION);
    let of = |id: &str| Ok(Some(id.parse().unwrap()));
    let partner = r#"{"trustedAccounts": "444455556666"}"#;
    for (statement, organization, parameters, expected) in [
        (&change, of("o-abc"), "{}", Outcome::Passed),
        (&change, of("o-def"), "{}", MEDIUM),
        (&change, Ok(None), "{}", MEDIUM),
        (&change, Err(unread()), "{}", Outcome::NotAvailable),
        (&read, Err(unread()), "{}", Outcome::Passed),
        (&read, Err(unread()), partner, Outcome::NotAvailable),
        (&read, of("o-abc"), partner, Outcome::Passed),
    ] {
        let repository = EcrRepository {
            organization,
            ..with_policy(statement)
        };
        assert_eq!(
            verdict(&repository, parameters).outcome,
            expected,
            "{repository:?}"
        );
    }
    let repository = EcrRepository {
        organization: Err(unread()),
        ..with_policy(&format!(
            "[{change}, {}]",
            allow(PARTNER, r#""ecr:PutImage""#, "")
        ))
    };
    assert_eq!(verdict(&repository, "{}").outcome, MEDIUM);
}

#[test]
fn reasons_name_policies_statements_principals_and_actions() {
    let statement = r#"[
        {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage", "ecr:Put*"]},
        {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "ecr:*"}
    ]"#;
    assert_eq!(
        verdict(&with_policy(statement), "{}").explanation(),
        "The repository's policy lets everyone change the repository: statement 1 (Open) allows ecr:Put*. \
         The repository's policy lets everyone read the repository: statement 1 (Open) allows ecr:BatchGetImage. \
         The repository's policy gives principals that are not trusted too much access: statement 2 allows account \
         444455556666 ecr:*."
    );
    let statement = r#"{"Effect": "Allow", "Action": "ecr:BatchGetImage", "Principal": {
        "AWS": ["444455556666", "AROADBQP57FF2AEXAMPLE"], "Service": "codebuild.amazonaws.com"}}"#;
    assert_eq!(
        verdict(&with_policy(statement), "{}").explanation(),
        "The repository's policy grants access only to the account itself and these principals: account \
         444455556666 and AWS services. These principals were deleted and have no access: AROADBQP57FF2AEXAMPLE in \
         statement 1."
    );
    let own = r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ecr:*", "Resource": "*"}"#;
    let both = EcrRepository {
        policy: with_policy(own).policy,
        ..with_registry(own, V2)
    };
    assert_eq!(
        verdict(&both, "{}").explanation(),
        "The registry's policy, the repository's policy grant access only to the account itself."
    );
    let unknown = r#"{"Effect": "Allow", "Action": "ecr:BatchGetImage"}"#;
    assert_eq!(
        verdict(&with_policy(unknown), "{}").explanation(),
        "The repository's policy is not understood: statement 1 has no Principal."
    );
}

#[test]
fn a_report_of_the_check_has_the_text_of_the_policy() {
    let details = |policy: &str, needs: &[Need]| {
        let repository = with_policy(policy);
        let needs: Needs = needs.iter().copied().collect();
        serde_json::to_value(repository.details_for(needs)).unwrap()
    };
    let found = details("[]", CHECK.needs);
    assert_eq!(found["policyText"], r#"{"Statement": []}"#);
    assert_eq!(found["repositoryName"], "cards/api");
    assert!(
        details("[]", &[Need::RegistryScanning])
            .get("policyText")
            .is_none()
    );
    let long = format!("[]{}", " ".repeat(10_240));
    assert!(details(&long, CHECK.needs).get("policyText").is_none());
}
