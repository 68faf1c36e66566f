//! AWS KMS keys.

mod parse;

use aws_sdk_kms::operation::describe_key::{DescribeKeyError, DescribeKeyOutput};
use aws_sdk_kms::operation::get_key_rotation_status::GetKeyRotationStatusError;
use eksentry_aws::Pages;
use eksentry_core::facts::cluster::NamedKey;
use eksentry_core::facts::key::{KmsKey, Rotation};
use eksentry_core::kind::Family;
use eksentry_core::{Fact, FactsOf, Need, Needs, Observation, Resource, State};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::mpsc;

use crate::collector::{Collector, Listing};
use crate::unread::unread;
use crate::{Memo, Reader, Unlisted, endless, gone_or_unread, no_list, without};

pub(crate) const ACTIONS: &[&str] = &[
    "kms:ListKeys",
    "kms:DescribeKey",
    "kms:GetKeyRotationStatus",
];

const LIST: &str = "kms:ListKeys";
const DESCRIBE: &str = "kms:DescribeKey";

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
        let mut key = match parse::key(id, &metadata) {
            Ok(key) => key,
            Err(missing) => return State::Unread(without(DESCRIBE, &target, missing)),
        };
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
                }) => Ok(Some(parse::named_key(named, &metadata))),
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
            Ok(answer) => Ok(parse::rotation(&answer)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetKeyRotationStatusError::is_unsupported_operation_exception) =>
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
