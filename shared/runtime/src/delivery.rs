//! The way of findings to Security Hub: what changed is sent, what is gone is archived, the rest is left alone.

use std::collections::HashMap;
use std::time::Duration;

use eksentry_collectors::Reader;
use eksentry_core::finding::GENERATOR;
use eksentry_core::{Finding, Outcome, Resource, ResourceKind};
use eksentry_reporters::security_hub::{
    Imported, Known, KnownFindings, Rendered, SecurityHub, render,
};
use jiff::Timestamp;

use crate::error::{Error, ErrorKind};
use crate::summary::Summary;

/// How many findings are gathered before they are sent; a call takes no more.
const BATCH: usize = 100;

/// When an unchanged finding is sent again: Security Hub drops what was not updated for 90 days.
const REFRESH: Duration = Duration::from_hours(30 * 24);

/// Findings on their way to Security Hub.
pub(crate) struct Delivery<'a> {
    hub: &'a SecurityHub,
    reader: &'a Reader<'a>,
    /// What Security Hub holds and this run has not come across yet.
    known: KnownFindings,
    batch: Vec<(Rendered, Option<Resource>)>,
    /// The findings to archive, and when their resources were seen to be gone.
    gone: HashMap<String, Timestamp>,
    started_at: Timestamp,
    errors: Vec<Error>,
}

impl<'a> Delivery<'a> {
    pub(crate) fn new(hub: &'a SecurityHub, reader: &'a Reader<'a>, known: KnownFindings) -> Self {
        let started_at = Timestamp::now();
        Self {
            hub,
            reader,
            known,
            batch: Vec::new(),
            gone: HashMap::new(),
            started_at,
            errors: Vec::new(),
        }
    }

    /// Takes a finding over.
    pub(crate) async fn take(&mut self, finding: &Finding, summary: &mut Summary) {
        let id = finding.id();
        let known = self.known.remove(&id);
        let Some(rendered) = render(finding) else {
            if finding.verdict.outcome == Outcome::NotApplicable
                && known.is_some_and(|known| !known.archived)
            {
                self.gone.insert(id, finding.observed_at);
            }
            return;
        };
        let rendered = match &known {
            Some(known) if is_unchanged(known, &rendered, finding.observed_at) => {
                summary.unchanged += 1;
                return;
            }
            Some(known) => rendered.created_at(&known.created_at),
            None => rendered,
        };
        let has_tags = finding.resource.kind() != ResourceKind::EcrImage;
        let untagged = (has_tags && finding.tags.is_none()).then(|| finding.resource.clone());
        self.batch.push((rendered, untagged));
        if self.batch.len() >= BATCH {
            self.send(summary).await;
        }
    }

    /// Archives what the run has not come across, where `is_gone` says of the generator and resource that it should
    /// have.
    pub(crate) fn archive_unseen(&mut self, is_gone: impl Fn(&str, &Resource) -> bool) {
        let unseen = self.known.drain().filter(|(_, known)| !known.archived);
        let gone = unseen.filter(|(_, known)| {
            let generator = known.generator.strip_prefix(GENERATOR);
            let resource = Resource::parse(&known.resource).ok();
            generator
                .zip(resource)
                .is_some_and(|(check, resource)| is_gone(check, &resource))
        });
        self.gone.extend(gone.map(|(id, _)| (id, self.started_at)));
    }

    /// Sends and archives what is left, and says what went wrong on the whole way.
    pub(crate) async fn finish(mut self, summary: &mut Summary) -> Vec<Error> {
        self.send(summary).await;
        if !self.gone.is_empty() {
            match self.hub.archive(&self.gone).await {
                Ok(imported) => summary.archived += self.settle(imported),
                Err(error) => self.errors.push(Error::new(ErrorKind::NotDelivered, error)),
            }
        }
        self.errors
    }

    async fn send(&mut self, summary: &mut Summary) {
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        let untagged: Vec<&Resource> = batch
            .iter()
            .filter_map(|(_, resource)| resource.as_ref())
            .collect();
        // A finding without tags is worth more than none.
        let tags = self.reader.tags(&untagged).await.unwrap_or_else(|unread| {
            tracing::warn!(
                reason = unread.code,
                "findings are sent without tags: {}",
                unread.text
            );
            eksentry_collectors::Tags::default()
        });
        let findings = batch.into_iter().map(|(rendered, resource)| {
            let tags = resource.and_then(|resource| tags.get(resource.arn().as_str()));
            match tags {
                Some(tags) => rendered.with_tags(tags),
                None => rendered,
            }
        });
        let imported = self.hub.import(findings.collect()).await;
        summary.posted += self.settle(imported);
    }

    /// Notes what failed; how many did not comes back.
    fn settle(&mut self, imported: Imported) -> usize {
        for failure in imported.failed {
            tracing::error!(
                finding = failure.id,
                "the finding was not delivered: {}",
                failure.problem
            );
            let message = format!(
                "the finding {} was not delivered: {}",
                failure.id, failure.problem
            );
            self.errors
                .push(Error::new(ErrorKind::NotDelivered, message));
        }
        imported.taken
    }
}

/// Whether sending the finding would say nothing new: Security Hub holds the same, recent enough, or something newer.
fn is_unchanged(known: &Known, rendered: &Rendered, observed_at: Timestamp) -> bool {
    let Some(updated_at) = known.updated_at else {
        return false;
    };
    let same = !known.archived && known.digest.as_ref() == Some(&rendered.digest);
    let fresh = observed_at.duration_since(updated_at).unsigned_abs() < REFRESH;
    updated_at >= observed_at || (same && fresh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use eksentry_core::{Settings, State, checks};

    fn rendered() -> Rendered {
        let resource =
            Resource::parse("arn:aws:kms:eu-central-1:111122223333:key/1234abcd").unwrap();
        let unread = eksentry_core::Unread {
            code: "ACCESS_DENIED",
            text: "Denied.".to_owned(),
        };
        let observation = eksentry_core::Observation {
            resource,
            observed_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            state: State::Unread(unread),
        };
        render(&Finding::of(
            checks::find("kms-cmk-rotation").unwrap(),
            &observation,
            &Settings::default(),
        ))
        .unwrap()
    }

    #[test]
    fn only_news_are_sent() {
        let rendered = rendered();
        let known = |updated_at: &str, archived, digest: &str| Known {
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            updated_at: updated_at.parse().ok(),
            archived,
            digest: Some(digest.to_owned()),
            resource: String::new(),
            generator: String::new(),
        };
        let same = rendered.digest.as_str();
        for (known, unchanged) in [
            (known("2026-02-20T00:00:00Z", false, same), true),
            (known("2026-01-20T00:00:00Z", false, same), false),
            (known("2026-02-20T00:00:00Z", false, "other"), false),
            (known("2026-02-20T00:00:00Z", true, same), false),
            (known("2026-03-02T00:00:00Z", false, "other"), true),
            (known("long ago", false, same), false),
        ] {
            let observed_at = "2026-03-01T00:00:00Z".parse().unwrap();
            assert_eq!(
                is_unchanged(&known, &rendered, observed_at),
                unchanged,
                "{known:?}"
            );
        }
    }
}
