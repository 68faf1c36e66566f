//! Wildcards in actions, resources and values: `*` stands for any text, and `?` for one character.

use wildmatch::WildMatch;

/// A character that occurs in no action, ARN or pattern.
const FRESH: &str = "\u{1}";

/// Returns `true` if the text has a wildcard.
pub(super) fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Returns `true` if the text has a policy variable, `${aws:username}` for example.
pub(super) fn has_variable(text: &str) -> bool {
    text.contains("${")
}

/// Returns `true` if the pattern matches the action. Names of actions are not case-sensitive.
pub(crate) fn action_matches(pattern: &str, action: &str) -> bool {
    if has_wildcard(pattern) {
        WildMatch::new_case_insensitive(pattern).matches(action)
    } else {
        pattern.eq_ignore_ascii_case(action)
    }
}

/// Returns a text that the pattern matches. Other patterns match it only if they have wildcards in the same places, or
/// by chance.
pub(super) fn example(pattern: &str) -> String {
    pattern.replace('?', FRESH).replace('*', &FRESH.repeat(64))
}

/// Returns `true` if a pattern of ARNs certainly matches every ARN that the other pattern matches. A wildcard in one
/// part of the outer pattern counts as matching only within that part.
pub(super) fn contains_arn(outer: &str, inner: &str) -> bool {
    match (parts(outer), parts(inner)) {
        (Some(outer), Some(inner)) => outer
            .iter()
            .zip(inner)
            .all(|(outer, inner)| contains_text(outer, inner)),
        _ => matches_all(outer),
    }
}

/// Returns `true` if the pattern is `*`.
pub(super) fn matches_all(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}

/// Returns the pattern of the ARNs that both patterns may match, or `None` if there are none.
pub(super) fn overlap(pattern: &str, scope: &str) -> Option<String> {
    let pattern = without_variables(pattern);
    if contains_text(&pattern, scope) {
        return Some(scope.to_owned());
    }
    let (Some(parts), Some(scope)) = (parts(&pattern), self::parts(scope)) else {
        return has_wildcard(scope).then_some(pattern);
    };
    let common: Option<Vec<&str>> = parts
        .into_iter()
        .zip(scope)
        .map(|(part, scope)| {
            if contains_text(part, scope) {
                Some(scope)
            } else if contains_text(scope, part) || (has_wildcard(part) && has_wildcard(scope)) {
                Some(part)
            } else {
                None
            }
        })
        .collect();
    common.map(|parts| parts.join(":"))
}

/// Returns `true` if the pattern matches every action. A pattern that matches two actions with nothing in common
/// matches all actions, since it can contain no letters.
pub(super) fn is_every_action(pattern: &str) -> bool {
    ["zz:zzz", "qqq-qq:qqqqqqq"]
        .iter()
        .all(|action| action_matches(pattern, action))
}

/// Returns `true` if the pattern matches every resource of the partition that it names, or of any partition if it names
/// none.
pub(super) fn is_every_resource(pattern: &str) -> bool {
    let named = pattern.split(':').nth(1);
    let partition = named.filter(|name| !has_wildcard(name)).unwrap_or("aws");
    ["zz:::zz", "qqq-qq:us-east-1:111122223333:qqq/qq"]
        .iter()
        .all(|rest| WildMatch::new(pattern).matches(&format!("arn:{partition}:{rest}")))
}

/// Returns the six parts of an ARN or of a pattern of ARNs.
fn parts(arn: &str) -> Option<[&str; 6]> {
    arn.splitn(6, ':').collect::<Vec<_>>().try_into().ok()
}

/// Returns `true` if the outer pattern matches every text that the inner pattern matches. It does if it matches the
/// shortest such text, and one that is so long that only wildcards can match the text in place of the inner wildcards.
fn contains_text(outer: &str, inner: &str) -> bool {
    let matcher = WildMatch::new(outer);
    if !has_wildcard(inner) {
        return matcher.matches(inner);
    }
    let one = inner.replace('?', FRESH);
    [0, outer.len() + 1]
        .iter()
        .all(|length| matcher.matches(&one.replace('*', &FRESH.repeat(*length))))
}

/// Returns the pattern with a wildcard in place of each policy variable, whose value depends on the request.
fn without_variables(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, variable)) = rest.split_once("${") {
        plain.push_str(before);
        plain.push('*');
        rest = variable.split_once('}').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REGISTRY: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/*";
    const REPOSITORY: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/team/pub-x";

    #[test]
    fn a_pattern_contains_narrower_patterns() {
        for (outer, inner, contained) in [
            ("*", "*", true),
            ("*", "?", true),
            ("?*", "*", false),
            ("?", "?", true),
            ("?", "*", false),
            ("??", "*", false),
            ("ecr:*", "ecr:Put*", true),
            ("ECR:*", "ecr:PutImage", false),
            ("ecr:Put*", "ecr:*", false),
            ("ecr:PutImage", "ecr:PutImage*", false),
            ("ecr:*Image", "ecr:Put*Image", true),
            ("ecr:*Image", "ecr:Put*", false),
            ("ecr:?utImage", "ecr:PutImage", true),
            ("ecr:??????????????", "ecr:*", false),
        ] {
            let found = contains_text(outer, inner);
            assert_eq!(found, contained, "{inner} in {outer}");
        }
    }

    #[test]
    fn a_wildcard_of_a_denial_matches_within_its_part() {
        for (outer, inner, contained) in [
            ("*", REPOSITORY, true),
            ("**", "*", true),
            (REGISTRY, REPOSITORY, true),
            (REGISTRY, REGISTRY, true),
            ("arn:*:ecr:*:*:*", REGISTRY, true),
            ("arn:aws:ecr:*:repository/*", REPOSITORY, false),
            ("arn:aws:ecr:*:*:repository/team/*", REGISTRY, false),
            (REPOSITORY, REGISTRY, false),
            (REGISTRY, "*", false),
            ("arn:aws:*", REPOSITORY, false),
            ("", REPOSITORY, false),
        ] {
            let found = contains_arn(outer, inner);
            assert_eq!(found, contained, "{inner} in {outer}");
        }
    }

    #[test]
    fn overlap_returns_the_common_part_of_pattern_and_scope() {
        for (pattern, scope, common) in [
            ("*", REPOSITORY, Some(REPOSITORY)),
            ("*", REGISTRY, Some(REGISTRY)),
            (REGISTRY, REPOSITORY, Some(REPOSITORY)),
            (REPOSITORY, REGISTRY, Some(REPOSITORY)),
            (REPOSITORY, REPOSITORY, Some(REPOSITORY)),
            (
                "arn:aws:ecr:*:*:repository/team/*",
                REGISTRY,
                Some("arn:aws:ecr:eu-central-1:111122223333:repository/team/*"),
            ),
            ("arn:aws:ecr:*:*:repository/pub-*", REPOSITORY, None),
            (
                "arn:aws:ecr:us-east-1:111122223333:repository/*",
                REGISTRY,
                None,
            ),
            ("arn:aws:ecr:*:444455556666:repository/*", REPOSITORY, None),
            (
                "arn:aws:ecr:*:repository/team/pub-?",
                REPOSITORY,
                Some(REPOSITORY),
            ),
            (
                "arn:aws:ecr:*:${aws:PrincipalAccount}:repository/${aws:username}*",
                REPOSITORY,
                Some(REPOSITORY),
            ),
            ("arn:aws:ecr:*:*:${a", REPOSITORY, Some(REPOSITORY)),
            ("${aws:username}", REPOSITORY, Some(REPOSITORY)),
            ("repository/*", REPOSITORY, None),
            ("", REPOSITORY, None),
            (
                "arn:aws:ecr:*:*:*/pub-x",
                REGISTRY,
                Some("arn:aws:ecr:eu-central-1:111122223333:*/pub-x"),
            ),
        ] {
            assert_eq!(overlap(pattern, scope).as_deref(), common, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_every_text_that_a_contained_pattern_matches(
            outer in "[ab*?]{0,6}",
            inner in "[ab*?]{0,6}",
            text in "[ab]{0,6}",
        ) {
            if contains_text(&outer, &inner) && WildMatch::new(&inner).matches(&text) {
                prop_assert!(WildMatch::new(&outer).matches(&text));
            }
        }

        #[test]
        fn an_overlap_has_every_arn_that_both_match(
            pattern in "[ab*]{0,2}(:[ab*]{0,2}){5}",
            scope in "[ab*]{0,2}(:[ab*]{0,2}){5}",
            arn in "[ab]{0,2}(:[ab]{0,2}){5}",
        ) {
            if WildMatch::new(&pattern).matches(&arn) && WildMatch::new(&scope).matches(&arn) {
                let common = overlap(&pattern, &scope);
                prop_assert!(common.is_some_and(|common| WildMatch::new(&common).matches(&arn)));
            }
        }
    }
}
