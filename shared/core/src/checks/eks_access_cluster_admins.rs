//! ## What it checks
//!
//! Few IAM principals should be administrators of an EKS cluster. The check counts the access entries with which the
//! access policy AmazonEKSClusterAdminPolicy is associated for the whole cluster, except those of service-linked roles,
//! which EKS adds by itself. It fails if there are more than `maxPrincipals`. If `allowedPrincipals` is set, it fails
//! instead if a principal matches none of its patterns.
//!
//! The finding also reports an administrator that is probably the cluster's creator: the cluster was created with the
//! setting that makes its creator an administrator, and the policy was associated with the principal at most 30 minutes
//! after the creation.
//!
//! Not evaluated: administrators by the aws-auth ConfigMap, by RBAC in the cluster, and by other access policies.
//!
//! ## Why it matters
//!
//! One stolen session of a cluster administrator is enough to read all secrets and to change every workload.
//!
//! ## How to fix it
//!
//! Remove the association from principals that do not need it. For daily work, associate AmazonEKSAdminPolicy or
//! AmazonEKSEditPolicy with a namespace as its scope.

use jiff::SignedDuration;
use wildmatch::WildMatch;

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::{Association, AuthenticationMode, ClusterAdmin};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

/// The time within which EKS creates the access entry of a cluster's creator.
const CREATION: SignedDuration = SignedDuration::from_mins(30);

static ALLOWED_PRINCIPALS: Parameter<Vec<String>> = Parameter {
    name: "allowedPrincipals",
    description: "ARNs of the principals that may be administrators, in which * stands for any text. If it is set, \
                  maxPrincipals has no effect.",
    default: Vec::new(),
};

static MAX_PRINCIPALS: Parameter<u32> = Parameter {
    name: "maxPrincipals",
    description: "The maximum number of administrators, for example automation, operators and emergency access.",
    default: 3,
};

pub(super) static CHECK: Check = Check {
    id: "eks-access-cluster-admins",
    enabled: true,
    title: "EKS access entries should make few principals cluster administrators",
    requirement: "Only allowed IAM principals, or at most maxPrincipals, should be administrators of the whole cluster.",
    severities: &[(
        Severity::Medium,
        "each administrator's session, if it is stolen, gives full control of the cluster",
    )],
    remediation: Remediation {
        text: "Remove AmazonEKSClusterAdminPolicy from the access entries of principals that do not need it.",
        command: "aws eks disassociate-access-policy --region {region} --cluster-name {name} --principal-arn <principal ARN> \
                  --policy-arn arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html",
    },
    parameters: &[&ALLOWED_PRINCIPALS, &MAX_PRINCIPALS],
    needs: &[Need::ClusterAdmins],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let Some(admins) = &cluster.admins else {
        return Verdict::not_applicable(
            ReasonCode::NoAccessEntries,
            "The cluster does not use access entries.",
        );
    };
    let mut certain: Vec<(&ClusterAdmin, Association)> = Vec::new();
    let mut uncertain = Vec::new();
    let people = admins
        .items
        .iter()
        .filter(|admin| !admin.principal.is_service_linked());
    for admin in people {
        match &admin.cluster_wide {
            Ok(Some(association)) => certain.push((admin, *association)),
            Ok(None) => {}
            Err(unread) => uncertain.push((admin, unread)),
        }
    }
    let allowed = settings.get(&ALLOWED_PRINCIPALS);
    let is_allowed = |admin: &ClusterAdmin| {
        let mut patterns = allowed.iter();
        patterns.any(|pattern| WildMatch::new(pattern).matches(admin.principal.arn()))
    };
    let max = usize::try_from(settings.get(&MAX_PRINCIPALS)).unwrap_or(usize::MAX);
    let (others, might_tip): (Vec<&ClusterAdmin>, bool) = if allowed.is_empty() {
        let all = certain.iter().map(|(admin, _)| *admin).collect::<Vec<_>>();
        let might_tip = certain.len() + uncertain.len() > max;
        (
            if certain.len() > max { all } else { Vec::new() },
            might_tip,
        )
    } else {
        let others = certain
            .iter()
            .map(|(admin, _)| *admin)
            .filter(|admin| !is_allowed(admin));
        (
            others.collect(),
            uncertain.iter().any(|(admin, _)| !is_allowed(admin)),
        )
    };

    let mut verdict = if !others.is_empty() {
        let principals = names(others.iter().map(|admin| admin.principal.arn()));
        let (code, text) = if allowed.is_empty() {
            (
                ReasonCode::TooManyAdmins,
                format!(
                    "More than {max} principals are administrators of the cluster: {principals}."
                ),
            )
        } else {
            (
                ReasonCode::AdminNotAllowed,
                format!(
                    "Principals that are not allowed are administrators of the cluster: {principals}."
                ),
            )
        };
        Verdict::failed(Severity::Medium, code, text)
    } else if let Some(unread) = &admins.missing {
        return Verdict::not_available(unread);
    } else if let Some((_, unread)) = uncertain.first().filter(|_| might_tip) {
        return Verdict::not_available(unread);
    } else {
        Verdict::passed(ReasonCode::FewAdmins, few(cluster, &allowed, max))
    };
    if let Some(creator) = probable_creator(cluster, &certain) {
        verdict.reasons.push(Reason::new(
            ReasonCode::CreatorProbablyAdmin,
            format!(
                "The cluster's creator is probably an administrator: {}.",
                creator.principal.arn()
            ),
        ));
    }
    verdict
}

/// Returns the text of a pass. It names no principals: those whose scope could not be read could not change the result,
/// and must not change the text.
fn few(cluster: &EksCluster, allowed: &[String], max: usize) -> String {
    let text = if allowed.is_empty() {
        format!("At most {max} principals are administrators of the cluster by access entries.")
    } else {
        "Only allowed principals are administrators of the cluster by access entries.".to_owned()
    };
    match cluster.authentication_mode {
        Some(AuthenticationMode::ApiAndConfigMap) => {
            format!("{text} Administrators by the aws-auth ConfigMap are not evaluated.")
        }
        _ => text,
    }
}

/// Returns the administrator whose entry EKS probably created together with the cluster.
fn probable_creator<'a>(
    cluster: &EksCluster,
    admins: &[(&'a ClusterAdmin, Association)],
) -> Option<&'a ClusterAdmin> {
    let created_at = cluster
        .created_at
        .filter(|_| cluster.creator_is_admin == Some(true))?;
    let times = admins
        .iter()
        .filter_map(|(admin, association)| Some((association.associated_at?, *admin)));
    let (associated_at, oldest) = times.min_by_key(|(at, admin)| (*at, admin.principal.arn()))?;
    (associated_at.duration_since(created_at).abs() <= CREATION).then_some(oldest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, settings, unread};
    use crate::facts::cluster::Principal;
    use crate::facts::{Fact, List};
    use crate::verdict::Outcome;

    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const PLATFORM: &str = r#"{"allowedPrincipals": ["arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Platform_*"]}"#;
    const SSO: &str = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Platform_0a1b";
    const LINKED: &str = "arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS";

    #[expect(clippy::unnecessary_wraps, reason = "the test cases contain facts")]
    fn wide() -> Fact<Option<Association>> {
        Ok(Some(Association {
            associated_at: None,
        }))
    }

    fn admin(name: &str, cluster_wide: Fact<Option<Association>>) -> ClusterAdmin {
        let arn = if name.starts_with("arn:") {
            name.to_owned()
        } else {
            format!("arn:aws:iam::111122223333:role/{name}")
        };
        ClusterAdmin {
            principal: Principal::new(arn),
            cluster_wide,
        }
    }

    fn verdict(admins: List<ClusterAdmin>, parameters: &str) -> Verdict {
        let cluster = EksCluster {
            admins: Some(admins),
            ..cluster()
        };
        evaluate(&cluster, &settings(CHECK.parameters, parameters))
    }

    fn all_wide(names: &[&str]) -> List<ClusterAdmin> {
        List::complete(names.iter().map(|name| admin(name, wide())).collect())
    }

    #[test]
    fn the_number_of_administrators_of_the_whole_cluster_decides() {
        let with = |mut list: List<ClusterAdmin>, other| {
            list.items.push(other);
            list
        };
        for (admins, parameters, expected) in [
            (all_wide(&[]), "{}", Outcome::Passed),
            (all_wide(&["a", "b", "c"]), "{}", Outcome::Passed),
            (all_wide(&["a", "b", "c", "d"]), "{}", MEDIUM),
            (
                all_wide(&["a", "b", "c", "d"]),
                r#"{"maxPrincipals": 4}"#,
                Outcome::Passed,
            ),
            (all_wide(&["a"]), r#"{"maxPrincipals": 0}"#, MEDIUM),
            (
                with(all_wide(&["a", "b", "c"]), admin("d", Ok(None))),
                "{}",
                Outcome::Passed,
            ),
            (all_wide(&["a", "b", "c", LINKED]), "{}", Outcome::Passed),
            (all_wide(&[SSO, "ci"]), PLATFORM, MEDIUM),
            (all_wide(&[SSO, LINKED]), PLATFORM, Outcome::Passed),
        ] {
            let verdict = verdict(admins, parameters);
            assert_eq!(verdict.outcome, expected, "{verdict:?}");
        }
    }

    #[test]
    fn an_unread_scope_counts_only_where_it_could_tip_the_balance() {
        let with_unread = |names: &[&str]| {
            let mut list = all_wide(names);
            list.items.push(admin("unread", Err(unread())));
            list
        };
        let cut_off = |names: &[&str]| List {
            missing: Some(unread()),
            ..all_wide(names)
        };
        for (admins, parameters, expected) in [
            (with_unread(&["a", "b", "c"]), "{}", Outcome::NotAvailable),
            (with_unread(&["a", "b"]), "{}", Outcome::Passed),
            (with_unread(&["a", "b", "c", "d"]), "{}", MEDIUM),
            (with_unread(&[SSO]), PLATFORM, Outcome::NotAvailable),
            (with_unread(&["ci"]), PLATFORM, MEDIUM),
            (cut_off(&["a"]), "{}", Outcome::NotAvailable),
            (cut_off(&["a", "b", "c", "d"]), "{}", MEDIUM),
        ] {
            let verdict = verdict(admins, parameters);
            assert_eq!(verdict.outcome, expected, "{verdict:?}");
        }
    }

    #[test]
    fn a_pass_states_the_limit_and_what_is_not_evaluated() {
        let text = |mode: &str, parameters: &str| {
            let cluster = EksCluster {
                authentication_mode: AuthenticationMode::read(mode),
                ..cluster()
            };
            let settings = settings(CHECK.parameters, parameters);
            evaluate(&cluster, &settings).reasons[0].text.clone()
        };
        let of_api = text("API", "{}");
        assert!(of_api.starts_with("At most 3 principals"), "{of_api}");
        assert!(!of_api.contains("aws-auth"), "{of_api}");
        let allowed = text("API", PLATFORM);
        assert!(allowed.starts_with("Only allowed principals"), "{allowed}");
        let of_both = text("API_AND_CONFIG_MAP", "{}");
        assert!(
            of_both.ends_with("by the aws-auth ConfigMap are not evaluated."),
            "{of_both}"
        );
    }

    #[test]
    fn a_cluster_without_access_entries_is_not_applicable() {
        let cluster = EksCluster {
            admins: None,
            ..cluster()
        };
        let verdict = evaluate(&cluster, &ParameterValues::default());
        assert_eq!(verdict.outcome, Outcome::NotApplicable);
    }

    #[test]
    fn an_entry_as_old_as_the_cluster_is_probably_the_creator() {
        let at = |time: &str| Some(format!("2026-03-01T{time}Z").parse().unwrap());
        for (creator_is_admin, associated_at, expected) in [
            (Some(true), at("10:29:00"), true),
            (Some(true), at("10:31:00"), false),
            (Some(true), None, false),
            (Some(false), at("10:00:01"), false),
            (None, at("10:00:01"), false),
        ] {
            let cluster = EksCluster {
                created_at: at("10:00:00"),
                creator_is_admin,
                admins: Some(List::complete(vec![
                    admin("creator", Ok(Some(Association { associated_at }))),
                    admin(
                        "later",
                        Ok(Some(Association {
                            associated_at: at("23:00:00"),
                        })),
                    ),
                ])),
                ..cluster()
            };
            let verdict = evaluate(&cluster, &ParameterValues::default());
            let codes = verdict.codes();
            assert_eq!(
                codes.contains(&"CREATOR_PROBABLY_ADMIN"),
                expected,
                "{codes:?}"
            );
            assert_eq!(verdict.outcome, Outcome::Passed);
        }
    }
}
