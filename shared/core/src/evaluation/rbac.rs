//! The evaluation that all checks of roles and bindings have in common.
//!
//! A binding without subjects, or to a role that does not exist, grants nothing, so the checks do not apply to it. The
//! bindings that Kubernetes and Amazon EKS create pass, as far as they name the subjects that these give them, and so
//! do subjects that a parameter allows. All other subjects of such bindings are evaluated as in any other binding.

pub(crate) mod accounts;
pub(crate) mod built_in;
pub(crate) mod rules;

use std::borrow::Cow;

use crate::evaluation::contents::EvaluateContents;
use crate::facts::kubernetes::{
    ApiList, Binding, KubernetesCluster, ObjectName, RbacName, Role, RoleSubject, Rule,
};
use crate::facts::{Facts, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues, Texts};
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::roll_up::{EvaluatedObject, Noun, Subject, Unit, Verdicts};
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

use rules::{Action, Grant, granted, grants_everything};

/// The verbs by which a subject reads Secrets.
const READING: [&str; 3] = ["get", "list", "watch"];

/// The noun for bindings.
const BINDINGS: Noun = Noun {
    one: "binding",
    many: "bindings",
};

/// The noun for roles.
const ROLES: Noun = Noun {
    one: "role",
    many: "roles",
};

/// The namespace with the objects of the cluster itself.
const KUBE_SYSTEM: &str = "kube-system";

/// The text of the exception for a role or a binding that exists in each cluster.
const CREATED_BY_PLATFORM: &str = "Excepted, since Kubernetes or Amazon EKS creates it.";

/// The text of the exception for a role or a binding whose subjects a parameter allows.
const ALLOWED_BY_PARAMETER: &str =
    "Excepted, since the parameter allowedSubjects allows its subjects.";

/// The subjects that may have the rights that a check looks for.
pub(crate) static ALLOWED_SUBJECTS: Parameter<Texts> = Parameter {
    name: "allowedSubjects",
    description: "The subjects that may have such rights, as User:<name>, Group:<name> or \
                  ServiceAccount:<namespace>/<name>.",
    default: Texts::Borrowed(&[]),
};

/// The rules of a role that the API server creates, as far as checks evaluate them: verbs, API groups and resources,
/// separated by commas.
type DefaultRules = &'static [(&'static str, &'static str, &'static str)];

const WRITE: &str = "create,delete,deletecollection,patch,update";

const READ: &str = "get,list,watch";

const RULES_OF_CLUSTER_ADMIN: DefaultRules = &[("*", "*", "*")];

const RULES_OF_ADMIN: DefaultRules = &[
    (READ, "rbac.authorization.k8s.io", "rolebindings,roles"),
    (WRITE, "rbac.authorization.k8s.io", "rolebindings,roles"),
];

const RULES_OF_EDIT: DefaultRules = &[
    (
        READ,
        "",
        "pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy",
    ),
    ("impersonate", "", "serviceaccounts"),
    (
        WRITE,
        "",
        "pods,pods/attach,pods/exec,pods/portforward,pods/proxy",
    ),
    (
        WRITE,
        "",
        "configmaps,replicationcontrollers,secrets,serviceaccounts,services",
    ),
    ("create", "", "serviceaccounts/token"),
    (
        WRITE,
        "apps",
        "daemonsets,deployments,replicasets,statefulsets",
    ),
    (WRITE, "batch", "cronjobs,jobs"),
];

const RULES_OF_VIEW: DefaultRules = &[
    (
        READ,
        "",
        "configmaps,endpoints,namespaces,pods,pods/log,serviceaccounts,services",
    ),
    (
        READ,
        "apps",
        "daemonsets,deployments,replicasets,statefulsets",
    ),
    (READ, "batch", "cronjobs,jobs"),
];

/// Returns a well-known role with the rules that the API server gives it; `None` for any other role.
fn assumed(name: &RbacName) -> Option<Role> {
    let sources: &[DefaultRules] = match (name.namespace.as_deref(), name.name.as_str()) {
        (None, "cluster-admin") => &[RULES_OF_CLUSTER_ADMIN],
        (None, "admin") => &[RULES_OF_ADMIN, RULES_OF_EDIT, RULES_OF_VIEW],
        (None, "edit") => &[RULES_OF_EDIT, RULES_OF_VIEW],
        (None, "view") => &[RULES_OF_VIEW],
        _ => return None,
    };
    let split = |texts: &str| texts.split(',').map(str::to_owned).collect();
    let rules = sources.iter().copied().flatten();
    let rules = rules.map(|(verbs, api_groups, resources)| Rule {
        verbs: split(verbs),
        api_groups: split(api_groups),
        resources: split(resources),
        ..Rule::default()
    });
    Some(Role {
        rules: rules.collect(),
        has_unread_rules: false,
        is_labelled_default: true,
    })
}

/// The extent of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The whole cluster.
    Cluster,
    /// The namespace of the cluster's own objects, whose service accounts lead to the whole cluster.
    KubeSystem,
    /// Another namespace.
    Namespace,
}

/// A binding with the role that it grants.
#[derive(Debug)]
pub(crate) struct Granted<'a> {
    /// The name of the binding.
    pub(crate) binding: &'a RbacName,
    /// The name of the role.
    pub(crate) role_name: &'a RbacName,
    /// The role.
    pub(crate) role: Cow<'a, Role>,
    /// The subjects to evaluate.
    pub(crate) subjects: Vec<&'a RoleSubject>,
    /// The cluster.
    pub(crate) cluster: &'a KubernetesCluster,
}

impl Granted<'_> {
    /// Returns the extent of the binding.
    pub(crate) fn scope(&self) -> Scope {
        match self.binding.namespace.as_deref() {
            None => Scope::Cluster,
            Some(KUBE_SYSTEM) => Scope::KubeSystem,
            Some(_) => Scope::Namespace,
        }
    }

    /// Returns the extent of the binding in words.
    pub(crate) fn place(&self) -> String {
        match &self.binding.namespace {
            None => "in the whole cluster".to_owned(),
            Some(namespace) => format!("in the namespace {namespace}"),
        }
    }

    /// Returns the beginning of a sentence about the subjects: "ClusterRole/view grants User a, Group b".
    pub(crate) fn grant(&self) -> String {
        let subjects: Vec<String> = self.subjects.iter().map(ToString::to_string).collect();
        let subjects = names(subjects.iter().map(String::as_str));
        format!("{} grants {subjects}", self.role_name.of_role())
    }

    /// Returns `true` if the role is one that the API server creates for the users of a namespace, unless they may only
    /// read.
    pub(crate) fn is_of_editors(&self) -> bool {
        self.role_name.namespace.is_none()
            && ["admin", "edit"].contains(&self.role_name.name.as_str())
            && self.role.is_labelled_default
    }

    /// Returns the verbs by which the role reads all Secrets.
    pub(crate) fn verbs_that_read_secrets(&self) -> Vec<&'static str> {
        let reads_all = |verb: &&str| {
            let action = Action {
                verb,
                group: "",
                resource: "secrets",
            };
            granted(&self.role.rules, &action) == Some(Grant::All)
        };
        READING.into_iter().filter(reads_all).collect()
    }

    /// Returns `true` if the role grants all verbs on all resources.
    pub(crate) fn grants_everything(&self) -> bool {
        self.role.rules.iter().any(grants_everything)
    }
}

/// A check of bindings: a pure function of a binding and its role.
#[derive(Debug)]
pub(crate) struct EvaluateBindings {
    /// The text of a binding that passes, which is a sentence.
    pub(crate) passed: &'static str,
    /// `true` if the check leaves bindings that grant everything to the check of these.
    pub(crate) leaves_administrators: bool,
    /// Returns the reasons why a binding fails because of its subjects.
    pub(crate) problems: fn(&Granted<'_>) -> Vec<(Severity, Reason)>,
}

impl EvaluateContents for EvaluateBindings {
    fn subjects(
        &self,
        cluster: &Resource,
        facts: &KubernetesCluster,
        settings: &ParameterValues,
    ) -> Vec<Subject> {
        let allowed = settings.get(&ALLOWED_SUBJECTS);
        let bindings = facts.rbac.bindings.iter();
        let verdicts = bindings.filter_map(|(name, binding)| {
            let verdict = self.verdict(facts, name, binding, &allowed)?;
            Some((name.of_binding(), verdict))
        });
        subjects(cluster, facts, verdicts)
    }

    fn unit(&self) -> Unit {
        Unit::Object(BINDINGS)
    }
}

impl EvaluateBindings {
    /// Returns the verdict about a binding; `None` if its namespace is being deleted, or its role may be one that could
    /// not be read.
    fn verdict(
        &self,
        facts: &KubernetesCluster,
        name: &RbacName,
        binding: &Binding,
        allowed: &Texts,
    ) -> Option<Verdict> {
        if is_left_alone(facts, name) {
            return None;
        }
        let inert = |text: String| Verdict::not_applicable(ReasonCode::BindingInert, text);
        if binding.subjects.is_empty() && !binding.has_unread_subjects {
            return Some(inert("The binding has no subjects.".to_owned()));
        }
        let Some(role_name) = &binding.role else {
            return Some(unread_member());
        };
        let role = match facts.rbac.roles.get(role_name) {
            Some(role) => Cow::Borrowed(role),
            None if lists_all_roles(facts, role_name) => {
                let role = role_name.of_role();
                return Some(inert(format!("The role {role} does not exist.")));
            }
            None => Cow::Owned(assumed(role_name)?),
        };
        let is_built_in =
            |subject: &&RoleSubject| built_in::is_built_in_subject(name, binding, subject);
        let is_allowed = |subject: &&RoleSubject| {
            let key = subject.key();
            allowed.iter().any(|allowed| *allowed == key)
        };
        let mut granted = Granted {
            binding: name,
            role_name,
            role,
            subjects: Vec::new(),
            cluster: facts,
        };
        if self.leaves_administrators && granted.grants_everything() {
            let text = "The binding grants everything: see k8s-rbac-cluster-admin.";
            return Some(Verdict::not_applicable(
                ReasonCode::ReportedByOtherCheck,
                text,
            ));
        }
        let others = binding.subjects.iter();
        let others = others.filter(|subject| !is_built_in(subject) && !is_allowed(subject));
        granted.subjects = others.collect();
        let has_exceptions = granted.subjects.len() < binding.subjects.len();
        if let Some(failed) = self.failed(&granted) {
            return Some(failed);
        }
        if binding.has_unread_subjects || granted.role.has_unread_rules {
            return Some(unread_member());
        }
        granted.subjects = binding.subjects.iter().collect();
        if has_exceptions && let Some(failed) = self.failed(&granted) {
            let mut verdict = failed;
            verdict.except(if granted.subjects.iter().all(is_built_in) {
                Reason::new(ReasonCode::ExceptedSystem, CREATED_BY_PLATFORM)
            } else {
                Reason::new(ReasonCode::ExceptedByParameter, ALLOWED_BY_PARAMETER)
            });
            return Some(verdict);
        }
        Some(Verdict::passed(ReasonCode::BindingPassed, self.passed))
    }

    fn failed(&self, granted: &Granted<'_>) -> Option<Verdict> {
        if granted.subjects.is_empty() {
            return None;
        }
        let problems = (self.problems)(granted).into_iter();
        Verdict::failed_by(problems.map(|(severity, reason)| (severity, Some(reason))))
    }
}

/// A check of roles: a pure function of a role and of whether it is bound.
#[derive(Debug)]
pub(crate) struct EvaluateRoles {
    /// The text of a role that passes, which is a sentence.
    pub(crate) passed: &'static str,
    /// Returns the reasons why a role fails; `true` stands for a role that is bound.
    pub(crate) problems: fn(&Role, bool) -> Vec<(Severity, Reason)>,
}

impl EvaluateContents for EvaluateRoles {
    fn subjects(
        &self,
        cluster: &Resource,
        facts: &KubernetesCluster,
        settings: &ParameterValues,
    ) -> Vec<Subject> {
        let allowed = settings.get(&ALLOWED_SUBJECTS);
        let roles = facts.rbac.roles.iter();
        let verdicts = roles.filter_map(|(name, role)| {
            let verdict = self.verdict(facts, name, role, &allowed)?;
            Some((name.of_role(), verdict))
        });
        subjects(cluster, facts, verdicts)
    }

    fn unit(&self) -> Unit {
        Unit::Object(ROLES)
    }
}

impl EvaluateRoles {
    /// Returns the verdict about a role; `None` if its namespace is being deleted, or it fails and it is unknown whether
    /// it is bound.
    fn verdict(
        &self,
        facts: &KubernetesCluster,
        name: &RbacName,
        role: &Role,
        allowed: &Texts,
    ) -> Option<Verdict> {
        if is_left_alone(facts, name) {
            return None;
        }
        let bindings = facts.rbac.bindings.iter();
        let bindings = bindings.filter(|(binding_name, binding)| {
            let has_subjects = !binding.subjects.is_empty() || binding.has_unread_subjects;
            has_subjects
                && binding.role.as_ref() == Some(name)
                && !is_left_alone(facts, binding_name)
        });
        let bindings: Vec<&Binding> = bindings.map(|(_, binding)| binding).collect();
        let is_bound = !bindings.is_empty();
        let problems = (self.problems)(role, is_bound).into_iter();
        let failed =
            Verdict::failed_by(problems.map(|(severity, reason)| (severity, Some(reason))));
        let Some(failed) = failed else {
            let passed = || Verdict::passed(ReasonCode::RolePassed, self.passed);
            return Some(if role.has_unread_rules {
                unread_member()
            } else {
                passed()
            });
        };
        let is_allowed = |binding: &&Binding| {
            let mut subjects = binding.subjects.iter().map(RoleSubject::key);
            let is_one = |key: String| allowed.iter().any(|allowed| *allowed == key);
            !binding.has_unread_subjects && subjects.all(is_one)
        };
        let excepted = |code, text| {
            let mut verdict = failed.clone();
            verdict.except(Reason::new(code, text));
            verdict
        };
        if built_in::is_built_in_role(name, role) {
            return Some(excepted(ReasonCode::ExceptedSystem, CREATED_BY_PLATFORM));
        }
        if is_bound && role.rules.iter().any(grants_everything) {
            let text = "The role is bound and grants everything: see k8s-rbac-cluster-admin.";
            return Some(Verdict::not_applicable(
                ReasonCode::ReportedByOtherCheck,
                text,
            ));
        }
        let lists = [ApiList::ClusterRoleBindings, ApiList::RoleBindings];
        let lists_all_bindings = lists.into_iter().all(|list| is_complete(facts, list));
        if is_bound && lists_all_bindings && bindings.iter().all(is_allowed) {
            return Some(excepted(
                ReasonCode::ExceptedByParameter,
                ALLOWED_BY_PARAMETER,
            ));
        }
        (is_bound || lists_all_bindings).then_some(failed)
    }
}

/// Returns `true` if an object is in a namespace that is being deleted.
fn is_left_alone(facts: &KubernetesCluster, name: &RbacName) -> bool {
    let namespace = name.namespace.as_deref();
    namespace.is_some_and(|namespace| facts.is_terminating(namespace))
}

/// Returns `true` if no object is missing in a list.
fn is_complete(facts: &KubernetesCluster, list: ApiList) -> bool {
    matches!(facts.lists.get(&list), Some(Ok(())))
}

/// Returns `true` if the list of the roles of this kind is complete.
fn lists_all_roles(facts: &KubernetesCluster, role: &RbacName) -> bool {
    let list = match role.namespace {
        Some(_) => ApiList::Roles,
        None => ApiList::ClusterRoles,
    };
    is_complete(facts, list)
}

fn unread_member() -> Verdict {
    let unread = Unread {
        code: ReasonCode::ReadFailed,
        text: "A member that the check evaluates has an unknown type or value.".to_owned(),
    };
    Verdict::not_available(&unread)
}

/// Returns the verdicts about the objects of a cluster. The verdict about the cluster counts the bindings that grant
/// nothing.
fn subjects(
    cluster: &Resource,
    facts: &KubernetesCluster,
    verdicts: impl Iterator<Item = (ObjectName, Verdict)>,
) -> Vec<Subject> {
    let mut objects = Vec::new();
    for (name, verdict) in verdicts {
        let Ok(resource) = name.resource(cluster) else {
            continue;
        };
        objects.push(EvaluatedObject {
            resource,
            name: name.to_string(),
            details: name.details(cluster),
            object: Some(name),
            verdict,
        });
    }
    let is_inert = |object: &&EvaluatedObject| {
        let first = object.verdict.reasons.first();
        first.is_some_and(|reason| reason.code == ReasonCode::BindingInert)
    };
    let inert = objects.iter().filter(is_inert).count();
    let inert = (inert > 0).then(|| {
        let text = format!("Bindings without subjects, or to roles that do not exist: {inert}.");
        Reason::new(ReasonCode::BindingInert, text)
    });
    vec![Subject {
        resource: cluster.clone(),
        details: facts.details(),
        verdicts: Verdicts {
            objects,
            unread: facts.missing(Need::Rbac.into()),
            remarks: inert.into_iter().collect(),
        },
    }]
}

#[cfg(test)]
pub(crate) mod tests;
