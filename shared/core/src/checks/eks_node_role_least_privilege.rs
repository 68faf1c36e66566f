//! ## What it checks
//!
//! The IAM roles of a cluster's nodes should allow no more than nodes need. The check evaluates the roles of managed node
//! groups and of Auto Mode's nodes, and the roles in the instance profiles of other nodes. A role fails with:
//!
//! - HIGH if a policy allows every action on every resource, or allows one of these actions on every resource, which
//!   lead to more permissions: `iam:PassRole`, `iam:CreateAccessKey`, `iam:AttachRolePolicy`, `iam:AttachUserPolicy`,
//!   `iam:AttachGroupPolicy`, `iam:PutRolePolicy`, `iam:PutUserPolicy`, `iam:PutGroupPolicy`, `iam:CreatePolicyVersion`,
//!   `iam:SetDefaultPolicyVersion`, `iam:UpdateAssumeRolePolicy`, `sts:AssumeRole`. Also if the role does not exist.
//! - MEDIUM if a policy allows changes to every ECR repository (`ecr:PutImage`, `ecr:InitiateLayerUpload`,
//!   `ecr:UploadLayerPart`, `ecr:CompleteLayerUpload`, `ecr:BatchDeleteImage`, `ecr:DeleteRepository`,
//!   `ecr:SetRepositoryPolicy`), or `secretsmanager:GetSecretValue`, `kms:Decrypt` or `s3:GetObject` on every resource.
//! - LOW if a policy allows the management of network interfaces (AmazonEKS_CNI_Policy, or `ec2:CreateNetworkInterface`
//!   or `ec2:AssignPrivateIpAddresses` on every resource), unless `allowCni` is true; or `ssm:GetParameter` on every
//!   resource, unless AmazonSSMManagedInstanceCore allows it.
//!
//! Every resource means all resources of a type in an account and a Region, such as
//! `arn:aws:iam::111122223333:role/*`. A statement with `NotResource` counts, unless it excludes all of them. Except for
//! permission for everything, statements with a `Condition` do not count. `Deny` statements and permissions boundaries
//! are not evaluated. Policies in `allowedPolicies` are not evaluated at all.
//!
//! ## Why it matters
//!
//! Every pod that reaches the instance metadata of its node can use the node's role, and so can an attacker who leaves a
//! container. Permissions of pods belong in roles of their service accounts.
//!
//! ## How to fix it
//!
//! Attach only AmazonEKSWorkerNodePolicy (or AmazonEKSWorkerNodeMinimalPolicy) and AmazonEC2ContainerRegistryPullOnly to
//! node roles. Give the VPC CNI and other workloads their own roles, by EKS Pod Identity or IAM roles for service
//! accounts, then detach their policies from the node role.

use std::fmt;

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::nodes::without_nodes;
use crate::facts::cluster::{NodeRole, RolePolicy};
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::policy::{Risk, SensitiveAction};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Outcome, Reason, Verdict};

static ALLOW_CNI: Parameter<bool> = Parameter {
    name: "allowCni",
    description: "If true, node roles may manage network interfaces, as the VPC CNI does without its own role.",
    default: false,
};

static ALLOWED_POLICIES: Parameter<Vec<String>> = Parameter {
    name: "allowedPolicies",
    description: "The names of policies that node roles may have, whatever they allow.",
    default: Vec::new(),
};

pub(super) static CHECK: Check = Check {
    id: "eks-node-role-least-privilege",
    enabled: true,
    title: "EKS node roles should grant no more than nodes need",
    requirement: "The IAM roles of nodes should exist and not allow sensitive actions on every resource.",
    severities: &[
        (
            Severity::High,
            "every pod that reaches the instance metadata can get further permissions, up to all of the account",
        ),
        (
            Severity::Medium,
            "every pod that reaches the instance metadata can replace images or read the data of others",
        ),
        (
            Severity::Low,
            "every pod that reaches the instance metadata can change network interfaces or read parameters",
        ),
    ],
    remediation: Remediation {
        text: "Detach the policies from the node role, and give the workloads that need them their own IAM roles.",
        command: "aws iam detach-role-policy --region {region} --role-name <role> --policy-arn <policy>",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html",
    },
    parameters: &[&ALLOW_CNI, &ALLOWED_POLICIES],
    needs: &[Need::NodeRoles, Need::Nodes, Need::NodeGroups],
    evaluate: &Evaluate(evaluate),
};

/// The managed policy of the VPC CNI.
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/security-iam-awsmanpol.html>.
const CNI_POLICY: &str = "AmazonEKS_CNI_Policy";

/// The managed policy with which Systems Manager manages nodes.
/// Source: <https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html>.
const SSM_POLICY: &str = "AmazonSSMManagedInstanceCore";

/// A policy of a node role.
#[derive(Clone, Copy)]
struct Attached<'a> {
    role: &'a str,
    policy: &'a RolePolicy,
}

impl Attached<'_> {
    /// Returns the name, with the actions of a risk that the policy allows and nodes do not need; `None` if there are
    /// none. A policy that allows everything has its own reason.
    fn name_with(&self, risk: Risk) -> Option<String> {
        let policy = self.policy;
        if risk == Risk::ParameterAccess && policy.is_of_aws(SSM_POLICY) {
            return None;
        }
        let actions = names(policy.actions_with(risk).map(SensitiveAction::name));
        let is_cni = risk == Risk::NetworkInterfaces && policy.is_of_aws(CNI_POLICY);
        match actions.as_str() {
            "" => is_cni.then(|| self.to_string()),
            actions => Some(format!("{self} ({actions})")),
        }
    }
}

impl fmt::Display for Attached<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of role {}", self.policy.name, self.role)
    }
}

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let allowed = settings.get(&ALLOWED_POLICIES);
    let roles = &cluster.node_roles.items;
    let policies: Vec<Attached<'_>> = roles
        .iter()
        .flat_map(|role| {
            let policies = role.policies().iter();
            policies.map(|policy| Attached {
                role: &role.name,
                policy,
            })
        })
        .filter(|attached| !allowed.contains(&attached.policy.name))
        .collect();
    let failures = failures(roles, &policies, settings.get(&ALLOW_CNI));
    if let Some((severity, _)) = failures.first() {
        let reasons = failures.iter().map(|(_, reason)| reason.clone());
        return Verdict::failed_for(*severity, reasons.collect());
    }

    let without_nodes = without_nodes(cluster);
    if let Some(verdict) = &without_nodes
        && verdict.outcome != Outcome::Passed
    {
        return verdict.clone();
    }
    let missing = cluster.node_roles.missing.as_ref();
    let unread = missing
        .or_else(|| roles.iter().find_map(NodeRole::unread))
        .or_else(|| {
            let mut permissions = policies.iter().map(|one| &one.policy.permissions);
            permissions.find_map(|permissions| permissions.as_ref().err())
        });
    if let Some(unread) = unread {
        return Verdict::not_available(unread);
    }
    if let Some(verdict) = without_nodes {
        return verdict;
    }
    if roles.is_empty() {
        return Verdict::not_available(&Unread {
            code: ReasonCode::NodeRoleUnknown,
            text: "No IAM role of the cluster's nodes was found.".to_owned(),
        });
    }
    Verdict::passed(
        ReasonCode::NodeRolesLimited,
        format!(
            "These IAM roles of nodes allow no sensitive action on every resource that nodes do not need: {}.",
            names(roles.iter().map(|role| role.name.as_str()))
        ),
    )
}

/// Returns the reasons for a failure, the most severe first.
fn failures(
    roles: &[NodeRole],
    policies: &[Attached<'_>],
    allows_cni: bool,
) -> Vec<(Severity, Reason)> {
    let missing = roles.iter().filter(|role| role.role == Ok(None));
    let missing = names(missing.map(|role| role.name.as_str()));
    let everything = policies.iter().filter(|one| one.policy.allows_everything());
    let everything: Vec<String> = everything.map(ToString::to_string).collect();
    let everything = names(everything.iter().map(String::as_str));
    let mut failures = Vec::new();
    if !missing.is_empty() {
        let text = format!("These IAM roles of nodes do not exist: {missing}.");
        failures.push((
            Severity::High,
            Reason::new(ReasonCode::NodeRoleMissing, text),
        ));
    }
    if !everything.is_empty() {
        let text = format!(
            "These policies of node roles allow every action on every resource: {everything}."
        );
        failures.push((
            Severity::High,
            Reason::new(ReasonCode::NodeRoleAllowsEverything, text),
        ));
    }
    for risk in Risk::ALL {
        let found = policies.iter().filter_map(|one| one.name_with(risk));
        let found: Vec<String> = found.collect();
        let is_accepted = risk == Risk::NetworkInterfaces && allows_cni;
        if !found.is_empty() && !is_accepted {
            let (severity, code, what) = failure_of(risk);
            let found = names(found.iter().map(String::as_str));
            let text = format!("These policies of node roles allow {what}: {found}.");
            failures.push((severity, Reason::new(code, text)));
        }
    }
    failures
}

/// Returns the severity and the code of a risk, and what policies with the risk allow.
fn failure_of(risk: Risk) -> (Severity, ReasonCode, &'static str) {
    match risk {
        Risk::Escalation => (
            Severity::High,
            ReasonCode::NodeRoleAllowsEscalation,
            "actions that lead to more permissions, on every resource",
        ),
        Risk::ImageChange => (
            Severity::Medium,
            ReasonCode::NodeRoleChangesRepositories,
            "changes to every ECR repository",
        ),
        Risk::DataAccess => (
            Severity::Medium,
            ReasonCode::NodeRoleReadsData,
            "reading data of every resource",
        ),
        Risk::NetworkInterfaces => (
            Severity::Low,
            ReasonCode::NodeRoleManagesInterfaces,
            "the management of network interfaces",
        ),
        Risk::ParameterAccess => (
            Severity::Low,
            ReasonCode::NodeRoleReadsParameters,
            "reading every parameter of Systems Manager",
        ),
    }
}

#[cfg(test)]
mod tests {
    use enumset::EnumSet;

    use super::*;
    use crate::checks::samples::{cluster, node_role, role_policy, settings, unread};
    use crate::facts::List;
    use crate::policy::Permissions;

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const LOW: Outcome = Outcome::Failed(Severity::Low);

    fn inline(name: &str, actions: impl Into<EnumSet<SensitiveAction>>) -> RolePolicy {
        RolePolicy {
            is_aws_managed: false,
            ..managed(name, actions)
        }
    }

    fn managed(name: &str, actions: impl Into<EnumSet<SensitiveAction>>) -> RolePolicy {
        let permissions = Permissions {
            everything: false,
            on_every_resource: actions.into(),
        };
        role_policy(name, permissions)
    }

    fn unread_policy(name: &str) -> RolePolicy {
        RolePolicy {
            permissions: Err(unread()),
            ..role_policy(name, Permissions::default())
        }
    }

    /// Returns a role whose policies are those of the sample.
    fn role(name: &str) -> NodeRole {
        NodeRole {
            name: name.into(),
            ..node_role()
        }
    }

    fn with_policies(policies: List<RolePolicy>) -> NodeRole {
        let mut role = role("nodes");
        role.role.as_mut().unwrap().as_mut().unwrap().policies = policies;
        role
    }

    fn with_roles(roles: List<NodeRole>) -> EksCluster {
        EksCluster {
            node_roles: roles,
            ..cluster()
        }
    }

    fn verdict(policies: Vec<RolePolicy>, parameters: &str) -> Verdict {
        let role = with_policies(List::complete(policies));
        let cluster = with_roles(List::complete(vec![role]));
        evaluate(&cluster, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn the_worst_action_decides() {
        use SensitiveAction::{
            AssumeRole, CreateNetworkInterface, GetObject, GetParameter, PutImage,
        };
        let worker = || role_policy("AmazonEKSWorkerNodePolicy", Permissions::default());
        let cni = || managed(CNI_POLICY, CreateNetworkInterface);
        let ssm = || managed(SSM_POLICY, GetParameter);
        let custom = |action: SensitiveAction| inline("custom", action);
        let admin = || role_policy("AdministratorAccess", Permissions::EVERYTHING);
        let allow_cni = r#"{"allowCni": true}"#;
        let accepted = r#"{"allowedPolicies": "custom"}"#;
        for (policies, parameters, expected) in [
            (vec![], "{}", Outcome::Passed),
            (vec![worker()], "{}", Outcome::Passed),
            (vec![worker(), cni()], "{}", LOW),
            (vec![worker(), cni()], allow_cni, Outcome::Passed),
            (vec![custom(CreateNetworkInterface)], "{}", LOW),
            (
                vec![custom(CreateNetworkInterface)],
                allow_cni,
                Outcome::Passed,
            ),
            (vec![custom(GetParameter)], "{}", LOW),
            (vec![ssm()], "{}", Outcome::Passed),
            (vec![inline(SSM_POLICY, GetParameter)], "{}", LOW),
            (vec![ssm(), custom(GetParameter)], "{}", LOW),
            (vec![custom(PutImage)], "{}", MEDIUM),
            (vec![custom(GetObject), cni()], "{}", MEDIUM),
            (vec![cni(), custom(AssumeRole)], "{}", HIGH),
            (vec![worker(), admin()], allow_cni, HIGH),
            (vec![custom(AssumeRole)], accepted, Outcome::Passed),
            (vec![custom(AssumeRole), cni()], accepted, LOW),
        ] {
            let verdict = verdict(policies, parameters);
            assert_eq!(verdict.outcome, expected, "{verdict:?}");
        }
    }

    #[test]
    fn every_role_counts_and_must_exist() {
        let admin = || {
            let policy = role_policy("everything", Permissions::EVERYTHING);
            with_policies(List::complete(vec![policy]))
        };
        let gone = || NodeRole {
            role: Ok(None),
            ..role("gone")
        };
        let (all, none) = ("NODE_ROLE_ALLOWS_EVERYTHING", "NODE_ROLE_MISSING");
        for (roles, expected) in [
            (vec![role("nodes")], vec!["NODE_ROLES_LIMITED"]),
            (vec![role("nodes"), admin()], vec![all]),
            (vec![gone()], vec![none]),
            (vec![admin(), gone()], vec![none, all]),
            (vec![], vec!["NODE_ROLE_UNKNOWN"]),
        ] {
            let cluster = with_roles(List::complete(roles));
            let verdict = evaluate(&cluster, &ParameterValues::default());
            assert_eq!(verdict.codes(), expected, "{verdict:?}");
        }
    }

    #[test]
    fn unread_facts_prevent_a_pass_but_not_a_failure() {
        let bad = || inline("kiam", SensitiveAction::AssumeRole);
        let of = |policies| with_policies(List::complete(policies));
        let unlisted = || with_policies(List::unread(unread()));
        let partly_listed = || {
            with_policies(List {
                items: vec![bad()],
                missing: Some(unread()),
            })
        };
        let unread_role = || NodeRole {
            role: Err(unread()),
            ..role("nodes")
        };
        let complete = List::complete;
        let partly = |items| List {
            items,
            missing: Some(unread()),
        };
        let not_read = Outcome::NotAvailable;
        for (roles, expected) in [
            (complete(vec![unread_role()]), not_read),
            (complete(vec![unread_role(), of(vec![bad()])]), HIGH),
            (complete(vec![unlisted()]), not_read),
            (complete(vec![partly_listed()]), HIGH),
            (complete(vec![of(vec![unread_policy("custom")])]), not_read),
            (
                complete(vec![of(vec![unread_policy("custom"), bad()])]),
                HIGH,
            ),
            // The name is enough to know what the policy allows.
            (complete(vec![of(vec![unread_policy(CNI_POLICY)])]), LOW),
            (partly(vec![role("nodes")]), not_read),
            (partly(vec![of(vec![bad()])]), HIGH),
            (partly(vec![]), not_read),
        ] {
            let verdict = evaluate(&with_roles(roles.clone()), &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{roles:?}");
        }
        let accepted = r#"{"allowedPolicies": ["custom"]}"#;
        let accepted = verdict(vec![unread_policy("custom")], accepted);
        assert_eq!(accepted.outcome, Outcome::Passed);
    }

    #[test]
    fn the_roles_of_node_groups_without_nodes_count() {
        let scaled_to_zero = |roles| EksCluster {
            nodes: List::complete(Vec::new()),
            ..with_roles(roles)
        };
        let bad = vec![inline("kiam", SensitiveAction::AssumeRole)];
        let bad = with_policies(List::complete(bad));
        let fargate = EksCluster {
            node_groups: List::complete(Vec::new()),
            ..scaled_to_zero(List::complete(Vec::new()))
        };
        let unlisted = EksCluster {
            node_groups: List::unread(unread()),
            ..scaled_to_zero(List::unread(unread()))
        };
        let of = |role| scaled_to_zero(List::complete(vec![role]));
        for (cluster, expected) in [
            (of(role("nodes")), "NO_NODES"),
            (of(bad), "NODE_ROLE_ALLOWS_ESCALATION"),
            (scaled_to_zero(List::unread(unread())), "ACCESS_DENIED"),
            (fargate, "NO_NODES_TO_EVALUATE"),
            (unlisted, "ACCESS_DENIED"),
        ] {
            let verdict = evaluate(&cluster, &ParameterValues::default());
            assert_eq!(verdict.codes(), [expected], "{verdict:?}");
        }
    }

    #[test]
    fn reasons_name_policies_roles_and_actions() {
        use SensitiveAction::{AssumeRole, PassRole, PutImage};
        let kiam = inline("kiam", AssumeRole | PassRole | PutImage);
        let text = verdict(vec![kiam, unread_policy(CNI_POLICY)], "{}").explanation();
        assert_eq!(
            text,
            "These policies of node roles allow actions that lead to more permissions, on every resource: kiam of role \
             nodes (iam:PassRole, sts:AssumeRole). These policies of node roles allow changes to every ECR repository: \
             kiam of role nodes (ecr:PutImage). These policies of node roles allow the management of network \
             interfaces: AmazonEKS_CNI_Policy of role nodes."
        );
    }
}
