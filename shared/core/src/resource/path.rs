//! The paths that services allow for their resources.

use super::error::ResourceError;
use crate::kind::{Identity, ResourceKind};

/// Checks that the service allows the path. Names also arrive in events, so nothing else is accepted, such as a path
/// that leads elsewhere or a second digest.
pub(super) fn check_path(kind: &'static ResourceKind, path: &str) -> Result<(), ResourceError> {
    let is_allowed = match kind.identity {
        Identity::Arn { owns, allows, .. } => owns(path) && allows(path),
        Identity::Account => path.is_empty(),
    };
    if is_allowed {
        return Ok(());
    }
    Err(ResourceError::Name {
        kind,
        name: path.chars().take(200).collect(),
    })
}

#[cfg(test)]
mod tests {
    use crate::facts::{cluster, image, key, repository};
    use crate::resource::Resource;
    use crate::resource::tests::location;

    #[test]
    fn names_that_the_service_does_not_allow_are_rejected() {
        let long = "a".repeat(257);
        for (kind, name) in [
            (&cluster::KIND, ""),
            (&cluster::KIND, "a/b"),
            (&cluster::KIND, "<script>"),
            (&repository::KIND, "a b"),
            (&repository::KIND, long.as_str()),
            (&key::KIND, "alias/x"),
            (&cluster::KIND, ".."),
            (&cluster::KIND, "-c"),
            (&repository::KIND, "../app"),
            (&repository::KIND, "app/"),
            (&repository::KIND, "app//x"),
            (&repository::KIND, "app:v1"),
            (&repository::KIND, "*"),
        ] {
            assert!(
                Resource::named(kind, name, &location()).is_err(),
                "{name:?}"
            );
        }
        let too_long = format!("sha256:{}", "0".repeat(65));
        for digest in [
            "latest",
            "",
            "sha256:",
            "sha256:0g",
            "sha256:../0a",
            "sha256:0a/sha256:0b",
            too_long.as_str(),
        ] {
            assert!(
                Resource::image("app", digest, &location()).is_err(),
                "{digest}"
            );
        }
        assert!(Resource::image("app/sha256:0a", "sha256:0b", &location()).is_err());
        assert!(Resource::image("", "sha256:0a1b", &location()).is_err());
        assert!(Resource::parse("arn:aws:s3:::bucket").is_err());
    }

    #[test]
    fn names_may_be_as_long_as_the_services_allow() {
        let named = |kind, length| Resource::named(kind, &"a".repeat(length), &location()).is_ok();
        let image = |repository: usize, digest: usize| {
            let digest = format!("sha256:{}", "0".repeat(digest));
            Resource::image(&"a".repeat(repository), &digest, &location()).is_ok()
        };
        assert!(named(&repository::KIND, 256) && !named(&repository::KIND, 257));
        assert!(image(256, 64) && !image(256, 65) && !image(257, 64));
    }

    #[test]
    fn only_image_names_have_a_colon_and_none_has_a_space() {
        for (kind, name) in [
            (&cluster::KIND, "a:b"),
            (&repository::KIND, "a:b"),
            (&key::KIND, "a:b"),
            (&image::KIND, "a b/sha256:0a1b"),
        ] {
            assert!(Resource::named(kind, name, &location()).is_err(), "{name}");
        }
    }
}
