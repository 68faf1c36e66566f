//! References of images.

use crate::facts::kubernetes::ContainerInPod;
use crate::field::InvalidField;
use crate::reason_code::ReasonCode;

use super::{Inspection, Issue};

/// The reference of an image, written in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageReference<'a> {
    /// The host of the registry in lower case, with its port if there is one.
    pub(crate) registry: String,
    /// The segments of the name of the repository.
    pub(crate) path: Vec<&'a str>,
    /// The tag.
    pub(crate) tag: Option<&'a str>,
    /// The digest.
    pub(crate) digest: Option<&'a str>,
}

/// The registry that a reference without a registry names.
const DOCKER_HUB: &str = "docker.io";

impl<'a> ImageReference<'a> {
    /// Reads a reference; `None` if it is empty.
    pub(crate) fn read(reference: &'a str) -> Option<Self> {
        let (name, digest) = match reference.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (reference, None),
        };
        // A colon before the last slash belongs to a port.
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match name[last..].rfind(':') {
            Some(colon) => (&name[..last + colon], Some(&name[last + colon + 1..])),
            None => (name, None),
        };
        if name.is_empty() {
            return None;
        }
        let is_host =
            |first: &str| first.contains(['.', ':']) || first.eq_ignore_ascii_case("localhost");
        let (registry, path) = match name.split_once('/') {
            Some((first, path)) if is_host(first) => (first.to_ascii_lowercase(), path),
            _ => (DOCKER_HUB.to_owned(), name),
        };
        let registry = if registry == "index.docker.io" {
            DOCKER_HUB.to_owned()
        } else {
            registry
        };
        let mut path: Vec<&str> = path.split('/').collect();
        if registry == DOCKER_HUB && path.len() == 1 {
            path.insert(0, "library");
        }
        Some(Self {
            registry,
            path,
            tag: tag.filter(|tag| !tag.is_empty()),
            digest: digest.filter(|digest| !digest.is_empty()),
        })
    }
}

/// Returns the images of the pod, each with its container; without one if the image is a volume. Adds that the result
/// is not available for a container without an image, which admission adds.
pub(crate) fn images<'a>(
    inspection: &mut Inspection<'a>,
) -> Vec<(Option<ContainerInPod<'a>>, &'a str)> {
    let mut images = Vec::new();
    for container in inspection.containers() {
        match container.container.image.read() {
            Ok(Some(image)) if !image.is_empty() => images.push((Some(container), image.as_str())),
            Ok(_) => {
                let text = "The template names no image";
                let issue = Issue::not_available(ReasonCode::ImageMissing, text);
                inspection.add_to(Some(container), Ok(Some(issue)));
            }
            Err(error) => inspection.add_to(Some(container), Err(error)),
        }
    }
    match of_volumes(inspection) {
        Ok(references) => images.extend(references.into_iter().map(|image| (None, image))),
        Err(error) => inspection.add(Err(error)),
    }
    images
}

fn of_volumes<'a>(inspection: &Inspection<'a>) -> Result<Vec<&'a str>, InvalidField> {
    let mut references = Vec::new();
    for volume in inspection.pod.volumes.items()? {
        if let Some(image) = volume.image.read()? {
            references.extend(image.reference.read()?.map(String::as_str));
        }
    }
    Ok(references)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_written_in_full() {
        for (reference, registry, path, tag, digest) in [
            ("nginx", "docker.io", "library/nginx", None, None),
            (
                "nginx:1.27",
                "docker.io",
                "library/nginx",
                Some("1.27"),
                None,
            ),
            ("docker.io/nginx", "docker.io", "library/nginx", None, None),
            (
                "index.docker.io/bitnami/redis",
                "docker.io",
                "bitnami/redis",
                None,
                None,
            ),
            (
                "bitnami/redis:7",
                "docker.io",
                "bitnami/redis",
                Some("7"),
                None,
            ),
            ("host:5000/app", "host:5000", "app", None, None),
            ("host:5000/app:1", "host:5000", "app", Some("1"), None),
            ("localhost/app", "localhost", "app", None, None),
            (
                "PUBLIC.ECR.AWS/docker/x:1",
                "public.ecr.aws",
                "docker/x",
                Some("1"),
                None,
            ),
            ("a.b/c@sha256:0a", "a.b", "c", None, Some("sha256:0a")),
            (
                "a.b/c:latest@sha512:0a",
                "a.b",
                "c",
                Some("latest"),
                Some("sha512:0a"),
            ),
            ("app:", "docker.io", "library/app", None, None),
        ] {
            let read = ImageReference::read(reference).unwrap();
            let found = (
                read.registry.as_str(),
                read.path.join("/"),
                read.tag,
                read.digest,
            );
            assert_eq!(
                found,
                (registry, path.to_owned(), tag, digest),
                "{reference}"
            );
        }
        for empty in ["", "@sha256:0a", ":1"] {
            assert_eq!(ImageReference::read(empty), None, "{empty:?}");
        }
    }
}
