//! ## What it checks
//!
//! Containers should have requests and limits for their resources. The check fails with MEDIUM if no container of a pod
//! has a request or limit for CPU or memory, so that its quality of service is `BestEffort`. It fails with LOW if a
//! container, an init container or a sidecar lacks one that `required` names.
//!
//! A limit is also the request, if the container states none. The requests and limits of the pod satisfy the
//! requirement for all its containers. A quantity of zero is none. Limits for CPU are not required by default, since
//! they slow down containers on idle nodes. Ephemeral containers can't have resources. Limit ranges are evaluated by
//! their effect on running pods only.
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
use crate::evaluation::workloads::{EvaluateWorkloads, Inspection, Issue, WORKLOADS};
use crate::facts::kubernetes::{ContainerKind, Resources};
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
    parameters: &[&REQUIRED],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Namespace(WORKLOADS),
        passed: "All containers have the requests and limits that are required.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    let required = inspection.settings.get(&REQUIRED);
    let mut containers = inspection.containers();
    containers.retain(|container| container.kind != ContainerKind::Ephemeral);
    let of_pod = &inspection.pod.resources;
    let mut resources = containers.iter().map(|one| &one.container.resources);
    let is_reserved = reserves(of_pod).and_then(|pod| {
        Ok(pod || resources.try_fold(false, |any, one| Ok(any || reserves(one)?))?)
    });
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
                let missing = missing(own, of_pod, &required);
                inspection.add_to(Some(container), missing);
            }
        }
        Err(error) => inspection.add(Err(error)),
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
    of_pod: &Field<Resources>,
    required: &[RequiredResource],
) -> Result<Option<Issue>, InvalidField> {
    let mut missing = Vec::new();
    for required in required {
        let (resource, is_limit) = required.parts();
        let has = |resources: &Field<Resources>| match resources.read()? {
            Some(resources) if is_limit => resources.has_limit(resource),
            Some(resources) => resources.has_request(resource),
            None => Ok(false),
        };
        if !has(own)? && !has(of_pod)? {
            missing.push(required.to_string());
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
    use crate::evaluation::workloads::tests::{assert_rows, verdict_of, with_container};
    use crate::verdict::Outcome::{Failed, NotAvailable, Passed};
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
}
