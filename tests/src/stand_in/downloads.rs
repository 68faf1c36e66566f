//! The configurations in images, which clients download from the presigned URLs that ECR returns.

use axum::http::{header, request::Parts};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::{
    state::State,
    wire::{Reply, Request},
};
use crate::account::{self, Download, Image, Repository, text};

/// The beginning of the paths of downloads. The next parts are the Region, the repository and the digest.
const PATH: &str = "/layers/";

const SIGNATURE: &str = "X-Amz-Signature";

/// Returns the configuration of an image.
pub(super) fn configuration(image: &Image) -> String {
    match &image.configuration {
        None => {
            json!({"architecture": "amd64", "os": "linux", "config": {"User": "65532"}}).to_string()
        }
        Some(Value::String(text)) => text.clone(),
        Some(configuration) => configuration.to_string(),
    }
}

/// Returns the digest of an image's configuration.
pub(super) fn digest(image: &Image) -> String {
    format!("sha256:{}", account::digest(&configuration(image)))
}

/// Returns the digest by which an image's manifest names its configuration.
pub(super) fn named_digest(image: &Image) -> String {
    let manifest = image.manifest.as_ref();
    let named = manifest.and_then(|manifest| manifest.get("config")?.get("digest")?.as_str());
    named.map_or_else(|| digest(image), str::to_owned)
}

/// Returns the presigned URL of a configuration.
pub(super) fn url(request: &Request, repository: &Repository, digest: &str) -> String {
    let Request { origin, region, .. } = request;
    let name = utf8_percent_encode(repository.name(), NON_ALPHANUMERIC);
    format!("{origin}{PATH}{region}/{name}/{digest}?X-Amz-Expires=3600&{SIGNATURE}=0a1b%2F2c")
}

/// Responds to a download; `None` if the request is none. A request with credentials of its own is a violation.
pub(super) fn respond(state: &mut State, parts: &Parts) -> Option<Reply> {
    let path = parts.uri.path().strip_prefix(PATH)?;
    let parts_of_path: Vec<&str> = path.split('/').collect();
    let [region, name, digest] = parts_of_path[..] else {
        return None;
    };
    let name = percent_decode_str(name).decode_utf8_lossy();
    let query = parts.uri.query().unwrap_or_default();
    let credentials = [header::AUTHORIZATION.as_str(), "x-amz-security-token"];
    let has_credentials = credentials
        .iter()
        .any(|name| parts.headers.contains_key(*name));
    if has_credentials || !query.contains(SIGNATURE) || parts.method != "GET" {
        let problem = "a download is a GET request with the whole URL and without credentials";
        state.recording.add_violation("download", problem);
    }
    state.recording.downloads += 1;
    let image = state.accounts().find_map(|account| {
        let mut repositories = account.repositories.iter();
        let is_named = |one: &&Repository| text(&one.members, "repositoryName") == name;
        let repository = repositories
            .find(is_named)
            .filter(|_| account.region == region)?;
        let mut images = repository.images.iter();
        images.find(|image| named_digest(image) == digest)
    });
    let download = image.map(|image| {
        image.download.clone().unwrap_or_else(|| Download {
            content: configuration(image),
            ..Download::default()
        })
    });
    let download = download.unwrap_or_else(|| Download {
        status: Some(404),
        ..Download::default()
    });
    let location = download.location.map(|location| ("location", location));
    Some(Reply {
        status: download.status.unwrap_or(200),
        content_type: "application/octet-stream",
        error_type: None,
        headers: location.into_iter().collect(),
        body: download.content.into_bytes(),
        run: None,
    })
}
