//! Signatures, and the registry's managed signing.

use std::collections::HashSet;

use aws_sdk_ecr::types::{
    ImageDetail, ImageSigningStatus, SigningConfiguration, SigningRepositoryFilterType,
    SigningRule as SdkRule,
};
use eksentry_core::facts::image::{SigningState, SigningStatus};
use eksentry_core::facts::repository::{ManagedSigning, SigningRule};

/// The beginnings of the artifact types of signatures: of Notation and AWS Signer, and of cosign. Later versions have
/// the same beginnings.
/// Sources: <https://github.com/notaryproject/specifications/blob/main/specs/signature-specification.md> and
/// <https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md>.
const SIGNATURES: [&str; 3] = [
    "application/vnd.cncf.notary.signature",
    "application/vnd.dev.cosign.artifact.sig.",
    "application/vnd.dev.sigstore.bundle.",
];

/// The bytes of a SHA-256 digest.
type Sha256 = [u8; 32];

/// The digests of the signed images in a repository, as far as it was listed.
#[derive(Debug, Default)]
pub(in crate::ecr) struct Signatures(HashSet<Sha256>);

impl Signatures {
    /// Adds the images to which the signatures among these entries refer.
    pub(in crate::ecr) fn add(&mut self, details: &[ImageDetail]) {
        for detail in details {
            let media_type = detail.artifact_media_type().unwrap_or_default();
            let is_signature = SIGNATURES.iter().any(|begin| media_type.starts_with(begin));
            let subject = detail.subject_manifest_digest().filter(|_| is_signature);
            self.0.extend(subject.and_then(sha256));
            let tags = detail.image_tags().iter();
            self.0.extend(tags.filter_map(|tag| signed_by_tag(tag)));
        }
    }

    /// Returns `true` if there is a signature of the image.
    pub(in crate::ecr) fn sign(&self, digest: &str) -> bool {
        sha256(digest).is_some_and(|digest| self.0.contains(&digest))
    }
}

fn sha256(digest: &str) -> Option<Sha256> {
    let mut bytes = Sha256::default();
    hex::decode_to_slice(digest.strip_prefix("sha256:")?, &mut bytes).ok()?;
    Some(bytes)
}

/// Returns the digest of the image whose signature cosign stores under a tag.
fn signed_by_tag(tag: &str) -> Option<Sha256> {
    let digest = tag.strip_prefix("sha256-")?.strip_suffix(".sig")?;
    sha256(&format!("sha256:{digest}"))
}

/// Returns the tag under which cosign stores the signature of an image.
pub(in crate::ecr) fn cosign_tag(digest: &str) -> String {
    format!("{}.sig", digest.replace(':', "-"))
}

/// Returns the registry's managed signing.
///
/// # Errors
///
/// Returns the problem if the type of a filter did not exist when this was written.
pub(in crate::ecr) fn managed_signing(
    configuration: &SigningConfiguration,
) -> Result<ManagedSigning, String> {
    let rules = configuration.rules().iter().map(rule);
    rules.collect::<Result<_, _>>().map(ManagedSigning::Rules)
}

fn rule(rule: &SdkRule) -> Result<SigningRule, String> {
    let filters = rule.repository_filters().iter().map(|filter| {
        if *filter.filter_type() == SigningRepositoryFilterType::WildcardMatch {
            Ok(filter.filter().to_owned())
        } else {
            Err("the type of a filter is unknown".to_owned())
        }
    });
    let filters = filters.collect::<Result<_, _>>()?;
    Ok(SigningRule { filters })
}

/// Returns the statuses of an image.
///
/// # Errors
///
/// Returns the problem if a status did not exist when this was written.
pub(in crate::ecr) fn signing_statuses(
    statuses: &[ImageSigningStatus],
) -> Result<Vec<SigningStatus>, String> {
    let statuses = statuses.iter().map(|status| {
        let state = status
            .status()
            .map(aws_sdk_ecr::types::SigningStatus::as_str);
        let state = state.and_then(SigningState::read);
        let state = state.ok_or_else(|| "the status of a signing is unknown".to_owned())?;
        let problem = problem(status.failure_code(), status.failure_reason());
        Ok(SigningStatus { state, problem })
    });
    statuses.collect()
}

fn problem(code: Option<&str>, reason: Option<&str>) -> Option<String> {
    /// The most characters that are kept. Reasons come from outside, so longer ones are cut.
    const PROBLEM: usize = 400;
    let parts = [code, reason].into_iter().flatten();
    let parts: Vec<&str> = parts.filter(|part| !part.trim().is_empty()).collect();
    let problem: String = parts.join(": ").chars().take(PROBLEM).collect();
    let problem = problem.trim_end_matches('.');
    (!problem.is_empty()).then(|| problem.to_owned())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::types::{SigningRepositoryFilter, SigningStatus as SdkStatus};

    use super::*;

    const HEX: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";

    #[test]
    fn signatures_refer_to_images_by_digest_or_tag() {
        let referrer = |media_type: &str| {
            ImageDetail::builder()
                .artifact_media_type(media_type)
                .subject_manifest_digest(format!("sha256:{HEX}"))
                .build()
        };
        let tagged = |tag: &str| ImageDetail::builder().image_tags(tag).build();
        for (detail, expected) in [
            (referrer("application/vnd.cncf.notary.signature"), true),
            (
                referrer("application/vnd.dev.cosign.artifact.sig.v1+json"),
                true,
            ),
            (
                referrer("application/vnd.dev.sigstore.bundle.v0.4+json"),
                true,
            ),
            (referrer("application/vnd.in-toto+json"), false),
            (referrer("application/spdx+json"), false),
            (referrer(""), false),
            (
                ImageDetail::builder()
                    .artifact_media_type("application/vnd.cncf.notary.signature")
                    .build(),
                false,
            ),
            (tagged(&format!("sha256-{HEX}.sig")), true),
            (tagged(&format!("sha256-{HEX}.att")), false),
            (tagged(&format!("sha256-{}.sig", &HEX[1..])), false),
            (tagged(&format!("{HEX}.sig")), false),
        ] {
            let mut signatures = Signatures::default();
            signatures.add(std::slice::from_ref(&detail));
            let digest = format!("sha256:{HEX}");
            assert_eq!(signatures.sign(&digest), expected, "{detail:?}");
            assert!(!signatures.sign(&digest.replace('0', "1")));
            assert!(!signatures.sign(HEX));
        }
    }

    #[test]
    fn cosign_stores_a_signature_under_the_digest() {
        let tag = cosign_tag(&format!("sha256:{HEX}"));
        assert_eq!(signed_by_tag(&tag), sha256(&format!("sha256:{HEX}")));
    }

    #[test]
    fn rules_have_filters_of_a_known_type() {
        let configuration = |filter_type: Option<&str>| {
            let filter = filter_type.map(|filter_type| {
                SigningRepositoryFilter::builder()
                    .filter("team-a/*")
                    .filter_type(filter_type.into())
                    .build()
                    .unwrap()
            });
            let rule = SdkRule::builder()
                .signing_profile_arn("arn")
                .set_repository_filters(filter.map(|filter| vec![filter]));
            SigningConfiguration::builder()
                .rules(rule.build().unwrap())
                .build()
                .unwrap()
        };
        let rules = |filters| Ok(ManagedSigning::Rules(vec![SigningRule { filters }]));
        for (filter_type, expected) in [
            (None, rules(Vec::new())),
            (Some("WILDCARD_MATCH"), rules(vec!["team-a/*".to_owned()])),
            (
                Some("SOMETHING_NEW"),
                Err("the type of a filter is unknown".to_owned()),
            ),
        ] {
            let read = managed_signing(&configuration(filter_type));
            assert_eq!(read, expected, "{filter_type:?}");
        }
    }

    #[test]
    fn a_status_has_a_problem_only_if_signing_failed() {
        let status = |status: Option<&str>, code: Option<&str>, reason: Option<&str>| {
            ImageSigningStatus::builder()
                .set_status(status.map(SdkStatus::from))
                .set_failure_code(code.map(str::to_owned))
                .set_failure_reason(reason.map(str::to_owned))
                .build()
        };
        let long = "x".repeat(1_000);
        for (status, expected) in [
            (
                status(Some("COMPLETE"), None, None),
                Some((SigningState::Complete, None)),
            ),
            (
                status(Some("IN_PROGRESS"), None, Some(" ")),
                Some((SigningState::UnderWay, None)),
            ),
            (
                status(Some("FAILED"), Some("ACCESS_DENIED"), Some("Denied.")),
                Some((SigningState::Failed, Some("ACCESS_DENIED: Denied"))),
            ),
            (
                status(Some("FAILED"), None, Some(&long)),
                Some((SigningState::Failed, Some(&long[..400]))),
            ),
            (status(Some("SOMETHING_NEW"), None, None), None),
            (status(None, None, None), None),
        ] {
            let read = signing_statuses(std::slice::from_ref(&status)).ok();
            let expected = expected.map(|(state, problem)| {
                let problem = problem.map(str::to_owned);
                vec![SigningStatus { state, problem }]
            });
            assert_eq!(read, expected, "{status:?}");
        }
    }
}
