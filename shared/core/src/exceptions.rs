//! The exceptions of owners for objects in clusters: failures that are by design.
//!
//! An exception changes the verdict of a check. A [mute](crate::mute_list), in contrast, accepts a failure for a time,
//! and applies to findings.

use crate::parameters::{Exceptions, Parameter};
use crate::reason_code::ReasonCode;
use crate::roll_up::EvaluatedObject;
use crate::text::with_full_stop;
use crate::verdict::Reason;

/// The exceptions of a check.
pub static EXCEPTIONS: Parameter<Exceptions> = Parameter {
    name: "exceptions",
    description: "The objects that may fail by design, each with the reason; the last part of object can have the \
                  wildcards * and ?.",
    default: Exceptions::Borrowed(&[]),
};

/// Applies the exceptions of a check to the verdicts about objects.
pub(crate) fn apply(check: &str, exceptions: &Exceptions, objects: &mut [EvaluatedObject]) {
    let mut exceptions: Vec<_> = exceptions.iter().collect();
    exceptions.retain(|exception| exception.applies_to(check));
    if exceptions.is_empty() {
        return;
    }
    for object in objects {
        let Some(name) = &object.object else {
            continue;
        };
        let mut exceptions = exceptions.iter();
        if let Some(exception) = exceptions.find(|exception| exception.names(name)) {
            let reason = with_full_stop(exception.reason());
            let text = format!("Excepted by a parameter: {reason}");
            object
                .verdict
                .except(Reason::new(ReasonCode::ExceptedByParameter, text));
        }
    }
}

#[cfg(test)]
mod tests;
