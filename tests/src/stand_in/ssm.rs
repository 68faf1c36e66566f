//! AWS Systems Manager: parameters.

use serde_json::{Value, json};

use super::{service::AwsError, wire::Request};
use crate::account::{Account, Parameter};

/// The time at which every parameter was last modified.
const MODIFIED_AT: &str = "2024-03-04T05:06:07Z";

/// Returns a parameter by its name or its ARN.
pub(super) fn get_parameter(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["Name", "WithDecryption"])?;
    let name = request.required_text("Name")?;
    let is_meant =
        |parameter: &&Parameter| parameter.name == name || arn(account, parameter) == name;
    let parameter = account.parameters.iter().find(is_meant).ok_or_else(|| {
        AwsError::new(
            "ParameterNotFound",
            format!("There is no parameter {name}."),
        )
    })?;
    Ok(json!({"Parameter": described(account, request, parameter)}))
}

/// Returns the parameters directly below a path, or all that begin with it if the request is recursive. A path without
/// parameters below it is not an error.
pub(super) fn get_parameters_by_path(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let known = [
        "MaxResults",
        "NextToken",
        "Path",
        "Recursive",
        "WithDecryption",
    ];
    request.allow_members(&known)?;
    let path = request.required_text("Path")?;
    if !path.starts_with('/') {
        return Err(request.invalid(format!("Path is {path}, which doesn't begin with a slash")));
    }
    let is_recursive = request.member("Recursive") == Some(&Value::Bool(true));
    let is_below = |parameter: &Parameter| {
        let below = parameter.name.strip_prefix(path.trim_end_matches('/'));
        let below = below.and_then(|rest| rest.strip_prefix('/'));
        below.is_some_and(|rest| is_recursive || !rest.contains('/'))
    };
    let (page, token) =
        request
            .paging()?
            .page_of(account, request, &account.parameters, is_below)?;
    let parameters: Vec<Value> = page
        .into_iter()
        .map(|parameter| described(account, request, parameter))
        .collect();
    Ok(request.paging()?.response(parameters, token).into())
}

/// Returns a parameter as in a response. A secret stays encrypted unless the request has WithDecryption.
fn described(account: &Account, request: &Request, parameter: &Parameter) -> Value {
    let kind = parameter.kind.as_deref().unwrap_or("String");
    let decrypts = request.member("WithDecryption") == Some(&Value::Bool(true));
    let value = if kind == "SecureString" && !decrypts {
        "AQICAHencrypted"
    } else {
        &parameter.value
    };
    json!({
        "Name": parameter.name,
        "Type": kind,
        "Value": value,
        "Version": 1,
        "LastModifiedDate": MODIFIED_AT,
        "ARN": arn(account, parameter),
        "DataType": "text",
    })
}

/// Returns the resource of a request for a parameter.
pub(super) fn parameter_resource(account: &Account, request: &Request) -> String {
    match request.text_or_empty("Name") {
        name if name.starts_with("arn:") => name.to_owned(),
        name => arn_of_name(account, name),
    }
}

/// Returns the resource of a request for the parameters below a path.
pub(super) fn path_resource(account: &Account, request: &Request) -> String {
    arn_of_name(account, request.text_or_empty("Path"))
}

fn arn(account: &Account, parameter: &Parameter) -> String {
    arn_of_name(account, &parameter.name)
}

/// Returns the ARN of a parameter or a path. Its leading slash is the slash after `parameter` in the ARN.
fn arn_of_name(account: &Account, name: &str) -> String {
    let name = name.strip_prefix('/').unwrap_or(name);
    account.arn("ssm", &account.region, &format!("parameter/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(parameters: Value) -> Account {
        let mut account = Account::empty("123456789012", "eu-central-1");
        account.add(json!({"parameters": parameters})).unwrap();
        account
    }

    #[test]
    fn parameters_are_found_by_name_and_by_arn() {
        let account = account(json!([
            {"Name": "/a/b", "Value": "1"},
            {"Name": "c", "Value": "2", "Type": "SecureString"},
        ]));
        let get = |members: Value| {
            get_parameter(&account, &Request::of("ssm.GetParameter", members))
                .map(|response| response["Parameter"]["Value"].clone())
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

    #[test]
    fn a_path_has_the_parameters_directly_below_it_in_pages_of_ten() {
        let mut parameters: Vec<Value> = (10..22)
            .map(|n| json!({"Name": format!("/a/{n}"), "Value": "1"}))
            .collect();
        for name in ["/a", "/a/b/c", "/ab/c", "a"] {
            parameters.push(json!({"Name": name, "Value": "1"}));
        }
        let account = account(parameters.into());
        let get = |members: Value| {
            get_parameters_by_path(&account, &Request::of("ssm.GetParametersByPath", members))
        };
        let names = |response: &Value| -> Vec<String> {
            let parameters = response["Parameters"].as_array().unwrap().iter();
            parameters
                .map(|one| one["Name"].as_str().unwrap().to_owned())
                .collect()
        };

        let first = get(json!({"Path": "/a"})).unwrap();
        assert_eq!(names(&first).len(), 10);
        let rest = get(json!({"Path": "/a", "NextToken": first["NextToken"]})).unwrap();
        assert_eq!(names(&rest), ["/a/20", "/a/21"]);
        assert_eq!(rest["NextToken"], Value::Null);
        for (members, expected) in [
            (json!({"Path": "/a/b"}), &["/a/b/c"][..]),
            (json!({"Path": "/a/b/"}), &["/a/b/c"]),
            (json!({"Path": "/ab", "Recursive": true}), &["/ab/c"]),
            (json!({"Path": "/c"}), &[]),
        ] {
            assert_eq!(names(&get(members).unwrap()), expected);
        }
        for (members, code) in [
            (json!({"Path": "a"}), "ValidationException"),
            (json!({}), "ValidationException"),
            (
                json!({"Path": "/a", "MaxResults": 11}),
                "ValidationException",
            ),
            (
                json!({"Path": "/b", "NextToken": first["NextToken"]}),
                "InvalidNextToken",
            ),
            (
                json!({"Path": "/a", "ParameterFilters": []}),
                "ValidationException",
            ),
        ] {
            let error = get(members).expect_err(code);
            assert_eq!((error.code.as_str(), error.violation), (code, true));
        }
    }
}
