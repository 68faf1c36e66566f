//! The page of one check.

use eksentry_core::{
    Check, Need, ResourceKind, Standard, parameters::AnyParameter, standards::groups,
};

use super::standards::link;
use super::{row, source_path, template};

/// A check's page in Markdown; `source` is the text of the check's file.
pub(super) fn page(check: &Check, source: &str) -> String {
    let mut parts = vec![
        format!("# {}", check.title),
        note(check),
        overview(check),
        explanation(source),
        remediation(check),
        "## When it runs".to_owned(),
        triggers(check),
    ];
    if !check.parameters.is_empty() {
        parts.extend(["## Parameters".to_owned(), parameters(check)]);
    }
    if !groups(check.id).is_empty() {
        parts.extend(["## Controls".to_owned(), controls(check)]);
    }
    parts.join("\n\n") + "\n"
}

/// What people call a kind of resource outside its service.
pub(super) fn resource(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::EksCluster => "EKS cluster",
        ResourceKind::EcrRepository => "ECR repository",
        ResourceKind::EcrImage => "ECR image",
        ResourceKind::KmsKey => "KMS key",
    }
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
            kind.asff_type()
        ),
        None => format!("`{}` in findings", kind.asff_type()),
    };
    let lines = [
        row(&["Check", &format!("`{}`", check.id)]),
        row(&["---", "---"]),
        row(&["Resource", &format!("{}: {types}", resource(kind))]),
        row(&["Severity of a failure", &severities(check)]),
        row(&["Wanted", check.requirement]),
    ];
    lines.join("\n")
}

/// Each severity that a failure can have, with its reason.
fn severities(check: &Check) -> String {
    let severities: Vec<_> = check
        .severities
        .iter()
        .map(|(severity, reason)| format!("{severity}: {reason}"))
        .collect();
    severities.join("; ")
}

/// What the check's file begins with.
fn explanation(source: &str) -> String {
    let lines: Vec<_> = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    lines.join("\n")
}

/// What a finding says about it, and the command that it gives.
fn remediation(check: &Check) -> String {
    let remediation = &check.remediation;
    format!(
        "In short: {}\n\n```sh\n{}\n```\n\nWhat stands in angle brackets is to be filled in. More: <{}>",
        remediation.text,
        command(check),
        remediation.url
    )
}

/// The command with blanks for people where a finding names its resource.
fn command(check: &Check) -> String {
    let name = match check.kind() {
        ResourceKind::EksCluster => "<cluster>",
        ResourceKind::EcrRepository => "<repository>",
        ResourceKind::EcrImage => "<digest>",
        ResourceKind::KmsKey => "<key id>",
    };
    check
        .remediation
        .command
        .replace("{repository}", "<repository>")
        .replace("{name}", name)
        .replace("{region}", "<region>")
}

fn triggers(check: &Check) -> String {
    let id = check.id;
    let config = match check.kind().config_type() {
        Some(config_type) => format!(
            "- AWS Config: the rule `<stack>-{id}`, when AWS Config records a change of an `{config_type}`, and as \
             often as `ConfigFrequency` in the template says."
        ),
        None => "- AWS Config: never, since AWS Config has no such resource type.".to_owned(),
    };
    let event = match check.kind() {
        ResourceKind::EcrRepository if check.needs.contains(&Need::RegistryScanning) => Some(
            "- `ecr-event`: when an image is pushed to the repository, and when the registry's rules scan the repository \
             otherwise than before.",
        ),
        ResourceKind::EcrRepository => {
            Some("- `ecr-event`: when an image is pushed to the repository.")
        }
        ResourceKind::EcrImage => Some(
            "- `ecr-event`: when a scan of the image ends or Amazon Inspector has news of it, and when it is pushed \
             with a result already there.",
        ),
        ResourceKind::EksCluster | ResourceKind::KmsKey => None,
    };
    let sweep = format!(
        "- `sweep`: as often as `SweepSchedule` in the template says, and by hand with `{{\"checks\": [\"{id}\"]}}`."
    );
    let lines: Vec<_> = [Some(config.as_str()), event, Some(sweep.as_str())]
        .into_iter()
        .flatten()
        .collect();
    lines.join("\n")
}

fn parameters(check: &Check) -> String {
    let heads = [
        "Parameter",
        "In the template",
        "Takes",
        "Default",
        "Meaning",
    ];
    let mut lines = vec![row(&heads), row(&["---"; 5])];
    lines.extend(
        check
            .parameters
            .iter()
            .map(|&declared| parameter(check, declared)),
    );
    lines.join("\n")
}

fn parameter(check: &Check, declared: &dyn AnyParameter) -> String {
    let default = declared.default_texts().join(",");
    let default = if default.is_empty() {
        "not set".to_owned()
    } else {
        format!("`{default}`")
    };
    row(&[
        &format!("`{}`", declared.name()),
        &format!("`{}`", template::logical_id(check, declared)),
        declared.form(),
        &default,
        declared.description(),
    ])
}

fn controls(check: &Check) -> String {
    let lines = groups(check.id).iter().map(|group| {
        let Standard { name, url, .. } = group.standard;
        let links: Vec<_> = group.controls().map(link).collect();
        format!("- [{name}]({url}): {}", links.join(", "))
    });
    let lines: Vec<_> = lines.collect();
    format!(
        "{}\n\nWho says so: [standards](../standards.md).",
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_explanation_is_what_the_file_begins_with() {
        let source = "//! ## What\n//!\n//! It is.\n//!   indented\n\nuse this; //! not that\n//! nor that\n";
        assert_eq!(explanation(source), "## What\n\nIt is.\n  indented");
    }
}
