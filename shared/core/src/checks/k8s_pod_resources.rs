//! ## What it checks
//!
//! Containers should have requests and limits for their resources. The check fails with MEDIUM if no container of a pod
//! has a request or limit for CPU or memory, so that its quality of service is `BestEffort`. It fails with LOW if a
//! container, an init container or a sidecar lacks one that `required` names.
//!
//! A limit is also the request, if the container states none. The requests and limits of the pod satisfy the
//! requirement for all its containers. A quantity of zero is none. Limits for CPU are not required by default, since
//! they slow down containers on idle nodes. Ephemeral containers can't have resources. A workload
//! without running pods is evaluated with the defaults that the limit ranges of its namespace will add to its containers.
//! Running pods have these defaults already, if the limit range is older than the pods.
//!
//! ## Why it matters
//!
//! A container without limits can use up the memory of its node, and so end other pods. The scheduler and autoscalers
//! can't plan without requests.
//!
//! ## How to fix it
//!
//! Set requests and limits in the template, or defaults for the namespace in a limit range.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, LimitRanges,
    PLATFORM_EXCEPTIONS, WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::Unread;
use crate::facts::kubernetes::{ContainerInPod, ContainerKind, Resources, add_to_containers};
use crate::field::{Field, InvalidField};
use crate::need::Need;
use crate::parameters::{Parameter, RequiredResource, RequiredResources};
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;

static REQUIRED: Parameter<RequiredResources> = Parameter {
    name: "required",
    description: "The requests and limits that each container must have.",
    default: RequiredResources::Borrowed(&[
        RequiredResource::CpuRequest,
        RequiredResource::MemoryRequest,
        RequiredResource::MemoryLimit,
    ]),
};

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-resources",
    enabled: true,
    title: "Containers should have resource requests and limits",
    requirement: "Each container should have the requests and limits that are required.",
    severities: &[
        (
            Severity::Medium,
            "a pod without requests and limits can use up its node, and is the first to be evicted",
        ),
        (Severity::Low, "a container lacks a request or limit"),
    ],
    remediation: Remediation {
        text: "Set requests and limits in the template, or defaults for the namespace in a limit range.",
        command: "kubectl set resources <workload> --namespace {namespace} --requests=cpu=<cpu>,memory=<memory> \
                  --limits=memory=<memory>",
        url: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    },
    parameters: &[
        &REQUIRED,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads, Need::LimitRanges],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Subject(WORKLOADS),
        passed: "All containers have the requests and limits that are required.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    let required = inspection.context.settings.get(&REQUIRED);
    let mut containers = inspection.containers();
    containers.retain(|container| container.kind != ContainerKind::Ephemeral);
    let of_pod = &inspection.pod.resources;
    let mut resources = containers.iter().map(|one| &one.container.resources);
    let is_reserved = reserves(of_pod).and_then(|pod| {
        Ok(pod || resources.try_fold(false, |any, one| Ok(any || reserves(one)?))?)
    });
    let defaults = Defaults {
        limit_ranges: inspection.context.limit_ranges,
        of_pod,
    };
    let is_reserved = match is_reserved {
        Ok(false) => defaults.reserve(&containers),
        known => known.map_err(Unknown::from),
    };
    match is_reserved {
        // Without any container that can be read, nothing is known of the pod.
        Ok(false) if !containers.is_empty() => {
            let text =
                "No container of a pod has a request or limit for CPU or memory (BestEffort)";
            let issue = Issue::lacking(Severity::Medium, ReasonCode::BestEffort, text);
            inspection.add(Ok(Some(issue)));
        }
        Ok(_) => {
            for container in containers {
                let own = &container.container.resources;
                let missing = missing(own, &defaults, &required);
                inspection.add_to(Some(container), missing);
            }
        }
        Err(unknown) => inspection.add(unknown.issue().map(Some)),
    }
}

/// The reason why it is unknown whether a container will have a request or a limit.
enum Unknown<'a> {
    /// A setting has an unexpected type.
    Setting(InvalidField),
    /// Limit ranges may be missing.
    LimitRanges(&'a Unread),
}

impl From<InvalidField> for Unknown<'_> {
    fn from(error: InvalidField) -> Self {
        Self::Setting(error)
    }
}

impl Unknown<'_> {
    fn issue(self) -> Result<Issue, InvalidField> {
        match self {
            Self::Setting(error) => Err(error),
            Self::LimitRanges(unread) => Ok(Issue::unread(unread)),
        }
    }
}

/// The requests and limits that containers have without stating them.
struct Defaults<'a> {
    limit_ranges: LimitRanges<'a>,
    of_pod: &'a Field<Resources>,
}

impl<'a> Defaults<'a> {
    /// Returns `true` if limit ranges add a request or a limit of CPU or memory to a container.
    fn reserve(&self, containers: &[ContainerInPod<'_>]) -> Result<bool, Unknown<'a>> {
        for container in containers {
            for resource in ["cpu", "memory"] {
                for is_limit in [false, true] {
                    let own = &container.container.resources;
                    if self.are_added(own, resource, is_limit)? {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// Returns `true` if a container has a request or a limit: its own, that of its pod, or that of a limit range.
    fn has(
        &self,
        own: &Field<Resources>,
        resource: &str,
        is_limit: bool,
    ) -> Result<bool, Unknown<'a>> {
        let has = |resources: &Field<Resources>| match resources.read()? {
            Some(resources) if is_limit => resources.has_limit(resource),
            Some(resources) => resources.has_request(resource),
            None => Ok(false),
        };
        Ok(has(own)? || has(self.of_pod)? || self.are_added(own, resource, is_limit)?)
    }

    /// Returns `true` if limit ranges add a request or a limit to a container. They don't if it states one, even zero.
    fn are_added(
        &self,
        own: &Field<Resources>,
        resource: &str,
        is_limit: bool,
    ) -> Result<bool, Unknown<'a>> {
        if let Some(own) = own.read()?
            && own.states(resource, is_limit)?
        {
            return Ok(false);
        }
        let limit_ranges = self.limit_ranges.map_err(Unknown::LimitRanges)?;
        Ok(add_to_containers(limit_ranges, resource, is_limit)?)
    }
}

/// Returns `true` if there is a request or limit for CPU or memory.
fn reserves(resources: &Field<Resources>) -> Result<bool, InvalidField> {
    let Some(resources) = resources.read()? else {
        return Ok(false);
    };
    Ok(resources.has_request("cpu")?
        || resources.has_request("memory")?
        || resources.has_limit("cpu")?
        || resources.has_limit("memory")?)
}

fn missing(
    own: &Field<Resources>,
    defaults: &Defaults<'_>,
    required: &[RequiredResource],
) -> Result<Option<Issue>, InvalidField> {
    let mut missing = Vec::new();
    for required in required {
        let (resource, is_limit) = required.parts();
        match defaults.has(own, resource, is_limit) {
            Ok(true) => {}
            Ok(false) => missing.push(required.to_string()),
            Err(unknown) => return unknown.issue().map(Some),
        }
    }
    let text = format!("Containers lack {}", missing.join(", "));
    let issue = || Issue::lacking(Severity::Low, ReasonCode::ResourcesMissing, text);
    Ok((!missing.is_empty()).then(issue))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::checks::samples::{kubernetes_cluster, unread, workload};
    use crate::evaluation::workloads::tests::{
        assert_rows, objects_of, pod, verdict_of, with_container,
    };
    use crate::facts::kubernetes::{ApiList, KubernetesCluster, Workload};
    use crate::verdict::Outcome::{self, Failed, NotAvailable, Passed};
    use Severity::{Low, Medium};

    fn with(resources: &Value) -> Value {
        with_container(&json!({"resources": resources}))
    }

    fn good() -> Value {
        json!({"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}})
    }

    #[test]
    fn requests_and_limits_decide() {
        let mut of_pod = with(&json!({}));
        of_pod["resources"] = good();
        let mut one_of_two = with(&good());
        let bare = json!({"name": "bare"});
        one_of_two["containers"].as_array_mut().unwrap().push(bare);
        let mut sidecar = with(&good());
        sidecar["initContainers"] = json!([{
            "name": "s", "restartPolicy": "Always",
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
        }]);
        let mut debugged = with(&good());
        debugged["ephemeralContainers"] = json!([{"name": "debugger"}]);
        let mut windows = with(&json!({}));
        windows["os"] = json!({"name": "windows"});
        let passed: &[&str] = &["WORKLOAD_PASSED"];
        let missing: &[&str] = &["RESOURCES_MISSING"];
        let best_effort: &[&str] = &["BEST_EFFORT"];
        assert_rows(
            &CHECK,
            "{}",
            [
                (with(&good()), Passed, passed),
                (with(&json!(null)), Failed(Medium), best_effort),
                (
                    with(&json!({"limits": {}, "requests": {}})),
                    Failed(Medium),
                    best_effort,
                ),
                (
                    with(&json!({"limits": {"cpu": "1", "memory": "1Gi"}})),
                    Passed,
                    passed,
                ),
                (
                    with(&json!({"requests": {"cpu": "1", "memory": "1Gi"}})),
                    Failed(Low),
                    missing,
                ),
                (
                    with(&json!({"requests": {"cpu": "100m"}, "limits": {"memory": "0"}})),
                    Failed(Low),
                    missing,
                ),
                (
                    with(&json!({
                        "requests": {"cpu": "1", "memory": "0"}, "limits": {"memory": "1Gi"},
                    })),
                    Failed(Low),
                    missing,
                ),
                (
                    with(&json!({"limits": {"nvidia.com/gpu": "1"}})),
                    Failed(Medium),
                    best_effort,
                ),
                (
                    with(&json!({"limits": {"cpu": "0"}})),
                    Failed(Medium),
                    best_effort,
                ),
                (of_pod, Passed, passed),
                (one_of_two, Failed(Low), missing),
                (sidecar, Failed(Low), missing),
                (debugged, Passed, passed),
                (windows, Failed(Medium), best_effort),
                (
                    with(&json!({"limits": {"memory": true}})),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
            ],
        );
    }

    #[test]
    fn other_resources_can_be_required() {
        let parameters = r#"{"required": "limits.cpu, requests.ephemeral-storage"}"#;
        let verdict = verdict_of(&CHECK, &with(&good()), parameters);
        assert_eq!(verdict.outcome, Failed(Low));
        assert_eq!(
            verdict.explanation(),
            "Containers lack limits.cpu, requests.ephemeral-storage: container app."
        );
    }

    /// Returns the verdict about a workload without running pods, in a namespace with these limit ranges.
    fn without_pods(
        resources: &Value,
        ranges: &[Value],
        is_read: bool,
    ) -> (Outcome, Vec<&'static str>) {
        let mut facts = KubernetesCluster {
            workloads: vec![Workload {
                running: Vec::new(),
                ..workload(&pod(&with(resources)))
            }],
            ..kubernetes_cluster()
        };
        let ranges = ranges
            .iter()
            .map(|item| serde_json::from_value(json!({"limits": [item]})).unwrap());
        facts.namespaces.get_mut("shop").unwrap().limit_ranges = ranges.collect();
        if !is_read {
            facts.lists.insert(ApiList::LimitRanges, Err(unread()));
        }
        let verdict = objects_of(&CHECK, &facts, "{}").pop().unwrap().verdict;
        (verdict.outcome, verdict.codes())
    }

    #[test]
    fn limit_ranges_complete_the_template_of_a_workload_without_pods() {
        let range = json!({
            "type": "Container", "default": {"memory": "128Mi"},
            "defaultRequest": {"cpu": "50m", "memory": "64Mi"},
        });
        let of_pods = json!({"type": "Pod", "max": {"cpu": "1", "memory": "1Gi"}});
        let memory = json!({"type": "Container", "default": {"memory": "128Mi"}});
        let maximum = json!({"type": "Container", "max": {"cpu": "1", "memory": "1Gi"}});
        let bare = json!({});
        let zero = json!({"limits": {"memory": "0"}});
        for (resources, ranges, outcome, code) in [
            (&bare, vec![], Failed(Medium), "BEST_EFFORT"),
            (&bare, vec![range.clone()], Passed, "WORKLOAD_PASSED"),
            (&bare, vec![of_pods], Failed(Medium), "BEST_EFFORT"),
            (&bare, vec![memory], Failed(Low), "RESOURCES_MISSING"),
            (&bare, vec![maximum], Passed, "WORKLOAD_PASSED"),
            (&zero, vec![range], Failed(Low), "RESOURCES_MISSING"),
            (&bare, vec![json!(7)], NotAvailable, "READ_FAILED"),
            (&good(), vec![json!(7)], Passed, "WORKLOAD_PASSED"),
        ] {
            let found = without_pods(resources, &ranges, true);
            assert_eq!(found, (outcome, vec![code]), "{resources} {ranges:?}");
        }
        for (resources, outcome, code) in [
            (&bare, NotAvailable, "ACCESS_DENIED"),
            (&good(), Passed, "WORKLOAD_PASSED"),
        ] {
            let found = without_pods(resources, &[], false);
            assert_eq!(found, (outcome, vec![code]), "{resources}");
        }
    }

    #[test]
    fn running_pods_are_evaluated_as_they_are() {
        let mut facts = KubernetesCluster {
            workloads: vec![workload(&pod(&with(&json!({}))))],
            ..kubernetes_cluster()
        };
        let range =
            json!({"limits": [{"type": "Container", "max": {"cpu": "1", "memory": "1Gi"}}]});
        let namespace = facts.namespaces.get_mut("shop").unwrap();
        namespace.limit_ranges = vec![serde_json::from_value(range).unwrap()];
        let verdict = objects_of(&CHECK, &facts, "{}").pop().unwrap().verdict;
        assert_eq!(verdict.outcome, Failed(Medium));
    }
}
