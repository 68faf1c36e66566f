//! Findings, which the reporters render.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::check::Check;
use crate::details::Details;
use crate::facts::kubernetes::ObjectName;
use crate::mute_list::Mute;
use crate::observation::Observation;
use crate::outage::Outage;
use crate::parameters::ParameterValues;
use crate::resource::Resource;
use crate::roll_up::Sending;
use crate::verdict::{Outcome, Verdict};

/// A check's decision about one resource, with everything that a report states about it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The check.
    pub check: &'static Check,
    /// The resource.
    pub resource: Resource,
    /// The other known properties of the resource, which are empty if it could not be read.
    pub details: Details,
    /// The resource's tags; `None` if describing the resource did not return them.
    pub tags: Option<Vec<(String, String)>>,
    /// The decision.
    pub verdict: Verdict,
    /// The values of the check's parameters, by name, without the parameters that have no value.
    pub parameters: Vec<(&'static str, Vec<String>)>,
    /// The address of a page about the check.
    pub link: String,
    /// A text that changes whenever the evaluated facts change, as far as a list shows this without describing the
    /// resource itself.
    pub revision: Option<String>,
    /// The day (UTC) from which on nothing in the cluster could be read, if the finding reports that.
    pub unread_since: Option<Date>,
    /// The time at which the resource was described.
    pub observed_at: Timestamp,
    /// The condition for sending the finding.
    pub sending: Sending,
}

impl Finding {
    /// Evaluates an observation, and returns the findings: exactly one, unless the check evaluates the objects in a
    /// resource. `docs` is the address at which the checks' pages are published. `mute` applies the mutes for a
    /// resource to a verdict.
    pub fn all(
        check: &'static Check,
        observation: &Observation,
        settings: &ParameterValues,
        docs: Option<&str>,
        mute: &dyn Fn(&Resource, Verdict) -> Verdict,
    ) -> Vec<Self> {
        let rolled_up = check.verdicts(observation, settings, mute).into_iter();
        let needs = check.needs.iter().copied().collect();
        let facts = observation.facts();
        let findings = rolled_up.map(|one| {
            let is_observed = one.resource == observation.resource;
            let observed = facts.filter(|_| is_observed);
            let details = observed.map_or(one.details, |facts| facts.details_for(needs));
            let in_use = one.verdict.scan.as_ref().and_then(|scan| scan.in_use);
            // Objects have no tags.
            let tags = match observed {
                Some(facts) => facts.tags().map(<[_]>::to_vec),
                None => (!is_observed).then(Vec::new),
            };
            Self {
                check,
                resource: one.resource,
                details: in_use.unwrap_or_default().add_to(details),
                tags,
                verdict: one.verdict,
                parameters: check.effective_parameters(settings),
                link: check.link(docs),
                revision: observed
                    .and_then(|facts| facts.revision(needs))
                    .map(str::to_owned),
                unread_since: None,
                observed_at: observation.observed_at,
                sending: one.sending,
            }
        });
        findings.collect()
    }

    /// Returns the finding that takes the place of an earlier one about a cluster that can't be read, or about an object
    /// in it, which no longer counts. Of an object, nothing is known but its names. `docs` is the address at which the
    /// checks' pages are published.
    pub fn stale(
        check: &'static Check,
        resource: Resource,
        outage: &Outage,
        settings: &ParameterValues,
        docs: Option<&str>,
        observed_at: Timestamp,
    ) -> Self {
        Self {
            check,
            details: ObjectName::details_of_unread(&resource),
            tags: Some(Vec::new()),
            verdict: Verdict::not_available_for(vec![outage.reason_of_stale()]),
            parameters: check.effective_parameters(settings),
            link: check.link(docs),
            revision: None,
            unread_since: None,
            observed_at,
            sending: Sending::Always,
            resource,
        }
    }

    /// Returns the finding that a cluster can't be read, with the day on which that began.
    #[must_use]
    pub fn with_outage(mut self, outage: &Outage) -> Self {
        self.verdict.reasons.push(outage.reason());
        self.unread_since = Some(outage.since());
        self
    }

    /// Returns the finding under a mute, which turns a failure into a pass.
    pub fn muted(self, mute: &Mute) -> Self {
        Self {
            verdict: self.verdict.muted(mute.reason(), mute.until()),
            ..self
        }
    }

    /// Returns a sentence that gives the reason for the severity of a failure, or `None` if the finding is not a
    /// failure.
    pub fn severity_reason(&self) -> Option<String> {
        let Outcome::Failed(severity) = self.verdict.outcome else {
            return None;
        };
        let reason = self.check.reason_for(severity)?;
        Some(format!("{severity}, since {reason}."))
    }

    /// Returns the finding's id in every report, `eksentry/<checkId>/<resource id>`.
    pub fn id(&self) -> String {
        finding_id(self.check, &self.resource)
    }
}

/// Returns the id of the finding of a check about a resource: `eksentry/<checkId>/<resource id>`.
pub fn finding_id(check: &Check, resource: &Resource) -> String {
    format!("{}/{}", generator_id(check), resource.id())
}

/// Returns the id of the check and the resource in the id of a finding, or `None` if it is not the id of a finding of
/// eksentry.
pub fn parse_finding_id(id: &str) -> Option<(&str, Resource)> {
    let (check, resource) = id.strip_prefix(GENERATOR)?.split_once('/')?;
    let resource = Resource::parse(resource).ok()?;
    // The ARN of a cluster does not tell whether the finding is about the cluster or about its contents.
    let is_inside = check.starts_with(KUBERNETES);
    Some((
        check,
        if is_inside {
            resource.inside()
        } else {
            resource
        },
    ))
}

/// Returns the id that all findings of a check have in common, `eksentry/<checkId>`.
pub fn generator_id(check: &Check) -> String {
    format!("{GENERATOR}{}", check.id)
}

/// The beginning of the generator ids of all of eksentry's findings.
pub const GENERATOR: &str = "eksentry/";

/// The beginning of the ids of the checks that evaluate the contents of clusters.
pub const KUBERNETES: &str = "k8s-";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::find;
    use crate::checks::samples::{cluster, image, key, unread};
    use crate::facts::image::Scan;
    use crate::facts::key::Rotation;
    use crate::facts::{EcrImage, EksCluster, KmsKey};
    use crate::mute_list::Entry;
    use crate::observation::State;
    use crate::severity::Severity;

    const CLUSTER: &str = "arn:aws:eks:eu-central-1:111122223333:cluster/payments";
    const IMAGE: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b";
    const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";

    fn finding(check: &str, arn: &str, state: State) -> Finding {
        let observation = Observation {
            resource: Resource::parse(arn).unwrap(),
            observed_at: "2026-03-01T10:20:30Z".parse().unwrap(),
            state,
        };
        let settings = ParameterValues::default();
        let check = find(check).unwrap();
        let findings = Finding::all(check, &observation, &settings, None, &|_, verdict| verdict);
        findings.into_iter().next().unwrap()
    }

    fn rotated(rotation: Rotation) -> Finding {
        let key = KmsKey {
            rotation: Ok(rotation),
            ..key()
        };
        finding("kms-cmk-rotation", KEY, State::present(key))
    }

    #[test]
    fn the_id_contains_the_check_and_the_resource() {
        assert_eq!(
            rotated(Rotation::Off).id(),
            "eksentry/kms-cmk-rotation/arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
        );
    }

    #[test]
    fn finding_ids_can_be_parsed() {
        for resource in [
            CLUSTER,
            "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api",
            IMAGE,
            KEY,
            "AWS::::Account:111122223333/eu-central-1",
        ] {
            let resource = Resource::parse(resource).unwrap();
            let check = find("kms-cmk-rotation").unwrap();
            let id = finding_id(check, &resource);
            assert_eq!(parse_finding_id(&id), Some((check.id, resource)));
        }
        for id in [
            "eksentry/x",
            "other/kms-cmk-rotation/arn:aws:kms:r:1:key/1",
            "eksentry/x/y",
        ] {
            assert!(parse_finding_id(id).is_none(), "{id}");
        }
    }

    #[test]
    fn a_finding_contains_the_observed_properties_of_the_resource() {
        let tags = vec![("team".to_owned(), "cards".to_owned())];
        let cluster = EksCluster {
            tags: tags.clone(),
            ..cluster()
        };
        let image = EcrImage {
            scan: Ok(Scan::Never),
            scan_revision: Some("1".into()),
            ..image()
        };
        let (private, scan) = ("eks-endpoint-private", "ecr-image-scan-findings");
        for (finding, has_details, tags, revision) in [
            (
                finding(private, CLUSTER, State::present(cluster)),
                true,
                Some(tags),
                None,
            ),
            (
                finding(scan, IMAGE, State::present(image)),
                true,
                None,
                Some("1"),
            ),
            (rotated(Rotation::Off), true, None, None),
            (finding(private, CLUSTER, State::Gone), false, None, None),
            (
                finding(private, CLUSTER, State::Unread(unread())),
                false,
                None,
                None,
            ),
        ] {
            assert_eq!(!finding.details.is_empty(), has_details, "{finding:?}");
            assert_eq!(finding.tags, tags);
            assert_eq!(finding.revision.as_deref(), revision);
        }
    }

    #[test]
    fn only_a_failure_has_a_severity_reason() {
        let reason = "MEDIUM, since the same key material protects an ever larger amount of data.";
        for (finding, expected) in [
            (rotated(Rotation::Off), Some(reason)),
            (rotated(Rotation::Every { days: 365 }), None),
            (finding("kms-cmk-rotation", KEY, State::Gone), None),
        ] {
            assert_eq!(finding.severity_reason().as_deref(), expected);
        }
    }

    #[test]
    fn a_mute_changes_only_the_verdict() {
        let text = |text: &str| Some(text.to_owned());
        let mute = Mute::try_from(Entry {
            check: text("*"),
            resource: text("*"),
            tag: None,
            reason: text("Why"),
            until: text("2026-12-31"),
        });
        let failed = rotated(Rotation::Off);
        assert_eq!(failed.verdict.outcome, Outcome::Failed(Severity::Medium));
        let muted = failed.clone().muted(&mute.unwrap());
        assert!(muted.verdict.is_muted() && !failed.verdict.is_muted());
        let reason = muted.verdict.reasons[0].text.as_str();
        assert_eq!(reason, "Muted until 2026-12-31: Why.");
        assert_eq!((muted.id(), muted.details), (failed.id(), failed.details));
    }
}
