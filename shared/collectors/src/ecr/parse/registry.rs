//! Settings of the registry: the pull through cache rules, and the principals whose pulls are not recorded.

use aws_sdk_ecr::types::PullThroughCacheRule;
use eksentry_core::Arn;

/// The prefixes of the repositories that pull through cache rules cover.
#[derive(Debug, Default)]
pub(in crate::ecr) struct PullThroughRules(Vec<Box<str>>);

impl PullThroughRules {
    /// Adds rules. Returns `false` if one has no prefix.
    pub(in crate::ecr) fn add(&mut self, rules: &[PullThroughCacheRule]) -> bool {
        let prefixes = rules
            .iter()
            .map(|rule| Some(rule.ecr_repository_prefix()?.into()));
        let prefixes: Option<Vec<Box<str>>> = prefixes.collect();
        let has_prefixes = prefixes.is_some();
        self.0.extend(prefixes.into_iter().flatten());
        has_prefixes
    }

    /// Returns `true` if a rule covers a repository. A prefix covers the names that begin with it and a slash, and the
    /// prefix ROOT covers all.
    /// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html>.
    pub(in crate::ecr) fn cover(&self, repository: &str) -> bool {
        let mut prefixes = self.0.iter();
        prefixes.any(|prefix| &**prefix == "ROOT") || self.cover_by_prefix(repository)
    }

    /// Returns `true` if a rule covers a repository by a prefix of its name. ROOT also covers repositories that hold no
    /// copies.
    pub(in crate::ecr) fn cover_by_prefix(&self, repository: &str) -> bool {
        self.0.iter().any(|prefix| {
            let rest = repository.strip_prefix(prefix.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

/// Returns `true` if one of these ARNs is that of the caller's role, or of the caller itself. STS names a role without
/// its path: `arn:aws:sts::<account>:assumed-role/<role>/<session>`.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-time-update-exclusions.html>.
pub(in crate::ecr) fn excludes(excluded: &[String], caller: &str) -> bool {
    let Ok(caller_arn) = caller.parse::<Arn>() else {
        return false;
    };
    let assumed = caller_arn.resource().strip_prefix("assumed-role/");
    let role = assumed.and_then(|assumed| assumed.split('/').next());
    excluded.iter().any(|excluded| {
        let Ok(arn) = excluded.parse::<Arn>() else {
            return false;
        };
        let path = arn.resource().strip_prefix("role/");
        let name = path.and_then(|path| path.rsplit('/').next());
        let is_role = role.is_some() && name == role && arn.account() == caller_arn.account();
        excluded == caller || is_role
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_covers_the_repositories_below_its_prefix() {
        for (prefix, repository, expected) in [
            ("ecr-public", "ecr-public/nginx", [true, true]),
            ("ecr-public/", "ecr-public/nginx", [true, true]),
            ("ecr-public", "ecr-public", [false, false]),
            ("ecr-public", "ecr-public-2/nginx", [false, false]),
            ("ecr-public", "app/ecr-public/nginx", [false, false]),
            ("team/cache", "team/cache/a/b", [true, true]),
            ("ROOT", "app", [true, false]),
            ("ROOT", "team/app", [true, false]),
        ] {
            let mut rules = PullThroughRules::default();
            let rule = PullThroughCacheRule::builder().ecr_repository_prefix(prefix);
            assert!(rules.add(&[rule.build()]));
            let found = [rules.cover(repository), rules.cover_by_prefix(repository)];
            assert_eq!(found, expected, "{prefix} {repository}");
        }
        let mut rules = PullThroughRules::default();
        assert!(!rules.cover("app"));
        assert!(!rules.add(&[PullThroughCacheRule::builder().build()]));
    }

    #[test]
    fn an_exclusion_names_the_role_of_the_caller() {
        let session = "arn:aws:sts::111122223333:assumed-role/eksentry-sweep/run";
        let user = "arn:aws:iam::111122223333:user/ci";
        for (excluded, caller, expected) in [
            (
                "arn:aws:iam::111122223333:role/eksentry-sweep",
                session,
                true,
            ),
            (
                "arn:aws:iam::111122223333:role/a/b/eksentry-sweep",
                session,
                true,
            ),
            ("arn:aws:iam::111122223333:role/eksentry", session, false),
            ("arn:aws:iam::111122223333:role/run", session, false),
            (
                "arn:aws:iam::444455556666:role/eksentry-sweep",
                session,
                false,
            ),
            (
                "arn:aws:iam::111122223333:user/eksentry-sweep",
                session,
                false,
            ),
            (user, user, true),
            (user, session, false),
            ("eksentry-sweep", session, false),
            (user, "ci", false),
        ] {
            let excludes = excludes(&[excluded.to_owned()], caller);
            assert_eq!(excludes, expected, "{excluded} {caller}");
        }
        assert!(!excludes(&[], session));
    }
}
