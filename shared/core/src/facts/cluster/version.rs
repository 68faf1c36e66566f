//! Kubernetes versions.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A Kubernetes version; the patch level does not matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion {
    /// The major version, which is 1 in 1.33.
    pub major: u16,
    /// The minor version, which is 33 in 1.33.
    pub minor: u16,
}

impl KubernetesVersion {
    /// Returns `true` if EKS envelope-encrypts all Kubernetes API data of clusters with this version by default, which
    /// it does from 1.28 on.
    /// Source: <https://docs.aws.amazon.com/eks/latest/userguide/envelope-encryption.html>.
    pub const fn encrypts_by_default(self) -> bool {
        self.major > 1 || self.major == 1 && self.minor >= 28
    }

    /// Returns the number of minor versions by which the version is older than another: 0 if it is not older, and
    /// `u32::MAX` if its major version is older.
    pub fn minors_behind(self, other: Self) -> u32 {
        match self.major.cmp(&other.major) {
            Ordering::Less => u32::MAX,
            Ordering::Equal => other.minor.saturating_sub(self.minor).into(),
            Ordering::Greater => 0,
        }
    }
}

impl FromStr for KubernetesVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // Rust also parses numbers with a sign, which versions do not have.
        let number = |part: &str| {
            let is_plain = part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|_| is_plain).ok_or(())
        };
        let mut parts = text.split('.').map(number);
        Ok(Self {
            major: parts.next().ok_or(())??,
            minor: parts.next().ok_or(())??,
        })
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let version = |text: &str| text.parse::<KubernetesVersion>();
        assert!(version("1.9").unwrap() < version("1.28").unwrap());
        assert!(version("1.9").unwrap() < version("1.30").unwrap());
        assert!(version("1.35").unwrap() < version("2.0").unwrap());
        assert_eq!(version("1.28.3").unwrap().to_string(), "1.28");
        for text in [
            "", "1", "v1.28", "1.", ".28", "1.x", "latest", "1.+28", "-1.28", " 1.28", "1.99999",
        ] {
            assert_eq!(version(text), Err(()), "{text:?}");
        }
    }

    #[test]
    fn minor_versions_are_counted() {
        for (one, other, expected) in [
            ("1.33", "1.36", 3),
            ("1.9", "1.10", 1),
            ("1.33", "1.33", 0),
            ("1.34", "1.33", 0),
            ("1.40", "2.0", u32::MAX),
            ("2.0", "1.40", 0),
        ] {
            let version = |text: &str| text.parse::<KubernetesVersion>().unwrap();
            let behind = version(one).minors_behind(version(other));
            assert_eq!(behind, expected, "{one} {other}");
        }
    }

    #[test]
    fn eks_encrypts_by_default_from_1_28_on() {
        for (text, by_default) in [
            ("0.99", false),
            ("1.9", false),
            ("1.27", false),
            ("1.28", true),
            ("1.30", true),
            ("2.0", true),
        ] {
            let version: KubernetesVersion = text.parse().unwrap();
            assert_eq!(version.encrypts_by_default(), by_default, "{text}");
        }
    }
}
