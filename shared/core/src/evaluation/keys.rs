//! The KMS keys that a parameter allows.

use crate::facts::Fact;
use crate::facts::key::NamedKey;
use crate::parameters::KeyArns;

/// Returns `true` if the parameter allows a key that a resource names. A parameter without a value allows all keys.
/// Aliases are resolved, those in the parameter and the one by which the resource names the key.
///
/// # Errors
///
/// Returns the reason if it is not known which key an alias names.
pub(crate) fn is_allowed(
    named: &str,
    key: &Fact<Option<NamedKey>>,
    allowed: &KeyArns,
) -> Fact<bool> {
    let known = key.as_ref().ok().and_then(Option::as_ref);
    let arn = known.map_or(named, |key| &key.arn);
    if allowed.allows_all() || allowed.contain(arn) || allowed.contain(named) {
        return Ok(true);
    }
    let mut aliases = allowed.aliases_beside(arn).peekable();
    match key {
        Err(unread) if named.contains(":alias/") => Err(unread.clone()),
        _ if aliases.peek().is_none() => Ok(false),
        Err(unread) => Err(unread.clone()),
        Ok(None) => Ok(false),
        Ok(Some(key)) => {
            let of_key = key.aliases.as_ref().map_err(Clone::clone)?;
            Ok(aliases.any(|alias| of_key.iter().any(|one| one == alias)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{KEY_ARN, named_key, unread};
    use crate::facts::key::KeyState;
    use crate::parameters::ParameterValue;

    const ALIAS: &str = "arn:aws:kms:eu-central-1:111122223333:alias/images";
    const OTHER_ALIAS: &str = "arn:aws:kms:eu-central-1:111122223333:alias/other";
    const ALIAS_ELSEWHERE: &str = "arn:aws:kms:eu-central-1:444455556666:alias/images";

    #[expect(clippy::unnecessary_wraps, reason = "facts in tables may be unread")]
    fn with_aliases(aliases: Fact<Vec<String>>) -> Fact<Option<NamedKey>> {
        Ok(Some(NamedKey {
            aliases,
            ..named_key(KeyState::Enabled)
        }))
    }

    #[test]
    fn a_key_is_allowed_by_its_arn_or_an_alias() {
        let images = || with_aliases(Ok(vec![ALIAS.into()]));
        for (named, key, allowed, expected) in [
            (KEY_ARN, images(), &[][..], Some(true)),
            (KEY_ARN, images(), &[KEY_ARN], Some(true)),
            (KEY_ARN, images(), &["arn:other"], Some(false)),
            (KEY_ARN, images(), &[OTHER_ALIAS, ALIAS], Some(true)),
            (KEY_ARN, images(), &[OTHER_ALIAS], Some(false)),
            (ALIAS, images(), &[KEY_ARN], Some(true)),
            (ALIAS, images(), &[ALIAS], Some(true)),
            (ALIAS, Err(unread()), &[ALIAS], Some(true)),
            (ALIAS, Err(unread()), &[KEY_ARN], None),
            (KEY_ARN, Err(unread()), &[KEY_ARN], Some(true)),
            (KEY_ARN, Err(unread()), &["arn:other"], Some(false)),
            (KEY_ARN, Err(unread()), &[ALIAS], None),
            // An alias names a key of the same account and Region.
            (KEY_ARN, Err(unread()), &[ALIAS_ELSEWHERE], Some(false)),
            (KEY_ARN, with_aliases(Err(unread())), &[ALIAS], None),
            (
                KEY_ARN,
                with_aliases(Err(unread())),
                &[ALIAS_ELSEWHERE],
                Some(false),
            ),
            (
                KEY_ARN,
                with_aliases(Err(unread())),
                &[ALIAS, KEY_ARN],
                Some(true),
            ),
            (KEY_ARN, Ok(None), &[ALIAS], Some(false)),
        ] {
            let texts: Vec<String> = allowed.iter().map(|text| (*text).to_owned()).collect();
            let found = is_allowed(named, &key, &KeyArns::read(&texts).unwrap());
            assert_eq!(found.ok(), expected, "{named} {key:?} {allowed:?}");
        }
    }
}
