//! Facts about keys.

use arbitrary::{Result, Unstructured};
use eksentry_core::facts::{
    KmsKey,
    key::{Deletion, KeyState, LastUse, NamedKey, Rotation},
};

use eksentry_core::policy::KMS;

use super::super::texts::{maybe, text, texts};
use super::cluster::{age, list};
use super::{fact, maybe_moment, policies, unread};

pub(super) fn key(bytes: &mut Unstructured<'_>) -> Result<KmsKey> {
    let own = |usual: &str, bytes: &mut Unstructured<'_>| {
        Ok(if bytes.ratio(4, 5)? {
            Some(usual.to_owned())
        } else {
            maybe(bytes)?
        })
    };
    let rotation = match bytes.int_in_range(0..=2)? {
        0 => Rotation::Off,
        1 => Rotation::Unsupported,
        _ => Rotation::Every {
            days: bytes.arbitrary()?,
        },
    };
    Ok(KmsKey {
        id: text(bytes)?,
        account: maybe(bytes)?,
        customer_managed: bytes.ratio(4, 5)?,
        spec: own("SYMMETRIC_DEFAULT", bytes)?,
        usage: own("ENCRYPT_DECRYPT", bytes)?,
        origin: own("AWS_KMS", bytes)?,
        state: key_state(bytes)?,
        replica: bytes.ratio(1, 5)?,
        description: maybe(bytes)?,
        created_at: maybe_moment(bytes)?,
        rotation: fact(rotation, bytes)?,
        policy: fact(policies::attached(&KMS, bytes)?, bytes)?,
        organization: policies::organization(bytes)?,
        deletion: if bytes.arbitrary()? {
            Some(deletion(bytes)?)
        } else {
            None
        },
    })
}

fn deletion(bytes: &mut Unstructured<'_>) -> Result<Deletion> {
    let age = age(bytes)?;
    let last_use = match (age, bytes.arbitrary()?) {
        (Some(age), true) => Ok(LastUse::On(age)),
        (Some(tracking), false) => Ok(LastUse::NoneSince {
            tracking,
            since_creation: bytes.arbitrary()?,
        }),
        (None, _) => Err(unread(bytes)?),
    };
    Ok(Deletion {
        at: maybe_moment(bytes)?,
        waiting_days: bytes.arbitrary()?,
        last_use,
        clusters: list(texts(bytes, 120)?, bytes)?,
        repositories: list(texts(bytes, 120)?, bytes)?,
    })
}

/// Returns a key that another resource names.
pub(super) fn named_key(bytes: &mut Unstructured<'_>) -> Result<NamedKey> {
    let aliases = texts(bytes, 60)?;
    Ok(NamedKey {
        arn: text(bytes)?,
        state: key_state(bytes)?,
        aws_managed: bytes.ratio(1, 5)?,
        aliases: fact(aliases, bytes)?,
    })
}

fn key_state(bytes: &mut Unstructured<'_>) -> Result<KeyState> {
    let names = ["Enabled".to_owned(), "Updating".to_owned(), text(bytes)?];
    let name = bytes.choose(&names)?;
    Ok(KeyState::read(Some(name)))
}
