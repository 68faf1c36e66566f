//! Tests of the operations that write, and of the recorded requests.

use std::{env, fs, process};

use serde_json::{Value, json};

use super::*;

#[test]
fn findings_and_evaluations_are_sent_over_http() {
    let aws = start();
    let client = client(&aws);
    let finding = asff::tests::finding();
    let import = json!({"Findings": [finding, {"Id": "bad", "AwsAccountId": "123456789012", "ProductArn": finding["ProductArn"]}]});
    let imported = client
        .send(
            "securityhub",
            "POST",
            "/findings/import",
            "",
            &import.to_string(),
        )
        .expect("a response");
    assert_eq!(
        (imported.status, &imported.json()["FailedFindings"][0]["Id"]),
        (200, &json!("bad"))
    );
    assert_eq!(aws.violations().len(), 1);
    assert!(aws.edit_finding("eksentry/check/arn", |finding| {
        finding.insert("Workflow".to_owned(), json!({"Status": "SUPPRESSED"}));
    }));
    let filters =
        json!({"Filters": {"WorkflowStatus": [{"Value": "SUPPRESSED", "Comparison": "EQUALS"}]}});
    let found = client
        .send("securityhub", "POST", "/findings", "", &filters.to_string())
        .expect("a response")
        .json();
    assert_eq!(found["Findings"].as_array().map(Vec::len), Some(1));

    let evaluation = json!({
        "ComplianceResourceType": "AWS::KMS::Key", "ComplianceResourceId": "k", "ComplianceType": "COMPLIANT",
        "OrderingTimestamp": 1.0,
    });
    let members = json!({"ResultToken": aws.result_token("rule"), "Evaluations": [evaluation]});
    let response = client.json(
        "config",
        "StarlingDoveService.PutEvaluations",
        members.clone(),
    );
    assert_eq!(response.json(), json!({"FailedEvaluations": []}));
    assert_eq!(aws.evaluations()[0].rule, "rule");
    let elsewhere = Client {
        region: "us-east-1",
        ..client
    };
    let error = elsewhere
        .json("config", "StarlingDoveService.PutEvaluations", members)
        .error();
    assert_eq!(error, "InvalidResultTokenException");
}

#[test]
fn objects_are_stored_and_returned_in_existing_buckets() {
    let aws = start();
    let client = client(&aws);
    let send = |method: &str, path: &str, headers: &str, body: &str| {
        client
            .send("s3", method, path, headers, body)
            .expect("there is a response")
    };

    let missing = send("GET", "/plans/a?x-id=GetObject", "", "");
    assert_eq!(
        (missing.status, missing.element("Code")),
        (404, "NoSuchBucket")
    );
    aws.change(|account| account.buckets.push("plans".to_owned()))
        .expect("it is still an account");
    let missing = send("GET", "/plans/a?x-id=GetObject", "", "");
    assert_eq!(
        (missing.status, missing.element("Code")),
        (404, "NoSuchKey")
    );

    let chunked = "Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: 5\r\n";
    assert_eq!(
        send(
            "PUT",
            "/plans/a%20b/c?x-id=PutObject",
            chunked,
            "5\r\nhello\r\n0\r\n\r\n"
        )
        .status,
        200
    );
    assert_eq!(
        send("GET", "/plans/a%20b/c?x-id=GetObject", "", "").body,
        "hello"
    );
    assert_eq!(aws.objects()["plans/a b/c"], b"hello");
    aws.put_object("plans/a", b"there".to_vec());
    assert_eq!(send("GET", "/plans/a", "", "").body, "there");
    aws.remove_objects();
    assert_eq!(send("GET", "/plans/a", "", "").status, 404);
    assert_eq!(aws.violations(), Vec::<String>::new());
    let put = &aws.calls_of("s3.PutObject")[0];
    assert_eq!(
        Value::Object(put.members.clone()),
        json!({"Bucket": "plans", "Key": "a b/c"})
    );

    for (method, path, headers) in [
        ("DELETE", "/plans/a", ""),
        ("GET", "/plans?list-type=2", ""),
        ("PUT", "/plans/a", "If-None-Match: *\r\n"),
    ] {
        assert!(send(method, path, headers, "").status >= 400);
    }
    assert_eq!(aws.violations().len(), 3);
}

#[test]
fn messages_parameters_accounts_and_regions_are_served_over_http() {
    let aws = start();
    let client = client(&aws);
    let send = |content_type: &str| {
        let headers =
            format!("X-Amz-Target: AmazonSQS.SendMessage\r\nContent-Type: {content_type}\r\n");
        let message =
            json!({"QueueUrl": "http://127.0.0.1/123456789012/plans", "MessageBody": "a"});
        client
            .send("sqs", "POST", "/", &headers, &message.to_string())
            .expect("there is a response")
    };
    let response = send("application/x-amz-json-1.0").json();
    let messages = aws.take_messages();
    assert_eq!(
        (response["MessageId"].as_str(), messages.len()),
        (Some(messages[0].id.as_str()), 1)
    );
    assert_eq!(send("application/x-amz-json-1.1").status, 415);
    assert_eq!(aws.violations().len(), 1);

    let list = |target: &str, members: Value| {
        client.json(
            "organizations",
            &format!("AWSOrganizationsV20161128.{target}"),
            members,
        )
    };
    assert_eq!(
        list("ListAccounts", json!({})).error(),
        "AWSOrganizationsNotInUseException"
    );
    aws.change(|account| {
        let text = "{accounts: [{Id: '123456789012', ParentId: r-ab12}]}";
        account.organization = Some(serde_yaml_ng::from_str(text).expect("it is one"));
        account
            .add(json!({"parameters": [{"Name": "a", "Value": "b"}]}))
            .expect("it is a parameter");
    })
    .expect("it is still an account");
    let children = list("ListAccountsForParent", json!({"ParentId": "r-ab12"})).json();
    assert_eq!(children["Accounts"][0]["Status"], "ACTIVE");
    let parameter = client.json("ssm", "AmazonSSM.GetParameter", json!({"Name": "a"}));
    assert_eq!(parameter.json()["Parameter"]["Value"], "b");

    let enabled = json!({"RegionOptStatusContains": ["ENABLED_BY_DEFAULT"]}).to_string();
    aws.also(Account::empty("123456789012", "eu-west-1"))
        .expect("it can be served");
    let regions = client
        .send("account", "POST", "/listRegions", "", &enabled)
        .expect("there is a response")
        .json();
    let names: Vec<&Value> = regions["Regions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|region| &region["RegionName"])
        .collect();
    assert_eq!(names, ["eu-central-1", "eu-west-1"]);
    assert_eq!(aws.violations().len(), 1);
}

#[test]
fn requests_are_written_line_by_line() {
    let aws = start();
    client(&aws).eks("/clusters?maxResults=100");
    let path = env::temp_dir().join(format!("eksentry-{}.jsonl", process::id()));

    aws.dump_requests(&path).expect("the folder is there");
    let lines = fs::read_to_string(&path).expect("it was written");
    fs::remove_file(&path).expect("it is ours");
    let line: Value = serde_json::from_str(lines.trim_end()).expect("it is one line of JSON");
    assert_eq!(
        line,
        json!({"service": "eks", "operation": "ListClusters", "members": {"maxResults": 100}})
    );
}
