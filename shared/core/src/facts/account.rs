//! Facts about an AWS account in a Region: the services that record and monitor activity there.

mod trail;

use std::sync::Arc;

pub use self::trail::{Access, EventSelector, EventSources, LOGGED_SERVICES, Trail, TrailStatus};
use super::registry::{CreationTemplate, RegistryPolicy};
use super::repository::RegistryScanning;
use super::{Detector, Fact, Facts, FactsOf, List, Unread};
use crate::details::Details;
use crate::kind::{ConfigType, Family, Identity, ResourceKind, TagSource};
use crate::need::{Need, Needs};
use crate::policy::OrganizationPath;

/// An account in a Region.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// `true` if the Region holds an Amazon EKS cluster of the account.
    pub has_clusters: Fact<bool>,
    /// `true` if the Region holds a private Amazon ECR repository of the account.
    pub has_repositories: Fact<bool>,
    /// The customer's own AWS Config recorder; `None` if there is none.
    pub recorder: Fact<Option<Recorder>>,
    /// The scanning configuration of the registry.
    pub registry_scanning: Fact<RegistryScanning>,
    /// Amazon Inspector, as far as it concerns images.
    pub inspector: Fact<Inspector>,
    /// The pattern of the ARNs of all repositories in the account's registry.
    pub repositories: String,
    /// The policy of the account's registry in Amazon ECR; `None` if it has none.
    pub registry_policy: Fact<Option<Arc<RegistryPolicy>>>,
    /// The repository creation templates of the account's registry in Amazon ECR.
    pub creation_templates: List<CreationTemplate>,
    /// The account's organization, if a policy names organizations; `None` if the account belongs to none, or may not
    /// read it.
    pub organization: Fact<Option<OrganizationPath>>,
    /// The AWS CloudTrail trails of the account and of its organization, from all Regions.
    pub trails: List<Trail>,
    /// `true` if Amazon EBS encrypts new volumes by default.
    pub encrypts_volumes: Fact<bool>,
    /// The GuardDuty detector; `None` if there is none. It is read only if the Region may hold clusters.
    pub detector: Fact<Option<Detector>>,
}

/// An AWS Config configuration recorder.
/// Source: <https://docs.aws.amazon.com/config/latest/developerguide/stop-start-recorder.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorder {
    /// The name of the recorder.
    pub name: String,
    /// `true` if the recorder is on.
    pub recording: bool,
    /// The status of the last delivery, such as `Success` or `Failure`. AWS Config spells it in more than one way.
    pub last_status: Option<String>,
    /// The resource types that it records.
    pub types: Fact<RecordedTypes>,
    /// The resource types that it records once a day rather than at each change.
    pub daily: DailyTypes,
}

/// The resource types that a recorder records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedTypes {
    /// All types that AWS Config supports.
    All,
    /// Only these types.
    Only(Vec<String>),
    /// All types except these.
    AllBut(Vec<String>),
}

/// The resource types that a recorder records once a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DailyTypes {
    /// `true` if all types that no override names are recorded daily.
    pub by_default: bool,
    /// The overrides, each with `true` if its types are recorded daily, and its types.
    pub overrides: Vec<(bool, Vec<String>)>,
}

/// Amazon Inspector in a Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspector {
    /// The Region does not offer Amazon Inspector.
    NotOffered,
    /// The Region offers Amazon Inspector.
    Offered {
        /// The status for the account.
        account: InspectorStatus,
        /// The status of the scanning of images in Amazon ECR.
        images: InspectorStatus,
    },
}

/// A status of Amazon Inspector.
/// Source: <https://docs.aws.amazon.com/inspector/v2/APIReference/API_State.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InspectorStatus {
    /// `ENABLED`.
    Enabled,
    /// `ENABLING`.
    Enabling,
    /// `DISABLED`, `DISABLING`, `SUSPENDED` or `SUSPENDING`.
    Off(&'static str),
    /// A value that did not exist when this was written, or no value.
    Unknown(String),
}

impl InspectorStatus {
    /// Reads the status from its name in Amazon Inspector.
    pub fn read(name: Option<&str>) -> Self {
        match name.unwrap_or_default() {
            "ENABLED" => Self::Enabled,
            "ENABLING" => Self::Enabling,
            "DISABLED" => Self::Off("DISABLED"),
            "DISABLING" => Self::Off("DISABLING"),
            "SUSPENDED" => Self::Off("SUSPENDED"),
            "SUSPENDING" => Self::Off("SUSPENDING"),
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl RecordedTypes {
    /// Returns `true` if a resource type, such as `AWS::EKS::Cluster`, is recorded.
    pub fn include(&self, resource_type: &str) -> bool {
        let contains = |types: &[String]| types.iter().any(|one| one == resource_type);
        match self {
            Self::All => true,
            Self::Only(types) => contains(types),
            Self::AllBut(types) => !contains(types),
        }
    }

    fn describe(&self) -> String {
        let sorted = |types: &[String]| {
            let mut types = types.to_vec();
            types.sort_unstable();
            types.join(", ")
        };
        match self {
            Self::All => "all".to_owned(),
            Self::Only(types) => sorted(types),
            Self::AllBut(types) => format!("all except {}", sorted(types)),
        }
    }
}

impl DailyTypes {
    /// Returns `true` if a resource type is recorded daily. An override takes precedence over the default.
    pub fn include(&self, resource_type: &str) -> bool {
        let mut overrides = self.overrides.iter();
        let first = overrides.find(|(_, types)| types.iter().any(|one| one == resource_type));
        first.map_or(self.by_default, |(daily, _)| *daily)
    }
}

impl Account {
    /// Returns why a check of what clusters use does not apply, or `None` if it does. It applies unless the list of
    /// clusters was read and is empty.
    pub fn without_clusters(&self) -> Option<&'static str> {
        (self.has_clusters == Ok(false)).then_some("The Region has no EKS clusters.")
    }

    /// Returns why a check of the recording of clusters and repositories does not apply, or `None` if it does. It
    /// applies unless both lists were read and are empty.
    pub fn nothing_to_record(&self) -> Option<&'static str> {
        let is_empty = self.has_clusters == Ok(false) && self.has_repositories == Ok(false);
        is_empty.then_some("The Region has neither EKS clusters nor ECR repositories.")
    }
}

/// AWS accounts, each as a separate resource in each Region, since cross-Region aggregation shows the findings of
/// several Regions together.
pub static KIND: ResourceKind = ResourceKind {
    name: "Account",
    noun: "account",
    title: "AWS account",
    placeholder: "<account>",
    events: None,
    identity: Identity::Account,
    family: Family::Account,
    parent: None,
    asff_type: "AwsAccount",
    ocsf_type: "AwsAccount",
    config: Some(ConfigType {
        name: "AWS::::Account",
        records_changes: false,
    }),
    tags: TagSource::None,
    sends_every_pass: true,
};

impl Facts for Account {
    fn kind(&self) -> &'static ResourceKind {
        &KIND
    }

    fn details(&self) -> Details {
        Details::default()
    }

    fn details_for(&self, needs: Needs) -> Details {
        let recorder = self.recorder.as_ref().ok().and_then(Option::as_ref);
        let Some(recorder) = recorder.filter(|_| needs.contains(Need::Recorder)) else {
            return Details::default();
        };
        let types = recorder.types.as_ref().ok().map(RecordedTypes::describe);
        Details::default()
            .text("recorderName", Some(&recorder.name))
            .flag("recording", recorder.recording)
            .text("recordedTypes", types.as_deref())
    }
}

impl FactsOf for Account {
    const KIND: &'static ResourceKind = &KIND;
}

impl Account {
    /// Returns an account about which no fact was read yet.
    pub fn unread() -> Self {
        Self {
            has_clusters: Err(Unread::not_requested("the Region's clusters")),
            has_repositories: Err(Unread::not_requested("the Region's repositories")),
            recorder: Err(Unread::not_requested("the AWS Config recorder")),
            registry_scanning: Err(Unread::not_requested(
                "the registry's scanning configuration",
            )),
            inspector: Err(Unread::not_requested("the status of Amazon Inspector")),
            repositories: String::new(),
            registry_policy: Err(Unread::not_requested("the registry's policy")),
            creation_templates: List::unread(Unread::not_requested(
                "the repository creation templates",
            )),
            organization: Err(Unread::not_requested("the account's organization")),
            trails: List::unread(Unread::not_requested("the trails")),
            encrypts_volumes: Err(Unread::not_requested("the default encryption of volumes")),
            detector: Err(Unread::not_requested("the GuardDuty detector")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(types: &[&str]) -> Vec<String> {
        types.iter().map(|one| (*one).to_owned()).collect()
    }

    #[test]
    fn statuses_of_inspector_are_read_by_their_names() {
        use InspectorStatus::{Enabled, Enabling, Off, Unknown};
        for (name, status) in [
            (Some("ENABLED"), Enabled),
            (Some("ENABLING"), Enabling),
            (Some("DISABLED"), Off("DISABLED")),
            (Some("DISABLING"), Off("DISABLING")),
            (Some("SUSPENDED"), Off("SUSPENDED")),
            (Some("SUSPENDING"), Off("SUSPENDING")),
            (Some("PAUSED"), Unknown("PAUSED".into())),
            (Some("enabled"), Unknown("enabled".into())),
            (None, Unknown(String::new())),
        ] {
            assert_eq!(InspectorStatus::read(name), status);
        }
    }

    #[test]
    fn recorded_types_depend_on_the_recording_strategy() {
        for (recorded, expected) in [
            (RecordedTypes::All, [true, true]),
            (RecordedTypes::Only(types(&["A"])), [true, false]),
            (RecordedTypes::Only(Vec::new()), [false, false]),
            (RecordedTypes::AllBut(types(&["A"])), [false, true]),
        ] {
            assert_eq!(
                ["A", "B"].map(|one| recorded.include(one)),
                expected,
                "{recorded:?}"
            );
        }
    }

    #[test]
    fn an_override_takes_precedence_over_the_default_frequency() {
        for (by_default, overrides, expected) in [
            (false, vec![], [false, false]),
            (true, vec![], [true, true]),
            (false, vec![(true, types(&["A"]))], [true, false]),
            (true, vec![(false, types(&["A"]))], [false, true]),
        ] {
            let daily = DailyTypes {
                by_default,
                overrides,
            };
            assert_eq!(
                ["A", "B"].map(|one| daily.include(one)),
                expected,
                "{daily:?}"
            );
        }
    }

    #[test]
    fn an_unread_list_does_not_count_as_empty() {
        let unread = || Err(Unread::not_requested("it"));
        for (clusters, repositories, nothing) in [
            (Ok(false), Ok(false), true),
            (Ok(true), Ok(false), false),
            (Ok(false), Ok(true), false),
            (Ok(false), unread(), false),
            (unread(), Ok(false), false),
        ] {
            let account = Account {
                has_clusters: clusters,
                has_repositories: repositories,
                ..Account::unread()
            };
            assert_eq!(
                account.nothing_to_record().is_some(),
                nothing,
                "{account:?}"
            );
        }
    }

    #[test]
    fn details_list_the_recorded_types_in_a_fixed_order() {
        let details = |recorder| {
            let account = Account {
                recorder,
                ..Account::unread()
            };
            serde_json::to_value(account.details_for(Need::Recorder.into())).unwrap()
        };
        let recorder = Recorder {
            name: "default".into(),
            recording: true,
            last_status: None,
            types: Ok(RecordedTypes::AllBut(types(&["B", "A"]))),
            daily: DailyTypes::default(),
        };
        let expected = serde_json::json!({
            "recorderName": "default", "recording": true, "recordedTypes": "all except A, B",
        });
        assert_eq!(details(Ok(Some(recorder.clone()))), expected);
        assert_eq!(details(Ok(None)), serde_json::json!({}));
        let account = Account {
            recorder: Ok(Some(recorder)),
            ..Account::unread()
        };
        let other = account.details_for(Need::Trails.into());
        assert_eq!(
            other,
            Details::default(),
            "the recorder is part of the report of one check"
        );
    }
}
