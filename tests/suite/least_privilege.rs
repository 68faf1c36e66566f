//! The least privilege of each role: every statement, with each of its actions and resources, is needed by a call that
//! was really made, or by an AWS service that acts with the role.

mod scenarios;

use std::collections::BTreeSet;

use eksentry_runtime::Readers;
use eksentry_tests::deployment::Deployment;
use eksentry_tests::derived::BLESS;
use eksentry_tests::iam::Statement;
use eksentry_tests::stand_in::Use;
use eksentry_tests::template::{Role, Stack};
use serde_json::{Value, json};

use crate::world::World;

/// The actions of an AWS service with a role, for which there is no call of eksentry.
struct ByService {
    why: &'static str,
    /// The logical IDs of the roles.
    roles: &'static [&'static str],
    actions: &'static [&'static str],
    /// The resource for each role, in the order of the roles: a logical ID, or `*`.
    to: &'static [&'static str],
}

const BY_SERVICES: [ByService; 7] = [
    ByService {
        why: "Lambda writes a function's logs in the function's role",
        roles: &[
            "CloudTrailEventRole",
            "ConfigRuleRole",
            "EcrEventRole",
            "ReportRole",
            "SweepRole",
            "SweepWorkerRole",
        ],
        actions: &["logs:CreateLogStream", "logs:PutLogEvents"],
        to: &[
            "CloudTrailEventLogs",
            "ConfigRuleLogs",
            "EcrEventLogs",
            "ReportLogs",
            "SweepLogs",
            "SweepWorkerLogs",
        ],
    },
    ByService {
        why: "Lambda sends traces to X-Ray in the function's role",
        roles: &[
            "CloudTrailEventRole",
            "ConfigRuleRole",
            "EcrEventRole",
            "ReportRole",
            "SweepRole",
            "SweepWorkerRole",
        ],
        actions: &["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        to: &["*", "*", "*", "*", "*", "*"],
    },
    ByService {
        why: "Lambda sends failed events to a dead-letter queue in the function's role",
        roles: &["ConfigRuleRole", "EcrEventRole", "SweepRole"],
        actions: &["sqs:SendMessage"],
        to: &[
            "ConfigRuleDeadLetters",
            "EcrEventDeadLetters",
            "SweepDeadLetters",
        ],
    },
    ByService {
        why: "Lambda sends a message about each sweep that succeeded in the function's role",
        roles: &["SweepRole"],
        actions: &["sqs:SendMessage"],
        to: &["Reports"],
    },
    ByService {
        why: "Lambda polls the queues in the roles of the functions",
        roles: &["CloudTrailEventRole", "ReportRole", "SweepWorkerRole"],
        actions: &[
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        ],
        to: &["Changes", "Reports", "SweepSlices"],
    },
    ByService {
        why: "EventBridge Scheduler starts the sweep",
        roles: &["SweepScheduleRole"],
        actions: &["lambda:InvokeFunction"],
        to: &["SweepFunction"],
    },
    ByService {
        why: "EventBridge Scheduler sends failed invocations to a dead-letter queue",
        roles: &["SweepScheduleRole"],
        actions: &["sqs:SendMessage"],
        to: &["SweepDeadLetters"],
    },
];

/// Parts of granted resources whose need can't be shown by a call.
const UNPROVED: [(&str, &str); 1] = [(
    ":hubv2/",
    "IAM knows either hub as the resource of GetFindings, and AWS does not say which it checks where both are on: \
     https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecurityhub.html",
)];

/// The actions for which IAM defines no resource, according to the service's page at
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/>. In addition, CloudWatch lists composite alarms
/// only for callers whose permission is on `*`:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>.
const WITHOUT_RESOURCES: [(&str, &[&str]); 15] = [
    ("list_awscloudtrail.html", &["cloudtrail:DescribeTrails"]),
    (
        "list_awsconfig.html",
        &[
            "config:DescribeConfigurationRecorderStatus",
            "config:DescribeConfigurationRecorders",
            "config:PutEvaluations",
        ],
    ),
    (
        "list_amazonec2.html",
        &[
            "ec2:DescribeFlowLogs",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeInstances",
            "ec2:DescribeManagedPrefixLists",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVolumes",
            "ec2:DescribeVpcEndpoints",
            "ec2:GetEbsEncryptionByDefault",
        ],
    ),
    (
        "list_amazonelasticcontainerregistry.html",
        &[
            "ecr:DescribePullThroughCacheRules",
            "ecr:DescribeRepositoryCreationTemplates",
            "ecr:GetAccountSetting",
            "ecr:GetRegistryPolicy",
            "ecr:GetRegistryScanningConfiguration",
            "ecr:GetSigningConfiguration",
            "ecr:ListPullTimeUpdateExclusions",
        ],
    ),
    (
        "list_amazonelastickubernetesservice.html",
        &["eks:DescribeClusterVersions", "eks:ListClusters"],
    ),
    (
        "list_awselasticloadbalancingv2.html",
        &[
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeSSLPolicies",
        ],
    ),
    ("list_amazoncloudwatch.html", &["cloudwatch:DescribeAlarms"]),
    (
        "list_amazoncloudwatchlogs.html",
        &["logs:DescribeAccountPolicies", "logs:DescribeLogGroups"],
    ),
    ("list_amazonguardduty.html", &["guardduty:ListDetectors"]),
    (
        "list_awsidentityandaccessmanagementiam.html",
        &["iam:ListOpenIDConnectProviders", "iam:ListRoles"],
    ),
    (
        "list_amazoninspector2.html",
        &[
            "inspector2:BatchGetAccountStatus",
            "inspector2:ListCoverage",
            "inspector2:ListFindings",
        ],
    ),
    (
        "list_awskeymanagementservice.html",
        &["kms:ListAliases", "kms:ListKeys"],
    ),
    (
        "list_awsorganizations.html",
        &[
            "organizations:DescribeOrganization",
            "organizations:ListAccounts",
        ],
    ),
    (
        "list_amazonresourcegrouptaggingapi.html",
        &["tag:GetResources"],
    ),
    (
        "list_awsx-ray.html",
        &["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
    ),
];

/// An action or a resource of a statement.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Part {
    role: String,
    statement: String,
    text: String,
}

impl Part {
    fn new(role: &str, statement: &str, text: &str) -> Self {
        Self {
            role: role.to_owned(),
            statement: statement.to_owned(),
            text: text.to_owned(),
        }
    }

    fn all_of<'a>(role: &'a str, statement: &'a Statement) -> impl Iterator<Item = Self> + use<'a> {
        let texts = statement.actions().chain(statement.resources());
        texts.map(|text| Self::new(role, &statement.source, text))
    }
}

#[test]
fn roles_allow_exactly_the_calls_that_are_made() {
    let (mut granted, mut needed) = (BTreeSet::new(), BTreeSet::new());
    for play in scenarios::ALL {
        let world = play();
        let deployment = with_services(world.deployment());
        for role in roles(&deployment) {
            let statements = role.statements.iter();
            granted.extend(statements.flat_map(|one| Part::all_of(&role.name, one)));
        }
        needed.extend(world.aws.uses().iter().flat_map(used));
        needed.extend(used_by_services(deployment.stack()));
        // A call that a role does not allow is a violation.
        world.end();
    }
    let is_unproved = |part: &&Part| UNPROVED.iter().any(|(text, _)| part.text.contains(text));
    let unused: Vec<&Part> = granted
        .difference(&needed)
        .filter(|part| !is_unproved(part))
        .collect();
    assert!(
        unused.is_empty(),
        "the templates grant permissions that no call needs, or that another statement grants too; remove them, or add \
         those that an AWS service needs to BY_SERVICES: {unused:#?}"
    );
    for (text, why) in UNPROVED {
        assert!(
            granted.iter().any(|part| part.text.contains(text)),
            "{text} is no longer granted; remove it from UNPROVED: {why}"
        );
    }
}

/// Returns the deployment with every feature for which AWS services act. Functions have no variable for it.
fn with_services(deployment: Deployment) -> Deployment {
    deployment.with("Tracing", "on").unwrap()
}

fn used(one: &Use) -> [Part; 2] {
    [&one.action, &one.resource].map(|text| Part::new(&one.role, &one.statement, text))
}

fn used_by_services(stack: &Stack) -> BTreeSet<Part> {
    let mut parts = BTreeSet::new();
    for service in &BY_SERVICES {
        for (name, to) in service.roles.iter().zip(service.to) {
            let role = stack.role(name).unwrap();
            let resource = match *to {
                "*" => json!("*"),
                to => stack
                    .resolve(&json!({"Fn::GetAtt": [to, "Arn"]}))
                    .unwrap()
                    .unwrap(),
            };
            for action in service.actions {
                let statement = role.statements.iter().find(|one| {
                    one.actions().any(|one| one == *action)
                        && one.resources().any(|one| resource == one)
                });
                let statement = statement.unwrap_or_else(|| {
                    panic!("{}, but {name} may not {action} on {resource}", service.why)
                });
                let texts = [*action, resource.as_str().unwrap()];
                parts.extend(texts.map(|text| Part::new(name, &statement.source, text)));
            }
        }
    }
    parts
}

/// Returns all roles of a deployment, including the one in another account.
fn roles(deployment: &Deployment) -> Vec<Role> {
    let stack = deployment.stack();
    let made = stack.made("AWS::IAM::Role").unwrap();
    let roles = made.iter().map(|(name, _)| stack.role(name).unwrap());
    let member = deployment.member_role(scenarios::OTHER, None).unwrap().0;
    roles.chain([member]).collect()
}

/// Returns deployments that together have all statements.
fn deployments() -> Vec<Deployment> {
    scenarios::SETTINGS
        .map(|settings| {
            let world = scenarios::with(World::with(json!({})), settings);
            with_services(world.deployment())
        })
        .into()
}

#[test]
fn statements_name_resources_if_iam_defines_them() {
    let without: BTreeSet<&str> = WITHOUT_RESOURCES
        .iter()
        .flat_map(|(_, actions)| *actions)
        .copied()
        .collect();
    let mut seen = BTreeSet::new();
    for role in deployments().iter().flat_map(roles) {
        for statement in &role.statements {
            let is_any = statement.resources().any(|resource| resource == "*");
            for action in statement.actions() {
                assert_eq!(
                    is_any,
                    without.contains(action),
                    "{}: {action} must be on `*` if, and only if, IAM defines no resource for it",
                    statement.source
                );
                seen.extend(without.get(action));
            }
        }
    }
    assert_eq!(
        seen, without,
        "remove the actions that are no longer granted from WITHOUT_RESOURCES"
    );
}

#[test]
fn roles_allow_exactly_the_declared_actions() {
    let mut granted = BTreeSet::new();
    for role in deployments().iter().flat_map(roles) {
        let actions = role.statements.iter().flat_map(Statement::actions);
        granted.extend(actions.map(str::to_owned));
    }
    let in_our_name = Readers::ALL.into_iter().flat_map(Readers::permissions);
    let in_our_name = in_our_name.filter(|permission| permission.by_service.is_some());
    let by_services = BY_SERVICES.iter().flat_map(|service| service.actions);
    let needed: BTreeSet<String> = eksentry_runtime::actions()
        .chain(in_our_name.map(|permission| permission.action))
        .chain(by_services.copied())
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = needed.difference(&granted).collect();
    let unused: Vec<_> = granted.difference(&needed).collect();
    assert!(
        missing.is_empty() && unused.is_empty(),
        "the templates must also grant {missing:?}, and must not grant {unused:?}; declare actions beside the calls that \
         need them, and run `{BLESS}`"
    );
}

#[test]
fn every_policy_is_attached_to_a_role() {
    for deployment in deployments() {
        let sources: Vec<String> = roles(&deployment)
            .iter()
            .flat_map(|role| &role.statements)
            .map(|statement| statement.source.clone())
            .collect();
        for (name, _) in deployment.stack().made("AWS::IAM::ManagedPolicy").unwrap() {
            let begins = format!("{name}, ");
            assert!(
                sources.iter().any(|source| source.starts_with(&begins)),
                "no role has the policy {name}"
            );
        }
    }
}

/// The size of a policy does not count white space.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
#[test]
fn policies_and_roles_are_within_the_quotas_of_iam() {
    const POLICY: usize = 6_144;
    const POLICIES_OF_A_ROLE: usize = 10;
    for deployment in deployments() {
        let stack = deployment.stack();
        for (name, policy) in stack.made("AWS::IAM::ManagedPolicy").unwrap() {
            let document = &policy["Properties"]["PolicyDocument"];
            let document = stack.resolve(document).unwrap().unwrap_or_default();
            let size = document.to_string().len();
            assert!(
                size <= POLICY,
                "{name} has {size} characters; the maximum is {POLICY}"
            );
        }
        for (name, role) in stack.made("AWS::IAM::Role").unwrap() {
            let attached = &role["Properties"]["ManagedPolicyArns"];
            let attached = attached.as_array().map_or(0, Vec::len);
            assert!(
                attached <= POLICIES_OF_A_ROLE,
                "{name} has {attached} policies; the maximum is {POLICIES_OF_A_ROLE}"
            );
        }
    }
}

#[test]
fn every_role_is_assumed_by_one_service() {
    for deployment in deployments() {
        let stack = deployment.stack();
        for (name, role) in stack.made("AWS::IAM::Role").unwrap() {
            let service = match name.as_str() {
                "SweepScheduleRole" => "scheduler",
                _ => "lambda",
            };
            let trust = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"];
            let [trust] = trust.as_array().unwrap().as_slice() else {
                panic!("{name} must have one statement in its trust policy");
            };
            let expected = json!({"Service": format!("{service}.amazonaws.com")});
            assert_eq!(
                (&trust["Effect"], &trust["Principal"], &trust["Action"]),
                (&json!("Allow"), &expected, &json!("sts:AssumeRole")),
                "{name}"
            );
        }
    }
}

/// Without a role in the template, SAM would generate one, with permissions that SAM selects.
#[test]
fn every_function_and_schedule_has_a_role_of_the_template() {
    for deployment in deployments() {
        let stack = deployment.stack();
        for (name, function) in stack.made("AWS::Serverless::Function").unwrap() {
            let properties = &function["Properties"];
            let folder = properties["CodeUri"].as_str().unwrap();
            deployment
                .role(folder.trim_start_matches("functions/"))
                .unwrap();
            assert_eq!(properties.get("Policies"), None, "{name}");
            for (event, member) in properties["Events"].as_object().into_iter().flatten() {
                if member["Type"] == "ScheduleV2" {
                    let role = &member["Properties"]["RoleArn"];
                    assert_ne!(role, &Value::Null, "{name}, {event}");
                }
            }
        }
    }
}
