//! The page of one check.

use eksentry_core::{Check, Need, ReasonCode, Standard, kind::Family, standards::groups};

use super::standards::link;
use super::{PREVENTION, parameters, reasons, row, source_path, template};

/// Renders the page of a check in Markdown; `source` is the text of the check's file.
pub(super) fn page(check: &Check, source: &str) -> String {
    let (explanation, prevention) = explanation(source);
    let mut parts = vec![
        format!("# {}", check.title),
        note(check),
        overview(check),
        explanation,
        remediation(check),
    ];
    parts.extend(prevention);
    parts.extend(["## When it runs".to_owned(), triggers(check)]);
    let reasons = reasons::of(source);
    if !reasons.is_empty() {
        parts.extend(["## Reason codes".to_owned(), reason_codes(&reasons)]);
    }
    if !check.parameters.is_empty() {
        parts.extend(["## Parameters".to_owned(), parameters(check)]);
    }
    if groups(check.id).next().is_some() {
        parts.extend(["## Controls".to_owned(), controls(check)]);
    }
    parts.join("\n\n") + "\n"
}

fn note(check: &Check) -> String {
    format!(
        "<!-- Derived from {}. Edit that, then run {} -->",
        source_path(check).display(),
        super::BLESS
    )
}

fn overview(check: &Check) -> String {
    let kind = check.kind();
    let types = match kind.config_type() {
        Some(config_type) => format!(
            "`{}` in findings, `{config_type}` in AWS Config",
            kind.asff_type
        ),
        None => format!("`{}` in findings", kind.asff_type),
    };
    let runs = if kind.family == Family::Kubernetes {
        "if `Kubernetes` is `on`, unless `DisabledChecks` contains it"
    } else if check.enabled {
        "unless `DisabledChecks` contains it"
    } else {
        "only if `EnabledChecks` contains it or an event names it"
    };
    let lines = [
        row(&["Check", &format!("`{}`", check.id)]),
        row(&["---", "---"]),
        row(&["Resource", &format!("{}: {types}", kind.title)]),
        row(&["Severity of a failure", &severities(check)]),
        row(&["Requirement", check.requirement]),
        row(&["Runs", runs]),
    ];
    lines.join("\n")
}

/// Lists each severity that a failure can have, with its reason.
fn severities(check: &Check) -> String {
    let severities: Vec<_> = check
        .severities
        .iter()
        .map(|(severity, reason)| format!("{severity}: {reason}"))
        .collect();
    severities.join("; ")
}

/// Returns the module comment of the check's file, as Markdown, and the section about prevention at its end, if there
/// is one.
fn explanation(source: &str) -> (String, Option<String>) {
    let lines: Vec<_> = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let heading = format!("## {PREVENTION}");
    let end = lines.iter().position(|line| *line == heading);
    let (explanation, prevention) = lines.split_at(end.unwrap_or(lines.len()));
    let text = |lines: &[&str]| lines.join("\n").trim_end().to_owned();
    (text(explanation), end.map(|_| text(prevention)))
}

/// Renders the remediation text and the command of a finding.
fn remediation(check: &Check) -> String {
    let remediation = &check.remediation;
    format!(
        "In short: {}\n\n```sh\n{}\n```\n\nReplace the values in angle brackets. For more information, see <{}>.",
        remediation.text,
        command(check),
        remediation.url
    )
}

/// Returns the command with placeholders where a finding names its resource.
fn command(check: &Check) -> String {
    check
        .remediation
        .command
        .replace("{repository}", "<repository>")
        .replace("{name}", check.kind().placeholder)
        .replace("{region}", "<region>")
        .replace("{namespace}", "<namespace>")
}

fn triggers(check: &Check) -> String {
    let id = check.id;
    let config = match check.kind().config_type() {
        Some(config_type) => format!(
            "- AWS Config: the rule `<stack>-{id}`, if `ConfigRules` in the template is {}: when AWS Config records a \
             change of an `{config_type}`, and at the frequency of `ConfigFrequency`.",
            template::config_rules_of(check)
        ),
        None => "- AWS Config: never, since AWS Config has no such resource type.".to_owned(),
    };
    let rescanned = if check.needs.contains(&Need::RegistryScanning) {
        ", and when the registry's rules begin or stop scanning the repository"
    } else {
        ""
    };
    let events = check.kind().events;
    let event = events.map(|events| format!("- `ecr-event`: when {events}{rescanned}."));
    let sweep = format!(
        "- `sweep`: on the schedule of `SweepSchedule` in the template, and when it is invoked with `{{\"checks\": [\"{id}\"]}}`."
    );
    let lines: Vec<_> = [
        Some(config.as_str()),
        event.as_deref(),
        Some(sweep.as_str()),
    ]
    .into_iter()
    .flatten()
    .collect();
    lines.join("\n")
}

fn reason_codes(codes: &[ReasonCode]) -> String {
    let rows = codes
        .iter()
        .map(|code| row(&[&format!("`{}`", code.word()), code.meaning()]));
    let heads = [row(&["Code", "Meaning"]), row(&["---"; 2])];
    let lines: Vec<_> = heads.into_iter().chain(rows).collect();
    format!(
        "{}\n\nFor codes that any check can use, see [all reason codes](../reasons.md).",
        lines.join("\n")
    )
}

fn parameters(check: &Check) -> String {
    format!(
        "{}\n\nSet them in [a document of parameters](../parameters.md).",
        parameters::table(check)
    )
}

fn controls(check: &Check) -> String {
    let lines = groups(check.id).map(|group| {
        let Standard { name, url, .. } = group.standard;
        let links: Vec<_> = group.controls().map(link).collect();
        format!("- [{name}]({url}): {}", links.join(", "))
    });
    let lines: Vec<_> = lines.collect();
    format!(
        "{}\n\nSources: [standards](../standards.md).",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_explanation_is_the_module_comment() {
        let source = "//! ## What\n//!\n//! It is.\n//!   indented\n\nuse this; //! not that\n//! nor that\n";
        let expected = "## What\n\nIt is.\n  indented".to_owned();
        assert_eq!(explanation(source), (expected, None));
    }

    #[test]
    fn the_section_about_prevention_is_separate() {
        let source = "//! ## How to fix it\n//!\n//! Do.\n//!\n//! ## How to prevent it\n//!\n//! Deny.\nuse this;\n";
        let (explanation, prevention) = explanation(source);
        assert_eq!(explanation, "## How to fix it\n\nDo.");
        assert_eq!(prevention.as_deref(), Some("## How to prevent it\n\nDeny."));
    }
}
