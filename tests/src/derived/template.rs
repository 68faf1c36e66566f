//! The blocks of template.yaml: an AWS Config rule for each check that AWS Config can trigger, the condition under which
//! it is made, and what the dashboard shows of each check.

use eksentry_core::{Check, checks::CHECKS};

use super::Block;

/// The checks that have a rule with `ConfigRules=core`: those that there were first, for ever. Each rule has its price,
/// and sweeps make all checks.
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

/// The type of resource by which AWS Config knows an account. It records no changes of accounts.
const ACCOUNT: &str = "AWS::::Account";

/// What the template's parameter `ConfigRules` may be for a check to have a rule.
pub(super) fn config_rules_of(check: &Check) -> &'static str {
    if CORE.contains(&check.id) {
        "`core` or `all`"
    } else {
        "`all`"
    }
}

/// All blocks of the template.
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

/// What a rule is about, and what triggers it.
struct Rule<'a> {
    id: &'a str,
    title: &'a str,
    /// Whether the check is made unless it is switched off.
    enabled: bool,
    config_type: &'a str,
}

impl<'a> Rule<'a> {
    /// The rule of a check; `None` where AWS Config does not know what it judges.
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

    /// Whether it is made: its check is, and the stack wants a rule of it.
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
        // The rule of an account is there only where rules are periodic.
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

/// The expression that holds where an id is not in a list of the template's parameters.
fn without(list: &str, id: &str) -> String {
    let whole = format!("!Join ['', [',', !Ref {list}, ',']]");
    format!("!Equals [!Join ['', !Split [',{id},', {whole}]], {whole}]")
}

fn conditions() -> Vec<String> {
    let rules: Vec<_> = CHECKS.into_iter().filter_map(Rule::of).collect();
    let mut lines = Vec::new();
    // cfn-lint warns of a condition that nothing depends on.
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

/// The metrics of all checks, as a dashboard has them.
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

/// A name in kebab-case in `PascalCase`.
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
    fn the_core_is_of_checks_that_config_can_trigger() {
        for id in CORE {
            let check = CHECKS.iter().find(|check| check.id == id);
            let rule = Rule::of(check.expect(id)).expect(id);
            assert!(!rule.is_of_accounts(), "{id}");
        }
    }

    #[test]
    fn a_rule_is_made_where_it_is_wanted_and_its_check_is_made() {
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
    fn a_rule_about_accounts_is_periodic_and_nothing_else() {
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
