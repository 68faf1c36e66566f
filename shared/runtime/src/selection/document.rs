//! A document of checks' parameters and switches: YAML or JSON, in one part or several.

use std::collections::{BTreeMap, BTreeSet};

use eksentry_core::checks::UnknownCheck;
use eksentry_core::parameters::{AnyParameter, ParameterError, Raw};
use eksentry_core::yaml::{self, Content, Key, Node, YamlProblem};
use eksentry_core::{Check, ParameterValues, checks};

use super::Selection;

/// The member of a document that lists checks that are switched on.
pub const ENABLED_CHECKS: &str = "enabledChecks";

/// The member of a document that lists checks that are switched off.
pub const DISABLED_CHECKS: &str = "disabledChecks";

/// The most problems of a document that are reported.
const MAX_REPORTED: usize = 5;

/// The error of a document that has problems. The text names the first of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", first(problems))]
pub struct SelectionError {
    problems: Vec<PartProblem>,
}

/// A problem, with the part and the line that have it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("in {part}, line {line}: {problem}")]
struct PartProblem {
    part: String,
    line: usize,
    #[source]
    problem: Problem,
}

/// A problem with a line of a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    /// The text is not YAML, or has something that is not supported.
    #[error(transparent)]
    Yaml(#[from] YamlProblem),
    /// The document is not a mapping.
    #[error(
        "it isn't a mapping of check ids to parameters, such as \"kms-cmk-rotation: {{maxRotationPeriodDays: 90}}\", \
         {ENABLED_CHECKS} and {DISABLED_CHECKS}"
    )]
    NoMapping,
    /// A key is not the id of a check.
    #[error(transparent)]
    Check(#[from] UnknownCheck),
    /// A list of checks is a mapping.
    #[error("{list} isn't a list of check ids")]
    NoList { list: &'static str },
    /// An item in a list of checks is not a text.
    #[error("{list} contains an item that isn't a check id")]
    NoId { list: &'static str },
    /// An item in a list of checks is not the id of a check.
    #[error("in {list}, {error}")]
    CheckInList {
        list: &'static str,
        #[source]
        error: UnknownCheck,
    },
    /// Two parts set the parameters of one check.
    #[error("{check} is already set in {part}, on line {line}")]
    SetTwice {
        check: &'static str,
        part: String,
        line: usize,
    },
    /// The parameters of a check are not a mapping.
    #[error("the value of {check} isn't a mapping of parameters to values")]
    NoParameters { check: &'static str },
    /// A check does not have a parameter.
    #[error("{check} has no parameter {name:?}; {}", has(known))]
    Parameter {
        check: &'static str,
        name: String,
        known: Vec<&'static str>,
    },
    /// The value of a parameter is not valid.
    #[error(transparent)]
    Value(#[from] ParameterError),
}

fn first(problems: &[PartProblem]) -> String {
    let texts = problems.iter().take(MAX_REPORTED).map(ToString::to_string);
    let text = texts.collect::<Vec<_>>().join("; ");
    match problems.len().saturating_sub(MAX_REPORTED) {
        0 => text,
        more => format!("{text}; and {more} more"),
    }
}

fn has(known: &[&str]) -> String {
    match known {
        [] => "it has no parameters".to_owned(),
        known => format!("it has {}", known.join(", ")),
    }
}

/// Reads the parts of a document, each with its name. Only one part may set a check's parameters.
pub(super) fn read<'a>(
    parts: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Selection, SelectionError> {
    let mut selection = Selection::default();
    let mut set = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, text) in parts {
        let mut part = Part {
            name,
            selection: &mut selection,
            set: &mut set,
            problems: Vec::new(),
        };
        part.read(text);
        let of_part = part.problems.into_iter();
        problems.extend(of_part.map(|(line, problem)| PartProblem {
            part: name.to_owned(),
            line,
            problem,
        }));
    }
    if problems.is_empty() {
        Ok(selection)
    } else {
        Err(SelectionError { problems })
    }
}

/// A part that is being read.
struct Part<'a, 's> {
    name: &'a str,
    selection: &'s mut Selection,
    /// The part and line that set each check's parameters.
    set: &'s mut BTreeMap<&'static str, (&'a str, usize)>,
    /// The problems, and the lines that have them.
    problems: Vec<(usize, Problem)>,
}

impl Part<'_, '_> {
    fn read(&mut self, text: &str) {
        let root = match yaml::read(text) {
            Ok(root) => root,
            Err(error) => return self.problems.push((error.line, error.problem.into())),
        };
        let Content::Mapping(members) = root.content else {
            return self.problems.push((root.line, Problem::NoMapping));
        };
        for (key, node) in members {
            match key.text.as_str() {
                ENABLED_CHECKS => {
                    let ids = self.ids(ENABLED_CHECKS, &node);
                    self.selection.enabled.extend(ids);
                }
                DISABLED_CHECKS => {
                    let ids = self.ids(DISABLED_CHECKS, &node);
                    self.selection.disabled.extend(ids);
                }
                id => match checks::find(id) {
                    Ok(check) => self.check(check, &key, &node),
                    Err(error) => self.problems.push((key.line, error.into())),
                },
            }
        }
    }

    /// Returns the ids of the checks in a list.
    fn ids(&mut self, list: &'static str, node: &Node) -> BTreeSet<&'static str> {
        let items = match &node.content {
            Content::List(items) => items.iter().collect(),
            Content::Plain(_) | Content::Quoted(_) => vec![node],
            Content::Mapping(_) => {
                self.problems.push((node.line, Problem::NoList { list }));
                return BTreeSet::new();
            }
        };
        let mut ids = BTreeSet::new();
        for item in items {
            let Ok(texts) = raw(item).texts() else {
                self.problems.push((item.line, Problem::NoId { list }));
                continue;
            };
            for text in texts {
                match checks::find(&text) {
                    Ok(check) => {
                        ids.insert(check.id);
                    }
                    Err(error) => {
                        let problem = Problem::CheckInList { list, error };
                        self.problems.push((item.line, problem));
                    }
                }
            }
        }
        ids
    }

    /// Reads the parameters that are set for a check.
    fn check(&mut self, check: &'static Check, key: &Key, node: &Node) {
        if let Some((part, line)) = self.set.insert(check.id, (self.name, key.line)) {
            let problem = Problem::SetTwice {
                check: check.id,
                part: part.to_owned(),
                line,
            };
            return self.problems.push((key.line, problem));
        }
        let members = match &node.content {
            Content::Mapping(members) => members.as_slice(),
            _ if node.is_null() => &[],
            Content::Plain(_) | Content::Quoted(_) | Content::List(_) => {
                let problem = Problem::NoParameters { check: check.id };
                return self.problems.push((node.line, problem));
            }
        };
        let mut settings = ParameterValues::default();
        for (name, value) in members {
            match parameter(check, name, value) {
                Ok(set) => settings = settings.or(set),
                Err(problem) => self.problems.push(problem),
            }
        }
        self.selection.parameters.insert(check.id, settings);
    }
}

/// Returns the settings from a parameter's value. A parameter that the check does not have is an error, since its value
/// would otherwise be ignored without notice.
fn parameter(check: &Check, name: &Key, value: &Node) -> Result<ParameterValues, (usize, Problem)> {
    let mut declared = check.parameters.iter().copied();
    let Some(parameter) = declared.find(|one| one.name() == name.text) else {
        return Err((name.line, unknown(check, &name.text)));
    };
    let given = BTreeMap::from([(name.text.clone(), raw(value))]);
    checks::read_parameters(check, &[parameter], &given)
        .map_err(|error| (wrong_line(parameter, value), error.into()))
}

fn unknown(check: &Check, name: &str) -> Problem {
    Problem::Parameter {
        check: check.id,
        name: name.chars().take(100).collect(),
        known: check.parameters.iter().map(|one| one.name()).collect(),
    }
}

/// Returns the line of the first item that is wrong on its own, or else of the whole value.
fn wrong_line(parameter: &dyn AnyParameter, value: &Node) -> usize {
    let Content::List(items) = &value.content else {
        return value.line;
    };
    let is_wrong = |item: &&Node| {
        let alone = Raw::List(vec![raw(item)]);
        match parameter.texts_of(&alone) {
            Ok(texts) => !texts.is_empty() && parameter.validate(&texts).is_err(),
            Err(_) => true,
        }
    };
    items
        .iter()
        .find(is_wrong)
        .map_or(value.line, |item| item.line)
}

/// Returns a node as the value of a parameter.
fn raw(node: &Node) -> Raw {
    match &node.content {
        _ if node.is_null() => Raw::Null,
        Content::Plain(text) => plain(text),
        Content::Quoted(text) => Raw::Text(text.clone()),
        Content::List(items) => Raw::List(items.iter().map(raw).collect()),
        Content::Mapping(members) => {
            let members = members.iter();
            Raw::Object(
                members
                    .map(|(key, value)| (key.text.clone(), raw(value)))
                    .collect(),
            )
        }
    }
}

/// Returns the value of a text without quotes: a number, `true`, `false`, or the text itself.
fn plain(text: &str) -> Raw {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let number = || text.parse().ok().filter(|_| is_number);
    let decimal = || text.parse().ok().filter(|_| is_number);
    match text {
        "true" => Raw::Flag(true),
        "false" => Raw::Flag(false),
        _ => number()
            .map(Raw::Number)
            .or_else(|| decimal().map(Raw::Decimal))
            .unwrap_or_else(|| Raw::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Selection, SelectionError> {
        read([("/eksentry/checks/all", text)])
    }

    /// Returns the parameters of a check, with their effective values.
    fn values(selection: &Selection, id: &str) -> Vec<String> {
        let check = checks::find(id).unwrap();
        let values = check.effective_parameters(&selection.of(check)).into_iter();
        values
            .map(|(name, texts)| format!("{name}={}", texts.join(",")))
            .collect()
    }

    #[test]
    fn yaml_and_json_give_the_same_selection() {
        for text in [
            "enabledChecks: [ecr-scan-on-push]
disabledChecks: ecr-immutable-tags, ecr-scan-on-push
kms-cmk-rotation:
  maxRotationPeriodDays: 90
eks-endpoint-private:
  allowedPublicCidrs:
    - 203.0.113.0/24 # the office
    - '2001:db8::/32'
eks-control-plane-logging: # all of the defaults
",
            r#"{"enabledChecks": "ecr-scan-on-push", "disabledChecks": ["ecr-immutable-tags", "ecr-scan-on-push"],
                "kms-cmk-rotation": {"maxRotationPeriodDays": "90"},
                "eks-endpoint-private": {"allowedPublicCidrs": "203.0.113.0/24,2001:db8::/32"},
                "eks-control-plane-logging": null}"#,
            "{kms-cmk-rotation: {maxRotationPeriodDays: 90.0}, disabledChecks: [ecr-immutable-tags, ecr-scan-on-push],
              eks-endpoint-private: {allowedPublicCidrs: [203.0.113.0/24, '2001:db8::/32']}, enabledChecks: [ecr-scan-on-push]}",
        ] {
            let selection = of(text).unwrap();
            assert_eq!(
                values(&selection, "kms-cmk-rotation"),
                ["maxRotationPeriodDays=90"],
                "{text}"
            );
            assert_eq!(
                values(&selection, "eks-endpoint-private"),
                ["allowedPublicCidrs=203.0.113.0/24,2001:db8::/32"],
                "{text}"
            );
            assert_eq!(
                Vec::from_iter(&selection.disabled),
                [&"ecr-immutable-tags", &"ecr-scan-on-push"]
            );
            assert_eq!(Vec::from_iter(&selection.enabled), [&"ecr-scan-on-push"]);
        }
    }

    #[test]
    fn a_document_may_set_nothing_but_must_not_be_empty() {
        for text in [
            "{}",
            "kms-cmk-rotation: {}",
            "enabledChecks: []\ndisabledChecks: ''",
        ] {
            let selection = of(text).unwrap();
            assert!(
                selection.enabled.is_empty() && selection.disabled.is_empty(),
                "{text}"
            );
            assert_eq!(
                values(&selection, "kms-cmk-rotation"),
                ["maxRotationPeriodDays=365"]
            );
        }
        assert!(of("# kms-cmk-rotation: {}\n").is_err());
    }

    #[test]
    fn problems_are_reported_with_the_line_the_check_and_the_allowed_values() {
        for (text, line, mentions) in [
            (
                "\nkms-rotation:\n  days: 1\n",
                2,
                &["\"kms-rotation\"", "kms-cmk-rotation"][..],
            ),
            (
                "kms-cmk-rotation:\n  maxDays: 90\n",
                2,
                &[
                    "kms-cmk-rotation has no parameter \"maxDays\"",
                    "maxRotationPeriodDays",
                ],
            ),
            (
                "ecr-scan-on-push:\n  onPush: true",
                2,
                &[
                    "ecr-scan-on-push has no parameter \"onPush\"",
                    "it has no parameters",
                ],
            ),
            (
                "kms-cmk-rotation:\n  maxRotationPeriodDays:\n    soon",
                3,
                &["maxRotationPeriodDays", "kms-cmk-rotation", "\"soon\""],
            ),
            (
                "ecr-image-scan-findings: {\n  activeDays: 1,\n  severityThreshold: SEVERE }",
                3,
                &["severityThreshold", "\"SEVERE\"", "CRITICAL"],
            ),
            (
                "eks-endpoint-private:\n  allowedPublicCidrs:\n    - 10.0.0.0/8\n    - 10.0.0.0/33\n",
                4,
                &["eks-endpoint-private", "10.0.0.0/33", "CIDR"],
            ),
            (
                "k8s-pod-privileged:\n  exceptions: 'k8s-pod-host-path:shop/Deployment/web=Why'\n",
                2,
                &[
                    "the parameter exceptions of k8s-pod-privileged",
                    "move it to the parameters of k8s-pod-host-path or k8s-api-readable",
                ],
            ),
            (
                "eks-endpoint-private:\n  allowedPublicCidrs:\n    office: 10.0.0.0/8\n",
                3,
                &["allowedPublicCidrs", "eks-endpoint-private"],
            ),
            (
                "kms-cmk-rotation: 90",
                1,
                &["the value of kms-cmk-rotation isn't a mapping"],
            ),
            ("- kms-cmk-rotation", 1, &["isn't a mapping of check ids"]),
            ("kms-cmk-rotation", 1, &["isn't a mapping of check ids"]),
            (
                "disabledChecks:\n  - kms-cmk-rotation\n  - kms",
                3,
                &["in disabledChecks, \"kms\"", "kms-cmk-rotation"],
            ),
            (
                "enabledChecks:\n  kms: true",
                2,
                &["enabledChecks isn't a list"],
            ),
            (
                "enabledChecks:\n  - kms-cmk-rotation: true",
                2,
                &["enabledChecks contains an item that isn't a check id"],
            ),
            (
                "kms-cmk-rotation: {}\nkms-cmk-rotation: {}",
                2,
                &["\"kms-cmk-rotation\" already appears", "on line 1"],
            ),
            ("kms-cmk-rotation: {", 1, &["it isn't valid YAML"]),
        ] {
            let error = of(text).unwrap_err().to_string();
            let place = format!("in /eksentry/checks/all, line {line}: ");
            assert!(error.starts_with(&place), "{text}: {error}");
            for mention in mentions {
                assert!(error.contains(mention), "{mention}: {error}");
            }
        }
    }

    #[test]
    fn the_first_five_problems_are_reported() {
        let two = of("a: {}\nkms-cmk-rotation: {maxRotationPeriodDays: soon}\n").unwrap_err();
        let two = two.to_string();
        assert!(two.contains("line 1: \"a\""), "{two}");
        assert!(two.contains("; in /eksentry/checks/all, line 2: "), "{two}");
        let many: String = (0..12).map(|n| format!("check-{n}: {{}}\n")).collect();
        let many = of(&many).unwrap_err().to_string();
        assert!(many.contains("\"check-4\"") && !many.contains("\"check-5\""));
        assert!(many.ends_with("; and 7 more"), "{many}");
    }

    #[test]
    fn parts_are_combined_but_must_not_set_the_same_check() {
        let clusters = "disabledChecks: [eks-endpoint-private]\neks-control-plane-logging: {requiredLogTypes: [api]}";
        let keys =
            "disabledChecks: [ecr-scan-on-push]\nkms-cmk-rotation: {maxRotationPeriodDays: 90}";
        let both = read([("/c/clusters", clusters), ("/c/keys", keys)]).unwrap();
        assert_eq!(
            Vec::from_iter(&both.disabled),
            [&"ecr-scan-on-push", &"eks-endpoint-private"]
        );
        assert_eq!(
            values(&both, "kms-cmk-rotation"),
            ["maxRotationPeriodDays=90"]
        );
        assert_eq!(
            values(&both, "eks-control-plane-logging"),
            ["requiredLogTypes=api"]
        );
        let error = read([("/c/keys", keys), ("/c/more", keys)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "in /c/more, line 2: kms-cmk-rotation is already set in /c/keys, on line 2"
        );
    }
}
