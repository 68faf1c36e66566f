//! The facts about resources that checks evaluate, with one file for each kind of resource.
//!
//! Unknown is never `false`: a fact that could not be read, or was not requested, is an [`Unread`].

pub mod account;
mod attached_policy;
pub mod cluster;
mod detector;
pub mod file_system;
pub mod image;
pub mod key;
pub mod kubernetes;
mod list;
pub mod registry;
pub mod repository;

use std::any::Any;
use std::fmt::Debug;

use crate::details::Details;
use crate::kind::ResourceKind;
use crate::need::Needs;
use crate::reason_code::ReasonCode;

pub use account::Account;
pub use attached_policy::AttachedPolicy;
pub use cluster::EksCluster;
pub use detector::{Detector, Feature};
pub use file_system::EfsFileSystem;
pub use image::EcrImage;
pub use key::KmsKey;
pub use kubernetes::KubernetesCluster;
pub use list::List;
pub use repository::EcrRepository;

/// A fact that was read, or the reason why it was not.
pub type Fact<T> = Result<T, Unread>;

/// The reason why a fact was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The reason as a code, for machines.
    pub code: ReasonCode,
    /// The reason as a sentence, for people: what was tried on which resource, the result, and the remedy.
    pub text: String,
}

impl Unread {
    /// Returns the reason for a fact that was not requested, since no selected check needs it.
    pub fn not_requested(what: &str) -> Self {
        Self {
            code: ReasonCode::NotRead,
            text: format!("No request was made for {what}."),
        }
    }

    /// Returns the reason for a fact that is unknown for the objects with these names. Returns `None` if there are none.
    pub(crate) fn naming(code: ReasonCode, text: &str, names: &str) -> Option<Self> {
        (!names.is_empty()).then(|| Self {
            code,
            text: format!("{text}: {names}."),
        })
    }

    /// Returns `true` if access to the fact was denied.
    pub fn is_denied(&self) -> bool {
        self.code == ReasonCode::AccessDenied
    }
}

/// The facts about one resource of any kind, as far as reports and runs need them. Checks receive the concrete type
/// instead.
pub trait Facts: Any + Debug + Send + Sync {
    /// Returns the kind of the resource.
    fn kind(&self) -> &'static ResourceKind;

    /// Returns the properties of the resource that reports show.
    fn details(&self) -> Details;

    /// Returns the properties that the report of a check shows which needs these facts. Facts that only some checks
    /// need belong here, since they are not always read: in all reports, they would come and go.
    fn details_for(&self, _needs: Needs) -> Details {
        self.details()
    }

    /// Returns the resource's tags, if describing the resource returns them.
    fn tags(&self) -> Option<&[(String, String)]> {
        None
    }

    /// Returns a text that changes whenever these facts of the resource change, if a list shows it without describing
    /// the resource.
    fn revision(&self, _needs: Needs) -> Option<&str> {
        None
    }

    /// Returns `true` if the facts show that an object in the resource does not exist if it is not among them, since all
    /// lists were read that could contain it. `namespace` is that of the object, and `needs` are those of the check that
    /// reported it.
    fn shows_absence(&self, _namespace: Option<&str>, _needs: Needs) -> bool {
        true
    }

    /// Returns why no check applies to the resource in its present state, or `None` if checks apply.
    fn inapplicable(&self) -> Option<String> {
        None
    }
}

/// Facts about resources of one kind.
pub trait FactsOf: Facts {
    /// The kind of resource.
    const KIND: &'static ResourceKind;
}

impl dyn Facts {
    /// Returns the facts as the type of one kind, or `None` if they are of another kind.
    pub fn of<F: FactsOf>(&self) -> Option<&F> {
        let any: &dyn Any = self;
        any.downcast_ref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::samples::{cluster, image, key, repository};
    use crate::facts::cluster::Endpoint;
    use crate::facts::key::{KeyState, Rotation};
    use crate::facts::repository::TagMutability;

    fn details(facts: impl Facts) -> serde_json::Value {
        serde_json::to_value(facts.details()).unwrap()
    }

    #[test]
    fn details_of_a_cluster_have_the_names_of_the_eks_api() {
        let cluster = EksCluster {
            endpoint: Endpoint::read(true, true, ["203.0.113.0/24"]),
            subnets: vec!["subnet-1".into()],
            security_groups: vec!["sg-1".into()],
            url: Some("https://example.com".into()),
            ..cluster()
        };
        let expected = json!({
            "arn": "arn:aws:eks:eu-central-1:111122223333:cluster/payments",
            "name": "payments",
            "status": "ACTIVE",
            "version": "1.33",
            "endpoint": "https://example.com",
            "roleArn": "arn:aws:iam::111122223333:role/payments",
            "subnetIds": ["subnet-1"],
            "securityGroupIds": ["sg-1"],
            "endpointPublicAccess": true,
            "endpointPrivateAccess": true,
            "publicAccessCidrs": ["203.0.113.0/24"],
            "enabledLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
            "secretsKeyArn": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd",
            "authenticationMode": "API",
            "deletionProtection": true,
        });
        assert_eq!(details(cluster), expected);
    }

    #[test]
    fn details_omit_settings_missing_from_the_response() {
        let found = details(EksCluster {
            authentication_mode: None,
            deletion_protection: None,
            ..cluster()
        });
        for name in ["authenticationMode", "deletionProtection"] {
            assert!(found.get(name).is_none(), "{found}");
        }
    }

    #[test]
    fn details_omit_cidr_blocks_without_effect() {
        let private = EksCluster {
            endpoint: Endpoint::read(false, true, ["203.0.113.0/24"]),
            ..cluster()
        };
        let found = details(private);
        assert_eq!(found["endpointPublicAccess"], false);
        assert!(found.get("publicAccessCidrs").is_none(), "{found}");
    }

    #[test]
    fn details_of_a_repository_have_the_names_of_the_ecr_api() {
        for name in [
            "MUTABLE",
            "IMMUTABLE",
            "MUTABLE_WITH_EXCLUSION",
            "IMMUTABLE_WITH_EXCLUSION",
            "SOMETHING_NEW",
        ] {
            let repository = EcrRepository {
                mutability: TagMutability::read(Some(name)),
                exclusion_filters: vec!["dev-*".into()],
                ..repository()
            };
            let expected = json!({
                "arn": "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api",
                "repositoryName": "cards/api",
                "imageTagMutability": name,
                "imageTagMutabilityExclusionFilters": ["dev-*"],
                "scanOnPush": true,
                "encryptionType": "KMS",
                "kmsKey": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd",
            });
            assert_eq!(details(repository), expected);
        }
    }

    #[test]
    fn details_of_an_image_have_the_names_of_the_ecr_api() {
        let image = EcrImage {
            registry: Some("111122223333".into()),
            pushed_at: "2026-02-01T00:00:00Z".parse().ok(),
            ..image()
        };
        let expected = json!({
            "registryId": "111122223333",
            "repositoryName": "cards/api",
            "imageDigest": "sha256:0a1b",
            "imageTags": ["1.0"],
            "imagePushedAt": "2026-02-01T00:00:00Z",
        });
        assert_eq!(details(image), expected);
    }

    #[test]
    fn details_of_a_key_have_the_names_of_the_kms_api() {
        let every = Ok(Rotation::Every { days: 90 });
        let (on, days) = ("KeyRotationEnabled", "RotationPeriodInDays");
        for (state, customer_managed, rotation, expected) in [
            (
                KeyState::Enabled,
                true,
                every,
                json!(["Enabled", "CUSTOMER", true, "90"]),
            ),
            (
                KeyState::Updating,
                true,
                Ok(Rotation::Off),
                json!(["Updating", "CUSTOMER", false, null]),
            ),
            (
                KeyState::Other("Disabled".into()),
                false,
                Ok(Rotation::Unsupported),
                json!(["Disabled", "AWS", null, null]),
            ),
            (
                KeyState::Unknown,
                true,
                Err(Unread::not_requested("its rotation")),
                json!([null, "CUSTOMER", null, null]),
            ),
        ] {
            let found = details(KmsKey {
                customer_managed,
                state,
                rotation,
                ..key()
            });
            assert_eq!(
                json!([
                    found["KeyState"],
                    found["KeyManager"],
                    found[on],
                    found[days]
                ]),
                expected
            );
            assert_eq!(found["KeyId"], "1234abcd");
        }
    }

    #[test]
    fn an_unknown_fact_names_objects_if_there_are_any() {
        let naming = |names| Unread::naming(ReasonCode::ReadFailed, "No version of", names);
        let expected = Unread {
            code: ReasonCode::ReadFailed,
            text: "No version of: a, b.".to_owned(),
        };
        assert_eq!(naming("a, b"), Some(expected));
        assert_eq!(naming(""), None);
    }

    #[test]
    fn a_fact_that_was_not_requested_is_unread() {
        let unread = Unread::not_requested("the key's rotation");
        assert_eq!(
            (unread.code.word(), unread.text.as_str()),
            ("NOT_READ", "No request was made for the key's rotation.")
        );
    }
}
