//! The objects that create pods.

use eksentry_core::facts::kubernetes::{ApiList, LabelSelector, Labels, PodSpec, PolicySelection};
use eksentry_core::field::{Field, Object};
use serde::Deserialize;

use super::interner::PodSpecs;
use super::lists::Item;
use super::metadata::{Metadata, Place};
use super::network_policies::Policies;
use super::owner::Owner;

/// The label that Argo Rollouts gives to the replica sets of a rollout, and to their pods.
pub(super) const ROLLOUT_HASH: &str = "rollouts-pod-template-hash";

/// An object that creates pods, as the API server returns it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CreatorObject {
    metadata: Field<Metadata>,
    spec: Field<Spec>,
    status: Field<Status>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    selector: Field<LabelSelector>,
    template: Field<Template>,
    job_template: Field<JobTemplate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    spec: Field<JobSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    template: Field<Template>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Template {
    metadata: Field<Metadata>,
    spec: Field<PodSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Field<Vec<Field<Condition>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Condition {
    r#type: Field<String>,
    status: Field<String>,
}

impl Object for Spec {}
impl Object for JobTemplate {}
impl Object for JobSpec {}
impl Object for Template {}
impl Object for Status {}
impl Object for Condition {}

/// An object that creates pods.
#[derive(Debug)]
pub(super) struct Creator {
    /// The list that contains the object.
    pub(super) list: ApiList,
    /// The namespace and the name.
    pub(super) place: Place,
    /// The object that created this one.
    pub(super) owner: Option<Owner>,
    /// `true` if the object is a replica set that a rollout created.
    pub(super) is_of_rollout: bool,
    /// The condition on the labels of its pods, if the object is a deployment that has one.
    pub(super) selector: Option<LabelSelector>,
    /// The index of the settings of its pods.
    pub(super) template: usize,
    /// The directions in which network policies select pods with the labels of the template.
    pub(super) policy_selection: PolicySelection,
    /// `true` if the object is a job that has ended.
    pub(super) has_ended: bool,
}

/// Returns what is kept of an object that creates pods.
pub(super) fn creator(
    list: ApiList,
    object: CreatorObject,
    specs: &mut PodSpecs,
    policies: &Policies,
) -> Item<Creator> {
    let Field::Value(metadata) = object.metadata else {
        return Item::Unreadable;
    };
    let Some(place) = metadata.place() else {
        return Item::Unreadable;
    };
    let has_ended = list == ApiList::Jobs && has_ended(&object.status);
    let (selector, template) = match object.spec {
        Field::Value(spec) => (
            spec.selector,
            template(list, spec.template, spec.job_template),
        ),
        Field::Absent => (Field::Absent, Field::Absent),
        Field::Invalid => (Field::Invalid, Field::Invalid),
    };
    let selector = match selector {
        Field::Value(selector) if list == ApiList::Deployments => Some(selector),
        _ => None,
    };
    let policy_selection = policies.selection(&place.namespace, || labels(&template));
    Item::Kept(Creator {
        list,
        place,
        owner: metadata.controller(),
        is_of_rollout: list == ApiList::ReplicaSets && metadata.label(ROLLOUT_HASH).is_some(),
        selector,
        template: specs.intern_reduced(template.and_then(|template| template.spec)),
        policy_selection,
        has_ended,
    })
}

/// Returns the template of the pods.
fn template(list: ApiList, template: Field<Template>, jobs: Field<JobTemplate>) -> Field<Template> {
    match list {
        ApiList::CronJobs => jobs.and_then(|jobs| jobs.spec).and_then(|job| job.template),
        _ => template,
    }
}

/// Returns the labels in a template; `None` if they can't be read.
fn labels(template: &Field<Template>) -> Option<Labels> {
    match template
        .read()
        .map(|template| template.map(|template| &template.metadata))
    {
        Ok(None | Some(Field::Absent)) => Some(Labels::new()),
        Ok(Some(Field::Value(metadata))) => metadata.known_labels(),
        Ok(Some(Field::Invalid)) | Err(_) => None,
    }
}

/// Returns `true` if a job with this status has ended.
fn has_ended(status: &Field<Status>) -> bool {
    let conditions = status.value().and_then(|status| status.conditions.value());
    let mut conditions = conditions.into_iter().flatten().filter_map(Field::value);
    conditions.any(|condition| {
        let kind = condition.r#type.value().map(String::as_str);
        let status = condition.status.value().map(String::as_str);
        matches!(kind, Some("Complete" | "Failed")) && status == Some("True")
    })
}
