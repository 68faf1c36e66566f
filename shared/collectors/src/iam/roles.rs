//! The list of an account's IAM roles.

use std::collections::HashSet;

use eksentry_core::ReasonCode;
use eksentry_core::facts::cluster::TrustingRole;
use eksentry_core::facts::{Fact, List, Unread};
use eksentry_core::policy::PolicyDocument;
use percent_encoding::percent_decode_str;

use super::parse;
use crate::Reader;
use crate::call::{Call, Next};
use crate::permission::{Arns, Permission};

pub(crate) const LIST: Permission = Permission::new("iam:ListRoles", &[Arns::Any]);

/// The most roles that IAM returns in a page.
const PAGE: i32 = 1_000;

/// The names of an account's roles, and the trust policies of those that trust OIDC issuers. Other trust policies are
/// dropped page by page, so that memory does not grow with them.
#[derive(Debug)]
pub(crate) struct AccountRoles {
    names: HashSet<String>,
    trusts: Vec<Trust>,
    missing: Option<Unread>,
}

/// The trust policy of a role.
#[derive(Debug)]
struct Trust {
    role: String,
    policy: Result<PolicyDocument, UnreadPolicy>,
}

/// A trust policy that is not understood.
#[derive(Debug)]
struct UnreadPolicy {
    text: String,
    reason: Unread,
}

impl AccountRoles {
    /// Returns `true` if the account has a role with that name.
    pub(crate) fn has(&self, name: &str) -> Fact<bool> {
        match &self.missing {
            _ if self.names.contains(name) => Ok(true),
            Some(missing) => Err(missing.clone()),
            None => Ok(false),
        }
    }

    /// Returns the roles that trust an OIDC issuer, sorted. A role whose policy names the issuer but is not understood
    /// is among them.
    pub(crate) fn trusting(&self, issuer: &str) -> List<TrustingRole> {
        let roles = self.trusts.iter().filter_map(|trust| {
            let (service_accounts, unread) = match &trust.policy {
                Ok(policy) => {
                    let (accounts, problem) = policy.service_accounts_of(issuer);
                    let unread = problem.map(|problem| Unread {
                        code: ReasonCode::PolicyNotUnderstood,
                        text: format!("In the trust policy of role {}, {problem}.", trust.role),
                    });
                    (accounts, unread)
                }
                Err(unread) if unread.text.contains(issuer) => (None, Some(unread.reason.clone())),
                Err(_) => return None,
            };
            let trusts = service_accounts.is_some() || unread.is_some();
            trusts.then(|| TrustingRole {
                name: trust.role.clone(),
                service_accounts,
                unread,
            })
        });
        let mut items: Vec<TrustingRole> = roles.collect();
        items.sort_by(|one, other| one.name.cmp(&other.name));
        List {
            items,
            missing: self.missing.clone(),
        }
    }

    fn add(&mut self, name: &str, policy: Option<&str>, call: &Call<'_>) {
        self.names.insert(name.to_owned());
        let Some(document) = policy else {
            self.missing = Some(call.without(&format!("the trust policy of role {name}")));
            return;
        };
        let policy = match parse(Some(document), call) {
            Ok(policy) if trusts_an_issuer(&policy) => Ok(policy),
            Ok(_) => return,
            Err(reason) => Err(UnreadPolicy {
                text: percent_decode_str(document)
                    .decode_utf8_lossy()
                    .into_owned(),
                reason: Unread {
                    text: format!("Role {name}: {}", reason.text),
                    ..reason
                },
            }),
        };
        self.trusts.push(Trust {
            role: name.to_owned(),
            policy,
        });
    }
}

fn trusts_an_issuer(policy: &PolicyDocument) -> bool {
    policy.web_identity_issuers().next().is_some() || policy.trusts_every_web_identity()
}

impl Reader<'_> {
    /// Returns the roles of the account, which are listed once for all Regions.
    pub(crate) async fn account_roles(&self) -> &AccountRoles {
        self.account.roles(|| Box::pin(self.list_roles())).await
    }

    async fn list_roles(&self) -> AccountRoles {
        let call = self.iam_call(&LIST, format!("account {}", self.location.account));
        let list = self.clients.iam.list_roles().max_items(PAGE);
        let mut roles = AccountRoles {
            names: HashSet::new(),
            trusts: Vec::new(),
            missing: None,
        };
        let read = call.pages(
            |marker| list.clone().set_marker(marker).send(),
            async |page| {
                for role in &page.roles {
                    let policy = role.assume_role_policy_document();
                    roles.add(role.role_name(), policy, &call);
                }
                Next::marker(page.is_truncated, page.marker)
            },
        );
        if let Err(failure) = read.await {
            roles.missing = Some(failure.into());
        }
        roles
    }
}

#[cfg(test)]
mod tests {
    use eksentry_aws::Pace;
    use eksentry_core::policy::ServiceAccounts;

    use super::*;

    const ISSUER: &str = "oidc.eks.eu-central-1.amazonaws.com/id/AB12";

    fn trust(issuer: &str) -> String {
        format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {{"Federated": "arn:aws:iam::111122223333:oidc-provider/{issuer}"}}}}]}}"#
        )
    }

    fn roles(listed: &[(&str, Option<String>)]) -> AccountRoles {
        let pace = Pace::default();
        let call = Call::new("iam:ListRoles", &pace, "account 111122223333");
        let mut roles = AccountRoles {
            names: HashSet::new(),
            trusts: Vec::new(),
            missing: None,
        };
        for (name, policy) in listed {
            roles.add(name, policy.as_deref(), &call);
        }
        roles
    }

    #[test]
    fn roles_that_trust_the_issuer_are_found() {
        let service = r#"{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]}"#;
        let unknown = r#"{"Statement": [{"Effect": "Allow", "Action": "sts:*", "Principal": "*",
            "Condition": {"StringSounds": {"a": "b"}}}, "#;
        let part = trust(ISSUER).replace(r#"{"Statement": ["#, unknown);
        let roles = roles(&[
            ("web", Some(trust(ISSUER).replace('"', "%22"))),
            ("other", Some(trust(&format!("{ISSUER}3")))),
            ("nodes", Some(service.to_owned())),
            ("broken", Some(format!("{{{ISSUER}"))),
            ("odd", Some("{".to_owned())),
            ("part", Some(part)),
        ]);
        assert_eq!(
            roles.trusts.len(),
            5,
            "the policy of a service role is dropped"
        );
        let List { items, missing } = roles.trusting(ISSUER);
        assert_eq!(missing, None);
        let found: Vec<_> = items.iter().map(|role| role.name.as_str()).collect();
        assert_eq!(found, ["broken", "part", "web"]);
        for (role, accounts, is_unread) in [
            (&items[0], None, true),
            (&items[1], Some(ServiceAccounts::All), true),
            (&items[2], Some(ServiceAccounts::All), false),
        ] {
            assert_eq!(role.service_accounts, accounts, "{role:?}");
            let code = role.unread.as_ref().map(|unread| unread.code);
            let expected = is_unread.then_some(ReasonCode::PolicyNotUnderstood);
            assert_eq!(code, expected, "{role:?}");
        }
    }

    #[test]
    fn a_role_is_missing_only_from_a_complete_list() {
        let complete = roles(&[("ops", Some(trust("example.com")))]);
        assert_eq!(
            (complete.has("ops"), complete.has("dev")),
            (Ok(true), Ok(false))
        );
        let partial = roles(&[("ops", None)]);
        assert_eq!(partial.has("ops"), Ok(true));
        assert!(partial.has("dev").is_err());
        assert!(partial.trusting(ISSUER).missing.is_some());
    }
}
