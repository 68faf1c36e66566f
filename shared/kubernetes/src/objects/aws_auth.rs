//! The ConfigMap `aws-auth`, whose values are YAML.
//!
//! Values are read as aws-iam-authenticator reads them: a part that is not YAML is dropped, and so is a member of an
//! unexpected type, while all others count. Names of members are compared without case. Unlike aws-iam-authenticator,
//! eksentry does not read YAML with tags, merge keys, several documents, keys that appear twice, aliases that stand for
//! more than a megabyte, or line breaks that only YAML 1.1 has. The facts say so, as for everything else that can't be
//! read.
//!
//! Source: <https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/mapper/configmap/configmap.go>.

use std::collections::{BTreeMap, BTreeSet};

use eksentry_core::facts::kubernetes::{AwsAuth, AwsAuthPart, Mapping, UnreadablePlace};
use eksentry_core::field::InvalidField;
use eksentry_core::yaml::{self, Content, Key, Node, YamlProblem};
use eksentry_core::{Fact, ReasonCode, Unread};

use super::config_map::ConfigMap;
use crate::client::Client;
use crate::problem::Problem;

const NAMESPACE: &str = "kube-system";
const NAME: &str = "aws-auth";

/// The longest text that is read. The API server accepts no larger ConfigMap.
/// Source: <https://kubernetes.io/docs/concepts/configuration/configmap/>.
const LONGEST_PART: usize = 1 << 20;

/// The texts that aws-iam-authenticator takes for empty ones.
const EMPTY: [&str; 3] = ["", "``", "\"\""];

/// The characters that end a line, and thus a comment, in YAML 1.1 but not in YAML 1.2. aws-iam-authenticator reads
/// YAML 1.1. Source: <https://yaml.org/spec/1.1/>.
const OTHER_LINE_BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// The key whose value is a mapping, or a list of mappings, that are merged into the mapping around it.
/// Source: <https://yaml.org/type/merge.html>.
const MERGE_KEY: &str = "<<";

/// The prefix of the names of the roles that IAM Identity Center creates.
const SSO_ROLE: &str = "AWSReservedSSO_";

/// Reads the ConfigMap. Returns `None` if the cluster has none.
pub(super) async fn read(client: &Client) -> Result<Fact<Option<AwsAuth>>, Problem> {
    let Some(config_map) = ConfigMap::get(client, NAMESPACE, NAME).await? else {
        return Ok(Ok(None));
    };
    let aws_auth = aws_auth(&config_map).map_err(|InvalidField| Unread {
        code: ReasonCode::ReadFailed,
        text: format!(
            "The data of the ConfigMap {NAME} in {NAMESPACE} is not of the expected form."
        ),
    });
    Ok(aws_auth.map(Some))
}

/// Returns the mappings in the ConfigMap.
fn aws_auth(config_map: &ConfigMap) -> Result<AwsAuth, InvalidField> {
    let mut reader = Reader::default();
    let text = |part: AwsAuthPart| config_map.text(&part.to_string());
    let (roles, users) = (text(AwsAuthPart::Roles)?, text(AwsAuthPart::Users)?);
    let accounts = text(AwsAuthPart::Accounts)?;
    let roles = reader.mappings(AwsAuthPart::Roles, "rolearn", roles);
    let users = reader.mappings(AwsAuthPart::Users, "userarn", users);
    let accounts = reader.accounts(accounts);
    Ok(AwsAuth {
        roles,
        users,
        accounts,
        unreadable: reader.unreadable,
    })
}

/// A reader of the parts, which records the places of what it can't read.
#[derive(Default)]
struct Reader {
    unreadable: BTreeSet<UnreadablePlace>,
}

impl Reader {
    fn skip(&mut self, part: AwsAuthPart, line: usize) {
        self.unreadable.insert(UnreadablePlace { part, line });
    }

    /// Returns the items of a part, which is a list.
    fn items(&mut self, part: AwsAuthPart, text: Option<&str>) -> Vec<Node> {
        let text = text.unwrap_or_default();
        if EMPTY.contains(&text.trim()) {
            return Vec::new();
        }
        if text.len() > LONGEST_PART {
            self.skip(part, 1);
            return Vec::new();
        }
        if let Some(at) = text.find(OTHER_LINE_BREAKS) {
            self.skip(part, text[..at].matches('\n').count() + 1);
            return Vec::new();
        }
        match yaml::read_with_aliases(text) {
            Ok(node) if node.is_null() => Vec::new(),
            Ok(Node {
                content: Content::List(items),
                ..
            }) => items,
            Ok(node) => {
                self.skip(part, node.line);
                Vec::new()
            }
            // Comments alone are no mappings.
            Err(error) if error.problem == YamlProblem::Empty => Vec::new(),
            Err(error) => {
                self.skip(part, error.line);
                Vec::new()
            }
        }
    }

    fn mappings(&mut self, part: AwsAuthPart, arn: &str, text: Option<&str>) -> Vec<Mapping> {
        let mut mappings = Vec::new();
        for item in self.items(part, text) {
            match item.content {
                Content::Mapping(members) => mappings.push(self.mapping(part, arn, members)),
                _ if item.is_null() => mappings.push(Mapping::default()),
                _ => self.skip(part, item.line),
            }
        }
        mappings
    }

    fn mapping(&mut self, part: AwsAuthPart, arn: &str, members: Vec<(Key, Node)>) -> Mapping {
        let mut members = self.members(part, &[arn, "username", "groups", "sso"], members);
        let sso = members.remove("sso");
        let sso = sso.filter(|_| part == AwsAuthPart::Roles);
        let sso_role = sso.and_then(|value| self.sso_role(part, value));
        let groups = members.remove("groups");
        let arn = self.text_of(part, members.remove(arn));
        Mapping {
            arn: if arn.is_empty() {
                sso_role.unwrap_or_default()
            } else {
                arn
            },
            username: self.text_of(part, members.remove("username")),
            groups: groups.map_or_else(BTreeSet::new, |value| self.groups(part, value)),
        }
    }

    /// Returns the members that have one of these names, by their names without case. Records merge keys.
    ///
    /// Of members whose names differ only in case, the one counts whose name as it is written is the greatest, since
    /// aws-iam-authenticator sorts the members of a mapping before it reads them. That is hard to see, so such members
    /// are recorded, too.
    fn members(
        &mut self,
        part: AwsAuthPart,
        names: &[&str],
        mut members: Vec<(Key, Node)>,
    ) -> BTreeMap<String, Node> {
        members.sort_by(|(one, _), (other, _)| one.text.cmp(&other.text));
        let mut found: BTreeMap<String, Node> = BTreeMap::new();
        for (key, value) in members {
            let name = without_case(&key.text);
            let is_twice = names.contains(&name.as_str()) && found.insert(name, value).is_some();
            if is_twice || key.text == MERGE_KEY {
                self.skip(part, key.line);
            }
        }
        found
    }

    /// Returns the text of a member; an empty one if the member is missing, null, or not a text.
    fn text_of(&mut self, part: AwsAuthPart, member: Option<Node>) -> String {
        let text = member.and_then(|value| self.text(part, value));
        text.unwrap_or_default()
    }

    /// Returns a text; `None` if the value is null, or not a text.
    fn text(&mut self, part: AwsAuthPart, value: Node) -> Option<String> {
        if value.is_null() {
            return None;
        }
        match value.content {
            Content::Quoted(text) => Some(text),
            Content::Plain(text) if is_text(&text) => Some(text),
            Content::Plain(_) | Content::List(_) | Content::Mapping(_) => {
                self.skip(part, value.line);
                None
            }
        }
    }

    fn groups(&mut self, part: AwsAuthPart, value: Node) -> BTreeSet<String> {
        let is_null = value.is_null();
        match value.content {
            Content::List(groups) => {
                let groups = groups.into_iter();
                groups.filter_map(|group| self.text(part, group)).collect()
            }
            _ if is_null => BTreeSet::new(),
            _ => {
                self.skip(part, value.line);
                BTreeSet::new()
            }
        }
    }

    /// Returns the pattern for the roles that IAM Identity Center creates for a permission set in an account. It has a
    /// wildcard, since the names of these roles end with random characters.
    fn sso_role(&mut self, part: AwsAuthPart, value: Node) -> Option<String> {
        let line = value.line;
        let Content::Mapping(members) = value.content else {
            if !value.is_null() {
                self.skip(part, line);
            }
            return None;
        };
        let names = ["permissionsetname", "accountid", "partition"];
        let mut members = self.members(part, &names, members);
        let [set, account, mut partition] =
            names.map(|name| self.text_of(part, members.remove(name)));
        if partition.is_empty() {
            "aws".clone_into(&mut partition);
        }
        Some(format!(
            "arn:{partition}:iam::{account}:role/{SSO_ROLE}{set}_*"
        ))
    }

    /// Returns the accounts. Here, numbers are taken as they are written.
    fn accounts(&mut self, text: Option<&str>) -> BTreeSet<String> {
        let part = AwsAuthPart::Accounts;
        let mut accounts = BTreeSet::new();
        for item in self.items(part, text) {
            let is_null = item.is_null();
            match item.content {
                Content::Plain(text) | Content::Quoted(text) if !is_null => {
                    accounts.insert(text);
                }
                _ if is_null => {}
                _ => self.skip(part, item.line),
            }
        }
        accounts
    }
}

/// Returns the name of a member in lower case. The authenticator is written in Go, which compares names by the rules of
/// Unicode: the long s is an s, too. The only other such letter, the Kelvin sign, stands for a k, which no name has.
/// Source: <https://pkg.go.dev/encoding/json#Unmarshal>.
fn without_case(name: &str) -> String {
    name.to_ascii_lowercase().replace('\u{17f}', "s")
}

/// Returns `true` if a value without quotes is a text, rather than a boolean or a number of YAML 1.1.
/// Source: <https://yaml.org/type/>.
fn is_text(plain: &str) -> bool {
    let is_boolean = ["y", "yes", "n", "no", "true", "false", "on", "off"]
        .contains(&plain.to_ascii_lowercase().as_str());
    let unsigned = plain.trim_start_matches(['+', '-']).replace('_', "");
    let begins_as_number =
        unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let is_decimal = begins_as_number && unsigned.parse::<f64>().is_ok();
    let is_of_other_base = ["0x", "0b", "0o"].into_iter().any(|prefix| {
        let digits = unsigned.strip_prefix(prefix);
        digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    });
    let is_special = [".inf", ".nan"].contains(&unsigned.to_ascii_lowercase().as_str());
    !(is_boolean || is_decimal || is_of_other_base || is_special)
}

#[cfg(test)]
mod tests;
