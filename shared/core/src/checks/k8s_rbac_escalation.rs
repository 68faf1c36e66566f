//! ## What it checks
//!
//! Bindings should not let subjects raise their own rights. The check fails for a binding to a role that grants one of
//! these rights, with the severity of the worst:
//!
//! | right | in the whole cluster | in `kube-system` | in another namespace |
//! | --- | --- | --- | --- |
//! | `escalate` or `bind` roles; `impersonate` users, groups, service accounts, UIDs or extras | HIGH | MEDIUM | MEDIUM |
//! | change webhooks or policies of admission | HIGH | – | – |
//! | create persistent volumes, which may be paths of a node | HIGH | – | – |
//! | reach the kubelets by `nodes/proxy` | HIGH | – | – |
//! | create tokens of service accounts | HIGH | HIGH | MEDIUM |
//! | approve and sign certificates | HIGH | – | – |
//! | create pods, change workloads, run commands in pods, or add containers to them | HIGH | HIGH | LOW |
//! | change namespaces, and so the labels of Pod Security admission | MEDIUM | MEDIUM | MEDIUM |
//! | write the ConfigMap `aws-auth`, unless the cluster's authentication mode is `API` | HIGH | HIGH | – |
//! | change bindings, which the API server limits to the rights that a subject has | MEDIUM | LOW | LOW |
//!
//! A right on objects by name counts too, and the text names them. The right to bind or escalate roles by name has
//! severity LOW, unless one of these roles grants everything. In a namespace, rights on objects of the whole cluster
//! grant nothing. There, the rights that the roles `admin` and `edit` of Kubernetes have by design count as LOW.
//!
//! The check leaves bindings that grant everything to `k8s-rbac-cluster-admin`, and the bindings that Kubernetes and
//! Amazon EKS create pass with their own subjects.
//!
//! ## Why it matters
//!
//! With such a right, a subject can come to have the rights of others: those of a service account, of a node, or of an
//! administrator.
//!
//! ## How to fix it
//!
//! Grant the verbs and the resources that the subjects use, if possible by `resourceNames`. Let pipelines deploy
//! workloads, and allow their subjects by `allowedSubjects`.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Check, Remediation};
use crate::evaluation::rbac::rules::{Action, Grant, granted as granted_by, grants_everything};
use crate::evaluation::rbac::{ALLOWED_SUBJECTS, EvaluateBindings, Granted, Scope};
use crate::exceptions::EXCEPTIONS;
use crate::facts::cluster::AuthenticationMode;
use crate::facts::kubernetes::RbacName;
use crate::need::Need;
use crate::reason_code::ReasonCode;
use crate::severity::Severity::{self, High, Low, Medium};
use crate::text::names;
use crate::verdict::Reason;

pub(super) static CHECK: Check = Check {
    id: "k8s-rbac-escalation",
    enabled: true,
    title: "Bindings should not let subjects raise their own rights",
    requirement: "No binding should grant a right by which its subjects can gain the rights of others.",
    severities: &[
        (
            High,
            "the subjects can gain the rights of the whole cluster",
        ),
        (
            Medium,
            "the subjects can gain the rights of a namespace, or further steps are needed",
        ),
        (
            Low,
            "the rights are usual for the team of a namespace, or limited to named roles",
        ),
    ],
    remediation: Remediation {
        text: "Grant only the verbs and the resources that the subjects use, if possible by resourceNames.",
        command: "kubectl edit <clusterrole or role> <name> --namespace {namespace}",
        url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    },
    parameters: &[&ALLOWED_SUBJECTS, &EXCEPTIONS],
    needs: &[Need::Rbac],
    evaluate: &EvaluateBindings {
        passed: "The binding grants no right by which its subjects can gain others.",
        leaves_administrators: true,
        problems,
    },
};

const RBAC: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";

const CHANGES: &[&str] = &["create", "update", "patch"];

/// The condition on objects that rules name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// All objects count.
    Any,
    /// Roles that do not grant everything are a limit.
    Roles,
    /// Only the object with this name counts.
    Only(&'static str),
}

/// A resource: its API group, its name, and `true` if a binding in a namespace grants rights on it.
type ResourceOf = (&'static str, &'static str, bool);

/// A right by which a subject can gain others.
#[derive(Debug)]
struct Right {
    /// The right, as a phrase that follows "may".
    text: &'static str,
    /// The verbs, of which one is enough.
    verbs: &'static [&'static str],
    /// The resources, of which one is enough.
    resources: &'static [ResourceOf],
    /// The severities in the whole cluster, in `kube-system` and in another namespace; `None` if the right is harmless.
    severities: (Severity, Option<Severity>, Option<Severity>),
    /// The condition on named objects.
    names: Names,
    /// `true` if the roles `admin` and `edit` of Kubernetes have the right in a namespace.
    is_of_editors: bool,
}

const RIGHTS: &[Right] = &[
    Right {
        text: "escalate roles",
        verbs: &["escalate"],
        resources: &[(RBAC, "clusterroles", false), (RBAC, "roles", true)],
        severities: (High, Some(Medium), Some(Medium)),
        names: Names::Roles,
        is_of_editors: false,
    },
    Right {
        text: "bind roles",
        verbs: &["bind"],
        resources: &[(RBAC, "clusterroles", true), (RBAC, "roles", true)],
        severities: (High, Some(Medium), Some(Medium)),
        names: Names::Roles,
        is_of_editors: false,
    },
    Right {
        text: "impersonate others",
        verbs: &["impersonate"],
        resources: &[
            ("", "users", false),
            ("", "groups", false),
            ("", "serviceaccounts", true),
            (AUTHENTICATION, "uids", false),
        ],
        severities: (High, Some(Medium), Some(Medium)),
        names: Names::Any,
        is_of_editors: true,
    },
    Right {
        text: "change webhooks of admission",
        verbs: CHANGES,
        resources: &[
            (ADMISSION, "validatingwebhookconfigurations", false),
            (ADMISSION, "mutatingwebhookconfigurations", false),
        ],
        severities: (High, None, None),
        names: Names::Any,
        is_of_editors: false,
    },
    Right {
        text: "change policies of admission",
        verbs: CHANGES,
        resources: &[
            (ADMISSION, "validatingadmissionpolicies", false),
            (ADMISSION, "validatingadmissionpolicybindings", false),
            (ADMISSION, "mutatingadmissionpolicies", false),
            (ADMISSION, "mutatingadmissionpolicybindings", false),
        ],
        severities: (High, None, None),
        names: Names::Any,
        is_of_editors: false,
    },
    Right {
        text: "create persistent volumes",
        verbs: &["create"],
        resources: &[("", "persistentvolumes", false)],
        severities: (High, None, None),
        names: Names::Any,
        is_of_editors: false,
    },
    Right {
        text: "reach kubelets by nodes/proxy",
        verbs: &[
            "get",
            "list",
            "watch",
            "create",
            "update",
            "patch",
            "delete",
            "deletecollection",
        ],
        resources: &[("", "nodes/proxy", false)],
        severities: (High, None, None),
        names: Names::Any,
        is_of_editors: false,
    },
    Right {
        text: "create tokens of service accounts",
        verbs: &["create"],
        resources: &[("", "serviceaccounts/token", true)],
        severities: (High, Some(High), Some(Medium)),
        names: Names::Any,
        is_of_editors: true,
    },
    Right {
        text: "create pods",
        verbs: &["create"],
        resources: &[("", "pods", true)],
        severities: (High, Some(High), Some(Low)),
        names: Names::Any,
        is_of_editors: true,
    },
    Right {
        text: "change workloads",
        verbs: CHANGES,
        resources: &[
            ("apps", "deployments", true),
            ("apps", "daemonsets", true),
            ("apps", "statefulsets", true),
            ("apps", "replicasets", true),
            ("", "replicationcontrollers", true),
            ("batch", "jobs", true),
            ("batch", "cronjobs", true),
        ],
        severities: (High, Some(High), Some(Low)),
        names: Names::Any,
        is_of_editors: true,
    },
    Right {
        text: "run commands in pods",
        verbs: &["create", "get"],
        resources: &[("", "pods/exec", true), ("", "pods/attach", true)],
        severities: (High, Some(High), Some(Low)),
        names: Names::Any,
        is_of_editors: true,
    },
    Right {
        text: "add containers to pods",
        verbs: &["update", "patch"],
        resources: &[("", "pods/ephemeralcontainers", true)],
        severities: (High, Some(High), Some(Low)),
        names: Names::Any,
        is_of_editors: true,
    },
    Right {
        text: "change namespaces",
        verbs: &["update", "patch"],
        resources: &[("", "namespaces", true)],
        severities: (Medium, Some(Medium), Some(Medium)),
        names: Names::Any,
        is_of_editors: false,
    },
    Right {
        text: "change bindings",
        verbs: CHANGES,
        resources: &[
            (RBAC, "rolebindings", true),
            (RBAC, "clusterrolebindings", false),
        ],
        severities: (Medium, Some(Low), Some(Low)),
        names: Names::Any,
        is_of_editors: true,
    },
];

/// The right to write the ConfigMap by which IAM principals have access. It has no effect with the mode `API`.
const AWS_AUTH: Right = Right {
    text: "write the ConfigMap aws-auth",
    verbs: CHANGES,
    resources: &[("", "configmaps", true)],
    severities: (High, Some(High), None),
    names: Names::Only("aws-auth"),
    is_of_editors: false,
};

/// The rights to approve a certificate: the API server requires both.
const APPROVAL: [Right; 2] = [
    Right {
        text: "approve certificates",
        verbs: &["update", "patch"],
        resources: &[(CERTIFICATES, "certificatesigningrequests/approval", false)],
        severities: (High, None, None),
        names: Names::Any,
        is_of_editors: false,
    },
    Right {
        text: "approve certificates",
        verbs: &["approve", "sign"],
        resources: &[(CERTIFICATES, "signers", false)],
        severities: (High, None, None),
        names: Names::Any,
        is_of_editors: false,
    },
];

impl Right {
    /// Returns the severity of the right and its text; `None` if the role does not grant it.
    fn problem(&self, granted: &Granted<'_>) -> Option<(Severity, String)> {
        let scope = granted.scope();
        let (in_cluster, in_kube_system, in_namespace) = self.severities;
        let severity = match scope {
            Scope::Cluster => in_cluster,
            Scope::KubeSystem => in_kube_system?,
            Scope::Namespace => in_namespace?,
        };
        let named = match self.grant(granted)? {
            Grant::All => None,
            Grant::Named(named) => Some(named),
        };
        let severity = match (self.names, &named) {
            (Names::Only(name), Some(named)) if !named.contains(name) => return None,
            (Names::Roles, Some(named)) if !names_administrator(granted, named) => Low,
            _ if self.is_of_editors && granted.is_of_editors() && scope == Scope::Namespace => Low,
            _ => severity,
        };
        let text = match named {
            Some(named) => format!("{} (only {})", self.text, names(named)),
            None => self.text.to_owned(),
        };
        Some((severity, text))
    }

    /// Returns the objects on which the role grants the right, in the extent of the binding.
    fn grant<'a>(&self, granted: &'a Granted<'_>) -> Option<Grant<'a>> {
        let is_in_cluster = granted.scope() == Scope::Cluster;
        let mut all_named = BTreeSet::new();
        for (group, resource, is_namespaced) in self.resources {
            if !is_in_cluster && !is_namespaced {
                continue;
            }
            for verb in self.verbs {
                let action = Action {
                    verb,
                    group,
                    resource,
                };
                match granted_by(&granted.role.rules, &action) {
                    Some(Grant::All) => return Some(Grant::All),
                    Some(Grant::Named(named)) => all_named.extend(named),
                    None => {}
                }
            }
        }
        (!all_named.is_empty()).then_some(Grant::Named(all_named))
    }
}

/// Returns `true` if one of the names is that of a role that grants everything.
fn names_administrator(granted: &Granted<'_>, named: &BTreeSet<&str>) -> bool {
    let namespaces = [None, granted.binding.namespace.clone()];
    named.iter().any(|name| {
        let mut namespaces = namespaces.iter().cloned();
        *name == "cluster-admin"
            || namespaces.any(|namespace| {
                let name = RbacName {
                    namespace,
                    name: (*name).to_owned(),
                };
                let role = granted.cluster.rbac.roles.get(&name);
                role.is_some_and(|role| role.rules.iter().any(grants_everything))
            })
    })
}

/// Returns the right to impersonate extras, which are subresources with any name; `None` if the role does not grant it.
fn extras(granted: &Granted<'_>) -> Option<(Severity, String)> {
    if granted.scope() != Scope::Cluster {
        return None;
    }
    let resources = granted.role.rules.iter().flat_map(|rule| &rule.resources);
    let mut extras = resources.filter(|resource| resource.starts_with("userextras/"));
    let is_granted = extras.any(|resource| {
        let action = Action {
            verb: "impersonate",
            group: AUTHENTICATION,
            resource,
        };
        granted_by(&granted.role.rules, &action).is_some()
    });
    is_granted.then(|| (High, "impersonate extras of others".to_owned()))
}

/// Returns the right to approve certificates; `None` if the role does not grant all that this needs.
fn approval(granted: &Granted<'_>) -> Option<(Severity, String)> {
    let [request, signer] = APPROVAL.each_ref().map(|right| right.problem(granted));
    request.and(signer)
}

fn problems(granted: &Granted<'_>) -> Vec<(Severity, Reason)> {
    let mut rights: BTreeMap<Severity, Vec<String>> = BTreeMap::new();
    let of_table = RIGHTS.iter().filter_map(|right| right.problem(granted));
    let reads_aws_auth = granted.cluster.authentication_mode != Some(AuthenticationMode::Api);
    let aws_auth = reads_aws_auth.then(|| AWS_AUTH.problem(granted)).flatten();
    let others = [extras(granted), approval(granted), aws_auth];
    for (severity, text) in of_table.chain(others.into_iter().flatten()) {
        rights.entry(severity).or_default().push(text);
    }
    let problem = |(severity, rights): (Severity, Vec<String>)| {
        let text = format!(
            "{} these rights {}: {}.",
            granted.grant(),
            granted.place(),
            rights.join(", ")
        );
        (severity, Reason::new(ReasonCode::MayEscalate, text))
    };
    rights.into_iter().map(problem).collect()
}

#[cfg(test)]
mod tests;
