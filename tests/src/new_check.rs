//! A new check: its file, and its lines in the registry. Except for [`NewCheck::write`], the functions only return
//! texts.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use eksentry_core::{
    ResourceKind, checks::CHECKS, kind::Family, kinds::KINDS, resource::LONGEST_CHECK_ID, service,
};
use thiserror::Error;

use crate::derived::BLESS;

/// The file that registers each check, relative to the repository's root.
pub const REGISTRY: &str = "shared/core/src/checks.rs";

/// The template of a check's file, which evaluates nothing yet.
const TEMPLATE: &str = include_str!("new_check/template.txt");

/// The text before and after the number of checks in the registry.
const LENGTH: (&str, &str) = ("pub static CHECKS: [&Check; ", "] = [");

/// A check to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCheck {
    id: String,
    kind: &'static ResourceKind,
}

/// An error that prevents a check from being created.
#[derive(Debug, Error)]
pub enum NewCheckError {
    /// An id that is not in kebab-case.
    #[error(
        "{0:?} is not a valid id of a check; use two or more words of lower-case letters and digits, joined by hyphens, \
         that begin with the service, for example {example}",
        example = example()
    )]
    NotKebabCase(String),
    /// An id that is too long.
    #[error("the id {id:?} has {} characters; the maximum is {most}", id.len(), most = LONGEST_CHECK_ID)]
    TooLong {
        /// The id.
        id: String,
    },
    /// An id that an existing check has.
    #[error("the check {0:?} exists already; the checks are {known}", known = CHECKS.map(|check| check.id).join(", "))]
    Exists(String),
    /// A noun that no kind of resource has.
    #[error("there is no kind of resource {0:?}; the kinds are {known}", known = nouns().join(", "))]
    UnknownKind(String),
    /// A registry that does not have the expected form.
    #[error("{registry} doesn't contain {0}", registry = REGISTRY)]
    Registry(&'static str),
    /// A file that can't be read or written.
    #[error("{} can't be {verb}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operation that failed.
        verb: &'static str,
        /// The cause.
        source: io::Error,
    },
}

/// Returns the kinds of AWS resource. Checks of the contents of clusters have another form.
fn kinds() -> impl Iterator<Item = &'static ResourceKind> {
    let kinds = KINDS.into_iter();
    kinds.filter(|kind| kind.family != Family::Kubernetes)
}

/// Returns the nouns of all kinds of AWS resource.
pub fn nouns() -> Vec<&'static str> {
    kinds().map(|kind| kind.noun).collect()
}

fn example() -> &'static str {
    CHECKS.first().map_or("", |check| check.id)
}

impl NewCheck {
    /// Creates a check with that id, for the kind of resource with that noun.
    ///
    /// # Errors
    ///
    /// Returns an error if the id is not allowed, another check has it, or there is no such kind.
    pub fn new(id: &str, noun: &str) -> Result<Self, NewCheckError> {
        if !is_kebab_case(id) {
            return Err(NewCheckError::NotKebabCase(id.to_owned()));
        }
        if id.len() > LONGEST_CHECK_ID {
            return Err(NewCheckError::TooLong { id: id.to_owned() });
        }
        if CHECKS.iter().any(|check| check.id == id) {
            return Err(NewCheckError::Exists(id.to_owned()));
        }
        let kind = kinds().find(|kind| kind.noun == noun);
        let kind = kind.ok_or_else(|| NewCheckError::UnknownKind(noun.to_owned()))?;
        Ok(Self {
            id: id.to_owned(),
            kind,
        })
    }

    /// Returns the path of the check's file, relative to the repository's root.
    pub fn path(&self) -> PathBuf {
        format!("shared/core/src/checks/{}.rs", module(&self.id)).into()
    }

    /// Returns the text of the check's file. It compiles, but the tests of the registry fail until all blanks are
    /// filled in.
    pub fn source(&self) -> String {
        TEMPLATE
            .replace("<id>", &self.id)
            .replace("<noun>", &self.kind.noun.replace(' ', "_"))
            .replace("<Facts>", self.kind.name)
    }

    /// Returns the registry with the lines of the check.
    ///
    /// # Errors
    ///
    /// Returns an error if the registry is not a list of modules and a list of checks that is preceded by their number.
    pub fn register(&self, registry: &str) -> Result<String, NewCheckError> {
        let module = module(&self.id);
        let mut lines: Vec<String> = registry.lines().map(str::to_owned).collect();
        let registered = insert(&mut lines, &self.id, ["    &", "::CHECK,"], |module| {
            module.replace('_', "-")
        });
        let registered = registered.ok_or(NewCheckError::Registry("a line `    &…::CHECK,`"))?;
        let modules = insert(&mut lines, &module, ["mod ", ";"], str::to_owned);
        modules.ok_or(NewCheckError::Registry("a line `mod …;`"))?;

        let (before, after) = LENGTH;
        let length = format!("{before}{registered}{after}");
        let line = lines.iter_mut().find(|line| **line == length);
        let line = line.ok_or(NewCheckError::Registry(
            "`pub static CHECKS: [&Check; …] = [` with the number of checks",
        ))?;
        *line = format!("{before}{}{after}", registered + 1);
        Ok(lines.join("\n") + "\n")
    }

    /// Writes the file of the check and registers it, in the repository with that root.
    ///
    /// # Errors
    ///
    /// Returns an error, and writes nothing, if the file exists already or the registry does not have the expected
    /// form.
    pub fn write(&self, root: &Path) -> Result<(), NewCheckError> {
        let failed = |path: &Path, verb| {
            let path = path.to_owned();
            move |source| NewCheckError::File { path, verb, source }
        };
        let registry = root.join(REGISTRY);
        let registered = fs::read_to_string(&registry).map_err(failed(&registry, "read"))?;
        let registered = self.register(&registered)?;
        let path = root.join(self.path());
        File::create_new(&path)
            .and_then(|mut file| file.write_all(self.source().as_bytes()))
            .map_err(failed(&path, "created"))?;
        fs::write(&registry, registered).map_err(failed(&registry, "written"))
    }

    /// Returns the steps that remain to be done by hand.
    pub fn steps(&self) -> Vec<String> {
        let (path, noun) = (self.path(), self.kind.noun);
        let path = path.display();
        let mut steps = vec![
            format!(
                "Complete {path}: the comments at its beginning, the metadata, `evaluate`, and the table of its test. \
                 `cargo test -p eksentry-core --lib` shows what is missing."
            ),
            "Add its reason codes to shared/core/src/reason_code.rs, each with a sentence.".to_owned(),
            "If the check needs a new fact, add it to the facts of the kind, to the sample in \
             shared/core/src/checks/samples.rs, and to the collector that reads it."
                .to_owned(),
            format!(
                "Add resources to tests/demo/account.yaml: one {noun} that passes and one that fails."
            ),
            "If published controls of a standard match the check, map the check to them in shared/core/src/standards."
                .to_owned(),
            format!("Run `cargo fmt`, and `{BLESS}` to write its page, README.md and template.yaml."),
        ];
        if service::of(&self.id).is_none() {
            steps.push(format!(
                "The id {:?} begins with no known service: add the service to shared/core/src/service.rs.",
                self.id
            ));
        }
        steps
    }
}

fn module(id: &str) -> String {
    id.replace('-', "_")
}

/// Returns `true` if a text is in kebab-case and has at least two words.
fn is_kebab_case(text: &str) -> bool {
    let is_word = |word: &str| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        !word.is_empty() && word.chars().all(allowed)
    };
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.contains('-')
        && text.split('-').all(is_word)
}

/// Inserts a line for a new name into the lines that have `before` and `after` around a module's name. Keeps the lines
/// sorted by the text that `name` returns for the module. Returns the previous number of lines; `None` if there were
/// none.
fn insert(
    lines: &mut Vec<String>,
    new: &str,
    [before, after]: [&str; 2],
    name: impl Fn(&str) -> String,
) -> Option<usize> {
    let names = lines.iter().enumerate().filter_map(|(at, line)| {
        let module = line.strip_prefix(before)?.strip_suffix(after)?;
        Some((at, name(module)))
    });
    let names: Vec<(usize, String)> = names.collect();
    let (last, _) = names.last()?;
    let next = names.iter().find(|(_, name)| name.as_str() > new);
    let at = next.map_or(last + 1, |(at, _)| *at);
    lines.insert(at, format!("{before}{}{after}", module(new)));
    Some(names.len())
}

#[cfg(test)]
mod tests;
