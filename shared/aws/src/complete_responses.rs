//! Rejects truncated responses.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// An interceptor that rejects truncated XML responses. The SDK reads such a response as far as it goes, so that the
/// items that are missing from a list would appear not to exist. Truncated JSON cannot be parsed at all.
#[derive(Debug, Clone, Copy)]
pub struct CompleteResponses;

/// The error of a truncated response.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the response is truncated")]
struct Truncated;

impl Intercept for CompleteResponses {
    fn name(&self) -> &'static str {
        "CompleteResponses"
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
        let is_truncated =
            std::str::from_utf8(body).is_ok_and(|text| is_xml(text) && !is_complete(text));
        if response.status().is_success() && is_truncated {
            return Err(Truncated.into());
        }
        Ok(())
    }
}

fn is_xml(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// Returns `true` if an XML document ends with the closing tag of its first element.
fn is_complete(xml: &str) -> bool {
    let mut tags = xml.split('<').skip(1);
    let first = tags.find(|tag| !tag.starts_with(['?', '!']));
    let name = first.and_then(|tag| tag.split([' ', '\n', '/', '>']).next());
    name.is_some_and(|name| xml.trim_end().ends_with(&format!("</{name}>")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_complete_if_its_first_element_is_closed() {
        let list = "<?xml version=\"1.0\"?>\n<ListResponse xmlns=\"x\">\n<Names><member>a</member></Names></ListResponse>\n";
        assert!(is_xml(list) && is_complete(list));
        let body = list.trim_end();
        for (end, _) in body.char_indices() {
            assert!(!is_complete(&body[..end]), "{}", &body[..end]);
        }
        assert!(is_complete("<a></a>") && !is_complete("<a><b></b>") && !is_complete("<a></ab>"));
        for other in ["", "{}", "[\"<a>\"]", "a < b"] {
            assert!(!is_xml(other), "{other}");
        }
    }
}
