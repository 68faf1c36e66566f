//! `eksentry policy`: prints the permissions that a scan needs.

use std::fmt::Write as _;

use eksentry_core::checks;
use eksentry_core::{Check, ParameterValues};
use eksentry_runtime::{
    Accounts, Arns, Permission, Regions, ScanPermissions, Selection, statements,
};
use serde::Serialize;

use crate::DONE;
use crate::error::CommandError;
use crate::options::PolicyOptions;
use crate::terminal;

/// The roles in a cluster that the checks of its contents need, and the one for a check that lists Secrets.
const READER: &str = include_str!("../../../docs/kubernetes/eksentry-reader.yaml");
const TOKEN_SECRETS: &str = include_str!("../../../docs/kubernetes/eksentry-token-secrets.yaml");

/// The only check that needs the second of these roles.
const LISTS_SECRETS: &str = "k8s-no-token-secrets";

/// A policy document of IAM.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
}

/// Prints the IAM policy of the selected checks, or the roles that they need in clusters.
pub(crate) fn run(options: &PolicyOptions) -> Result<u8, CommandError> {
    let settings = options.selection.settings()?;
    let checks = options.selection.checks(&settings)?;
    if options.cluster_role {
        terminal::print(&cluster_roles(&checks))?;
        return Ok(DONE);
    }
    let checks = with_parameters(&checks, &settings);
    let document = document(&options.permissions(&checks), options);
    let mut text = String::new();
    // Only texts are serialized.
    let json = serde_json::to_string_pretty(&document).unwrap_or_default();
    let _ = writeln!(text, "{json}");
    terminal::print(&text)?;
    Ok(DONE)
}

/// Returns the checks that a scan of these checks runs, with their parameters. Each scan of the contents of clusters
/// includes the check that reports which of them could be read.
pub(crate) fn with_parameters(
    selected: &[&'static Check],
    settings: &Selection,
) -> Vec<(&'static Check, ParameterValues)> {
    let mut checks = selected.to_vec();
    let readability = checks::readability();
    if checks
        .iter()
        .any(|check| check.kind() == readability.kind())
    {
        checks.push(readability);
    }
    let checks = checks.into_iter();
    checks.map(|check| (check, settings.of(check))).collect()
}

impl PolicyOptions {
    fn permissions(&self, checks: &[(&'static Check, ParameterValues)]) -> Vec<Permission> {
        let accounts = self.accounts();
        let permissions = ScanPermissions {
            all_regions: self.region == Some(Regions::All),
            organization: accounts.organization || !accounts.units.is_empty(),
            tags: self.tags,
        };
        permissions.of(checks)
    }

    fn accounts(&self) -> Accounts {
        self.accounts.clone().unwrap_or_default()
    }
}

fn document(permissions: &[Permission], options: &PolicyOptions) -> Document {
    let PolicyOptions {
        partition, account, ..
    } = options;
    let statements = statements(permissions, |_, _| ()).into_values();
    let mut statements: Vec<Statement> = statements
        .map(|statement| Statement {
            effect: "Allow",
            action: statement.actions,
            resource: arns(&statement.arns, partition, account),
        })
        .collect();
    if !options.accounts().is_empty() {
        let role = &options.role_name;
        statements.push(Statement {
            effect: "Allow",
            action: vec!["sts:AssumeRole"],
            resource: vec![format!("arn:{partition}:iam::*:role/{role}")],
        });
    }
    Document {
        version: "2012-10-17",
        statement: statements,
    }
}

/// Returns the texts of ARNs, each once.
fn arns(arns: &[(&'static str, Arns)], partition: &str, account: &str) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for (service, arns) in arns {
        let arn = |region: &str, account: &str, end: &str| {
            format!("arn:{partition}:{service}:{region}:{account}:{end}")
        };
        let text = match arns {
            Arns::Any => "*".to_owned(),
            Arns::InRegion(end) => arn("*", account, end),
            Arns::OfAnyAccount(end) | Arns::Anywhere(end) => arn("*", "*", end),
            Arns::Global(end) => arn("", account, end),
            Arns::OfAws(end) => arn("", "aws", end),
        };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

fn cluster_roles(checks: &[&Check]) -> String {
    if checks.iter().any(|check| check.id == LISTS_SECRETS) {
        format!("{READER}---\n{TOKEN_SECRETS}")
    } else {
        READER.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> PolicyOptions {
        PolicyOptions {
            partition: "aws".to_owned(),
            account: "*".to_owned(),
            role_name: "eksentry-member".to_owned(),
            ..PolicyOptions::default()
        }
    }

    fn actions(ids: &[&str], options: &PolicyOptions) -> Vec<&'static str> {
        let checks: Vec<_> = ids.iter().map(|id| checks::find(id).unwrap()).collect();
        let checks = with_parameters(&checks, &Selection::default());
        let document = document(&options.permissions(&checks), options);
        document
            .statement
            .into_iter()
            .flat_map(|one| one.action)
            .collect()
    }

    #[test]
    fn a_policy_has_only_what_its_checks_need() {
        assert_eq!(
            actions(&["eks-endpoint-private"], &options()),
            ["eks:ListClusters", "eks:DescribeCluster"]
        );
        assert_eq!(
            actions(&["kms-cmk-rotation"], &options()),
            [
                "kms:ListKeys",
                "kms:GetKeyRotationStatus",
                "kms:DescribeKey"
            ]
        );
    }

    #[test]
    fn other_places_and_tags_need_more() {
        let more = PolicyOptions {
            region: Some(Regions::All),
            accounts: Some("organization".parse().unwrap()),
            tags: true,
            ..options()
        };
        let actions = actions(&["eks-endpoint-private"], &more);
        for action in [
            "account:ListRegions",
            "organizations:ListAccounts",
            "sts:AssumeRole",
            "tag:GetResources",
        ] {
            assert!(actions.contains(&action), "{action}: {actions:?}");
        }
    }

    #[test]
    fn arns_are_narrowed_to_the_account() {
        let permission = Permission::new(
            "eks:Get",
            &[Arns::InRegion("cluster/*"), Arns::OfAws("policy/*")],
        );
        let options = PolicyOptions {
            partition: "aws-cn".to_owned(),
            account: "111122223333".to_owned(),
            ..options()
        };
        let document = document(&[permission], &options);
        assert_eq!(
            document.statement[0].resource,
            [
                "arn:aws-cn:eks:*:111122223333:cluster/*",
                "arn:aws-cn:eks::aws:policy/*"
            ]
        );
    }

    #[test]
    fn only_the_check_of_secrets_needs_the_right_to_list_them() {
        let roles = |id| cluster_roles(&[checks::find(id).unwrap()]);
        assert!(!roles("k8s-pod-privileged").contains("resources: [secrets]"));
        assert!(roles("k8s-no-token-secrets").contains("resources: [secrets]"));
    }
}
