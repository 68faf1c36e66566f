//! Parts of a registry, for sweeps that are too large for one invocation.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

/// The maximum number of prefixes that a part excludes. Security Hub's GetFindings takes 20 values of one attribute,
/// one of which is the part's own prefix.
pub const MOST_WITHOUT: usize = 19;

/// The maximum length of a prefix. No repository has a longer name.
const LONGEST_PREFIX: usize = 256;

/// A part of all repository names: those that begin with `prefix` but with none of `without`. The default has neither,
/// and stands for all names.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RepositoryNames {
    /// The beginning of the names.
    pub prefix: String,
    /// The beginnings of names that are excluded. Each begins with `prefix`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

impl RepositoryNames {
    /// Returns the part with all names.
    pub fn all() -> Self {
        Self::default()
    }

    /// Returns `true` if a name is in the part. In parts that [`split`](Self::split) returned, the name of an image,
    /// `<repository>/sha256:…`, is in the same part as the name of its repository.
    pub fn contains(&self, name: &str) -> bool {
        name.starts_with(&self.prefix)
            && !self
                .without
                .iter()
                .any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// Splits all possible names into parts, such that each name is in exactly one part and each part holds at most
    /// `most` of the given names. That is not always possible: if names continue in more than [`MOST_WITHOUT`] ways
    /// after a common prefix, one part holds all names except those of the largest branches.
    ///
    /// A part depends on the number of names that begin with a prefix and not on positions in the list, so one name
    /// more or less leaves most parts unchanged. Large and small parts alternate, beginning with the largest: before a
    /// part, its findings are read from Security Hub, at a low rate, so that several small parts in succession would
    /// mostly wait for these reads.
    pub fn split(names: &[String], most: usize) -> Vec<Self> {
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let mut parts = Vec::new();
        split(String::new(), &names, most.max(1), &mut parts);
        parts.sort_unstable_by(|(size, part), (other_size, other)| {
            other_size
                .cmp(size)
                .then_with(|| part.prefix.cmp(&other.prefix))
        });
        let mut parts = parts.into_iter().map(|(_, part)| part);
        let mut alternating = Vec::with_capacity(parts.len());
        while let Some(largest) = parts.next() {
            alternating.push(largest);
            alternating.extend(parts.next_back());
        }
        alternating
    }
}

/// Splits branches off the names with this prefix, the largest first, until the rest is small enough. Branches of more
/// than half a part are always split off, so that the rest does not soon exceed the limit. Adds each part with the
/// number of names in it.
fn split(prefix: String, names: &[&str], most: usize, parts: &mut Vec<(usize, RepositoryNames)>) {
    let (mut without, mut rest) = (Vec::new(), names.len());
    if names.len() > most {
        let mut branches = branches(names);
        branches.sort_by_key(|(_, names)| Reverse(names.len()));
        for (branch, names) in branches.into_iter().take(MOST_WITHOUT) {
            if rest <= most && names.len() <= most / 2 {
                break;
            }
            rest -= names.len();
            without.push(branch.to_owned());
            split(branch.to_owned(), names, most, parts);
        }
        without.sort_unstable();
    }
    parts.push((rest, RepositoryNames { prefix, without }));
}

/// Returns the ways in which sorted names continue after their longest common prefix, each with its names. Names that
/// end there belong to none of them.
fn branches<'a, 'n>(names: &'a [&'n str]) -> Vec<(&'n str, &'a [&'n str])> {
    let (Some(first), Some(last)) = (names.first(), names.last()) else {
        return Vec::new();
    };
    let common: usize = first
        .chars()
        .zip(last.chars())
        .take_while(|(one, other)| one == other)
        .map(|(c, _)| c.len_utf8())
        .sum();
    names
        .chunk_by(|one, other| branch(one, common) == branch(other, common))
        .filter_map(|names| Some((branch(names.first()?, common)?, names)))
        .collect()
}

/// Returns the shortest prefix of the name that has more than `common` bytes and that a part may have.
fn branch(name: &str, common: usize) -> Option<&str> {
    name.char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .filter(|end| (common + 1..=LONGEST_PREFIX).contains(end))
        .map(|end| &name[..end])
        .find(|prefix| !separates_images(prefix))
}

/// Returns `true` if the prefix would separate a repository from its images: `cards` does not begin with `cards/` (or
/// `cards/s`), but `cards/sha256:…` does. Findings are requested by the prefix of an ARN, so both must be in one part.
fn separates_images(prefix: &str) -> bool {
    prefix
        .rsplit_once('/')
        .is_some_and(|(_, end)| "sha256:".starts_with(end))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn part(prefix: &str, without: &[&str]) -> RepositoryNames {
        RepositoryNames {
            prefix: prefix.into(),
            without: without.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_part_has_a_prefix_and_excludes_others() {
        for (part, name, expected) in [
            (RepositoryNames::all(), "", true),
            (RepositoryNames::all(), "cards/api", true),
            (part("cards", &[]), "cards", true),
            (part("cards", &[]), "card", false),
            (part("cards", &["cards-", "cards/a"]), "cards/b", true),
            (part("cards", &["cards-", "cards/a"]), "cards/api", false),
            (part("cards", &["cards/a"]), "cards/sha256:0a1b", true),
        ] {
            assert_eq!(part.contains(name), expected, "{part:?} {name}");
        }
    }

    #[test]
    fn names_are_split_into_parts_of_limited_size() {
        for (names, most, expected) in [
            (&[][..], 0, vec![RepositoryNames::all()]),
            (&["a", "b"], 2, vec![RepositoryNames::all()]),
            (&["b", "a", "b"], 2, vec![RepositoryNames::all()]),
            (
                &["a1", "a2", "b1"],
                2,
                vec![part("a", &[]), part("", &["a"])],
            ),
            // A long common prefix does not become a part.
            (
                &[
                    "prod/team/a1",
                    "prod/team/a2",
                    "prod/team/b1",
                    "prod/team/b2",
                ],
                2,
                vec![
                    part("prod/team/a", &[]),
                    part("", &["prod/team/a", "prod/team/b"]),
                    part("prod/team/b", &[]),
                ],
            ),
            // A branch that is too large is split again.
            (
                &["a", "bx1", "bx2", "by1", "by2"],
                2,
                vec![
                    part("bx", &[]),
                    part("b", &["bx", "by"]),
                    part("by", &[]),
                    part("", &["b"]),
                ],
            ),
            // A name that is the common prefix stays in the rest, and is not separated from its images.
            (
                &["cards", "cards/a1", "cards/a2", "cards/sa", "cards/shop"],
                2,
                vec![
                    part("", &["cards/a", "cards/sa"]),
                    part("cards/sa", &[]),
                    part("cards/a", &[]),
                ],
            ),
            // A prefix never ends within a character.
            (
                &["é1", "é2", "è1", "è2"],
                2,
                vec![part("è", &[]), part("", &["è", "é"]), part("é", &[])],
            ),
        ] {
            let parts = RepositoryNames::split(&owned(names), most);
            assert_eq!(parts, expected, "{names:?}");
        }
    }

    #[test]
    fn branches_beyond_the_maximum_stay_in_one_part() {
        let names: Vec<String> = ('a'..='z').map(String::from).collect();
        let parts = RepositoryNames::split(&names, 2);
        assert_eq!(parts.len(), 1 + MOST_WITHOUT);
        let rest = &parts[0];
        assert_eq!(
            names.iter().filter(|name| rest.contains(name)).count(),
            names.len() - MOST_WITHOUT
        );
    }

    #[test]
    fn an_empty_list_is_not_written() {
        for (part, json) in [
            (part("a", &[]), r#"{"prefix":"a"}"#),
            (part("", &["a"]), r#"{"prefix":"","without":["a"]}"#),
        ] {
            assert_eq!(serde_json::to_string(&part).unwrap(), json);
            assert_eq!(serde_json::from_str::<RepositoryNames>(json).unwrap(), part);
        }
    }

    /// Returns 2,000 names like those of a company: teams of unequal size, with services of several components.
    fn registry() -> Vec<String> {
        let name = |n: usize| {
            let team = ["cards", "core-banking", "data", "payments", "risk", "shop"][n * n % 6];
            let place = ["prod", "prod", "test"][n % 3];
            format!("{place}/{team}/service-{:03}-{}", n * 7919 % 1009, n / 17)
        };
        (0..2_000).map(name).collect()
    }

    fn changed(one: &[RepositoryNames], other: &[RepositoryNames]) -> usize {
        let (one, other): (HashSet<_>, HashSet<_>) = (one.iter().collect(), other.iter().collect());
        one.symmetric_difference(&other).count()
    }

    #[test]
    fn adding_or_removing_a_name_changes_few_parts() {
        let names = registry();
        let parts = RepositoryNames::split(&names, 40);
        assert!(parts.len() > 50, "{}", parts.len());
        for part in &parts {
            let held = names.iter().filter(|name| part.contains(name)).count();
            assert!(held <= 40, "{held} {part:?}");
        }
        for at in (0..names.len()).step_by(301) {
            let mut fewer = names.clone();
            let gone = fewer.swap_remove(at);
            let changed = changed(&parts, &RepositoryNames::split(&fewer, 40));
            assert!(changed <= 6, "{changed} without {gone}");
        }
        for name in [
            "a",
            "prod",
            "prod/cards",
            "prod/risk/x",
            "z/z",
            "test/service-001-9",
        ] {
            let mut more = names.clone();
            more.push(name.into());
            let changed = changed(&parts, &RepositoryNames::split(&more, 40));
            assert!(changed <= 6, "{changed} with {name}");
        }
    }

    /// Generates names with long common prefixes, from a small alphabet, and some that no repository can have.
    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            8 => "[ab](/?[abs]){0,6}",
            4 => "[a-c](/(s|sh|sha|sha256|[a-z0-9])){0,3}",
            1 => "[a-z0-9]{2,12}",
            1 => "a{250,260}[ab]{0,3}",
            1 => "[é-í/a]{0,4}",
        ]
    }

    proptest! {
        // Generating names takes most of the time.
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn every_name_is_in_one_part_with_its_images(
            names in prop::collection::vec(name(), 0..60),
            others in prop::collection::vec(name(), 0..20),
            most in 0_usize..40,
        ) {
            let parts = RepositoryNames::split(&names, most);
            for part in &parts {
                prop_assert!(part.without.len() <= MOST_WITHOUT);
                prop_assert!(part.without.is_sorted());
                prop_assert!(part.prefix.len() <= LONGEST_PREFIX);
                prop_assert!(part.without.iter().all(|prefix| prefix.starts_with(&part.prefix)));
            }
            for name in names.iter().chain(&others) {
                let holding: Vec<_> = parts.iter().filter(|part| part.contains(name)).collect();
                prop_assert_eq!(holding.len(), 1, "{} {:?}", name, parts);
                let image = format!("{name}/sha256:0a1b");
                prop_assert!(holding[0].contains(&image), "{} {:?}", image, parts);
            }
        }

        #[test]
        fn few_names_are_one_part(names in prop::collection::vec(name(), 0..40)) {
            let parts = RepositoryNames::split(&names, names.len());
            prop_assert_eq!(parts, [RepositoryNames::all()]);
        }

        #[test]
        fn no_part_is_too_large_if_names_have_few_branches(
            names in prop::collection::vec("[a-d]{0,8}", 0..100),
            most in 1_usize..40,
        ) {
            let distinct: HashSet<&String> = names.iter().collect();
            for part in RepositoryNames::split(&names, most) {
                let held = distinct.iter().filter(|name| part.contains(name)).count();
                prop_assert!(held <= most, "{} {:?}", held, part);
            }
        }

        #[test]
        fn order_and_repetition_do_not_matter(names in prop::collection::vec(name(), 0..40)) {
            let mut other = names.clone();
            other.reverse();
            other.extend_from_slice(&names);
            prop_assert_eq!(RepositoryNames::split(&names, 9), RepositoryNames::split(&other, 9));
        }
    }
}
