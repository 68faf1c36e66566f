//! AWS KMS keys.

use aws_sdk_kms::operation::describe_key::{DescribeKeyError, DescribeKeyOutput};
use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, MultiRegionKeyType};
use eksentry_aws::Pages;
use eksentry_core::facts::cluster::NamedKey;
use eksentry_core::facts::key::{KeyState, KmsKey, Rotation};
use eksentry_core::kind::Family;
use eksentry_core::{Fact, FactsOf, Need, Needs, Observation, Resource, State, Unread};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::mpsc;

use crate::collector::{Collector, Listing};
use crate::unread::unread;
use crate::{Memo, Reader, Unlisted, endless, gone_or_unread, no_list, timestamp, without};

pub(crate) const ACTIONS: &[&str] = &[
    "kms:ListKeys",
    "kms:DescribeKey",
    "kms:GetKeyRotationStatus",
];

const LIST: &str = "kms:ListKeys";
const DESCRIBE: &str = "kms:DescribeKey";

/// The period of automatic rotation where an answer has none.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-enable.html>.
const DEFAULT_ROTATION_DAYS: u32 = 365;

/// What was read already: keys that something names, by that name.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    named: Memo<String, Fact<Option<NamedKey>>>,
}

/// Reads keys.
pub(crate) struct KeyCollector;

impl Collector for KeyCollector {
    fn family(&self) -> Family {
        Family::Keys
    }

    fn actions(&self) -> &'static [&'static str] {
        ACTIONS
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
    ) -> LocalBoxFuture<'a, State> {
        reader.key(resource.name(), needs).boxed_local()
    }

    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>> {
        reader.all_keys(listing.needs, listing.out).boxed_local()
    }
}

impl Reader<'_> {
    async fn all_keys(&self, needs: Needs, out: &mpsc::Sender<Observation>) -> Vec<Unlisted> {
        let (kind, target) = (KmsKey::KIND, self.location.to_string());
        let unlisted = |reason| Unlisted::all(kind, reason);
        let pages = self.clients.kms.list_keys().limit(1000);
        let mut pages = pages.into_paginator().send();
        let mut leads = Pages::default();
        let mut missing = Vec::new();
        while let Some(page) = self.clients.paces.kms.call(pages.next()).await {
            let (listed, end) = match page {
                Ok(page) => {
                    let end = leads.lead_on(page.truncated(), page.next_marker());
                    (page.keys, end)
                }
                Err(error) => {
                    missing.push(unlisted(unread(LIST, &target, &error)));
                    break;
                }
            };
            let is_last = end.is_err();
            if let Err(error) = end {
                missing.push(unlisted(endless(LIST, &target)(error)));
            }
            if listed.is_none() {
                missing.push(unlisted(no_list(LIST, &target)));
            }
            let listed = listed.unwrap_or_default();
            let ids = listed.into_iter().map(|key| key.key_id.unwrap_or_default());
            let ids: Vec<String> = ids.collect();
            missing.extend(self.look_at_names(kind, &ids, LIST, needs, out).await);
            if is_last {
                break;
            }
        }
        missing
    }

    async fn key(&self, id: &str, needs: Needs) -> State {
        let target = format!("key {id}");
        let metadata = match self
            .clients
            .paces
            .kms
            .call(self.clients.kms.describe_key().key_id(id).send())
            .await
        {
            Ok(DescribeKeyOutput {
                key_metadata: Some(metadata),
                ..
            }) => metadata,
            Ok(_) => return State::Unread(without(DESCRIBE, &target, "a key")),
            Err(error) => {
                return gone_or_unread(
                    unread(DESCRIBE, &target, &error),
                    error.as_service_error(),
                    DescribeKeyError::is_not_found_exception,
                );
            }
        };
        // Without them nobody knows whether KMS rotates such a key, and it always tells them.
        for (name, is_there) in [
            ("KeyManager", metadata.key_manager().is_some()),
            ("KeyState", metadata.key_state().is_some()),
        ] {
            if !is_there {
                return State::Unread(without(DESCRIBE, &target, name));
            }
        }
        let mut key = facts(id, &metadata);
        if needs.contains(Need::KeyRotation) && key.cannot_rotate().is_none() {
            key.rotation = self.rotation(id).await;
        }
        State::present(key)
    }

    /// The key that an ARN or an alias names; `None` where KMS has none.
    pub(crate) async fn named_key(&self, named: &str) -> Fact<Option<NamedKey>> {
        let describe = || async {
            match self
                .clients
                .paces
                .kms
                .call(self.clients.kms.describe_key().key_id(named).send())
                .await
            {
                Ok(DescribeKeyOutput {
                    key_metadata: Some(metadata),
                    ..
                }) => Ok(Some(NamedKey {
                    arn: metadata.arn().unwrap_or(named).to_owned(),
                    state: state(&metadata),
                    aws_managed: metadata.key_manager() == Some(&KeyManagerType::Aws),
                })),
                Ok(_) => Err(without(DESCRIBE, &format!("key {named}"), "a key")),
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(DescribeKeyError::is_not_found_exception) =>
                {
                    Ok(None)
                }
                Err(error) => Err(unread(DESCRIBE, &format!("key {named}"), &error)),
            }
        };
        self.kms.named.get(named.to_owned(), describe).await
    }

    async fn rotation(&self, id: &str) -> Fact<Rotation> {
        match self
            .clients
            .paces
            .kms
            .call(self.clients.kms.get_key_rotation_status().key_id(id).send())
            .await
        {
            Ok(answer) if answer.key_rotation_enabled() => Ok(Rotation::Every {
                days: answer
                    .rotation_period_in_days()
                    .and_then(|days| u32::try_from(days).ok())
                    .unwrap_or(DEFAULT_ROTATION_DAYS),
            }),
            Ok(_) => Ok(Rotation::Off),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_kms::operation::get_key_rotation_status::GetKeyRotationStatusError::is_unsupported_operation_exception) =>
            {
                Ok(Rotation::Unsupported)
            }
            Err(error) => Err(unread(
                "kms:GetKeyRotationStatus",
                &format!("key {id}"),
                &error,
            )),
        }
    }
}

fn state(metadata: &KeyMetadata) -> KeyState {
    KeyState::read(
        metadata
            .key_state()
            .map(aws_sdk_kms::types::KeyState::as_str),
    )
}

fn facts(id: &str, metadata: &KeyMetadata) -> KmsKey {
    #[expect(deprecated, reason = "answers of before KeySpec carry nothing else")]
    let former_spec = metadata
        .customer_master_key_spec()
        .map(aws_sdk_kms::types::CustomerMasterKeySpec::as_str);
    KmsKey {
        id: id.to_owned(),
        account: metadata.aws_account_id().map(str::to_owned),
        customer_managed: metadata.key_manager() == Some(&KeyManagerType::Customer),
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
        rotation: Err(Unread::not_asked("the key's rotation")),
    }
}
