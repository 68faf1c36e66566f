//! ## What it checks
//!
//! The tags of an ECR repository should be immutable, so that a tag always identifies the same image. The check fails
//! when the repository's tag mutability is `MUTABLE` (the default of ECR), `MUTABLE_WITH_EXCLUSION`, or
//! `IMMUTABLE_WITH_EXCLUSION` with a filter that none in `allowedMutableTagFilters` covers, or with no filter at all. A
//! filter covers narrower ones: if `sha256-*` is allowed, `sha256-*.sig` is allowed as well. The filter `*` excludes
//! every tag: all tags are then mutable under `IMMUTABLE_WITH_EXCLUSION`, and none is mutable under
//! `MUTABLE_WITH_EXCLUSION`, which passes.
//!
//! ## Why it matters
//!
//! Otherwise, anyone who can push can move `1.4.2` to another image, and the image that runs is no longer the one that
//! was tested and scanned. The severity is MEDIUM, or LOW if only some tags can be moved.
//!
//! ## How to fix it
//!
//! Make the repository's tags immutable, and let pipelines push each build under a new tag.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EcrRepository;
use crate::facts::Unread;
use crate::facts::repository::{TagMutability, covers};
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static ALLOWED_MUTABLE_TAG_FILTERS: Parameter<Vec<String>> = Parameter {
    name: "allowedMutableTagFilters",
    description: "Exclusion filters that an otherwise immutable repository may have; narrower ones are also allowed.",
    default: Vec::new(),
};

pub(super) static CHECK: Check = Check {
    id: "ecr-immutable-tags",
    enabled: true,
    title: "ECR repositories should have immutable tags",
    requirement: "All tags should be immutable, except those that match an allowed exclusion filter.",
    severities: &[
        (
            Severity::Medium,
            "anyone who can push can replace the image behind a deployed tag",
        ),
        (
            Severity::Low,
            "only tags that match the exclusion filters can be moved to another image",
        ),
    ],
    remediation: Remediation {
        text: "Make the repository's tags immutable.",
        command: "aws ecr put-image-tag-mutability --region {region} --repository-name {name} --image-tag-mutability \
                  IMMUTABLE",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
    },
    parameters: &[&ALLOWED_MUTABLE_TAG_FILTERS],
    needs: &[],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(repository: &EcrRepository, settings: &ParameterValues) -> Verdict {
    let filters = &repository.exclusion_filters;
    match &repository.mutability {
        TagMutability::Immutable => {
            Verdict::passed(ReasonCode::TagsImmutable, "All tags are immutable.")
        }
        TagMutability::Mutable => Verdict::failed(
            Severity::Medium,
            ReasonCode::TagsMutable,
            "All tags are mutable.",
        ),
        TagMutability::MutableWithExclusion if repository.excludes_every_tag() => Verdict::passed(
            ReasonCode::TagsImmutableByExclusion,
            "All tags are immutable: under MUTABLE_WITH_EXCLUSION, an exclusion filter matches every tag.",
        ),
        TagMutability::MutableWithExclusion => {
            let text = if filters.is_empty() {
                "All tags are mutable: the repository has no exclusion filter.".to_owned()
            } else {
                format!(
                    "All tags are mutable, except those that match {}.",
                    filters.join(", ")
                )
            };
            Verdict::failed(Severity::Medium, ReasonCode::TagsMutableWithExclusion, text)
        }
        TagMutability::ImmutableWithExclusion if filters.is_empty() => Verdict::failed(
            Severity::Low,
            ReasonCode::ExclusionUnknown,
            "Some tags are mutable, but ECR does not report which: the list of exclusion filters is empty.",
        ),
        TagMutability::ImmutableWithExclusion => {
            let allowed = settings.get(&ALLOWED_MUTABLE_TAG_FILTERS);
            let is_allowed = |filter: &String| allowed.iter().any(|wide| covers(wide, filter));
            let others: Vec<&str> = filters
                .iter()
                .filter(|filter| !is_allowed(filter))
                .map(String::as_str)
                .collect();
            if others.is_empty() {
                let text = format!(
                    "All tags are immutable, except those that match {}, which are allowed.",
                    filters.join(", ")
                );
                Verdict::passed(ReasonCode::TagsImmutableAsAllowed, text)
            } else if repository.excludes_every_tag() {
                Verdict::failed(
                    Severity::Medium,
                    ReasonCode::TagsMutableByExclusion,
                    "All tags are mutable: under IMMUTABLE_WITH_EXCLUSION, an exclusion filter matches every tag.",
                )
            } else {
                let text = format!("Tags that match {} are mutable.", others.join(", "));
                Verdict::failed(Severity::Low, ReasonCode::TagsPartlyMutable, text)
            }
        }
        TagMutability::Unknown(name) => Verdict::not_available(&Unread {
            code: ReasonCode::MutabilityUnknown,
            text: format!(
                "The tag mutability is {name}, which this version of eksentry does not support; to fix this, update \
                 eksentry."
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{repository, settings};
    use crate::verdict::Outcome;

    #[test]
    fn the_outcome_depends_on_mutability_and_filters() {
        const LOW: Outcome = Outcome::Failed(Severity::Low);
        const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
        for (mutability, filters, expected) in [
            (Some("IMMUTABLE"), &[] as &[&str], Outcome::Passed),
            (Some("MUTABLE"), &[], MEDIUM),
            (None, &[], MEDIUM),
            (Some("MUTABLE_WITH_EXCLUSION"), &["prod-*"], MEDIUM),
            (Some("MUTABLE_WITH_EXCLUSION"), &[], MEDIUM),
            (Some("MUTABLE_WITH_EXCLUSION"), &["*"], Outcome::Passed),
            (
                Some("MUTABLE_WITH_EXCLUSION"),
                &["**", "prod-*"],
                Outcome::Passed,
            ),
            (
                Some("IMMUTABLE_WITH_EXCLUSION"),
                &["latest"],
                Outcome::Passed,
            ),
            (Some("IMMUTABLE_WITH_EXCLUSION"), &["latest", "dev-*"], LOW),
            (
                Some("IMMUTABLE_WITH_EXCLUSION"),
                &["sha256-*", "sha256-*.sig"],
                Outcome::Passed,
            ),
            (Some("IMMUTABLE_WITH_EXCLUSION"), &["sha*"], LOW),
            (Some("IMMUTABLE_WITH_EXCLUSION"), &["*"], MEDIUM),
            (Some("IMMUTABLE_WITH_EXCLUSION"), &["latest", "*"], MEDIUM),
            (Some("IMMUTABLE_WITH_EXCLUSION"), &[], LOW),
            (Some("SOMETIMES"), &[], Outcome::NotAvailable),
        ] {
            let repository = EcrRepository {
                mutability: TagMutability::read(mutability),
                exclusion_filters: filters.iter().map(|filter| (*filter).to_owned()).collect(),
                ..repository()
            };
            let settings = settings(
                CHECK.parameters,
                r#"{"allowedMutableTagFilters": "latest,sha256-*"}"#,
            );
            assert_eq!(
                evaluate(&repository, &settings).outcome,
                expected,
                "{mutability:?} {filters:?}"
            );
        }
    }

    #[test]
    fn an_allowed_filter_that_matches_all_tags_allows_every_filter() {
        let allowed = settings(CHECK.parameters, r#"{"allowedMutableTagFilters": "*"}"#);
        for filter in ["*", "latest", "sha256-*.sig"] {
            let repository = EcrRepository {
                mutability: TagMutability::ImmutableWithExclusion,
                exclusion_filters: vec![filter.to_owned()],
                ..repository()
            };
            let verdict = evaluate(&repository, &allowed);
            assert_eq!(verdict.outcome, Outcome::Passed, "{filter}");
        }
    }
}
