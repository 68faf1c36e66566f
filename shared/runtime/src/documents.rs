//! Documents in the Systems Manager Parameter Store, and the copies of them that are kept between invocations.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssm::types::{Parameter, ParameterType};
use eksentry_aws::{Aws, Lazy, Pages, client, problem};
use futures::future::try_join_all;
use tokio::sync::Mutex;
use tokio::time::Instant;

pub(crate) const ACTIONS: &[&str] = &["ssm:GetParameter", "ssm:GetParametersByPath"];

/// The time for which a document is used before it is read again. The Parameter Store takes forty calls a second from a
/// whole account.
const GOOD_FOR: Duration = Duration::from_mins(5);

/// The most parts that a document may have below one path. A path with more is assumed to be the wrong one.
const MOST_PARTS: usize = 200;

/// The location of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The parameter of that name.
    Parameter(String),
    /// The parameters directly below these paths, each of which holds a part. A parameter holds only 4 or 8 KB, and a
    /// document may be larger.
    Paths(Vec<String>),
}

/// The text that a parameter holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The parameter's name.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The reason why the current document is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// `true` if the problem stays until somebody corrects the settings, the document or the role.
    pub(crate) is_lasting: bool,
    pub(crate) text: String,
}

impl Problem {
    /// Creates a problem that stays until somebody corrects it.
    pub(crate) fn lasting(text: impl Into<String>) -> Self {
        Self {
            is_lasting: true,
            text: text.into(),
        }
    }

    /// Creates a problem that may be gone at the next try.
    fn passing(text: impl Into<String>) -> Self {
        Self {
            is_lasting: false,
            text: text.into(),
        }
    }

    fn of_call<E>(action: &str, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let code = error.code().unwrap_or_default();
        let is_lasting = [
            "NotFound",
            "AccessDenied",
            "InvalidKeyId",
            "ValidationException",
        ]
        .iter()
        .any(|word| code.contains(word));
        Self {
            is_lasting,
            text: format!("{action} failed: {}", problem(error)),
        }
    }
}

/// The result of reading a document.
#[derive(Debug)]
pub(crate) enum Reading<T> {
    /// The document as it is now, or was some minutes ago.
    Current(Arc<T>),
    /// The document as it was last read, `age` ago, since it cannot be read now.
    Outdated {
        last: Arc<T>,
        age: Duration,
        problem: Problem,
    },
    /// No document, since this process never read it.
    Unknown(Problem),
}

/// A document, with the copy of it that a process keeps.
#[derive(Debug)]
pub(crate) struct Document<T> {
    client: Lazy<aws_sdk_ssm::Client>,
    source: Source,
    parse: fn(&[Part]) -> Result<T, String>,
    kept: Mutex<Kept<T>>,
}

impl<T> Document<T> {
    /// Creates a document that is read from `source`, and parsed by `parse`.
    pub(crate) fn new(aws: &Aws, source: Source, parse: fn(&[Part]) -> Result<T, String>) -> Self {
        Self {
            client: client!(aws_sdk_ssm, aws),
            source,
            parse,
            kept: Mutex::new(Kept { last: None }),
        }
    }

    /// Returns the document as it is now or, unless `afresh` is `true`, as it was some minutes ago. If it could not be
    /// read, the next call tries again.
    pub(crate) async fn now(&self, afresh: bool) -> Reading<T> {
        let mut kept = self.kept.lock().await;
        let good = kept.still_good(Instant::now());
        if let Some(reading) = good.filter(|_| !afresh) {
            return reading;
        }
        let parsed = self.fetch().await.and_then(|parts| {
            let parsed = (self.parse)(&parts);
            parsed.map_err(Problem::lasting)
        });
        kept.update(parsed, Instant::now())
    }

    async fn fetch(&self) -> Result<Vec<Part>, Problem> {
        match &self.source {
            Source::Parameter(name) => Ok(vec![self.parameter(name).await?]),
            Source::Paths(paths) => {
                let parts = paths.iter().map(|path| self.below(path));
                Ok(try_join_all(parts).await?.concat())
            }
        }
    }

    async fn parameter(&self, name: &str) -> Result<Part, Problem> {
        let action = "ssm:GetParameter";
        let answer = self.client.get_parameter().name(name).send().await;
        let answer = answer.map_err(|error| Problem::of_call(action, &error))?;
        let parameter = answer
            .parameter
            .unwrap_or_else(|| Parameter::builder().build());
        part(action, Some(name), parameter)
    }

    /// Returns the parameters directly below a path, sorted by name.
    async fn below(&self, path: &str) -> Result<Vec<Part>, Problem> {
        let action = "ssm:GetParametersByPath";
        let mut parts = Vec::new();
        let mut pages = Pages::default();
        let mut token = None;
        loop {
            let call = self.client.get_parameters_by_path().path(path);
            let answer = call.set_next_token(token).send().await;
            let page = answer.map_err(|error| Problem::of_call(action, &error))?;
            let Some(parameters) = page.parameters else {
                let problem = format!("{action} of {path} answered without a list");
                return Err(Problem::passing(problem));
            };
            for parameter in parameters {
                parts.push(part(action, None, parameter)?);
            }
            if parts.len() > MOST_PARTS {
                let problem = format!("there are more than {MOST_PARTS} parameters below {path}");
                return Err(Problem::lasting(problem));
            }
            pages
                .lead_to(page.next_token.as_deref())
                .map_err(|endless| Problem::passing(format!("{action} of {path}: {endless}")))?;
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
        if parts.is_empty() {
            let problem = format!("there is no parameter below {path} in this account and Region");
            return Err(Problem::lasting(problem));
        }
        parts.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(parts)
    }
}

/// Returns the part that a parameter holds. If `name` is `None`, the answer must have the name.
fn part(action: &str, name: Option<&str>, parameter: Parameter) -> Result<Part, Problem> {
    let name = name.map(str::to_owned).or(parameter.name);
    let (Some(name), Some(text)) = (name, parameter.value) else {
        return Err(Problem::passing(format!(
            "{action} answered without a value"
        )));
    };
    if parameter.r#type == Some(ParameterType::SecureString) {
        return Err(Problem::lasting(format!(
            "{name} is a SecureString, which the functions may not decrypt: its type has to be String"
        )));
    }
    Ok(Part { name, text })
}

/// The copy of a document that is kept.
#[derive(Debug)]
struct Kept<T> {
    /// The document that was last read, and the time of reading.
    last: Option<(Arc<T>, Instant)>,
}

impl<T> Kept<T> {
    /// Returns the last document, if it was read so recently that it need not be read again.
    fn still_good(&self, now: Instant) -> Option<Reading<T>> {
        let (last, at) = self.last.as_ref()?;
        let is_good = now.saturating_duration_since(*at) < GOOD_FOR;
        is_good.then(|| Reading::Current(Arc::clone(last)))
    }

    /// Takes over the document that was read now. If it could not be read, the last one is kept.
    fn update(&mut self, parsed: Result<T, Problem>, now: Instant) -> Reading<T> {
        match (parsed, &self.last) {
            (Ok(parsed), _) => {
                let parsed = Arc::new(parsed);
                self.last = Some((Arc::clone(&parsed), now));
                Reading::Current(parsed)
            }
            (Err(problem), Some((last, at))) => Reading::Outdated {
                last: Arc::clone(last),
                age: now.saturating_duration_since(*at),
                problem,
            },
            (Err(problem), None) => Reading::Unknown(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a reading as text: the document, how many minutes ago it was read, and the problem.
    fn told(reading: Reading<u8>) -> String {
        match reading {
            Reading::Current(parsed) => format!("{parsed}"),
            Reading::Outdated { last, age, problem } => {
                format!("{last}, {} min, {}", age.as_secs() / 60, problem.text)
            }
            Reading::Unknown(problem) => problem.text,
        }
    }

    #[test]
    fn what_was_read_is_good_for_a_while_and_kept_where_it_cannot_be_read_again() {
        let start = Instant::now();
        let after = |minutes: u64| start + Duration::from_mins(minutes);
        let broken = || Err(Problem::lasting("broken"));
        let mut kept = Kept { last: None };
        let good = |kept: &Kept<u8>, at| kept.still_good(at).map(told);

        assert_eq!(good(&kept, start), None);
        assert_eq!(told(kept.update(broken(), start)), "broken");
        assert_eq!(good(&kept, start), None, "it is tried again");

        assert_eq!(told(kept.update(Ok(1), start)), "1");
        assert_eq!(good(&kept, after(4)).as_deref(), Some("1"));
        assert_eq!(good(&kept, after(5)), None);
        assert_eq!(told(kept.update(broken(), after(5))), "1, 5 min, broken");
        assert_eq!(good(&kept, after(6)), None, "it is tried again");
        assert_eq!(told(kept.update(broken(), after(90))), "1, 90 min, broken");

        assert_eq!(told(kept.update(Ok(2), after(91))), "2");
        assert_eq!(good(&kept, after(95)).as_deref(), Some("2"));
    }

    #[test]
    fn a_parameter_without_a_value_or_with_a_secret_is_a_problem() {
        let whole = || Parameter::builder().name("/a/b").value("{}");
        let told = |parameter: Parameter| part("ssm:X", None, parameter);
        let expected = Part {
            name: "/a/b".to_owned(),
            text: "{}".to_owned(),
        };
        assert_eq!(told(whole().build()), Ok(expected.clone()));
        assert_eq!(
            told(whole().r#type(ParameterType::String).build()),
            Ok(expected)
        );
        for (parameter, is_lasting, mention) in [
            (whole().set_value(None).build(), false, "without a value"),
            (whole().set_name(None).build(), false, "without a value"),
            (
                whole().r#type(ParameterType::SecureString).build(),
                true,
                "/a/b is a SecureString",
            ),
        ] {
            let problem = told(parameter).unwrap_err();
            assert_eq!(problem.is_lasting, is_lasting, "{problem:?}");
            assert!(problem.text.contains(mention), "{problem:?}");
        }
    }
}
