//! The findings of eksentry that Security Hub holds, read before a run, and the ledger that saves reading them.

use eksentry_core::Part;
use eksentry_reporters::ReportError;
use eksentry_reporters::security_hub::{Generators, KnownFindings, Ledger, Selection};
use jiff::Timestamp;

use crate::error::{Error, ErrorKind};
use crate::invocation::Invocation;
use crate::matched_ledgers::Compared;
use crate::place::Place;
use crate::scope::{Scope, Targets};
use crate::summary::Summary;

/// The number of findings from which on a ledger is kept. Security Hub takes a second to return as many, and two calls
/// about a ledger take most of a second.
const MIN_LEDGER_FINDINGS: usize = 300;

/// The number of findings of a ledger that are compared with Security Hub; one call takes as many.
const SAMPLE_SIZE: usize = 20;

/// The access to the known findings about a run's targets: they are read before the run, and kept in a ledger after it.
pub(super) struct HeldFindings<'a> {
    invocation: &'a Invocation<'a>,
    place: &'a Place,
    scope: Scope<'a>,
    /// The id of the run.
    run: &'a str,
    /// The time at which reading began: later changes by others must be read again.
    as_of: Timestamp,
    /// The runs whose findings the ledger had, if there was one.
    runs: Option<Vec<(String, Timestamp)>>,
}

impl<'a> HeldFindings<'a> {
    /// Reads the findings of eksentry that Security Hub holds about the targets.
    pub(super) async fn read(
        invocation: &'a Invocation<'a>,
        place: &'a Place,
        scope: Scope<'a>,
        run: &'a str,
    ) -> Result<(Self, KnownFindings), Error> {
        let mut held = Self {
            invocation,
            place,
            scope,
            run,
            as_of: invocation.aws.aws.clock().now(),
            runs: None,
        };
        let known = match scope.targets {
            Targets::Resources(resources) => {
                let ids = scope.finding_ids(resources);
                place.security_hub.known(Selection::Ids(&ids)).await
            }
            Targets::Part(part) => held.read_part(part).await,
        };
        let known = known.map_err(|error| {
            let message = format!(
                "couldn't read the findings in Security Hub, so no finding was sent: {error}"
            );
            Error::new(ErrorKind::NotDelivered, message)
        })?;
        Ok((held, known))
    }

    async fn read_part(&mut self, part: &Part) -> Result<KnownFindings, ReportError> {
        let mut ledger = self.ledger(part).await;
        if let Some(read) = &ledger
            && !self.matches_hub(read).await?
        {
            tracing::warn!(
                "the ledger isn't used, since Security Hub lacks findings that it contains"
            );
            ledger = None;
        }
        let since = ledger.as_ref().map(Ledger::since);
        let generators = self.scope.generators(part);
        let generators = if !self.scope.covers_every_check(&self.invocation.selection) {
            Generators::These(&generators)
        } else if matches!(part, Part::Kubernetes(_)) {
            Generators::ContentsOfClusters
        } else {
            Generators::AwsResources
        };
        let mut changed = KnownFindings::new();
        for range in part.ranges(&self.place.location) {
            let read = self.place.security_hub.known(Selection::Within {
                range: &range,
                generators,
                since: since.as_ref(),
            });
            changed.extend(read.await?);
        }
        self.runs = ledger.as_ref().map(|ledger| ledger.runs().to_vec());
        let mut known = ledger.map(|ledger| ledger.findings).unwrap_or_default();
        known.extend(changed);
        Ok(known)
    }

    /// Returns the ledger of a part, if there is one that can be used. A ledger that cannot be read costs time and
    /// nothing else.
    async fn ledger(&self, part: &Part) -> Option<Ledger> {
        if !self.keeps_a_ledger() {
            return None;
        }
        let ledgers = self.invocation.aws.ledgers.as_ref()?;
        let read = ledgers.read(&self.place.location, part).await;
        read.unwrap_or_else(|error| {
            tracing::warn!(
                "couldn't read the ledger, so all findings are read from Security Hub: {error}"
            );
            None
        })
    }

    /// Returns `true` if Security Hub still holds a sample of the ledger's findings, in the arbitrary order of the map,
    /// or of an earlier ledger's. It does not hold them after it was switched off and on again.
    async fn matches_hub(&self, ledger: &Ledger) -> Result<bool, ReportError> {
        let compare = async || {
            let listed = ledger.findings.iter().filter(|(_, known)| !known.archived);
            let sample: Vec<String> = listed.take(SAMPLE_SIZE).map(|(id, _)| id.clone()).collect();
            let hub = &self.place.security_hub;
            let held = hub.known(Selection::Ids(&sample)).await?;
            // A finding without a digest may never have been accepted by Security Hub.
            let mut lacking = sample.iter().filter(|id| !held.contains_key(*id));
            Ok(if lacking.any(|id| ledger.findings[id].digest.is_some()) {
                Compared::Different
            } else if held.is_empty() {
                Compared::Empty
            } else {
                Compared::Equal
            })
        };
        let ledgers = &self.invocation.matched_ledgers;
        ledgers
            .matches(&self.place.location, ledger.as_of(), compare)
            .await
    }

    /// Writes the known findings to the ledger, if that will save reading them from Security Hub.
    pub(super) async fn keep(&self, findings: KnownFindings, counts: &Summary) {
        let (Targets::Part(part), Some(ledgers)) =
            (self.scope.targets, &self.invocation.aws.ledgers)
        else {
            return;
        };
        let saves_time = findings.len() >= MIN_LEDGER_FINDINGS || self.runs.is_some();
        if !self.keeps_a_ledger() || !saves_time {
            return;
        }
        let ledger = Ledger::new(self.as_of, self.run, self.runs.as_deref(), findings);
        if let Err(error) = ledgers.write(&self.place.location, part, &ledger).await {
            tracing::warn!(
                posted = counts.posted,
                "couldn't write the ledger, so the next sweep reads the findings of this one from Security Hub: {error}"
            );
        }
    }

    /// Returns `true` if the run may keep a ledger: it includes every check, since no other run sees all findings.
    fn keeps_a_ledger(&self) -> bool {
        self.scope.covers_every_check(&self.invocation.selection)
    }
}
