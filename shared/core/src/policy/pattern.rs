//! Wildcards in actions, resources and values: `*` is any text, `?` is one character.

use wildmatch::WildMatch;

/// Returns `true` if the text has a wildcard.
pub(super) fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Returns `true` if the action is one of the pattern. Names of actions are not case-sensitive.
pub(super) fn action_matches(pattern: &str, action: &str) -> bool {
    if has_wildcard(pattern) {
        WildMatch::new_case_insensitive(pattern).matches(action)
    } else {
        pattern.eq_ignore_ascii_case(action)
    }
}

/// Returns `true` if the pattern matches every action. A pattern that two actions fit which have nothing in common is
/// one that all fit: no letter can be in it.
pub(super) fn is_every_action(pattern: &str) -> bool {
    ["zz:zzz", "qqq-qq:qqqqqqq"]
        .iter()
        .all(|action| action_matches(pattern, action))
}

/// Returns `true` if the pattern matches every resource of the partition that it names, or else of any.
pub(super) fn is_every_resource(pattern: &str) -> bool {
    let named = pattern.split(':').nth(1);
    let partition = named.filter(|name| !has_wildcard(name)).unwrap_or("aws");
    ["zz:::zz", "qqq-qq:us-east-1:111122223333:qqq/qq"]
        .iter()
        .all(|rest| WildMatch::new(pattern).matches(&format!("arn:{partition}:{rest}")))
}
