//! Rejects responses that lack a member that the service always sends.

use std::collections::HashMap;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde::de::IgnoredAny;
use serde_json::Value;

/// An interceptor that rejects responses without a member that the service always sends. It holds the names of
/// operations, each with the name of that member; a member of a member in JSON follows it after a slash. The SDK returns an empty list for a required list that is absent, so
/// that the items in it would appear not to exist.
#[derive(Debug, Clone, Copy)]
pub struct Required(pub &'static [(&'static str, &'static str)]);

/// The error of a response without a member that it must have.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the response lacks {0}")]
struct MissingMember(&'static str);

impl Intercept for Required {
    fn name(&self) -> &'static str {
        "Required"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.body().bytes().unwrap_or_default();
        let operation = cfg.load::<Metadata>().map_or("", Metadata::name);
        match self.missing_member(operation, body) {
            Some(member) if response.status().is_success() => Err(MissingMember(member).into()),
            _ => Ok(()),
        }
    }
}

impl Required {
    /// Returns the member that the body of an operation's response lacks.
    fn missing_member(self, operation: &str, body: &[u8]) -> Option<&'static str> {
        let mut members = self.0.iter().filter(|(of, _)| *of == operation);
        let (_, member) = members.find(|(_, member)| !has(body, member))?;
        Some(member)
    }
}

/// Returns `true` if a document of XML or JSON has a member of that name that is not null.
fn has(body: &[u8], member: &str) -> bool {
    let text = std::str::from_utf8(body).unwrap_or_default();
    if text.trim_start().starts_with('<') {
        let ends = |rest: &str| rest.starts_with(['>', '/', ' ']);
        return text.match_indices('<').any(|(at, _)| {
            let tag = &text[at + 1..];
            tag.strip_prefix(member).is_some_and(ends)
        });
    }
    if member.contains('/') {
        let document: Value = serde_json::from_str(text).unwrap_or_default();
        let found = document.pointer(&format!("/{member}"));
        return found.is_some_and(|found| !found.is_null());
    }
    let members: HashMap<String, Option<IgnoredAny>> =
        serde_json::from_str(text).unwrap_or_default();
    members.get(member).is_some_and(Option::is_some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_and_null_members_are_missing() {
        for (body, expected) in [
            (r#"{"Findings": []}"#, true),
            (r#"{"Findings": [{"Id": "x"}], "NextToken": null}"#, true),
            (r#"{"Findings": null}"#, false),
            (r#"{"NextToken": "\"Findings\": []"}"#, false),
            (r#"{"Page": {"Findings": []}}"#, false),
            ("{}", false),
            ("", false),
        ] {
            assert_eq!(has(body.as_bytes(), "Findings"), expected, "{body}");
        }
        for (body, expected) in [
            (r#"{"Page": {"Findings": []}}"#, true),
            (r#"{"Page": {"Findings": null}}"#, false),
            (r#"{"Page": []}"#, false),
            (r#"{"Findings": []}"#, false),
            ("", false),
        ] {
            assert_eq!(has(body.as_bytes(), "Page/Findings"), expected, "{body}");
        }
        for (body, expected) in [
            ("<R><Names><member>a</member></Names></R>", true),
            ("<R><Names/></R>", true),
            ("<R><Names /></R>", true),
            ("<R><NamesOfOthers/></R>", false),
            ("<R></R>", false),
        ] {
            assert_eq!(has(body.as_bytes(), "Names"), expected, "{body}");
        }
    }

    #[test]
    fn only_listed_operations_require_a_member() {
        let required = Required(&[("List", "Names"), ("Get", "Name")]);
        assert_eq!(required.missing_member("List", b"{}"), Some("Names"));
        assert_eq!(required.missing_member("Get", b"{}"), Some("Name"));
        assert_eq!(required.missing_member("List", br#"{"Names": []}"#), None);
        assert_eq!(required.missing_member("Describe", b"{}"), None);
    }
}
