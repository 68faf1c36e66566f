//! The events that report changes, from untrusted JSON to the resource to evaluate.

use eksentry_core::facts::{EcrRepository, EksCluster, KmsKey};
use eksentry_core::{Arn, FactsOf as _, Location, Resource, ResourceKind};
use serde_json::Value;

use super::calls::{Subject, subject_of};
use crate::error::Error;
use crate::event_bridge::EventBridgeEvent;
use crate::origin::place_of;

/// A change that an event reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// The account and the Region of the change; those of the function if the event names none.
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) target: Target,
}

/// The resource to evaluate after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A resource of a kind, by its name or its ID.
    Named(&'static ResourceKind, String),
    /// A resource, by its ARN.
    Arn(String),
    /// The account in the Region.
    Account,
    /// The account in the Region, and its repositories by the checks that depend on the registry.
    Registry,
    /// All clusters in the Region, by the checks that depend on alarms.
    Clusters,
}

impl Change {
    /// Reads an event; `None` if it reports no change of anything that a check evaluates.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is not an event.
    pub(super) fn read(event: &Value) -> Result<Option<Self>, Error> {
        let event = EventBridgeEvent::read(event)?;
        let target = match event.kind() {
            (_, "AWS API Call via CloudTrail") => of_call(&event.detail),
            (
                "aws.guardduty",
                "GuardDuty Runtime Protection Healthy" | "GuardDuty Runtime Protection Unhealthy",
            ) => of_coverage(&event),
            ("aws.eks", name) if name.starts_with("EKS Addon ") => {
                of_addon(&event.resources, &event.detail)
            }
            _ => None,
        };
        Ok(target.map(|target| Self {
            account: event.account,
            region: event.region,
            target,
        }))
    }

    /// Returns the place of the change, for a function that runs in `home`.
    pub(super) fn place(&self, home: &Location) -> Location {
        place_of(self.account.as_deref(), self.region.as_deref(), home)
    }

    /// Returns the resource; if the change is about many, the account in their Region.
    ///
    /// # Errors
    ///
    /// Returns an error if there can't be such a resource.
    pub(super) fn resource(&self, home: &Location) -> Result<Resource, Error> {
        let place = self.place(home);
        let resource = match &self.target {
            Target::Named(kind, name) => Resource::named(kind, name, &place),
            Target::Arn(arn) => Resource::parse(arn),
            Target::Account | Target::Registry | Target::Clusters => Resource::parse(&format!(
                "AWS::::Account:{}/{}",
                place.account, place.region
            )),
        };
        resource.map_err(|error| Error::invalid_event(format!("in the event, {error}")))
    }
}

/// Returns a text of an object.
fn text<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// Returns the target of a call that succeeded and changed something.
fn of_call(detail: &Value) -> Option<Target> {
    let is = |name: &str, wanted: bool| match detail.get(name) {
        Some(Value::Bool(value)) => *value == wanted,
        Some(Value::String(value)) => value.parse() == Ok(wanted),
        _ => false,
    };
    let is_data = text(detail, "eventCategory").is_some_and(|category| category != "Management");
    if text(detail, "errorCode").is_some()
        || is("readOnly", true)
        || is("managementEvent", false)
        || is_data
    {
        return None;
    }
    let subject = subject_of(text(detail, "eventSource")?, text(detail, "eventName")?)?;
    let request = &detail["requestParameters"];
    match subject {
        Subject::Cluster => {
            let name = text(request, "clusterName").or_else(|| text(request, "name"));
            let name = name.map(str::to_owned);
            let name = name.or_else(|| cluster_of(text(request, "resourceArn")?))?;
            Some(Target::Named(EksCluster::KIND, name))
        }
        Subject::ClusterOfLogGroup => {
            let named = text(request, "logGroupName");
            let by_arn = || text(request, "resourceIdentifier")?.split_once(":log-group:");
            let group = named.or_else(|| by_arn().map(|(_, group)| group))?;
            let group = group.trim_end_matches(":*");
            let name = group.strip_prefix("/aws/eks/")?.strip_suffix("/cluster")?;
            Some(Target::Named(EksCluster::KIND, name.to_owned()))
        }
        Subject::Repository => {
            let by_arn = || text(request, "resourceArn")?.split_once(":repository/");
            let name = text(request, "repositoryName");
            let name = name.or_else(|| by_arn().map(|(_, name)| name))?;
            Some(Target::Named(EcrRepository::KIND, name.to_owned()))
        }
        Subject::Key => key(detail),
        Subject::Account => Some(Target::Account),
        Subject::Registry => Some(Target::Registry),
        Subject::Clusters => Some(Target::Clusters),
    }
}

/// Returns the key that a call is about. A call names it by its ID, its ARN or an alias, and CloudTrail adds the ARN to
/// the resources of most events.
fn key(detail: &Value) -> Option<Target> {
    let listed = detail["resources"].as_array().into_iter().flatten();
    let mut listed = listed.filter_map(|resource| text(resource, "ARN"));
    let (request, response) = (&detail["requestParameters"], &detail["responseElements"]);
    let named = [
        text(request, "keyId"),
        text(request, "targetKeyId"),
        text(&response["keyMetadata"], "arn"),
    ];
    let named = named.into_iter().flatten();
    // An alias does not tell which key it belonged to at the time of the call.
    let mut named = named.filter(|named| !named.contains("alias/"));
    let named = listed
        .find(|arn| arn.contains(":key/"))
        .or_else(|| named.next())?;
    Some(if named.starts_with("arn:") {
        Target::Arn(named.to_owned())
    } else {
        Target::Named(KmsKey::KIND, named.to_owned())
    })
}

/// Returns the cluster whose coverage by GuardDuty changed. An administrator of GuardDuty also receives events about the
/// clusters of other accounts, which are evaluated there.
fn of_coverage(event: &EventBridgeEvent) -> Option<Target> {
    let owner = text(&event.detail, "resourceAccountId");
    if owner.is_some() && owner != event.account.as_deref() {
        return None;
    }
    let cluster = &event.detail["resourceDetails"]["eksClusterDetails"];
    let name = text(cluster, "clusterName")?;
    Some(Target::Named(EksCluster::KIND, name.to_owned()))
}

/// Returns the cluster whose add-on changed. The ARN of an add-on contains the name of the cluster.
fn of_addon(resources: &Value, detail: &Value) -> Option<Target> {
    let arns = resources.as_array().into_iter().flatten();
    let mut arns = arns.filter_map(Value::as_str);
    let name = arns.find_map(cluster_of);
    let name = name.or_else(|| text(detail, "clusterName").map(str::to_owned))?;
    Some(Target::Named(EksCluster::KIND, name))
}

/// Returns the name of the cluster in the ARN of a cluster, or of something that belongs to it.
fn cluster_of(arn: &str) -> Option<String> {
    const BELONGING: [&str; 7] = [
        "cluster",
        "nodegroup",
        "addon",
        "fargateprofile",
        "access-entry",
        "podidentityassociation",
        "identityproviderconfig",
    ];
    let arn: Arn = arn.parse().ok()?;
    let (kind, path) = arn.resource().split_once('/')?;
    let name = path.split('/').next()?;
    BELONGING.contains(&kind).then(|| name.to_owned())
}

#[cfg(test)]
mod tests;
