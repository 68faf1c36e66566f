//! The checks' parameters and switches, from the environment and from documents in the Parameter Store.

use eksentry_aws::Aws;

use crate::documents::{Document, Part, Problem, Reading, Source};
use crate::error::{Error, ErrorKind};
use crate::selection::Selection;

/// The documents of parameters, as a process keeps them.
#[derive(Debug)]
pub(crate) struct Parameters {
    paths: String,
    document: Option<Document<Selection>>,
}

/// The parameters and switches of an invocation.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) selection: Selection,
    /// The reason why they are those that were last read, if the documents cannot be read now.
    pub(crate) outdated: Option<Error>,
}

impl Parameters {
    /// Creates the documents below these paths.
    pub(crate) fn new(aws: &Aws, paths: &[String]) -> Self {
        let source = || Source::Paths(paths.to_vec());
        Self {
            paths: paths.join(", "),
            document: (!paths.is_empty()).then(|| Document::new(aws, source(), parse)),
        }
    }

    /// Returns the parameters and switches of the environment, completed by those of the documents: as they are now or,
    /// unless `afresh` is `true`, as they were some minutes ago.
    ///
    /// # Errors
    ///
    /// Returns an error if the documents cannot be read and were not read before. The checks' own defaults would lead
    /// to other verdicts.
    pub(crate) async fn now(
        &self,
        environment: &Selection,
        afresh: bool,
    ) -> Result<Current, Error> {
        let Some(document) = &self.document else {
            return Ok(Current {
                selection: environment.clone(),
                outdated: None,
            });
        };
        let current = self.choose(environment, document.now(afresh).await);
        if let Ok(Current {
            outdated: Some(error),
            ..
        }) = &current
        {
            tracing::error!(errorType = error.kind.name(), "{error}");
        }
        current
    }

    fn choose(
        &self,
        environment: &Selection,
        reading: Reading<Selection>,
    ) -> Result<Current, Error> {
        let paths = &self.paths;
        let (last, outdated) = match reading {
            Reading::Current(document) => (document, None),
            Reading::Outdated { last, age, problem } => {
                let told = format!(
                    "the checks' parameters below {paths} are used as they were {} minutes ago, since they could not be \
                     read",
                    age.as_secs() / 60
                );
                (last, Some(error(&problem, &told)))
            }
            Reading::Unknown(problem) => {
                let told = format!(
                    "the checks' parameters below {paths} could not be read, so nothing was judged"
                );
                return Err(error(&problem, &told));
            }
        };
        Ok(Current {
            selection: environment.clone().or(&last),
            outdated,
        })
    }
}

/// Parses the parts of documents.
fn parse(parts: &[Part]) -> Result<Selection, String> {
    let parts = parts.iter();
    Selection::of_documents(parts.map(|part| (part.name.as_str(), part.text.as_str())))
}

fn error(problem: &Problem, told: &str) -> Error {
    let Problem { is_lasting, text } = problem;
    if *is_lasting {
        let message = format!("{told}: {text}; docs/parameters.md says how they are written");
        Error::new(ErrorKind::InvalidSettings, message)
    } else {
        Error::new(ErrorKind::NotAvailable, format!("{told}: {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eksentry_core::checks::find;
    use std::sync::Arc;
    use std::time::Duration;

    const SCAN: &str = "ecr-image-scan-findings";

    fn parameters() -> Parameters {
        Parameters {
            paths: "/eksentry/checks".to_owned(),
            document: None,
        }
    }

    fn selection(text: &str) -> Selection {
        parse(&[Part {
            name: "/eksentry/checks/all".to_owned(),
            text: text.to_owned(),
        }])
        .unwrap()
    }

    fn values(selection: &Selection) -> Vec<String> {
        let check = find(SCAN).unwrap();
        let values = check.effective_parameters(&selection.of(check)).into_iter();
        values.map(|(_, texts)| texts.join(",")).collect()
    }

    #[test]
    fn the_environment_wins_parameter_by_parameter() {
        let document = "ecr-image-scan-findings: {severityThreshold: LOW, activeDays: 30}";
        for (environment, expected) in [
            ("{}", ["LOW", "30"]),
            ("ecr-image-scan-findings: {activeDays: 60}", ["LOW", "60"]),
            (
                "ecr-image-scan-findings: {severityThreshold: CRITICAL}",
                ["CRITICAL", "30"],
            ),
        ] {
            let read = Reading::Current(Arc::new(selection(document)));
            let current = parameters().choose(&selection(environment), read).unwrap();
            assert_eq!(values(&current.selection), expected, "{environment}");
            assert_eq!(current.outdated, None);
        }
    }

    #[test]
    fn what_was_last_read_is_kept_and_told_and_without_it_nothing_is_judged() {
        let passing = Problem {
            is_lasting: false,
            text: "throttled".to_owned(),
        };
        for (problem, kind, mention) in [
            (
                Problem::lasting("line 3"),
                ErrorKind::InvalidSettings,
                "line 3",
            ),
            (passing, ErrorKind::NotAvailable, "throttled"),
        ] {
            let read = Reading::Outdated {
                last: Arc::new(selection("ecr-image-scan-findings: {activeDays: 30}")),
                age: Duration::from_mins(7),
                problem: problem.clone(),
            };
            let current = parameters().choose(&Selection::default(), read).unwrap();
            assert_eq!(values(&current.selection), ["HIGH", "30"]);
            let outdated = current.outdated.unwrap();
            assert_eq!(outdated.kind, kind);
            assert!(outdated.message.contains(mention), "{outdated}");
            assert!(outdated.message.contains("7 minutes ago"), "{outdated}");

            let error = parameters()
                .choose(&Selection::default(), Reading::Unknown(problem))
                .unwrap_err();
            assert_eq!(error.kind, kind);
            assert!(error.message.contains(mention), "{error}");
            assert!(error.message.contains("nothing was judged"), "{error}");
        }
    }
}
