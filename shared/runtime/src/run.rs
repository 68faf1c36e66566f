//! One run: look at resources, judge them, report.

use eksentry_collectors::{Reader, Unlisted};
use eksentry_core::finding::{finding_id, generator_id};
use eksentry_core::{
    Check, Finding, Location, Needs, Observation, Resource, ResourceKind, Settings, checks,
};
use eksentry_reporters::security_hub::{KnownFindings, Selection};
use tokio::sync::mpsc;

use crate::app::Connections;
use crate::delivery::Delivery;
use crate::error::{Error, ErrorKind};
use crate::summary::Summary;

/// How many observations may wait to be judged; more hold up the looking.
const WAITING: usize = 64;

/// What a run looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Targets {
    /// Every resource that a check of the run judges.
    All,
    /// These.
    Some(Vec<Resource>),
}

/// A run to be made.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) aws: &'a Connections,
    pub(crate) checks: Vec<(&'static Check, Settings)>,
    pub(crate) targets: Targets,
    /// Whether findings go to Security Hub.
    pub(crate) security_hub: bool,
}

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) summary: Summary,
    /// What could not be listed or delivered.
    pub(crate) errors: Vec<Error>,
    /// The kinds of resource of which not all could be listed.
    pub(crate) unlisted: Vec<ResourceKind>,
}

impl Run<'_> {
    /// Makes the run. `weigh` may leave out an observation or complete it before it is judged; `each` is shown every
    /// finding once.
    pub(crate) async fn make(
        &self,
        weigh: impl Fn(Observation) -> Option<Observation>,
        mut each: impl FnMut(&Finding),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let reader = Reader::new(&self.aws.readers, self.aws.location.clone());
        // What is known is read first: a finding of a resource that is made later must not look like one of a resource
        // that is gone.
        let mut delivery = None;
        if self.security_hub {
            match self.known().await {
                Ok(known) => delivery = Some(Delivery::new(&self.aws.security_hub, &reader, known)),
                Err(error) => outcome.errors.push(error),
            }
        }

        let (out, mut observations) = mpsc::channel(WAITING);
        let look = async {
            let out = out;
            Box::pin(self.look(&reader, &out)).await
        };
        let judge = async {
            while let Some(observation) = observations.recv().await {
                let Some(observation) = weigh(observation) else {
                    continue;
                };
                for finding in self.judge(&observation) {
                    log(&finding);
                    outcome.summary.count(finding.verdict.outcome);
                    each(&finding);
                    if let Some(delivery) = &mut delivery {
                        Box::pin(delivery.take(&finding, &mut outcome.summary)).await;
                    }
                }
            }
        };
        let (unlisted, ()) = futures::join!(look, judge);

        for list in &unlisted {
            tracing::error!(
                reason = list.reason.code,
                "not all could be listed: {}",
                list.reason.text
            );
            outcome
                .errors
                .push(Error::new(ErrorKind::NotListed, &list.reason.text));
        }
        if let Some(mut delivery) = delivery {
            if self.targets == Targets::All {
                delivery.archive_unseen(|check, resource| self.is_gone(check, resource, &unlisted));
            }
            outcome
                .errors
                .extend(delivery.finish(&mut outcome.summary).await);
        }
        outcome.summary.errors = outcome.errors.len();
        outcome.unlisted = unlisted.into_iter().map(|list| list.kind).collect();
        outcome
    }

    async fn look(&self, reader: &Reader<'_>, out: &mpsc::Sender<Observation>) -> Vec<Unlisted> {
        let needs = Needs::of(self.checks.iter().map(|(check, _)| *check));
        match &self.targets {
            Targets::All => {
                let kinds: Vec<ResourceKind> = ResourceKind::ALL
                    .into_iter()
                    .filter(|kind| self.judges(*kind))
                    .collect();
                reader.look_at_all(&kinds, needs, out).await
            }
            Targets::Some(resources) => {
                let judged: Vec<Resource> = resources
                    .iter()
                    .filter(|resource| self.judges(resource.kind()))
                    .cloned()
                    .collect();
                reader.look_at(&judged, needs, out).await;
                Vec::new()
            }
        }
    }

    fn judges(&self, kind: ResourceKind) -> bool {
        self.checks.iter().any(|(check, _)| check.kind() == kind)
    }

    fn judge(&self, observation: &Observation) -> Vec<Finding> {
        let kind = observation.resource.kind();
        let checks = self.checks.iter().filter(|(check, _)| check.kind() == kind);
        checks
            .map(|(check, settings)| Finding::of(check, observation, settings))
            .collect()
    }

    async fn known(&self) -> Result<KnownFindings, Error> {
        let hub = &self.aws.security_hub;
        let known = match &self.targets {
            Targets::All if self.covers_every_check() => hub.known(Selection::All).await,
            Targets::All => {
                let generators: Vec<String> = self
                    .checks
                    .iter()
                    .map(|(check, _)| generator_id(check))
                    .collect();
                hub.known(Selection::Generators(&generators)).await
            }
            Targets::Some(resources) => {
                let pairs = resources.iter().flat_map(|resource| {
                    let checks = self
                        .checks
                        .iter()
                        .filter(|(check, _)| check.kind() == resource.kind());
                    checks.map(move |(check, _)| finding_id(check, resource))
                });
                hub.known(Selection::Ids(&pairs.collect::<Vec<_>>())).await
            }
        };
        known.map_err(|error| {
            let message = format!("no finding was sent, since those that Security Hub holds could not be read: {error}");
            Error::new(ErrorKind::NotDelivered, message)
        })
    }

    fn covers_every_check(&self) -> bool {
        checks::CHECKS.iter().all(|check| self.runs(check.id))
    }

    fn runs(&self, check: &str) -> bool {
        self.checks.iter().any(|(known, _)| known.id == check)
    }

    /// Whether a finding that the run has not come across is of a resource that is gone, or of a check that is.
    fn is_gone(&self, check: &str, resource: &Resource, unlisted: &[Unlisted]) -> bool {
        let here = Location::of(resource.arn()) == self.aws.location;
        let retired = checks::find(check).is_err();
        let listed = !unlisted.iter().any(|list| {
            let repository = resource.repository_and_digest().0;
            list.kind == resource.kind()
                && list
                    .repository
                    .as_deref()
                    .is_none_or(|one| one == repository)
        });
        here && (retired || (self.runs(check) && listed))
    }
}

/// One line a decision.
fn log(finding: &Finding) {
    let outcome = finding.verdict.outcome;
    tracing::info!(
        check = finding.check.id,
        resource = finding.resource.arn().as_str(),
        outcome = outcome.name(),
        severity = outcome.severity().label(),
        reasons = finding.verdict.codes().join(","),
        "{}",
        finding.verdict.explanation()
    );
}
