//! The configuration in an image.

use eksentry_core::facts::image::{Configuration, User};
use serde::Deserialize;

/// The members of a configuration that are read.
/// Source: <https://github.com/opencontainers/image-spec/blob/main/config.md>.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    os: Option<String>,
    #[serde(default)]
    config: Option<Execution>,
}

#[derive(Deserialize)]
struct Execution {
    #[serde(default, rename = "User")]
    user: Option<String>,
}

/// Returns the configuration in a document.
pub(in crate::ecr) fn configuration(json: &[u8]) -> Configuration {
    /// The most characters of a name that are kept. The name comes from whoever built the image.
    const NAME: usize = 100;
    // serde also reads an array into a struct.
    let is_object = json.trim_ascii_start().starts_with(b"{");
    let document = serde_json::from_slice::<Document>(json).ok();
    let Some(document) = document.filter(|_| is_object) else {
        return Configuration::NotUnderstood("The configuration of the image is not valid.");
    };
    let os = document.os.unwrap_or_default();
    let user = document.config.and_then(|config| config.user);
    let user = user.unwrap_or_default();
    Configuration::Read(User {
        name: user.trim().chars().take(NAME).collect(),
        is_windows: os.eq_ignore_ascii_case("windows"),
    })
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
    fn a_configuration_names_a_user_or_none() {
        let read = |json: &str| configuration(json.as_bytes());
        for (json, os, name) in [
            (
                r#"{"os": "linux", "config": {"User": "65532"}}"#,
                "linux",
                "65532",
            ),
            (
                r#"{"config": {"User": " 1000:1000 "}}"#,
                "linux",
                "1000:1000",
            ),
            (r#"{"config": {"User": null}}"#, "linux", ""),
            (r#"{"config": {}}"#, "linux", ""),
            (r#"{"config": null, "os": null}"#, "linux", ""),
            ("{}", "linux", ""),
            (
                r#"{"os": "Windows", "config": {"User": "x"}}"#,
                "windows",
                "x",
            ),
        ] {
            assert_eq!(read(json), Configuration::Read(user(os, name)), "{json}");
        }
        for invalid in ["", "[]", "no JSON", r#"{"config": {"User": 0}}"#] {
            let read = read(invalid);
            assert!(matches!(read, Configuration::NotUnderstood(_)), "{invalid}");
        }
        let long = format!(r#"{{"config": {{"User": "{}"}}}}"#, "é".repeat(101));
        let Configuration::Read(kept) = read(&long) else {
            panic!("{long}")
        };
        assert_eq!(kept.name, "é".repeat(100));
    }
}
