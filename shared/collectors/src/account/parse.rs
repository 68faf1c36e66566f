//! Pure functions that convert AWS Config's responses about recorders into facts.

use aws_sdk_config::types::{
    ConfigurationRecorder, ConfigurationRecorderStatus, RecordingFrequency, RecordingGroup,
    RecordingMode, RecordingStrategyType, ResourceType,
};
use eksentry_core::facts::account::{DailyTypes, RecordedTypes, Recorder};
use eksentry_core::{Fact, ReasonCode, Unread};

/// Returns the customer's own recorder. Recorders that are linked to a service record for that service alone.
pub(super) fn customer_recorder(
    recorders: &[ConfigurationRecorder],
) -> Option<&ConfigurationRecorder> {
    recorders
        .iter()
        .find(|recorder| recorder.service_principal().is_none_or(str::is_empty))
}

/// Returns a recorder with its status; `None` if no status belongs to it.
pub(super) fn recorder(
    recorder: &ConfigurationRecorder,
    statuses: &[ConfigurationRecorderStatus],
) -> Option<Recorder> {
    let name = recorder.name().unwrap_or_default();
    let status = statuses
        .iter()
        .find(|status| status.name().unwrap_or_default() == name)?;
    Some(Recorder {
        name: name.to_owned(),
        recording: status.recording(),
        last_status: status.last_status().map(|value| value.as_str().to_owned()),
        types: recorded_types(recorder.recording_group()),
        daily: recorder
            .recording_mode()
            .map(daily_types)
            .unwrap_or_default(),
    })
}

/// Returns the resource types that a recorder records. The recording strategy decides; responses from before strategies
/// existed have only the other members.
fn recorded_types(group: Option<&RecordingGroup>) -> Fact<RecordedTypes> {
    let Some(group) = group else {
        return Err(unknown(
            "AWS Config didn't return the resource types that its recorder records.",
        ));
    };
    let only = || RecordedTypes::Only(names(group.resource_types()));
    let all_except = || {
        let excluded = group.exclusion_by_resource_types();
        RecordedTypes::AllBut(names(
            excluded.map_or(&[], |excluded| excluded.resource_types()),
        ))
    };
    let strategy = group
        .recording_strategy()
        .and_then(|strategy| strategy.use_only());
    Ok(match strategy {
        Some(RecordingStrategyType::AllSupportedResourceTypes) => RecordedTypes::All,
        Some(RecordingStrategyType::InclusionByResourceTypes) => only(),
        Some(RecordingStrategyType::ExclusionByResourceTypes) => all_except(),
        Some(other) => {
            return Err(unknown(&format!(
                "The AWS Config recorder has the recording strategy {}, which this version of eksentry doesn't \
                 support. To fix this, update eksentry.",
                other.as_str()
            )));
        }
        None if group.all_supported() => RecordedTypes::All,
        None if group.exclusion_by_resource_types().is_some() => all_except(),
        None => only(),
    })
}

fn unknown(text: &str) -> Unread {
    Unread {
        code: ReasonCode::RecordedTypesUnknown,
        text: text.to_owned(),
    }
}

fn daily_types(mode: &RecordingMode) -> DailyTypes {
    let is_daily = |frequency: &RecordingFrequency| *frequency == RecordingFrequency::Daily;
    let overrides = mode.recording_mode_overrides().iter().map(|one| {
        let types = names(one.resource_types());
        (is_daily(one.recording_frequency()), types)
    });
    DailyTypes {
        by_default: is_daily(mode.recording_frequency()),
        overrides: overrides.collect(),
    }
}

fn names(types: &[ResourceType]) -> Vec<String> {
    types.iter().map(|one| one.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_config::types::{
        ExclusionByResourceTypes, RecorderStatus, RecordingModeOverride, RecordingStrategy,
    };

    use super::*;

    fn strategy(value: RecordingStrategyType) -> RecordingStrategy {
        RecordingStrategy::builder().use_only(value).build()
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn recorded_types_follow_the_strategy_or_the_older_members() {
        use RecordingStrategyType::{
            AllSupportedResourceTypes, ExclusionByResourceTypes as Exclusion,
            InclusionByResourceTypes,
        };
        let group = RecordingGroup::builder;
        let key = ResourceType::from("AWS::KMS::Key");
        let without_key = ExclusionByResourceTypes::builder()
            .resource_types(key.clone())
            .build();
        let (only_key, all_but_key) = (
            RecordedTypes::Only(owned(&["AWS::KMS::Key"])),
            RecordedTypes::AllBut(owned(&["AWS::KMS::Key"])),
        );
        for (group, expected) in [
            (
                group().recording_strategy(strategy(AllSupportedResourceTypes)),
                RecordedTypes::All,
            ),
            (
                group()
                    .recording_strategy(strategy(InclusionByResourceTypes))
                    .resource_types(key.clone()),
                only_key.clone(),
            ),
            (
                group()
                    .recording_strategy(strategy(Exclusion))
                    .exclusion_by_resource_types(without_key.clone()),
                all_but_key.clone(),
            ),
            (group().all_supported(true), RecordedTypes::All),
            (group().resource_types(key), only_key),
            (
                group().exclusion_by_resource_types(without_key),
                all_but_key,
            ),
            (group(), RecordedTypes::Only(Vec::new())),
        ] {
            let group = group.build();
            assert_eq!(recorded_types(Some(&group)), Ok(expected), "{group:?}");
        }
    }

    #[test]
    fn recorded_types_are_unknown_without_a_group_or_with_a_new_strategy() {
        let new = RecordingGroup::builder()
            .recording_strategy(strategy(RecordingStrategyType::from("SOME")))
            .build();
        for group in [None, Some(&new)] {
            let code = recorded_types(group).map_err(|unread| unread.code.word());
            assert_eq!(code, Err("RECORDED_TYPES_UNKNOWN"), "{group:?}");
        }
    }

    #[test]
    fn daily_types_consist_of_the_default_and_its_overrides() {
        let daily = RecordingModeOverride::builder()
            .resource_types(ResourceType::EksCluster)
            .recording_frequency(RecordingFrequency::Daily)
            .build()
            .unwrap();
        let mode = RecordingMode::builder()
            .recording_frequency(RecordingFrequency::Continuous)
            .recording_mode_overrides(daily)
            .build()
            .unwrap();
        let expected = DailyTypes {
            by_default: false,
            overrides: vec![(true, owned(&["AWS::EKS::Cluster"]))],
        };
        assert_eq!(daily_types(&mode), expected);
    }

    #[test]
    fn service_linked_recorders_are_ignored_and_statuses_match_by_name() {
        let named = |name: &str| ConfigurationRecorder::builder().name(name);
        let linked = named("linked").service_principal("x.amazonaws.com").build();
        assert_eq!(customer_recorder(std::slice::from_ref(&linked)), None);
        let own = named("default").build();
        let recorders = [linked, own.clone()];
        assert_eq!(customer_recorder(&recorders), Some(&own));

        let status = |name: &str| {
            ConfigurationRecorderStatus::builder()
                .name(name)
                .recording(true)
                .last_status(RecorderStatus::Failure)
                .build()
        };
        assert_eq!(recorder(&own, &[status("other")]), None);
        let read = recorder(&own, &[status("other"), status("default")]).unwrap();
        assert_eq!((read.name.as_str(), read.recording), ("default", true));
        assert_eq!(read.last_status.as_deref(), Some("Failure"));
    }
}
