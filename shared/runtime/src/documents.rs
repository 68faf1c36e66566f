//! Documents in the Systems Manager Parameter Store, and the copies of them that are kept between invocations.

mod response;

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use eksentry_aws::{
    Aws, IncompleteList, JsonClient, JsonRequest, Lazy, Pages, Service, ServiceResult, problem,
};
use futures::future::try_join_all;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;

use self::response::{Parameter, ParameterPage, ParameterResponse, SECURE_STRING};

/// AWS Systems Manager.
const SERVICE: Service = Service {
    name: "ssm",
    id: "SSM",
};

/// The name of the service in its interface.
const TARGET: &str = "AmazonSSM";

pub(crate) const ACTIONS: &[&str] = &["ssm:GetParameter", "ssm:GetParametersByPath"];

/// The time for which a document is used before it is read again. The Parameter Store takes forty calls a second from a
/// whole account.
const MAX_AGE: Duration = Duration::from_mins(5);

/// The most parts that a document may have below one path. A path with more is assumed to be the wrong one.
const MAX_PARTS: usize = 200;

/// The location of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A part that was read from a file.
    File(Part),
    /// The parameter of that name.
    Parameter(String),
    /// The parameters directly below these paths, each of which holds a part. A parameter holds only 4 or 8 KB, and a
    /// document may be larger.
    Paths(Vec<String>),
}

/// The text that a parameter or a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The parameter's name, or the file's path.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The error of the function that parses a document.
pub(crate) type ParseError = Box<dyn Error + Send + Sync>;

/// The reason why the current document is not known. A failed call has no source: the SDK's error may contain a
/// response with credentials, and [`problem`] returns its text without them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    /// A call failed.
    #[error("{action} failed: {problem}")]
    Call {
        action: &'static str,
        problem: String,
        is_lasting: bool,
    },
    /// A page has no list.
    #[error("{action} for {path} returned no list of parameters")]
    NoList { action: &'static str, path: String },
    /// The pages of a list do not end.
    #[error("{action} for {path} failed: {incomplete}")]
    Pages {
        action: &'static str,
        path: String,
        #[source]
        incomplete: IncompleteList,
    },
    /// A parameter in a response has no name or no value.
    #[error("{action} returned a parameter without a name or without a value")]
    NoValue { action: &'static str },
    /// There are too many parameters below a path.
    #[error("there are more than {MAX_PARTS} parameters below {path}")]
    TooManyParts { path: String },
    /// There are no parameters below a path.
    #[error("there is no parameter below {path} in this account and Region")]
    NoParts { path: String },
    /// A parameter is encrypted.
    #[error(
        "{name} is a SecureString, which the functions aren't allowed to decrypt: change its type to String"
    )]
    SecureString { name: String },
    /// The text of the document is not valid.
    #[error("{0}")]
    Content(#[source] ParseError),
}

impl DocumentError {
    /// Returns `true` if the error stays until somebody corrects the settings, the document or the role; `false` if it
    /// may be gone at the next try.
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            Self::Call { is_lasting, .. } => *is_lasting,
            Self::NoList { .. } | Self::Pages { .. } | Self::NoValue { .. } => false,
            Self::TooManyParts { .. }
            | Self::NoParts { .. }
            | Self::SecureString { .. }
            | Self::Content(_) => true,
        }
    }

    fn of_call<E>(action: &'static str, error: &E) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
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
        Self::Call {
            action,
            problem: problem(error),
            is_lasting,
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
        error: DocumentError,
    },
    /// No document, since this process never read it.
    Unknown(DocumentError),
}

/// A document, with the copy of it that a process keeps.
#[derive(Debug)]
pub(crate) struct Document<T> {
    client: Lazy<JsonClient>,
    source: Source,
    parse: fn(&[Part]) -> Result<T, ParseError>,
    kept: Mutex<Kept<T>>,
}

impl<T> Document<T> {
    /// Creates a document that is read from `source`, and parsed by `parse`.
    pub(crate) fn new(
        aws: &Aws,
        source: Source,
        parse: fn(&[Part]) -> Result<T, ParseError>,
    ) -> Self {
        let aws = aws.clone();
        Self {
            client: Lazy::new(move || JsonClient::new(SERVICE, &aws, None)),
            source,
            parse,
            kept: Mutex::new(Kept { last: None }),
        }
    }

    /// Returns the document as it is now or, unless `reread` is `true`, as it was some minutes ago. If it could not be
    /// read, the next call tries again.
    pub(crate) async fn now(&self, reread: bool) -> Reading<T> {
        let mut kept = self.kept.lock().await;
        let recent = kept.if_recent(Instant::now());
        if let Some(reading) = recent.filter(|_| !reread) {
            return reading;
        }
        let parsed = self.fetch().await.and_then(|parts| {
            let parsed = (self.parse)(&parts);
            parsed.map_err(DocumentError::Content)
        });
        kept.update(parsed, Instant::now())
    }

    async fn fetch(&self) -> Result<Vec<Part>, DocumentError> {
        match &self.source {
            Source::File(part) => Ok(vec![part.clone()]),
            Source::Parameter(name) => Ok(vec![self.parameter(name).await?]),
            Source::Paths(paths) => {
                let parts = paths.iter().map(|path| self.below(path));
                Ok(try_join_all(parts).await?.concat())
            }
        }
    }

    async fn parameter(&self, name: &str) -> Result<Part, DocumentError> {
        let action = "ssm:GetParameter";
        let response = self.call("GetParameter", json!({"Name": name})).await;
        let response: ParameterResponse =
            response.map_err(|error| DocumentError::of_call(action, &error))?;
        part(action, Some(name), response.parameter.unwrap_or_default())
    }

    async fn call<R>(&self, operation: &'static str, input: Value) -> ServiceResult<R>
    where
        R: DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let request = JsonRequest::target(TARGET, operation, input);
        self.client.send(request).await
    }

    /// Returns the parameters directly below a path, sorted by name.
    async fn below(&self, path: &str) -> Result<Vec<Part>, DocumentError> {
        let action = "ssm:GetParametersByPath";
        let mut parts = Vec::new();
        let mut pages = Pages::default();
        let mut input = json!({"Path": path});
        loop {
            let response = self.call("GetParametersByPath", input.clone()).await;
            let page: ParameterPage =
                response.map_err(|error| DocumentError::of_call(action, &error))?;
            let Some(parameters) = page.parameters else {
                let path = path.to_owned();
                return Err(DocumentError::NoList { action, path });
            };
            for parameter in parameters {
                parts.push(part(action, None, parameter)?);
            }
            if parts.len() > MAX_PARTS {
                let path = path.to_owned();
                return Err(DocumentError::TooManyParts { path });
            }
            let next = pages.add_token(page.next_token.as_deref());
            next.map_err(|incomplete| DocumentError::Pages {
                action,
                path: path.to_owned(),
                incomplete,
            })?;
            match page.next_token.filter(|token| !token.is_empty()) {
                Some(token) => input["NextToken"] = token.into(),
                None => break,
            }
        }
        if parts.is_empty() {
            let path = path.to_owned();
            return Err(DocumentError::NoParts { path });
        }
        parts.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(parts)
    }
}

/// Returns the part that a parameter holds. If `name` is `None`, the response must have the name.
fn part(
    action: &'static str,
    name: Option<&str>,
    parameter: Parameter,
) -> Result<Part, DocumentError> {
    let name = name.map(str::to_owned).or(parameter.name);
    let (Some(name), Some(text)) = (name, parameter.value) else {
        return Err(DocumentError::NoValue { action });
    };
    if parameter.r#type.as_deref() == Some(SECURE_STRING) {
        return Err(DocumentError::SecureString { name });
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
    fn if_recent(&self, now: Instant) -> Option<Reading<T>> {
        let (last, at) = self.last.as_ref()?;
        let is_recent = now.saturating_duration_since(*at) < MAX_AGE;
        is_recent.then(|| Reading::Current(Arc::clone(last)))
    }

    /// Keeps the document that was read now. If it could not be read, the last one is kept.
    fn update(&mut self, parsed: Result<T, DocumentError>, now: Instant) -> Reading<T> {
        match (parsed, &self.last) {
            (Ok(parsed), _) => {
                let parsed = Arc::new(parsed);
                self.last = Some((Arc::clone(&parsed), now));
                Reading::Current(parsed)
            }
            (Err(error), Some((last, at))) => Reading::Outdated {
                last: Arc::clone(last),
                age: now.saturating_duration_since(*at),
                error,
            },
            (Err(error), None) => Reading::Unknown(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a reading as text: the document, how many minutes ago it was read, and the error.
    fn text(reading: Reading<u8>) -> String {
        match reading {
            Reading::Current(parsed) => format!("{parsed}"),
            Reading::Outdated { last, age, error } => {
                format!("{last}, {} min, {error}", age.as_secs() / 60)
            }
            Reading::Unknown(error) => error.to_string(),
        }
    }

    #[test]
    fn a_document_is_reused_for_five_minutes_and_kept_if_it_cannot_be_read_again() {
        let start = Instant::now();
        let after = |minutes: u64| start + Duration::from_mins(minutes);
        let broken = || Err(DocumentError::Content("broken".into()));
        let mut kept = Kept { last: None };
        let recent = |kept: &Kept<u8>, at| kept.if_recent(at).map(text);

        assert_eq!(recent(&kept, start), None);
        assert_eq!(text(kept.update(broken(), start)), "broken");
        assert_eq!(recent(&kept, start), None, "the next call reads it again");

        assert_eq!(text(kept.update(Ok(1), start)), "1");
        assert_eq!(recent(&kept, after(4)).as_deref(), Some("1"));
        assert_eq!(recent(&kept, after(5)), None);
        assert_eq!(text(kept.update(broken(), after(5))), "1, 5 min, broken");
        assert_eq!(
            recent(&kept, after(6)),
            None,
            "the next call reads it again"
        );
        assert_eq!(text(kept.update(broken(), after(90))), "1, 90 min, broken");

        assert_eq!(text(kept.update(Ok(2), after(91))), "2");
        assert_eq!(recent(&kept, after(95)).as_deref(), Some("2"));
    }

    #[test]
    fn a_parameter_without_a_value_or_with_a_secret_is_an_error() {
        let parameter = |members: Value| serde_json::from_value::<Parameter>(members).unwrap();
        let read = |members: Value| part("ssm:X", None, parameter(members));
        let expected = Part {
            name: "/a/b".to_owned(),
            text: "{}".to_owned(),
        };
        for whole in [
            json!({"Name": "/a/b", "Value": "{}"}),
            json!({"Name": "/a/b", "Value": "{}", "Type": "String"}),
        ] {
            assert_eq!(read(whole).unwrap(), expected);
        }
        for (members, is_lasting, mention) in [
            (
                json!({"Name": "/a/b"}),
                false,
                "without a name or without a value",
            ),
            (
                json!({"Value": "{}"}),
                false,
                "without a name or without a value",
            ),
            (
                json!({"Name": "/a/b", "Value": "{}", "Type": "SecureString"}),
                true,
                "/a/b is a SecureString",
            ),
        ] {
            let error = read(members).unwrap_err();
            assert_eq!(error.is_lasting(), is_lasting, "{error:?}");
            assert!(error.to_string().contains(mention), "{error:?}");
        }
    }
}
