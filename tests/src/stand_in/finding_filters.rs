//! The filters of GetFindings, as far as the functions use them.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::asff::moment;
use crate::account::Record;

const MOST_ATTRIBUTES: usize = 10;
const MOST_VALUES: usize = 20;
const DAY: i64 = 24 * 60 * 60;

/// The part of a finding that an attribute of a filter compares.
enum Attribute {
    /// The texts at this path; `[]` steps into each item of a list.
    Texts(&'static [&'static str]),
    ProductFields,
    /// The timestamp in the member of this name.
    Moment(&'static str),
}

/// Checks filters for problems that do not depend on the findings.
pub(super) fn check(filters: &Record, now: Timestamp) -> Result<(), String> {
    if filters.len() > MOST_ATTRIBUTES {
        return Err(format!(
            "Filters has {} attributes, {MOST_ATTRIBUTES} are allowed",
            filters.len()
        ));
    }
    let nothing = Record::new();
    for (name, conditions) in filters {
        let attribute = attribute(name)
            .ok_or_else(|| format!("the stand-in does not know the filter {name}"))?;
        let conditions = conditions
            .as_array()
            .ok_or_else(|| format!("Filters.{name} is not a list"))?;
        if conditions.len() > MOST_VALUES {
            return Err(format!(
                "Filters.{name} has {} values, {MOST_VALUES} are allowed",
                conditions.len()
            ));
        }
        attribute
            .passes(&nothing, conditions, now)
            .map_err(|problem| format!("Filters.{name}: {problem}"))?;
    }
    Ok(())
}

/// Returns `true` if a finding passes filters that [`check`] accepts. All attributes must pass. Of an attribute's
/// conditions, the positive are joined by OR, the negative by AND. Filtering stops at the first attribute that does not
/// pass, and begins with times, since large accounts would take too long otherwise.
pub(super) fn passes(finding: &Record, filters: &Record, now: Timestamp) -> bool {
    let each = |are_times: bool| {
        filters.iter().all(|(name, conditions)| {
            attribute(name)
                .zip(conditions.as_array())
                .is_some_and(|(attribute, conditions)| {
                    are_times != matches!(attribute, Attribute::Moment(_))
                        || attribute.passes(finding, conditions, now) == Ok(true)
                })
        })
    };
    each(true) && each(false)
}

fn attribute(name: &str) -> Option<Attribute> {
    Some(match name {
        "ProductArn" => Attribute::Texts(&["ProductArn"]),
        "AwsAccountId" => Attribute::Texts(&["AwsAccountId"]),
        "Id" => Attribute::Texts(&["Id"]),
        "GeneratorId" => Attribute::Texts(&["GeneratorId"]),
        "ResourceId" => Attribute::Texts(&["Resources", "[]", "Id"]),
        "ResourceType" => Attribute::Texts(&["Resources", "[]", "Type"]),
        "RecordState" => Attribute::Texts(&["RecordState"]),
        "ComplianceStatus" => Attribute::Texts(&["Compliance", "Status"]),
        "WorkflowStatus" => Attribute::Texts(&["Workflow", "Status"]),
        "SeverityLabel" => Attribute::Texts(&["Severity", "Label"]),
        "ProductFields" => Attribute::ProductFields,
        "CreatedAt" => Attribute::Moment("CreatedAt"),
        "UpdatedAt" => Attribute::Moment("UpdatedAt"),
        _ => return None,
    })
}

impl Attribute {
    fn passes(
        &self,
        finding: &Record,
        conditions: &[Value],
        now: Timestamp,
    ) -> Result<bool, String> {
        let mut texts = Vec::new();
        if let Self::Texts(path) = self {
            collect(finding.get(path[0]), &path[1..], &mut texts);
        }
        let (mut positive, mut all_negative) = (None, true);
        for condition in conditions {
            let (hit, is_negative) = self.hit(finding, &texts, condition, now)?;
            if is_negative {
                all_negative &= hit;
            } else {
                positive = Some(hit || positive == Some(true));
            }
        }
        Ok(positive != Some(false) && all_negative)
    }

    /// Returns two flags: `true` if a finding with these texts fits one condition, and `true` if that condition is
    /// negative.
    fn hit(
        &self,
        finding: &Record,
        texts: &[&str],
        condition: &Value,
        now: Timestamp,
    ) -> Result<(bool, bool), String> {
        match self {
            Self::Texts(_) => compare(condition, texts, true),
            Self::ProductFields => {
                let key = text(condition, "Key")?;
                let field = finding
                    .get("ProductFields")
                    .and_then(|fields| fields.get(key))
                    .and_then(Value::as_str);
                compare(condition, &field.into_iter().collect::<Vec<_>>(), false)
            }
            Self::Moment(name) => {
                let at = finding.get(*name).and_then(Value::as_str).and_then(moment);
                let (start, end) = range(condition, now)?;
                Ok((
                    at.is_some_and(|at| {
                        start.is_none_or(|start| at >= start) && end.is_none_or(|end| at <= end)
                    }),
                    false,
                ))
            }
        }
    }
}

fn collect<'a>(value: Option<&'a Value>, path: &[&str], texts: &mut Vec<&'a str>) {
    let Some(value) = value else { return };
    match path {
        [] => texts.extend(value.as_str()),
        ["[]", rest @ ..] => {
            for item in value.as_array().into_iter().flatten() {
                collect(Some(item), rest, texts);
            }
        }
        [name, rest @ ..] => collect(value.get(*name), rest, texts),
    }
}

/// Compares texts with a condition. A negative condition holds if its positive counterpart holds for none of the texts.
fn compare(condition: &Value, texts: &[&str], prefixes: bool) -> Result<(bool, bool), String> {
    let wanted = text(condition, "Value")?;
    let any = |fits: fn(&str, &str) -> bool| texts.iter().any(|own| fits(own, wanted));
    let equals: fn(&str, &str) -> bool = |own, wanted| own == wanted;
    let starts: fn(&str, &str) -> bool = |own, wanted| own.starts_with(wanted);
    let contains: fn(&str, &str) -> bool = |own, wanted| own.contains(wanted);
    Ok(match text(condition, "Comparison")? {
        "EQUALS" => (any(equals), false),
        "NOT_EQUALS" => (!any(equals), true),
        "CONTAINS" => (any(contains), false),
        "NOT_CONTAINS" => (!any(contains), true),
        "PREFIX" if prefixes => (any(starts), false),
        "PREFIX_NOT_EQUALS" if prefixes => (!any(starts), true),
        other => {
            return Err(format!(
                "Comparison is {other}, which this attribute does not have"
            ));
        }
    })
}

fn text<'a>(condition: &'a Value, name: &str) -> Result<&'a str, String> {
    let text = condition
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default();
    if text.trim().is_empty() {
        Err(format!("{name} is missing or empty"))
    } else {
        Ok(text)
    }
}

fn range(
    condition: &Value,
    now: Timestamp,
) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    if let Some(days) = condition.get("DateRange") {
        let (Some("DAYS"), Some(days)) = (
            days.get("Unit").and_then(Value::as_str),
            days.get("Value").and_then(Value::as_i64),
        ) else {
            return Err(format!(
                "DateRange is {days}, not {{Unit: DAYS, Value: <number>}}"
            ));
        };
        let start = now - SignedDuration::from_secs(days.saturating_mul(DAY));
        return Ok((Some(start), None));
    }
    let end = |name: &str| match condition.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(moment)
            .map(Some)
            .ok_or_else(|| format!("{name} is {value}, not RFC 3339")),
    };
    Ok((end("Start")?, end("End")?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stand_in::{asff, wire::record};

    fn passes_filter(filters: Value) -> Result<bool, String> {
        let filters = record(filters);
        check(&filters, Timestamp::now())?;
        Ok(passes(
            &record(asff::tests::finding()),
            &filters,
            Timestamp::now(),
        ))
    }

    fn is(comparison: &str, value: &str) -> Value {
        json!({"Comparison": comparison, "Value": value})
    }

    #[test]
    fn each_comparison_works_on_text() {
        for (condition, wanted) in [
            (is("EQUALS", "eksentry/check"), true),
            (is("EQUALS", "eksentry"), false),
            (is("PREFIX", "eksentry/"), true),
            (is("CONTAINS", "check"), true),
            (is("NOT_EQUALS", "eksentry/check"), false),
            (is("PREFIX_NOT_EQUALS", "other/"), true),
            (is("NOT_CONTAINS", "sentry"), false),
        ] {
            assert_eq!(
                passes_filter(json!({"GeneratorId": [condition]})),
                Ok(wanted),
                "{condition}"
            );
        }
    }

    #[test]
    fn positive_conditions_are_joined_by_or_negative_by_and_attributes_by_and() {
        let status = |conditions: &[Value]| passes_filter(json!({"ComplianceStatus": conditions}));
        assert_eq!(
            status(&[is("EQUALS", "PASSED"), is("EQUALS", "FAILED")]),
            Ok(true)
        );
        assert_eq!(
            status(&[is("NOT_EQUALS", "PASSED"), is("NOT_EQUALS", "FAILED")]),
            Ok(false)
        );
        assert_eq!(
            status(&[is("EQUALS", "FAILED"), is("NOT_EQUALS", "FAILED")]),
            Ok(false)
        );
        let both = json!({"ResourceType": [is("EQUALS", "AwsEksCluster")], "AwsAccountId": [is("EQUALS", "1")]});
        assert_eq!(passes_filter(both), Ok(false));
    }

    #[test]
    fn product_fields_and_moments_are_filtered_too() {
        let field = |value: &str| json!([{"Key": "eksentry/version", "Value": value, "Comparison": "EQUALS"}]);
        assert_eq!(
            passes_filter(json!({"ProductFields": field("1")})),
            Ok(true)
        );
        assert_eq!(
            passes_filter(json!({"ProductFields": field("2")})),
            Ok(false)
        );

        let since =
            |start: &str| json!({"UpdatedAt": [{"Start": start, "End": "2026-01-01T00:00:00Z"}]});
        assert_eq!(passes_filter(since("2025-01-01T00:00:00Z")), Ok(true));
        assert_eq!(passes_filter(since("2025-02-01T00:00:00Z")), Ok(false));
        assert_eq!(
            passes_filter(json!({"CreatedAt": [{"DateRange": {"Unit": "DAYS", "Value": 1}}]})),
            Ok(false)
        );
    }

    #[test]
    fn invalid_filters_are_errors() {
        let many: Vec<Value> = (0..21)
            .map(|number| is("EQUALS", &number.to_string()))
            .collect();
        let eleven: Value = (0..11)
            .map(|number| (format!("A{number}"), json!([])))
            .collect();
        for filters in [
            json!({"Severity": [is("EQUALS", "HIGH")]}),
            json!({"Id": many}),
            json!({"Id": [is("MATCHES", "a")]}),
            json!({"Id": [is("EQUALS", "")]}),
            json!({"Id": [{"Value": "a"}]}),
            json!({"ProductFields": [{"Key": "a", "Value": "b", "Comparison": "PREFIX"}]}),
            json!({"UpdatedAt": [{"Start": "yesterday"}]}),
            eleven,
        ] {
            assert!(passes_filter(filters.clone()).is_err(), "{filters}");
        }
    }
}
