//! ## What it checks
//!
//! Pods should mount a token for the Kubernetes API only if they need one. The check fails with LOW if
//!
//! - a pod mounts the token of a service account to which no binding grants a role, by its name or by a group of
//!   service accounts;
//! - a pod mounts the token of the service account `default`, which all pods without an account of their own share;
//! - the service account `default` of the namespace lets pods mount its token, unless `checkDefaultAccount` is false.
//!
//! Running pods are evaluated by their volumes. The template of a workload without pods is evaluated by its volumes and
//! by `automountServiceAccountToken`, which the service account may set too. Only tokens for the API server count, so
//! those for IAM roles of service accounts and for EKS Pod Identity pass. Secrets are not read, so a token in a Secret
//! that a pod mounts is not seen.
//!
//! ## Why it matters
//!
//! Whoever controls a container can use its token: with the rights of the service account, and to find out about the
//! API server.
//!
//! ## How to fix it
//!
//! Set `automountServiceAccountToken: false` in service accounts, or in the pods.

use std::collections::BTreeMap;

use crate::check::{Check, Remediation};
use crate::evaluation::contents::{EvaluateContents, contains_object};
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, OBJECTS, PLATFORM_EXCEPTIONS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::{ApiList, KubernetesCluster, ObjectName, PodSpec, Volume};
use crate::facts::{Fact, Unread};
use crate::field::{Field, InvalidField, any_true};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues, Texts};
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::roll_up::{EvaluatedObject, Subject, Unit, Verdicts};
use crate::severity::Severity;
use crate::verdict::{Reason, Verdict};

/// The service account of pods that name none.
const DEFAULT_ACCOUNT: &str = "default";

/// The audience of tokens for the API server, if they name one.
const API_SERVER: &str = "https://kubernetes.default.svc";

static CHECK_DEFAULT_ACCOUNT: Parameter<bool> = Parameter {
    name: "checkDefaultAccount",
    description: "If true, the service account default of each namespace must not let pods mount its token.",
    default: true,
};

static ALLOWED_ACCOUNTS: Parameter<Texts> = Parameter {
    name: "allowedAccounts",
    description: "The service accounts whose tokens pods may mount, as <namespace>/<name>.",
    default: Texts::Borrowed(&[]),
};

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-token-mount",
    enabled: true,
    title: "Pods that don't call the Kubernetes API should not mount its token",
    requirement: "Pods should mount a token for the Kubernetes API only if a binding grants rights to their service \
                  account.",
    severities: &[(
        Severity::Low,
        "whoever controls a container can call the API server with its token",
    )],
    remediation: Remediation {
        text: "Set automountServiceAccountToken: false in the service account, or in the template of the pods.",
        command: "kubectl patch serviceaccount default --namespace {namespace} --patch \
                  '{\"automountServiceAccountToken\": false}'",
        url: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    },
    parameters: &[
        &CHECK_DEFAULT_ACCOUNT,
        &ALLOWED_ACCOUNTS,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads, Need::ServiceAccounts, Need::Rbac],
    evaluate: &EvaluateTokens,
};

/// The evaluation of the workloads in a namespace.
const WORKLOADS: EvaluateWorkloads = EvaluateWorkloads {
    unit: Unit::Subject(OBJECTS),
    passed: "The pods mount no token for the Kubernetes API that they don't need.",
    required: None,
    inspect,
};

/// The evaluation of workloads, and of the default service account of each namespace.
#[derive(Debug)]
struct EvaluateTokens;

impl EvaluateContents for EvaluateTokens {
    fn subjects(
        &self,
        cluster: &Resource,
        facts: &KubernetesCluster,
        settings: &ParameterValues,
    ) -> Vec<Subject> {
        let workloads = WORKLOADS.subjects(cluster, facts, settings).into_iter();
        let mut subjects: BTreeMap<Resource, Subject> = workloads
            .map(|subject| (subject.resource.clone(), subject))
            .collect();
        let names = facts.namespaces.keys().map(String::as_str);
        for namespace in names.filter(|name| !facts.is_terminating(name)) {
            let Some(verdict) = verdict_on_default_account(facts, namespace, settings) else {
                continue;
            };
            let name = service_account(namespace, DEFAULT_ACCOUNT);
            let (Ok(resource), Ok(account)) = (
                ObjectName::namespace(namespace, cluster),
                name.resource(cluster),
            ) else {
                continue;
            };
            let subject = subjects.entry(resource.clone()).or_insert_with(|| Subject {
                resource,
                details: ObjectName::details_of_namespace(namespace, cluster),
                verdicts: Verdicts {
                    unread: facts.missing(Need::Workloads.into()),
                    ..Verdicts::default()
                },
            });
            subject.verdicts.objects.push(EvaluatedObject {
                resource: account,
                name: name.to_string(),
                details: name.details(cluster),
                object: Some(name),
                verdict,
            });
        }
        subjects.into_values().collect()
    }

    fn unit(&self) -> Unit {
        WORKLOADS.unit
    }
}

fn service_account(namespace: &str, name: &str) -> ObjectName {
    ObjectName {
        namespace: Some(namespace.to_owned()),
        kind: "ServiceAccount".to_owned(),
        api_version: "v1".to_owned(),
        plural: "serviceaccounts".to_owned(),
        name: name.to_owned(),
    }
}

fn is_allowed(settings: &ParameterValues, namespace: &str, account: &str) -> bool {
    contains_object(&settings.get(&ALLOWED_ACCOUNTS), namespace, account)
}

/// Returns the text of the exception for a service account that a parameter allows.
fn allowed_by_parameter(account: &str) -> String {
    format!("The parameter allowedAccounts allows the service account {account}")
}

/// Returns the verdict about the default service account of a namespace; `None` if there is none, or it is not checked.
fn verdict_on_default_account(
    facts: &KubernetesCluster,
    namespace: &str,
    settings: &ParameterValues,
) -> Option<Verdict> {
    if !settings.get(&CHECK_DEFAULT_ACCOUNT) {
        return None;
    }
    let mut verdict = match automount(facts, namespace, DEFAULT_ACCOUNT) {
        Ok(None) => return None,
        Ok(Some(Field::Value(false))) => Verdict::passed(
            ReasonCode::DefaultAutomountOff,
            "Pods do not mount the token of the service account default, unless they ask for it.",
        ),
        Ok(Some(Field::Invalid)) => Verdict::not_available(&Unread {
            code: ReasonCode::ReadFailed,
            text:
                "The setting automountServiceAccountToken of the service account is not a boolean."
                    .to_owned(),
        }),
        Ok(Some(Field::Absent | Field::Value(true))) => Verdict::failed(
            Severity::Low,
            ReasonCode::DefaultAutomount,
            "Pods mount the token of the service account default, unless they refuse it.",
        ),
        Err(unread) => Verdict::not_available(&unread),
    };
    if is_allowed(settings, namespace, DEFAULT_ACCOUNT) {
        let text = format!("{}.", allowed_by_parameter(DEFAULT_ACCOUNT));
        verdict.except(Reason::new(ReasonCode::ExceptedByParameter, text));
    }
    Some(verdict)
}

/// Returns the setting of a service account; `None` if the account does not exist.
fn automount(
    facts: &KubernetesCluster,
    namespace: &str,
    account: &str,
) -> Fact<Option<Field<bool>>> {
    let namespace = facts.namespaces.get(namespace);
    let found = namespace.and_then(|namespace| namespace.service_accounts.get(account));
    match (found, facts.unread(ApiList::ServiceAccounts)) {
        (Some(setting), _) => Ok(Some(*setting)),
        (None, None) => Ok(None),
        (None, Some(unread)) => Err(unread),
    }
}

fn inspect(inspection: &mut Inspection<'_>) {
    inspection.add(issue(inspection));
}

/// The reason why pods mount a token for the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mount {
    /// Admission adds it, since the pod does not refuse it.
    NotRefused,
    /// A setting of the pod asks for it.
    Requested,
}

fn issue(inspection: &Inspection<'_>) -> Result<Option<Issue>, InvalidField> {
    let context = inspection.context;
    let unknown = |unread: Unread| Ok(Some(Issue::unread(&unread)));
    let name = inspection.pod.service_account_name.read()?;
    let account = name.filter(|name| !name.is_empty());
    let account = account.map_or(DEFAULT_ACCOUNT, String::as_str);
    let mount = match mounted(inspection, account)? {
        Ok(Some(mount)) => mount,
        Ok(None) => return Ok(None),
        Err(unread) => return unknown(unread),
    };
    // The account is shared by all pods without one of their own, so its rights do not show that a pod needs them.
    let is_shared = account == DEFAULT_ACCOUNT;
    let is_bound = if is_shared {
        Ok(false)
    } else {
        let accounts = context.bound_accounts();
        accounts.contains(context.namespace, account)
    };
    if is_bound == Ok(true) {
        return Ok(None);
    }
    if is_allowed(context.settings, context.namespace, account) {
        let text = allowed_by_parameter(account);
        return Ok(Some(Issue::passed(ReasonCode::ExceptedByParameter, text)));
    }
    if let Err(unread) = is_bound {
        return unknown(unread);
    }
    let failed = match mount {
        Mount::Requested => Issue::failed,
        Mount::NotRefused => Issue::lacking,
    };
    let (code, text) = if is_shared {
        (
            ReasonCode::DefaultAccount,
            "Pods mount a token of the service account default, which pods share",
        )
    } else {
        (
            ReasonCode::TokenUnused,
            "Pods mount a token of their service account, to which no binding grants a role",
        )
    };
    Ok(Some(failed(Severity::Low, code, text)))
}

/// Returns how the pods mount a token of their account; `None` if they do not.
fn mounted(
    inspection: &Inspection<'_>,
    account: &str,
) -> Result<Fact<Option<Mount>>, InvalidField> {
    let own = &inspection.pod.automount_service_account_token;
    let by_volume = mount_by_volume(inspection.pod);
    if let Ok(Some(mount)) = by_volume {
        let is_requested = *own == Field::Value(true);
        return Ok(Ok(Some(if is_requested {
            Mount::Requested
        } else {
            mount
        })));
    }
    if !inspection.is_admitted {
        match own.read()? {
            Some(true) => return Ok(Ok(Some(Mount::Requested))),
            Some(false) => {}
            None => {
                let context = inspection.context;
                let setting = match automount(context.facts, context.namespace, account) {
                    Ok(setting) => setting.unwrap_or_default(),
                    Err(unread) => return Ok(Err(unread)),
                };
                if setting.read()? != Some(&false) {
                    return Ok(Ok(Some(Mount::NotRefused)));
                }
            }
        }
    }
    by_volume?;
    Ok(Ok(None))
}

/// Returns how a container mounts a volume with a token for the API server; `None` if none does. Members that can't be
/// read do not matter if one certainly does.
fn mount_by_volume(pod: &PodSpec) -> Result<Option<Mount>, InvalidField> {
    let mut is_known = true;
    let mut tokens = BTreeMap::new();
    for volume in pod.volumes.items()? {
        match (has_token(volume), &volume.name) {
            (Ok(true), Field::Value(name)) => {
                let mount = if volume.is_of_admission() {
                    Mount::NotRefused
                } else {
                    Mount::Requested
                };
                tokens.insert(name, mount);
            }
            (Ok(false), _) => {}
            (Ok(true) | Err(InvalidField), _) => is_known = false,
        }
    }
    if tokens.is_empty() && is_known {
        return Ok(None);
    }
    let mut found = None;
    for container in pod.containers() {
        let mounts = container.and_then(|container| container.container.volume_mounts.items());
        let Ok(mounts) = mounts else {
            is_known = false;
            continue;
        };
        for mount in mounts {
            match &mount.name {
                Field::Value(name) => found = found.max(tokens.get(name).copied()),
                Field::Absent => {}
                Field::Invalid => is_known = false,
            }
        }
    }
    if found.is_some() || is_known {
        Ok(found)
    } else {
        Err(InvalidField)
    }
}

/// Returns `true` if a volume has a token for the API server. Sources that can't be read do not matter if one
/// certainly is such a token.
fn has_token(volume: &Volume) -> Result<bool, InvalidField> {
    let Some(projected) = volume.projected.read()? else {
        return Ok(false);
    };
    let sources = projected.sources.items()?.iter();
    any_true(sources.map(|source| {
        let Some(token) = source.service_account_token.read()? else {
            return Ok(false);
        };
        let audience = token.audience.read()?.map_or("", String::as_str);
        Ok(["", API_SERVER].contains(&audience))
    }))
}

#[cfg(test)]
mod tests;
