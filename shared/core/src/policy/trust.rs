//! The accounts and organizations that an owner trusts.

use std::collections::BTreeSet;

use super::audience::{Account, Audience, Group, Organization, OrganizationPath, Reach};
use super::service::ActionClass;

/// The accounts and organizations that the owner of a resource trusts, besides its own account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// The ids of trusted accounts.
    pub accounts: BTreeSet<String>,
    /// The trusted organizations, or parts of them.
    pub organizations: BTreeSet<OrganizationPath>,
    /// The organization of the owner's account. It is trusted, but does not count as a list that the owner set.
    pub own_organization: OwnOrganization,
}

/// The organization of the owner's account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OwnOrganization {
    /// The account belongs to no organization, or may not read to which one it belongs.
    #[default]
    Unknown,
    /// This organization.
    Known(OrganizationPath),
    /// An organization that could not be read. Any organization may be that of the owner, so none counts as an outsider.
    Any,
}

/// The members of an audience that are not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outsiders {
    /// The whole audience is trusted.
    Nobody,
    /// Accounts and organizations that are named.
    Named(Group),
    /// Any AWS principal of any account.
    Everyone,
}

impl OwnOrganization {
    /// Returns `true` if a path leads to this organization, or to a part of it.
    fn may_be(&self, path: &OrganizationPath) -> bool {
        match self {
            Self::Unknown => false,
            Self::Known(own) => own.contains(path),
            Self::Any => true,
        }
    }
}

impl Trust {
    /// Returns `true` if trusted accounts or organizations are listed, so that all others are not trusted.
    pub fn is_listed(&self) -> bool {
        !self.accounts.is_empty() || !self.organizations.is_empty()
    }

    /// Returns the members of an audience that are not trusted. AWS services and named networks count as trusted, but
    /// accounts and organizations that are limited to a network do not.
    pub fn outsiders(&self, audience: &Audience) -> Outsiders {
        if audience.reach() == Reach::Everyone {
            return Outsiders::Everyone;
        }
        let untrusted = audience
            .groups()
            .filter(|group| !group.everyone)
            // Principals of any account can send requests from a named network, so it limits no account that another
            // group names.
            .map(|group| (group.networks, self.untrusted(group)))
            .min_by_key(|(any, group)| (*any, group.accounts.len() + group.organizations.len()));
        match untrusted {
            Some((_, group)) if group.reach() > Reach::Nobody => Outsiders::Named(group),
            _ => Outsiders::Nobody,
        }
    }

    /// Returns `true` if an audience may perform actions of this class: if it is trusted, or if nothing is listed as
    /// trusted, the audience is named, and the actions change nothing.
    pub fn accepts(&self, audience: &Audience, class: ActionClass) -> bool {
        match self.outsiders(audience) {
            Outsiders::Nobody => true,
            Outsiders::Named(_) => !self.is_listed() && class < ActionClass::Change,
            Outsiders::Everyone => false,
        }
    }

    fn untrusted(&self, group: &Group) -> Group {
        let accounts = group.accounts.iter().filter(|account| match account {
            Account::Own => false,
            Account::Id(id) => !self.accounts.contains(id),
            Account::Unknown => true,
        });
        let organizations = group
            .organizations
            .iter()
            .filter(|organization| match organization {
                Organization::Own => false,
                Organization::Path(path) => {
                    let mut trusted = self.organizations.iter();
                    !trusted.any(|trusted| trusted.contains(path))
                        && !self.own_organization.may_be(path)
                }
            });
        Group {
            accounts: accounts.cloned().collect(),
            organizations: organizations.cloned().collect(),
            ..Group::nobody()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str) -> Group {
        Group::account(Account::Id(id.to_owned()))
    }

    fn organization(path: &str) -> Group {
        Group::organization(Organization::Path(path.parse().unwrap()))
    }

    fn trust(accounts: &[&str], organizations: &[&str], own: Option<&str>) -> Trust {
        Trust {
            accounts: accounts.iter().map(|&id| id.to_owned()).collect(),
            organizations: organizations
                .iter()
                .map(|path| path.parse().unwrap())
                .collect(),
            own_organization: own.map_or(OwnOrganization::Unknown, |path| {
                OwnOrganization::Known(path.parse().unwrap())
            }),
        }
    }

    #[test]
    fn principals_that_are_not_listed_are_outsiders() {
        let of = Audience::of;
        let listed = trust(&["1"], &["o-a", "o-b/r-1/ou-2"], Some("o-own"));
        let own = Group::account(Account::Own);
        let own_organization = Group::organization(Organization::Own);
        let unknown = Group::account(Account::Unknown);
        for (audience, outsiders) in [
            (of(Group::everyone()), Outsiders::Everyone),
            (of(Group::nobody()), Outsiders::Nobody),
            (of(own.clone()), Outsiders::Nobody),
            (of(own_organization), Outsiders::Nobody),
            (
                of(Group::services().or(Group::networks())),
                Outsiders::Nobody,
            ),
            (of(account("1").or(own)), Outsiders::Nobody),
            (
                of(account("1").or(account("2"))),
                Outsiders::Named(account("2")),
            ),
            (of(unknown.clone()), Outsiders::Named(unknown)),
            (of(organization("o-a/r-9")), Outsiders::Nobody),
            (of(organization("o-own")), Outsiders::Nobody),
            (of(organization("o-b/r-1/ou-2/ou-3")), Outsiders::Nobody),
            (
                of(organization("o-b/r-1")),
                Outsiders::Named(organization("o-b/r-1")),
            ),
            (
                of(organization("o-ab")),
                Outsiders::Named(organization("o-ab")),
            ),
            (
                of(Group::networks().or(account("2"))),
                Outsiders::Named(account("2")),
            ),
            // A principal that also belongs to a trusted organization is trusted.
            (
                of(account("2")).within(organization("o-a")),
                Outsiders::Nobody,
            ),
            (
                of(account("2")).within(organization("o-a").or(Group::services())),
                Outsiders::Nobody,
            ),
            (of(account("1")).within(account("0")), Outsiders::Nobody),
            (
                of(account("2").or(organization("o-y")))
                    .within(account("3").or(account("4")).or(account("5"))),
                Outsiders::Named(account("2").or(organization("o-y"))),
            ),
            (
                of(account("2").or(account("3"))).within(organization("o-z")),
                Outsiders::Named(organization("o-z")),
            ),
        ] {
            assert_eq!(listed.outsiders(&audience), outsiders, "{audience}");
        }
    }

    #[test]
    fn an_outsider_that_is_limited_to_a_network_is_an_outsider() {
        let listed = trust(&["1"], &["o-a"], None);
        let outsider = || Outsiders::Named(account("2"));
        for limit in [Group::networks(), Group::networks().or(Group::services())] {
            let of = |group| Audience::of(group).within(limit.clone());
            for (audience, outsiders) in [
                (of(Group::everyone()), Outsiders::Nobody),
                (of(Group::account(Account::Own)), Outsiders::Nobody),
                (of(account("1")), Outsiders::Nobody),
                (of(account("2")), outsider()),
                (of(account("1").or(account("2"))), outsider()),
                (of(account("2")).within(Group::nobody()), Outsiders::Nobody),
                (
                    of(account("2")).within(organization("o-a")),
                    Outsiders::Nobody,
                ),
                (
                    of(Group::everyone()).within(organization("o-a")),
                    Outsiders::Nobody,
                ),
                (
                    of(Group::everyone()).within(organization("o-z")),
                    Outsiders::Named(organization("o-z")),
                ),
            ] {
                assert_eq!(listed.outsiders(&audience), outsiders, "{audience}");
            }
        }
        // A request from the network need not come from the trusted organization.
        let network_or_trusted = Group::networks().or(organization("o-a"));
        for (audience, outsiders) in [
            (Audience::of(Group::everyone()), Outsiders::Nobody),
            (Audience::of(account("2")), outsider()),
        ] {
            let audience = audience.within(network_or_trusted.clone());
            assert_eq!(listed.outsiders(&audience), outsiders, "{audience}");
        }
    }

    #[test]
    fn no_organization_is_an_outsider_if_the_own_one_could_not_be_read() {
        let trust = Trust {
            own_organization: OwnOrganization::Any,
            ..trust(&["1"], &[], None)
        };
        for (audience, outsiders) in [
            (Audience::of(organization("o-z/r-1")), Outsiders::Nobody),
            (
                Audience::of(account("2")).within(organization("o-z")),
                Outsiders::Nobody,
            ),
            (
                Audience::of(account("2").or(organization("o-z"))),
                Outsiders::Named(account("2")),
            ),
            (Audience::of(Group::everyone()), Outsiders::Everyone),
        ] {
            assert_eq!(trust.outsiders(&audience), outsiders, "{audience}");
        }
    }

    #[test]
    fn named_outsiders_may_read_and_use_if_no_list_is_set() {
        use ActionClass::{Change, Read, Use};
        let outsider = Audience::of(account("2"));
        let organization = Audience::of(organization("o-own"));
        let everyone = Audience::of(Group::everyone());
        for (trust, audience, accepted) in [
            (trust(&[], &[], None), &outsider, [true, true, false]),
            (
                trust(&[], &[], Some("o-own")),
                &outsider,
                [true, true, false],
            ),
            (trust(&["1"], &[], None), &outsider, [false; 3]),
            (trust(&["2"], &[], None), &outsider, [true; 3]),
            (trust(&[], &["o-a"], None), &outsider, [false; 3]),
            (trust(&[], &[], None), &organization, [true, true, false]),
            (trust(&[], &[], Some("o-own")), &organization, [true; 3]),
            (trust(&["1"], &[], Some("o-own")), &organization, [true; 3]),
            (trust(&["1"], &[], None), &organization, [false; 3]),
            (trust(&[], &[], None), &everyone, [false; 3]),
            (
                trust(&["1"], &["o-a"], Some("o-own")),
                &everyone,
                [false; 3],
            ),
        ] {
            let found = [Read, Use, Change].map(|class| trust.accepts(audience, class));
            assert_eq!(found, accepted, "{audience} by {trust:?}");
        }
    }
}
