//! Lists and their pages.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    kinds::Kind,
    objects::Store,
    request::{ApiRequest, Target},
    selectors::{fields, labels},
    status::{Answer, bad_request, expired},
};

/// The version of the tokens of pages, and of lists of metadata.
const META_VERSION: &str = "meta.k8s.io/v1";

/// The version of a page that is read as the objects are now.
const NOW: i64 = -1;

/// The beginning of a page, which is the content of its token.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Position {
    v: String,
    rv: i64,
    start: String,
}

impl Position {
    fn new(version: i64, start: String) -> Self {
        Self {
            v: META_VERSION.to_owned(),
            rv: version,
            start,
        }
    }

    /// Returns the position in a token. The error is the message of the API server.
    pub(super) fn parse(token: &str) -> Result<Self, String> {
        let text = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let position: Option<Self> = serde_json::from_slice(&text).ok();
        let position = position.filter(|position| {
            let is_relative = position.start.starts_with('/') || position.rv == NOW;
            position.v == META_VERSION && is_relative
        });
        position.ok_or_else(|| "invalid continue token: continue key is not valid".to_owned())
    }

    fn token(&self) -> String {
        // The type has no form that can't be written.
        let text = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Returns the token that leads to the rest of the list as the objects are now.
    pub(super) fn inconsistent(&self) -> String {
        Self::new(NOW, self.start.trim_start_matches('/').to_owned()).token()
    }
}

/// The versions of the objects, which lists are read from.
#[derive(Clone, Debug)]
pub(super) struct Versions<'a> {
    /// The versions that still can be read, with the current one at the end.
    pub(super) stores: &'a [(i64, Store)],
    pub(super) page_size: Option<usize>,
}

impl Versions<'_> {
    /// Answers a request for a page of a list.
    pub(super) fn page(&self, kind: &Kind, target: &Target, request: &ApiRequest) -> Answer {
        self.try_page(kind, target, request)
            .unwrap_or_else(|answer| answer)
    }

    fn try_page(
        &self,
        kind: &Kind,
        target: &Target,
        request: &ApiRequest,
    ) -> Result<Answer, Answer> {
        let bad = |message: String| bad_request(&message);
        let limit = self.limit(request)?;
        let fields =
            fields(kind, request.parameter("fieldSelector").unwrap_or_default()).map_err(bad)?;
        let labels = labels(request.parameter("labelSelector").unwrap_or_default()).map_err(bad)?;
        let is_selective = ["fieldSelector", "labelSelector"]
            .iter()
            .any(|name| request.parameter(name).is_some());
        let token = request.parameter("continue");
        if token.is_some() && request.parameter("resourceVersion").is_some() {
            let message = "specifying resource version is not allowed when using continue";
            return Err(bad_request(message));
        }
        let position = token.map(Position::parse).transpose().map_err(bad)?;
        let (version, store) = self.store(position.as_ref())?;

        let narrowed = position
            .is_none()
            .then(|| request.selected("metadata.namespace"))
            .flatten();
        let namespace = match (target.namespace.as_str(), &narrowed) {
            ("", Some(namespace)) => namespace,
            (namespace, _) => namespace,
        };
        // Only on the first page does an API server narrow the keys by a selector on the namespace. The position of the
        // next page is then not one among all keys, and the rest of the list is lost.
        let prefix = if namespace.is_empty() {
            String::new()
        } else {
            format!("{namespace}/")
        };
        let start = position.map_or(String::new(), |position| {
            let start = position.start.trim_start_matches('/').to_owned();
            if target.namespace.is_empty() {
                start
            } else {
                format!("{}/{start}", target.namespace)
            }
        });
        let mut items = Vec::new();
        let mut rest = 0;
        let mut last = "";
        for (key, object) in store.objects(kind) {
            if !key.starts_with(&prefix) || *key < start {
                continue;
            }
            if items.len() == limit {
                rest += 1;
            } else if fields.fits_fields(object) && labels.fits_labels(object) {
                items.push(if request.is_for_metadata {
                    metadata_of(object)
                } else {
                    item(object)
                });
                last = key.strip_prefix(&prefix).unwrap_or(key);
            }
        }
        let mut metadata = json!({"resourceVersion": version.to_string()});
        if kind.is_custom() {
            metadata["continue"] = "".into();
        }
        if rest > 0 {
            metadata["continue"] = Position::new(version, format!("/{last}\0")).token().into();
            if !is_selective {
                metadata["remainingItemCount"] = rest.into();
            }
        }
        let (name, api_version) = if request.is_for_metadata {
            (
                "PartialObjectMetadataList".to_owned(),
                META_VERSION.to_owned(),
            )
        } else {
            (format!("{}List", kind.name), kind.api_version())
        };
        Ok(Answer::json(
            200,
            &json!({
                "kind": name,
                "apiVersion": api_version,
                "metadata": metadata,
                "items": items,
            }),
        ))
    }

    /// Returns the most objects of a page.
    fn limit(&self, request: &ApiRequest) -> Result<usize, Answer> {
        let limit = request.parameter("limit").unwrap_or("0");
        let limit = limit.parse::<usize>();
        let limit = limit.map_err(|_| {
            let limit = request.parameter("limit").unwrap_or_default();
            bad_request(&format!(
                "strconv.ParseInt: parsing \"{limit}\": invalid syntax"
            ))
        })?;
        let limit = if limit == 0 { usize::MAX } else { limit };
        Ok(limit.min(self.page_size.unwrap_or(usize::MAX).max(1)))
    }

    /// Returns the objects that a page is read from.
    fn store(&self, position: Option<&Position>) -> Result<(i64, &Store), Answer> {
        let pinned = position.filter(|position| position.rv != NOW);
        let store = match pinned {
            None => self.stores.last(),
            Some(position) => self
                .stores
                .iter()
                .find(|(version, _)| *version == position.rv),
        };
        let store = store.map(|(version, store)| (*version, store));
        store.ok_or_else(|| expired(position.map(Position::inconsistent).as_deref()))
    }
}

/// Returns the metadata of an object as lists of metadata contain it.
fn metadata_of(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": META_VERSION,
        "metadata": object["metadata"],
    })
}

/// Returns an object as lists contain it.
fn item(object: &Value) -> Value {
    let mut item = object.clone();
    if let Some(item) = item.as_object_mut() {
        item.remove("kind");
        item.remove("apiVersion");
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_an_api_server() {
        // Recorded from an API server.
        let token = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NzQ5LCJzdGFydCI6Ii9sZWdhY3kv\
                     ZW52LXNlY3JldC1saXRlcmFsXHUwMDAwIn0";
        let position = Position::new(749, "/legacy/env-secret-literal\0".to_owned());
        assert_eq!(position.token(), token);
        assert_eq!(Position::parse(token), Ok(position));
        let old = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjY0LCJzdGFydCI6Ii9jMDlcdTAwMDAifQ";
        let rest = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYzA5XHUwMDAwIn0";
        assert_eq!(Position::parse(old).unwrap().inconsistent(), rest);
        for broken in ["bm90LWEtdG9rZW4", "§", "e30"] {
            assert!(Position::parse(broken).is_err(), "{broken}");
        }
    }
}
