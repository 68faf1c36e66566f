//! The principals that are granted access.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::text::{LONGEST_TEXT, MAX_NAMES, cut};

/// The reach of an audience, from narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// No principal.
    Nobody,
    /// The account that owns the resource.
    OwnAccount,
    /// Named accounts or organizations, AWS services, or named networks.
    Named,
    /// Any AWS principal of any account.
    Everyone,
}

/// An AWS account that is granted access.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// The account that owns the resource.
    Own,
    /// The account with this id.
    Id(String),
    /// The account of a principal that is named in a form that does not include its account.
    Unknown,
}

/// An organization in AWS Organizations that is granted access.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Organization {
    /// The organization of the account that owns the resource, named by a policy variable.
    Own,
    /// The organization with this id, or a part of it.
    Path(OrganizationPath),
}

/// An organization's id, and the roots and organizational units under it: `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrganizationPath(Vec<String>);

/// The error for a text that is not the path of an organization.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an organization: use the form o-a1b2c3d4e5 or o-a1b2c3d4e5/r-ab12/ou-ab12-11111111"
)]
pub struct OrganizationPathError(String);

/// A union of principals.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Group {
    /// `true` if the group contains any principal of any account.
    pub everyone: bool,
    /// The accounts whose principals the group contains.
    pub accounts: BTreeSet<Account>,
    /// The organizations whose principals the group contains.
    pub organizations: BTreeSet<Organization>,
    /// `true` if the group contains AWS services, on their own behalf or on behalf of others.
    pub services: bool,
    /// `true` if the group contains all senders of requests from named networks.
    pub networks: bool,
}

/// The principals that belong to each of several groups.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Audience(BTreeSet<Group>);

impl Group {
    /// Returns the group of any AWS principal of any account.
    pub fn everyone() -> Self {
        Self {
            everyone: true,
            ..Self::default()
        }
    }

    /// Returns the group without principals.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Returns the group of the principals of one account.
    pub fn account(account: Account) -> Self {
        Self {
            accounts: BTreeSet::from([account]),
            ..Self::default()
        }
    }

    /// Returns the group of the principals of one organization.
    pub fn organization(organization: Organization) -> Self {
        Self {
            organizations: BTreeSet::from([organization]),
            ..Self::default()
        }
    }

    /// Returns the group of AWS services.
    pub fn services() -> Self {
        Self {
            services: true,
            ..Self::default()
        }
    }

    /// Returns the group of named networks.
    pub fn networks() -> Self {
        Self {
            networks: true,
            ..Self::default()
        }
    }

    /// Returns the principals that belong to either group.
    pub fn or(mut self, other: Self) -> Self {
        if self.everyone || other.everyone {
            return Self::everyone();
        }
        self.accounts.extend(other.accounts);
        self.organizations.extend(other.organizations);
        self.services |= other.services;
        self.networks |= other.networks;
        self
    }

    /// Returns the reach of the group.
    pub fn reach(&self) -> Reach {
        if self.everyone {
            Reach::Everyone
        } else if self.services || self.networks || !self.organizations.is_empty() {
            Reach::Named
        } else if self.accounts.is_empty() {
            Reach::Nobody
        } else if self.accounts.iter().all(|one| *one == Account::Own) {
            Reach::OwnAccount
        } else {
            Reach::Named
        }
    }

    fn is_of_accounts_alone(&self) -> bool {
        !self.everyone && !self.services && !self.networks && self.organizations.is_empty()
    }
}

impl Audience {
    /// Returns the audience that consists of this group.
    pub fn of(group: Group) -> Self {
        Self(BTreeSet::from([group]))
    }

    /// Returns the principals of this audience that also belong to the group.
    pub fn within(mut self, group: Group) -> Self {
        if group.everyone {
            return self;
        }
        self.0.retain(|other| !other.everyone);
        if !group.is_of_accounts_alone() {
            self.0.insert(group);
            return self;
        }
        // The intersection of sets of accounts is known, but not their intersection with networks or organizations.
        let (accounts, mut rest): (BTreeSet<Group>, BTreeSet<Group>) =
            self.0.into_iter().partition(Group::is_of_accounts_alone);
        let common = accounts.iter().fold(group, |common, other| Group {
            accounts: common_accounts(&common.accounts, &other.accounts),
            ..Group::nobody()
        });
        rest.insert(common);
        Self(rest)
    }

    /// Returns the groups to all of which the audience belongs.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.0.iter()
    }

    /// Returns the reach of the audience, which is that of its narrowest group.
    pub fn reach(&self) -> Reach {
        let narrowest = self.groups().map(Group::reach).min();
        narrowest.unwrap_or(Reach::Everyone)
    }
}

/// Returns the accounts in both sets. A principal of an unknown account may belong to any account.
fn common_accounts(left: &BTreeSet<Account>, right: &BTreeSet<Account>) -> BTreeSet<Account> {
    let within = |account: &Account, others: &BTreeSet<Account>| {
        others.contains(account) || others.contains(&Account::Unknown)
    };
    let one_way = left.iter().filter(|one| within(one, right));
    let other_way = right.iter().filter(|one| within(one, left));
    one_way.chain(other_way).cloned().collect()
}

impl OrganizationPath {
    /// Returns `true` if the other path is this one or leads to a part of it.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Returns the longest path with which every value of a pattern begins, such as `o-a1/r-b2` for `o-a1/r-b2/ou-*`,
    /// or `None` if not even the organization's id is fixed.
    pub(super) fn fixed(pattern: &str) -> Option<Self> {
        let (fixed, cut) = match pattern.find(['*', '?']) {
            Some(at) => (&pattern[..at], true),
            None => (pattern, false),
        };
        let mut segments: Vec<&str> = fixed.split('/').collect();
        // The text before a wildcard is only the beginning of a name, and the text after a last slash is empty.
        if cut || segments.last() == Some(&"") {
            segments.pop();
        }
        segments.join("/").parse().ok()
    }
}

impl FromStr for OrganizationPath {
    type Err = OrganizationPathError;

    fn from_str(text: &str) -> Result<Self, OrganizationPathError> {
        let segments: Vec<&str> = text.split('/').collect();
        let is_name = |name: &str| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !name.is_empty() && name.chars().all(plain)
        };
        let id = segments.first().and_then(|first| first.strip_prefix("o-"));
        if id.is_some_and(|id| is_name(id) && !id.contains('-'))
            && segments.iter().all(|segment| is_name(segment))
        {
            Ok(Self(segments.into_iter().map(str::to_owned).collect()))
        } else {
            Err(OrganizationPathError(text.chars().take(200).collect()))
        }
    }
}

impl fmt::Display for OrganizationPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("/"))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => formatter.write_str("the owner's account"),
            Self::Id(id) => write!(formatter, "account {id}"),
            Self::Unknown => formatter.write_str("a principal of an unknown account"),
        }
    }
}

impl fmt::Display for Organization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => formatter.write_str("the owner's organization"),
            Self::Path(path) => {
                let path = path.to_string();
                write!(formatter, "organization {}", cut(&path, LONGEST_TEXT))
            }
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.everyone {
            return formatter.write_str("everyone");
        }
        let accounts = self.accounts.iter().map(ToString::to_string);
        let organizations = self.organizations.iter().map(ToString::to_string);
        let services = self.services.then(|| "AWS services".to_owned());
        let networks = self.networks.then(|| "named networks".to_owned());
        let all: Vec<String> = accounts
            .chain(organizations)
            .chain(services)
            .chain(networks)
            .collect();
        match all.as_slice() {
            [] => formatter.write_str("nobody"),
            [one] => formatter.write_str(one),
            [first @ .., _] if first.len() >= MAX_NAMES => {
                write!(formatter, "{} and others", all[..MAX_NAMES].join(", "))
            }
            [others @ .., last] => write!(formatter, "{} and {last}", others.join(", ")),
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reach() == Reach::Nobody {
            return formatter.write_str("nobody");
        }
        let groups: Vec<String> = self.groups().map(ToString::to_string).collect();
        formatter.write_str(&groups.join("; limited to "))
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

    fn own() -> Group {
        Group::account(Account::Own)
    }

    fn unknown() -> Group {
        Group::account(Account::Unknown)
    }

    #[test]
    fn a_group_has_the_reach_of_its_widest_part() {
        for (group, reach) in [
            (Group::nobody(), Reach::Nobody),
            (own(), Reach::OwnAccount),
            (own().or(account("1")), Reach::Named),
            (unknown(), Reach::Named),
            (organization("o-abc"), Reach::Named),
            (Group::organization(Organization::Own), Reach::Named),
            (own().or(Group::services()), Reach::Named),
            (Group::networks(), Reach::Named),
            (own().or(Group::everyone()), Reach::Everyone),
        ] {
            assert_eq!(group.reach(), reach, "{group}");
        }
    }

    #[test]
    fn an_audience_has_the_reach_of_its_narrowest_group() {
        let everyone = || Audience::of(Group::everyone());
        for (audience, reach) in [
            (everyone(), Reach::Everyone),
            (everyone().within(Group::everyone()), Reach::Everyone),
            (everyone().within(organization("o-abc")), Reach::Named),
            (
                everyone().within(Group::networks()).within(own()),
                Reach::OwnAccount,
            ),
            (
                everyone().within(own()).within(Group::networks()),
                Reach::OwnAccount,
            ),
            (everyone().within(own()).within(account("1")), Reach::Nobody),
            (everyone().within(Group::nobody()), Reach::Nobody),
            (
                everyone().within(unknown()).within(own()),
                Reach::OwnAccount,
            ),
        ] {
            assert_eq!(audience.reach(), reach, "{audience}");
        }
    }

    #[test]
    fn within_keeps_the_common_accounts() {
        let both = |one: Group, other: Group| Audience::of(one).within(other);
        let one_or_two = account("1").or(account("2"));
        let two_or_three = account("2").or(account("3"));
        for (audience, common) in [
            (both(one_or_two.clone(), two_or_three), account("2")),
            (both(unknown(), one_or_two.clone()), one_or_two.clone()),
            (
                both(one_or_two.clone().or(unknown()), account("3")),
                account("3"),
            ),
            (both(unknown(), unknown()), unknown()),
            (both(one_or_two, account("3")), Group::nobody()),
        ] {
            assert_eq!(audience, Audience::of(common));
        }
    }

    #[test]
    fn an_audience_does_not_depend_on_the_order_of_its_groups() {
        let groups = [own().or(account("1")), organization("o-abc"), account("1")];
        let [one, two, three] = groups.clone();
        let forwards = Audience::of(one).within(two).within(three);
        let [one, two, three] = groups;
        assert_eq!(forwards, Audience::of(three).within(two).within(one));
        assert_eq!(forwards.groups().count(), 2);
    }

    #[test]
    fn an_organization_path_is_an_id_and_its_units() {
        for text in ["o-abc", "o-a1b2c3d4e5/r-ab12", "o-a/r-b/ou-b-1/ou-b-2"] {
            let path: OrganizationPath = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
        }
        for text in [
            "",
            "o-",
            "abc",
            "O-ABC",
            "o-abc/",
            "o-abc/*",
            "o-a b",
            "o-abc//ou-1",
            "111122223333",
        ] {
            let error = text.parse::<OrganizationPath>().unwrap_err().to_string();
            assert!(error.contains("is not an organization"), "{text}");
        }
    }

    #[test]
    fn a_path_contains_the_paths_below_it() {
        let path = |text: &str| text.parse::<OrganizationPath>().unwrap();
        assert!(path("o-a").contains(&path("o-a")));
        assert!(path("o-a").contains(&path("o-a/r-b/ou-c")));
        assert!(!path("o-a/r-b").contains(&path("o-a")));
        assert!(!path("o-a").contains(&path("o-ab")));
    }

    #[test]
    fn the_fixed_path_ends_before_the_first_wildcard() {
        for (pattern, fixed) in [
            ("o-abc", Some("o-abc")),
            ("o-abc/", Some("o-abc")),
            ("o-abc/*", Some("o-abc")),
            ("o-abc/r-1/ou-2/", Some("o-abc/r-1/ou-2")),
            ("o-abc/r-1/ou-2/*", Some("o-abc/r-1/ou-2")),
            ("o-abc/r-1/ou-2*", Some("o-abc/r-1")),
            ("o-abc/?/ou-2/", Some("o-abc")),
            ("o-abc*", None),
            ("o-*/r-1/", None),
            ("*", None),
            ("", None),
            ("/", None),
        ] {
            let fixed = fixed.map(|path| path.parse().unwrap());
            assert_eq!(OrganizationPath::fixed(pattern), fixed, "{pattern}");
        }
    }

    #[test]
    fn an_audience_is_written_in_words() {
        let named = own().or(account("1")).or(Group::services());
        let ten = (1..=10).map(|id| account(&format!("{id:02}")));
        let ten = ten.fold(Group::nobody(), Group::or);
        for (audience, text) in [
            (Audience::of(Group::everyone()), "everyone"),
            (
                Audience::of(Group::nobody()).within(named.clone()),
                "nobody",
            ),
            (
                Audience::of(named),
                "the owner's account, account 1 and AWS services",
            ),
            (
                Audience::of(account("1")).within(organization("o-a/r-b")),
                "organization o-a/r-b; limited to account 1",
            ),
            (
                Audience::of(ten.clone().or(account("11"))),
                "account 01, account 02, account 03, account 04, account 05, account 06, account 07, account 08, \
                 account 09, account 10 and others",
            ),
            (
                Audience::of(ten),
                "account 01, account 02, account 03, account 04, account 05, account 06, account 07, account 08, \
                 account 09 and account 10",
            ),
        ] {
            assert_eq!(audience.to_string(), text);
        }
    }
}
