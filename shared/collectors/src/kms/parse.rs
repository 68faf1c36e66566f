//! Pure functions that convert KMS's responses into facts.

use aws_sdk_kms::operation::get_key_last_usage::GetKeyLastUsageOutput;
use aws_sdk_kms::operation::get_key_rotation_status::GetKeyRotationStatusOutput;
use aws_sdk_kms::types::{KeyLastUsageData, KeyManagerType, KeyMetadata, MultiRegionKeyType};
use eksentry_core::Unread;
use eksentry_core::facts::List;
use eksentry_core::facts::key::{Deletion, KmsKey, LastUse, Rotation};
use jiff::Timestamp;

use crate::age::age;
use crate::named_keys::state;
use crate::timestamp;

/// The period of automatic rotation, in days, if a response contains none.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-enable.html>.
const DEFAULT_ROTATION_DAYS: u32 = 365;

/// Returns the facts in the description of a key. The facts that take other calls are marked as not read.
///
/// # Errors
///
/// Returns the name of a member that the response lacks. KMS always returns this member; without it, it is unknown
/// whether KMS rotates the key.
pub(super) fn key(id: &str, metadata: &KeyMetadata) -> Result<KmsKey, &'static str> {
    let manager = metadata.key_manager().ok_or("KeyManager")?;
    if metadata.key_state().is_none() {
        return Err("KeyState");
    }
    #[expect(
        deprecated,
        reason = "responses from before KeySpec contain nothing else"
    )]
    let former_spec = metadata
        .customer_master_key_spec()
        .map(aws_sdk_kms::types::CustomerMasterKeySpec::as_str);
    Ok(KmsKey {
        id: id.to_owned(),
        account: metadata.aws_account_id().map(str::to_owned),
        customer_managed: *manager == KeyManagerType::Customer,
        spec: metadata
            .key_spec()
            .map(aws_sdk_kms::types::KeySpec::as_str)
            .or(former_spec)
            .map(str::to_owned),
        usage: metadata.key_usage().map(|usage| usage.as_str().to_owned()),
        origin: metadata.origin().map(|origin| origin.as_str().to_owned()),
        state: state(metadata),
        replica: metadata
            .multi_region_configuration()
            .and_then(|regions| regions.multi_region_key_type())
            == Some(&MultiRegionKeyType::Replica),
        description: metadata.description().map(str::to_owned),
        created_at: timestamp(metadata.creation_date()),
        rotation: Err(Unread::not_requested("the key's rotation")),
        policy: Err(Unread::not_requested("the key's policy")),
        organization: Err(Unread::not_requested("the account's organization")),
        deletion: state(metadata)
            .is_pending_deletion()
            .then(|| deletion(metadata)),
    })
}

/// Returns the scheduled deletion of a key. The key's use is marked as not read.
fn deletion(metadata: &KeyMetadata) -> Deletion {
    let days = metadata.pending_deletion_window_in_days();
    let users = || List::unread(Unread::not_requested("the users of the key"));
    Deletion {
        at: timestamp(metadata.deletion_date()),
        waiting_days: days.and_then(|days| u32::try_from(days).ok()),
        last_use: Err(Unread::not_requested("the last use of the key")),
        clusters: users(),
        repositories: users(),
    }
}

/// Returns the last use of a key, which was created at this time.
///
/// # Errors
///
/// Returns the name of a member that the response lacks. Without a use, KMS returns an empty object in `KeyLastUsage`.
pub(super) fn last_use(
    response: &GetKeyLastUsageOutput,
    created_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<LastUse, &'static str> {
    let usage = response.key_last_usage().ok_or("KeyLastUsage")?;
    if let Some(used_at) = timestamp(usage.timestamp()) {
        return Ok(LastUse::On(age(used_at, now)));
    }
    if *usage != KeyLastUsageData::builder().build() {
        return Err("the time of the last use");
    }
    let tracking = timestamp(response.tracking_start_date()).ok_or("TrackingStartDate")?;
    let created_at = timestamp(response.key_creation_date()).or(created_at);
    Ok(LastUse::NoneSince {
        tracking: age(tracking, now),
        since_creation: created_at.is_some_and(|created_at| created_at >= tracking),
    })
}

/// Returns the automatic rotation of a key.
pub(super) fn rotation(response: &GetKeyRotationStatusOutput) -> Rotation {
    if !response.key_rotation_enabled() {
        return Rotation::Off;
    }
    let days = response.rotation_period_in_days();
    Rotation::Every {
        days: days
            .and_then(|days| u32::try_from(days).ok())
            .unwrap_or(DEFAULT_ROTATION_DAYS),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::types::builders::{KeyLastUsageDataBuilder, KeyMetadataBuilder};
    use aws_sdk_kms::types::{
        KeySpec, KeyState as SdkKeyState, KeyUsageType, MultiRegionConfiguration, OriginType,
    };
    use aws_smithy_types::DateTime;
    use eksentry_core::facts::key::KeyState;

    use super::*;

    /// Returns the metadata that KMS always returns for a key.
    fn described() -> KeyMetadataBuilder {
        KeyMetadata::builder()
            .key_id("1234abcd")
            .key_manager(KeyManagerType::Customer)
            .key_state(SdkKeyState::Enabled)
    }

    fn parsed(metadata: KeyMetadataBuilder) -> Result<KmsKey, &'static str> {
        key("1234abcd", &metadata.build().unwrap())
    }

    #[test]
    fn a_key_has_the_facts_in_its_metadata() {
        let metadata = described()
            .aws_account_id("111122223333")
            .key_spec(KeySpec::SymmetricDefault)
            .key_usage(KeyUsageType::EncryptDecrypt)
            .origin(OriginType::AwsKms)
            .description("Signs nothing")
            .creation_date(DateTime::from_secs(1_700_000_000));
        let key = parsed(metadata).unwrap();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(key.id, "1234abcd");
        assert_eq!(key.account, text("111122223333"));
        assert!(key.customer_managed && !key.replica);
        assert_eq!(key.spec, text("SYMMETRIC_DEFAULT"));
        assert_eq!(key.usage, text("ENCRYPT_DECRYPT"));
        assert_eq!(key.origin, text("AWS_KMS"));
        assert_eq!(key.state, KeyState::Enabled);
        assert_eq!(key.description, text("Signs nothing"));
        assert_eq!(key.created_at, "2023-11-14T22:13:20Z".parse().ok());
        assert_eq!(key.rotation.unwrap_err().code.word(), "NOT_READ");
    }

    #[test]
    fn a_key_in_some_states_has_a_deletion() {
        let at = DateTime::from_secs(1_700_000_000);
        for (state, at, days, expected) in [
            (SdkKeyState::Enabled, None, None, None),
            (SdkKeyState::Disabled, Some(at), None, None),
            (
                SdkKeyState::PendingDeletion,
                Some(at),
                None,
                Some(("2023-11-14T22:13:20Z".parse().ok(), None)),
            ),
            (
                SdkKeyState::PendingReplicaDeletion,
                None,
                Some(30),
                Some((None, Some(30))),
            ),
        ] {
            let metadata = described()
                .key_state(state.clone())
                .set_deletion_date(at)
                .set_pending_deletion_window_in_days(days);
            let deletion = parsed(metadata).unwrap().deletion;
            let found = deletion.map(|deletion| (deletion.at, deletion.waiting_days));
            assert_eq!(found, expected, "{state}");
        }
    }

    #[test]
    fn the_last_use_is_read_or_that_there_is_none() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let day = |number: i64| DateTime::from_secs(now.as_second() - number * 24 * 60 * 60);
        let data = KeyLastUsageData::builder;
        let on = |days| Ok(LastUse::On(age(timestamp(Some(&day(days))).unwrap(), now)));
        let none_since = |days, since_creation| {
            Ok(LastUse::NoneSince {
                tracking: age(timestamp(Some(&day(days))).unwrap(), now),
                since_creation,
            })
        };
        let operation = aws_sdk_kms::types::KeyLastUsageTrackingOperation::Decrypt;
        for (usage, tracking, created, described, expected) in [
            (
                Some(data().timestamp(day(1))),
                Some(200),
                Some(300),
                None,
                on(1),
            ),
            (Some(data().timestamp(day(1))), None, None, None, on(1)),
            (
                Some(data()),
                Some(200),
                Some(300),
                None,
                none_since(200, false),
            ),
            (Some(data()), Some(5), Some(5), None, none_since(5, true)),
            (Some(data()), Some(5), Some(4), None, none_since(5, true)),
            (Some(data()), Some(5), None, Some(5), none_since(5, true)),
            (Some(data()), Some(5), None, Some(6), none_since(5, false)),
            (Some(data()), Some(5), None, None, none_since(5, false)),
            (
                Some(data()),
                None,
                Some(300),
                None,
                Err("TrackingStartDate"),
            ),
            (
                Some(data().operation(operation)),
                Some(200),
                Some(300),
                None,
                Err("the time of the last use"),
            ),
            (None, Some(200), Some(300), None, Err("KeyLastUsage")),
        ] {
            let response = GetKeyLastUsageOutput::builder()
                .set_key_last_usage(usage.map(KeyLastUsageDataBuilder::build))
                .set_tracking_start_date(tracking.map(day))
                .set_key_creation_date(created.map(day))
                .build();
            let described = described.and_then(|days| timestamp(Some(&day(days))));
            assert_eq!(
                last_use(&response, described, now),
                expected,
                "{response:?}"
            );
        }
    }

    #[test]
    fn a_key_without_its_manager_or_state_is_unread() {
        let bare = || KeyMetadata::builder().key_id("1234abcd");
        for (metadata, missing) in [
            (bare(), Some("KeyManager")),
            (bare().key_state(SdkKeyState::Enabled), Some("KeyManager")),
            (
                bare().key_manager(KeyManagerType::Customer),
                Some("KeyState"),
            ),
            (described(), None),
        ] {
            assert_eq!(parsed(metadata).err(), missing);
        }
    }

    #[test]
    fn the_former_spec_member_is_the_fallback() {
        #[expect(
            deprecated,
            reason = "responses from before KeySpec contain nothing else"
        )]
        let former = || described().customer_master_key_spec("RSA_2048".into());
        for (metadata, spec) in [
            (described(), None),
            (former(), Some("RSA_2048")),
            (
                former().key_spec(KeySpec::EccNistP256),
                Some("ECC_NIST_P256"),
            ),
        ] {
            assert_eq!(parsed(metadata).unwrap().spec.as_deref(), spec);
        }
    }

    #[test]
    fn managers_states_and_replicas_are_distinguished() {
        let regions = |kind| {
            MultiRegionConfiguration::builder()
                .multi_region_key_type(kind)
                .build()
        };
        for (metadata, expected) in [
            (described(), (true, KeyState::Enabled, false)),
            (
                described().key_manager(KeyManagerType::Aws),
                (false, KeyState::Enabled, false),
            ),
            (
                described().key_manager("NEW".into()),
                (false, KeyState::Enabled, false),
            ),
            (
                described().key_state(SdkKeyState::PendingDeletion),
                (true, KeyState::Other("PendingDeletion".into()), false),
            ),
            (
                described().multi_region_configuration(regions(MultiRegionKeyType::Primary)),
                (true, KeyState::Enabled, false),
            ),
            (
                described().multi_region_configuration(regions(MultiRegionKeyType::Replica)),
                (true, KeyState::Enabled, true),
            ),
        ] {
            let key = parsed(metadata).unwrap();
            assert_eq!((key.customer_managed, key.state, key.replica), expected);
        }
    }

    #[test]
    fn rotation_has_a_period_if_it_is_enabled() {
        for (on, days, expected) in [
            (true, Some(90), Rotation::Every { days: 90 }),
            (true, None, Rotation::Every { days: 365 }),
            (false, Some(90), Rotation::Off),
            (false, None, Rotation::Off),
        ] {
            let response = GetKeyRotationStatusOutput::builder()
                .key_rotation_enabled(on)
                .set_rotation_period_in_days(days)
                .build();
            assert_eq!(rotation(&response), expected, "{on} {days:?}");
        }
    }
}
