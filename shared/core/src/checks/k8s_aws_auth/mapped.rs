//! The entries of the ConfigMap `aws-auth`, as aws-iam-authenticator uses them.
//!
//! Source: <https://github.com/kubernetes-sigs/aws-iam-authenticator/tree/master/pkg/mapper/configmap>.

use std::collections::BTreeMap;

use wildmatch::WildMatch;

use crate::arn::Arn;
use crate::facts::kubernetes::{AwsAuthPart, Mapping};
use crate::policy::is_account;

/// The group whose members may do everything, which no role or binding can limit.
const ADMINISTRATORS: &str = "system:masters";

/// The groups of nodes.
const NODE_GROUPS: [&str; 2] = ["system:nodes", "system:bootstrappers"];

/// The names of nodes, and of the nodes of Fargate.
const NODE_NAMES: [&str; 2] = [
    "system:node:{{EC2PrivateDNSName}}",
    "system:node:{{SessionName}}",
];

/// The part of a name that only users and groups of Kubernetes itself have.
const SYSTEM: &str = "system";

/// The placeholders for the name of a session, which whoever assumes a role chooses. It contains no colon.
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
const SESSION_NAMES: [&str; 2] = ["{{SessionName}}", "{{SessionNameRaw}}"];

/// The principals that an entry matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Matched {
    /// A role of the account with this id.
    Role(String),
    /// An IAM user, the root user of an account, or a federated user.
    User,
    /// No principal.
    Nothing,
}

/// An entry that counts.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    /// The entry.
    pub(super) mapping: &'a Mapping,
    /// The part of the ConfigMap.
    pub(super) part: AwsAuthPart,
    /// The principals that it matches.
    pub(super) matched: Matched,
    /// `true` if an entry for the same ARN with another name or other groups precedes it.
    pub(super) differs_from_former: bool,
}

/// Returns the entries of a part that have an ARN: for each ARN, in lower case, the last one.
pub(super) fn entries(part: AwsAuthPart, mappings: &[Mapping]) -> BTreeMap<String, Entry<'_>> {
    let mut entries: BTreeMap<String, Entry<'_>> = BTreeMap::new();
    for mapping in mappings.iter().filter(|mapping| !mapping.arn.is_empty()) {
        let arn = mapping.arn.to_lowercase();
        let former = entries.get(&arn);
        let differs_from_former = former.is_some_and(|former| {
            former.differs_from_former
                || former.mapping.username != mapping.username
                || former.mapping.groups != mapping.groups
        });
        let entry = Entry {
            mapping,
            part,
            matched: matched(&arn),
            differs_from_former,
        };
        entries.insert(arn, entry);
    }
    entries
}

/// Returns the principals that an entry with this ARN, in lower case, matches. STS, from which the ARN of a caller
/// comes, leaves out the path of a role, and the session is replaced by its role.
fn matched(arn: &str) -> Matched {
    let Ok(arn) = arn.parse::<Arn>() else {
        return Matched::Nothing;
    };
    let is_exact = !arn.as_str().contains(['*', '?']) && arn.region().is_empty();
    if !is_exact || !is_account(arn.account()) {
        return Matched::Nothing;
    }
    let resource = arn.resource().split_once('/');
    match (arn.service(), resource) {
        ("iam", Some(("role", name))) if !name.is_empty() && !name.contains('/') => {
            Matched::Role(arn.account().to_owned())
        }
        ("iam", Some(("user", name))) | ("sts", Some(("federated-user", name)))
            if !name.is_empty() =>
        {
            Matched::User
        }
        ("iam", None) if arn.resource() == "root" => Matched::User,
        _ => Matched::Nothing,
    }
}

impl Entry<'_> {
    /// Returns `true` if the entry makes the principal an administrator.
    pub(super) fn is_of_administrator(&self) -> bool {
        self.may_be_in(ADMINISTRATORS)
    }

    /// Returns `true` if the entry gives the principal the name of a user of Kubernetes itself, other than a node.
    pub(super) fn is_of_system_user(&self) -> bool {
        let first = self.mapping.username.split_once(':');
        first.is_some_and(|(first, _)| part_may_be(first, SYSTEM)) && !self.is_named_as_node()
    }

    /// Returns `true` if the entry gives the principal the groups of nodes, but not the name of one.
    pub(super) fn has_only_groups_of_nodes(&self) -> bool {
        let mut groups = NODE_GROUPS.iter();
        groups.any(|group| self.may_be_in(group)) && !self.is_named_as_node()
    }

    /// Returns `true` if the entry is for a principal that is not a role, or for a principal in `mapUsers`.
    pub(super) fn is_of_user(&self) -> bool {
        self.part == AwsAuthPart::Users || self.matched == Matched::User
    }

    /// Returns `true` if whoever assumes the role chooses the beginning of the name, which may then be that of another
    /// user.
    pub(super) fn has_free_username(&self) -> bool {
        let username = &self.mapping.username;
        let mut placeholders = SESSION_NAMES.iter();
        self.part == AwsAuthPart::Roles
            && placeholders.any(|placeholder| username.starts_with(placeholder))
    }

    fn is_named_as_node(&self) -> bool {
        NODE_NAMES.contains(&self.mapping.username.as_str())
    }

    /// Returns `true` if the principal is in this group, or can be by the name of a session.
    fn may_be_in(&self, group: &str) -> bool {
        let mut groups = self.mapping.groups.iter();
        groups.any(|template| may_be(template, group))
    }
}

/// Returns `true` if placeholders can be replaced such that a template becomes this name. The values of placeholders
/// contain no colon, so the parts between colons can be compared one by one.
fn may_be(template: &str, name: &str) -> bool {
    let (mut template, mut name) = (template.split(':'), name.split(':'));
    loop {
        match (template.next(), name.next()) {
            (None, None) => return true,
            (Some(template), Some(name)) if part_may_be(template, name) => {}
            _ => return false,
        }
    }
}

fn part_may_be(template: &str, name: &str) -> bool {
    // These characters would stand for others. No group of Kubernetes itself has them.
    if template.contains(['*', '?']) {
        return false;
    }
    let mut pattern = template.to_owned();
    for placeholder in SESSION_NAMES {
        pattern = pattern.replace(placeholder, "*");
    }
    WildMatch::new(&pattern).matches(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_tells_what_an_entry_matches() {
        let role = || Matched::Role("111122223333".to_owned());
        for (arn, expected) in [
            ("arn:aws:iam::111122223333:role/dev", role()),
            ("arn:aws-us-gov:iam::111122223333:role/dev", role()),
            (
                "arn:aws:iam::111122223333:role/awsreservedsso_dev_0a1b",
                role(),
            ),
            ("arn:aws:iam::111122223333:role/team/dev", Matched::Nothing),
            ("arn:aws:iam::111122223333:role/", Matched::Nothing),
            ("arn:aws:iam::111122223333:role/*", Matched::Nothing),
            ("arn:aws:iam::111122223333:role/dev?", Matched::Nothing),
            (
                "arn:aws:iam:eu-west-1:111122223333:role/dev",
                Matched::Nothing,
            ),
            ("arn:aws:iam::1:role/dev", Matched::Nothing),
            ("arn:aws:iam::111122223333:role/dev ", Matched::Nothing),
            ("arn:aws:iam::111122223333:group/dev", Matched::Nothing),
            (
                "arn:aws:iam::111122223333:instance-profile/dev",
                Matched::Nothing,
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/dev/ann",
                Matched::Nothing,
            ),
            (
                "arn:aws:sts::111122223333:federated-user/ann",
                Matched::User,
            ),
            ("arn:aws:iam::111122223333:user/ann", Matched::User),
            ("arn:aws:iam::111122223333:user/team/ann", Matched::User),
            ("arn:aws:iam::111122223333:root", Matched::User),
            ("111122223333", Matched::Nothing),
            ("dev", Matched::Nothing),
        ] {
            assert_eq!(matched(arn), expected, "{arn}");
        }
    }

    #[test]
    fn a_placeholder_may_become_a_name_of_kubernetes_itself() {
        for (template, expected) in [
            ("system:masters", true),
            ("System:masters", false),
            ("system:masters:x", false),
            ("system", false),
            ("system:{{SessionName}}", true),
            ("system:{{SessionNameRaw}}", true),
            ("{{SessionName}}:masters", true),
            ("{{SessionName}}:mas{{SessionName}}s", true),
            ("{{SessionName}}", false),
            ("system:{{sessionname}}", false),
            ("system:{{AccountID}}", false),
            ("system:m{{SessionName}}x", false),
            ("*:masters", false),
            ("system:master?", false),
        ] {
            assert_eq!(may_be(template, ADMINISTRATORS), expected, "{template}");
        }
    }
}
