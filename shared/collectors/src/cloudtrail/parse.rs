//! Pure functions that convert CloudTrail's responses into facts.

use eksentry_core::facts::List;
use eksentry_core::facts::account::{EventSelector, EventSources, Trail, TrailStatus};
use eksentry_core::{ReasonCode, Unread};

use super::response::{self, AdvancedSelector, BasicSelector, FieldSelector, Status};

/// The maximum number of characters of the error of a delivery.
const LONGEST_ERROR: usize = 100;

/// A trail of a list, whose state is marked as not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListedTrail {
    pub(super) arn: String,
    /// `true` if the trail has event selectors that must be read. Without any, it logs all management events.
    pub(super) has_own_selectors: bool,
    pub(super) facts: Trail,
}

/// Returns the trails of a list. Those that have most of what the list shows come first, so that the state of few trails
/// must be read.
///
/// # Errors
///
/// Returns the name of a member that a trail lacks.
pub(super) fn trails(listed: Vec<response::Trail>) -> Result<Vec<ListedTrail>, &'static str> {
    let trails = listed.into_iter().map(trail);
    let mut trails = trails.collect::<Result<Vec<_>, _>>()?;
    trails.sort_by(|one, other| preference(one).cmp(&preference(other)));
    Ok(trails)
}

fn preference(trail: &ListedTrail) -> (bool, bool, bool, &str) {
    let ListedTrail {
        arn,
        has_own_selectors,
        facts,
    } = trail;
    (
        !facts.has_insights,
        !facts.validates_log_files,
        *has_own_selectors,
        arn,
    )
}

fn trail(listed: response::Trail) -> Result<ListedTrail, &'static str> {
    let has_own_selectors = listed.has_custom_event_selectors == Some(true);
    let selectors = if has_own_selectors {
        List::unread(Unread::not_requested("the event selectors of the trail"))
    } else {
        List::complete(vec![EventSelector::all()])
    };
    Ok(ListedTrail {
        arn: listed.arn.ok_or("the ARN of a trail")?,
        has_own_selectors,
        facts: Trail {
            name: listed.name.ok_or("the name of a trail")?,
            is_multi_region: listed.is_multi_region == Some(true),
            validates_log_files: listed.log_file_validation_enabled == Some(true),
            has_insights: listed.has_insight_selectors == Some(true),
            status: Err(Unread::not_requested("the state of the trail")),
            selectors,
        },
    })
}

/// Returns the state of a trail; `None` if the response does not state whether the trail logs.
pub(super) fn status(status: Status) -> Option<TrailStatus> {
    let error = status.latest_delivery_error;
    let error: Option<String> = error.map(|error| error.chars().take(LONGEST_ERROR).collect());
    Some(TrailStatus {
        is_logging: status.is_logging?,
        delivery_error: error.filter(|error| !error.trim().is_empty()),
    })
}

/// Returns the selectors of management events; `None` if the response has no selectors at all. Selectors that are not
/// understood are missing.
pub(super) fn selectors(
    trail: &str,
    selectors: &response::EventSelectors,
) -> Option<List<EventSelector>> {
    let basic = selectors.event_selectors.as_deref().unwrap_or_default();
    let advanced = selectors.advanced_event_selectors.as_deref();
    let advanced = advanced.unwrap_or_default();
    if basic.is_empty() && advanced.is_empty() {
        return None;
    }
    let selectors = basic.iter().map(of_basic);
    let selectors = selectors.chain(advanced.iter().map(of_advanced));
    let mut found = List::complete(Vec::new());
    for selector in selectors {
        match selector {
            Ok(selector) => found.items.extend(selector),
            Err(NotUnderstood) => found.missing = Some(not_understood(trail)),
        }
    }
    Some(found)
}

fn not_understood(trail: &str) -> Unread {
    Unread {
        code: ReasonCode::EventSelectorsUnknown,
        text: format!(
            "An event selector of the trail {trail} selects management events in a way that this version of eksentry \
             doesn't support. To fix this, update eksentry."
        ),
    }
}

/// A selector of management events that is not understood.
struct NotUnderstood;

/// Returns the management events that a selector includes; `None` if it includes none. Absent members have the defaults
/// of the API.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html>.
fn of_basic(selector: &BasicSelector) -> Result<Option<EventSelector>, NotUnderstood> {
    if selector.include_management_events == Some(false) {
        return Ok(None);
    }
    let (reads, writes) = match selector.read_write_type.as_deref() {
        None | Some("All") => (true, true),
        Some("ReadOnly") => (true, false),
        Some("WriteOnly") => (false, true),
        Some(_) => return Err(NotUnderstood),
    };
    let excluded = selector.exclude_management_event_sources.clone();
    Ok(Some(EventSelector {
        reads,
        writes,
        sources: EventSources::AllBut(excluded.unwrap_or_default()),
    }))
}

/// Returns the management events that an advanced selector includes; `None` if it is about other events. All its field
/// selectors must apply to an event.
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html>.
fn of_advanced(selector: &AdvancedSelector) -> Result<Option<EventSelector>, NotUnderstood> {
    let fields = selector.field_selectors.as_deref().unwrap_or_default();
    let is_management = |field: &FieldSelector| {
        let mut categories = field.equals.iter().flatten();
        field.field.as_deref() == Some("eventCategory")
            && categories.any(|category| category == "Management")
    };
    if !fields.iter().any(is_management) {
        return Ok(None);
    }
    let mut found = EventSelector::all();
    for field in fields {
        let values = values(field).ok_or(NotUnderstood)?;
        match field.field.as_deref() {
            Some("eventCategory") => {}
            Some("readOnly") => {
                found.reads &= values.include("true");
                found.writes &= values.include("false");
            }
            Some("eventSource") if found.sources == EventSelector::all().sources => {
                found.sources = values;
            }
            _ => return Err(NotUnderstood),
        }
    }
    Ok(Some(found))
}

/// Returns the values that a field selector selects; `None` if it uses another operator than `Equals` or `NotEquals`.
fn values(field: &FieldSelector) -> Option<EventSources> {
    let others = [
        &field.starts_with,
        &field.not_starts_with,
        &field.ends_with,
        &field.not_ends_with,
    ];
    if others
        .into_iter()
        .flatten()
        .any(|values| !values.is_empty())
    {
        return None;
    }
    let of = |values: &Option<Vec<String>>| values.clone().filter(|values| !values.is_empty());
    match (of(&field.equals), of(&field.not_equals)) {
        (Some(values), None) => Some(EventSources::Only(values)),
        (None, Some(values)) => Some(EventSources::AllBut(values)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    fn read<T: DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).unwrap()
    }

    fn all_but(services: &[&str]) -> EventSources {
        EventSources::AllBut(services.iter().map(ToString::to_string).collect())
    }

    fn selector(reads: bool, writes: bool, sources: EventSources) -> EventSelector {
        EventSelector {
            reads,
            writes,
            sources,
        }
    }

    #[test]
    fn a_trail_has_the_facts_of_the_list() {
        let trail = |members: Value| {
            let mut trail = json!({"Name": "main", "TrailARN": "arn"});
            let own = trail.as_object_mut().unwrap();
            own.extend(members.as_object().unwrap().clone());
            super::trail(read(trail)).unwrap()
        };
        let bare = trail(json!({})).facts;
        assert_eq!(
            (
                bare.is_multi_region,
                bare.validates_log_files,
                bare.has_insights
            ),
            (false, false, false)
        );
        assert_eq!(bare.selectors, List::complete(vec![EventSelector::all()]));
        let full = trail(json!({
            "IsMultiRegionTrail": true,
            "LogFileValidationEnabled": true,
            "HasInsightSelectors": true,
            "HasCustomEventSelectors": true,
        }));
        assert!(full.has_own_selectors);
        let facts = full.facts;
        assert!(facts.is_multi_region && facts.validates_log_files && facts.has_insights);
        assert!(facts.status.is_err() && facts.selectors.missing.is_some());
        for (listed, missing) in [
            (json!({"Name": "main"}), "the ARN of a trail"),
            (json!({"TrailARN": "arn"}), "the name of a trail"),
        ] {
            assert_eq!(super::trail(read(listed)).unwrap_err(), missing);
        }
    }

    #[test]
    fn trails_with_most_come_first() {
        let trail = |name: &str, members: [bool; 3]| {
            let [insights, validates, own] = members;
            read(json!({
                "Name": name,
                "TrailARN": name,
                "HasInsightSelectors": insights,
                "LogFileValidationEnabled": validates,
                "HasCustomEventSelectors": own,
            }))
        };
        let listed = vec![
            trail("f", [false, false, false]),
            trail("e", [false, true, true]),
            trail("d", [false, true, false]),
            trail("c", [false, true, false]),
            trail("b", [true, false, false]),
            trail("a", [true, true, true]),
        ];
        let sorted = trails(listed).unwrap();
        let names: Vec<&str> = sorted
            .iter()
            .map(|trail| trail.facts.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b", "c", "d", "e", "f"]);
    }

    #[test]
    fn a_trail_logs_only_if_the_response_says_so() {
        let long = "x".repeat(LONGEST_ERROR + 1);
        for (response, expected) in [
            (json!({"IsLogging": true}), Some((true, None))),
            (json!({"IsLogging": false}), Some((false, None))),
            (json!({}), None),
            (
                json!({"IsLogging": true, "LatestDeliveryError": ""}),
                Some((true, None)),
            ),
            (
                json!({"IsLogging": true, "LatestDeliveryError": "NoSuchBucket"}),
                Some((true, Some("NoSuchBucket"))),
            ),
            (
                json!({"IsLogging": true, "LatestDeliveryError": long}),
                Some((true, Some(&long[..LONGEST_ERROR]))),
            ),
        ] {
            let status = status(read(response.clone()));
            let status = status.map(|status| (status.is_logging, status.delivery_error));
            let expected =
                expected.map(|(is_logging, error)| (is_logging, error.map(str::to_owned)));
            assert_eq!(status, expected, "{response}");
        }
    }

    #[test]
    fn basic_selectors_select_management_events() {
        for (basic, expected) in [
            (json!({}), Some(EventSelector::all())),
            (
                json!({"ReadWriteType": "All", "IncludeManagementEvents": true}),
                Some(EventSelector::all()),
            ),
            (json!({"IncludeManagementEvents": false}), None),
            (
                json!({"ReadWriteType": "ReadOnly"}),
                Some(selector(true, false, all_but(&[]))),
            ),
            (
                json!({"ReadWriteType": "WriteOnly"}),
                Some(selector(false, true, all_but(&[]))),
            ),
            (
                json!({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}),
                Some(selector(true, true, all_but(&["kms.amazonaws.com"]))),
            ),
        ] {
            let response = read(json!({"EventSelectors": [basic]}));
            let found = selectors("main", &response).unwrap();
            let expected = List::complete(expected.into_iter().collect());
            assert_eq!(found, expected, "{basic}");
        }
    }

    #[test]
    fn advanced_selectors_select_management_events() {
        let kms = ["kms.amazonaws.com"];
        let only_kms = EventSources::Only(vec![kms[0].to_owned()]);
        for (fields, expected) in [
            (json!([]), Some(EventSelector::all())),
            (
                json!([{"Field": "readOnly", "Equals": ["true"]}]),
                Some(selector(true, false, all_but(&[]))),
            ),
            (
                json!([{"Field": "readOnly", "NotEquals": ["true"]}]),
                Some(selector(false, true, all_but(&[]))),
            ),
            (
                json!([{"Field": "readOnly", "Equals": ["true", "false"], "NotEquals": []}]),
                Some(EventSelector::all()),
            ),
            (
                json!([{"Field": "eventSource", "NotEquals": kms}]),
                Some(selector(true, true, all_but(&kms))),
            ),
            (
                json!([{"Field": "eventSource", "Equals": kms}]),
                Some(selector(true, true, only_kms)),
            ),
            (
                json!([{"Field": "eventSource", "StartsWith": ["kms"]}]),
                None,
            ),
            (
                json!([{"Field": "readOnly", "Equals": ["true"], "StartsWith": []}]),
                Some(selector(true, false, all_but(&[]))),
            ),
            (
                json!([{"Field": "readOnly", "Equals": ["true"], "StartsWith": ["t"]}]),
                None,
            ),
            (
                json!([
                    {"Field": "eventSource", "NotEquals": kms},
                    {"Field": "eventSource", "NotEquals": ["rdsdata.amazonaws.com"]},
                ]),
                None,
            ),
            (json!([{"Field": "eventSource"}]), None),
            (json!([{"Field": "eventName", "Equals": ["Decrypt"]}]), None),
            (json!([{"Equals": ["true"]}]), None),
        ] {
            let mut all = vec![json!({"Field": "eventCategory", "Equals": ["Management"]})];
            all.extend(fields.as_array().unwrap().clone());
            let response = read(json!({
                "AdvancedEventSelectors": [{"Name": "any", "FieldSelectors": all}],
            }));
            let found = selectors("main", &response).unwrap();
            assert_eq!(found.missing.is_some(), expected.is_none(), "{fields}");
            assert_eq!(found.items, Vec::from_iter(expected), "{fields}");
        }
    }

    #[test]
    fn selectors_of_other_events_select_no_management_events() {
        for fields in [
            json!([{"Field": "eventCategory", "Equals": ["Data"]}]),
            json!([{"Field": "resources.type", "Equals": ["Management"]}]),
            json!([]),
            json!(null),
        ] {
            let response = read(json!({"AdvancedEventSelectors": [{"FieldSelectors": fields}]}));
            let found = selectors("main", &response).unwrap();
            assert_eq!(found, List::complete(Vec::new()), "{fields}");
        }
    }

    #[test]
    fn a_response_without_selectors_is_not_an_empty_list() {
        for response in [
            json!({}),
            json!({"EventSelectors": []}),
            json!({"EventSelectors": null, "AdvancedEventSelectors": []}),
        ] {
            assert_eq!(selectors("main", &read(response)), None);
        }
    }
}
