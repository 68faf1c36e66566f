//! Facts about AWS KMS keys.

use std::sync::Arc;

use jiff::Timestamp;

use super::cluster::Age;
use super::{AttachedPolicy, Fact, Facts, FactsOf, List};
use crate::details::Details;
use crate::kind::{ConfigType, Family, Identity, ResourceKind, TagSource, is_name};
use crate::policy::OrganizationPath;

/// A KMS key.
#[derive(Debug, Clone, PartialEq)]
pub struct KmsKey {
    /// The id of the key, without the rest of its ARN.
    pub id: String,
    /// The account that owns the key.
    pub account: Option<String>,
    /// `true` if a customer manages the key (KeyManager CUSTOMER), and not AWS.
    pub customer_managed: bool,
    /// KeySpec, or CustomerMasterKeySpec if that is absent; `None` if both are absent.
    pub spec: Option<String>,
    /// KeyUsage.
    pub usage: Option<String>,
    /// The origin of the key material.
    pub origin: Option<String>,
    /// KeyState.
    pub state: KeyState,
    /// `true` if the key is a replica of a multi-Region key in another Region.
    pub replica: bool,
    /// The description that people gave the key.
    pub description: Option<String>,
    /// The time at which the key was created.
    pub created_at: Option<Timestamp>,
    /// The automatic rotation, which is requested only for keys that can rotate according to [`KmsKey::cannot_rotate`].
    pub rotation: Fact<Rotation>,
    /// The key's policy, which is requested only for keys to whose policies checks apply, according to
    /// [`KmsKey::policy_is_not_evaluated`].
    pub policy: Fact<Arc<AttachedPolicy>>,
    /// The organization of the account, if the policy names organizations; `None` if the account belongs to none, or
    /// may not read it.
    pub organization: Fact<Option<OrganizationPath>>,
    /// The scheduled deletion of the key; `None` if the key is not pending deletion.
    pub deletion: Option<Deletion>,
}

/// The scheduled deletion of a key, and what is known about the use of the key.
#[derive(Debug, Clone, PartialEq)]
pub struct Deletion {
    /// The time at which KMS deletes the key; `None` for a multi-Region primary key whose replica keys exist.
    pub at: Option<Timestamp>,
    /// The number of days after the deletion of the last replica key, for a multi-Region primary key.
    pub waiting_days: Option<u32>,
    /// The last use of the key.
    pub last_use: Fact<LastUse>,
    /// The clusters of the account that name the key to encrypt their data.
    pub clusters: List<String>,
    /// The repositories of the account that name the key to encrypt their images. If there are many, only the first of
    /// them by name.
    pub repositories: List<String>,
}

/// The last use of a key for a cryptographic operation, as far as KMS records it.
/// Source: <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastUse {
    /// The key was last used on this day.
    On(Age),
    /// KMS has recorded no use since this day.
    NoneSince {
        /// The day since which KMS records the use of the key.
        tracking: Age,
        /// `true` if KMS has recorded the use since the key was created.
        since_creation: bool,
    },
}

/// A key that another resource names, as KMS describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKey {
    /// The key's own ARN, even if the key was named by an alias.
    pub arn: String,
    /// The state, which determines whether the key can be used.
    pub state: KeyState,
    /// `true` if AWS manages the key, and not the customer.
    pub aws_managed: bool,
    /// The ARNs of the key's aliases.
    pub aliases: Fact<Vec<String>>,
}

/// A key's automatic rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// Rotation is on, with this period. If the response has none, it is the default of KMS, which is 365 days.
    Every {
        /// The period in days.
        days: u32,
    },
    /// Rotation is off.
    Off,
    /// KMS does not rotate such keys.
    Unsupported,
}

/// The state of a key, as far as checks distinguish it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// The key can be used.
    Enabled,
    /// The key can be used and is being updated.
    Updating,
    /// Any other state, by its name in KMS.
    Other(String),
    /// The response has no state.
    Unknown,
}

impl KeyState {
    /// Reads the state from its name in KMS.
    pub fn read(name: Option<&str>) -> Self {
        match name {
            Some("Enabled") => Self::Enabled,
            Some("Updating") => Self::Updating,
            Some(other) if !other.is_empty() => Self::Other(other.to_owned()),
            _ => Self::Unknown,
        }
    }

    /// Returns `true` if a key in this state is scheduled for deletion.
    /// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>.
    pub fn is_pending_deletion(&self) -> bool {
        matches!(
            self.name(),
            Some("PendingDeletion" | "PendingReplicaDeletion")
        )
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Enabled => Some("Enabled"),
            Self::Updating => Some("Updating"),
            Self::Other(name) => Some(name),
            Self::Unknown => None,
        }
    }
}

impl KmsKey {
    /// Returns why KMS can't rotate the key automatically, or `None` if it can. Automatic rotation is available for
    /// enabled symmetric encryption keys with material that KMS created, and a replica follows its primary key.
    /// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>.
    pub fn cannot_rotate(&self) -> Option<String> {
        let differs = |value: &Option<String>, wanted: &str| match value {
            Some(value) if value != wanted => Some(value.clone()),
            _ => None,
        };
        if !self.customer_managed {
            return Some("The key is an AWS managed key.".to_owned());
        }
        if let Some(spec) = differs(&self.spec, "SYMMETRIC_DEFAULT") {
            return Some(format!("The key spec is {spec}."));
        }
        if let Some(usage) = differs(&self.usage, "ENCRYPT_DECRYPT") {
            return Some(format!("The key usage is {usage}."));
        }
        if let Some(origin) = differs(&self.origin, "AWS_KMS") {
            return Some(format!("The origin of the key material is {origin}."));
        }
        if self.replica {
            return Some(
                "The key is a multi-Region replica key and follows its primary key.".to_owned(),
            );
        }
        match &self.state {
            KeyState::Enabled => None,
            state => Some(format!(
                "The key state is {}.",
                state.name().unwrap_or("unknown")
            )),
        }
    }

    /// Returns why the key's policy is not evaluated, or `None` if it is: AWS writes the policies of its own keys, and a
    /// key that is being created or deleted is not usable.
    pub fn policy_is_not_evaluated(&self) -> Option<String> {
        if !self.customer_managed {
            return Some("The key is an AWS managed key.".to_owned());
        }
        let state = self.state.name()?;
        ["Creating", "PendingDeletion", "PendingReplicaDeletion"]
            .contains(&state)
            .then(|| format!("The key state is {state}."))
    }

    pub(super) fn details(&self) -> Details {
        let details = Details::default()
            .text("KeyId", Some(&self.id))
            .text("AWSAccountId", self.account.as_deref())
            .text(
                "KeyManager",
                Some(if self.customer_managed {
                    "CUSTOMER"
                } else {
                    "AWS"
                }),
            )
            .text("KeySpec", self.spec.as_deref())
            .text("KeyUsage", self.usage.as_deref())
            .text("Origin", self.origin.as_deref())
            .text("KeyState", self.state.name())
            .text("Description", self.description.as_deref())
            .time("CreationDate", self.created_at);
        let deletion = self.deletion.as_ref();
        let waiting_days = deletion.and_then(|deletion| deletion.waiting_days);
        let details = details
            .time("DeletionDate", deletion.and_then(|deletion| deletion.at))
            .text(
                "PendingDeletionWindowInDays",
                waiting_days.map(|days| days.to_string()).as_deref(),
            );
        match self.rotation {
            Ok(Rotation::Every { days }) => details
                .flag("KeyRotationEnabled", true)
                .text("RotationPeriodInDays", Some(&days.to_string())),
            Ok(Rotation::Off) => details.flag("KeyRotationEnabled", false),
            Ok(Rotation::Unsupported) | Err(_) => details,
        }
    }
}

/// AWS KMS keys.
pub static KIND: ResourceKind = ResourceKind {
    name: "KmsKey",
    noun: "key",
    title: "KMS key",
    placeholder: "<key id>",
    events: None,
    identity: Identity::Arn {
        service: "kms",
        prefix: "key/",
        owns: |_| true,
        allows: is_name,
    },
    family: Family::Keys,
    parent: None,
    asff_type: "AwsKmsKey",
    ocsf_type: "AwsKmsKey",
    config: Some(ConfigType {
        name: "AWS::KMS::Key",
        records_changes: true,
    }),
    tags: TagSource::TaggingApi,
    sends_every_pass: true,
};

impl Facts for KmsKey {
    fn kind(&self) -> &'static ResourceKind {
        &KIND
    }

    fn details(&self) -> Details {
        self.details()
    }
}

impl FactsOf for KmsKey {
    const KIND: &'static ResourceKind = &KIND;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_states_are_read_by_their_kms_names() {
        for (name, state) in [
            (Some("Enabled"), KeyState::Enabled),
            (Some("Updating"), KeyState::Updating),
            (
                Some("PendingDeletion"),
                KeyState::Other("PendingDeletion".into()),
            ),
            (Some(""), KeyState::Unknown),
            (None, KeyState::Unknown),
        ] {
            assert_eq!(KeyState::read(name), state);
        }
    }

    #[test]
    fn keys_in_two_states_are_pending_deletion() {
        for (state, is_pending) in [
            ("PendingDeletion", true),
            ("PendingReplicaDeletion", true),
            ("PendingImport", false),
            ("Disabled", false),
            ("Enabled", false),
            ("", false),
        ] {
            let state = KeyState::read(Some(state));
            assert_eq!(state.is_pending_deletion(), is_pending, "{state:?}");
        }
    }

    #[test]
    fn details_state_when_the_key_is_deleted() {
        let details = |deletion| {
            let key = KmsKey {
                deletion,
                ..crate::checks::samples::key()
            };
            let details = serde_json::to_value(key.details()).unwrap();
            ["DeletionDate", "PendingDeletionWindowInDays"].map(|name| details[name].clone())
        };
        let deletion = || crate::checks::samples::deletion();
        let replicas = Deletion {
            at: None,
            waiting_days: Some(30),
            ..deletion()
        };
        let null = serde_json::Value::Null;
        for (deletion, expected) in [
            (None, [null.clone(), null.clone()]),
            (
                Some(deletion()),
                ["2026-12-20T10:00:00Z".into(), null.clone()],
            ),
            (Some(replicas), [null, "30".into()]),
        ] {
            assert_eq!(details(deletion), expected);
        }
    }

    #[test]
    fn policies_of_aws_and_of_keys_that_are_not_usable_are_not_evaluated() {
        let key = |customer_managed, state: &str| KmsKey {
            customer_managed,
            state: KeyState::read(Some(state)),
            ..crate::checks::samples::key()
        };
        for (key, reason) in [
            (key(true, "Enabled"), None),
            (key(true, "Disabled"), None),
            (key(true, "PendingImport"), None),
            (key(true, "Unavailable"), None),
            (key(true, ""), None),
            (key(true, "Creating"), Some("The key state is Creating.")),
            (
                key(true, "PendingDeletion"),
                Some("The key state is PendingDeletion."),
            ),
            (
                key(true, "PendingReplicaDeletion"),
                Some("The key state is PendingReplicaDeletion."),
            ),
            (
                key(false, "Enabled"),
                Some("The key is an AWS managed key."),
            ),
        ] {
            assert_eq!(key.policy_is_not_evaluated().as_deref(), reason, "{key:?}");
        }
    }

    #[test]
    fn cannot_rotate_returns_the_reason() {
        let text = |text: &str| Some(text.to_owned());
        let key = crate::checks::samples::key;
        let of_state = |state| KmsKey { state, ..key() };
        for (key, reason) in [
            (key(), None),
            (
                of_state(KeyState::Other("Disabled".into())),
                Some("The key state is Disabled."),
            ),
            (
                of_state(KeyState::Updating),
                Some("The key state is Updating."),
            ),
            (
                of_state(KeyState::Unknown),
                Some("The key state is unknown."),
            ),
            (
                KmsKey {
                    spec: text("RSA_2048"),
                    ..key()
                },
                Some("The key spec is RSA_2048."),
            ),
        ] {
            assert_eq!(key.cannot_rotate().as_deref(), reason);
        }
    }
}
