//! What the reporters report.

use jiff::Timestamp;

use crate::check::Check;
use crate::details::Details;
use crate::facts::Observation;
use crate::mute_list::Mute;
use crate::parameters::Settings;
use crate::resource::Resource;
use crate::verdict::{Outcome, Verdict};

/// A check's decision about one resource, with all that a report says of it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check.
    pub check: &'static Check,
    /// The resource.
    pub resource: Resource,
    /// What else is known of the resource; nothing where it could not be read.
    pub details: Details,
    /// The resource's tags; `None` where the look at the resource did not bring them.
    pub tags: Option<Vec<(String, String)>>,
    /// The decision.
    pub verdict: Verdict,
    /// The values of the check's parameters, by name; only those that have one.
    pub parameters: Vec<(&'static str, Vec<String>)>,
    /// Where to read more about the check.
    pub link: String,
    /// A text that is another one whenever what the check judges is, as far as a list tells without a look at the
    /// resource itself.
    pub revision: Option<String>,
    /// When the resource was looked at.
    pub observed_at: Timestamp,
}

impl Finding {
    /// Judges what was observed; `docs` is the address at which the checks' pages are published.
    pub fn of(
        check: &'static Check,
        observation: &Observation,
        settings: &Settings,
        docs: Option<&str>,
    ) -> Self {
        Self {
            check,
            resource: observation.resource.clone(),
            details: observation
                .facts()
                .map(super::facts::Facts::details)
                .unwrap_or_default(),
            tags: observation.facts().and_then(|facts| facts.tags()).cloned(),
            verdict: check.judge(observation, settings),
            parameters: check.effective_parameters(settings),
            link: check.link(docs),
            revision: observation
                .facts()
                .and_then(|facts| facts.revision())
                .cloned(),
            observed_at: observation.observed_at,
        }
    }

    /// The same under an exception: a failure is none while it holds.
    pub fn excepted(self, mute: &Mute) -> Self {
        Self {
            verdict: self.verdict.muted(mute),
            ..self
        }
    }

    /// A sentence that says why a failure is as severe as it is; nothing of what is no failure.
    pub fn severity_reason(&self) -> Option<String> {
        let Outcome::Failed(severity) = self.verdict.outcome else {
            return None;
        };
        let reason = self.check.reason_for(severity)?;
        Some(format!("{severity}, since {reason}."))
    }

    /// The finding's id in every report, `eksentry/<checkId>/<resource ARN>`.
    pub fn id(&self) -> String {
        finding_id(self.check, &self.resource)
    }
}

/// The id of the finding of a check about a resource: `eksentry/<checkId>/<resource ARN>`.
pub fn finding_id(check: &Check, resource: &Resource) -> String {
    format!("{}/{}", generator_id(check), resource.arn())
}

/// What all findings of a check have in common, `eksentry/<checkId>`.
pub fn generator_id(check: &Check) -> String {
    format!("{GENERATOR}{}", check.id)
}

/// What the generator id of all of eksentry's findings begins with.
pub const GENERATOR: &str = "eksentry/";
