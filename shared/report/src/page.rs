//! The report as one HTML file that needs no network.

use std::io;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::finding::ONE_MONTH;
use crate::frameworks::FORMULA;
use crate::{Comparison, Framework, Report};

/// The frame of the page, with placeholders for the style sheet, the script and the data.
const TEMPLATE: &str = include_str!("page/page.html");

const STYLE: &str = include_str!("page/style.css");

/// The parts of the script, which share one scope.
const SCRIPT: [&str; 11] = [
    include_str!("page/data.js"),
    include_str!("page/helpers.js"),
    include_str!("page/state.js"),
    include_str!("page/overview.js"),
    include_str!("page/filters.js"),
    include_str!("page/finding.js"),
    include_str!("page/results.js"),
    include_str!("page/frameworks.js"),
    include_str!("page/lists.js"),
    include_str!("page/changes.js"),
    include_str!("page/start.js"),
];

/// The data of the page: the report, and what follows from it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// The limits of the evaluation, as sentences.
    limits: Vec<String>,
    frameworks: Vec<Framework>,
    formula: &'static str,
    soon_days: i32,
    comparison: Option<&'a Comparison>,
}

impl Report {
    /// Renders the page as a complete HTML document.
    ///
    /// The data is embedded as JSON, which the page's script parses and shows as text. The page's
    /// Content-Security-Policy allows only that script and that style sheet, by their hashes.
    pub(crate) fn write_page(
        &self,
        comparison: Option<&Comparison>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let data = Data {
            report: self,
            limits: self.limits(),
            frameworks: self.frameworks(),
            formula: FORMULA,
            soon_days: ONE_MONTH,
            comparison,
        };
        let (before, after) = frame();
        out.write_all(before.as_bytes())?;
        serde_json::to_writer(Embedded(&mut *out), &data)?;
        out.write_all(after.as_bytes())
    }
}

/// Returns the page before and after the data. The data itself can contain text that looks like a placeholder.
fn frame() -> (String, String) {
    let script = format!("\"use strict\";\n(() => {{\n{}}})();\n", SCRIPT.join("\n"));
    let frame = TEMPLATE
        .replace("{{script-sha256}}", &sha256(&format!("\n{script}")))
        .replace("{{style-sha256}}", &sha256(&format!("\n{STYLE}")))
        .replace("{{script}}", &script)
        .replace("{{style}}", STYLE);
    let (before, after) = frame.split_once("{{data}}").unwrap_or((&frame, ""));
    (before.to_owned(), after.to_owned())
}

/// The writer of JSON in a script element. Without `<`, the JSON can neither end the element nor open a comment.
struct Embedded<'a>(&'a mut dyn io::Write);

impl io::Write for Embedded<'_> {
    fn write(&mut self, json: &[u8]) -> io::Result<usize> {
        for (index, part) in json.split(|byte| *byte == b'<').enumerate() {
            if index > 0 {
                self.0.write_all(b"\\u003c")?;
            }
            self.0.write_all(part)?;
        }
        Ok(json.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn sha256(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tests::{CLUSTER, evaluation, plain, report};
    use crate::{CheckSummary, Exception, Note, Package, Place, Reason, Status, Vulnerability};

    fn page(report: &Report) -> String {
        let mut out = Vec::new();
        report.write_page(None, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Returns the text between the first `start` and the `end` after it.
    fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
        let (_, rest) = text.split_once(start).expect("the start is in the text");
        rest.split_once(end).expect("the end is in the text").0
    }

    fn data(page: &str) -> Value {
        let start = r#"<script type="application/json" id="data">"#;
        serde_json::from_str(between(page, start, "</script>")).expect("the embedded data is JSON")
    }

    #[test]
    fn all_data_is_embedded() {
        let report = report([plain("eks-endpoint-private", CLUSTER, Status::Failed)])
            .with_evaluations([evaluation("rule", "payments-prod", "COMPLIANT")]);
        let data = data(&page(&report));
        let finding = &data["findings"][0];
        assert_eq!(finding["status"], "FAILED");
        assert_eq!(finding["severity"], "HIGH");
        assert_eq!(finding["check"], "eks-endpoint-private");
        assert_eq!(finding["type"], "AwsEksCluster");
        assert_eq!(finding["resourceId"], CLUSTER);
        let checks = data["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["id"] == finding["check"]);
        assert_eq!(check.unwrap()["service"], "Amazon EKS");
        assert_eq!(data["evaluations"][0]["resourceId"], "payments-prod");
        assert_eq!(data["scopes"][0]["account"], "111122223333");
        assert_eq!(data["frameworks"][0]["short"], "CIS EKS");
        assert_eq!(data["comparison"], Value::Null);
    }

    #[test]
    fn a_comparison_is_embedded() {
        let before = report([plain("eks-endpoint-private", CLUSTER, Status::Failed)]);
        let now = report([plain("eks-endpoint-private", CLUSTER, Status::Passed)]);
        let mut out = Vec::new();
        let comparison = now.compare(&before);
        now.write_page(Some(&comparison), &mut out).unwrap();
        let data = data(&String::from_utf8(out).unwrap());
        assert_eq!(data["comparison"]["changes"], json!(["FIXED"]));
        assert_eq!(data["comparison"]["madeAt"], "2026-11-23T09:00:00Z");
    }

    #[test]
    fn hostile_texts_are_not_parsed_as_html() {
        let hostile =
            || "</script><script>alert(1)</script><!-- {{data}} {{script-sha256}}".to_owned();
        let map = || [(hostile(), hostile())].into();
        let mut finding = plain("k8s-pod-privileged", &hostile(), Status::Failed);
        finding.id = hostile();
        finding.check = hostile();
        finding.resource = hostile();
        finding.resource_type = hostile();
        finding.account = hostile();
        finding.region = hostile();
        // Whoever may create objects in a cluster chooses their names.
        finding.place = Some(Place {
            cluster: hostile(),
            cluster_id: hostile(),
            namespace: hostile(),
            object: hostile(),
        });
        finding.reasons = vec![Reason {
            code: hostile(),
            text: hostile(),
        }];
        finding.explanation = hostile();
        finding.command = hostile();
        finding.exception = Some(Exception {
            reason: hostile(),
            until: None,
        });
        finding.parameters = [(hostile(), vec![hostile()])].into();
        finding.details = map();
        finding.tags = map();
        finding.vulnerabilities = vec![Vulnerability {
            id: hostile(),
            severity: hostile(),
            score: None,
            url: hostile(),
            packages: vec![Package {
                name: hostile(),
                version: hostile(),
                fixed_in: hostile(),
            }],
        }];
        finding.note = Some(Note {
            text: hostile(),
            by: hostile(),
            at: None,
        });
        let check = CheckSummary {
            requirement: hostile(),
            remediation: hostile(),
            url: hostile(),
            ..CheckSummary::unknown(&hostile(), &hostile()).with_controls(vec![hostile()])
        };
        let evaluations = [evaluation(&hostile(), &hostile(), &hostile())];
        let hostile_page = page(
            &report([finding])
                .with_checks([check])
                .with_evaluations(evaluations),
        );
        let plain_page = page(&report([]));
        for mark in ["<script", "</script", "<!--"] {
            let count = |page: &str| page.matches(mark).count();
            assert_eq!(count(&hostile_page), count(&plain_page), "{mark}");
        }
        let data = data(&hostile_page);
        assert_eq!(data["findings"][0]["explanation"], hostile());
        assert_eq!(data["findings"][0]["place"]["namespace"], hostile());
    }

    #[test]
    fn an_empty_report_renders_a_page() {
        let page = page(&report([]));
        assert_eq!(data(&page)["findings"], json!([]));
        assert!(!page.contains("{{"), "a placeholder is left");
    }

    #[test]
    fn the_policy_allows_only_this_script_and_this_style_sheet() {
        let page = page(&report([]));
        let policy = between(&page, "Content-Security-Policy\" content=\"", "\">");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        for (directive, start, end) in [
            ("script-src", "<script>", "</script>"),
            ("style-src", "<style>", "</style>"),
        ] {
            let hash = sha256(between(&page, start, end));
            let source = format!("{directive} 'sha256-{hash}';");
            assert!(policy.contains(&source), "{source} is not in {policy}");
        }
    }

    #[test]
    fn the_page_loads_no_external_resources() {
        let page = page(&report([]));
        assert!(!page.contains("unsafe-inline"));
        for loading in [
            "src=\"",
            "href=\"http",
            "url(",
            "@import",
            "innerHTML",
            "insertAdjacentHTML",
            "outerHTML",
            " style=\"",
        ] {
            assert!(!page.contains(loading), "{loading} in the page");
        }
    }
}
