//! The rules for events in the templates, and the table of docs/changes.md.

use std::collections::BTreeSet;

use eksentry_runtime::cloudtrail_event::calls::{CALLS, Calls};

use super::{Block, row};

/// The page with the table.
pub(super) const PAGE: &str = "docs/changes.md";

/// The events that services send themselves about changes: the name, the source and the types.
const OF_SERVICES: [(&str, &str, &[&str]); 2] = [
    (
        "Addons",
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
        "Runtime",
        "aws.guardduty",
        &[
            "GuardDuty Runtime Protection Healthy",
            "GuardDuty Runtime Protection Unhealthy",
        ],
    ),
];

/// The types of the events about images and repositories.
const OF_IMAGES: [&str; 3] = [
    "ECR Image Action",
    "ECR Image Scan",
    "ECR Scan Resource Change",
];

/// The event bus that a rule is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bus {
    /// The default event bus of the stack's account and Region.
    Own,
    /// The event bus of the stack for events that are forwarded to it.
    Forwarded,
    /// The default event bus of an account and Region that forwards its events.
    Member,
}

/// The function that processes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    CloudTrailEvent,
    EcrEvent,
}

/// Events of one source.
#[derive(Debug)]
struct Events {
    /// The name in logical IDs and names of rules: `Eks`.
    name: String,
    source: &'static str,
    types: Vec<&'static str>,
    /// The lines of the pattern for the details.
    detail: Vec<String>,
    function: Function,
}

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

/// Returns the events about changes.
fn changes() -> Vec<Events> {
    let calls = by_service().into_iter().map(|(source, entries)| {
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
        Events {
            name: name(source),
            source,
            types: vec!["AWS API Call via CloudTrail"],
            detail,
            function: Function::CloudTrailEvent,
        }
    });
    let of_services = OF_SERVICES.map(|(name, source, types)| Events {
        name: name.to_owned(),
        source,
        types: types.to_vec(),
        detail: Vec::new(),
        function: Function::CloudTrailEvent,
    });
    calls.chain(of_services).collect()
}

/// Returns the events about images and repositories.
fn images(bus: Bus) -> [Events; 2] {
    // Inspector sends the same type of event for scans of instances, functions and machine images and, in its delegated
    // administrator account, for scans of members.
    let place = match bus {
        Bus::Own | Bus::Member => "${AWS::Region}:${AWS::AccountId}:repository/",
        Bus::Forwarded => "",
    };
    let scans = vec![
        "detail:".to_owned(),
        "  repository-name:".to_owned(),
        format!("    - prefix: !Sub 'arn:${{AWS::Partition}}:ecr:{place}'"),
    ];
    [
        Events {
            name: "Images".to_owned(),
            source: "aws.ecr",
            types: OF_IMAGES.to_vec(),
            detail: Vec::new(),
            function: Function::EcrEvent,
        },
        Events {
            name: "Scans".to_owned(),
            source: "aws.inspector2",
            types: vec!["Inspector2 Scan"],
            detail: scans,
            function: Function::EcrEvent,
        },
    ]
}

impl Events {
    /// Returns the lines of a rule.
    fn rule(&self, bus: Bus) -> Vec<String> {
        let Self { name, .. } = self;
        let lower = name.to_lowercase();
        let prefix = match self.function {
            Function::CloudTrailEvent => "changes",
            Function::EcrEvent => "ecr",
        };
        let mut lines = match bus {
            Bus::Own => vec![
                format!("  Changes{name}:"),
                "    Type: AWS::Events::Rule".to_owned(),
                "    Properties:".to_owned(),
                format!("      Name: !Sub ${{AWS::StackName}}-{prefix}-{lower}"),
            ],
            Bus::Forwarded => vec![
                format!("  Forwarded{name}:"),
                "    Type: AWS::Events::Rule".to_owned(),
                "    Condition: ReceivesEvents".to_owned(),
                "    Properties:".to_owned(),
                "      EventBusName: !Ref ForwardedEvents".to_owned(),
                format!("      Name: {prefix}-{lower}"),
            ],
            Bus::Member => vec![
                format!("  Forward{name}:"),
                "    Type: AWS::Events::Rule".to_owned(),
                "    Condition: ForwardsEvents".to_owned(),
                "    Properties:".to_owned(),
            ],
        };
        lines.push(format!("      Description: {}", self.description(bus)));
        lines.push("      EventPattern:".to_owned());
        // An event bus can have events of other accounts and Regions.
        if bus != Bus::Forwarded {
            lines.push("        account: [!Ref AWS::AccountId]".to_owned());
            lines.push("        region: [!Ref AWS::Region]".to_owned());
        }
        lines.push(format!("        source: [{}]", self.source));
        match self.types.as_slice() {
            [one] => lines.push(format!("        detail-type: [{one}]")),
            types => {
                lines.push("        detail-type:".to_owned());
                lines.extend(types.iter().map(|name| format!("          - {name}")));
            }
        }
        lines.extend(self.detail.iter().map(|line| format!("        {line}")));
        lines.push("      Targets:".to_owned());
        lines.extend(self.target(bus).iter().map(|line| (*line).to_owned()));
        lines
    }

    fn description(&self, bus: Bus) -> &'static str {
        match (bus, self.function) {
            (Bus::Member, _) => "Forwards events to eksentry",
            (_, Function::CloudTrailEvent) => {
                "Sends events about changes to the function cloudtrail-event"
            }
            (_, Function::EcrEvent) => "Sends events about images to the function ecr-event",
        }
    }

    /// Returns the lines of the rule's target.
    fn target(&self, bus: Bus) -> &'static [&'static str] {
        match (bus, self.function) {
            // Without a queue for events that can't be delivered: nobody would read it, and the next sweep finds the
            // change.
            (Bus::Member, _) => &[
                "        - Id: eksentry",
                "          Arn: !Ref EventBusArn",
                "          RoleArn: !GetAtt ForwardRole.Arn",
            ],
            (_, Function::CloudTrailEvent) => &[
                "        - Id: changes",
                "          Arn: !GetAtt Changes.Arn",
                "          DeadLetterConfig:",
                "            Arn: !GetAtt ChangesDeadLetters.Arn",
            ],
            (_, Function::EcrEvent) => &[
                "        - Id: ecr-event",
                "          Arn: !GetAtt EcrEventFunction.Arn",
                "          RetryPolicy:",
                "            MaximumRetryAttempts: 20",
                "            MaximumEventAgeInSeconds: 21600",
                "          DeadLetterConfig:",
                "            Arn: !GetAtt EcrEventDeadLetters.Arn",
            ],
        }
    }
}

/// Renders rules.
fn rules(events: impl IntoIterator<Item = Events>, bus: Bus) -> Vec<Vec<String>> {
    let events = events.into_iter();
    events.map(|events| events.rule(bus)).collect()
}

/// Returns a block of resources.
fn block(name: &str, resources: Vec<Vec<String>>) -> Block {
    Block {
        begin: format!("# derived: {name} (begin)"),
        end: format!("# derived: {name} (end)"),
        lines: resources.join(&String::new()),
    }
}

/// Renders the rules of template.yaml: those on the default event bus, except those of `ecr-event`, which SAM creates, and
/// those on the event bus for events that are forwarded.
pub(super) fn template() -> [Block; 2] {
    let forwarded = changes().into_iter().chain(images(Bus::Forwarded));
    let mut of_forwarded = policies();
    of_forwarded.extend(rules(forwarded, Bus::Forwarded));
    [
        block("event rules", rules(changes(), Bus::Own)),
        block("forwarded events", of_forwarded),
    ]
}

/// Renders the rules of template-member.yaml.
pub(super) fn member_template() -> Block {
    let forward = changes().into_iter().chain(images(Bus::Member));
    block("rules", rules(forward, Bus::Member))
}

/// Renders the statements of the policy of the event bus for events that are forwarded.
fn policies() -> Vec<Vec<String>> {
    let events = changes().into_iter().chain(images(Bus::Forwarded));
    let sources: BTreeSet<&str> = events.map(|events| events.source).collect();
    let policy = |name: &str, principal: &[&str], condition: &[&str]| {
        let begin = format!(
            "  ForwardedFrom{name}:
    Type: AWS::Events::EventBusPolicy
    Condition: HasEventsFrom{name}
    Properties:
      EventBusName: !Ref ForwardedEvents
      StatementId: {}
      Statement:
        Effect: Allow",
            name.to_lowercase()
        );
        let middle = [
            "        Action: events:PutEvents",
            "        Resource: !GetAtt ForwardedEvents.Arn",
            "        Condition:",
        ];
        let sources = sources
            .iter()
            .map(|source| format!("              - {source}"));
        let texts = principal.iter().chain(&middle).chain(condition).chain(&[
            "          # EventBridge accepts events with these sources from AWS alone, so only rules can send events.",
            "          ForAllValues:StringEquals:",
            "            events:source:",
        ]);
        let lines = begin.lines().chain(texts.copied()).map(str::to_owned);
        lines.chain(sources).collect()
    };
    vec![
        policy(
            "Accounts",
            &[
                "        Principal:",
                "          AWS: !Split [',', !Ref EventsFromAccounts]",
            ],
            &[],
        ),
        policy(
            "Organization",
            &["        Principal: '*'"],
            &[
                "          StringEquals:",
                "            aws:PrincipalOrgID: !Ref EventsFromOrganization",
            ],
        ),
    ]
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
