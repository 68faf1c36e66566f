//! Rejects answers that are cut off.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// An interceptor that rejects XML answers that end in the middle. The SDK reads such an answer as far as it goes, so
/// that the items that were cut off a list would appear not to exist. JSON that ends too early cannot be parsed at all.
#[derive(Debug, Clone, Copy)]
pub struct CompleteAnswers;

/// The error of an answer that is cut off.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the answer ends in the middle")]
struct CutOff;

impl Intercept for CompleteAnswers {
    fn name(&self) -> &'static str {
        "CompleteAnswers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        // A streamed body is not in memory, and is never XML here.
        let body = response.body().bytes().unwrap_or_default();
        let is_cut_off = std::str::from_utf8(body).is_ok_and(|text| is_xml(text) && !ends(text));
        if response.status().is_success() && is_cut_off {
            return Err(CutOff.into());
        }
        Ok(())
    }
}

fn is_xml(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// Returns `true` if a document of XML ends with the closing tag of its first element.
fn ends(xml: &str) -> bool {
    let mut tags = xml.split('<').skip(1);
    let first = tags.find(|tag| !tag.starts_with(['?', '!']));
    let name = first.and_then(|tag| tag.split([' ', '\n', '/', '>']).next());
    name.is_some_and(|name| xml.trim_end().ends_with(&format!("</{name}>")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_ends_with_its_first_element() {
        let list = "<?xml version=\"1.0\"?>\n<ListResponse xmlns=\"x\">\n<Names><member>a</member></Names></ListResponse>\n";
        assert!(is_xml(list) && ends(list));
        let body = list.trim_end();
        for (end, _) in body.char_indices() {
            assert!(!ends(&body[..end]), "{}", &body[..end]);
        }
        assert!(ends("<a></a>") && !ends("<a><b></b>") && !ends("<a></ab>"));
        for other in ["", "{}", "[\"<a>\"]", "a < b"] {
            assert!(!is_xml(other), "{other}");
        }
    }
}
