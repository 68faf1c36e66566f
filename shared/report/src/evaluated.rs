//! Findings of a report from the findings of checks.

use std::collections::BTreeMap;

use eksentry_core::facts::image;
use eksentry_core::{Detail, Details, Outcome, Resource};

use crate::finding::{display_name, is_inside};
use crate::{Exception, Finding, Package, Place, Reason, Status, Vulnerability};

impl Finding {
    /// Returns the finding of a check as reports have it; `None` if it is no result, because the check does not apply
    /// to the resource, or its result is not known yet.
    pub fn evaluated(finding: &eksentry_core::Finding) -> Option<Self> {
        let eksentry_core::Finding {
            check,
            resource,
            details,
            verdict,
            ..
        } = finding;
        let status = status(verdict.outcome)?;
        let property = |name: &str| details.get_text(name).unwrap_or_default();
        let name = name(resource, details);
        let place = is_inside(check.id).then(|| Place::new(property, resource.id(), &name));
        let reasons: Vec<Reason> = verdict.reasons.iter().map(reason).collect();
        let explanation = finding.severity_reason().into_iter();
        let explanation = explanation.chain([check.requirement.to_owned()]);
        let tags = finding.tags.iter().flatten().cloned();
        let scan = verdict.scan.iter();
        let vulnerabilities = scan.flat_map(|scan| &scan.vulnerabilities);
        Some(Self {
            id: finding.id(),
            check: check.id.to_owned(),
            status,
            severity: verdict.outcome.severity(),
            resource: place.as_ref().map_or(name, ToString::to_string),
            resource_id: resource.id().to_owned(),
            resource_type: resource.kind().asff_type.to_owned(),
            account: resource.account().to_owned(),
            region: resource.region().to_owned(),
            place,
            exception: Exception::of(&reasons).filter(|_| status == Status::Passed),
            reasons,
            explanation: explanation.collect::<Vec<_>>().join(" "),
            command: check.remediation.command_for(resource),
            first_seen: None,
            observed_at: Some(finding.observed_at),
            parameters: finding
                .parameters
                .iter()
                .map(|(name, values)| ((*name).to_owned(), values.clone()))
                .collect(),
            details: texts(details),
            tags: tags.collect(),
            vulnerabilities: vulnerabilities.map(vulnerability).collect(),
            note: None,
        })
    }
}

fn status(outcome: Outcome) -> Option<Status> {
    match outcome {
        Outcome::Failed(_) => Some(Status::Failed),
        Outcome::Warning => Some(Status::Warning),
        Outcome::NotAvailable => Some(Status::NotAvailable),
        Outcome::Passed => Some(Status::Passed),
        Outcome::NotApplicable | Outcome::Pending => None,
    }
}

fn name(resource: &Resource, details: &Details) -> String {
    let tag = details.iter().find_map(|(name, detail)| match detail {
        Detail::Texts(tags) if name == "imageTags" => tags.first(),
        _ => None,
    });
    let description = details.get_text("Description").unwrap_or_default();
    display_name(resource.name(), tag.map_or("", String::as_str), description)
}

fn reason(reason: &eksentry_core::Reason) -> Reason {
    Reason {
        code: reason.code.word().to_owned(),
        text: reason.text.clone(),
    }
}

fn texts(details: &Details) -> BTreeMap<String, String> {
    let texts = details.iter().map(|(name, detail)| {
        let text = match detail {
            Detail::Text(text) => text.clone(),
            Detail::Texts(texts) => texts.join(", "),
            Detail::Flag(flag) => flag.to_string(),
            Detail::Time(time) => time.to_string(),
        };
        (name.to_owned(), text)
    });
    texts.collect()
}

fn vulnerability(from: &image::Vulnerability) -> Vulnerability {
    let scores = from.cvss.iter().filter_map(|cvss| cvss.score);
    let packages = from.packages.iter().map(|package| Package {
        name: package.name.clone().unwrap_or_default(),
        version: package.version.clone().unwrap_or_default(),
        fixed_in: package.fixed_in.clone().unwrap_or_default(),
    });
    Vulnerability {
        id: from.id.clone(),
        severity: from.vendor_severity.clone().unwrap_or_default(),
        score: scores.filter(|score| score.is_finite()).reduce(f64::max),
        url: from.references.first().cloned().unwrap_or_default(),
        packages: packages.collect(),
    }
}

#[cfg(test)]
mod tests {
    use eksentry_core::checks;
    use eksentry_core::facts::image::{Cvss, ScanResult};
    use eksentry_core::{ReasonCode, Sending, Severity, Verdict};

    use super::*;
    use crate::tests::CLUSTER;

    /// Returns the finding of a check about a resource, with this verdict.
    fn finding(check: &str, resource: &str, verdict: Verdict) -> eksentry_core::Finding {
        let check = checks::find(check).unwrap();
        eksentry_core::Finding {
            check,
            resource: Resource::parse(resource).unwrap(),
            details: Details::default(),
            tags: None,
            verdict,
            parameters: vec![("mode", vec!["strict".to_owned()])],
            link: check.link(None),
            revision: None,
            unread_since: None,
            observed_at: "2026-11-23T09:00:00Z".parse().unwrap(),
            sending: Sending::Always,
        }
    }

    fn failed() -> Verdict {
        Verdict::failed(Severity::High, ReasonCode::PublicEndpointOn, "It is on.")
    }

    #[test]
    fn a_failure_has_its_reasons_and_its_command() {
        let of = finding("eks-endpoint-private", CLUSTER, failed());
        let finding = Finding::evaluated(&of).unwrap();
        assert_eq!(
            finding.id,
            format!("eksentry/eks-endpoint-private/{CLUSTER}")
        );
        assert_eq!(
            (finding.status, finding.severity),
            (Status::Failed, Severity::High)
        );
        assert_eq!(finding.resource, "payments-prod");
        assert_eq!(finding.resource_type, "AwsEksCluster");
        assert_eq!(finding.region, "eu-central-1");
        assert_eq!(finding.reason(), "It is on.");
        assert!(finding.explanation.ends_with(of.check.requirement));
        assert!(
            finding.command.contains("--name payments-prod"),
            "{}",
            finding.command
        );
        assert_eq!(finding.parameters["mode"], ["strict"]);
        assert_eq!((finding.place, finding.exception), (None, None));
    }

    #[test]
    fn what_is_no_result_is_no_finding() {
        for (outcome, expected) in [
            (Outcome::Failed(Severity::Low), Some(Status::Failed)),
            (Outcome::Warning, Some(Status::Warning)),
            (Outcome::NotAvailable, Some(Status::NotAvailable)),
            (Outcome::Passed, Some(Status::Passed)),
            (Outcome::Pending, None),
            (Outcome::NotApplicable, None),
        ] {
            let verdict = Verdict {
                outcome,
                ..failed()
            };
            let finding = Finding::evaluated(&finding("eks-endpoint-private", CLUSTER, verdict));
            assert_eq!(finding.map(|one| one.status), expected, "{outcome:?}");
        }
    }

    #[test]
    fn accepted_failures_state_why_and_until_when() {
        let until = "2026-12-31".parse().unwrap();
        let muted = failed().muted("SEC-1: agreed", until);
        let muted = Finding::evaluated(&finding("eks-endpoint-private", CLUSTER, muted));
        let expected = Exception {
            reason: "SEC-1: agreed.".to_owned(),
            until: Some(until),
        };
        assert_eq!(muted.unwrap().exception, Some(expected));

        let mut excepted = Verdict::passed(ReasonCode::ExceptedSystem, "Excepted.");
        excepted.exception = excepted.reasons.first().cloned();
        let excepted = Finding::evaluated(&finding("eks-endpoint-private", CLUSTER, excepted));
        let expected = Exception {
            reason: "Excepted.".to_owned(),
            until: None,
        };
        assert_eq!(excepted.unwrap().exception, Some(expected));

        let fails = Verdict {
            exception: failed().reasons.first().cloned(),
            ..failed()
        };
        let fails = Finding::evaluated(&finding("eks-endpoint-private", CLUSTER, fails));
        assert_eq!(fails.unwrap().exception, None);
    }

    #[test]
    fn an_object_has_a_place() {
        let mut of = finding(
            "k8s-pod-privileged",
            &format!("{CLUSTER}/namespaces/shop/deployments.apps/web"),
            failed(),
        );
        of.details = Details::default()
            .text("ClusterName", Some("payments-prod"))
            .text("ClusterArn", Some(CLUSTER))
            .text("Namespace", Some("shop"))
            .text("Kind", Some("Deployment"))
            .text("Name", Some("web"));
        let finding = Finding::evaluated(&of).unwrap();
        assert_eq!(finding.resource, "payments-prod/shop/Deployment/web");
        assert_eq!(finding.place.unwrap().cluster_id, CLUSTER);
    }

    #[test]
    fn an_image_has_its_tag_and_its_vulnerabilities() {
        let image = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b";
        let score = |score| Cvss {
            score,
            ..Cvss::default()
        };
        let scan = ScanResult {
            vulnerabilities: vec![image::Vulnerability {
                id: "CVE-2021-44228".to_owned(),
                cvss: vec![
                    score(Some(6.5)),
                    score(Some(f64::NAN)),
                    score(Some(10.0)),
                    score(None),
                ],
                ..image::Vulnerability::default()
            }],
            ..ScanResult::default()
        };
        let verdict = Verdict {
            scan: Some(scan.into()),
            ..failed()
        };
        let mut of = finding("ecr-image-scan-findings", image, verdict);
        of.details = Details::default()
            .texts("imageTags", ["4.2.0", "latest"])
            .flag("signed", false);
        let finding = Finding::evaluated(&of).unwrap();
        assert_eq!(finding.resource, "cards/api:4.2.0");
        assert_eq!(finding.details["imageTags"], "4.2.0, latest");
        assert_eq!(finding.details["signed"], "false");
        assert_eq!(finding.vulnerabilities[0].score, Some(10.0));
    }
}
