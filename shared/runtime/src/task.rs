//! The task of a sweep: everything, or the part of it that an event or a message selects.

use std::collections::{BTreeMap, BTreeSet};

use eksentry_core::facts::KubernetesCluster;
use eksentry_core::kind::Family;
use eksentry_core::{Check, FactsOf as _, Location, ParameterValues, Part, Resource, checks};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::error::{Error, without_values};
use crate::origin::{covers_account, covers_region, expect_evaluated, not_evaluated, place_of};
use crate::selection::Selection;
use crate::settings::Settings;

/// A sweep, or a slice of one. A member that is empty or absent does not narrow it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Task {
    /// The ids of the checks to run.
    #[serde(deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub(crate) checks: Vec<String>,
    /// The ARNs of the resources to evaluate, or `AWS::::Account:<account>` with or without `/<region>`.
    #[serde(deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    /// The account to evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// The Region to evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// The part to evaluate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<Part>,
    /// The number of slices of the same account and Region that may be evaluated at the same time; they share its
    /// rates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) neighbours: Option<u32>,
    /// The number of times that the task was sent to the queue again because there was no time left.
    #[serde(deserialize_with = "count", skip_serializing_if = "is_zero")]
    pub(crate) handed_on: u32,
    /// The number of times that clusters were looked at again because they were still changing; `None` if changes are not
    /// waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) looks: Option<u32>,
}

/// Returns the size of a value as JSON, in bytes.
fn bytes(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |json| json.len())
}

/// Reads a list of strings. Nulls in the list, or in its place, are ignored.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list: Option<Vec<Option<String>>> = Option::deserialize(deserializer)?;
    Ok(list.into_iter().flatten().flatten().collect())
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Task {
    /// Reads an event. An event with a `detail-type` comes from EventBridge, and its `resources` are those of the
    /// schedule.
    pub(crate) fn read(event: &Value) -> Result<Self, Error> {
        match event {
            Value::Null => Ok(Self::default()),
            Value::Object(members)
                if members
                    .get("detail-type")
                    .is_some_and(|kind| !kind.is_null()) =>
            {
                Ok(Self::default())
            }
            Value::Object(_) => {
                let mut task = Self::deserialize(event).map_err(|error| {
                    let form = r#"{"checks": [id, …], "resources": [ARN, …]}"#;
                    let problem = without_values(&error);
                    Error::invalid_event(format!(
                        "the event doesn't have the form {form}: {problem}"
                    ))
                })?;
                // Every slice names all checks, so each is kept only once.
                task.checks.sort_unstable();
                task.checks.dedup();
                Ok(task)
            }
            _ => Err(Error::invalid_event(
                "the event isn't a JSON object: send {} to sweep everything",
            )),
        }
    }

    /// Returns the tasks of which this one consists: one for each account that it names without a Region, which is
    /// evaluated in all Regions that the task includes, and one for everything else.
    pub(crate) fn with_accounts_apart(&self) -> Vec<Self> {
        let ids = self.resources.iter();
        let accounts: BTreeSet<&str> = ids
            .filter_map(|id| Resource::account_without_region(id))
            .collect();
        let mut rest = self.clone();
        rest.resources.retain(|id| {
            // An account that is named with a Region, too, is not evaluated twice.
            let account = id.split('/').next();
            let account = account.and_then(Resource::account_without_region);
            account.is_none_or(|account| !accounts.contains(account))
        });
        let mut tasks: Vec<Self> = accounts
            .into_iter()
            .map(|account| Self {
                account: Some(account.to_owned()),
                part: Some(Part::Account),
                resources: Vec::new(),
                ..self.clone()
            })
            .collect();
        if tasks.is_empty() || !rest.resources.is_empty() {
            tasks.push(rest);
        }
        tasks
    }

    /// Splits the task into several, each with some of the resources, that have at most `max` bytes as JSON. A task
    /// with a single resource may have more.
    pub(crate) fn split(mut self, max: usize) -> Vec<Self> {
        let resources = std::mem::take(&mut self.resources);
        let frame = bytes(&self) + r#""resources":[],"#.len();
        let mut parts: Vec<Self> = Vec::new();
        let mut size = 0;
        for resource in resources {
            let more = bytes(&resource) + ",".len();
            // The last resource is not followed by a comma.
            if parts.is_empty() || size + more - 1 > max {
                parts.push(self.clone());
                size = frame;
            }
            size += more;
            if let Some(part) = parts.last_mut() {
                part.resources.push(resource);
            }
        }
        if parts.is_empty() {
            parts.push(self);
        }
        parts
    }

    /// Returns the checks to run, with their settings: those that the task names, or else all that are switched on. Checks
    /// of the contents of clusters always include the one that reports which of them could be read.
    pub(crate) fn checks(
        &self,
        selection: &Selection,
        settings: &Settings,
    ) -> Result<Vec<(&'static Check, ParameterValues)>, Error> {
        let mut selected = self
            .checks
            .iter()
            .map(|id| checks::find(id))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Error::invalid_event(format!("in checks, {error}")))?;
        let is_inside = |check: &&'static Check| check.kind() == KubernetesCluster::KIND;
        let named = selected.iter().find(|check| is_inside(check));
        if let Some(check) = named.filter(|_| !settings.kubernetes) {
            let message = format!(
                "in checks, {} evaluates the contents of clusters, which is off: to fix this, {}",
                check.id,
                settings.set_by.name(
                    "set the environment variable EKSENTRY_KUBERNETES to on",
                    "add --kubernetes"
                )
            );
            return Err(Error::invalid_event(message));
        }
        if selected.is_empty() {
            selected = selection.enabled_checks().collect();
        }
        if selected.iter().any(is_inside) {
            selected.push(checks::readability());
        }
        selected.sort_by_key(|check| check.id);
        selected.dedup_by_key(|check| check.id);
        let checks = selected.into_iter();
        Ok(checks.map(|check| (check, selection.of(check))).collect())
    }

    /// Returns the resources that the task names, by account and Region.
    pub(crate) fn named_resources(
        &self,
        settings: &Settings,
        home: &Location,
    ) -> Result<BTreeMap<String, BTreeMap<String, Vec<Resource>>>, Error> {
        let mut named: BTreeMap<String, BTreeMap<String, Vec<Resource>>> = BTreeMap::new();
        for arn in &self.resources {
            let resource = Resource::parse(arn)
                .map_err(|error| Error::invalid_event(format!("in resources, {error}")))?;
            if resource.kind().family == Family::Kubernetes {
                let message = format!(
                    "in resources, {arn} is an object in a cluster, which can't be evaluated alone: name the cluster \
                     instead"
                );
                return Err(Error::invalid_event(message));
            }
            let place = resource.location();
            expect_evaluated(arn, &place, settings, home)?;
            let of_account = named.entry(place.account).or_default();
            of_account.entry(place.region).or_default().push(resource);
        }
        for resources in named.values_mut().flat_map(BTreeMap::values_mut) {
            resources.sort();
            resources.dedup();
        }
        Ok(named)
    }

    /// Returns an error if the task is narrowed to an account or Region that the function does not evaluate.
    pub(crate) fn check_place(&self, settings: &Settings, home: &Location) -> Result<(), Error> {
        let place = place_of(self.account.as_deref(), self.region.as_deref(), home);
        let narrowed = self.account.is_some() || self.region.is_some();
        // A task without a Region is about all Regions that are evaluated.
        let region = self.region.as_ref();
        let region = region.is_none_or(|region| covers_region(settings, home, region));
        // An event may name a cluster in the function's own place, and its contents are a slice.
        let is_of_cluster = matches!(self.part, Some(Part::Kubernetes(Some(_))));
        let is_evaluated = (place == *home && is_of_cluster)
            || (region && covers_account(settings, home, &place.account));
        if narrowed && !is_evaluated {
            let message = format!(
                "the event is about {place}, which {}",
                not_evaluated(settings, home)
            );
            return Err(Error::invalid_event(message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use eksentry_core::RepositoryNames;
    use proptest::prelude::*;
    use serde_json::json;

    fn home() -> Location {
        Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        }
    }

    fn settings(regions: &str, accounts: &str) -> Settings {
        let read = |name: &str| match name {
            "EKSENTRY_REGIONS" => Some(regions.to_owned()),
            "EKSENTRY_ACCOUNTS" => Some(accounts.to_owned()),
            _ => None,
        };
        Settings::from_environment(read).unwrap()
    }

    #[test]
    fn an_event_of_a_schedule_is_a_sweep_of_everything() {
        for event in [
            Value::Null,
            json!({}),
            json!({"checks": null, "resources": [], "part": null, "handedOn": null}),
            json!({"detail-type": null, "checks": [null]}),
            json!({"detail-type": "Scheduled Event", "resources": ["arn:aws:events:r:1:rule/x"], "detail": {}}),
            json!({"detail-type": "Scheduled Event", "detail": "{}", "checks": ["x"]}),
        ] {
            assert_eq!(Task::read(&event).unwrap(), Task::default(), "{event}");
        }
        let narrowed = json!({"checks": ["a"], "resources": ["b", "c"], "slice": 7});
        let task = Task::read(&narrowed).unwrap();
        assert_eq!((task.checks.len(), task.resources.len()), (1, 2));
    }

    #[test]
    fn events_that_are_not_a_sweep_are_rejected() {
        for event in [
            json!([]),
            json!("all"),
            json!(1),
            json!({"checks": "a"}),
            json!({"resources": [1]}),
            json!({"part": "everything"}),
        ] {
            let error = Task::read(&event).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidEvent, "{event}");
        }
    }

    #[test]
    fn a_task_survives_a_round_trip_through_json() {
        let names = RepositoryNames {
            prefix: "pay".into(),
            without: vec!["payments/".into()],
        };
        for part in [
            Part::Clusters,
            Part::Keys,
            Part::Registry(names),
            Part::Kubernetes(None),
            Part::Kubernetes(Some("payments".into())),
            Part::FileSystems,
            Part::Account,
        ] {
            let task = Task {
                account: Some("111122223333".into()),
                region: Some("eu-west-1".into()),
                part: Some(part),
                neighbours: Some(5),
                handed_on: 1,
                ..Task::default()
            };
            let json = serde_json::to_value(&task).unwrap();
            assert_eq!(Task::read(&json).unwrap(), task, "{json}");
        }
    }

    #[test]
    fn accounts_without_a_region_are_tasks_of_their_own() {
        let (cluster, here) = (
            "arn:aws:eks:eu-central-1:111122223333:cluster/c",
            "AWS::::Account:111122223333/eu-central-1",
        );
        let (one, other) = ("AWS::::Account:111122223333", "AWS::::Account:444455556666");
        let task = |resources: &[&str]| Task {
            resources: resources.iter().map(ToString::to_string).collect(),
            checks: vec!["a".to_owned()],
            handed_on: 2,
            ..Task::default()
        };
        let of_account = |account: &str| Task {
            account: Some(account.to_owned()),
            part: Some(Part::Account),
            ..task(&[])
        };
        let both = || vec![of_account("111122223333"), of_account("444455556666")];
        for (resources, expected) in [
            (&[] as &[&str], vec![task(&[])]),
            (&[cluster, here], vec![task(&[cluster, here])]),
            (&[one], vec![of_account("111122223333")]),
            (&[other, one, one], both()),
            (
                &[cluster, one, here],
                vec![of_account("111122223333"), task(&[cluster])],
            ),
            (
                &[other, here],
                vec![of_account("444455556666"), task(&[here])],
            ),
            (&["AWS::::Account:1"], vec![task(&["AWS::::Account:1"])]),
        ] {
            assert_eq!(task(resources).with_accounts_apart(), expected);
        }
    }

    #[test]
    fn checks_are_sorted_and_deduplicated() {
        let task = Task::read(&json!({"checks": ["b", "a", "b", null, "a"]})).unwrap();
        assert_eq!(task.checks, ["a", "b"]);
    }

    #[test]
    fn a_task_is_split_only_if_it_is_too_large() {
        let task = |count: usize| Task {
            resources: (0..count).map(|n| format!("arn:{n}")).collect(),
            region: Some("eu-west-1".into()),
            ..Task::default()
        };
        for count in [0, 1, 7] {
            let most = bytes(&task(count));
            assert_eq!(task(count).split(most), [task(count)]);
        }
        let sizes = |most| {
            let parts = task(9).split(most).into_iter();
            parts.map(|part| part.resources.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(bytes(&task(9)) - 1), [8, 1]);
        assert_eq!(sizes(bytes(&task(3))), [3, 3, 3]);
        assert_eq!(sizes(0), [1; 9]);
    }

    proptest! {
        #[test]
        fn splitting_keeps_every_resource_once(
            resources in prop::collection::vec(".{0,40}", 0..60),
            checks in prop::collection::vec("[a-z-]{0,20}", 0..4),
            most in 0_usize..2_000,
        ) {
            let task = Task { resources, checks, handed_on: 3, ..Task::default() };
            let parts = task.clone().split(most);
            for part in &parts {
                let json = serde_json::to_string(part).unwrap();
                prop_assert!(json.len() <= most || part.resources.len() < 2, "{json}");
                let rest = Task { resources: task.resources.clone(), ..part.clone() };
                prop_assert_eq!(&rest, &task);
            }
            let of_parts: Vec<_> = parts.into_iter().flat_map(|part| part.resources).collect();
            prop_assert_eq!(of_parts, task.resources);
        }
    }

    #[test]
    fn resources_in_other_places_are_rejected() {
        let named = |arn: &str, regions, accounts| {
            let task = Task {
                resources: vec![arn.to_owned(), arn.to_owned()],
                ..Task::default()
            };
            task.named_resources(&settings(regions, accounts), &home())
        };
        let cluster =
            |region: &str, account: &str| format!("arn:aws:eks:{region}:{account}:cluster/c");
        let own = cluster("eu-central-1", "111122223333");
        let found = named(&own, "", "").unwrap();
        assert_eq!(
            found["111122223333"]["eu-central-1"],
            [Resource::parse(&own).unwrap()]
        );
        let other_region = cluster("eu-west-1", "111122223333");
        let other_account = cluster("eu-central-1", "444455556666");
        for (arn, regions, accounts) in [
            (other_region.as_str(), "", ""),
            (&other_region, "us-east-1", ""),
            (&other_account, "", "777788889999"),
            (
                "arn:aws-cn:eks:eu-central-1:111122223333:cluster/c",
                "all",
                "organization",
            ),
            ("arn:aws:eks:eu-central-1::cluster/c", "all", "organization"),
            (
                "arn:aws:eks:eu-central-1:1111?2223333:cluster/c",
                "all",
                "organization",
            ),
            ("arn:aws:eks:*:*:cluster/*", "all", "organization"),
            ("arn:aws:s3:::bucket", "", ""),
            ("payments", "", ""),
        ] {
            let error = named(arn, regions, accounts).unwrap_err();
            assert!(error.message.contains(arn), "{error}");
        }
        assert!(named(&other_region, "eu-west-1", "").is_ok());
        assert!(named(&other_account, "", "444455556666").is_ok());
        assert!(named(&other_account, "all", "ou-ab12-cdef").is_ok());
    }

    #[test]
    fn slices_of_other_places_are_rejected() {
        let task = |account: Option<&str>, region: Option<&str>| Task {
            account: account.map(str::to_owned),
            region: region.map(str::to_owned),
            ..Task::default()
        };
        let check = |task: Task| task.check_place(&settings("eu-west-1", ""), &home());
        assert!(check(task(None, None)).is_ok());
        assert!(check(task(Some("111122223333"), Some("eu-west-1"))).is_ok());
        assert!(check(task(Some("444455556666"), None)).is_err());
        assert!(check(task(None, Some("us-east-1"))).is_err());
        // The account becomes part of a role's ARN, so only the id of an account may pass.
        let organization = settings("all", "organization");
        for (account, fits) in [
            ("444455556666", true),
            ("444455556666:role/x", false),
            ("44445555666", false),
            ("", false),
        ] {
            let checked = task(Some(account), None).check_place(&organization, &home());
            assert_eq!(checked.is_ok(), fits, "{account:?}");
        }
    }
}
