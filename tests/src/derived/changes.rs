//! The rules for events about changes in template.yaml, and the table of docs/changes.md.

use eksentry_runtime::cloudtrail_event::calls::{CALLS, Calls};

use super::{Block, row};

/// The page with the table.
pub(super) const PAGE: &str = "docs/changes.md";

/// The rules for the events that services send themselves: the logical ID, the source and the types.
const OF_SERVICES: [(&str, &str, &[&str]); 2] = [
    (
        "ChangesAddons",
        "aws.eks",
        &[
            "EKS Addon Creation Failed",
            "EKS Addon Creation Succeeded",
            "EKS Addon Deletion Failed",
            "EKS Addon Deletion Succeeded",
            "EKS Addon Health Degraded",
            "EKS Addon Health Restored",
            "EKS Addon Update Failed",
            "EKS Addon Update Succeeded",
        ],
    ),
    (
        "ChangesRuntime",
        "aws.guardduty",
        &[
            "GuardDuty Runtime Protection Healthy",
            "GuardDuty Runtime Protection Unhealthy",
        ],
    ),
];

/// Returns the entries of the table, by service.
fn by_service() -> Vec<(&'static str, Vec<&'static Calls>)> {
    let mut services: Vec<(&str, Vec<&Calls>)> = Vec::new();
    for calls in CALLS {
        match services
            .iter_mut()
            .find(|(source, _)| *source == calls.source)
        {
            Some((_, entries)) => entries.push(calls),
            None => services.push((calls.source, vec![calls])),
        }
    }
    services
}

/// Returns the name of a service in logical IDs and names of rules: `Eks`.
fn name(source: &str) -> String {
    let name = source.trim_start_matches("aws.");
    let mut letters = name.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// Renders a rule. `detail` are lines of the pattern.
fn rule(id: &str, source: &str, types: &[&str], detail: &[String]) -> Vec<String> {
    let name = id.trim_start_matches("Changes").to_lowercase();
    let mut lines = vec![
        format!("  {id}:"),
        "    Type: AWS::Events::Rule".to_owned(),
        "    Properties:".to_owned(),
        format!("      Name: !Sub ${{AWS::StackName}}-changes-{name}"),
        "      Description: Sends events about changes to the function cloudtrail-event".to_owned(),
        "      EventPattern:".to_owned(),
        // An event bus can have events of other accounts and Regions.
        "        account: !If [HasAccounts, !Ref AWS::NoValue, [!Ref AWS::AccountId]]".to_owned(),
        "        region: !If [HasRegions, !Ref AWS::NoValue, [!Ref AWS::Region]]".to_owned(),
        format!("        source: [{source}]"),
    ];
    match types {
        [one] => lines.push(format!("        detail-type: [{one}]")),
        types => {
            lines.push("        detail-type:".to_owned());
            lines.extend(types.iter().map(|name| format!("          - {name}")));
        }
    }
    lines.extend(detail.iter().map(|line| format!("        {line}")));
    lines.extend(
        [
            "      Targets:",
            "        - Id: changes",
            "          Arn: !GetAtt Changes.Arn",
            "          DeadLetterConfig:",
            "            Arn: !GetAtt ChangesDeadLetters.Arn",
        ]
        .map(str::to_owned),
    );
    lines
}

/// Renders the rules of template.yaml.
pub(super) fn template() -> Block {
    let mut lines = Vec::new();
    for (source, entries) in by_service() {
        let mut names: Vec<&str> = entries
            .iter()
            .flat_map(|calls| calls.names)
            .copied()
            .collect();
        names.sort_unstable();
        let mut detail = vec![
            "detail:".to_owned(),
            format!("  eventSource: [{}]", entries[0].event_source),
            "  errorCode: [{exists: false}]".to_owned(),
            "  eventName:".to_owned(),
        ];
        detail.extend(names.iter().map(|name| format!("    - {name}")));
        let id = format!("Changes{}", name(source));
        let types = ["AWS API Call via CloudTrail"];
        lines.extend(rule(&id, source, &types, &detail));
        lines.push(String::new());
    }
    for (id, source, types) in OF_SERVICES {
        lines.extend(rule(id, source, types, &[]));
        lines.push(String::new());
    }
    lines.pop();
    Block {
        begin: "# derived: event rules (begin)".to_owned(),
        end: "# derived: event rules (end)".to_owned(),
        lines,
    }
}

/// Renders the table of the page.
pub(super) fn table() -> Block {
    let mut lines = vec![
        String::new(),
        row(&["Service", "Calls", "Evaluated"]),
        row(&["---"; 3]),
    ];
    lines.extend(CALLS.iter().map(|calls| {
        let names: Vec<String> = calls.names.iter().map(|name| format!("`{name}`")).collect();
        let service = calls.event_source.split('.').next().unwrap_or_default();
        row(&[
            &format!("`{service}`"),
            &names.join(", "),
            calls.subject.description(),
        ])
    }));
    lines.push(String::new());
    Block {
        begin: "<!-- derived: calls (begin) -->".to_owned(),
        end: "<!-- derived: calls (end) -->".to_owned(),
        lines,
    }
}
