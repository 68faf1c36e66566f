//! ## What it checks
//!
//! The access entries of an EKS cluster should be for IAM roles of known accounts. The check fails with MEDIUM if an
//! entry is for an IAM user or the root user, or for a role of an account that is neither the cluster's own nor in
//! `allowedAccounts`. It fails with LOW if an entry is for a role that no longer exists in the cluster's account.
//!
//! Roles are compared by name, without their paths. A role that was deleted and created again after its entry also
//! makes the entry ineffective, which the check does not detect.
//!
//! ## Why it matters
//!
//! IAM users have access keys that do not expire, and share them easily. The administrators of another account decide
//! who may use its roles. An entry for a deleted role grants nothing, since EKS compares the role's unique ID, but it
//! looks as if it did; AWS recommends deleting it.
//!
//! ## How to fix it
//!
//! Create an access entry for a role, let users assume the role, and delete the entry of the user.

use crate::arn::Arn;
use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::AccessEntry;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

static ALLOWED_ACCOUNTS: Parameter<Vec<String>> = Parameter {
    name: "allowedAccounts",
    description: "The ids of other accounts whose roles may have access entries.",
    default: Vec::new(),
};

pub(super) static CHECK: Check = Check {
    id: "eks-access-entries-roles",
    enabled: true,
    title: "EKS access entries should be for IAM roles of known accounts",
    requirement: "Each access entry should be for an existing IAM role of the cluster's account or an allowed account.",
    severities: &[
        (
            Severity::Medium,
            "access keys of users do not expire, and other accounts decide who may use their roles",
        ),
        (
            Severity::Low,
            "an entry for a deleted role grants nothing and hides that access is missing",
        ),
    ],
    remediation: Remediation {
        text: "Create an access entry for an IAM role that the users can assume, then delete the entry.",
        command: "aws eks delete-access-entry --region {region} --cluster-name {name} --principal-arn <principal ARN>",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html",
    },
    parameters: &[&ALLOWED_ACCOUNTS],
    needs: &[Need::AccessEntries],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let Some(entries) = &cluster.access_entries else {
        return Verdict::not_applicable(
            ReasonCode::NoAccessEntries,
            "The cluster does not use access entries.",
        );
    };
    let own = cluster
        .arn
        .parse::<Arn>()
        .map(|arn| arn.account().to_owned());
    let mut accounts = settings.get(&ALLOWED_ACCOUNTS);
    accounts.extend(own);
    let of = |wanted: fn(&AccessEntry) -> bool| {
        let entries = entries.items.iter().filter(|entry| wanted(entry));
        entries
            .map(|entry| entry.principal.arn())
            .collect::<Vec<_>>()
    };

    let mut serious = Vec::new();
    let users = of(|entry| entry.principal.role().is_none());
    if !users.is_empty() {
        serious.push(Reason::new(
            ReasonCode::EntryOfUser,
            format!(
                "These access entries are for principals other than IAM roles: {}.",
                names(users)
            ),
        ));
    }
    let foreign = entries.items.iter().filter(|entry| {
        entry.principal.role().is_some()
            && entry
                .principal
                .account()
                .is_none_or(|account| !accounts.contains(&account))
    });
    let foreign = names(foreign.map(|entry| entry.principal.arn()));
    if !foreign.is_empty() {
        serious.push(Reason::new(
            ReasonCode::EntryOfOtherAccount,
            format!(
                "These access entries are for roles of accounts that are not allowed: {foreign}."
            ),
        ));
    }
    let dead = names(of(|entry| entry.exists == Ok(false)));
    let dead = (!dead.is_empty()).then(|| {
        let text = format!("These access entries are for roles that do not exist: {dead}.");
        Reason::new(ReasonCode::EntryOfDeletedRole, text)
    });
    if !serious.is_empty() {
        serious.extend(dead);
        return Verdict::failed_for(Severity::Medium, serious);
    }
    if let Some(dead) = dead {
        return Verdict::failed_for(Severity::Low, vec![dead]);
    }
    let unread = entries
        .items
        .iter()
        .find_map(|entry| entry.exists.as_ref().err());
    if let Some(unread) = entries.missing.as_ref().or(unread) {
        return Verdict::not_available(unread);
    }
    Verdict::passed(
        ReasonCode::EntriesOfKnownRoles,
        "All access entries are for existing IAM roles of known accounts.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, settings, unread};
    use crate::facts::cluster::Principal;
    use crate::facts::{Fact, List};
    use crate::verdict::Outcome;

    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const LOW: Outcome = Outcome::Failed(Severity::Low);

    fn entry(principal: &str, exists: Fact<bool>) -> AccessEntry {
        AccessEntry {
            principal: Principal::new(format!("arn:aws:iam::{principal}")),
            exists,
        }
    }

    fn verdict(entries: List<AccessEntry>, parameters: &str) -> Verdict {
        let cluster = EksCluster {
            access_entries: Some(entries),
            ..cluster()
        };
        evaluate(&cluster, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn the_principal_of_each_entry_decides() {
        let allowed = r#"{"allowedAccounts": ["444455556666"]}"#;
        let role = || entry("111122223333:role/team/ops", Ok(true));
        let linked =
            "111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS";
        let user = || entry("111122223333:user/ops/anna", Ok(true));
        let foreign = || entry("444455556666:role/ops", Ok(true));
        let dead = || entry("111122223333:role/gone", Ok(false));
        for (entries, parameters, expected, codes) in [
            (
                vec![],
                "{}",
                Outcome::Passed,
                &["ENTRIES_OF_KNOWN_ROLES"] as &[_],
            ),
            (
                vec![role(), entry(linked, Ok(true))],
                "{}",
                Outcome::Passed,
                &["ENTRIES_OF_KNOWN_ROLES"],
            ),
            (vec![user()], "{}", MEDIUM, &["ENTRY_OF_USER"]),
            (
                vec![entry("111122223333:root", Ok(true))],
                "{}",
                MEDIUM,
                &["ENTRY_OF_USER"],
            ),
            (vec![foreign()], "{}", MEDIUM, &["ENTRY_OF_OTHER_ACCOUNT"]),
            (
                vec![foreign()],
                allowed,
                Outcome::Passed,
                &["ENTRIES_OF_KNOWN_ROLES"],
            ),
            (vec![role(), dead()], "{}", LOW, &["ENTRY_OF_DELETED_ROLE"]),
            (
                vec![dead(), user()],
                "{}",
                MEDIUM,
                &["ENTRY_OF_USER", "ENTRY_OF_DELETED_ROLE"],
            ),
        ] {
            let verdict = verdict(List::complete(entries), parameters);
            assert_eq!(
                (verdict.outcome, verdict.codes().as_slice()),
                (expected, codes)
            );
        }
    }

    #[test]
    fn unread_entries_prevent_a_pass_but_not_a_failure() {
        let unknown = || entry("111122223333:role/a", Err(unread()));
        let user = entry("111122223333:user/anna", Ok(true));
        for (items, missing, expected) in [
            (vec![unknown()], None, Outcome::NotAvailable),
            (vec![unknown(), user.clone()], None, MEDIUM),
            (vec![], Some(unread()), Outcome::NotAvailable),
            (vec![user], Some(unread()), MEDIUM),
        ] {
            assert_eq!(verdict(List { items, missing }, "{}").outcome, expected);
        }
    }

    #[test]
    fn a_cluster_without_access_entries_is_not_applicable() {
        let cluster = EksCluster {
            access_entries: None,
            ..cluster()
        };
        let verdict = evaluate(&cluster, &ParameterValues::default());
        assert_eq!(verdict.outcome, Outcome::NotApplicable);
    }
}
