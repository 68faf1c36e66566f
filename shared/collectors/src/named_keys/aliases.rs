//! The aliases of keys.

use std::collections::HashMap;

use eksentry_core::{Arn, Fact, ReasonCode, Unread};

use crate::Reader;
use crate::call::Next;
use crate::permission::{Arns, Permission};

pub(crate) const LIST: Permission = Permission::new("kms:ListAliases", &[Arns::Any]);

/// The maximum page size.
const PAGE: i32 = 100;

/// The ARNs of aliases, by the IDs of their keys.
pub(super) type Aliases = HashMap<String, Vec<String>>;

impl Reader<'_> {
    /// Returns the ARNs of a key's aliases. An alias belongs to the account and Region of its key, and KMS lists only
    /// those of the caller's account.
    pub(super) async fn aliases_of(&self, key: &str) -> Fact<Vec<String>> {
        let unknown = || Unread {
            code: ReasonCode::KeyAliasesUnknown,
            text: format!(
                "KMS lists only the aliases of the own account and Region, and not those of the key {key}."
            ),
        };
        let arn: Arn = key.parse().map_err(|_| unknown())?;
        let here = (&self.location.account, &self.location.region);
        if (arn.account(), arn.region()) != (here.0.as_str(), here.1.as_str()) {
            return Err(unknown());
        }
        let aliases = self
            .named_keys
            .aliases
            .get_or_init(|| Box::pin(self.list_aliases()));
        let aliases = aliases.await.as_ref().map_err(Clone::clone)?;
        let id = arn.resource().strip_prefix("key/").unwrap_or_default();
        Ok(aliases.get(id).cloned().unwrap_or_default())
    }

    async fn list_aliases(&self) -> Fact<Aliases> {
        let call = self.kms_call(&LIST, self.location.to_string());
        let list = self.clients.kms.list_aliases().limit(PAGE);
        let mut aliases = Aliases::new();
        let mut missing = None;
        let read = call.pages(
            |marker| list.clone().set_marker(marker).send(),
            async |page| {
                match page.aliases {
                    Some(listed) => {
                        for alias in listed {
                            // The aliases that AWS has defined, but not yet used, have no key.
                            let Some(key) = alias.target_key_id else {
                                continue;
                            };
                            match alias.alias_arn {
                                Some(arn) => aliases.entry(key).or_default().push(arn),
                                None => missing = Some(call.without("the ARN of an alias")),
                            }
                        }
                    }
                    None => missing = Some(call.no_list()),
                }
                Next::marker(page.truncated, page.next_marker)
            },
        );
        read.await?;
        match missing {
            Some(reason) => Err(reason),
            None => Ok(aliases),
        }
    }
}
