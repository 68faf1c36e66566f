//! Faults that the stand-in injects into calls on purpose.

use std::{
    cell::Cell,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;

use super::{
    service::{AwsError, Service},
    wire::{Request, record},
};
use crate::{account::Record, model::ErrorShape};

/// The parts by which the code of an error is recognized as one of a resource that does not exist.
const NOT_FOUND: [&str; 4] = ["DoesNotExist", "NoSuch", "NotFound", "NotInUse"];

/// A fault that the stand-in injects into the calls that it fits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `service.Operation`; `*` stands for any text, as in `kms.*`.
    pub operation: String,
    /// Members that the request must have; one with `null` must be absent. An id fits the ARN that ends with it.
    #[serde(default, rename = "match")]
    pub members: Record,
    /// The number of hits that remain; unlimited if absent.
    pub times: Option<u32>,
    /// The fault hits one in this many of the calls that it fits, seemingly at random; every one if absent. A `Partial`
    /// hits one in this many findings, evaluations or entries instead, and others when they are sent again.
    pub one_in: Option<u32>,
    /// The seed of that choice. The same seed always chooses the same ones.
    #[serde(default)]
    pub seed: u64,
    /// The number of calls that the fault has fitted so far.
    #[serde(skip)]
    fitted: u64,
    /// The kind of fault.
    #[serde(with = "serde_yaml_ng::with::singleton_map")]
    pub kind: FaultKind,
}

/// A kind of fault.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The service throttles the caller, with the error that it uses for this.
    Throttle,
    /// The service denies the caller access, with the error that it uses for this.
    AccessDenied,
    /// The service returns any other error.
    Error {
        /// The error's code.
        code: String,
        /// The HTTP status.
        #[serde(default = "bad_request")]
        status: u16,
        /// The error's message.
        #[serde(default)]
        message: String,
    },
    /// BatchImportFindings, PutEvaluations or SendMessageBatch accepts all but these (finding Ids, resource ids, entry
    /// Ids; if none are given, all are rejected).
    Partial {
        /// The ids that are rejected.
        #[serde(default)]
        ids: Vec<String>,
        /// The error code of a finding or an entry that is rejected.
        #[serde(default = "internal_failure")]
        code: String,
    },
    /// The resource that the request is about does not exist, with the error that the service uses for this. Some
    /// operations have several such errors, which [`not_found_errors`](super::not_found_errors) counts; this is the
    /// number of one of them.
    NotFound(usize),
    /// The connection breaks before the response.
    Reset,
    /// The response is cut off in the middle.
    Truncated,
    /// The response is an HTML page, as a proxy on the way would send it, with the status of a success.
    HtmlPage,
    /// A list begins with an empty page, with a token of the page that would have been the first.
    EmptyPage,
    /// A list returns the same token with every page.
    RepeatedToken,
    /// A list returns two tokens in turn, so that each page leads to the other.
    AlternatingTokens,
    /// The response lacks the member at this JSON pointer.
    Missing(String),
    /// The response has a value that no SDK knows at this JSON pointer.
    UnknownValue(String),
    /// The response takes this many milliseconds longer; other faults still apply.
    Latency(u64),
}

fn bad_request() -> u16 {
    400
}

fn internal_failure() -> String {
    "InternalFailure".to_owned()
}

/// The effects of the faults on one call.
#[derive(Debug, Default)]
pub(super) struct FaultEffects {
    pub delay: Duration,
    pub hit: Option<Hit>,
}

/// A fault that hits one call.
#[derive(Debug)]
pub(super) struct Hit {
    pub kind: FaultKind,
    /// The position of the fault among all faults.
    position: usize,
    /// The selection of what the fault hits; `None` if it hits everything in the call.
    chance: Option<Chance>,
}

/// The selection of what a `Partial` hits.
#[derive(Debug)]
struct Chance {
    one_in: u32,
    seed: u64,
    /// The number of the call, so that a second attempt can succeed.
    call: u64,
    most: Option<u32>,
    hits: Cell<u32>,
}

impl Fault {
    /// Creates a fault of every call of the operation.
    pub fn new(operation: &str, kind: FaultKind) -> Self {
        Self {
            operation: operation.to_owned(),
            members: Record::new(),
            times: None,
            one_in: None,
            seed: 0,
            fitted: 0,
            kind,
        }
    }

    /// Limits the fault to requests with these members.
    #[must_use]
    pub fn matching(self, members: Value) -> Self {
        Self {
            members: record(members),
            ..self
        }
    }

    /// Limits the fault to this many hits.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// Limits the fault to one in this many of what it would hit, at least 1.
    #[must_use]
    pub fn one_in(self, one_in: u32) -> Self {
        Self {
            one_in: Some(one_in.max(1)),
            ..self
        }
    }

    /// Makes a fault with `one_in` hit other calls or entries.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    fn fits(&self, request: &Request) -> bool {
        self.times != Some(0)
            && glob(&self.operation, &request.name())
            && contains(&request.members, &self.members)
    }

    /// Counts a call that the fault fits. Returns `None` if it does not hit the call.
    fn apply(&mut self, position: usize) -> Option<Hit> {
        self.fitted += 1;
        let chance = match (self.one_in, &self.kind) {
            (Some(one_in), FaultKind::Partial { .. }) => Some(Chance {
                one_in,
                seed: self.seed,
                call: self.fitted,
                most: self.times,
                hits: Cell::new(0),
            }),
            (Some(one_in), _) if !is_chosen(one_in, self.seed, self.fitted, "") => return None,
            _ => {
                self.use_up(1);
                None
            }
        };
        Some(Hit {
            kind: self.kind.clone(),
            position,
            chance,
        })
    }

    fn use_up(&mut self, hits: u32) {
        self.times = self.times.map(|times| times.saturating_sub(hits));
    }
}

/// Returns `true` in one of `one_in` cases, always the same for the same seed, call and id.
fn is_chosen(one_in: u32, seed: u64, call: u64, id: &str) -> bool {
    let mut hasher = DefaultHasher::new();
    (seed, call, id).hash(&mut hasher);
    hasher.finish().is_multiple_of(u64::from(one_in.max(1)))
}

impl FaultKind {
    /// Returns the error with which the fault responds to a call, if it is of such a kind.
    pub(super) fn error(&self, service: Service, operation: &str) -> Option<AwsError> {
        match self {
            Self::Throttle => Some(service.throttling_error()),
            Self::AccessDenied => Some(service.denied(format!(
                "the caller is not authorized to perform: {service}:{operation}"
            ))),
            Self::Error {
                code,
                status,
                message,
            } => Some(AwsError::new(code, message).status(*status)),
            Self::NotFound(number) => not_found(service, operation)
                .get(*number)
                .map(|error| AwsError::new(&error.code, "It does not exist.").status(error.status)),
            _ => None,
        }
    }
}

/// Returns the errors with which an operation reports that a resource does not exist.
pub(super) fn not_found(service: Service, operation: &str) -> Vec<ErrorShape> {
    let errors = service.model().errors(operation).into_iter();
    let mut errors: Vec<ErrorShape> = errors
        .filter(|error| NOT_FOUND.iter().any(|words| error.code.contains(words)))
        .collect();
    let row = service.operation(operation).into_iter();
    errors.extend(row.flat_map(|row| row.unlisted_errors.clone()));
    errors
}

impl Hit {
    /// Returns the error code with which a finding, a resource or an entry of this id is rejected; `None` if it is not.
    pub(super) fn rejects(&self, id: &str) -> Option<&str> {
        match &self.kind {
            FaultKind::Partial { ids, code }
                if (ids.is_empty() || ids.iter().any(|rejected| rejected == id))
                    && self.chance.as_ref().is_none_or(|chance| chance.hits(id)) =>
            {
                Some(code)
            }
            _ => None,
        }
    }

    /// Subtracts what the fault hit in the call from the number of hits that remain to it.
    pub(super) fn use_up<'a>(&self, mut faults: impl Iterator<Item = &'a mut Fault>) {
        let Some(chance) = &self.chance else { return };
        if let Some(fault) = faults.nth(self.position) {
            fault.use_up(chance.hits.get());
        }
    }
}

impl Chance {
    fn hits(&self, id: &str) -> bool {
        let hits = self.hits.get();
        let is_hit = self.most.is_none_or(|most| hits < most)
            && is_chosen(self.one_in, self.seed, self.call, id);
        self.hits.set(hits + u32::from(is_hit));
        is_hit
    }
}

#[cfg(test)]
impl From<FaultKind> for Hit {
    fn from(kind: FaultKind) -> Self {
        Self {
            kind,
            position: 0,
            chance: None,
        }
    }
}

/// Uses up the faults that fit: every latency, and the first of the others that hits.
pub(super) fn effects<'a>(
    faults: impl Iterator<Item = &'a mut Fault>,
    request: &Request,
) -> FaultEffects {
    let mut effects = FaultEffects::default();
    for (position, fault) in faults.enumerate() {
        let is_latency = matches!(fault.kind, FaultKind::Latency(_));
        if !fault.fits(request) || (effects.hit.is_some() && !is_latency) {
            continue;
        }
        let Some(hit) = fault.apply(position) else {
            continue;
        };
        match hit.kind {
            FaultKind::Latency(milliseconds) => {
                effects.delay += Duration::from_millis(milliseconds);
            }
            _ => effects.hit = Some(hit),
        }
    }
    effects
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

/// Returns `true` if `given` contains everything that `wanted` contains.
fn contains(given: &Record, wanted: &Record) -> bool {
    wanted.iter().all(
        |(name, wanted)| match (given.get(name).unwrap_or(&Value::Null), wanted) {
            (Value::Object(given), Value::Object(wanted)) => contains(given, wanted),
            (Value::String(given), Value::String(wanted)) => is_or_ends_with(given, wanted),
            (given, wanted) => given == wanted,
        },
    )
}

fn is_or_ends_with(given: &str, id: &str) -> bool {
    given == id
        || given
            .strip_suffix(id)
            .is_some_and(|start| start.starts_with("arn:") && start.ends_with(['/', ':']))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(operation: &str, members: Value) -> Request {
        Request::of(&format!("kms.{operation}"), members)
    }

    fn kind(effects: &FaultEffects) -> Option<&FaultKind> {
        effects.hit.as_ref().map(|hit| &hit.kind)
    }

    #[test]
    fn a_fault_fits_by_operation_and_members() {
        let fault = Fault::new("kms.*", FaultKind::Throttle)
            .matching(json!({"KeyId": "k", "Marker": null}));

        assert!(fault.fits(&request("DescribeKey", json!({"KeyId": "k"}))));
        assert!(fault.fits(&request(
            "GetKeyRotationStatus",
            json!({"KeyId": "arn:aws:kms:r:a:key/k"})
        )));
        assert!(!fault.fits(&request(
            "DescribeKey",
            json!({"KeyId": "arn:aws:kms:r:a:key/other-k"})
        )));
        assert!(!fault.fits(&request(
            "DescribeKey",
            json!({"KeyId": "k", "Marker": "m"})
        )));
        assert!(!Fault::new("ecr.*", FaultKind::Throttle).fits(&request("DescribeKey", json!({}))));
    }

    #[test]
    fn faults_are_used_up_and_latency_does_not_hide_the_next() {
        let mut faults = [
            Fault::new("kms.ListKeys", FaultKind::Latency(5)),
            Fault::new("kms.ListKeys", FaultKind::Throttle).times(1),
            Fault::new("kms.ListKeys", FaultKind::Reset),
        ];
        let call = request("ListKeys", json!({}));

        let first = effects(faults.iter_mut(), &call);
        assert!(
            matches!(kind(&first), Some(FaultKind::Throttle))
                && first.delay == Duration::from_millis(5)
        );
        assert!(matches!(
            kind(&effects(faults.iter_mut(), &call)),
            Some(FaultKind::Reset)
        ));
    }

    #[test]
    fn one_in_so_many_calls_is_hit_and_always_the_same() {
        let call = request("ListKeys", json!({}));
        let hits = |fault: Fault| -> Vec<bool> {
            let mut faults = [fault];
            (0..1000)
                .map(|_| effects(faults.iter_mut(), &call).hit.is_some())
                .collect()
        };
        let count = |hits: &[bool]| hits.iter().filter(|hit| **hit).count();
        let fault = Fault::new("kms.*", FaultKind::Throttle).one_in(10);

        let first = hits(fault.clone());
        assert!((50..200).contains(&count(&first)), "{}", count(&first));
        assert_eq!(first, hits(fault.clone()));
        assert_ne!(first, hits(fault.clone().seed(1)));
        assert_eq!(count(&hits(fault.times(3))), 3);
    }

    #[test]
    fn a_partial_hits_one_in_so_many_entries_and_others_the_next_time() {
        let ids: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        let call = request("BatchImportFindings", json!({}));
        let partial = FaultKind::Partial {
            ids: Vec::new(),
            code: "InternalFailure".to_owned(),
        };
        let rejected = |faults: &mut [Fault]| -> Vec<&String> {
            let Some(hit) = effects(faults.iter_mut(), &call).hit else {
                return Vec::new();
            };
            let rejected = ids.iter().filter(|id| hit.rejects(id).is_some()).collect();
            hit.use_up(faults.iter_mut());
            rejected
        };

        let mut faults = [Fault::new("*", partial.clone()).one_in(10)];
        let (first, second) = (rejected(&mut faults), rejected(&mut faults));
        assert!((50..200).contains(&first.len()), "{}", first.len());
        assert_ne!(first, second);
        let mut faults = [Fault::new("*", partial).one_in(10).times(3)];
        assert_eq!(rejected(&mut faults).len(), 3);
        assert!(rejected(&mut faults).is_empty());
    }

    #[test]
    fn kinds_are_read_from_yaml() {
        for kind in [
            "throttle",
            "access-denied",
            "reset",
            "truncated",
            "html-page",
            "empty-page",
            "repeated-token",
            "{not-found: 0}",
            "{missing: /cluster/arn}",
            "{unknown-value: /cluster/status}",
            "{latency: 200}",
            "{error: {code: InternalFailure, status: 500}}",
            "{partial: {ids: [a], code: InternalFailure}}",
        ] {
            let text = format!("{{operation: '*', kind: {kind}}}");
            serde_yaml_ng::from_str::<Fault>(&text).expect(kind);
        }
        assert!(serde_yaml_ng::from_str::<Fault>("{operation: '*', kind: nonsense}").is_err());
    }
}
