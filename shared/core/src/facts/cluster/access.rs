//! The access of IAM principals to a cluster.

/// The mode in which a cluster grants access to IAM principals.
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/grant-k8s-access.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthenticationMode {
    /// Access entries.
    Api,
    /// Access entries and the ConfigMap aws-auth.
    ApiAndConfigMap,
    /// The ConfigMap aws-auth.
    ConfigMap,
    /// Any other mode, by its name in EKS.
    Other(String),
}

impl AuthenticationMode {
    /// Reads the mode from its name in EKS. Returns `None` if the name is empty.
    pub fn read(name: &str) -> Option<Self> {
        match name.trim() {
            "" => None,
            "API" => Some(Self::Api),
            "API_AND_CONFIG_MAP" => Some(Self::ApiAndConfigMap),
            "CONFIG_MAP" => Some(Self::ConfigMap),
            other => Some(Self::Other(other.to_owned())),
        }
    }

    /// Returns the name of the mode in EKS.
    pub fn name(&self) -> &str {
        match self {
            Self::Api => "API",
            Self::ApiAndConfigMap => "API_AND_CONFIG_MAP",
            Self::ConfigMap => "CONFIG_MAP",
            Self::Other(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authentication_modes_are_read_by_their_eks_names() {
        for (name, mode) in [
            ("API", Some(AuthenticationMode::Api)),
            (
                "API_AND_CONFIG_MAP",
                Some(AuthenticationMode::ApiAndConfigMap),
            ),
            ("CONFIG_MAP", Some(AuthenticationMode::ConfigMap)),
            (
                "API_ONLY",
                Some(AuthenticationMode::Other("API_ONLY".into())),
            ),
            ("", None),
            (" ", None),
        ] {
            let read = AuthenticationMode::read(name);
            assert_eq!(read, mode);
            assert_eq!(
                read.as_ref().map(AuthenticationMode::name),
                mode.map(|_| name)
            );
        }
    }
}
