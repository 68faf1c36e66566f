//! Keys of AWS KMS that other resources name.

mod aliases;
mod parse;

use eksentry_aws::Rate;
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

/// A function makes one of this many equal shares of the calls that KMS allows: services that encrypt with keys of the
/// account make such calls too.
const SHARES: u32 = 2;

/// Returns the calls that KMS allows in a second; `None` if that is not documented.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>.
fn calls_a_second(permission: &Permission) -> Option<u32> {
    match permission.action {
        "kms:DescribeKey" => Some(2_000),
        "kms:GetKeyPolicy" | "kms:GetKeyRotationStatus" => Some(1_000),
        "kms:ListAliases" | "kms:ListKeys" => Some(500),
        _ => None,
    }
}

/// The responses that were already read.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    /// The keys that other resources name, by that name, without their aliases.
    named: Memo<String, Fact<Option<NamedKey>>>,
    aliases: OnceCell<Fact<Aliases>>,
}

impl Reader<'_> {
    pub(crate) fn kms_call(&self, permission: &Permission, target: String) -> Call<'_> {
        let call = Call::new(permission.action, &self.clients.paces.kms, target).absent(ABSENT);
        match calls_a_second(permission) {
            Some(calls) => {
                let rate = || Rate::new(calls, calls, SHARES);
                call.at(self.clients.rates.of(permission.action, rate))
            }
            None => call,
        }
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
