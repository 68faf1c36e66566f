//! The EPSS scores of an enhanced scan's findings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::Deserialize;

/// EPSS scores by the ARN of the finding.
pub(super) type Scores = HashMap<String, f64>;

/// An interceptor that reads the scores from the text of a response. Inspector has the scores, but ECR's published
/// model has no member for them, so the SDK has none either.
#[derive(Debug, Clone, Default)]
pub(super) struct Epss(Arc<Mutex<Scores>>);

impl Epss {
    /// Removes and returns the scores of the last response.
    pub(super) fn take(&self) -> Scores {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intercept for Epss {
    fn name(&self) -> &'static str {
        "Epss"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        let scores = scores(body);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = scores;
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    image_scan_findings: Option<Findings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Findings {
    enhanced_findings: Option<Vec<Finding>>,
}

#[expect(clippy::struct_field_names, reason = "ECR names the members")]
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    finding_arn: Option<String>,
    epss_details: Option<Details>,
    /// The details under the name that Inspector's own API uses.
    epss: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    score: Option<f64>,
}

/// Returns the scores in a response. A response without scores is not parsed a second time.
fn scores(body: &[u8]) -> Scores {
    let has_scores = std::str::from_utf8(body).is_ok_and(|text| text.contains("\"epss"));
    if !has_scores {
        return Scores::new();
    }
    let Ok(response) = serde_json::from_slice::<Response>(body) else {
        return Scores::new();
    };
    let findings = response.image_scan_findings;
    let findings = findings.and_then(|findings| findings.enhanced_findings);
    let score = |finding: Finding| {
        let details = finding.epss_details.or(finding.epss)?;
        let score = details.score.filter(|score| (0.0..=1.0).contains(score))?;
        Some((finding.finding_arn?, score))
    };
    findings.into_iter().flatten().filter_map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_read_under_either_name() {
        let body = |findings: &str| {
            format!(r#"{{"imageScanFindings": {{"enhancedFindings": {findings}}}}}"#)
        };
        for (findings, expected) in [
            (
                r#"[{"findingArn": "a", "epssDetails": {"score": 0.25}}]"#,
                Some(0.25),
            ),
            (r#"[{"findingArn": "a", "epss": {"score": 1}}]"#, Some(1.0)),
            (
                r#"[{"findingArn": "a", "epssDetails": null, "epss": {"score": 0}}]"#,
                Some(0.0),
            ),
            (
                r#"[{"findingArn": "a", "epssDetails": {"score": 1.5}}]"#,
                None,
            ),
            (
                r#"[{"findingArn": "a", "epssDetails": {"score": null}}]"#,
                None,
            ),
            (r#"[{"findingArn": "a", "epssDetails": {}}]"#, None),
            (r#"[{"epssDetails": {"score": 0.25}}]"#, None),
            (r#"[{"findingArn": "a"}]"#, None),
            ("[]", None),
            ("null", None),
        ] {
            let read = scores(body(findings).as_bytes());
            assert_eq!(read.get("a").copied(), expected, "{findings}");
        }
        for other in [
            r#"{"epss": 1}"#,
            r#"{"imageScanFindings": "epss"}"#,
            "\"epss",
            "{}",
            "",
        ] {
            assert!(scores(other.as_bytes()).is_empty(), "{other}");
        }
    }
}
