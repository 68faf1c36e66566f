//! A deserializer that reads only the required members of a page of findings.
//!
//! The SDK's own deserializer creates some tens of kilobytes for every finding: most of them are empty members for
//! other AWS resources, and for an image's finding, all of its vulnerabilities.

use aws_sdk_securityhub::operation::get_findings::{GetFindings, GetFindingsOutput};
use aws_sdk_securityhub::types::{AwsSecurityFinding, Compliance, ComplianceStatus, RecordState};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextMut, Output, OutputOrError,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use aws_smithy_types::config_bag::{ConfigBag, FrozenLayer};
use serde::Deserialize;

use super::asff::{DIGEST, REVISION, UNREAD_SINCE};

/// An interceptor that makes GetFindings return only the ids of findings and the members that [`Known`](super::Known)
/// is created from.
#[derive(Debug, Clone, Copy)]
pub(super) struct FindingSummaries;

impl Intercept for FindingSummaries {
    fn name(&self) -> &'static str {
        "FindingSummaries"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(sdk) = GetFindings::new().config() {
            let summaries = SharedResponseDeserializer::new(SummaryDeserializer { sdk });
            cfg.interceptor_state().store_put(summaries);
        }
        Ok(())
    }
}

/// A deserializer of pages. It leaves errors, and responses that it can't parse, to the SDK.
#[derive(Debug)]
struct SummaryDeserializer {
    sdk: FrozenLayer,
}

impl DeserializeResponse for SummaryDeserializer {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        cfg: &ConfigBag,
    ) -> OutputOrError {
        let page = response
            .status()
            .is_success()
            .then(|| serde_json::from_slice::<Page>(response.body().bytes()?).ok())
            .flatten();
        if let Some(page) = page {
            return Ok(Output::erase(page.into_output()));
        }
        match self.sdk.load::<SharedResponseDeserializer>() {
            Some(sdk) => sdk.deserialize_nonstreaming_with_config(response, cfg),
            None => Err(OrchestratorError::other(
                "the SDK has no deserializer for GetFindings",
            )),
        }
    }
}

/// Returns the findings of a page; `None` if reading it is left to the SDK.
#[cfg(any(test, fuzzing))]
pub(super) fn read(data: &[u8]) -> Option<Vec<AwsSecurityFinding>> {
    let page: Page = serde_json::from_slice(data).ok()?;
    page.into_output().findings
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    findings: Option<Vec<Finding>>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Finding {
    id: Option<String>,
    generator_id: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    record_state: Option<String>,
    compliance: Option<StatusMember>,
    product_fields: Option<ProductFields>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatusMember {
    status: Option<String>,
}

#[derive(Deserialize)]
struct ProductFields {
    #[serde(rename = "eksentry/Digest")]
    digest: Option<String>,
    #[serde(rename = "eksentry/Revision")]
    revision: Option<String>,
    #[serde(rename = "eksentry/UnreadSince")]
    unread_since: Option<String>,
}

impl Page {
    fn into_output(self) -> GetFindingsOutput {
        let findings = self.findings;
        GetFindingsOutput::builder()
            .set_findings(
                findings.map(|findings| findings.into_iter().map(Finding::into_sdk).collect()),
            )
            .set_next_token(self.next_token)
            .build()
    }
}

impl Finding {
    fn into_sdk(self) -> AwsSecurityFinding {
        let status = self.compliance.and_then(|compliance| compliance.status);
        let fields = self.product_fields.map(|fields| {
            [
                (DIGEST, fields.digest),
                (REVISION, fields.revision),
                (UNREAD_SINCE, fields.unread_since),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
        });
        AwsSecurityFinding::builder()
            .set_id(self.id)
            .set_generator_id(self.generator_id)
            .set_created_at(self.created_at)
            .set_updated_at(self.updated_at)
            .set_record_state(self.record_state.as_deref().map(RecordState::from))
            .set_compliance(status.map(|status| {
                Compliance::builder()
                    .status(ComplianceStatus::from(status.as_str()))
                    .build()
            }))
            .set_product_fields(fields)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security_hub::{Known, Status};

    fn read(json: &str) -> GetFindingsOutput {
        serde_json::from_str::<Page>(json).unwrap().into_output()
    }

    #[test]
    fn a_page_contains_the_known_members_of_a_finding() {
        let page = read(
            r#"{"NextToken": "2", "Findings": [{
                "SchemaVersion": "2018-10-08", "Id": "eksentry/a/b", "GeneratorId": "eksentry/a",
                "CreatedAt": "2026-01-02T03:04:05Z", "UpdatedAt": "2026-01-02T03:04:06Z",
                "RecordState": "ARCHIVED", "Compliance": {"Status": "FAILED", "StatusReasons": []},
                "ProductFields": {"eksentry/Digest": "d", "eksentry/Revision": "r",
                    "eksentry/UnreadSince": "2026-11-23", "aws/x": "y"},
                "Resources": [{"Id": "b", "Details": {"Other": {}}}]
            }]}"#,
        );
        assert_eq!(page.next_token(), Some("2"));
        let [finding] = page.findings() else {
            panic!("{page:?}");
        };
        assert_eq!(
            (finding.id(), finding.generator_id()),
            (Some("eksentry/a/b"), Some("eksentry/a"))
        );
        let known = Known {
            created_at: "2026-01-02T03:04:05Z".into(),
            updated_at: "2026-01-02T03:04:06Z".parse().ok(),
            archived: true,
            status: Some(Status::Failed),
            digest: Some("d".into()),
            revision: Some("r".into()),
            unread_since: Some(jiff::civil::date(2026, 11, 23)),
        };
        assert_eq!(Known::of(finding), known);
    }

    #[test]
    fn a_missing_list_differs_from_an_empty_list() {
        for json in ["{}", r#"{"Findings": null, "NextToken": null}"#] {
            assert_eq!(read(json).findings, None, "{json}");
        }
        assert_eq!(read(r#"{"Findings": []}"#).findings, Some(Vec::new()));
    }

    #[test]
    fn the_members_of_a_finding_are_optional() {
        let bare = read(r#"{"Findings": [{"Compliance": null, "ProductFields": {}}]}"#);
        let known = Known::of(&bare.findings()[0]);
        assert_eq!(
            (known.status, known.digest, known.archived),
            (None, None, false)
        );
    }
}
