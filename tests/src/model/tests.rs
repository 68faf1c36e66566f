use serde_json::{Value, json};

use super::*;

fn only_problem(service: &str, shape: &str, value: &Value) -> String {
    let mut problems = validate(service, shape, value);
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

#[test]
fn every_shape_that_a_model_names_is_in_it() {
    for (service, model) in Model::all() {
        let operations = model.operations.values().flat_map(|operation| {
            let ends = operation.input.iter().chain(&operation.output);
            ends.chain(&operation.errors)
        });
        let parts = model.shapes.values().flat_map(|shape| {
            let inside = [&shape.member, &shape.key, &shape.value]
                .into_iter()
                .flatten();
            inside.chain(shape.members.values()).map(|part| &part.shape)
        });
        for name in operations.chain(parts) {
            assert!(model.shapes.contains_key(name), "{service}: {name}");
        }
    }
}

#[test]
fn models_have_the_names_and_the_protocols_of_their_services() {
    for (service, model) in Model::all() {
        assert_eq!(model.signing_name, service);
        let is_json = model.protocol == Protocol::Json;
        assert_eq!(model.target_prefix.is_some(), is_json, "{service}");
        let is_xml = matches!(model.protocol, Protocol::Ec2 | Protocol::Query);
        assert_eq!(model.xml_namespace.is_some(), is_xml, "{service}");
    }
}

#[test]
fn members_of_paginators_are_in_requests_and_responses() {
    for (service, model) in Model::all() {
        for (name, operation) in &model.operations {
            let Some(paginator) = &operation.paginator else {
                continue;
            };
            let (input, output) = (model.input(name).unwrap(), model.output(name).unwrap());
            for member in [&paginator.input_token]
                .into_iter()
                .chain(&paginator.limit_key)
            {
                assert!(
                    input.members.contains_key(member),
                    "{service}.{name}: {member}"
                );
            }
            let results = paginator.result_key.iter();
            let results = results.map(|key| key.split('.').next().unwrap());
            let others = [&paginator.output_token]
                .into_iter()
                .chain(&paginator.more_results);
            for member in results.chain(others.map(String::as_str)) {
                assert!(
                    output.members.contains_key(member),
                    "{service}.{name}: {member}"
                );
            }
        }
    }
}

#[test]
fn shapes_with_timestamps_or_other_names_are_not_plain() {
    for (service, shape, is_plain) in [
        ("eks", "DescribeClusterResponse", false),
        ("eks", "Cluster", false),
        ("eks", "ListClustersResponse", true),
        ("ec2", "DescribeSubnetsResult", false),
        ("securityhub", "GetFindingsResponse", true),
    ] {
        let model = Model::of(service).unwrap();
        assert_eq!(model.shapes[shape].is_plain, is_plain, "{shape}");
    }
}

#[test]
fn every_supported_pattern_is_compiled() {
    for (service, model) in Model::all() {
        for (name, shape) in &model.shapes {
            if let Some(pattern) = &shape.pattern {
                let text = &pattern.text;
                // The crate `regex` has no look-around.
                let is_supported = !["(?!", "(?=", "(?<!", "(?<="]
                    .iter()
                    .any(|part| text.contains(part));
                assert_eq!(
                    pattern.read.is_some(),
                    is_supported,
                    "{service}: {name}: {text}"
                );
            }
        }
    }
}

#[test]
fn a_valid_value_has_no_problems() {
    let evaluation = json!({"ComplianceResourceType": "AWS::KMS::Key", "ComplianceResourceId": "k",
        "ComplianceType": "COMPLIANT", "OrderingTimestamp": 1.5});
    let request = json!({"ResultToken": "t", "Evaluations": [evaluation]});
    assert_eq!(
        validate("config", "PutEvaluationsRequest", &request),
        Vec::<String>::new()
    );
}

#[test]
fn each_problem_names_its_path() {
    let evaluation = |name: &str, value: Value| {
        let mut evaluation = json!({"ComplianceResourceType": "AWS::KMS::Key", "ComplianceResourceId": "k",
            "ComplianceType": "COMPLIANT", "OrderingTimestamp": 1.5});
        evaluation[name] = value;
        only_problem("config", "Evaluation", &evaluation)
    };
    for (name, value, said) in [
        ("Wrong", json!(1), "Evaluation.Wrong is not a member"),
        ("ComplianceResourceId", json!(1), "is 1, not String"),
        ("ComplianceType", json!("GOOD"), "none of COMPLIANT"),
        ("Annotation", json!(""), "has 0 characters, where 1 to 256"),
        ("Annotation", json!("ä".repeat(257)), "has 257 characters"),
        (
            "OrderingTimestamp",
            json!("2026-01-01T00:00:00Z"),
            "not Timestamp",
        ),
        ("OrderingTimestamp", json!(null), "is null"),
    ] {
        let problem = evaluation(name, value);
        assert!(problem.contains(said), "{problem}");
    }
    let lacking = validate("config", "Evaluations", &json!([{}]));
    assert_eq!(lacking.len(), 4, "{lacking:?}");
    assert_eq!(lacking[0], "Evaluations[0] lacks ComplianceResourceType");
}

#[test]
fn numbers_lists_and_patterns_are_validated() {
    for (service, shape, value, said) in [
        (
            "eks",
            "ListClustersRequestMaxResults",
            json!(0),
            "is 0, where 1 to 100",
        ),
        (
            "eks",
            "ListClustersRequestMaxResults",
            json!(1.5),
            "is 1.5, not Integer",
        ),
        (
            "eks",
            "ListClustersRequestMaxResults",
            json!(5_000_000_000_u64),
            "not Integer",
        ),
        ("securityhub", "Double", json!("NaN"), "not Double"),
        (
            "securityhub",
            "NonEmptyString",
            json!(" \n"),
            "does not match",
        ),
        (
            "securityhub",
            "BatchImportFindingsRequestFindingList",
            json!([]),
            "has 0 entries, where 1 to 100",
        ),
    ] {
        let problem = only_problem(service, shape, &value);
        assert!(problem.contains(said), "{problem}");
    }
}

#[test]
fn values_in_forms_and_query_strings_may_be_texts() {
    let members = |value: Value| match value {
        Value::Object(members) => members,
        other => panic!("{other}"),
    };
    for (service, operation, request) in [
        ("eks", "ListClusters", json!({"maxResults": "7"})),
        (
            "sts",
            "AssumeRole",
            json!({"RoleArn": "arn:aws:iam::111122223333:role/r", "RoleSessionName": "se",
            "DurationSeconds": "900"}),
        ),
    ] {
        let problems = validate_request(service, operation, &members(request));
        assert_eq!(problems, Vec::<String>::new());
    }
    let odd = validate_request("eks", "CreateCluster", &Record::new());
    assert!(odd[0].contains(".ci/models.py"), "{odd:?}");
}

#[test]
fn errors_are_named_as_on_the_wire() {
    let errors = Model::of("eks").unwrap().errors("DescribeCluster");
    let missing = ErrorShape {
        code: "ResourceNotFoundException".to_owned(),
        status: 404,
    };
    assert!(errors.contains(&missing), "{errors:?}");
}

#[test]
fn members_include_the_first_entries_of_lists() {
    let response = json!({"cluster": {"name": "a", "status": "ACTIVE", "tags": {"a/b": "c", "d": "e"},
        "logging": {"clusterLogging": [{"types": ["api", "audit"]}, {"types": ["audit"]}]}, "version": null, "new": 1}});
    let members = response_members("eks", "DescribeCluster", &response);
    let pointers: Vec<&str> = members
        .iter()
        .map(|member| member.pointer.as_str())
        .collect();
    let logging = "/cluster/logging/clusterLogging";
    assert_eq!(
        pointers,
        [
            "/cluster",
            "/cluster/logging",
            logging,
            &format!("{logging}/0"),
            &format!("{logging}/0/types"),
            &format!("{logging}/0/types/0"),
            "/cluster/name",
            "/cluster/status",
            "/cluster/tags",
            "/cluster/tags/a~1b",
        ]
    );
    for member in &members {
        assert!(response.pointer(&member.pointer).is_some(), "{member:?}");
        let word = member.pointer.ends_with("/status") || member.pointer.ends_with("/types/0");
        assert_eq!(member.is_enumerated, word, "{member:?}");
    }
}
