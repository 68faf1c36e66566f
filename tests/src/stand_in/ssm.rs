//! AWS Systems Manager: parameters.

use serde_json::{Value, json};

use super::{service::AwsError, wire::Request};
use crate::account::{Account, Parameter};

/// 2024-03-04T05:06:07Z
const MODIFIED_AT: u32 = 1_709_528_767;

pub(super) fn answer(account: &Account, request: &Request) -> Result<Value, AwsError> {
    match request.operation.as_str() {
        "GetParameter" => get_parameter(account, request),
        other => Err(AwsError::unknown_operation(other)),
    }
}

/// A parameter by its name or its ARN. A secret stays encrypted unless the caller asks otherwise.
fn get_parameter(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let known = ["Name", "WithDecryption"];
    if let Some(name) = request
        .members
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(request.invalid(format!("the stand-in does not know {name}")));
    }
    let name = request.required_text("Name")?;
    let is_meant =
        |parameter: &&Parameter| parameter.name == name || arn(account, parameter) == name;
    let parameter = account.parameters.iter().find(is_meant).ok_or_else(|| {
        AwsError::new(
            "ParameterNotFound",
            format!("There is no parameter {name}."),
        )
    })?;
    let kind = parameter.kind.as_deref().unwrap_or("String");
    let decrypts = request.member("WithDecryption") == Some(&Value::Bool(true));
    let value = if kind == "SecureString" && !decrypts {
        "AQICAHencrypted"
    } else {
        &parameter.value
    };
    Ok(json!({"Parameter": {
        "Name": parameter.name,
        "Type": kind,
        "Value": value,
        "Version": 1,
        "LastModifiedDate": MODIFIED_AT,
        "ARN": arn(account, parameter),
        "DataType": "text",
    }}))
}

/// The slash before a path is the slash after `parameter`.
fn arn(account: &Account, parameter: &Parameter) -> String {
    let name = parameter.name.strip_prefix('/').unwrap_or(&parameter.name);
    account.arn("ssm", &account.region, &format!("parameter/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{service::Service, wire::record};

    #[test]
    fn parameters_are_found_by_name_and_by_arn() {
        let mut account = Account::empty("123456789012", "eu-central-1");
        let parameters = json!([
            {"Name": "/a/b", "Value": "1"},
            {"Name": "c", "Value": "2", "Type": "SecureString"},
        ]);
        account.add(json!({"parameters": parameters})).unwrap();
        let get = |members: Value| {
            let request = Request {
                service: Service::Ssm,
                operation: "GetParameter".to_owned(),
                members: record(members),
                access_key: String::new(),
                region: "eu-central-1".to_owned(),
                size: 0,
                body: Vec::new(),
            };
            answer(&account, &request).map(|answer| answer["Parameter"]["Value"].clone())
        };
        let own = |name: &str| format!("arn:aws:ssm:eu-central-1:123456789012:parameter/{name}");

        for (members, value) in [
            (json!({"Name": "/a/b"}), "1"),
            (json!({"Name": own("a/b")}), "1"),
            (json!({"Name": own("c"), "WithDecryption": true}), "2"),
            (json!({"Name": "c"}), "AQICAHencrypted"),
        ] {
            assert_eq!(get(members).unwrap(), value);
        }
        let elsewhere = own("c").replace("central", "west");
        for (members, code, violation) in [
            (json!({"Name": "a/b"}), "ParameterNotFound", false),
            (json!({"Name": elsewhere}), "ParameterNotFound", false),
            (json!({}), "ValidationException", true),
            (
                json!({"Name": "c", "Path": "/"}),
                "ValidationException",
                true,
            ),
        ] {
            let error = get(members).expect_err(code);
            assert_eq!((error.code.as_str(), error.violation), (code, violation));
        }
    }
}
