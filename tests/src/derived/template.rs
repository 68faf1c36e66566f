//! The blocks of template.yaml: a template parameter for each check and each parameter of a check, a rule for each check
//! that AWS Config can trigger, and what the dashboard shows of each check.

use eksentry_core::{
    Check,
    checks::CHECKS,
    parameters::{AnyParameter, Values},
};

use super::Block;

/// What a value may hold, so that it can't break the JSON of `EKSENTRY_PARAMETERS`.
const ALLOWED: &str = "[A-Za-z0-9.:/*_,-]*";

/// The most characters of a value, so that AWS Config, which takes 1,024 for all parameters of a rule, takes it.
const MAX_LENGTH: u32 = 700;

/// The whole numbers that the functions can read.
const NUMBER: &str = "[0-9]{1,9}";

/// What the metric `Verdicts` has as `Status`, and what the dashboard calls its lines.
const STATUSES: [(&str, &str); 4] = [
    ("FAILED", "Failed"),
    ("NOT_AVAILABLE", "NotAvailable"),
    ("PASSED", "Passed"),
    ("WARNING", "Warning"),
];

/// All blocks of the template.
pub(super) fn blocks() -> [Block; 9] {
    [
        block("check group", check_group()),
        block("parameter group", parameter_group()),
        block("checks", switches()),
        block("parameters", parameters()),
        block("conditions", conditions()),
        block("EKSENTRY_DISABLED_CHECKS", disabled_checks()),
        block("EKSENTRY_PARAMETERS", environment()),
        block("config rules", config_rules()),
        block("dashboard", dashboard()),
    ]
}

/// What the template calls a parameter of a check.
pub(super) fn logical_id(check: &Check, parameter: &dyn AnyParameter) -> String {
    pascal(check.id) + &pascal(parameter.name())
}

fn block(name: &str, lines: Vec<String>) -> Block {
    Block {
        begin: format!("# derived: {name} (begin)"),
        end: format!("# derived: {name} (end)"),
        lines,
    }
}

fn check_group() -> Vec<String> {
    CHECKS.map(|check| member(&pascal(check.id))).into()
}

fn parameter_group() -> Vec<String> {
    declared()
        .map(|(check, parameter)| member(&logical_id(check, parameter)))
        .collect()
}

/// A parameter in its group.
fn member(logical_id: &str) -> String {
    format!("          - {logical_id}")
}

/// Whether a check is made.
fn switches() -> Vec<String> {
    CHECKS
        .into_iter()
        .flat_map(|check| {
            let description = format!("{}: {}.", check.id, check.title);
            [
                format!("  {}:", pascal(check.id)),
                "    Type: String".to_owned(),
                format!("    Description: {}", quoted(&description)),
                "    Default: 'on'".to_owned(),
                "    AllowedValues: ['on', 'off']".to_owned(),
            ]
        })
        .collect()
}

fn parameters() -> Vec<String> {
    declared()
        .flat_map(|(check, parameter)| template_parameter(check, parameter))
        .collect()
}

fn template_parameter(check: &Check, parameter: &dyn AnyParameter) -> Vec<String> {
    let description = format!("{}: {}", check.id, parameter.description());
    let mut lines = vec![
        format!("  {}:", logical_id(check, parameter)),
        "    Type: String".to_owned(),
        format!("    Description: {}", quoted(&description)),
        format!(
            "    Default: {}",
            quoted(&parameter.default_texts().join(","))
        ),
    ];
    lines.extend(allowed(parameter));
    lines
}

/// What the console lets through.
fn allowed(parameter: &dyn AnyParameter) -> Vec<String> {
    let form = parameter.form();
    match parameter.values() {
        Values::OneOf(values) => vec![format!("    AllowedValues: [{}]", values.join(", "))],
        // In quotes, or YAML reads something else than texts.
        Values::Flag => vec!["    AllowedValues: ['true', 'false']".to_owned()],
        Values::Number => vec![
            format!("    AllowedPattern: {}", quoted(NUMBER)),
            format!("    ConstraintDescription: {}", quoted(form)),
        ],
        Values::Texts => vec![
            format!("    AllowedPattern: {}", quoted(ALLOWED)),
            format!("    MaxLength: {MAX_LENGTH}"),
            format!(
                "    ConstraintDescription: {}",
                quoted(&format!(
                    "{form}, with commas and no spaces; empty is not set"
                ))
            ),
        ],
    }
}

/// Whether a check is made, whether AWS Config triggers it, and whether a rule's parameter is set.
fn conditions() -> Vec<String> {
    CHECKS.into_iter().flat_map(conditions_of).collect()
}

fn conditions_of(check: &Check) -> Vec<String> {
    let id = pascal(check.id);
    let mut lines = vec![format!("  {id}On: !Equals [!Ref {id}, 'on']")];
    if check.kind().config_type().is_some() {
        lines.push(format!(
            "  {id}InConfig: !And [!Condition AwsConfigOn, !Condition {id}On]"
        ));
        let optional = check.parameters.iter().filter(|one| may_be_empty(**one));
        lines.extend(optional.map(|parameter| {
            let id = logical_id(check, *parameter);
            format!("  Has{id}: !Not [!Equals [!Ref {id}, '']]")
        }));
    }
    lines
}

fn may_be_empty(parameter: &dyn AnyParameter) -> bool {
    parameter.values() == Values::Texts
}

fn disabled_checks() -> Vec<String> {
    let mut lines = vec![
        "        EKSENTRY_DISABLED_CHECKS: !Join".to_owned(),
        "          - ''".to_owned(),
    ];
    lines.extend(CHECKS.into_iter().enumerate().map(|(index, check)| {
        let dash = if index == 0 { '-' } else { ' ' };
        let id = check.id;
        format!(
            "          {dash} - !If [{}On, '', '{id},']",
            pascal(check.id)
        )
    }));
    lines
}

fn environment() -> Vec<String> {
    let checks = CHECKS
        .into_iter()
        .filter(|check| !check.parameters.is_empty());
    let members: Vec<_> = checks.map(environment_member).collect();
    vec![
        "        EKSENTRY_PARAMETERS: !Sub >-".to_owned(),
        "          {".to_owned(),
        members.join(",\n"),
        "          }".to_owned(),
    ]
}

fn environment_member(check: &Check) -> String {
    let values: Vec<_> = check
        .parameters
        .iter()
        .map(|&parameter| {
            format!(
                r#""{}": "${{{}}}""#,
                parameter.name(),
                logical_id(check, parameter)
            )
        })
        .collect();
    format!(r#"          "{}": {{{}}}"#, check.id, values.join(", "))
}

fn config_rules() -> Vec<String> {
    let rules: Vec<_> = CHECKS.into_iter().filter_map(config_rule).collect();
    vec![rules.join("\n\n")]
}

fn config_rule(check: &Check) -> Option<String> {
    let rule = format!(
        "  {name}Rule:
    Type: AWS::Config::ConfigRule
    Condition: {name}InConfig
    DependsOn: ConfigRulePermission
    Properties:
      ConfigRuleName: !Sub ${{AWS::StackName}}-{id}
      Description: {title}
      Scope:
        ComplianceResourceTypes: [{config_type}]
      Source:
        Owner: CUSTOM_LAMBDA
        SourceIdentifier: !GetAtt ConfigRuleFunction.Arn
        SourceDetails:
          - EventSource: aws.config
            MessageType: ConfigurationItemChangeNotification
          - EventSource: aws.config
            MessageType: OversizedConfigurationItemChangeNotification
          - !If
            - ConfigIsPeriodic
            - EventSource: aws.config
              MessageType: ScheduledNotification
              MaximumExecutionFrequency: !Ref ConfigFrequency
            - !Ref AWS::NoValue
      InputParameters:
        checkId: {id}",
        name = pascal(check.id),
        id = check.id,
        title = quoted(check.title),
        config_type = check.kind().config_type()?,
    );
    let parameters = check.parameters.iter().map(|&parameter| {
        let id = logical_id(check, parameter);
        let value = if may_be_empty(parameter) {
            format!("!If [Has{id}, !Ref {id}, !Ref AWS::NoValue]")
        } else {
            format!("!Ref {id}")
        };
        format!("\n        {}: {value}", parameter.name())
    });
    Some(rule + &parameters.collect::<String>())
}

/// For each status the metrics of all checks, as a dashboard has them.
fn dashboard() -> Vec<String> {
    STATUSES
        .into_iter()
        .flat_map(|(status, name)| {
            let metrics = CHECKS.map(|check| verdicts(check, status));
            [format!("          {name}: |-"), metrics.join(",\n")]
        })
        .collect()
}

fn verdicts(check: &Check, status: &str) -> String {
    let id = check.id;
    format!(r#"            ["eksentry", "Verdicts", "Check", "{id}", "Status", "{status}"]"#)
}

/// Every parameter of every check.
fn declared() -> impl Iterator<Item = (&'static Check, &'static dyn AnyParameter)> {
    CHECKS.into_iter().flat_map(|check| {
        check
            .parameters
            .iter()
            .map(move |&parameter| (check, parameter))
    })
}

/// A name in kebab-case or camelCase in `PascalCase`.
fn pascal(name: &str) -> String {
    name.split('-')
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        })
        .collect()
}

/// A YAML text in single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_logical_ids() {
        assert_eq!(pascal("kms-cmk-rotation"), "KmsCmkRotation");
        assert_eq!(pascal("maxRotationPeriodDays"), "MaxRotationPeriodDays");
    }

    #[test]
    fn defaults_are_of_allowed_characters() {
        for (check, parameter) in declared() {
            let default = parameter.default_texts().join(",");
            let allowed = |c: char| c.is_ascii_alphanumeric() || ".:/*_,-".contains(c);
            assert!(
                default.chars().all(allowed),
                "CloudFormation would refuse the default {default:?} of {} {}",
                check.id,
                parameter.name()
            );
        }
    }

    #[test]
    fn apostrophes_are_doubled() {
        assert_eq!(quoted("a repository's tags"), "'a repository''s tags'");
    }
}
