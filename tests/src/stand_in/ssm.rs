//! AWS Systems Manager: parameters.

use serde_json::{Value, json};

use super::{paging::Paging, service::AwsError, wire::Request};
use crate::account::{Account, Parameter};

/// The pages of GetParametersByPath.
/// Source: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html>.
const PAGES: Paging = Paging {
    size: "MaxResults",
    token: "NextToken",
    usual: 10,
    sizes: (1, 10),
    bad_token: "InvalidNextToken",
};

/// The time at which every parameter was last modified: 2024-03-04T05:06:07Z.
const MODIFIED_AT: u32 = 1_709_528_767;

pub(super) fn answer(account: &Account, request: &Request) -> Result<Value, AwsError> {
    match request.operation.as_str() {
        "GetParameter" => get_parameter(account, request),
        "GetParametersByPath" => get_parameters_by_path(account, request),
        other => Err(AwsError::unknown_operation(other)),
    }
}

/// Returns a parameter by its name or its ARN.
fn get_parameter(account: &Account, request: &Request) -> Result<Value, AwsError> {
    check_members(request, &["Name", "WithDecryption"])?;
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
fn get_parameters_by_path(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let known = [
        "MaxResults",
        "NextToken",
        "Path",
        "Recursive",
        "WithDecryption",
    ];
    check_members(request, &known)?;
    let path = request.required_text("Path")?;
    if !path.starts_with('/') {
        let problem = "a path begins with a slash, and an ARN is none";
        return Err(request.invalid(problem.to_owned()));
    }
    let is_recursive = request.member("Recursive") == Some(&Value::Bool(true));
    let is_below = |parameter: &Parameter| {
        let below = parameter.name.strip_prefix(path.trim_end_matches('/'));
        let below = below.and_then(|rest| rest.strip_prefix('/'));
        below.is_some_and(|rest| is_recursive || !rest.contains('/'))
    };
    let (page, token) = PAGES.page_of(account, request, &account.parameters, is_below)?;
    let parameters: Vec<Value> = page
        .into_iter()
        .map(|parameter| described(account, request, parameter))
        .collect();
    Ok(json!({"Parameters": parameters, "NextToken": token}))
}

fn check_members(request: &Request, known: &[&str]) -> Result<(), AwsError> {
    let mut names = request.members.keys();
    match names.find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(request.invalid(format!("the stand-in does not know {name}"))),
        None => Ok(()),
    }
}

/// Returns a parameter as in an answer. A secret stays encrypted unless the request has WithDecryption.
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

/// Returns the ARN of a parameter. The leading slash of its name is the slash after `parameter` in the ARN.
fn arn(account: &Account, parameter: &Parameter) -> String {
    let name = parameter.name.strip_prefix('/').unwrap_or(&parameter.name);
    account.arn("ssm", &account.region, &format!("parameter/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{service::Service, wire::record};

    fn account(parameters: Value) -> Account {
        let mut account = Account::empty("123456789012", "eu-central-1");
        account.add(json!({"parameters": parameters})).unwrap();
        account
    }

    fn ask(account: &Account, operation: &str, members: Value) -> Result<Value, AwsError> {
        let request = Request {
            service: Service::Ssm,
            operation: operation.to_owned(),
            members: record(members),
            access_key: String::new(),
            region: "eu-central-1".to_owned(),
            size: 0,
            body: Vec::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        answer(account, &request)
    }

    #[test]
    fn parameters_are_found_by_name_and_by_arn() {
        let account = account(json!([
            {"Name": "/a/b", "Value": "1"},
            {"Name": "c", "Value": "2", "Type": "SecureString"},
        ]));
        let get = |members: Value| {
            ask(&account, "GetParameter", members)
                .map(|answer| answer["Parameter"]["Value"].clone())
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
    fn a_path_has_what_is_right_below_it_in_pages_of_ten() {
        let mut parameters: Vec<Value> = (10..22)
            .map(|n| json!({"Name": format!("/a/{n}"), "Value": "1"}))
            .collect();
        for name in ["/a", "/a/b/c", "/ab/c", "a"] {
            parameters.push(json!({"Name": name, "Value": "1"}));
        }
        let account = account(parameters.into());
        let get = |members: Value| ask(&account, "GetParametersByPath", members);
        let names = |answer: &Value| -> Vec<String> {
            let parameters = answer["Parameters"].as_array().unwrap().iter();
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
