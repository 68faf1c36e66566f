//! Context keys that identify the sender of a request or its origin, so that fixed values of the keys identify
//! principals.
//!
//! Keys: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>. A value is fixed if
//! the part that identifies a principal has neither wildcards nor policy variables, as in
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>.

use core::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::audience::{Account, Group, Organization, OrganizationPath};
use super::pattern::{has_variable, has_wildcard};
use super::principal::{account, is_account};
use super::service::Service;

/// The way in which a comparison matches the values of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Matching {
    /// Texts without wildcards: a wildcard is an ordinary character.
    Exact,
    /// Texts with wildcards.
    Wildcards,
    /// ARNs with wildcards in their parts.
    Arns,
    /// CIDR blocks.
    Addresses,
}

/// The policy whose conditions are evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// The id of the account that owns the resource.
    pub(super) owner: &'a str,
    pub(super) service: &'a Service,
}

/// A context key whose values have one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    PrincipalOrganization,
    PrincipalOrganizationPaths,
    PrincipalAccount,
    PrincipalArn,
    UserId,
    SourceAccount,
    SourceArn,
    SourceOrganization,
    ServiceName,
    Network,
    NetworkAccount,
    NetworkOrganization,
    SourceIp,
}

impl Context<'_> {
    /// Returns the principals whose requests have one of the values in the key, or `None` if these may be any
    /// principals.
    pub(super) fn group(&self, key: &str, matching: Matching, values: &[String]) -> Option<Group> {
        let key = self.key(key)?;
        let takes = match matching {
            Matching::Exact | Matching::Wildcards => true,
            Matching::Arns => matches!(key, Key::PrincipalArn | Key::SourceArn),
            Matching::Addresses => key == Key::SourceIp,
        };
        if !takes {
            return None;
        }
        let mut fixed = Vec::new();
        for value in values {
            let value = self.resolve(value);
            let is_own_organization = key.is_of_organizations() && is_own_organization(&value);
            if has_variable(&value) && !is_own_organization {
                return None;
            }
            // The name of an account, organization or network never contains a wildcard.
            if !(matching == Matching::Exact && has_wildcard(&value)) {
                fixed.push(value);
            }
        }
        if key == Key::SourceIp {
            return networks(&fixed);
        }
        let mut groups = fixed
            .iter()
            .map(|value| self.named_by(key, matching, value));
        groups.try_fold(Group::nobody(), |all, one| Some(all.or(one?)))
    }

    /// Returns `true` if every signed request has the key.
    pub(super) fn is_always_present(&self, key: &str) -> bool {
        matches!(
            self.key(key),
            Some(Key::PrincipalAccount | Key::PrincipalArn | Key::UserId)
        )
    }

    fn key(&self, key: &str) -> Option<Key> {
        let key = match key.to_ascii_lowercase().as_str() {
            "aws:principalorgid" => Key::PrincipalOrganization,
            "aws:principalorgpaths" => Key::PrincipalOrganizationPaths,
            "aws:principalaccount" => Key::PrincipalAccount,
            "kms:calleraccount" if self.service.prefix == "kms" => Key::PrincipalAccount,
            "aws:principalarn" => Key::PrincipalArn,
            "aws:userid" => Key::UserId,
            "aws:sourceaccount" | "aws:sourceowner" => Key::SourceAccount,
            "aws:sourcearn" => Key::SourceArn,
            "aws:sourceorgid" | "aws:sourceorgpaths" => Key::SourceOrganization,
            "aws:principalservicename" => Key::ServiceName,
            "aws:sourcevpc" | "aws:sourcevpce" => Key::Network,
            "aws:vpceaccount" => Key::NetworkAccount,
            "aws:vpceorgid" | "aws:vpceorgpaths" => Key::NetworkOrganization,
            "aws:sourceip" => Key::SourceIp,
            _ => return None,
        };
        Some(key)
    }

    fn named_by(&self, key: Key, matching: Matching, value: &str) -> Option<Group> {
        match key {
            Key::PrincipalOrganization => {
                let id = Some(value).filter(|value| !value.contains('/'))?;
                organization(id).map(Group::organization)
            }
            Key::PrincipalOrganizationPaths => organization(value).map(Group::organization),
            Key::PrincipalAccount => is_account(value).then(|| account(value, self.owner)),
            Key::PrincipalArn => {
                let id = account_of_principal(value, matching)?;
                is_account(id).then(|| account(id, self.owner))
            }
            Key::UserId => self.user(value),
            Key::SourceAccount => is_account(value).then(Group::services),
            Key::SourceArn => is_fixed_source(value).then(Group::services),
            Key::SourceOrganization => organization(value).map(|_| Group::services()),
            // A request has the key only if a service sends it, regardless of the name.
            Key::ServiceName => Some(Group::services()),
            Key::Network => (!value.is_empty() && !has_wildcard(value)).then(Group::networks),
            Key::NetworkAccount => is_account(value).then(Group::networks),
            Key::NetworkOrganization => organization(value).map(|_| Group::networks()),
            Key::SourceIp => None,
        }
    }

    /// Returns the principals with this `aws:userid`, which is a unique id with the principal's session name, or the id
    /// of an account.
    fn user(&self, value: &str) -> Option<Group> {
        let id = value.split(':').next().unwrap_or_default();
        let is_fixed = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match (is_fixed, is_account(id)) {
            (true, true) => Some(account(id, self.owner)),
            (true, false) => Some(Group::account(Account::Unknown)),
            (false, _) => None,
        }
    }

    /// Returns the value with the owner's account in place of the policy variable for it.
    fn resolve(&self, value: &str) -> String {
        const RESOURCE_ACCOUNT: &str = "${aws:resourceaccount}";
        let mut resolved = String::new();
        let mut rest = value;
        while let Some(at) = rest.to_ascii_lowercase().find(RESOURCE_ACCOUNT) {
            resolved.push_str(&rest[..at]);
            resolved.push_str(self.owner);
            rest = &rest[at + RESOURCE_ACCOUNT.len()..];
        }
        resolved.push_str(rest);
        resolved
    }
}

impl Key {
    fn is_of_organizations(self) -> bool {
        matches!(
            self,
            Self::PrincipalOrganization
                | Self::PrincipalOrganizationPaths
                | Self::SourceOrganization
                | Self::NetworkOrganization
        )
    }
}

/// Returns `true` if a request may have several values of the key.
pub(super) fn is_multivalued(key: &str) -> bool {
    let multivalued = [
        "aws:PrincipalOrgPaths",
        "aws:SourceOrgPaths",
        "aws:VpceOrgPaths",
    ];
    multivalued.iter().any(|one| one.eq_ignore_ascii_case(key))
}

/// Returns `true` for `${aws:ResourceOrgID}`, alone or followed by a path without further variables.
fn is_own_organization(value: &str) -> bool {
    const RESOURCE_ORGANIZATION: &str = "${aws:ResourceOrgID}";
    value
        .split_at_checked(RESOURCE_ORGANIZATION.len())
        .is_some_and(|(variable, rest)| {
            variable.eq_ignore_ascii_case(RESOURCE_ORGANIZATION)
                && (rest.is_empty() || rest.starts_with('/'))
                && !has_variable(rest)
        })
}

fn organization(value: &str) -> Option<Organization> {
    if is_own_organization(value) {
        Some(Organization::Own)
    } else {
        OrganizationPath::fixed(value).map(Organization::Path)
    }
}

fn arn_parts(value: &str) -> Option<[&str; 6]> {
    let parts: [&str; 6] = value.splitn(6, ':').collect::<Vec<_>>().try_into().ok()?;
    (parts[0] == "arn").then_some(parts)
}

/// Returns the account in a principal's ARN, or `None` if it is not certain. When texts are compared, a wildcard before
/// the account may match beyond its part, up to an account in the path of a role in any account: paths may contain
/// colons.
fn account_of_principal(value: &str, matching: Matching) -> Option<&str> {
    let [first, partition, service, region, account, _] = arn_parts(value)?;
    let before = [first, partition, service, region];
    let is_fixed = matching == Matching::Arns || !before.into_iter().any(has_wildcard);
    is_fixed.then_some(account)
}

/// Returns `true` if the account in an ARN is fixed. For the ARN of an S3 bucket, which has no account, the bucket must
/// be fixed.
fn is_fixed_source(value: &str) -> bool {
    arn_parts(value).is_some_and(|[_, _, service, _, account, resource]| {
        let bucket = resource.split('/').next().unwrap_or_default();
        let is_bucket = service == "s3" && account.is_empty();
        is_account(account) || (is_bucket && !bucket.is_empty() && !has_wildcard(bucket))
    })
}

/// Returns the group of named networks, or `None` if a value is not a CIDR block, or if the blocks are so wide, alone
/// or together with adjacent ones, that any principal may have an address in them.
fn networks(values: &[String]) -> Option<Group> {
    let blocks: Option<Vec<IpNet>> = values.iter().map(|value| block(value)).collect();
    let (private, public): (Vec<IpNet>, Vec<IpNet>) = blocks?.into_iter().partition(is_private);
    if private.is_empty() && public.is_empty() {
        return Some(Group::nobody());
    }
    let is_narrow = |block: &IpNet| match block {
        IpNet::V4(block) => block.prefix_len() >= 8,
        IpNet::V6(block) => block.prefix_len() >= 32,
    };
    IpNet::aggregate(&public)
        .iter()
        .all(is_narrow)
        .then(Group::networks)
}

fn block(value: &str) -> Option<IpNet> {
    let block: IpNet = value
        .parse()
        .or_else(|_| value.parse::<IpAddr>().map(IpNet::from))
        .ok()?;
    // IPv4 addresses may be written as IPv6 addresses.
    if let IpNet::V6(long) = block
        && let Some(address) = long.network().to_ipv4_mapped()
        && let Some(length) = long.prefix_len().checked_sub(96)
    {
        return Ipv4Net::new(address, length).ok().map(IpNet::V4);
    }
    Some(block.trunc())
}

fn is_private(block: &IpNet) -> bool {
    const PRIVATE: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
    PRIVATE
        .iter()
        .filter_map(|text| text.parse::<IpNet>().ok())
        .any(|private| private.contains(block))
}
