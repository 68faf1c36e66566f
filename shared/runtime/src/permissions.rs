//! The read permissions of the functions' roles. They follow from the kinds of resource that a function evaluates.

use eksentry_collectors::{
    Arns, Permission, Switch, is_for_listing_keys, is_made_in_all_regions, permission_for_tags,
    permissions, permissions_for,
};
use eksentry_core::check::needs_of;
use eksentry_core::facts::{Account, EcrRepository, EksCluster, KmsKey};
use eksentry_core::kind::Family;
use eksentry_core::kinds::KINDS;
use eksentry_core::{Check, FactsOf as _, ParameterValues, ResourceKind};

use crate::accounts;
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
            Self::EcrEvent | Self::CloudTrailEvent | Self::Sweeps => true,
        }
    }
}

/// The parts of a scan that need permissions in addition to those of its checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScanPermissions {
    /// `true` if all enabled Regions are evaluated.
    pub all_regions: bool,
    /// `true` if the accounts of an organization, or of its units, are evaluated.
    pub organization: bool,
    /// `true` if the tags of resources are read.
    pub tags: bool,
}

impl ScanPermissions {
    /// Returns the permissions of a scan of these checks in one account, sorted by action.
    pub fn of(self, checks: &[(&'static Check, ParameterValues)]) -> Vec<Permission> {
        let mut all = Vec::new();
        for kind in KINDS {
            let of_kind = checks.iter().filter(|(check, _)| check.kind() == kind);
            let mut of_kind = of_kind.map(|(check, values)| (*check, values)).peekable();
            if of_kind.peek().is_some() {
                all.extend(permissions_for(kind, needs_of(of_kind)));
            }
        }
        // Only the functions invoke cluster readers.
        all.retain(|permission| permission.granted_by != Some(Switch::ClusterReaders));
        all.extend(self.all_regions.then_some(LIST_REGIONS));
        all.extend(self.tags.then(permission_for_tags));
        if self.organization {
            let actions = accounts::ACTIONS.iter();
            all.extend(actions.map(|action| Permission::new(action, &[Arns::Any])));
        }
        all.sort_by_key(|permission| permission.action);
        all.dedup();
        all
    }
}
