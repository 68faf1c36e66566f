//! The managed signing of a registry.

use super::Filter;

/// The managed signing of a registry: ECR signs what is pushed to the repositories that a rule covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManagedSigning {
    /// ECR has no managed signing in the Region.
    Unsupported,
    /// The rules of the signing configuration; empty if the registry has none.
    Rules(Vec<SigningRule>),
}

/// A rule of a registry's signing configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningRule {
    /// The filters for the names of the repositories to which the rule applies; empty if it applies to all.
    pub filters: Vec<String>,
}

impl ManagedSigning {
    /// Returns `true` if a rule covers a repository with this name.
    ///
    /// A filter matches the whole name, and `*` stands for any characters.
    /// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SigningRepositoryFilter.html>.
    pub fn covers(&self, repository: &str) -> bool {
        let covers = |rule: &SigningRule| {
            let mut filters = rule.filters.iter();
            rule.filters.is_empty() || filters.any(|filter| Filter::new(filter).matches(repository))
        };
        match self {
            Self::Unsupported => false,
            Self::Rules(rules) => rules.iter().any(covers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_covers_the_names_that_its_filters_match_as_a_whole() {
        for (filters, name, expected) in [
            (&[][..], "team-a/x", true),
            (&["team-a/*"], "team-a/x", true),
            (&["team-a/*"], "team-a/y/z", true),
            (&["team-a/*"], "team-ab/x", false),
            (&["*/production"], "app/production", true),
            (&["*prod*"], "a/prod/b", true),
            (&["app"], "app", true),
            (&["app"], "app/x", false),
            (&["other", "app"], "app", true),
        ] {
            let rule = SigningRule {
                filters: filters.iter().map(ToString::to_string).collect(),
            };
            let signing = ManagedSigning::Rules(vec![rule]);
            assert_eq!(signing.covers(name), expected, "{filters:?} {name}");
        }
        for none in [
            ManagedSigning::Rules(Vec::new()),
            ManagedSigning::Unsupported,
        ] {
            assert!(!none.covers("app"), "{none:?}");
        }
    }
}
