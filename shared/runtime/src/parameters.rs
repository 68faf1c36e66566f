//! The checks' parameters and switches, from the environment and from documents in the Parameter Store.

use eksentry_aws::Aws;

use crate::documents::{Document, DocumentError, ParseError, Part, Reading, Source};
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
    /// unless `reread` is `true`, as they were some minutes ago.
    ///
    /// # Errors
    ///
    /// Returns an error if the documents cannot be read and were not read before. The checks' own defaults would lead
    /// to other verdicts.
    pub(crate) async fn now(
        &self,
        environment: &Selection,
        reread: bool,
    ) -> Result<Current, Error> {
        let Some(document) = &self.document else {
            return Ok(Current {
                selection: environment.clone(),
                outdated: None,
            });
        };
        let current = self.combine(environment, document.now(reread).await);
        if let Ok(Current {
            outdated: Some(error),
            ..
        }) = &current
        {
            tracing::error!(errorType = error.kind.name(), "{error}");
        }
        current
    }

    fn combine(
        &self,
        environment: &Selection,
        reading: Reading<Selection>,
    ) -> Result<Current, Error> {
        let paths = &self.paths;
        let (last, outdated) = match reading {
            Reading::Current(document) => (document, None),
            Reading::Outdated { last, age, error } => {
                let result = format!(
                    "they are used as they were {} minutes ago",
                    age.as_secs() / 60
                );
                (last, Some(unread(paths, &result, &error)))
            }
            Reading::Unknown(error) => {
                return Err(unread(paths, "nothing was evaluated", &error));
            }
        };
        Ok(Current {
            selection: environment.clone().or(&last),
            outdated,
        })
    }
}

/// Parses the parts of documents.
fn parse(parts: &[Part]) -> Result<Selection, ParseError> {
    let parts = parts.iter();
    let parts = parts.map(|part| (part.name.as_str(), part.text.as_str()));
    Ok(Selection::of_documents(parts)?)
}

/// Returns the error of parameters that could not be read, with the result of that.
fn unread(paths: &str, result: &str, error: &DocumentError) -> Error {
    let message =
        format!("couldn't read the checks' parameters below {paths}, so {result}: {error}");
    if error.is_lasting() {
        let message = format!("{message}; see docs/parameters.md for the form of the parameters");
        Error::new(ErrorKind::InvalidSettings, message)
    } else {
        Error::new(ErrorKind::NotAvailable, message)
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
    fn each_parameter_of_the_environment_takes_precedence() {
        let document = "ecr-image-scan-findings: {severityThreshold: LOW, activeDays: 30}";
        for (environment, expected) in [
            ("{}", ["LOW", "30", "false"]),
            (
                "ecr-image-scan-findings: {activeDays: 60}",
                ["LOW", "60", "false"],
            ),
            (
                "ecr-image-scan-findings: {severityThreshold: CRITICAL}",
                ["CRITICAL", "30", "false"],
            ),
        ] {
            let read = Reading::Current(Arc::new(selection(document)));
            let current = parameters().combine(&selection(environment), read).unwrap();
            assert_eq!(values(&current.selection), expected, "{environment}");
            assert_eq!(current.outdated, None);
        }
    }

    #[test]
    fn outdated_parameters_are_used_with_an_error_and_unknown_ones_are_an_error() {
        for (is_lasting, kind) in [
            (true, ErrorKind::InvalidSettings),
            (false, ErrorKind::NotAvailable),
        ] {
            let error = || DocumentError::Call {
                action: "ssm:GetParametersByPath",
                problem: "not this time".to_owned(),
                is_lasting,
            };
            let read = Reading::Outdated {
                last: Arc::new(selection("ecr-image-scan-findings: {activeDays: 30}")),
                age: Duration::from_mins(7),
                error: error(),
            };
            let current = parameters().combine(&Selection::default(), read).unwrap();
            assert_eq!(values(&current.selection), ["HIGH", "30", "false"]);
            let outdated = current.outdated.unwrap();
            assert_eq!(outdated.kind, kind);
            assert!(outdated.message.contains("not this time"), "{outdated}");
            assert!(outdated.message.contains("7 minutes ago"), "{outdated}");

            let error = parameters()
                .combine(&Selection::default(), Reading::Unknown(error()))
                .unwrap_err();
            assert_eq!(error.kind, kind);
            assert!(error.message.contains("not this time"), "{error}");
            assert!(error.message.contains("nothing was evaluated"), "{error}");
        }
    }
}
