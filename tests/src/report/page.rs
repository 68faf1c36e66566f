//! The report as one HTML file that needs no network.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::Report;

const TEMPLATE: &str = include_str!("../../demo/report.html");

impl Report {
    /// Renders the page as a complete HTML document.
    ///
    /// The data is embedded as JSON, which the page's script parses and shows as text. The page's
    /// Content-Security-Policy allows only that script and that style sheet, by their hashes.
    pub fn page(&self) -> String {
        let frame = TEMPLATE
            .replace(
                "{{script-sha256}}",
                &sha256(between(TEMPLATE, "<script>", "</script>")),
            )
            .replace(
                "{{style-sha256}}",
                &sha256(between(TEMPLATE, "<style>", "</style>")),
            );
        // The data is inserted last, and only once, since it can contain text that looks like a placeholder.
        frame.replacen(
            "{{data}}",
            &embeddable(&serde_json::json!(self).to_string()),
            1,
        )
    }
}

/// Escapes JSON for a script element: without `<`, it can neither end the element nor open a comment.
fn embeddable(json: &str) -> String {
    json.replace('<', "\\u003c")
}

fn sha256(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// Returns the text between the first `start` and the `end` after it; empty if either is missing.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start)
        .and_then(|(_, rest)| rest.split_once(end))
        .map_or("", |(inner, _)| inner)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{CLUSTER, evaluation, finding, report};
    use super::*;

    fn data(page: &str) -> Value {
        let json = between(
            page,
            r#"<script type="application/json" id="data">"#,
            "</script>",
        );
        serde_json::from_str(json).expect("the embedded data is JSON")
    }

    #[test]
    fn all_data_is_embedded() {
        let mut asff = finding("eks-endpoint-private", CLUSTER, "FAILED", "HIGH");
        asff["Compliance"]["RelatedRequirements"] = json!(["PCI DSS v4.0.1/1.4.4"]);
        let page = report(
            [asff],
            vec![evaluation("rule", "payments-prod", "COMPLIANT")],
        )
        .page();
        let data = data(&page);
        assert_eq!(data["findings"][0]["status"], "FAILED");
        assert_eq!(data["findings"][0]["severity"], "HIGH");
        assert_eq!(data["findings"][0]["check"], "eks-endpoint-private");
        assert_eq!(data["findings"][0]["service"], "Amazon EKS");
        assert_eq!(data["findings"][0]["standards"], json!(["PCI DSS"]));
        assert_eq!(data["findings"][0]["type"], "AwsEksCluster");
        assert_eq!(data["findings"][0]["asff"]["Resources"][0]["Id"], CLUSTER);
        assert_eq!(data["evaluations"][0]["resourceId"], "payments-prod");
        assert_eq!(data["account"], "111122223333");
    }

    #[test]
    fn hostile_names_are_not_parsed_as_html() {
        let hostile = "</script><script>alert(1)</script><!-- {{data}} {{script-sha256}}";
        let mut asff = finding("eks-endpoint-private", hostile, "FAILED", "HIGH");
        asff["Title"] = json!(hostile);
        // Whoever may create objects in a cluster chooses their names.
        let mut in_cluster = finding("k8s-pod-privileged", hostile, "FAILED", "LOW");
        let members = ["ClusterName", "ClusterArn", "Namespace", "Kind", "Name"];
        for member in members {
            in_cluster["Resources"][0]["Details"]["Other"][member] = json!(hostile);
        }
        let evaluations = vec![evaluation(hostile, hostile, "COMPLIANT")];
        let page = report([asff, in_cluster], evaluations).page();
        assert_eq!(
            page.matches("<script").count(),
            TEMPLATE.matches("<script").count()
        );
        assert_eq!(
            page.matches("<!--").count(),
            TEMPLATE.matches("<!--").count()
        );
        let data = data(&page);
        assert_eq!(data["findings"][0]["title"], hostile);
        let place = &data["findings"][1]["place"];
        assert_eq!(place["namespace"], hostile);
        assert_eq!(place["object"], format!("{hostile}/{hostile}"));
    }

    #[test]
    fn an_empty_report_renders_a_page() {
        let page = report([], Vec::new()).page();
        assert_eq!(data(&page)["findings"], json!([]));
        assert!(!page.contains("{{"), "a placeholder is left");
    }

    #[test]
    fn the_page_loads_no_external_resources() {
        let page = report([], Vec::new()).page();
        assert!(page.contains("default-src 'none'"));
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
