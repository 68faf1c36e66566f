//! An account that changes in waves, and the events about its changes.

mod events;
mod resources;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    mem,
    time::Duration,
};

use eksentry_core::facts::{EcrRepository, EksCluster, KmsKey};
use eksentry_core::{FactsOf, Location, Resource, ResourceKind, checks::CHECKS};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::{
    events::{
        image_action, image_scan, inspector_scan, invalid_image_event, invalid_item,
        irrelevant_event, irrelevant_item, valid_event,
    },
    resources::{cluster, cluster_name, image_digest, key_id, repository_name, vulnerable},
};
use super::{ACCOUNT, BUCKET, Event, REGION};
use crate::account::{Account, AccountError, Image, Record};

/// The number of waves after which a resource can change again: each wave changes only one resource in four, and the
/// next wave others. A late event about a resource therefore arrives before another wave changes the resource.
const TURNS: usize = 4;

/// The interval, in events, at which the order of the last entries is reversed, and the number of these entries.
const DISORDER: usize = 5;
/// The intervals, in events, at which an event is duplicated, an irrelevant one is added, and an invalid one is added.
const DUPLICATE: usize = 9;
const IRRELEVANT: usize = 25;
const INVALID: usize = 23;
/// The interval, in changes, at which a configuration item is too large to be in its event.
const OVERSIZED: usize = 3;

/// The size of an account, with at least four resources of each kind.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// The number of ECR repositories.
    pub repositories: usize,
    /// The number of images in each repository.
    pub images: usize,
    /// The number of EKS clusters.
    pub clusters: usize,
    /// The number of KMS keys.
    pub keys: usize,
}

/// A check and a resource for which AWS Config requested an evaluation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestedEvaluation {
    /// The id of the check.
    pub check: &'static str,
    /// The name of the resource in AWS Config.
    pub name: String,
    /// The ARN of the resource.
    pub arn: String,
}

/// An account that changes. The changes are the same in each run.
#[derive(Debug)]
pub struct ChangingAccount {
    size: Size,
    wave: usize,
    steps: usize,
    events: usize,
    requested_evaluations: BTreeSet<RequestedEvaluation>,
    /// Configuration items of the repositories that changed together with an image.
    repository_items: Vec<Value>,
}

impl ChangingAccount {
    /// Creates an account before its first wave.
    pub fn new(size: Size) -> Self {
        Self {
            size,
            wave: 0,
            steps: 0,
            events: 0,
            requested_evaluations: BTreeSet::new(),
            repository_items: Vec::new(),
        }
    }

    /// Returns the account before the first wave: all images are scanned, and one in five is vulnerable.
    pub fn account(&self) -> Result<Account, AccountError> {
        let Size {
            repositories,
            images,
            clusters,
            keys,
        } = self.size;
        let image = |repository, slot: usize| {
            let found = if slot.is_multiple_of(5) {
                vulnerable("CRITICAL", "COMPLETE")
            } else {
                json!({})
            };
            json!({"imageDigest": image_digest(repository, slot), "scan": found})
        };
        let repository = |number| {
            let images = (0..images).map(|slot| image(number, slot));
            json!({"repositoryName": repository_name(number), "images": images.collect::<Vec<_>>()})
        };
        let mut account = Account::empty(ACCOUNT, REGION);
        account.add(json!({
            "repositories": (0..repositories).map(repository).collect::<Vec<_>>(),
            "clusters": (0..clusters).map(|number| cluster(number, number % 2 == 0)).collect::<Vec<_>>(),
            "keys": (0..keys).map(|number| json!({"KeyId": key_id(number)})).collect::<Vec<_>>(),
            "buckets": [BUCKET],
        }))?;
        Ok(account)
    }

    /// Returns the checks and resources for which AWS Config has requested an evaluation so far.
    pub fn requested_evaluations(&self) -> &BTreeSet<RequestedEvaluation> {
        &self.requested_evaluations
    }

    /// Returns the token with which AWS Config accepts the evaluations of a check's rule.
    pub fn token(check: &str) -> String {
        format!("token-of-{check}")
    }

    /// Returns the name of a check's rule.
    pub fn rule(check: &str) -> String {
        format!("eksentry-{check}")
    }

    /// Changes the account. Returns the events about the changes, with at least `images` image events and at least
    /// `items` events of AWS Config. The next call is the next wave.
    pub fn wave(
        &mut self,
        account: &mut Account,
        images: usize,
        items: usize,
    ) -> (Vec<Event>, Vec<Event>) {
        let mut of_images = Vec::new();
        while of_images.len() < images {
            let events = self.change_image(account);
            self.add_events(
                events,
                &mut of_images,
                &irrelevant_event(),
                invalid_image_event,
            );
        }
        let mut of_items = Vec::new();
        let repository_items = mem::take(&mut self.repository_items);
        self.add_events(
            repository_items,
            &mut of_items,
            &irrelevant_item(),
            invalid_item,
        );
        while of_items.len() < items {
            let events = self.change_item(account);
            self.add_events(events, &mut of_items, &irrelevant_item(), invalid_item);
        }
        self.wave += 1;
        (of_images, of_items)
    }

    /// Adds events, and among them duplicates, irrelevant events and invalid ones, in an altered order.
    fn add_events(
        &mut self,
        events: Vec<Value>,
        all: &mut Vec<Event>,
        irrelevant: &Value,
        invalid: fn(&Value) -> Value,
    ) {
        for event in events {
            self.events += 1;
            let every = |so_many: usize| self.events.is_multiple_of(so_many);
            all.push(valid_event(&event));
            if every(DUPLICATE) {
                all.push(valid_event(&event));
            }
            if every(IRRELEVANT) {
                all.push(valid_event(irrelevant));
            }
            if every(INVALID) {
                all.push(Event {
                    payload: invalid(&event).to_string().into_bytes(),
                    is_valid: false,
                });
            }
            if every(DISORDER) {
                let last = all.len().saturating_sub(DISORDER);
                all[last..].reverse();
            }
        }
    }

    fn change_image(&mut self, account: &mut Account) -> Vec<Value> {
        self.steps += 1;
        let number = self.turn("repository", self.size.repositories);
        let slot = self.pick("image", self.size.images);
        let (name, digest) = (repository_name(number), image_digest(number, slot));
        let Some(repository) = account.repository(&name) else {
            return Vec::new();
        };
        let action = |kind| image_action(&name, &digest, kind);
        let Some(image) = repository.image(&digest) else {
            let members = Record::from_iter([("imageDigest".to_owned(), json!(digest))]);
            repository.images.push(Image {
                scan: record(vulnerable("LOW", "COMPLETE")),
                members,
                ..Image::default()
            });
            return vec![action("PUSH"), image_scan(&name, &digest, "COMPLETE")];
        };
        let severity = ["CRITICAL", "HIGH", "LOW"][self.pick("severity", 3)];
        match self.pick("change of image", 10) {
            0..=3 => {
                image.scan = record(vulnerable(severity, "COMPLETE"));
                vec![image_scan(&name, &digest, "COMPLETE")]
            }
            4 => {
                image.scan = record(json!({"imageScanStatus": {"status": "FAILED"}}));
                vec![image_scan(&name, &digest, "FAILED")]
            }
            5 | 6 => {
                image.scan = record(vulnerable(severity, "ACTIVE"));
                vec![inspector_scan(&name, &digest)]
            }
            7 => {
                repository.images.retain(|image| image.digest() != digest);
                vec![action("DELETE")]
            }
            _ => {
                toggle(&mut repository.members, "imageTagMutability", "IMMUTABLE");
                let items = self.items(EcrRepository::KIND, &name, "OK");
                self.repository_items.extend(items);
                vec![action("PUSH")]
            }
        }
    }

    fn change_item(&mut self, account: &mut Account) -> Vec<Value> {
        self.steps += 1;
        let number = self.turn("cluster", self.size.clusters);
        let cluster_name = cluster_name(number);
        let (kind, name, status) = match self.pick("change of item", 8) {
            0..=3 => {
                let status = self.change_cluster(account, number);
                (EksCluster::KIND, cluster_name, status)
            }
            4 | 5 => {
                let id = key_id(self.turn("key", self.size.keys));
                if let Some(key) = account.key(&id) {
                    let rotates = self.pick("rotation", 2) == 0;
                    key.rotation =
                        Record::from_iter([("KeyRotationEnabled".to_owned(), json!(rotates))]);
                    if self.pick("state of key", 5) == 0 {
                        toggle(&mut key.members, "KeyState", "PendingDeletion");
                    }
                }
                (KmsKey::KIND, id, "OK")
            }
            _ => {
                let name = repository_name(self.turn("repository", self.size.repositories));
                if let Some(repository) = account.repository(&name) {
                    toggle(&mut repository.members, "imageTagMutability", "IMMUTABLE");
                }
                (EcrRepository::KIND, name, "OK")
            }
        };
        self.items(kind, &name, status)
    }

    /// Opens, closes, deletes or recreates a cluster. Returns the status of its configuration item.
    fn change_cluster(&self, account: &mut Account, number: usize) -> &'static str {
        let name = cluster_name(number);
        let is_closed = self.pick("closed", 2) == 0;
        let was_there = account.cluster(&name).is_some();
        account.clusters.retain(|cluster| cluster.name() != name);
        if was_there && self.pick("deleted", 4) == 0 {
            return "ResourceDeleted";
        }
        // The entry is like those that the account began with, so it can be parsed.
        account
            .clusters
            .extend(serde_json::from_value(cluster(number, is_closed)));
        if was_there {
            "OK"
        } else {
            "ResourceDiscovered"
        }
    }

    /// Returns the events that AWS Config sends about a resource to the rules of all checks of its kind that are on.
    fn items(&mut self, kind: &'static ResourceKind, name: &str, status: &str) -> Vec<Value> {
        let resource = Resource::named(kind, name, &location()).expect("the name is valid");
        let checks = CHECKS.iter();
        let checks = checks.filter(|check| check.enabled && check.kind() == kind);
        let mut items = Vec::new();
        for check in checks {
            self.requested_evaluations.insert(RequestedEvaluation {
                check: check.id,
                name: name.to_owned(),
                arn: resource.id().to_owned(),
            });
            items.push(self.item(check.id, kind, name, status));
        }
        items
    }

    fn item(&self, check: &str, kind: &'static ResourceKind, name: &str, status: &str) -> Value {
        let captured_at = Timestamp::UNIX_EPOCH
            + Duration::from_hours(20_000 * 24)
            + Duration::from_millis(self.steps.try_into().unwrap_or(u64::MAX));
        let item = json!({
            "resourceType": kind.config_type(), "resourceId": name, "resourceName": name,
            "awsAccountId": ACCOUNT, "awsRegion": REGION, "configurationItemStatus": status,
            "configurationItemCaptureTime": captured_at.to_string(),
        });
        let (message, member) = if self.steps.is_multiple_of(OVERSIZED) {
            (
                "OversizedConfigurationItemChangeNotification",
                "configurationItemSummary",
            )
        } else {
            ("ConfigurationItemChangeNotification", "configurationItem")
        };
        let invoking = json!({
            "messageType": message, member: item,
            "notificationCreationTime": captured_at.to_string(), "recordVersion": "1.3",
        });
        json!({
            "version": "1.0", "accountId": ACCOUNT, "configRuleName": Self::rule(check),
            "resultToken": Self::token(check), "eventLeftScope": false, "evaluationMode": "DETECTIVE",
            "invokingEvent": invoking.to_string(), "ruleParameters": json!({"checkId": check}).to_string(),
        })
    }

    /// Returns the number of a resource that may change in this wave, out of `count` resources.
    fn turn(&self, what: &str, count: usize) -> usize {
        let first = self.wave % TURNS;
        let whose_turn = count.saturating_sub(first).div_ceil(TURNS).max(1);
        first + TURNS * self.pick(what, whose_turn)
    }

    /// Returns a pseudorandom number below `count`.
    fn pick(&self, what: &str, count: usize) -> usize {
        let mut hasher = DefaultHasher::new();
        (self.steps, what).hash(&mut hasher);
        let all = u64::try_from(count.max(1)).unwrap_or(u64::MAX);
        usize::try_from(hasher.finish() % all).unwrap_or_default()
    }
}

fn record(value: Value) -> Option<Record> {
    serde_json::from_value(value).ok()
}

/// Sets a member to this value, or removes the member if there is one already.
fn toggle(members: &mut Record, name: &str, value: &str) {
    if members.remove(name).is_none() {
        members.insert(name.to_owned(), value.into());
    }
}

fn location() -> Location {
    Location {
        partition: "aws".to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
    }
}
