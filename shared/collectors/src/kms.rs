//! AWS KMS keys.

mod parse;

use eksentry_core::facts::cluster::NamedKey;
use eksentry_core::facts::key::{KmsKey, Rotation};
use eksentry_core::kind::Family;
use eksentry_core::{Fact, FactsOf, Need, Needs, Observation, Resource, ResourceKind, State};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::sync::mpsc;

use crate::call::{Call, Next};
use crate::collector::{Collector, Listing};
use crate::permission::{Arns, Permission};
use crate::{Gate, Memo, Reader, Unlisted};

const LIST: Permission = Permission::new("kms:ListKeys", &[Arns::Any]);
/// The permission to describe the keys of any account: a cluster's key may belong to another account.
pub(crate) const DESCRIBE: Permission =
    Permission::new("kms:DescribeKey", &[Arns::OfAnyAccount("key/*")]);
const GET_ROTATION: Permission =
    Permission::new("kms:GetKeyRotationStatus", &[Arns::InRegion("key/*")]);

/// The error code for a key that does not exist.
const ABSENT: &[&str] = &["NotFoundException"];

/// The keys that were already read because another resource names them, by that name.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    named: Memo<String, Fact<Option<NamedKey>>>,
}

/// The collector of keys.
pub(crate) struct KeyCollector;

impl Collector for KeyCollector {
    fn family(&self) -> Family {
        Family::Keys
    }

    fn permissions(&self, _: &ResourceKind) -> Vec<Permission> {
        vec![LIST, DESCRIBE, GET_ROTATION]
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
        _: &'a Gate<'a>,
    ) -> LocalBoxFuture<'a, State> {
        reader.key(resource.name(), needs).boxed_local()
    }

    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>> {
        reader.list_keys(listing.needs, listing.out).boxed_local()
    }
}

impl Reader<'_> {
    fn kms_call(&self, permission: &Permission, target: String) -> Call<'_> {
        Call::new(permission.action, &self.clients.paces.kms, target).absent(ABSENT)
    }

    async fn list_keys(&self, needs: Needs, out: &mpsc::Sender<Observation>) -> Vec<Unlisted> {
        let kind = KmsKey::KIND;
        let call = self.kms_call(&LIST, self.location.to_string());
        let list = self.clients.kms.list_keys().limit(1000);
        let mut missing = Vec::new();
        let read = call.pages(
            |marker| list.clone().set_marker(marker).send(),
            async |page| {
                match page.keys {
                    Some(keys) => {
                        let ids = keys.into_iter().map(|key| key.key_id.unwrap_or_default());
                        let ids: Vec<String> = ids.collect();
                        missing.extend(self.describe_named(kind, &ids, &call, needs, out).await);
                    }
                    None => missing.push(Unlisted::all(kind, call.no_list())),
                }
                Next::marker(page.truncated, page.next_marker)
            },
        );
        if let Err(failure) = read.await {
            missing.push(Unlisted::all(kind, failure.into()));
        }
        missing
    }

    async fn key(&self, id: &str, needs: Needs) -> State {
        let call = self.kms_call(&DESCRIBE, format!("key {id}"));
        let request = self.clients.kms.describe_key().key_id(id);
        let metadata = match call.send(request.send()).await {
            Ok(response) => response.key_metadata,
            Err(failure) => return failure.into(),
        };
        let key = metadata.ok_or("the key's metadata");
        let mut key = match key.and_then(|metadata| parse::key(id, &metadata)) {
            Ok(key) => key,
            Err(missing) => return State::Unread(call.without(missing)),
        };
        if needs.contains(Need::KeyRotation) && key.cannot_rotate().is_none() {
            key.rotation = self.rotation(id).await;
        }
        State::present(key)
    }

    /// Returns the key that an ARN or an alias names; `None` if KMS has no such key.
    pub(crate) async fn named_key(&self, named: &str) -> Fact<Option<NamedKey>> {
        let describe = || async {
            let call = self.kms_call(&DESCRIBE, format!("key {named}"));
            let request = self.clients.kms.describe_key().key_id(named);
            match call.send(request.send()).await {
                Ok(response) => {
                    let metadata = response.key_metadata;
                    let metadata = metadata.ok_or_else(|| call.without("the key's metadata"))?;
                    Ok(Some(parse::named_key(named, &metadata)))
                }
                Err(failure) => failure.or_none(),
            }
        };
        self.kms.named.get(named.to_owned(), describe).await
    }

    async fn rotation(&self, id: &str) -> Fact<Rotation> {
        let call = self.kms_call(&GET_ROTATION, format!("key {id}"));
        let request = self.clients.kms.get_key_rotation_status().key_id(id);
        match call.send(request.send()).await {
            Ok(response) => Ok(parse::rotation(&response)),
            Err(failure) if failure.has_code("UnsupportedOperationException") => {
                Ok(Rotation::Unsupported)
            }
            Err(failure) => Err(failure.into()),
        }
    }
}
