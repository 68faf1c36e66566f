//! The report in the Static Analysis Results Interchange Format (SARIF) 2.1.0.
//!
//! Specification: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. Findings that passed are no
//! results, since the services that read SARIF show each result as a problem. Accepted failures are suppressed results.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use eksentry_core::Severity;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use crate::{Change, CheckSummary, Comparison, Finding, Report, Status};

/// The characters that a segment of a path in a URI can't contain, in addition to control characters and those that are
/// not ASCII.
const NOT_IN_SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    invocations: [Invocation; 1],
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    version: &'a str,
    information_uri: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'a str>,
    properties: RuleProperties<'a>,
}

#[derive(Serialize)]
struct RuleProperties<'a> {
    tags: BTreeSet<&'a str>,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    end_time_utc: String,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: [Location<'a>; 1],
    partial_fingerprints: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression<'a>>,
    properties: ResultProperties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation<'a> {
    name: &'a str,
    fully_qualified_name: &'a str,
    kind: &'static str,
}

#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    status: &'static str,
    justification: &'a str,
}

#[derive(Serialize)]
struct ResultProperties<'a> {
    status: String,
    severity: &'static str,
    account: &'a str,
    region: &'a str,
    #[serde(rename = "type")]
    resource_type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    command: &'a str,
}

impl Report {
    pub(super) fn write_sarif(
        &self,
        comparison: Option<&Comparison>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let findings = self.findings.iter().enumerate();
        let results = findings
            .filter(|(_, finding)| finding.status.is_open() || finding.exception.is_some())
            .map(|(index, finding)| {
                let change = comparison.map(|comparison| comparison.change(index));
                result(finding, change)
            });
        let run = Run {
            tool: Tool {
                driver: Driver {
                    name: "eksentry",
                    version: &self.version,
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules: self.checks.iter().map(rule).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: self.errors.is_empty(),
                end_time_utc: self.made_at.to_string(),
                tool_execution_notifications: self.notifications(),
            }],
            results: results.collect(),
        };
        let log = Log {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [run],
        };
        Ok(serde_json::to_writer(out, &log)?)
    }

    /// Returns the reasons for which results may be missing.
    fn notifications(&self) -> Vec<Notification> {
        let notification = |level, text: &str| Notification {
            level,
            message: message(text),
        };
        let errors = self.errors.iter().map(|error| notification("error", error));
        let limits = self.limits().into_iter().chain(self.pending_results());
        let limits = limits.map(|limit| notification("note", &limit));
        errors.chain(limits).collect()
    }
}

fn rule(check: &CheckSummary) -> Rule<'_> {
    let given = |text: &str| (!text.is_empty()).then(|| message(text));
    let tags = check.standards.iter().map(String::as_str);
    Rule {
        id: &check.id,
        short_description: message(&check.title),
        full_description: given(&check.requirement),
        help: given(&check.remediation),
        help_uri: Some(check.url.as_str()).filter(|url| url.starts_with("https://")),
        properties: RuleProperties {
            tags: tags.chain(["security"]).collect(),
        },
    }
}

fn result(finding: &Finding, change: Option<Change>) -> SarifResult<'_> {
    let (kind, level) = kind_and_level(finding);
    let exceptions = finding.exception.iter();
    SarifResult {
        rule_id: &finding.check,
        kind,
        level,
        message: message(&format!("{}: {}", finding.resource, finding.reason())),
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation {
                    uri: path(&finding.resource_id),
                },
            },
            logical_locations: [LogicalLocation {
                name: &finding.resource,
                fully_qualified_name: &finding.resource_id,
                kind: "resource",
            }],
        }],
        partial_fingerprints: [("eksentryFindingId/v1", finding.id.as_str())].into(),
        baseline_state: change.map(|change| match change {
            Change::New => "new",
            Change::Worse => "updated",
            _ => "unchanged",
        }),
        suppressions: exceptions
            .map(|exception| Suppression {
                kind: "external",
                status: "accepted",
                justification: &exception.reason,
            })
            .collect(),
        properties: ResultProperties {
            status: finding.status.word(),
            severity: finding.severity.label(),
            account: &finding.account,
            region: &finding.region,
            resource_type: &finding.resource_type,
            command: &finding.command,
        },
    }
}

/// Returns a message that is shown as it is: braces would be placeholders, and brackets before parentheses a link.
fn message(text: &str) -> Message {
    let text = text.replace('{', "{{").replace('}', "}}");
    Message {
        text: text.replace("](", "] ("),
    }
}

/// Returns the id of a resource as a path, such as `arn/aws/eks/eu-central-1/111122223333/cluster/prod`. Each result needs
/// a location, and GitHub accepts only those that may be files in the repository: no URIs with a scheme, which an ARN
/// would be.
fn path(resource_id: &str) -> String {
    let segments = resource_id.split([':', '/']);
    let segments = segments.filter(|segment| !matches!(*segment, "" | "." | ".."));
    let segments = segments.map(|segment| utf8_percent_encode(segment, NOT_IN_SEGMENT).to_string());
    match segments.collect::<Vec<_>>().join("/") {
        empty if empty.is_empty() => "unknown".to_owned(),
        path => path,
    }
}

/// Returns the kind and the level of a result. A result of another kind than `fail` has no level.
fn kind_and_level(finding: &Finding) -> (&'static str, &'static str) {
    match finding.status {
        Status::Warning => ("review", "none"),
        Status::NotAvailable => ("open", "none"),
        _ => match finding.severity {
            Severity::Critical | Severity::High => ("fail", "error"),
            Severity::Medium => ("fail", "warning"),
            Severity::Low | Severity::Informational => ("fail", "note"),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tests::{CLUSTER, finding, plain, report};
    use crate::{Exception, Format, Narrowing};

    fn sarif(report: &Report, comparison: Option<&Comparison>) -> Value {
        let mut out = Vec::new();
        report.render(Format::Sarif, comparison, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn accepted() -> Finding {
        Finding {
            exception: Some(Exception {
                reason: "Agreed.".to_owned(),
                until: None,
            }),
            ..plain("kms-cmk-rotation", "key", Status::Passed)
        }
    }

    /// .ci/sarif.py validates the complete files.
    #[test]
    fn each_result_has_a_rule_and_a_location_that_is_a_uri() {
        let hostile = "\u{0}<b> \"%zz\"\\ {é} [x]#?\n";
        let log = sarif(
            &report([
                plain("eks-endpoint-private", CLUSTER, Status::Failed),
                plain(hostile, hostile, Status::NotAvailable),
            ]),
            None,
        );
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        for result in results {
            assert!(
                rules.iter().any(|rule| rule["id"] == result["ruleId"]),
                "{result}"
            );
        }
        let uri = |index: usize| {
            results[index]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone()
        };
        assert_eq!(
            uri(0),
            "arn/aws/eks/eu-central-1/111122223333/cluster/payments-prod"
        );
        assert_eq!(
            uri(1),
            "%00%3Cb%3E%20%22%25zz%22%5C%20%7B%C3%A9%7D%20%5Bx%5D%23%3F%0A"
        );
    }

    #[test]
    fn a_location_is_a_path_without_a_scheme() {
        for (id, expected) in [
            ("AWS::::Account:1/eu-west-1", "AWS/Account/1/eu-west-1"),
            ("my cluster:1", "my%20cluster/1"),
            ("//host/../x/./y", "host/x/y"),
            ("javascript:alert(1)", "javascript/alert(1)"),
            ("", "unknown"),
            ("..", "unknown"),
        ] {
            assert_eq!(path(id), expected, "{id}");
        }
    }

    #[test]
    fn a_message_has_neither_placeholders_nor_links() {
        let text = message("{0} [Fix](https://example.com) a[1] {\"x\": {}}").text;
        assert_eq!(
            text,
            "{{0}} [Fix] (https://example.com) a[1] {{\"x\": {{}}}}"
        );
    }

    #[test]
    fn findings_that_passed_are_no_results() {
        let log = sarif(
            &report([
                plain("eks-endpoint-private", CLUSTER, Status::Passed),
                plain("eks-endpoint-private", "r2", Status::Archived),
                accepted(),
            ]),
            None,
        );
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 1);
        assert_eq!(results[0]["ruleId"], "kms-cmk-rotation");
        assert_eq!(results[0]["suppressions"][0]["justification"], "Agreed.");
    }

    #[test]
    fn the_level_follows_from_the_severity_and_the_kind_from_the_status() {
        for (status, severity, kind, level) in [
            (Status::Failed, Severity::Critical, "fail", "error"),
            (Status::Failed, Severity::High, "fail", "error"),
            (Status::Failed, Severity::Medium, "fail", "warning"),
            (Status::Failed, Severity::Low, "fail", "note"),
            (Status::Warning, Severity::Low, "review", "none"),
            (
                Status::NotAvailable,
                Severity::Informational,
                "open",
                "none",
            ),
        ] {
            let log = sarif(&report([finding("a", CLUSTER, status, severity)]), None);
            let result = &log["runs"][0]["results"][0];
            assert_eq!(
                (&result["kind"], &result["level"]),
                (&json!(kind), &json!(level))
            );
        }
    }

    #[test]
    fn what_may_be_missing_is_notified() {
        let report = report([])
            .with_errors(["Throttled.".to_owned()])
            .with_pending(["a".to_owned()])
            .narrowed(Narrowing {
                resources: vec![CLUSTER.to_owned()],
                ..Narrowing::default()
            });
        let log = sarif(&report, None);
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        let notifications = &invocation["toolExecutionNotifications"];
        assert_eq!(
            *notifications,
            json!([
                {"level": "error", "message": {"text": "Throttled."}},
                {"level": "note", "message": {"text": "Only one resource was evaluated."}},
                {"level": "note", "message": {"text": "1 result is not known yet."}},
            ])
        );
    }

    #[test]
    fn the_baseline_state_is_stated_if_reports_are_compared() {
        let check = "eks-endpoint-private";
        let now = report([
            plain(check, "r1", Status::Failed),
            plain(check, "r2", Status::Failed),
            plain(check, "r3", Status::Failed),
        ]);
        let before = report([
            plain(check, "r1", Status::Failed),
            plain(check, "r3", Status::Warning),
        ]);
        let log = sarif(&now, Some(&now.compare(&before)));
        let states: Vec<_> = log["runs"][0]["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["baselineState"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(states, ["unchanged", "new", "updated"]);
    }
}
