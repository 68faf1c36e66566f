//! ## What it checks
//!
//! A customer managed KMS key that is in use should not be scheduled for deletion. The check applies to keys in the
//! states `PendingDeletion` and `PendingReplicaDeletion`; all other states pass, since they can be reversed.
//!
//! The check fails when an EKS cluster or an ECR repository of the same account and Region names the key, directly or by
//! an alias, or when KMS recorded a use of the key within the last `usedDays` days. It also fails when the use of the
//! key is unknown: when KMS does not report the last use, when a list of clusters or repositories can't be read, or when
//! KMS has recorded the use for less than `usedDays` days and the key is older than that. If the key was not used, the
//! result is a warning, since the deletion is probably intended, and a person should confirm it.
//!
//! Clusters and repositories of other accounts that use the key are not visible to the check, but KMS records this use
//! as well. KMS advises against relying on the last use alone before a deletion, since some workloads use a key rarely.
//!
//! ## Why it matters
//!
//! After a key is deleted, nothing that it encrypted can be decrypted: the data of a cluster, the images of a
//! repository, volumes, logs and backups are lost, and AWS can't restore the key. A deletion can be canceled only
//! during the waiting period of 7 to 30 days. An attacker or a mistake can schedule a deletion with a single call.
//!
//! ## How to fix it
//!
//! Cancel the deletion, and enable the key, which is disabled after that. Before you schedule the deletion again,
//! disable the key, and look in CloudTrail for calls that fail for this reason.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::key::{Deletion, KmsKey, LastUse};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

static USED_DAYS: Parameter<u32> = Parameter {
    name: "usedDays",
    description: "The number of days within which a use of the key counts.",
    default: 90,
};

pub(super) static CHECK: Check = Check {
    id: "kms-key-not-pending-deletion",
    enabled: true,
    title: "KMS keys that are in use should not be scheduled for deletion",
    requirement: "A customer managed KMS key that clusters, repositories or others use should not be scheduled for \
                  deletion.",
    severities: &[
        (
            Severity::Critical,
            "the key is in use, and without it, the data that it encrypted is lost",
        ),
        (
            Severity::High,
            "the key may be in use, and without it, the data that it encrypted is lost",
        ),
    ],
    remediation: Remediation {
        text: "Unless nothing needs the key any more, cancel its deletion, and then enable it: aws kms enable-key.",
        command: "aws kms cancel-key-deletion --region {region} --key-id {name}",
        url: "https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",
    },
    parameters: &[&USED_DAYS],
    needs: &[Need::KeyUse],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(key: &KmsKey, settings: &ParameterValues) -> Verdict {
    if !key.customer_managed {
        let text = "The key is an AWS managed key, which can't be deleted.";
        return Verdict::not_applicable(ReasonCode::KeyManagedByAws, text);
    }
    match &key.deletion {
        Some(deletion) => evaluate_deletion(deletion, settings.get(&USED_DAYS)),
        None => Verdict::passed(
            ReasonCode::KeyNotPendingDeletion,
            "The key is not scheduled for deletion.",
        ),
    }
}

fn evaluate_deletion(deletion: &Deletion, used_days: u32) -> Verdict {
    let scheduled = Reason::new(ReasonCode::KeyPendingDeletion, text_of(deletion));
    let because = |mut reasons: Vec<Reason>| {
        reasons.insert(0, scheduled);
        reasons
    };
    let last_use = LastUseResult::of(deletion, used_days);
    let clusters = names(deletion.clusters.items.iter().map(String::as_str));
    let repositories = names(deletion.repositories.items.iter().map(String::as_str));
    let mut uses: Vec<Reason> = [
        Reason::naming(
            ReasonCode::KeyNamedByCluster,
            "The key encrypts the data of clusters",
            &clusters,
        ),
        Reason::naming(
            ReasonCode::KeyNamedByRepository,
            "The key encrypts the images of repositories",
            &repositories,
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut unknown = Vec::new();
    let mut unused = Vec::new();
    match last_use {
        LastUseResult::Recent(reason) => uses.push(reason),
        LastUseResult::Unknown(reason) => unknown.push(reason),
        LastUseResult::NotRecent(reason) => unused.push(reason),
    }
    if !uses.is_empty() {
        return Verdict::failed_for(Severity::Critical, because(uses));
    }
    let unread = [&deletion.clusters.missing, &deletion.repositories.missing];
    let unread = unread.into_iter().flatten();
    unknown.extend(unread.map(|unread| Reason::new(unread.code, unread.text.clone())));
    if unknown.is_empty() {
        Verdict::warning_for(because(unused))
    } else {
        Verdict::failed_for(Severity::High, because(unknown))
    }
}

/// Returns a sentence about the time of the deletion.
fn text_of(deletion: &Deletion) -> String {
    match (deletion.at, deletion.waiting_days) {
        (Some(at), _) => format!("KMS deletes the key on {}.", at.strftime("%Y-%m-%d")),
        (None, Some(days)) => {
            format!(
                "KMS deletes the key {days} days after it has deleted the last of the replica keys."
            )
        }
        (None, None) => "The key is scheduled for deletion.".to_owned(),
    }
}

/// The last use of a key, as far as it is known.
enum LastUseResult {
    /// The key was used within the number of days that count.
    Recent(Reason),
    /// The key was not used within these days.
    NotRecent(Reason),
    /// It is not known whether the key was used within these days.
    Unknown(Reason),
}

impl LastUseResult {
    fn of(deletion: &Deletion, used_days: u32) -> Self {
        let is_within = |days: i64| days < i64::from(used_days);
        match &deletion.last_use {
            Ok(LastUse::On(age)) => {
                let text = format!("The key was last used on {}.", age.created);
                if is_within(age.days) {
                    Self::Recent(Reason::new(ReasonCode::KeyUsedRecently, text))
                } else {
                    Self::NotRecent(Reason::new(ReasonCode::KeyNotUsed, text))
                }
            }
            Ok(LastUse::NoneSince {
                tracking,
                since_creation,
            }) => {
                let since = tracking.created;
                if *since_creation {
                    let text = format!("The key was not used since its creation on {since}.");
                    Self::NotRecent(Reason::new(ReasonCode::KeyNotUsed, text))
                } else if is_within(tracking.days) {
                    let text = format!(
                        "It is unknown whether the key was used before {since}, the day since which KMS records its \
                         use."
                    );
                    Self::Unknown(Reason::new(ReasonCode::KeyUseUnknown, text))
                } else {
                    let text = format!("KMS has recorded no use of the key since {since}.");
                    Self::NotRecent(Reason::new(ReasonCode::KeyNotUsed, text))
                }
            }
            Err(unread) => Self::Unknown(Reason::new(unread.code, unread.text.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{age, deletion, key, settings, unread};
    use crate::facts::List;
    use crate::verdict::Outcome;

    const CRITICAL: Outcome = Outcome::Failed(Severity::Critical);
    const HIGH: Outcome = Outcome::Failed(Severity::High);

    fn verdict(deletion: Deletion, parameters: &str) -> Verdict {
        let key = KmsKey {
            deletion: Some(deletion),
            ..key()
        };
        evaluate(&key, &settings(CHECK.parameters, parameters))
    }

    fn not_since(days: i64, since_creation: bool) -> LastUse {
        LastUse::NoneSince {
            tracking: age(days),
            since_creation,
        }
    }

    #[test]
    fn a_key_that_is_not_pending_deletion_passes() {
        for (customer_managed, code) in [
            (true, "KEY_NOT_PENDING_DELETION"),
            (false, "KEY_MANAGED_BY_AWS"),
        ] {
            let key = KmsKey {
                customer_managed,
                ..key()
            };
            assert_eq!(evaluate(&key, &ParameterValues::default()).codes(), [code]);
        }
    }

    #[test]
    fn the_last_use_decides_about_a_key_that_nothing_names() {
        for (last_use, outcome, code) in [
            (Ok(LastUse::On(age(-1))), CRITICAL, "KEY_USED_RECENTLY"),
            (Ok(LastUse::On(age(1))), CRITICAL, "KEY_USED_RECENTLY"),
            (Ok(LastUse::On(age(89))), CRITICAL, "KEY_USED_RECENTLY"),
            (Ok(LastUse::On(age(90))), Outcome::Warning, "KEY_NOT_USED"),
            (Ok(not_since(200, false)), Outcome::Warning, "KEY_NOT_USED"),
            (Ok(not_since(90, false)), Outcome::Warning, "KEY_NOT_USED"),
            (Ok(not_since(89, false)), HIGH, "KEY_USE_UNKNOWN"),
            (Ok(not_since(5, false)), HIGH, "KEY_USE_UNKNOWN"),
            (Ok(not_since(5, true)), Outcome::Warning, "KEY_NOT_USED"),
            (Err(unread()), HIGH, "ACCESS_DENIED"),
        ] {
            let verdict = verdict(
                Deletion {
                    last_use: last_use.clone(),
                    ..deletion()
                },
                "{}",
            );
            assert_eq!(verdict.outcome, outcome, "{last_use:?}");
            assert_eq!(verdict.codes(), ["KEY_PENDING_DELETION", code]);
        }
    }

    #[test]
    fn the_number_of_days_can_be_set() {
        for (days, last_use, outcome) in [
            ("0", LastUse::On(age(0)), Outcome::Warning),
            ("0", not_since(0, false), Outcome::Warning),
            ("7", LastUse::On(age(6)), CRITICAL),
            ("7", LastUse::On(age(7)), Outcome::Warning),
            ("365", LastUse::On(age(364)), CRITICAL),
            ("365", not_since(200, false), HIGH),
        ] {
            let deletion = Deletion {
                last_use: Ok(last_use),
                ..deletion()
            };
            let parameters = format!(r#"{{"usedDays": "{days}"}}"#);
            assert_eq!(verdict(deletion, &parameters).outcome, outcome, "{days}");
        }
    }

    #[test]
    fn a_cluster_or_repository_that_names_the_key_decides() {
        let list = |names: &[&str], is_complete: bool| List {
            items: names.iter().map(|name| (*name).to_owned()).collect(),
            missing: (!is_complete).then(unread),
        };
        let unknown_use = || Err(unread());
        for (clusters, repositories, last_use, outcome, codes) in [
            (
                list(&["pay"], true),
                list(&[], true),
                Ok(not_since(200, false)),
                CRITICAL,
                &["KEY_NAMED_BY_CLUSTER"][..],
            ),
            (
                list(&["pay"], false),
                list(&["app"], true),
                unknown_use(),
                CRITICAL,
                &["KEY_NAMED_BY_CLUSTER", "KEY_NAMED_BY_REPOSITORY"],
            ),
            (
                list(&[], false),
                list(&["app"], false),
                Ok(LastUse::On(age(1))),
                CRITICAL,
                &["KEY_NAMED_BY_REPOSITORY", "KEY_USED_RECENTLY"],
            ),
            (
                list(&[], false),
                list(&[], true),
                Ok(not_since(200, false)),
                HIGH,
                &["ACCESS_DENIED"],
            ),
            (
                list(&[], true),
                list(&[], false),
                unknown_use(),
                HIGH,
                &["ACCESS_DENIED", "ACCESS_DENIED"],
            ),
        ] {
            let verdict = verdict(
                Deletion {
                    last_use,
                    clusters,
                    repositories,
                    ..deletion()
                },
                "{}",
            );
            assert_eq!(verdict.outcome, outcome, "{codes:?}");
            assert_eq!(verdict.codes()[0], "KEY_PENDING_DELETION");
            assert_eq!(&verdict.codes()[1..], codes);
        }
    }

    #[test]
    fn the_text_states_when_the_key_is_deleted() {
        let at = deletion().at;
        for (at, waiting_days, expected) in [
            (at, None, "KMS deletes the key on 2026-12-20."),
            (at, Some(30), "KMS deletes the key on 2026-12-20."),
            (
                None,
                Some(30),
                "KMS deletes the key 30 days after it has deleted the last of the replica keys.",
            ),
            (None, None, "The key is scheduled for deletion."),
        ] {
            let verdict = verdict(
                Deletion {
                    at,
                    waiting_days,
                    ..deletion()
                },
                "{}",
            );
            let expected =
                format!("{expected} KMS has recorded no use of the key since 2026-05-12.");
            assert_eq!(verdict.explanation(), expected);
        }
    }
}
