//! Keys of AWS KMS that other resources name.

mod aliases;
mod parse;

use eksentry_core::facts::key::NamedKey;
use eksentry_core::{Fact, Need, Needs};
use tokio::sync::OnceCell;

use self::aliases::Aliases;
use crate::call::Call;
use crate::permission::{Arns, Permission};
use crate::{Memo, Reader};

pub(crate) use self::aliases::LIST as LIST_ALIASES;
pub(crate) use self::parse::state;

/// The permission to describe the keys of any account: a cluster's key may belong to another account.
pub(crate) const DESCRIBE: Permission =
    Permission::new("kms:DescribeKey", &[Arns::OfAnyAccount("key/*")]);

/// The error code for a key that does not exist.
const ABSENT: &[&str] = &["NotFoundException"];

/// The responses that were already read.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    /// The keys that other resources name, by that name, without their aliases.
    named: Memo<String, Fact<Option<NamedKey>>>,
    aliases: OnceCell<Fact<Aliases>>,
}

impl Reader<'_> {
    pub(crate) fn kms_call(&self, permission: &Permission, target: String) -> Call<'_> {
        Call::new(permission.action, &self.clients.paces.kms, target).absent(ABSENT)
    }

    /// Returns the key that an ARN or an alias names, with its aliases if these are needed; `None` if KMS has no such
    /// key.
    pub(crate) async fn named_key(&self, named: &str, needs: Needs) -> Fact<Option<NamedKey>> {
        let mut key = self.described_key(named).await;
        if let Ok(Some(key)) = &mut key
            && needs.contains(Need::KeyAliases)
        {
            key.aliases = self.aliases_of(&key.arn).await;
        }
        key
    }

    /// Returns the key that an ARN or an alias names, without its aliases; `None` if KMS has no such key.
    pub(crate) async fn described_key(&self, named: &str) -> Fact<Option<NamedKey>> {
        let describe = || async {
            let call = self.kms_call(&DESCRIBE, format!("key {named}"));
            let request = self.clients.kms.describe_key().key_id(named);
            match call.send(request.send()).await {
                Ok(response) => {
                    let metadata = response.key_metadata;
                    let metadata = metadata.ok_or_else(|| call.without("the key's metadata"))?;
                    Ok(Some(parse::named_key(named, &metadata)))
                }
                Err(failure) => failure.or_none(),
            }
        };
        self.named_keys.named.get(named.to_owned(), describe).await
    }
}
