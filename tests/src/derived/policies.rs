//! The policies that allow the functions' roles to read: blocks of both templates and of SECURITY.md.

use std::collections::{BTreeMap, BTreeSet};

use eksentry_runtime::{Arns, Group, Permission, Readers, Statement, Switch};

use super::{Block, row};

/// The Regions that a statement applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Regions {
    /// The stack's own Region, or none for a global service.
    Own,
    /// The stack's own Region and the others that it reads.
    Listed,
    /// Any Region: the member template does not know which Regions are read.
    Any,
}

impl Regions {
    /// Returns the text for the Region in an ARN. CloudFormation can't turn a list of Regions into a list of ARNs.
    fn in_arns(self) -> &'static str {
        match self {
            Self::Own => "${AWS::Region}",
            Self::Listed | Self::Any => "*",
        }
    }
}

/// Returns the statements of a role that reads these Regions.
fn statements(
    permissions: &[Permission],
    regions: impl Fn(&Permission) -> Regions,
) -> BTreeMap<(Group, Regions), Statement> {
    eksentry_runtime::statements(permissions, |group, permission| match group {
        Group::InRegion | Group::OfAnyAccount | Group::Anywhere | Group::GrantedInRegion(_) => {
            regions(permission)
        }
        _ => Regions::Own,
    })
}

fn arn(service: &str, arns: Arns, regions: Regions) -> String {
    let region = regions.in_arns();
    let arn = |region: &str, account: &str, end: &str| {
        format!("!Sub arn:${{AWS::Partition}}:{service}:{region}:{account}:{end}")
    };
    match arns {
        Arns::Any => "'*'".to_owned(),
        Arns::InRegion(end) => arn(region, "${AWS::AccountId}", end),
        Arns::OfAnyAccount(end) => arn(region, "*", end),
        Arns::Anywhere(end) => arn("*", "*", end),
        Arns::Global(end) => arn("", "${AWS::AccountId}", end),
        Arns::OfAws(end) => arn("", "aws", end),
    }
}

/// Renders a YAML list under a name. A single item stands on the line of the name.
fn list(name: &str, items: &[impl AsRef<str>]) -> Vec<String> {
    match items {
        [item] => vec![format!("{name}: {}", item.as_ref())],
        items => {
            let items = items.iter().map(|item| format!("  - {}", item.as_ref()));
            [format!("{name}:")].into_iter().chain(items).collect()
        }
    }
}

/// Renders a statement as an item of a YAML list, starting with the dash.
fn lines_of((group, regions): (Group, Regions), statement: &Statement) -> Vec<String> {
    let mut lines = vec!["Effect: Allow".to_owned()];
    lines.extend(list("Action", &statement.actions));
    let mut arns: Vec<String> = Vec::new();
    for (service, of_service) in &statement.arns {
        let arn = arn(service, *of_service, regions);
        if !arns.contains(&arn) {
            arns.push(arn);
        }
    }
    lines.extend(list("Resource", &arns));
    if regions == Regions::Listed {
        let listed = "!If [HasRegions, !Sub '${AWS::Region},${Regions}', !Ref AWS::Region]";
        lines.extend([
            "Condition:".to_owned(),
            "  StringLike:".to_owned(),
            format!("    aws:RequestedRegion: !Split [',', !If [EveryRegion, '*', {listed}]]"),
        ]);
    }
    let condition = match group {
        Group::ListRegions if regions != Regions::Any => Some("EveryRegion"),
        Group::GrantedOnAny(switch) | Group::GrantedInRegion(switch) => Some(match switch {
            Switch::ClusterReaders => "UsesClusterReaders",
            Switch::ImageConfigurations => "ReadsImageConfigurations",
        }),
        _ => None,
    };
    let mut lines: Vec<String> = item(lines);
    if let Some(condition) = condition {
        lines = lines.into_iter().map(|line| format!("  {line}")).collect();
        lines.insert(0, "- !If".to_owned());
        lines.insert(1, format!("  - {condition}"));
        lines.push("  - !Ref AWS::NoValue".to_owned());
    }
    lines
}

/// Renders lines as one item of a YAML list.
fn item(lines: Vec<String>) -> Vec<String> {
    let lines = lines.into_iter().enumerate();
    let lines = lines.map(|(number, line)| match number {
        0 => format!("- {line}"),
        _ => format!("  {line}"),
    });
    lines.collect()
}

fn indented(lines: Vec<String>, by: usize) -> Vec<String> {
    let lines = lines.into_iter().map(|line| format!("{:by$}{line}", ""));
    lines.collect()
}

/// Returns the logical ID of the managed policy that allows functions to read.
fn name(readers: Readers) -> &'static str {
    match readers {
        Readers::ConfigRule => "ReadForConfigRule",
        Readers::EcrEvent => "ReadForEcrEvent",
        Readers::CloudTrailEvent => "ReadForCloudTrailEvent",
        Readers::Sweeps => "ReadForSweeps",
    }
}

/// Renders the managed policies of template.yaml.
pub(super) fn template() -> Block {
    let mut lines = Vec::new();
    for readers in Readers::ALL {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let functions = readers.functions().join(" and ");
        // If the function is not created, no role would have its policy.
        let condition = match readers {
            Readers::ConfigRule => "\n    Condition: AwsConfigOn",
            Readers::EcrEvent | Readers::CloudTrailEvent | Readers::Sweeps => "",
        };
        lines.push(format!(
            "  {name}:
    Type: AWS::IAM::ManagedPolicy{condition}
    Properties:
      Description: Allows {functions} to read
      PolicyDocument:
        Version: '2012-10-17'
        Statement:",
            name = name(readers)
        ));
        let regions = |permission: &Permission| {
            if readers.reads_elsewhere(permission) {
                Regions::Listed
            } else {
                Regions::Own
            }
        };
        for (key, statement) in statements(&readers.permissions(), regions) {
            lines.extend(indented(lines_of(key, &statement), 10));
        }
    }
    block("# derived: policies", lines)
}

/// Renders the statements of template-member.yaml: the permissions with which sweeps read, in any Region.
pub(super) fn member_template() -> Block {
    let mut lines = Vec::new();
    let everywhere = statements(&Readers::Sweeps.permissions(), |_| Regions::Any);
    for ((group, _), statement) in everywhere {
        lines.extend(indented(lines_of((group, Regions::Any), &statement), 14));
    }
    block("# derived: policies", lines)
}

/// Renders the table of SECURITY.md.
pub(super) fn table() -> Block {
    let mut rows: BTreeMap<(&str, Vec<&str>), Vec<String>> = BTreeMap::new();
    let permissions = Readers::Sweeps.permissions().into_iter();
    for permission in permissions.filter(|permission| permission.granted_by.is_none()) {
        let readers = Readers::ALL.into_iter();
        let readers = readers.filter(|readers| readers.permissions().contains(&permission));
        let functions = readers.flat_map(Readers::functions).copied().collect();
        let actions = rows.entry((permission.service(), functions)).or_default();
        actions.push(format!("`{}`", permission.action));
    }
    let mut lines = vec![
        String::new(),
        row(&["Service", "Read actions", "Functions"]),
        row(&["---"; 3]),
    ];
    lines.extend(rows.into_iter().map(|((service, functions), actions)| {
        let functions: Vec<_> = functions.iter().map(|name| format!("`{name}`")).collect();
        let functions = match functions.len() {
            5 => "all".to_owned(),
            _ => functions.join(", "),
        };
        row(&[&format!("`{service}`"), &actions.join(", "), &functions])
    }));
    let by_services = Readers::Sweeps.permissions().into_iter();
    let reasons: BTreeSet<_> = by_services.filter_map(|one| one.by_service).collect();
    lines.extend(
        reasons
            .into_iter()
            .flat_map(|why| [String::new(), why.to_owned()]),
    );
    lines.push(String::new());
    Block {
        begin: "<!-- derived: permissions (begin) -->".to_owned(),
        end: "<!-- derived: permissions (end) -->".to_owned(),
        lines,
    }
}

fn block(name: &str, lines: Vec<String>) -> Block {
    Block {
        begin: format!("{name} (begin)"),
        end: format!("{name} (end)"),
        lines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Permission = Permission::new("eks:Get", &[Arns::InRegion("cluster/*")]);
    const LIST: Permission = Permission::new("eks:List", &[Arns::Any]);
    const READ: Permission = Permission::new("kms:Read", &[Arns::OfAnyAccount("key/*")]);

    fn lines(permissions: &[Permission], regions: Regions) -> String {
        let statements = statements(permissions, |_| regions);
        let lines = statements.iter().flat_map(|(key, one)| lines_of(*key, one));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_action_has_only_its_resources() {
        let expected = "\
- Effect: Allow
  Action: eks:List
  Resource: '*'
- Effect: Allow
  Action: eks:Get
  Resource: !Sub arn:${AWS::Partition}:eks:${AWS::Region}:${AWS::AccountId}:cluster/*
- Effect: Allow
  Action: kms:Read
  Resource: !Sub arn:${AWS::Partition}:kms:${AWS::Region}:*:key/*";
        assert_eq!(lines(&[GET, LIST, READ], Regions::Own), expected);
    }

    #[test]
    fn other_regions_are_limited_by_a_condition() {
        let text = lines(&[GET, LIST], Regions::Listed);
        let [any, own] = text.split("- Effect").skip(1).collect::<Vec<_>>()[..] else {
            panic!("{text}");
        };
        assert!(
            !any.contains("Condition"),
            "IAM defines no resource and no Region for the action"
        );
        assert!(own.contains(":eks:*:"), "{own}");
        assert!(own.contains("aws:RequestedRegion: !Split"), "{own}");
    }

    #[test]
    fn the_permissions_to_read_in_images_have_their_own_condition() {
        const DOWNLOAD: Permission =
            Permission::new("eks:Download", &[Arns::InRegion("cluster/*")])
                .granted_by(Switch::ImageConfigurations);
        let list = LIST.granted_by(Switch::ImageConfigurations);
        let text = lines(&[GET, LIST, DOWNLOAD, list], Regions::Own);
        let statements: Vec<_> = text.split("- !If\n  - ReadsImageConfigurations").collect();
        let [always, any, own] = statements[..] else {
            panic!("{text}");
        };
        assert!(always.contains("eks:Get") && !always.contains("eks:Download"));
        assert!(any.contains("eks:List") && any.ends_with("!Ref AWS::NoValue\n"));
        assert!(own.contains("eks:Download") && own.ends_with("!Ref AWS::NoValue"));
    }

    #[test]
    fn list_regions_is_allowed_only_if_all_regions_are_evaluated() {
        let list = Permission::new("account:ListRegions", &[Arns::Global("account")]);
        let text = lines(&[list], Regions::Own);
        assert!(
            text.starts_with("- !If\n  - EveryRegion\n  - Effect"),
            "{text}"
        );
        assert!(text.ends_with("\n  - !Ref AWS::NoValue"), "{text}");
    }
}
