//! The events of AWS Config custom Lambda rules.
//!
//! They are not read as `aws_lambda_events::ConfigEvent`, which requires members that recorded events lack and drops
//! `evaluationMode`.
//! Source:
//! <https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_example-events.html>.

use std::collections::BTreeMap;

use eksentry_core::parameters::Raw;
use eksentry_core::{Check, ParameterValues, checks};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::{Error, without_values};

/// The longest type and id of a resource, in characters.
/// Source: <https://docs.aws.amazon.com/config/latest/APIReference/API_Evaluation.html>.
const MAX_TYPE_LENGTH: usize = 256;
const MAX_ID_LENGTH: usize = 768;

/// An invocation of a rule.
#[derive(Debug)]
pub(super) struct RuleEvent {
    pub(super) rule: String,
    pub(super) token: String,
    pub(super) left_scope: bool,
    pub(super) is_proactive: bool,
    pub(super) message: Message,
    /// The account that the rule is in.
    pub(super) account: Option<String>,
    parameters: BTreeMap<String, Raw>,
}

/// The notification in an event.
#[derive(Debug)]
pub(super) enum Message {
    /// A change of a resource.
    Change(Item),
    /// A periodic notification, on which every resource is evaluated.
    Schedule {
        ordering: Timestamp,
        account: Option<String>,
    },
    /// A notification that is not about a resource, such as one of a snapshot's delivery.
    Other,
}

/// The configuration item of a resource that changed. It identifies the resource; the facts are read from the live API,
/// which is more current.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) resource_type: String,
    pub(super) resource_id: String,
    pub(super) captured_at: Timestamp,
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    pub(super) arns: Vec<String>,
    status: String,
}

impl Item {
    pub(super) fn is_deleted(&self) -> bool {
        ["ResourceDeleted", "ResourceDeletedNotRecorded"].contains(&self.status.as_str())
    }

    pub(super) fn is_recorded(&self) -> bool {
        ["OK", "ResourceDiscovered"].contains(&self.status.as_str())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    invoking_event: Value,
    #[serde(default)]
    rule_parameters: Option<Value>,
    result_token: String,
    #[serde(default, deserialize_with = "flag")]
    event_left_scope: bool,
    #[serde(default)]
    config_rule_name: Option<String>,
    #[serde(default)]
    evaluation_mode: Option<String>,
    #[serde(default)]
    account_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvokingEvent {
    message_type: String,
    #[serde(default)]
    configuration_item: Option<Value>,
    #[serde(default)]
    configuration_item_summary: Option<Value>,
    #[serde(default)]
    notification_creation_time: Option<Timestamp>,
    /// The account of a schedule; a configuration item names its account itself.
    #[serde(default)]
    aws_account_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawItem {
    resource_type: String,
    resource_id: String,
    #[serde(default)]
    configuration_item_capture_time: Option<Timestamp>,
    #[serde(default)]
    configuration_item_status: Option<String>,
    #[serde(default, alias = "accountId")]
    aws_account_id: Option<String>,
    #[serde(default)]
    aws_region: Option<String>,
    #[serde(default, rename = "ARN")]
    arn: Option<String>,
    /// The same ARN, under the name that the API uses.
    #[serde(default, rename = "arn")]
    api_arn: Option<String>,
}

impl RuleEvent {
    /// Reads an event from AWS Config. An event without a time is taken to have been sent at `now`.
    pub(super) fn read(payload: &Value, now: Timestamp) -> Result<Self, Error> {
        if !payload.is_object() {
            return Err(Error::invalid_event(
                "the event isn't a JSON object: AWS Config sends one JSON object for each invocation",
            ));
        }
        let outer = Envelope::deserialize(payload).map_err(|error| {
            let problem = without_values(&error);
            Error::invalid_event(format!(
                "the event isn't an invocation of an AWS Config rule: {problem}"
            ))
        })?;
        let inner: InvokingEvent = embedded(&outer.invoking_event, "invokingEvent")?;
        let parameters = match &outer.rule_parameters {
            None | Some(Value::Null) => BTreeMap::new(),
            Some(Value::String(text)) if text.trim().is_empty() => BTreeMap::new(),
            Some(parameters) => {
                embedded::<Option<_>>(parameters, "ruleParameters")?.unwrap_or_default()
            }
        };
        Ok(Self {
            rule: outer.config_rule_name.unwrap_or_default(),
            token: outer.result_token,
            left_scope: outer.event_left_scope,
            is_proactive: outer.evaluation_mode.as_deref() == Some("PROACTIVE"),
            account: outer.account_id,
            message: message(inner, now)?,
            parameters,
        })
    }

    /// Returns the check that the rule runs, with its settings: the check that the parameters name, or else the one
    /// that the rule's name ends in.
    pub(super) fn check(&self) -> Result<(&'static Check, ParameterValues), Error> {
        let check = match self.parameters.get("checkId") {
            Some(Raw::Text(id)) if !id.trim().is_empty() => checks::find(id.trim()),
            Some(Raw::Null | Raw::Text(_)) | None => {
                let named = checks::CHECKS.into_iter().find(|check| {
                    let rest = self.rule.strip_suffix(check.id);
                    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
                });
                named.map_or_else(|| checks::find(&self.rule), Ok)
            }
            Some(other) => checks::find(&format!("{other:?}")),
        };
        let check = check.map_err(|error| {
            let rule = &self.rule;
            Error::invalid_event(format!(
                "neither the parameter checkId nor the name of the rule {rule:?} names a check: {error}"
            ))
        })?;
        if check.kind().config.is_none() {
            let rules = checks::CHECKS
                .iter()
                .filter(|check| check.kind().config_type().is_some());
            let rules: Vec<&str> = rules.map(|check| check.id).collect();
            return Err(Error::invalid_event(format!(
                "{} can't run as an AWS Config rule, since AWS Config has no resource type for images: sweeps and ECR \
                 events run it; the checks for rules are {}",
                check.id,
                rules.join(", ")
            )));
        }
        let settings = checks::read_parameters(check, check.parameters, &self.parameters).map_err(
            |error| Error::invalid_event(format!("in the rule {:?}, {error}", self.rule)),
        )?;
        Ok((check, settings))
    }
}

fn message(inner: InvokingEvent, now: Timestamp) -> Result<Message, Error> {
    let now = inner.notification_creation_time.unwrap_or(now);
    match inner.message_type.as_str() {
        "ScheduledNotification" => Ok(Message::Schedule {
            ordering: now,
            account: inner.aws_account_id,
        }),
        "ConfigurationItemChangeNotification" | "OversizedConfigurationItemChangeNotification" => {
            let item = inner
                .configuration_item
                .or(inner.configuration_item_summary);
            let item = item.ok_or_else(|| {
                Error::invalid_event(format!(
                    "the {} contains no configuration item",
                    inner.message_type
                ))
            })?;
            let item: RawItem = embedded(&item, "configuration item")?;
            check_length("resourceType", &item.resource_type, MAX_TYPE_LENGTH)?;
            check_length("resourceId", &item.resource_id, MAX_ID_LENGTH)?;
            Ok(Message::Change(Item {
                captured_at: item.configuration_item_capture_time.unwrap_or(now),
                resource_type: item.resource_type,
                resource_id: item.resource_id,
                status: item
                    .configuration_item_status
                    .unwrap_or_else(|| "OK".to_owned()),
                account: item.aws_account_id,
                region: item.aws_region,
                arns: item.arn.into_iter().chain(item.api_arn).collect(),
            }))
        }
        _ => Ok(Message::Other),
    }
}

/// Returns an error if a configuration item's type or id is too short or too long. No evaluation can be sent for such
/// an item: an evaluation names both, and neither may be empty.
fn check_length(name: &str, text: &str, max: usize) -> Result<(), Error> {
    let length = text.chars().count();
    if (1..=max).contains(&length) {
        return Ok(());
    }
    Err(Error::invalid_event(format!(
        "the configuration item's {name} has {length} characters, but AWS Config allows 1 to {max}"
    )))
}

/// Reads a value that AWS Config may send as a string of JSON.
fn embedded<T: DeserializeOwned>(value: &Value, name: &str) -> Result<T, Error> {
    let read = match value {
        Value::String(text) => serde_json::from_str(text),
        other => T::deserialize(other),
    };
    read.map_err(|error| {
        let problem = without_values(&error);
        Error::invalid_event(format!("the event's {name} can't be read: {problem}"))
    })
}

/// Reads a flag, which some senders write as a string.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value == Value::Bool(true)
        || value
            .as_str()
            .is_some_and(|text| text.eq_ignore_ascii_case("true")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(payload: &Value) -> Result<RuleEvent, Error> {
        RuleEvent::read(payload, Timestamp::UNIX_EPOCH)
    }

    fn event(parameters: &Value, rule: &str) -> RuleEvent {
        read(&json!({
            "invokingEvent": r#"{"messageType": "ScheduledNotification"}"#,
            "ruleParameters": parameters, "resultToken": "token", "configRuleName": rule,
        }))
        .unwrap()
    }

    #[test]
    fn the_parameter_takes_precedence_over_the_name_of_the_rule() {
        for (parameters, rule, expected) in [
            (
                json!(r#"{"checkId": "kms-cmk-rotation"}"#),
                "eks-endpoint-private",
                "kms-cmk-rotation",
            ),
            (
                json!({"checkId": "kms-cmk-rotation"}),
                "",
                "kms-cmk-rotation",
            ),
            (json!("{}"), "eks-endpoint-private", "eks-endpoint-private"),
            (
                Value::Null,
                "stack-7-eks-endpoint-private",
                "eks-endpoint-private",
            ),
            (json!(""), "eksentry-ecr-scan-on-push", "ecr-scan-on-push"),
        ] {
            assert_eq!(
                event(&parameters, rule).check().unwrap().0.id,
                expected,
                "{parameters} {rule}"
            );
        }
    }

    #[test]
    fn rules_without_a_valid_check_are_rejected() {
        for (parameters, rule, mention) in [
            (Value::Null, "eksentry", "the checks are"),
            (Value::Null, "myeks-endpoint-private", "the checks are"),
            (
                json!(r#"{"checkId": "nothing"}"#),
                "kms-cmk-rotation",
                "nothing",
            ),
            (json!(r#"{"checkId": 7}"#), "kms-cmk-rotation", "7"),
            (
                json!(r#"{"checkId": "ecr-image-scan-findings"}"#),
                "",
                "can't run as an AWS Config rule",
            ),
            (
                json!(r#"{"checkId": "kms-cmk-rotation", "maxRotationPeriodDays": "x"}"#),
                "",
                "maxRotationPeriodDays",
            ),
        ] {
            let error = event(&parameters, rule).check().unwrap_err();
            assert!(error.message.contains(mention), "{error}");
        }
    }

    #[test]
    fn events_that_config_never_sends_are_rejected() {
        for payload in [
            json!([]),
            json!({}),
            json!({"invokingEvent": "no JSON", "resultToken": "t"}),
            json!({"invokingEvent": r#"{"messageType": "ConfigurationItemChangeNotification"}"#, "resultToken": "t"}),
        ] {
            assert!(read(&payload).is_err(), "{payload}");
        }
    }

    #[test]
    fn items_with_invalid_types_or_ids_are_rejected() {
        let item = |resource_type: &str, resource_id: &str| {
            let change = json!({"resourceType": resource_type, "resourceId": resource_id});
            let message = json!({"messageType": "ConfigurationItemChangeNotification", "configurationItem": change});
            read(&json!({"invokingEvent": message, "resultToken": "t"}))
        };
        assert!(item(&"t".repeat(256), &"ä".repeat(768)).is_ok());
        for (resource_type, resource_id, mention) in [
            (String::new(), "a".to_owned(), "resourceType has 0"),
            ("t".repeat(257), "a".to_owned(), "resourceType has 257"),
            ("t".to_owned(), String::new(), "resourceId has 0"),
            ("t".to_owned(), "a".repeat(769), "resourceId has 769"),
        ] {
            let error = item(&resource_type, &resource_id).unwrap_err();
            assert!(error.message.contains(mention), "{error}");
        }
    }

    #[test]
    fn event_left_scope_can_be_a_boolean_or_a_string() {
        for (left, expected) in [
            (json!(true), true),
            (json!("True"), true),
            (json!("False"), false),
            (Value::Null, false),
        ] {
            let event = read(&json!({
                "invokingEvent": r#"{"messageType": "ConfigurationSnapshotDeliveryCompleted"}"#,
                "resultToken": "token", "eventLeftScope": left,
            }));
            assert_eq!(event.unwrap().left_scope, expected, "{left}");
        }
    }
}
