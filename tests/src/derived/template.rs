//! The blocks of template.yaml: an AWS Config rule for each check that AWS Config can trigger, the condition under
//! which it is created, and the dashboard's metrics of each check.

use eksentry_core::{Check, checks::CHECKS};

use super::Block;

/// The checks that have a rule with `ConfigRules=core`: the first ones that existed. The list never changes. AWS
/// charges for each rule, and sweeps evaluate all checks anyway.
const CORE: [&str; 8] = [
    "ecr-immutable-tags",
    "ecr-scan-on-push",
    "eks-control-plane-logging",
    "eks-dedicated-cluster-role",
    "eks-endpoint-private",
    "eks-secrets-customer-managed-key",
    "eks-secrets-envelope-encryption",
    "kms-cmk-rotation",
];

/// The resource type for an account in AWS Config, which records no changes of accounts.
const ACCOUNT: &str = "AWS::::Account";

/// Returns the values of the template's parameter `ConfigRules` with which a check has a rule.
pub(super) fn config_rules_of(check: &Check) -> &'static str {
    if CORE.contains(&check.id) {
        "`core` or `all`"
    } else {
        "`all`"
    }
}

/// Renders all blocks of the template.
pub(super) fn blocks() -> [Block; 3] {
    [
        block("conditions", conditions()),
        block("config rules", config_rules()),
        block("dashboard", dashboard()),
    ]
}

fn block(name: &str, lines: Vec<String>) -> Block {
    Block {
        begin: format!("# derived: {name} (begin)"),
        end: format!("# derived: {name} (end)"),
        lines,
    }
}

/// The properties of a check that its rule depends on.
struct Rule<'a> {
    id: &'a str,
    title: &'a str,
    /// `true` if the check is enabled by default.
    enabled: bool,
    config_type: &'a str,
}

impl<'a> Rule<'a> {
    /// Returns the rule of a check; `None` if AWS Config has no resource type for the check's kind of resource.
    fn of(check: &'a Check) -> Option<Self> {
        Some(Self {
            id: check.id,
            title: check.title,
            enabled: check.enabled,
            config_type: check.kind().config_type()?,
        })
    }

    fn is_core(&self) -> bool {
        CORE.contains(&self.id)
    }

    fn is_of_accounts(&self) -> bool {
        self.config_type == ACCOUNT
    }

    /// Renders the condition under which the rule is created: its check is enabled, and the stack's parameters request
    /// the rule.
    fn condition(&self) -> String {
        let rules = if self.is_core() {
            "CoreRulesOn"
        } else {
            "AllRulesOn"
        };
        let mut lines = vec![
            format!("  {}InConfig: !And", pascal(self.id)),
            format!("    - !Condition {rules}"),
        ];
        if self.is_of_accounts() {
            lines.push("    - !Condition ConfigIsPeriodic".to_owned());
        }
        lines.push(format!("    - {}", without("DisabledChecks", self.id)));
        if !self.enabled {
            lines.push(format!(
                "    - !Not [{}]",
                without("EnabledChecks", self.id)
            ));
        }
        lines.join("\n")
    }

    fn resource(&self) -> String {
        // The rule of an account exists only if rules are periodic.
        let (scope, triggers) = if self.is_of_accounts() {
            (
                String::new(),
                "
          - EventSource: aws.config
            MessageType: ScheduledNotification
            MaximumExecutionFrequency: !Ref ConfigFrequency",
            )
        } else {
            (
                format!(
                    "
      Scope:
        ComplianceResourceTypes: [{}]",
                    self.config_type
                ),
                "
          - EventSource: aws.config
            MessageType: ConfigurationItemChangeNotification
          - EventSource: aws.config
            MessageType: OversizedConfigurationItemChangeNotification
          - !If
            - ConfigIsPeriodic
            - EventSource: aws.config
              MessageType: ScheduledNotification
              MaximumExecutionFrequency: !Ref ConfigFrequency
            - !Ref AWS::NoValue",
            )
        };
        format!(
            "  {name}Rule:
    Type: AWS::Config::ConfigRule
    Condition: {name}InConfig
    DependsOn: ConfigRulePermission
    Properties:
      ConfigRuleName: !Sub ${{AWS::StackName}}-{id}
      Description: {title}{scope}
      Source:
        Owner: CUSTOM_LAMBDA
        SourceIdentifier: !GetAtt ConfigRuleFunction.Arn
        SourceDetails:{triggers}
      InputParameters:
        checkId: {id}",
            name = pascal(self.id),
            id = self.id,
            title = quoted(self.title),
        )
    }
}

/// Returns the expression that is true if an id is not in a list among the template's parameters.
fn without(list: &str, id: &str) -> String {
    let whole = format!("!Join ['', [',', !Ref {list}, ',']]");
    format!("!Equals [!Join ['', !Split [',{id},', {whole}]], {whole}]")
}

fn conditions() -> Vec<String> {
    let rules: Vec<_> = CHECKS.into_iter().filter_map(Rule::of).collect();
    let mut lines = Vec::new();
    // cfn-lint warns about a condition that nothing uses.
    if rules.iter().any(|rule| !rule.is_core()) {
        let wanted = "!Equals [!Ref ConfigRules, all]";
        lines.push(format!(
            "  AllRulesOn: !And [!Condition AwsConfigOn, {wanted}]"
        ));
    }
    lines.extend(rules.iter().map(Rule::condition));
    lines
}

fn config_rules() -> Vec<String> {
    let rules = CHECKS.into_iter().filter_map(Rule::of);
    let rules: Vec<_> = rules.map(|rule| rule.resource()).collect();
    vec![rules.join("\n\n")]
}

/// Renders the metrics of all checks for the dashboard.
fn dashboard() -> Vec<String> {
    let of_all = |metric: &str| {
        let metrics = CHECKS.map(|check| {
            let id = check.id;
            format!(r#"                  ["eksentry", "{metric}", "Check", "{id}"]"#)
        });
        metrics.join(",\n")
    };
    vec![
        "              - Failed: |-".to_owned(),
        of_all("Failed"),
        "                NotAvailable: |-".to_owned(),
        of_all("NotAvailable"),
    ]
}

/// Converts a name from kebab-case to `PascalCase`.
fn pascal(name: &str) -> String {
    name.split('-')
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        })
        .collect()
}

/// Renders a YAML text in single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &'static str, enabled: bool, config_type: &'static str) -> Rule<'static> {
        Rule {
            id,
            title: "Things should be",
            enabled,
            config_type,
        }
    }

    #[test]
    fn names_become_logical_ids() {
        assert_eq!(pascal("kms-cmk-rotation"), "KmsCmkRotation");
    }

    #[test]
    fn apostrophes_are_doubled() {
        assert_eq!(quoted("a repository's tags"), "'a repository''s tags'");
    }

    #[test]
    fn config_can_trigger_every_core_check() {
        for id in CORE {
            let check = CHECKS.iter().find(|check| check.id == id);
            let rule = Rule::of(check.expect(id)).expect(id);
            assert!(!rule.is_of_accounts(), "{id}");
        }
    }

    #[test]
    fn a_rule_requires_its_parameters_and_an_enabled_check() {
        let core = rule("kms-cmk-rotation", true, "AWS::KMS::Key").condition();
        assert!(core.contains("- !Condition CoreRulesOn"), "{core}");
        let later = rule("kms-later", true, "AWS::KMS::Key").condition();
        assert!(later.contains("- !Condition AllRulesOn"), "{later}");
        for condition in [&core, &later] {
            assert!(condition.contains("!Ref DisabledChecks"), "{condition}");
            assert!(!condition.contains("!Ref EnabledChecks"), "{condition}");
            assert!(!condition.contains("ConfigIsPeriodic"), "{condition}");
        }
        let off = rule("kms-off", false, "AWS::KMS::Key").condition();
        assert!(off.contains("!Not [!Equals"), "{off}");
        assert!(off.contains("!Ref EnabledChecks"), "{off}");
    }

    #[test]
    fn account_rules_are_only_periodic() {
        let account = rule("config-later", true, ACCOUNT);
        assert!(
            account
                .condition()
                .contains("- !Condition ConfigIsPeriodic")
        );
        let resource = account.resource();
        assert!(resource.contains("ScheduledNotification"), "{resource}");
        for of_changes in ["ConfigurationItemChange", "Scope"] {
            assert!(!resource.contains(of_changes), "{resource}");
        }
        let resource = rule("kms-later", true, "AWS::KMS::Key").resource();
        for of_changes in ["ConfigurationItemChange", "[AWS::KMS::Key]"] {
            assert!(resource.contains(of_changes), "{resource}");
        }
    }
}
