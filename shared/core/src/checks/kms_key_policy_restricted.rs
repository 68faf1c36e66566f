//! ## What it checks
//!
//! The key policy of a customer managed KMS key should grant access only to the key's own account and to principals
//! that you trust. The check fails with:
//!
//! - CRITICAL if everyone, which means any AWS account, can use or change the key.
//! - MEDIUM if everyone can read its metadata, its public key or its policy, or if another account or organization that
//!   is not trusted can change the key. If `trustedAccounts` or `trustedOrganizations` is set, it must have no access at
//!   all.
//!
//! Conditions and `Deny` statements count if they are certain to limit access, as IAM evaluates them. A condition on
//! `kms:ViaService`, on the encryption context or on `kms:GrantIsForAWSResource` is not: any account can meet it, for
//! example by an AWS service in that account. A condition on `kms:CallerAccount` limits access. In a `Deny` statement,
//! `ForAllValues` counts on condition keys with several values, such as `aws:PrincipalOrgPaths`, since IAM then also
//! denies requests without the key. An account or organization that the policy names is evaluated as such, even if it
//! is limited to a network.
//!
//! The check does not apply to AWS managed keys, or to keys that are being created or deleted. It applies to disabled
//! keys: whoever can change such a key can enable it. Grants, service control policies and resource control policies
//! are not evaluated. The finding does not name what the key encrypts.
//!
//! ## Why it matters
//!
//! Whoever can use a key can decrypt the data that it protects. Whoever can change its policy or schedule its deletion
//! can take it from you.
//!
//! ## How to fix it
//!
//! Name the accounts that need the key in the `Principal` of each statement, or add a condition on `kms:CallerAccount`
//! or `aws:PrincipalOrgID`. Grant other accounts only the permissions to use the key.

use std::borrow::Cow;

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::access::{
    Access, Evaluated, Right, Rules, TRUSTED_ACCOUNTS, TRUSTED_ORGANIZATIONS,
};
use crate::facts::KmsKey;
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::policy::ActionClass;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

pub(super) static CHECK: Check = Check {
    id: "kms-key-policy-restricted",
    enabled: true,
    title: "KMS key policies should grant access only to trusted principals",
    requirement: "The key policy should grant access only to the key's account and to trusted accounts and organizations.",
    severities: &[
        (
            Severity::Critical,
            "any AWS account can use the key, for example to decrypt what it protects",
        ),
        (
            Severity::Medium,
            "any AWS account can read about the key, or an account that is not trusted has access to it",
        ),
    ],
    remediation: Remediation {
        text: "Name the accounts that need the key in the policy's principals, or add a condition on kms:CallerAccount or \
               aws:PrincipalOrgID.",
        command: "aws kms put-key-policy --region {region} --key-id {name} --policy-name default --policy file://<policy>.json",
        url: "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html",
    },
    parameters: &[&TRUSTED_ACCOUNTS, &TRUSTED_ORGANIZATIONS],
    needs: &[Need::KeyPolicy],
    evaluate: &Evaluate(evaluate),
};

static RULES: Rules = Rules {
    of_everyone: &[
        Right {
            severity: Severity::Critical,
            code: ReasonCode::EveryoneMayUse,
            phrase: "use or change the key",
            includes: |action| action.class > ActionClass::Read,
        },
        Right {
            severity: Severity::Medium,
            code: ReasonCode::EveryoneMayRead,
            phrase: "read about the key",
            includes: |action| action.class == ActionClass::Read,
        },
    ],
    class: |action| Some(action.class),
    of_outsiders: Severity::Medium,
};

fn evaluate(key: &KmsKey, settings: &ParameterValues) -> Verdict {
    if let Some(reason) = key.policy_is_not_evaluated() {
        return Verdict::not_applicable(ReasonCode::ResourceNotApplicable, reason);
    }
    let policy = match &key.policy {
        Ok(policy) => policy,
        Err(unread) => return Verdict::not_available(unread),
    };
    let evaluated = Evaluated {
        name: "the key policy".to_owned(),
        grants: Cow::Borrowed(policy.grants()),
        rules: &RULES,
        names_resources: false,
    };
    let access = Access {
        policies: vec![evaluated],
        unread: Vec::new(),
        organization: &key.organization,
    };
    access.verdict(settings, Vec::new())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::checks::samples::{attached_policy, key, settings, unread};
    use crate::facts::key::KeyState;
    use crate::facts::{AttachedPolicy, Fact};
    use crate::policy::KMS;
    use crate::verdict::Outcome;

    const CRITICAL: Outcome = Outcome::Failed(Severity::Critical);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);

    fn allow(principal: &str, action: &str, condition: &str) -> String {
        format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": {action}, "Resource": "*",
                "Condition": {{{condition}}}}}"#
        )
    }

    fn with_policy(policy: Fact<Arc<AttachedPolicy>>) -> KmsKey {
        KmsKey { policy, ..key() }
    }

    fn verdict(statement: &str, parameters: &str) -> Verdict {
        let key = with_policy(Ok(attached_policy(&KMS, statement)));
        evaluate(&key, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn the_key_policy_decides() {
        let (everyone, partner) = (r#""*""#, r#"{"AWS": "arn:aws:iam::444455556666:root"}"#);
        let via = r#""StringEquals": {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"}"#;
        let via_and_caller = r#""StringEquals": {"kms:ViaService": "ec2.eu-central-1.amazonaws.com",
            "kms:CallerAccount": "111122223333"}"#;
        let for_aws = r#""Bool": {"kms:GrantIsForAWSResource": "true"}"#;
        let own = r#"{"AWS": "arn:aws:iam::111122223333:root"}"#;
        let other = r#"{"trustedAccounts": "333333333333"}"#;
        let trusted = r#"{"trustedAccounts": "333333333333,444455556666"}"#;
        let (all, decrypt) = (r#""kms:*""#, r#"["kms:Decrypt", "kms:GenerateDataKey"]"#);
        for (statement, parameters, expected) in [
            (allow(own, all, ""), "{}", Outcome::Passed),
            (allow(own, all, ""), other, Outcome::Passed),
            (allow(everyone, decrypt, via), "{}", CRITICAL),
            (
                allow(everyone, decrypt, via_and_caller),
                "{}",
                Outcome::Passed,
            ),
            (
                allow(everyone, r#""kms:CreateGrant""#, for_aws),
                "{}",
                CRITICAL,
            ),
            (
                allow(everyone, r#""kms:ScheduleKeyDeletion""#, ""),
                "{}",
                CRITICAL,
            ),
            (allow(everyone, r#""kms:GetPublicKey""#, ""), "{}", MEDIUM),
            (allow(everyone, r#""kms:DescribeKey""#, ""), trusted, MEDIUM),
            (allow(everyone, r#""s3:*""#, ""), "{}", Outcome::Passed),
            (allow(partner, all, ""), "{}", MEDIUM),
            (allow(partner, all, ""), trusted, Outcome::Passed),
            (allow(partner, r#""kms:PutKeyPolicy""#, ""), "{}", MEDIUM),
            (allow(partner, decrypt, ""), "{}", Outcome::Passed),
            (allow(partner, decrypt, ""), other, MEDIUM),
            (allow(partner, r#""kms:DescribeKey""#, ""), other, MEDIUM),
            (
                allow(r#"{"AWS": "AROADBQP57FF2AEXAMPLE"}"#, all, ""),
                other,
                Outcome::Passed,
            ),
            (
                allow(r#"{"Service": "logs.eu-central-1.amazonaws.com"}"#, all, ""),
                other,
                Outcome::Passed,
            ),
            (
                allow(
                    everyone,
                    decrypt,
                    r#""StringFoo": {"aws:PrincipalOrgID": "o-abc"}"#,
                ),
                "{}",
                Outcome::NotAvailable,
            ),
        ] {
            let verdict = verdict(&statement, parameters);
            assert_eq!(verdict.outcome, expected, "{statement} {parameters}");
        }
    }

    #[test]
    fn only_policies_of_customer_managed_keys_that_are_usable_are_evaluated() {
        let deleted = KeyState::Other("PendingDeletion".into());
        let disabled = KeyState::Other("Disabled".into());
        let none = || with_policy(Err(unread()));
        for (key, expected) in [
            (none(), Outcome::NotAvailable),
            (
                KmsKey {
                    state: disabled,
                    ..none()
                },
                Outcome::NotAvailable,
            ),
            (
                KmsKey {
                    state: deleted,
                    ..none()
                },
                Outcome::NotApplicable,
            ),
            (
                KmsKey {
                    customer_managed: false,
                    ..none()
                },
                Outcome::NotApplicable,
            ),
        ] {
            let verdict = evaluate(&key, &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{key:?}");
        }
    }

    #[test]
    fn reasons_name_statements_and_actions() {
        let open = allow(r#""*""#, r#"["kms:Decrypt", "kms:Get*"]"#, "");
        assert_eq!(
            verdict(&open, "{}").explanation(),
            "The key policy lets everyone use or change the key: statement 1 allows kms:Decrypt. The key policy lets \
             everyone read about the key: statement 1 allows kms:Get*."
        );
    }
}
