//! `cargo reports`: measures how long it takes to render a report with 10,000 findings in each format, and how large the files are.
//! docs/measured.md has the results.

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use eksentry_core::{Check, Severity, checks::CHECKS};
use eksentry_report::{
    CheckSummary, Finding, Format, Package, Place, Reason, Report, Scope, Status, Vulnerability,
};

const FINDINGS: usize = 10_000;
const CLUSTERS: usize = 50;
const NAMESPACES: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).map_or_else(env::temp_dir, PathBuf::from);
    let now = report(0)?;
    let before = report(1)?;
    let start = Instant::now();
    let comparison = now.compare(&before);
    println!(
        "comparison     {:>6.0} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
    for format in Format::ALL {
        let path = folder.join(format.file_name());
        let start = Instant::now();
        let mut file = BufWriter::new(File::create(&path)?);
        now.render(format, Some(&comparison), &mut file)?;
        file.flush()?;
        println!(
            "{:<14} {:>6.0} ms {:>6.1} MB",
            format.file_name(),
            start.elapsed().as_secs_f64() * 1e3,
            f64::from(u32::try_from(path.metadata()?.len())?) / 1e6
        );
    }
    let start = Instant::now();
    Report::load(&folder.join(Format::Json.file_name()))?;
    println!(
        "reading JSON   {:>6.0} ms",
        start.elapsed().as_secs_f64() * 1e3
    );
    println!("The files are in {}.", folder.display());
    Ok(())
}

/// Returns a report in which each resource has the result that so many resources later have otherwise.
fn report(shift: usize) -> Result<Report, Box<dyn Error>> {
    let scope = Scope {
        account: "111122223333".to_owned(),
        region: "eu-central-1".to_owned(),
    };
    let numbers = 0..FINDINGS;
    let findings = numbers.zip(CHECKS.into_iter().cycle());
    Ok(Report::new("2026-11-23T09:00:00Z".parse()?, [scope])
        .with_checks(CHECKS.into_iter().map(CheckSummary::known))
        .with_findings(findings.map(|(number, check)| finding(check, number, shift))))
}

fn finding(check: &Check, number: usize, shift: usize) -> Finding {
    let status = match (number + shift) % 20 {
        0..9 => Status::Failed,
        9 => Status::Warning,
        10 => Status::NotAvailable,
        _ => Status::Passed,
    };
    let severity = match status {
        Status::Failed => check
            .severities
            .first()
            .map_or(Severity::Low, |(one, _)| *one),
        _ => Severity::Informational,
    };
    let cluster = format!("cluster-{:02}", number % CLUSTERS);
    let arn = format!("arn:aws:eks:eu-central-1:111122223333:cluster/{cluster}");
    let place = check.id.starts_with("k8s-").then(|| Place {
        cluster: cluster.clone(),
        cluster_id: arn.clone(),
        namespace: format!("team-{:02}", number / CLUSTERS % NAMESPACES),
        object: format!("Deployment/service-{number:05}"),
    });
    let resource_id = match &place {
        Some(place) => format!(
            "{arn}/namespaces/{}/deployments.apps/service-{number:05}",
            place.namespace
        ),
        None => {
            format!("arn:aws:ecr:eu-central-1:111122223333:repository/team/service-{number:05}")
        }
    };
    let texts = |values: &[(&str, &str)]| {
        let values = values.iter();
        values
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let has_vulnerabilities = check.id == "ecr-image-scan-findings";
    let vulnerabilities = (0..50)
        .filter(|_| has_vulnerabilities)
        .map(|index| Vulnerability {
            id: format!("CVE-2026-{index:05}"),
            severity: "HIGH".to_owned(),
            score: Some(7.5),
            url: format!("https://nvd.nist.gov/vuln/detail/CVE-2026-{index:05}"),
            packages: vec![Package {
                name: "openssl".to_owned(),
                version: "3.0.11-1".to_owned(),
                fixed_in: "3.0.15-1".to_owned(),
            }],
        });
    Finding {
        id: format!("eksentry/{}/{resource_id}", check.id),
        check: check.id.to_owned(),
        status,
        severity,
        resource: place
            .as_ref()
            .map_or_else(|| format!("team/service-{number:05}"), Place::to_string),
        resource_id,
        resource_type: "AwsEcrRepository".to_owned(),
        account: "111122223333".to_owned(),
        region: "eu-central-1".to_owned(),
        place,
        reasons: vec![Reason {
            code: "MEASURED".to_owned(),
            text: format!(
                "The setting of service-{number:05} was read, and its value is not the one that the check requires."
            ),
        }],
        explanation: check.requirement.to_owned(),
        command: format!("{} --name service-{number:05}", check.remediation.command),
        first_seen: "2026-11-01T00:00:00Z".parse().ok(),
        observed_at: "2026-11-23T08:59:00Z".parse().ok(),
        parameters: [("maxAge".to_owned(), vec!["30".to_owned()])].into(),
        details: texts(&[
            ("version", "1.33"),
            ("endpointPublicAccess", "true"),
            ("status", "ACTIVE"),
        ]),
        tags: texts(&[
            ("team", "payments"),
            ("environment", "production"),
            ("owner", "platform@example.com"),
        ]),
        vulnerabilities: vulnerabilities.collect(),
        ..Finding::default()
    }
}
