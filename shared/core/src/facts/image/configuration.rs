//! The configuration in an image, as far as it names the user.

/// The configuration in an image, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Configuration {
    /// The configuration was read.
    Read(User),
    /// The digest identifies an artifact, which has no user.
    OfArtifact,
    /// A pull through cache rule covers the repository, so that reading the image could contact the other registry.
    Cached,
    /// The configuration can't be read, for this reason, which is a sentence.
    NotUnderstood(&'static str),
}

/// The user that an image's configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user, and its group behind a colon; empty if the configuration names none.
    pub name: String,
    /// `true` if the image is for Windows.
    pub is_windows: bool,
}

impl User {
    /// Returns `true` if the image runs as the superuser: as `root`, with the number 0, or without a user. On Windows,
    /// the superuser of a container is `ContainerAdministrator`.
    pub fn is_root(&self) -> bool {
        let user = self.name.split(':').next().unwrap_or_default().trim();
        if self.is_windows {
            let name = user.rsplit('\\').next().unwrap_or_default();
            return name.eq_ignore_ascii_case("ContainerAdministrator");
        }
        user.is_empty() || user.eq_ignore_ascii_case("root") || user.parse() == Ok(0_i64)
    }

    /// Returns `true` if the user is a number, which Kubernetes can compare with 0.
    pub fn is_number(&self) -> bool {
        let user = self.name.split(':').next().unwrap_or_default();
        user.parse::<u64>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(os: &str, name: &str) -> User {
        User {
            name: name.to_owned(),
            is_windows: os == "windows",
        }
    }

    #[test]
    fn root_is_a_name_a_number_or_nothing() {
        for (os, name, expected) in [
            ("linux", "", true),
            ("linux", "root", true),
            ("linux", "0", true),
            ("linux", "00", true),
            ("linux", "+0", true),
            ("linux", "0:1000", true),
            ("linux", "root:root", true),
            ("linux", ":1000", true),
            ("linux", "1000:0", false),
            ("linux", "65532", false),
            ("linux", "nginx", false),
            ("linux", "rooter", false),
            ("linux", "ContainerAdministrator", false),
            ("windows", "ContainerAdministrator", true),
            ("windows", r"User Manager\containeradministrator", true),
            ("windows", "ContainerUser", false),
        ] {
            assert_eq!(user(os, name).is_root(), expected, "{os} {name}");
        }
    }

    #[test]
    fn a_number_may_be_followed_by_a_group() {
        for (name, expected) in [
            ("65532", true),
            ("1000:nogroup", true),
            ("nginx", false),
            ("-1", false),
            ("", false),
        ] {
            assert_eq!(user("linux", name).is_number(), expected, "{name}");
        }
    }
}
