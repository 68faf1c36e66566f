//! ## What it checks
//!
//! The ConfigMap `aws-auth` in `kube-system` should map IAM roles of known accounts, and no administrators. It fails
//! with HIGH if an entry
//!
//! - has the group `system:masters`,
//! - has a user name that begins with `system:`, other than those of nodes, or
//! - has one of the groups `system:nodes` and `system:bootstrappers` with another user name than those of nodes.
//!
//! It fails with MEDIUM if an entry is for an IAM user, the root user or a federated user, if all principals of an
//! account are mapped (`mapAccounts`), or if an entry is for a role of an account that is neither the cluster's own nor
//! in `allowedAccounts`.
//!
//! The result is WARNING if
//!
//! - an entry matches no principal, since its ARN is that of a role with a path, or of a session, has wildcards, or is
//!   missing,
//! - entries for the same ARN differ, of which the last one counts,
//! - the user name of a role begins with the name of the session, so that whoever assumes the role chooses it, or
//! - a part of the ConfigMap can't be read.
//!
//! Placeholders in user names and groups count as the worst name that they can become. If the cluster also uses access
//! entries, entries of the ConfigMap for principals that have one are not evaluated, since the access entry counts. The
//! check does not apply to clusters whose authentication mode is `API`.
//!
//! ## Why it matters
//!
//! Whoever can write the ConfigMap decides who administers the cluster, and no call to AWS records the change. No role
//! and no binding limits the group `system:masters`. Access keys of IAM users do not expire, and the administrators of
//! another account decide who may use its roles.
//!
//! ## How to fix it
//!
//! Create access entries for the principals, and then change the authentication mode to `API`. The change can't be
//! undone.

mod mapped;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::arn::Arn;
use crate::check::{Check, Remediation};
use crate::evaluation::contents::EvaluateWhole;
use crate::facts::cluster::{AuthenticationMode, Principal};
use crate::facts::kubernetes::{AwsAuth, AwsAuthPart, KubernetesCluster, Mapping};
use crate::need::Need;
use crate::parameters::{AccountIds, Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::{LONGEST_TEXT, cut, names};
use crate::verdict::{Outcome, Reason, Verdict};

use mapped::{Entry, Matched, entries};

static ALLOWED_ACCOUNTS: Parameter<AccountIds> = Parameter {
    name: "allowedAccounts",
    description: "The ids of other accounts whose roles the ConfigMap aws-auth may map.",
    default: AccountIds(BTreeSet::new()),
};

pub(super) static CHECK: Check = Check {
    id: "k8s-aws-auth",
    enabled: true,
    title: "The aws-auth ConfigMap should map roles, not administrators or users",
    requirement: "The ConfigMap aws-auth should map IAM roles of known accounts, and no administrators.",
    severities: &[
        (
            Severity::High,
            "the principals have rights that no role or binding in the cluster limits",
        ),
        (
            Severity::Medium,
            "access keys of users do not expire, and other accounts decide who may use their roles",
        ),
    ],
    remediation: Remediation {
        text: "Create access entries for the principals, then change the authentication mode with aws eks \
               update-cluster-config --access-config authenticationMode=API.",
        command: "aws eks create-access-entry --region {region} --cluster-name {name} --principal-arn <role ARN>",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/migrating-access-entries.html",
    },
    parameters: &[&ALLOWED_ACCOUNTS],
    needs: &[Need::AwsAuth, Need::AccessEntries],
    evaluate: &EvaluateWhole(evaluate),
};

fn evaluate(cluster: &KubernetesCluster, settings: &ParameterValues) -> Verdict {
    if cluster.authentication_mode == Some(AuthenticationMode::Api) {
        let text =
            "The cluster ignores the ConfigMap aws-auth, since its authentication mode is API.";
        let text = match &cluster.aws_auth {
            Ok(Some(_)) => format!("{text} The ConfigMap still exists: delete it."),
            Ok(None) | Err(_) => text.to_owned(),
        };
        return Verdict::not_applicable(ReasonCode::AwsAuthIgnored, text);
    }
    let aws_auth = match &cluster.aws_auth {
        Err(unread) => return Verdict::not_available(unread),
        Ok(None) => {
            let text = "The cluster has no ConfigMap aws-auth.";
            return Verdict::passed(ReasonCode::AwsAuthAbsent, text);
        }
        Ok(Some(aws_auth)) => aws_auth,
    };
    let mut problems = problems_of_parts(aws_auth);
    let of_entries = problems_of_entries(cluster, aws_auth, settings);
    if !of_entries.is_empty() {
        match unknown_access(cluster) {
            Some(reason) => problems.push((Outcome::NotAvailable, reason)),
            None => problems.extend(of_entries),
        }
    }
    problems.sort_by_key(|(outcome, _)| Reverse(*outcome));
    let Some((worst, _)) = problems.first() else {
        let text =
            "The ConfigMap aws-auth maps only roles of known accounts, and no administrators.";
        return Verdict::passed(ReasonCode::AwsAuthOfRoles, text);
    };
    let worst = *worst;
    let reasons = problems.into_iter().map(|(_, reason)| reason);
    Verdict::about_many(worst, reasons.collect(), Vec::new())
}

/// Returns the reason why it is unknown whether an entry counts, or an access entry instead; `None` if it is known.
fn unknown_access(cluster: &KubernetesCluster) -> Option<Reason> {
    match &cluster.authentication_mode {
        // Without a mode, the default of EKS applies, which is the ConfigMap alone.
        None | Some(AuthenticationMode::Api | AuthenticationMode::ConfigMap) => None,
        Some(AuthenticationMode::ApiAndConfigMap) => {
            let unread = cluster.access_entries.missing.as_ref()?;
            Some(Reason::new(unread.code, unread.text.clone()))
        }
        Some(AuthenticationMode::Other(mode)) => Some(Reason::new(
            ReasonCode::UnknownAuthenticationMode,
            format!(
                "EKS returned the authentication mode {mode}, which is not known, so the ConfigMap may not count."
            ),
        )),
    }
}

/// The outcome that a problem leads to unless there is a worse one, and its reason.
type Problem = (Outcome, Reason);

/// Returns the problems of the ConfigMap that concern no entry with an ARN.
fn problems_of_parts(aws_auth: &AwsAuth) -> Vec<Problem> {
    let accounts = aws_auth.accounts.iter();
    let accounts = names(accounts.map(|account| cut(account, LONGEST_TEXT)));
    let lacks_arn = |mappings: &[Mapping]| mappings.iter().any(|one| one.arn.is_empty());
    let parts = [
        (AwsAuthPart::Roles, &aws_auth.roles),
        (AwsAuthPart::Users, &aws_auth.users),
    ];
    let parts = parts
        .into_iter()
        .filter(|(_, mappings)| lacks_arn(mappings));
    let parts: Vec<String> = parts.map(|(part, _)| part.to_string()).collect();
    let places = aws_auth.unreadable.iter();
    let places: Vec<String> = places.map(ToString::to_string).collect();
    let problems = [
        (
            Outcome::Failed(Severity::Medium),
            Reason::naming(
                ReasonCode::MapsAccount,
                "mapAccounts lets all IAM principals of accounts in. Map the roles that need access instead",
                &accounts,
            ),
        ),
        (
            Outcome::Warning,
            Reason::naming(
                ReasonCode::MappingMatchesNothing,
                "Entries have no ARN, so they match no principal. Add the ARN, or delete the entries",
                &names(parts.iter().map(String::as_str)),
            ),
        ),
        (
            Outcome::Warning,
            Reason::naming(
                ReasonCode::AwsAuthUnreadable,
                "Parts of the ConfigMap aws-auth can't be read, and EKS may ignore them. Correct the YAML",
                &names(places.iter().map(String::as_str)),
            ),
        ),
    ];
    let problems = problems.into_iter();
    problems
        .filter_map(|(outcome, reason)| Some((outcome, reason?)))
        .collect()
}

/// A requirement that entries should meet.
struct Requirement {
    /// The outcome if an entry does not meet it.
    outcome: Outcome,
    code: ReasonCode,
    /// The beginning of the reason, before the ARNs.
    text: &'static str,
    /// Returns `true` if an entry does not meet it; the other argument are the ids of the accounts that are known.
    is_violated: fn(&Entry<'_>, &BTreeSet<String>) -> bool,
}

const REQUIREMENTS: [Requirement; 8] = [
    Requirement {
        outcome: Outcome::Failed(Severity::High),
        code: ReasonCode::MapsAdministrator,
        text: "Principals are in the group system:masters, which nothing in the cluster limits. Create access entries \
               with the rights that they need",
        is_violated: |entry, _| entry.is_of_administrator(),
    },
    Requirement {
        outcome: Outcome::Failed(Severity::High),
        code: ReasonCode::MapsSystemUser,
        text: "Principals have names of users of Kubernetes itself (system:…). Choose other names",
        is_violated: |entry, _| entry.is_of_system_user(),
    },
    Requirement {
        outcome: Outcome::Failed(Severity::High),
        code: ReasonCode::MapsNodeGroups,
        text: "Principals are in the groups of nodes, but are not named as nodes. Remove the groups, or set the \
               username to system:node:{{EC2PrivateDNSName}}",
        is_violated: |entry, _| entry.has_only_groups_of_nodes(),
    },
    Requirement {
        outcome: Outcome::Failed(Severity::Medium),
        code: ReasonCode::MapsUser,
        text: "Principals are in mapUsers, or are not roles. Create an access entry for a role that people can assume",
        is_violated: |entry, _| entry.is_of_user(),
    },
    Requirement {
        outcome: Outcome::Failed(Severity::Medium),
        code: ReasonCode::MapsOtherAccount,
        text: "Roles are of accounts that are not allowed. Delete the entries, or add the accounts to allowedAccounts",
        is_violated: |entry, accounts| match &entry.matched {
            Matched::Role(account) => !accounts.contains(account),
            Matched::User | Matched::Nothing => false,
        },
    },
    Requirement {
        outcome: Outcome::Warning,
        code: ReasonCode::MappingMatchesNothing,
        text: "Entries match no principal. State the ARN of a role, without its path and without wildcards",
        is_violated: |entry, _| entry.matched == Matched::Nothing,
    },
    Requirement {
        outcome: Outcome::Warning,
        code: ReasonCode::MappingsDiffer,
        text: "Principals have several entries that differ, of which the last one counts. Delete the others",
        is_violated: |entry, _| entry.differs_from_former,
    },
    Requirement {
        outcome: Outcome::Warning,
        code: ReasonCode::FreeUsername,
        text: "Whoever assumes these roles chooses the name of the user in the cluster, which may be that of another \
               one. Begin the username with a fixed text",
        is_violated: |entry, _| entry.has_free_username(),
    },
];

/// Returns the problems of the entries that count.
fn problems_of_entries(
    cluster: &KubernetesCluster,
    aws_auth: &AwsAuth,
    settings: &ParameterValues,
) -> Vec<Problem> {
    let roles = entries(AwsAuthPart::Roles, &aws_auth.roles);
    let users = entries(AwsAuthPart::Users, &aws_auth.users);
    let all = roles.into_iter().chain(users);
    let replaced = arns_with_access_entry(cluster);
    let counting: Vec<Entry<'_>> = all
        .filter(|(arn, _)| !replaced.contains(arn))
        .map(|(_, entry)| entry)
        .collect();
    let mut accounts = settings.get(&ALLOWED_ACCOUNTS).0;
    let own = cluster.arn.parse::<Arn>();
    accounts.extend(own.map(|own| own.account().to_owned()));
    let problems = REQUIREMENTS.iter().filter_map(|requirement| {
        let violating = counting.iter();
        let violating = violating.filter(|entry| (requirement.is_violated)(entry, &accounts));
        let arns = violating.map(|entry| cut(&entry.mapping.arn, LONGEST_TEXT));
        let reason = Reason::naming(requirement.code, requirement.text, &names(arns))?;
        Some((requirement.outcome, reason))
    });
    problems.collect()
}

/// Returns the ARNs, in lower case and without the paths of roles, of the principals whose entries in the ConfigMap do
/// not count, since they have an access entry. There are none unless the cluster certainly uses both.
fn arns_with_access_entry(cluster: &KubernetesCluster) -> BTreeSet<String> {
    if cluster.authentication_mode != Some(AuthenticationMode::ApiAndConfigMap) {
        return BTreeSet::new();
    }
    let principals = cluster.access_entries.items.iter();
    principals.filter_map(arn_without_path).collect()
}

/// Returns the ARN of a principal as an entry in the ConfigMap has it, in lower case.
fn arn_without_path(principal: &Principal) -> Option<String> {
    let arn = match principal.role() {
        Some(role) => {
            let (account, _) = principal.arn().split_once(":role/")?;
            format!("{account}:role/{role}")
        }
        None => principal.arn().to_owned(),
    };
    Some(arn.to_lowercase())
}

#[cfg(test)]
mod tests;
