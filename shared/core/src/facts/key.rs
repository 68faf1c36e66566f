//! Facts about AWS KMS keys.

use jiff::Timestamp;

use super::{Fact, Facts, FactsOf};
use crate::details::Details;
use crate::kind::{ConfigType, Family, Identity, ResourceKind, TagSource, is_name};

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
