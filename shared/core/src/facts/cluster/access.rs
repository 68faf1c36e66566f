//! The access of IAM principals to a cluster.

use jiff::Timestamp;

use crate::arn::Arn;
use crate::facts::Fact;

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

/// An access entry of a cluster.
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessEntry {
    /// The principal that the entry grants access to.
    pub principal: Principal,
    /// `true` if the principal is not a role of the cluster's own account, or IAM has the role.
    pub exists: Fact<bool>,
}

/// An access entry with which the policy AmazonEKSClusterAdminPolicy is associated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterAdmin {
    /// The principal that the entry grants access to.
    pub principal: Principal,
    /// The association, if its scope is the whole cluster; `None` if its scope is some namespaces.
    pub cluster_wide: Fact<Option<Association>>,
}

/// The association of an access policy with an access entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Association {
    /// The time at which the policy was associated.
    pub associated_at: Option<Timestamp>,
}

/// The IAM principal of an access entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal(String);

impl Principal {
    /// Creates a principal from its ARN, as EKS lists it.
    pub fn new(arn: impl Into<String>) -> Self {
        Self(arn.into())
    }

    /// Returns the ARN.
    pub fn arn(&self) -> &str {
        &self.0
    }

    /// Returns the account of the principal; `None` if the ARN is invalid or has none.
    pub fn account(&self) -> Option<String> {
        let arn: Arn = self.0.parse().ok()?;
        Some(arn.account().to_owned()).filter(|account| !account.is_empty())
    }

    /// Returns the name of the role without its path; `None` if the principal is not a role. Names are unique in an
    /// account, regardless of their paths.
    pub fn role(&self) -> Option<&str> {
        let (_, path) = self.0.split_once(":role/")?;
        path.rsplit('/').next()
    }

    /// Returns `true` if the principal is a service-linked role. EKS adds entries for such roles.
    pub fn is_service_linked(&self) -> bool {
        self.0.contains(":role/aws-service-role/")
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

    #[test]
    fn the_arn_of_a_principal_names_its_account_and_role() {
        for (arn, account, role) in [
            (
                "arn:aws:iam::111122223333:role/ops",
                Some("111122223333"),
                Some("ops"),
            ),
            (
                "arn:aws:iam::111122223333:role/team/x/ops",
                Some("111122223333"),
                Some("ops"),
            ),
            (
                "arn:aws-us-gov:iam::111122223333:role/ops",
                Some("111122223333"),
                Some("ops"),
            ),
            (
                "arn:aws:iam::111122223333:user/ops/anna",
                Some("111122223333"),
                None,
            ),
            ("arn:aws:iam::111122223333:root", Some("111122223333"), None),
            ("AIDAEXAMPLE", None, None),
        ] {
            let principal = Principal::new(arn);
            assert_eq!(principal.account().as_deref(), account, "{arn}");
            assert_eq!(principal.role(), role, "{arn}");
        }
        let linked = "arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS";
        assert!(Principal::new(linked).is_service_linked());
        assert!(!Principal::new("arn:aws:iam::111122223333:role/ops").is_service_linked());
    }
}
