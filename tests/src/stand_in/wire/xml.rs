//! Responses in XML, for the protocols `query` and `ec2`.

use serde_json::Value;

use crate::model::{Kind, Member, Model, Protocol, Shape};

/// Returns a successful response. `members` are its members, by the names in the model.
pub(super) fn response(model: &Model, operation: &str, members: &Value) -> String {
    let namespace = model.xml_namespace.as_deref().unwrap_or_default();
    let mut content = String::new();
    write(model, model.output(operation), false, members, &mut content);
    let known = model.operations.get(operation);
    let wrapper = known.and_then(|operation| operation.result_wrapper.as_deref());
    let content = match wrapper {
        _ if model.protocol == Protocol::Ec2 => format!("<requestId>stand-in</requestId>{content}"),
        None => format!("{content}{METADATA}"),
        Some(wrapper) => format!("<{wrapper}>{content}</{wrapper}>{METADATA}"),
    };
    format!(r#"<{operation}Response xmlns="{namespace}">{content}</{operation}Response>"#)
}

const METADATA: &str = "<ResponseMetadata><RequestId>stand-in</RequestId></ResponseMetadata>";

/// Returns an error.
pub(super) fn error(model: &Model, code: &str, message: &str) -> String {
    let mut error = String::new();
    element("Code", &escape(code), &mut error);
    element("Message", &escape(message), &mut error);
    match model.protocol {
        Protocol::Ec2 => format!(
            "<Response><Errors><Error>{error}</Error></Errors><RequestID>stand-in</RequestID></Response>"
        ),
        Protocol::RestXml => format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><Error>{error}<RequestId>stand-in</RequestId></Error>"#
        ),
        _ => {
            let namespace = model.xml_namespace.as_deref().unwrap_or_default();
            format!(
                r#"<ErrorResponse xmlns="{namespace}"><Error><Type>Sender</Type>{error}</Error><RequestId>stand-in</RequestId></ErrorResponse>"#
            )
        }
    }
}

/// Writes a value. One without a shape is written by the names that it has.
fn write(
    model: &Model,
    shape: Option<&Shape>,
    is_flattened: bool,
    value: &Value,
    xml: &mut String,
) {
    match value {
        Value::Null => {}
        Value::Bool(flag) => xml.push_str(&flag.to_string()),
        Value::Number(number) => xml.push_str(&number.to_string()),
        Value::String(text) => xml.push_str(&escape(text)),
        Value::Array(entries) => {
            let entry = shape.and_then(|shape| shape.member.as_ref());
            let default = if model.protocol == Protocol::Ec2 {
                "item"
            } else {
                "member"
            };
            let name = entry.map_or(default, |entry| entry.wire_name(default));
            for value in entries {
                write_part(model, name, entry, value, xml);
            }
        }
        Value::Object(entries) if shape.is_some_and(|shape| shape.kind == Kind::Map) => {
            let (key, part) = shape.map_or((None, None), |shape| {
                (shape.key.as_ref(), shape.value.as_ref())
            });
            for (name, value) in entries {
                let mut entry = String::new();
                let key = key.map_or("key", |key| key.wire_name("key"));
                element(key, &escape(name), &mut entry);
                let name = part.map_or("value", |part| part.wire_name("value"));
                write_part(model, name, part, value, &mut entry);
                if is_flattened {
                    xml.push_str(&entry);
                } else {
                    element("entry", &entry, xml);
                }
            }
        }
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                let known = shape.and_then(|shape| shape.member_called(name));
                let (own, member) = known.unzip();
                let own = own.unwrap_or(name);
                let name = member.map_or(own, |member| member.wire_name(own));
                write_part(model, name, member, value, xml);
            }
        }
    }
}

/// Writes a part of a value in its element. The entries of a flattened list have no element in common.
fn write_part(model: &Model, name: &str, part: Option<&Member>, value: &Value, xml: &mut String) {
    let shape = part.and_then(|part| model.shape_of(part));
    let is_flattened =
        part.is_some_and(|part| part.flattened) || shape.is_some_and(|shape| shape.flattened);
    match value {
        Value::Array(entries) if is_flattened => {
            let entry = shape.and_then(|shape| shape.member.as_ref());
            let name = entry.map_or(name, |entry| entry.wire_name(name));
            for value in entries {
                write_part(model, name, entry, value, xml);
            }
        }
        _ => {
            let mut content = String::new();
            write(model, shape, is_flattened, value, &mut content);
            element(name, &content, xml);
        }
    }
}

fn element(name: &str, content: &str, xml: &mut String) {
    for part in ["<", name, ">", content, "</", name, ">"] {
        xml.push_str(part);
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn responses_of_the_query_protocol_have_a_wrapper_and_members() {
        let members = json!({"PolicyNames": ["a<b", "c"], "IsTruncated": false, "Marker": null, "Odd": {"X": [1]}});
        let xml = response(Model::of("iam").unwrap(), "ListRolePolicies", &members);
        assert_eq!(
            xml,
            "<ListRolePoliciesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListRolePoliciesResult>\
             <IsTruncated>false</IsTruncated><Odd><X><member>1</member></X></Odd>\
             <PolicyNames><member>a&lt;b</member><member>c</member></PolicyNames></ListRolePoliciesResult>\
             <ResponseMetadata><RequestId>stand-in</RequestId></ResponseMetadata></ListRolePoliciesResponse>"
        );
    }

    #[test]
    fn responses_of_ec2_have_items_and_names_of_their_own() {
        let members = json!({"NextToken": "t", "Subnets": [
            {"SubnetId": "a", "MapPublicIpOnLaunch": true, "Tags": [{"Key": "k", "Value": "v"}]},
        ]});
        let xml = response(Model::of("ec2").unwrap(), "DescribeSubnets", &members);
        assert_eq!(
            xml,
            "<DescribeSubnetsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15\"><requestId>stand-in</requestId>\
             <nextToken>t</nextToken><subnetSet><item><mapPublicIpOnLaunch>true</mapPublicIpOnLaunch>\
             <subnetId>a</subnetId><tagSet><item><key>k</key><value>v</value></item></tagSet></item></subnetSet>\
             </DescribeSubnetsResponse>"
        );
    }

    #[test]
    fn maps_and_flattened_lists_have_forms_of_their_own() {
        let mut model: Model = serde_json::from_value(json!({
            "protocol": "query", "signingName": "x", "operations": {
                "Get": {"output": "Out", "errors": [], "http": {"method": "POST", "requestUri": "/"}},
            }, "shapes": {
                "Out": {"type": "structure", "members": {
                    "Map": {"shape": "Map"}, "Flat": {"shape": "List", "flattened": true},
                }},
                "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text", "locationName": "val"}},
                "List": {"type": "list", "member": {"shape": "Text"}},
                "Text": {"type": "string"},
            },
        }))
        .unwrap();
        let members = json!({"Map": {"a": "b"}, "Flat": ["c", "d"]});
        let content =
            "<Flat>c</Flat><Flat>d</Flat><Map><entry><key>a</key><val>b</val></entry></Map>";
        assert!(response(&model, "Get", &members).contains(content));
        model.operations.clear();
        assert!(response(&model, "Get", &members).contains("<Flat><member>c</member>"));
    }

    #[test]
    fn errors_have_the_form_of_their_protocol() {
        let xml = |service: &str| error(Model::of(service).unwrap(), "No<", "a & b");
        let error = "<Code>No&lt;</Code><Message>a &amp; b</Message>";
        for (service, start) in [
            ("ec2", "<Response><Errors><Error>"),
            (
                "iam",
                "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>",
            ),
            ("s3", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error>"),
        ] {
            assert!(
                xml(service).starts_with(&format!("{start}{error}")),
                "{}",
                xml(service)
            );
        }
    }
}
