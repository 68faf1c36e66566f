//! AWS KMS keys.

mod parse;
mod users;

use std::sync::Arc;

use eksentry_core::facts::AttachedPolicy;
use eksentry_core::facts::key::{Deletion, KmsKey, LastUse, Rotation};
use eksentry_core::kind::Family;
use eksentry_core::policy::KMS;
use eksentry_core::{Fact, FactsOf, Need, Needs, Observation, Resource, ResourceKind, State};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use tokio::sync::{OnceCell, mpsc};

use crate::call::Next;
use crate::collector::{Collector, Listing};
use crate::named_keys::DESCRIBE;
use crate::permission::{Arns, Permission, Permissions};
use crate::policies::Policies;
use crate::{Gate, Reader, Unlisted, ecr, eks, organization};
use users::Users;

pub(crate) const LIST: Permission = Permission::new("kms:ListKeys", &[Arns::Any]);
const GET_ROTATION: Permission =
    Permission::new("kms:GetKeyRotationStatus", &[Arns::InRegion("key/*")]);

const GET_LAST_USAGE: Permission =
    Permission::new("kms:GetKeyLastUsage", &[Arns::InRegion("key/*")]);
/// The only name that a policy of a key can have. KMS does not require it, while some compatible services do.
const POLICY_NAME: &str = "default";
const GET_POLICY: Permission = Permission::new("kms:GetKeyPolicy", &[Arns::InRegion("key/*")]);

/// The responses that were already read.
#[derive(Debug)]
pub(crate) struct Memos {
    users: OnceCell<Users>,
    policies: Policies,
}

impl Default for Memos {
    fn default() -> Self {
        Self {
            users: OnceCell::default(),
            policies: Policies::of(&KMS),
        }
    }
}

/// The collector of keys.
pub(crate) struct KeyCollector;

impl Collector for KeyCollector {
    fn family(&self) -> Family {
        Family::Keys
    }

    fn permissions(&self, _: &ResourceKind) -> Permissions {
        Permissions {
            always: &[LIST, DESCRIBE],
            of_needs: &[
                (Need::KeyRotation, &[&[GET_ROTATION]]),
                (
                    Need::KeyUse,
                    &[&[GET_LAST_USAGE, eks::LIST, eks::DESCRIBE, ecr::LIST]],
                ),
                (Need::KeyPolicy, &[&[GET_POLICY, organization::DESCRIBE]]),
            ],
        }
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
        _: &'a Gate<'a>,
    ) -> LocalBoxFuture<'a, State> {
        reader.key(resource, needs).boxed_local()
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

    async fn key(&self, resource: &Resource, needs: Needs) -> State {
        let id = resource.name();
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
        if let Some(deletion) = &mut key.deletion
            && needs.contains(Need::KeyUse)
        {
            Box::pin(self.read_use(resource, key.created_at, deletion)).await;
        }
        if needs.contains(Need::KeyPolicy) && key.policy_is_not_evaluated().is_none() {
            key.policy = self.key_policy(id).await;
            let policies = key.policy.iter().map(AsRef::as_ref);
            key.organization = self.organization_for(policies).await;
        }
        State::present(key)
    }

    /// Reads the facts about the use of a key that is pending deletion.
    async fn read_use(
        &self,
        key: &Resource,
        created_at: Option<Timestamp>,
        deletion: &mut Deletion,
    ) {
        let last_use = self.last_use(key.name(), created_at);
        let (last_use, users) = futures::join!(last_use, self.users_of(key.id()));
        deletion.last_use = last_use;
        (deletion.clusters, deletion.repositories) = users;
    }

    async fn last_use(&self, id: &str, created_at: Option<Timestamp>) -> Fact<LastUse> {
        let call = self.kms_call(&GET_LAST_USAGE, format!("key {id}"));
        let request = self.clients.kms.get_key_last_usage().key_id(id);
        let response = call.send(request.send()).await?;
        let last_use = parse::last_use(&response, created_at, self.now());
        last_use.map_err(|missing| call.without(missing))
    }

    async fn key_policy(&self, id: &str) -> Fact<Arc<AttachedPolicy>> {
        let target = format!("key {id}");
        let call = self.kms_call(&GET_POLICY, target.clone());
        let request = self.clients.kms.get_key_policy().key_id(id);
        let request = request.policy_name(POLICY_NAME);
        let response = call.send(request.send()).await?;
        let text = response.policy.ok_or_else(|| call.without("the policy"))?;
        let policies = &self.kms.policies;
        policies.read(text, &self.location.account, &target)
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
