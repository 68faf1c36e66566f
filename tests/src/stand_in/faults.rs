//! What goes wrong on purpose.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{
    service::{AwsError, Service},
    wire::{Request, record},
};
use crate::account::Record;

/// Something that goes wrong with the calls that it fits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// `service.Operation`; `*` stands for any text, as in `kms.*`.
    pub operation: String,
    /// Members that the request must have; `null`: must not have. An id fits the ARN that ends with it.
    #[serde(default, rename = "match")]
    pub members: Record,
    /// How often it still happens; always if there is no number.
    pub times: Option<u32>,
    /// What happens.
    #[serde(with = "serde_yaml_ng::with::singleton_map")]
    pub kind: FaultKind,
}

/// What can go wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The caller is too fast, in the service's own words.
    Throttle,
    /// The caller may not, in the service's own words.
    AccessDenied,
    /// Any other error answer.
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
    /// BatchImportFindings or PutEvaluations takes all but these (finding Ids, resource ids; none given: all).
    Partial {
        /// What is not taken.
        #[serde(default)]
        ids: Vec<String>,
        /// The ErrorCode of a finding that is not taken.
        #[serde(default = "internal_failure")]
        code: String,
    },
    /// The connection breaks before the answer.
    Reset,
    /// The answer is cut off in the middle.
    Malformed,
    /// The answer takes so many milliseconds longer; other faults still apply.
    Latency(u64),
}

fn bad_request() -> u16 {
    400
}

fn internal_failure() -> String {
    "InternalFailure".to_owned()
}

/// What the faults make of one call.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble {
    pub delay: Duration,
    pub kind: Option<FaultKind>,
}

impl Fault {
    /// A fault of every call of the operation.
    pub fn new(operation: &str, kind: FaultKind) -> Self {
        Self {
            operation: operation.to_owned(),
            members: Record::new(),
            times: None,
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

    /// Limits the fault to the next so many calls.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    fn fits(&self, request: &Request) -> bool {
        self.times != Some(0)
            && glob(&self.operation, &request.name())
            && contains(&request.members, &self.members)
    }

    fn use_once(&mut self) {
        self.times = self.times.map(|times| times.saturating_sub(1));
    }
}

impl FaultKind {
    /// The error answer, if that is what happens.
    pub(super) fn error(&self, service: Service, operation: &str) -> Option<AwsError> {
        match self {
            Self::Throttle => Some(service.throttled()),
            Self::AccessDenied => Some(service.denied(format!(
                "the caller is not authorized to perform: {service}:{operation}"
            ))),
            Self::Error {
                code,
                status,
                message,
            } => Some(AwsError::new(code, message).status(*status)),
            Self::Partial { .. } | Self::Reset | Self::Malformed | Self::Latency(_) => None,
        }
    }

    /// The error code with which a finding or a resource of this id is not taken.
    pub(super) fn refuses(&self, id: &str) -> Option<&str> {
        match self {
            Self::Partial { ids, code }
                if ids.is_empty() || ids.iter().any(|refused| refused == id) =>
            {
                Some(code)
            }
            _ => None,
        }
    }
}

/// Uses up the faults that fit: every latency, and the first of the others.
pub(super) fn trouble<'a>(
    faults: impl Iterator<Item = &'a mut Fault>,
    request: &Request,
) -> Trouble {
    let mut trouble = Trouble::default();
    for fault in faults.filter(|fault| fault.fits(request)) {
        match &fault.kind {
            FaultKind::Latency(milliseconds) => {
                trouble.delay += Duration::from_millis(*milliseconds);
            }
            kind if trouble.kind.is_none() => trouble.kind = Some(kind.clone()),
            _ => continue,
        }
        fault.use_once();
    }
    trouble
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

/// Whether `given` holds everything that `wanted` holds.
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
        Request {
            service: Service::Kms,
            operation: operation.to_owned(),
            members: record(members),
            access_key: String::new(),
            region: String::new(),
            size: 0,
        }
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

        let first = trouble(faults.iter_mut(), &call);
        assert!(
            matches!(first.kind, Some(FaultKind::Throttle))
                && first.delay == Duration::from_millis(5)
        );
        assert!(matches!(
            trouble(faults.iter_mut(), &call).kind,
            Some(FaultKind::Reset)
        ));
    }

    #[test]
    fn kinds_are_read_from_yaml() {
        for kind in [
            "throttle",
            "access-denied",
            "reset",
            "malformed",
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
