//! The read permissions of the functions' roles. They follow from the kinds of resource that a function evaluates.

use eksentry_collectors::{Permission, is_for_listing_keys, is_made_in_all_regions, permissions};
use eksentry_core::facts::{Account, EcrRepository, EksCluster, KmsKey};
use eksentry_core::kind::Family;
use eksentry_core::kinds::KINDS;
use eksentry_core::{FactsOf as _, ResourceKind};

use crate::place::LIST_REGIONS;

/// The kinds of the resources that events about calls lead to.
const BY_CALLS: [&ResourceKind; 4] = [
    EksCluster::KIND,
    EcrRepository::KIND,
    KmsKey::KIND,
    Account::KIND,
];

/// Functions whose roles have the same read permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// `config-rule`.
    ConfigRule,
    /// `ecr-event`.
    EcrEvent,
    /// `cloudtrail-event`.
    CloudTrailEvent,
    /// `sweep` and `sweep-worker`.
    Sweeps,
}

impl Readers {
    /// All groups of functions.
    pub const ALL: [Self; 4] = [
        Self::ConfigRule,
        Self::EcrEvent,
        Self::CloudTrailEvent,
        Self::Sweeps,
    ];

    /// Returns the names of the functions.
    pub const fn functions(self) -> &'static [&'static str] {
        match self {
            Self::ConfigRule => &["config-rule"],
            Self::EcrEvent => &["ecr-event"],
            Self::CloudTrailEvent => &["cloudtrail-event"],
            Self::Sweeps => &["sweep", "sweep-worker"],
        }
    }

    fn evaluates(self, kind: &ResourceKind) -> bool {
        match self {
            Self::ConfigRule => kind.config_type().is_some(),
            Self::EcrEvent => kind.family == Family::Registry,
            Self::CloudTrailEvent => BY_CALLS.contains(&kind),
            Self::Sweeps => true,
        }
    }

    /// Returns the read permissions, sorted by action.
    pub fn permissions(self) -> Vec<Permission> {
        let kinds = KINDS.into_iter().filter(|kind| self.evaluates(kind));
        let mut all: Vec<_> = kinds.flat_map(permissions).collect();
        if self == Self::CloudTrailEvent {
            // Events name keys, and no check of another kind needs their list.
            all.retain(|permission| !is_for_listing_keys(permission));
        }
        if all
            .iter()
            .any(|permission| self.reads_elsewhere(permission))
        {
            all.push(LIST_REGIONS);
        }
        all.sort_by_key(|permission| permission.action);
        all.dedup();
        all
    }

    /// Returns `true` if a call is made in all Regions that the stack evaluates, and not only in the stack's own.
    pub fn reads_elsewhere(self, permission: &Permission) -> bool {
        match self {
            Self::ConfigRule => is_made_in_all_regions(permission),
            Self::EcrEvent => false,
            Self::CloudTrailEvent | Self::Sweeps => true,
        }
    }
}
