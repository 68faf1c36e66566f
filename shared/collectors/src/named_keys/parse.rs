//! Pure functions that convert the description of a key into facts.

use aws_sdk_kms::types::{KeyManagerType, KeyMetadata};
use eksentry_core::Unread;
use eksentry_core::facts::key::{KeyState, NamedKey};

/// Returns the facts about a key that another resource names.
pub(super) fn named_key(named: &str, metadata: &KeyMetadata) -> NamedKey {
    NamedKey {
        arn: metadata.arn().unwrap_or(named).to_owned(),
        state: state(metadata),
        aws_managed: metadata.key_manager() == Some(&KeyManagerType::Aws),
        aliases: Err(Unread::not_requested("the aliases of the key")),
    }
}

/// Returns the state of a key.
pub(crate) fn state(metadata: &KeyMetadata) -> KeyState {
    KeyState::read(
        metadata
            .key_state()
            .map(aws_sdk_kms::types::KeyState::as_str),
    )
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::types::KeyState as SdkKeyState;
    use aws_sdk_kms::types::builders::KeyMetadataBuilder;

    use super::*;

    const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";

    fn described() -> KeyMetadataBuilder {
        KeyMetadata::builder()
            .key_id("1234abcd")
            .key_state(SdkKeyState::Enabled)
            .key_manager(KeyManagerType::Customer)
    }

    #[test]
    fn a_named_key_has_its_own_arn_instead_of_the_alias() {
        let alias = "arn:aws:kms:eu-central-1:111122223333:alias/eks";
        for (metadata, expected) in [
            (described().arn(ARN), (ARN, KeyState::Enabled, false)),
            (described(), (alias, KeyState::Enabled, false)),
            (
                described().arn(ARN).key_manager(KeyManagerType::Aws),
                (ARN, KeyState::Enabled, true),
            ),
            (
                KeyMetadata::builder().key_id("1234abcd").arn(ARN),
                (ARN, KeyState::Unknown, false),
            ),
        ] {
            let key = named_key(alias, &metadata.build().unwrap());
            let found = (key.arn.as_str(), key.state, key.aws_managed);
            assert_eq!(found, expected);
        }
    }
}
