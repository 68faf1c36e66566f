//! Amazon SQS: messages that are sent. No call receives them; a test takes them and passes them to a function.

use std::collections::HashSet;

use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::{
    faults::Hit,
    operation::CallContext,
    service::AwsError,
    state::State,
    wire::{Request, record},
};
use crate::account::{Account, Record, arn, uuid};

/// The maximum size of a message, and of a batch of messages, in bytes.
const MOST_BYTES: usize = 1024 * 1024;
const MOST_ENTRIES: usize = 10;

/// A message that was sent and has not been taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// The URL of the queue that it was sent to.
    pub queue_url: String,
    /// Its text.
    pub body: String,
    /// Its MessageId.
    pub id: String,
}

/// The messages in all queues.
#[derive(Debug, Default)]
pub(super) struct Queues {
    messages: Vec<Message>,
    sent: u64,
}

/// Returns the event with which Lambda passes messages to a function. The Region is the one in the URL of their queue,
/// or eu-central-1 if that is not a URL of AWS.
pub fn sqs_event(messages: &[Message]) -> Value {
    let records: Vec<Value> = messages.iter().map(event_record).collect();
    json!({"Records": records})
}

fn event_record(message: &Message) -> Value {
    let mut parts = message.queue_url.rsplit('/');
    let (name, account) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let host = parts.next().unwrap_or_default();
    let region = host
        .strip_prefix("sqs.")
        .and_then(|rest| rest.split('.').next())
        .unwrap_or("eu-central-1");
    json!({
        "messageId": message.id,
        "receiptHandle": format!("receipt-{}", message.id),
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1735786800000",
            "SenderId": "AROAIOSFODNN7EXAMPLE:eksentry",
            "ApproximateFirstReceiveTimestamp": "1735786800001",
        },
        "messageAttributes": {},
        "md5OfBody": md5(message.body.as_bytes()),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn(region, "sqs", region, account, name),
        "awsRegion": region,
    })
}

impl Queues {
    pub(super) fn take(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages)
    }

    fn send_message(&mut self, request: &Request) -> Result<Value, AwsError> {
        let known = ["QueueUrl", "MessageBody", "DelaySeconds"];
        check_names(request, &request.members, &known)?;
        let queue_url = queue_url(request)?;
        let body = body(&request.members)?;
        if body.len() > MOST_BYTES {
            return Err(request.invalid(format!(
                "the message has {} bytes, {MOST_BYTES} are allowed",
                body.len()
            )));
        }
        Ok(self.store(queue_url, body).into())
    }

    fn send_message_batch(
        &mut self,
        request: &Request,
        fault: Option<&Hit>,
    ) -> Result<Value, AwsError> {
        check_names(request, &request.members, &["QueueUrl", "Entries"])?;
        let queue_url = queue_url(request)?;
        let entries = entries(request)?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (id, body) in entries {
            if let Some(code) = fault.and_then(|fault| fault.rejects(id)) {
                failed.push(json!({
                    "Id": id, "Code": code, "Message": "an injected fault", "SenderFault": false,
                }));
            } else {
                let mut sent = self.store(queue_url, body);
                sent.insert("Id".to_owned(), id.into());
                successful.push(sent);
            }
        }
        Ok(json!({"Successful": successful, "Failed": failed}))
    }

    fn store(&mut self, queue_url: &str, body: &str) -> Record {
        self.sent += 1;
        let id = uuid(&format!("message {}", self.sent));
        self.messages.push(Message {
            queue_url: queue_url.to_owned(),
            body: body.to_owned(),
            id: id.clone(),
        });
        record(json!({"MessageId": id, "MD5OfMessageBody": md5(body.as_bytes())}))
    }
}

/// Stores a message.
pub(super) fn send_message(state: &mut State, call: &CallContext<'_>) -> Result<Value, AwsError> {
    state.queues.send_message(call.request)
}

/// Stores messages. A fault may reject some of them.
pub(super) fn send_message_batch(
    state: &mut State,
    call: &CallContext<'_>,
) -> Result<Value, AwsError> {
    state.queues.send_message_batch(call.request, call.fault)
}

/// Returns the ARN of the queue that a request is about. The Region in a queue's URL is the one that the request is
/// sent to.
pub(super) fn queue_resource(account: &Account, request: &Request) -> String {
    let mut parts = request.text_or_empty("QueueUrl").rsplit('/');
    let (name, owner) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let own = account.arn("sqs", &account.region, name);
    own.replacen(&format!(":{}:", account.account), &format!(":{owner}:"), 1)
}

/// Returns the Ids and the bodies in a batch.
fn entries(request: &Request) -> Result<Vec<(&str, &str)>, AwsError> {
    let given = request.list("Entries")?.unwrap_or_default();
    let rejected = |code: &str, message: String| Err(AwsError::new(code, message).violation());
    if given.is_empty() {
        return rejected(
            "EmptyBatchRequest",
            "There should be at least one entry in the request.".to_owned(),
        );
    }
    if given.len() > MOST_ENTRIES {
        let message = format!(
            "Maximum number of entries per request are {MOST_ENTRIES}. You have sent {}.",
            given.len()
        );
        return rejected("TooManyEntriesInBatchRequest", message);
    }
    let (mut entries, mut ids) = (Vec::new(), HashSet::new());
    for entry in given {
        let entry = entry
            .as_object()
            .ok_or_else(|| request.invalid(format!("the entry {entry} is not a structure")))?;
        check_names(request, entry, &["Id", "MessageBody", "DelaySeconds"])?;
        let id = entry.get("Id").and_then(Value::as_str).unwrap_or_default();
        if !is_entry_id(id) {
            let message =
                format!("the Id {id:?} is not 1 to 80 letters, digits, hyphens or underscores");
            return rejected("InvalidBatchEntryId", message);
        }
        if !ids.insert(id) {
            return rejected("BatchEntryIdsNotDistinct", format!("Id {id} repeated."));
        }
        entries.push((id, body(entry)?));
    }
    let size: usize = entries.iter().map(|(_, body)| body.len()).sum();
    if size > MOST_BYTES {
        let message = format!(
            "Batch requests cannot be longer than {MOST_BYTES} bytes. You have sent {size} bytes."
        );
        return rejected("BatchRequestTooLong", message);
    }
    Ok(entries)
}

fn is_entry_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=80).contains(&id.len()) && id.bytes().all(allowed)
}

fn check_names(request: &Request, members: &Record, known: &[&str]) -> Result<(), AwsError> {
    if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(request.invalid(format!("the stand-in does not know {name}")));
    }
    match members.get("DelaySeconds") {
        None | Some(Value::Null) => Ok(()),
        Some(delay) if delay.as_u64().is_some_and(|delay| delay <= 900) => Ok(()),
        Some(delay) => Err(request.invalid(format!("DelaySeconds is {delay}, not 0 to 900"))),
    }
}

/// Returns the URL of a request's queue, which must end with an account and a name.
fn queue_url(request: &Request) -> Result<&str, AwsError> {
    let Some(url) = request.text("QueueUrl")?.filter(|url| !url.is_empty()) else {
        return Err(missing("QueueUrl"));
    };
    let mut parts = url.rsplit('/');
    let (name, account) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    if !url.starts_with("http") || !is_account || !is_entry_id(name) {
        let message = format!("The address {url} is not valid for this endpoint.");
        return Err(AwsError::new("InvalidAddress", message)
            .status(404)
            .violation());
    }
    Ok(url)
}

fn body(members: &Record) -> Result<&str, AwsError> {
    let body = members.get("MessageBody").and_then(Value::as_str);
    let body = body
        .filter(|body| !body.is_empty())
        .ok_or_else(|| missing("MessageBody"))?;
    // SQS accepts only characters that XML allows.
    let allowed = |character: char| {
        matches!(character, '\t' | '\n' | '\r')
            || character >= ' ' && !matches!(character, '\u{fffe}' | '\u{ffff}')
    };
    match body.chars().find(|character| !allowed(*character)) {
        Some(other) => Err(AwsError::new(
            "InvalidMessageContents",
            format!("{other:?} is not valid in a message"),
        )
        .violation()),
        None => Ok(body),
    }
}

fn missing(name: &str) -> AwsError {
    let message = format!("The request must contain the parameter {name}.");
    AwsError::new("MissingParameter", message).violation()
}

/// Returns the name of an error in SQS's first protocol, which SDKs still return to their callers.
pub(super) fn query_error(error: &AwsError) -> String {
    let code = error.code.as_str();
    let prefix = match code {
        "BatchEntryIdsNotDistinct"
        | "BatchRequestTooLong"
        | "EmptyBatchRequest"
        | "InvalidBatchEntryId"
        | "TooManyEntriesInBatchRequest" => "AWS.SimpleQueueService.",
        _ => "",
    };
    let whose = if error.status >= 500 {
        "Receiver"
    } else {
        "Sender"
    };
    format!("{prefix}{code};{whose}")
}

pub(super) fn md5(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::faults::FaultKind;

    const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/plans";

    fn send(
        queues: &mut Queues,
        operation: &str,
        mut members: Value,
        fault: Option<&Hit>,
    ) -> Result<Value, AwsError> {
        if members.get("QueueUrl").is_none() {
            members["QueueUrl"] = QUEUE.into();
        }
        let request = Request::of(&format!("sqs.{operation}"), members);
        match operation {
            "SendMessage" => queues.send_message(&request),
            _ => queues.send_message_batch(&request, fault),
        }
    }

    #[test]
    fn messages_are_stored_and_become_an_event() {
        let mut queues = Queues::default();
        let one = send(
            &mut queues,
            "SendMessage",
            json!({"MessageBody": "hello"}),
            None,
        )
        .unwrap();
        assert_eq!(one["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
        let entries = json!([{"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": "2"}]);
        let partial = FaultKind::Partial {
            ids: vec!["a".to_owned()],
            code: "InternalError".to_owned(),
        };
        let batch = json!({"Entries": entries});
        let response = send(
            &mut queues,
            "SendMessageBatch",
            batch,
            Some(&partial.into()),
        )
        .unwrap();
        assert_eq!(response["Successful"][0]["Id"], "b");
        assert_eq!(
            (
                &response["Failed"][0]["Code"],
                &response["Failed"][0]["SenderFault"]
            ),
            (&json!("InternalError"), &json!(false))
        );

        let messages = queues.take();
        let bodies: Vec<&str> = messages
            .iter()
            .map(|message| message.body.as_str())
            .collect();
        assert_eq!(bodies, ["hello", "2"]);
        assert!(queues.take().is_empty());
        let event = sqs_event(&messages);
        assert_eq!(event["Records"][0]["messageId"], one["MessageId"]);
        assert_eq!(event["Records"][0]["md5OfBody"], one["MD5OfMessageBody"]);
        assert_eq!(
            event["Records"][1]["eventSourceARN"],
            "arn:aws:sqs:eu-west-1:123456789012:plans"
        );
    }

    #[test]
    fn a_request_that_sqs_rejects_is_a_violation() {
        let entry = |id: &str, body: &str| json!({"Id": id, "MessageBody": body});
        let many: Vec<Value> = (0..11).map(|id| entry(&id.to_string(), "a")).collect();
        let half = "x".repeat(MOST_BYTES / 2 + 1);
        for (operation, members, code) in [
            ("SendMessage", json!({}), "MissingParameter"),
            (
                "SendMessage",
                json!({"MessageBody": ""}),
                "MissingParameter",
            ),
            (
                "SendMessage",
                json!({"MessageBody": "\u{1}"}),
                "InvalidMessageContents",
            ),
            (
                "SendMessage",
                json!({"MessageBody": "a", "QueueUrl": ""}),
                "MissingParameter",
            ),
            (
                "SendMessage",
                json!({"MessageBody": "a", "QueueUrl": "plans"}),
                "InvalidAddress",
            ),
            (
                "SendMessage",
                json!({"MessageBody": "a", "DelaySeconds": 901}),
                "InvalidParameterValue",
            ),
            (
                "SendMessage",
                json!({"MessageBody": "x".repeat(MOST_BYTES + 1)}),
                "InvalidParameterValue",
            ),
            (
                "SendMessage",
                json!({"MessageBody": "a", "Body": "a"}),
                "InvalidParameterValue",
            ),
            (
                "SendMessageBatch",
                json!({"Entries": []}),
                "EmptyBatchRequest",
            ),
            (
                "SendMessageBatch",
                json!({"Entries": many}),
                "TooManyEntriesInBatchRequest",
            ),
            (
                "SendMessageBatch",
                json!({"Entries": [entry("a/b", "a")]}),
                "InvalidBatchEntryId",
            ),
            (
                "SendMessageBatch",
                json!({"Entries": [entry(&"a".repeat(81), "a")]}),
                "InvalidBatchEntryId",
            ),
            (
                "SendMessageBatch",
                json!({"Entries": [entry("a", "a"), entry("a", "b")]}),
                "BatchEntryIdsNotDistinct",
            ),
            (
                "SendMessageBatch",
                json!({"Entries": [entry("a", &half), entry("b", &half)]}),
                "BatchRequestTooLong",
            ),
            (
                "SendMessageBatch",
                json!({"Entries": [entry("a", "")]}),
                "MissingParameter",
            ),
        ] {
            let mut queues = Queues::default();
            let error = send(&mut queues, operation, members, None).expect_err(code);
            assert_eq!((error.code.as_str(), error.violation), (code, true));
            assert!(queues.take().is_empty());
        }
    }
}
