//! The filters of GetFindings, as far as the functions use them.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::asff::moment;
use crate::account::Record;

const MOST_ATTRIBUTES: usize = 10;
const MOST_VALUES: usize = 20;
const DAY: i64 = 24 * 60 * 60;

/// The filters of a request. A finding must pass all of them.
pub(super) struct Filters<'a> {
    /// The periods of which UpdatedAt must be in one; any time is accepted if there are none.
    updates: Vec<Period>,
    others: Vec<Filter<'a>>,
}

/// The filter by one attribute. A finding passes if it has one of the accepted values, or there are none, and has none
/// of the excluded ones. The value that NOT_EQUALS excludes is compared by EQUALS, and so on.
#[derive(Default)]
struct Filter<'a> {
    accepted: Vec<Condition<'a>>,
    excluded: Vec<Condition<'a>>,
}

/// The part of a finding that a filter compares.
#[derive(Clone, Copy)]
enum Attribute {
    /// The texts in the member of this name, at this path in it; `[]` steps into each item of a list.
    Texts(&'static str, &'static [&'static str]),
    ProductFields,
    CreatedAt,
}

enum Condition<'a> {
    /// One of the texts in a member, at a path in it, fits.
    Texts(&'static str, &'static [&'static str], Comparison<'a>),
    /// The product field with this name fits.
    ProductField(&'a str, Comparison<'a>),
    /// CreatedAt is in a period.
    CreatedAt(Period),
}

/// A comparison of a text with a value.
struct Comparison<'a> {
    fits: fn(&str, &str) -> bool,
    value: &'a str,
}

/// A period, including its start and its end. `None` is no limit.
struct Period {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl<'a> Filters<'a> {
    /// Parses the filters of a request that arrives at the time `now`.
    pub(super) fn parse(filters: &'a Record, now: Timestamp) -> Result<Self, String> {
        if filters.len() > MOST_ATTRIBUTES {
            return Err(format!(
                "Filters has {} attributes, {MOST_ATTRIBUTES} are allowed",
                filters.len()
            ));
        }
        let (mut updates, mut others) = (Vec::new(), Vec::new());
        for (name, conditions) in filters {
            let conditions = conditions
                .as_array()
                .ok_or_else(|| format!("Filters.{name} is not a list"))?;
            if conditions.len() > MOST_VALUES {
                return Err(format!(
                    "Filters.{name} has {} values, {MOST_VALUES} are allowed",
                    conditions.len()
                ));
            }
            let problem = |problem| format!("Filters.{name}: {problem}");
            if name == "UpdatedAt" {
                let periods = conditions.iter().map(|period| Period::parse(period, now));
                updates = periods.collect::<Result<_, _>>().map_err(problem)?;
            } else {
                let attribute = attribute(name)
                    .ok_or_else(|| format!("the stand-in does not know the filter {name}"))?;
                others.push(Filter::parse(attribute, conditions, now).map_err(problem)?);
            }
        }
        Ok(Self { updates, others })
    }

    /// Returns `true` if a finding with this UpdatedAt passes. The time excludes most findings of a large account, and
    /// need not be parsed again.
    pub(super) fn accept(&self, finding: &Record, updated_at: Option<Timestamp>) -> bool {
        let mut updates = self.updates.iter();
        (self.updates.is_empty() || updates.any(|period| period.contains(updated_at)))
            && self.others.iter().all(|filter| filter.accepts(finding))
    }
}

fn attribute(name: &str) -> Option<Attribute> {
    Some(match name {
        "ProductArn" => Attribute::Texts("ProductArn", &[]),
        "AwsAccountId" => Attribute::Texts("AwsAccountId", &[]),
        "Id" => Attribute::Texts("Id", &[]),
        "GeneratorId" => Attribute::Texts("GeneratorId", &[]),
        "ResourceId" => Attribute::Texts("Resources", &["[]", "Id"]),
        "ResourceType" => Attribute::Texts("Resources", &["[]", "Type"]),
        "RecordState" => Attribute::Texts("RecordState", &[]),
        "ComplianceStatus" => Attribute::Texts("Compliance", &["Status"]),
        "WorkflowStatus" => Attribute::Texts("Workflow", &["Status"]),
        "SeverityLabel" => Attribute::Texts("Severity", &["Label"]),
        "ProductFields" => Attribute::ProductFields,
        "CreatedAt" => Attribute::CreatedAt,
        _ => return None,
    })
}

impl<'a> Filter<'a> {
    fn parse(
        attribute: Attribute,
        conditions: &'a [Value],
        now: Timestamp,
    ) -> Result<Self, String> {
        let mut filter = Self::default();
        for condition in conditions {
            let (condition, is_excluded) = match attribute {
                Attribute::Texts(member, path) => {
                    let (comparison, is_excluded) = Comparison::parse(condition, true)?;
                    (Condition::Texts(member, path, comparison), is_excluded)
                }
                Attribute::ProductFields => {
                    let name = text(condition, "Key")?;
                    let (comparison, is_excluded) = Comparison::parse(condition, false)?;
                    (Condition::ProductField(name, comparison), is_excluded)
                }
                Attribute::CreatedAt => {
                    (Condition::CreatedAt(Period::parse(condition, now)?), false)
                }
            };
            let conditions = if is_excluded {
                &mut filter.excluded
            } else {
                &mut filter.accepted
            };
            conditions.push(condition);
        }
        Ok(filter)
    }

    fn accepts(&self, finding: &Record) -> bool {
        let holds = |condition: &Condition<'_>| condition.holds(finding);
        (self.accepted.is_empty() || self.accepted.iter().any(holds))
            && !self.excluded.iter().any(holds)
    }
}

impl Condition<'_> {
    fn holds(&self, finding: &Record) -> bool {
        match self {
            Self::Texts(member, path, comparison) => {
                comparison.fits_any(finding.get(*member), path)
            }
            Self::ProductField(name, comparison) => {
                let fields = finding.get("ProductFields");
                comparison.fits_any(fields.and_then(|fields| fields.get(name)), &[])
            }
            Self::CreatedAt(period) => {
                let at = finding.get("CreatedAt").and_then(Value::as_str);
                period.contains(at.and_then(moment))
            }
        }
    }
}

impl<'a> Comparison<'a> {
    /// Parses a condition. Returns its comparison, and `true` if what fits is excluded.
    fn parse(condition: &'a Value, has_prefixes: bool) -> Result<(Self, bool), String> {
        let value = text(condition, "Value")?;
        let equals: fn(&str, &str) -> bool = |own, value| own == value;
        let starts: fn(&str, &str) -> bool = |own, value| own.starts_with(value);
        let contains: fn(&str, &str) -> bool = |own, value| own.contains(value);
        let (fits, is_excluded) = match text(condition, "Comparison")? {
            "EQUALS" => (equals, false),
            "NOT_EQUALS" => (equals, true),
            "CONTAINS" => (contains, false),
            "NOT_CONTAINS" => (contains, true),
            "PREFIX" if has_prefixes => (starts, false),
            "PREFIX_NOT_EQUALS" if has_prefixes => (starts, true),
            other => {
                return Err(format!(
                    "Comparison is {other}, which this attribute does not have"
                ));
            }
        };
        Ok((Self { fits, value }, is_excluded))
    }

    /// Returns `true` if one of the texts at a path fits.
    fn fits_any(&self, value: Option<&Value>, path: &[&str]) -> bool {
        let Some(value) = value else { return false };
        match path {
            [] => value
                .as_str()
                .is_some_and(|text| (self.fits)(text, self.value)),
            ["[]", rest @ ..] => {
                let mut items = value.as_array().into_iter().flatten();
                items.any(|item| self.fits_any(Some(item), rest))
            }
            [name, rest @ ..] => self.fits_any(value.get(*name), rest),
        }
    }
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

impl Period {
    fn parse(condition: &Value, now: Timestamp) -> Result<Self, String> {
        if let Some(range) = condition.get("DateRange") {
            let days = match range.get("Unit").and_then(Value::as_str) {
                Some("DAYS") => range.get("Value").and_then(Value::as_i64),
                _ => None,
            };
            let seconds = days.and_then(|days| days.checked_mul(DAY));
            let start = seconds
                .and_then(|seconds| now.checked_sub(SignedDuration::from_secs(seconds)).ok());
            let start = start.ok_or_else(|| {
                format!("DateRange is {range}, not {{Unit: DAYS, Value: <number>}}")
            })?;
            return Ok(Self {
                start: Some(start),
                end: None,
            });
        }
        let limit = |name: &str| match condition.get(name) {
            None => Ok(None),
            Some(value) => value
                .as_str()
                .and_then(moment)
                .map(Some)
                .ok_or_else(|| format!("{name} is {value}, not RFC 3339")),
        };
        Ok(Self {
            start: limit("Start")?,
            end: limit("End")?,
        })
    }

    /// Returns `true` if there is a time and it is in the period.
    fn contains(&self, at: Option<Timestamp>) -> bool {
        at.is_some_and(|at| {
            self.start.is_none_or(|start| at >= start) && self.end.is_none_or(|end| at <= end)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stand_in::{asff, wire::record};

    fn passes_filter(filters: Value) -> Result<bool, String> {
        let filters = record(filters);
        let filters = Filters::parse(&filters, Timestamp::now())?;
        let finding = record(asff::tests::finding());
        let updated_at = finding["UpdatedAt"].as_str().and_then(moment);
        Ok(filters.accept(&finding, updated_at))
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
    fn lists_and_missing_members_are_compared() {
        let first = &asff::tests::finding()["Resources"][0]["Id"];
        let first = first.as_str().unwrap();
        for (filters, wanted) in [
            (json!({"ResourceId": [is("EQUALS", first)]}), true),
            (json!({"ResourceId": [is("EQUALS", "second")]}), true),
            (json!({"ResourceId": [is("EQUALS", "third")]}), false),
            (
                json!({"ResourceId": [is("PREFIX_NOT_EQUALS", "sec")]}),
                false,
            ),
            (
                json!({"ResourceId": [is("PREFIX_NOT_EQUALS", "third")]}),
                true,
            ),
            (
                json!({"ResourceId": [is("PREFIX", "sec"), is("PREFIX_NOT_EQUALS", "seco")]}),
                false,
            ),
            (json!({"ResourceId": []}), true),
            (json!({"WorkflowStatus": [is("EQUALS", "NEW")]}), false),
            (json!({"WorkflowStatus": [is("NOT_EQUALS", "NEW")]}), true),
        ] {
            let parsed = record(filters.clone());
            let parsed = Filters::parse(&parsed, Timestamp::now()).unwrap();
            let mut finding = asff::tests::finding();
            let resources = finding["Resources"].as_array_mut().unwrap();
            resources.push(json!({"Type": "Other", "Id": "second"}));
            let mut finding = record(finding);
            finding.remove("Workflow");
            assert_eq!(parsed.accept(&finding, None), wanted, "{filters}");
        }
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
        for (key, value, wanted) in [
            ("eksentry/version", "1", false),
            ("eksentry/version", "2", true),
            ("eksentry/none", "1", true),
        ] {
            let other = json!([{"Key": key, "Value": value, "Comparison": "NOT_EQUALS"}]);
            let passes = passes_filter(json!({"ProductFields": other}));
            assert_eq!(passes, Ok(wanted), "{key} {value}");
        }

        let since =
            |start: &str| json!({"UpdatedAt": [{"Start": start, "End": "2026-01-01T00:00:00Z"}]});
        assert_eq!(passes_filter(since("2025-01-01T00:00:00Z")), Ok(true));
        assert_eq!(passes_filter(since("2025-02-01T00:00:00Z")), Ok(false));
        let within = |days: i64| json!({"DateRange": {"Unit": "DAYS", "Value": days}});
        for (periods, wanted) in [
            (json!([within(1)]), false),
            (json!([within(36_500)]), true),
            (json!([within(1), within(36_500)]), true),
            (json!([]), true),
        ] {
            let passes = passes_filter(json!({"CreatedAt": periods}));
            assert_eq!(passes, Ok(wanted), "{periods}");
        }
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
            json!({"CreatedAt": [{"DateRange": {"Unit": "DAYS", "Value": 9_999_999_999_i64}}]}),
            json!({"CreatedAt": [{"DateRange": {"Unit": "DAYS", "Value": i64::MAX}}]}),
            json!({"CreatedAt": [{"DateRange": {"Unit": "WEEKS", "Value": 1}}]}),
            eleven,
        ] {
            assert!(passes_filter(filters.clone()).is_err(), "{filters}");
        }
    }
}
