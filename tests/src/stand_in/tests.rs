//! Tests of the stand-in over HTTP, with requests as an SDK would send them.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::*;

const ACCOUNT: &str = r#"
account: "123456789012"
region: eu-central-1
clusters:
  - name: a
    createdAt: 1970-01-01T00:00:05Z
    tags: {team: payments}
    nodegroups: [{nodegroupName: general}]
  - {name: b, logging: null, roleArn: "arn:aws:iam::123456789012:role/gone"}
repositories:
  - repositoryName: team/app
    tags: {team: payments}
    images:
      - {imageTags: [v1]}
      - imageTags: [v2]
        scan:
          imageScanFindings: {findings: [{name: CVE-1, severity: HIGH}, {name: CVE-2, severity: HIGH}]}
      - {imageTags: [v3], scan: {imageScanStatus: {status: FAILED}}}
      - {imageDigest: "sha256:a", imageStatus: ARCHIVED}
keys:
  - {aliases: [alias/one], rotation: {KeyRotationEnabled: true}, tags: {team: payments}}
  - {KeyId: imported, Origin: EXTERNAL}
  - {KeyId: by-aws, KeyManager: AWS, KeyState: Enabled}
  - {KeyId: updating, KeyState: Updating}
roles:
  - RoleName: admin
    attached: [AdministratorAccess, {name: own, document: {Statement: []}}]
    inline: {logs: {Statement: [{Effect: Allow}]}}
"#;

struct Client<'a> {
    aws: &'a StandIn,
    access_key: String,
    region: &'a str,
}

struct Answer {
    status: u16,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Returns the text in an XML element.
    fn element(&self, name: &str) -> &str {
        let (_, rest) = self
            .body
            .split_once(&format!("<{name}>"))
            .unwrap_or_else(|| panic!("{name}: {}", self.body));
        rest.split_once(&format!("</{name}>"))
            .expect("the element ends")
            .0
    }

    fn error(&self) -> String {
        assert!(self.status >= 400, "{} {}", self.status, self.body);
        self.json()["__type"]
            .as_str()
            .unwrap_or(&self.body)
            .to_owned()
    }
}

impl Client<'_> {
    fn send(
        &self,
        service: &str,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Option<Answer> {
        let address = self.aws.endpoint().replace("http://", "");
        let scope = format!(
            "{}/20250102/{}/{service}/aws4_request",
            self.access_key, self.region
        );
        let mut stream = TcpStream::connect(&address).expect("the stand-in listens");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00\r\n{headers}\r\n{body}",
            body.len(),
        )
        .expect("the stand-in reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer {
            status,
            body: body.to_owned(),
        })
    }

    fn json(&self, service: &str, target: &str, members: Value) -> Answer {
        let headers = format!("X-Amz-Target: {target}\r\n");
        self.send(service, "POST", "/", &headers, &members.to_string())
            .expect("there is an answer")
    }

    fn ecr(&self, operation: &str, members: Value) -> Answer {
        self.json(
            "ecr",
            &format!("AmazonEC2ContainerRegistry_V20150921.{operation}"),
            members,
        )
    }

    fn kms(&self, operation: &str, members: Value) -> Answer {
        self.json("kms", &format!("TrentService.{operation}"), members)
    }

    fn tagging(&self, members: Value) -> Answer {
        self.json(
            "tagging",
            "ResourceGroupsTaggingAPI_20170126.GetResources",
            members,
        )
    }

    fn eks(&self, path: &str) -> Answer {
        self.send("eks", "GET", path, "", "")
            .expect("there is an answer")
    }

    fn query(&self, service: &str, form: &str) -> Answer {
        self.send(
            service,
            "POST",
            "/",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            form,
        )
        .expect("there is an answer")
    }
}

fn start() -> StandIn {
    StandIn::start(Account::parse("the test's account", ACCOUNT).expect("it is an account"))
        .expect("it starts")
}

fn client(aws: &StandIn) -> Client<'_> {
    Client {
        aws,
        access_key: ACCESS_KEY.to_owned(),
        region: "eu-central-1",
    }
}

#[test]
fn eks_describes_clusters_with_defaults_under_what_is_written() {
    let aws = start();
    let client = client(&aws);

    assert_eq!(
        client.eks("/clusters").json()["clusters"],
        json!(["a", "b"])
    );
    let cluster = &client.eks("/clusters/a").json()["cluster"];
    assert_eq!(
        cluster["arn"],
        "arn:aws:eks:eu-central-1:123456789012:cluster/a"
    );
    assert_eq!(
        (&cluster["createdAt"], &cluster["tags"]["team"]),
        (&json!(5.0), &json!("payments"))
    );
    assert_eq!(cluster["resourcesVpcConfig"]["endpointPublicAccess"], true);
    assert_eq!(
        client.eks("/clusters/b").json()["cluster"]["logging"],
        Value::Null
    );
    assert_eq!(
        client.eks("/clusters/a/node-groups").json()["nodegroups"],
        json!(["general"])
    );
    let group = client.eks("/clusters/a/node-groups/general").json();
    assert_eq!(
        group["nodegroup"]["nodeRole"],
        "arn:aws:iam::123456789012:role/eks-a-nodes"
    );
    assert_eq!(
        (
            client.eks("/clusters/none").status,
            client.eks("/clusters/a/node-groups/none").status
        ),
        (404, 404)
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn lists_are_cut_into_pages() {
    let aws = start();
    aws.change(|account| account.page_size = Some(1))
        .expect("it is still an account");
    let client = client(&aws);

    let first = client.eks("/clusters?maxResults=100").json();
    assert_eq!(first["clusters"], json!(["a"]));
    let token = first["nextToken"].as_str().expect("there is more");
    let second = client
        .eks(&format!("/clusters?maxResults=100&nextToken={token}"))
        .json();
    assert_eq!(
        (&second["clusters"], &second["nextToken"]),
        (&json!(["b"]), &Value::Null)
    );
    assert_eq!(aws.violations(), Vec::<String>::new());

    assert_eq!(client.eks("/clusters?maxResults=101").status, 400);
    assert_eq!(aws.violations().len(), 1);
}

#[test]
fn ecr_lists_active_images_and_finds_all_by_id() {
    let aws = start();
    let client = client(&aws);
    let tags = |members: Value| -> Vec<Value> {
        let answer = client.ecr("DescribeImages", members).json();
        answer["imageDetails"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|image| image["imageTags"][0].clone())
            .collect()
    };
    let filtered =
        |filter: Value| tags(json!({"repositoryName": "team/app", "filter": filter})).len();

    assert_eq!(
        tags(json!({"repositoryName": "team/app"})),
        [json!("v1"), json!("v2"), json!("v3")]
    );
    assert_eq!(filtered(json!({"imageStatus": "ANY"})), 4);
    assert_eq!(filtered(json!({"imageStatus": "ARCHIVED"})), 1);
    assert_eq!(
        filtered(json!({"imageStatus": "ANY", "tagStatus": "UNTAGGED"})),
        1
    );
    assert_eq!(
        tags(json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v2"}]})),
        [json!("v2")]
    );
    assert_eq!(
        tags(json!({"repositoryName": "team/app", "imageIds": [{"imageDigest": "sha256:a"}]}))
            .len(),
        1
    );

    for (members, code) in [
        (
            json!({"repositoryName": "none"}),
            "RepositoryNotFoundException",
        ),
        (
            json!({"repositoryName": "team/app", "registryId": "210987654321"}),
            "RepositoryNotFoundException",
        ),
        (
            json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v9"}]}),
            "ImageNotFoundException",
        ),
        (
            json!({"repositoryName": "team/app", "imageIds": [{}]}),
            "InvalidParameterException",
        ),
        (
            json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}], "maxResults": 5}),
            "InvalidParameterException",
        ),
        (
            json!({"repositoryName": "team/app", "filter": {"imageStatus": "OLD"}}),
            "InvalidParameterException",
        ),
        (
            json!({"repositoryName": "team/app", "maxResults": 1001}),
            "InvalidParameterException",
        ),
        (json!({}), "InvalidParameterException"),
    ] {
        assert_eq!(client.ecr("DescribeImages", members).error(), code);
    }
}

#[test]
fn ecr_counts_what_a_scan_found() {
    let aws = start();
    let client = client(&aws);
    let scan = |tag: &str, more: Value| {
        let mut members = json!({"repositoryName": "team/app", "imageId": {"imageTag": tag}});
        members
            .as_object_mut()
            .expect("it is one")
            .extend(wire::record(more));
        client.ecr("DescribeImageScanFindings", members)
    };

    assert_eq!(scan("v1", json!({})).error(), "ScanNotFoundException");
    let first = scan("v2", json!({"maxResults": 1})).json();
    assert_eq!(first["imageScanStatus"]["status"], "COMPLETE");
    assert_eq!(
        first["imageScanFindings"]["findingSeverityCounts"],
        json!({"HIGH": 2})
    );
    assert_eq!(first["imageScanFindings"]["findings"][0]["name"], "CVE-1");
    let second = scan(
        "v2",
        json!({"maxResults": 1, "nextToken": first["nextToken"]}),
    )
    .json();
    assert_eq!(
        (
            &second["imageScanFindings"]["findings"][0]["name"],
            &second["nextToken"]
        ),
        (&json!("CVE-2"), &Value::Null)
    );
    assert_eq!(scan("v3", json!({})).json().get("imageScanFindings"), None);

    let images = client
        .ecr("DescribeImages", json!({"repositoryName": "team/app"}))
        .json();
    assert_eq!(images["imageDetails"][0].get("imageScanStatus"), None);
    assert_eq!(
        images["imageDetails"][1]["imageScanFindingsSummary"]["findingSeverityCounts"],
        json!({"HIGH": 2})
    );
}

#[test]
fn ecr_hands_out_manifests_and_tells_which_it_lacks() {
    let aws = start();
    let client = client(&aws);
    let get = |ids: Value| {
        let members = json!({"repositoryName": "team/app", "imageIds": ids});
        client.ecr("BatchGetImage", members)
    };
    let answer = get(json!([{"imageTag": "v1"}, {"imageTag": "v9"}])).json();
    assert_eq!(answer["images"].as_array().map(Vec::len), Some(1));
    let manifest = answer["images"][0]["imageManifest"].as_str();
    let manifest: Value = serde_json::from_str(manifest.expect("a text")).expect("it is JSON");
    assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (
            &answer["failures"][0]["imageId"],
            &answer["failures"][0]["failureCode"]
        ),
        (&json!({"imageTag": "v9"}), &json!("ImageNotFound"))
    );
    let many: Vec<Value> = (0..101)
        .map(|n| json!({"imageTag": n.to_string()}))
        .collect();
    for ids in [json!([]), json!(many), json!([{}])] {
        assert_eq!(get(ids).error(), "InvalidParameterException");
    }
}

#[test]
fn ecr_describes_repositories_and_the_registry() {
    let aws = start();
    let client = client(&aws);
    let named = client
        .ecr(
            "DescribeRepositories",
            json!({"repositoryNames": ["team/app"]}),
        )
        .json();
    let repository = &named["repositories"][0];

    assert_eq!(
        repository["repositoryUri"],
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app"
    );
    assert_eq!(repository["imageTagMutability"], "MUTABLE");
    let scanning = client
        .ecr("GetRegistryScanningConfiguration", json!({}))
        .json();
    assert_eq!(
        scanning["scanningConfiguration"],
        json!({"scanType": "BASIC", "rules": []})
    );
    let both = json!({"repositoryNames": ["team/app"], "maxResults": 5});
    assert_eq!(
        client.ecr("DescribeRepositories", both).error(),
        "InvalidParameterException"
    );
}

#[test]
fn kms_finds_keys_by_every_name() {
    let aws = start();
    let client = client(&aws);
    let key = client
        .kms("DescribeKey", json!({"KeyId": "alias/one"}))
        .json()["KeyMetadata"]
        .clone();
    let alias_arn = "arn:aws:kms:eu-central-1:123456789012:alias/one";

    for id in [key["KeyId"].clone(), key["Arn"].clone(), json!(alias_arn)] {
        assert_eq!(
            client.kms("DescribeKey", json!({"KeyId": id})).json()["KeyMetadata"],
            key
        );
    }
    for id in [
        "none",
        "alias/none",
        "arn:aws:kms:us-east-1:123456789012:key/imported",
    ] {
        assert_eq!(
            client.kms("DescribeKey", json!({"KeyId": id})).error(),
            "NotFoundException"
        );
    }
    assert_eq!(
        client.kms("ListKeys", json!({"Limit": 1000})).json()["Truncated"],
        false
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn kms_tells_the_rotation_of_keys_that_have_one() {
    let aws = start();
    let client = client(&aws);
    let first = client
        .kms("DescribeKey", json!({"KeyId": "alias/one"}))
        .json()["KeyMetadata"]["KeyId"]
        .clone();
    let status = |id: &Value| client.kms("GetKeyRotationStatus", json!({"KeyId": id}));

    assert_eq!(status(&first).json()["RotationPeriodInDays"], 365);
    assert_eq!(status(&json!("by-aws")).json()["KeyRotationEnabled"], true);
    assert_eq!(
        status(&json!("imported")).error(),
        "UnsupportedOperationException"
    );
    assert_eq!(
        status(&json!("updating")).error(),
        "KMSInvalidStateException"
    );
    assert_eq!(status(&json!("alias/one")).error(), "NotFoundException");
}

#[test]
fn iam_knows_listed_roles_and_those_that_clusters_have_by_default() {
    let aws = start();
    let client = Client {
        region: "us-east-1",
        ..client(&aws)
    };

    let role = client.query("iam", "Action=GetRole&Version=2010-05-08&RoleName=eks-a");
    let trust = percent_encoding::percent_decode_str(role.element("AssumeRolePolicyDocument"))
        .decode_utf8_lossy();
    assert!(trust.contains("eks.amazonaws.com"), "{trust}");
    assert!(
        client
            .query("iam", "Action=GetRole&RoleName=eks-a-nodes")
            .body
            .contains("ec2.amazonaws.com")
    );
    for unknown in ["gone", "eks-b"] {
        let answer = client.query("iam", &format!("Action=GetRole&RoleName={unknown}"));
        assert_eq!(
            (answer.status, answer.element("Code")),
            (404, "NoSuchEntity")
        );
    }

    let attached = client
        .query("iam", "Action=ListAttachedRolePolicies&RoleName=admin")
        .body;
    assert!(attached.contains("arn:aws:iam::aws:policy/AdministratorAccess"));
    assert!(attached.contains("arn:aws:iam::123456789012:policy/own"));
    let names = client.query("iam", "Action=ListRolePolicies&RoleName=admin");
    assert_eq!(names.element("member"), "logs");
    let inline = client.query("iam", "Action=GetRolePolicy&RoleName=admin&PolicyName=logs");
    assert!(
        inline
            .element("PolicyDocument")
            .contains("%22Effect%22%3A%22Allow%22")
    );
    let policy = client.query(
        "iam",
        "Action=GetPolicy&PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess",
    );
    assert_eq!(policy.element("DefaultVersionId"), "v1");
    let version = "Action=GetPolicyVersion&VersionId=v1&PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess";
    assert!(
        client
            .query("iam", version)
            .element("Document")
            .contains("%22Action%22%3A%22%2A%22")
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn tags_are_told_for_resources_that_have_some() {
    let aws = start();
    let client = client(&aws);
    let arn = |name: &str| format!("arn:aws:eks:eu-central-1:123456789012:cluster/{name}");

    let answer = client
        .tagging(json!({"ResourceARNList": [arn("a"), arn("b"), arn("none")]}))
        .json();
    let tagged = json!([{"ResourceARN": arn("a"), "Tags": [{"Key": "team", "Value": "payments"}]}]);
    assert_eq!(
        (
            &answer["ResourceTagMappingList"],
            &answer["PaginationToken"]
        ),
        (&tagged, &json!(""))
    );
    let count = |members: Value| {
        client.tagging(members).json()["ResourceTagMappingList"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(count(json!({})), Some(3));
    assert_eq!(
        count(json!({"ResourceTypeFilters": ["kms:key", "ecr"]})),
        Some(2)
    );
    assert_eq!(count(json!({"ResourcesPerPage": 2})), Some(2));

    for members in [
        json!({"ResourceARNList": vec![arn("a"); 101]}),
        json!({"ResourceARNList": []}),
        json!({"ResourceARNList": ["a"]}),
        json!({"ResourceARNList": [arn("a")], "ResourcesPerPage": 50}),
        json!({"ResourceARNList": [arn("a")], "ResourceTypeFilters": ["eks"]}),
        json!({"TagFilters": []}),
    ] {
        assert_eq!(client.tagging(members).error(), "InvalidParameterException");
    }
}

#[test]
fn an_assumed_role_is_another_account_which_is_empty_until_it_is_served() {
    let aws = start();
    let home = client(&aws);
    let assume = "Action=AssumeRole&RoleArn=arn:aws:iam::210987654321:role/audit/reader&RoleSessionName=eksentry";
    let access_key = home.query("sts", assume).element("AccessKeyId").to_owned();
    let other = Client {
        access_key,
        ..client(&aws)
    };

    assert_eq!(
        other
            .query("sts", "Action=GetCallerIdentity")
            .element("Account"),
        "210987654321"
    );
    assert_eq!(
        home.query("sts", "Action=GetCallerIdentity")
            .element("Account"),
        "123456789012"
    );
    assert_eq!(other.eks("/clusters").json()["clusters"], json!([]));
    let mut account = Account::empty("210987654321", "eu-central-1");
    account
        .add(json!({"clusters": [{"name": "theirs"}]}))
        .expect("it is an account");
    aws.also(account).expect("it can be served");
    assert_eq!(other.eks("/clusters").json()["clusters"], json!(["theirs"]));
    assert_eq!(
        Client {
            region: "us-east-1",
            ..client(&aws)
        }
        .eks("/clusters")
        .json()["clusters"],
        json!([])
    );
    assert_eq!(
        home.query(
            "sts",
            "Action=AssumeRole&RoleArn=audit&RoleSessionName=eksentry"
        )
        .status,
        400
    );
}

#[test]
fn findings_and_evaluations_go_through_http() {
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
        .expect("an answer");
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
        .expect("an answer")
        .json();
    assert_eq!(found["Findings"].as_array().map(Vec::len), Some(1));

    let evaluation = json!({
        "ComplianceResourceType": "AWS::KMS::Key", "ComplianceResourceId": "k", "ComplianceType": "COMPLIANT",
        "OrderingTimestamp": 1.0,
    });
    let members = json!({"ResultToken": aws.result_token("rule"), "Evaluations": [evaluation]});
    let answer = client.json(
        "config",
        "StarlingDoveService.PutEvaluations",
        members.clone(),
    );
    assert_eq!(answer.json(), json!({"FailedEvaluations": []}));
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
fn objects_are_put_and_got_in_buckets_that_are_there() {
    let aws = start();
    let client = client(&aws);
    let send = |method: &str, path: &str, headers: &str, body: &str| {
        client
            .send("s3", method, path, headers, body)
            .expect("there is an answer")
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
fn messages_parameters_accounts_and_regions_go_through_http() {
    let aws = start();
    let client = client(&aws);
    let send = |content_type: &str| {
        let headers =
            format!("X-Amz-Target: AmazonSQS.SendMessage\r\nContent-Type: {content_type}\r\n");
        let message =
            json!({"QueueUrl": "http://127.0.0.1/123456789012/plans", "MessageBody": "a"});
        client
            .send("sqs", "POST", "/", &headers, &message.to_string())
            .expect("there is an answer")
    };
    let answer = send("application/x-amz-json-1.0").json();
    let messages = aws.take_messages();
    assert_eq!(
        (answer["MessageId"].as_str(), messages.len()),
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
        .expect("there is an answer")
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
fn a_member_role_is_the_only_one_that_may_be_assumed() {
    let aws = start();
    let text = "{account: '210987654321', region: eu-central-1, member_role: {name: audit, external_id: bank}}";
    aws.also(Account::parse("the member", text).expect("it is an account"))
        .expect("it can be served");
    for (query, status) in [
        ("210987654321:role/audit&ExternalId=bank", 200),
        ("210987654321:role/audit", 403),
        ("210987654321:role/audit&ExternalId=other", 403),
        ("210987654321:role/other&ExternalId=bank", 403),
        ("310987654321:role/other", 200),
    ] {
        let form =
            format!("Action=AssumeRole&RoleSessionName=eksentry&RoleArn=arn:aws:iam::{query}");
        assert_eq!(client(&aws).query("sts", &form).status, status, "{query}");
    }
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn calls_that_come_too_fast_are_told_off_and_calls_can_be_counted_only() {
    let aws = start();
    let client = client(&aws);
    let get = || {
        client
            .send("securityhub", "POST", "/findings", "", "{}")
            .expect("there is an answer")
            .status
    };

    assert!((0..10).all(|_| get() == 200));
    aws.limit_rates();
    aws.count_only();
    let statuses: Vec<u16> = (0..60).map(|_| get()).collect();
    assert_eq!(statuses[..6], [200; 6]);
    let throttled = statuses.iter().filter(|status| **status == 429).count();
    assert!(
        throttled > 0 && aws.throttled() == throttled,
        "{statuses:?}"
    );
    assert_eq!(aws.calls().len(), 10);
    assert_eq!(
        aws.counts(),
        BTreeMap::from([("securityhub.GetFindings".to_owned(), 70)])
    );
}

#[test]
fn faults_happen_as_often_as_they_should() {
    let aws = start();
    let client = client(&aws);
    let list = || {
        client.send(
            "kms",
            "POST",
            "/",
            "X-Amz-Target: TrentService.ListKeys\r\n",
            "{}",
        )
    };

    aws.fail(Fault::new("kms.*", FaultKind::Throttle).times(1));
    aws.fail(
        Fault::new(
            "kms.ListKeys",
            FaultKind::Error {
                code: "KMSInternalException".into(),
                status: 500,
                message: String::new(),
            },
        )
        .times(1),
    );
    aws.fail(Fault::new("kms.ListKeys", FaultKind::Reset).times(1));
    aws.fail(Fault::new("kms.ListKeys", FaultKind::Malformed).times(1));
    assert_eq!(list().expect("an answer").error(), "ThrottlingException");
    assert_eq!(list().expect("an answer").status, 500);
    assert!(list().is_none(), "the connection breaks");
    let cut = list().expect("an answer");
    assert!(cut.status == 200 && serde_json::from_str::<Value>(&cut.body).is_err());
    assert_eq!(list().expect("an answer").status, 200);

    aws.fail(Fault::new("kms.ListKeys", FaultKind::Latency(50)));
    let started = Instant::now();
    list();
    assert!(started.elapsed() >= Duration::from_millis(50));
    aws.heal();
    aws.fail(
        Fault::new("kms.DescribeKey", FaultKind::AccessDenied)
            .matching(json!({"KeyId": "imported"})),
    );
    assert_eq!(
        client
            .kms("DescribeKey", json!({"KeyId": "imported"}))
            .error(),
        "AccessDeniedException"
    );
    assert_eq!(
        client.kms("DescribeKey", json!({"KeyId": "by-aws"})).status,
        200
    );

    let statuses: Vec<_> = aws
        .calls_of("kms.ListKeys")
        .iter()
        .map(|call| call.status)
        .collect();
    assert_eq!(
        statuses,
        [Some(400), Some(500), None, Some(200), Some(200), Some(200)]
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

/// Returns a client in a session of a function's role.
fn signed_in<'a>(aws: &'a StandIn, variables: &[(&str, &str)], function: &str) -> Client<'a> {
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let deployment = aws.deployment(&variables).expect("it can be deployed");
    let environment = aws.sign_in(&deployment, function).expect("it has a role");
    let access_key = environment
        .into_iter()
        .find_map(|(name, value)| (name == "AWS_ACCESS_KEY_ID").then_some(value));
    Client {
        access_key: access_key.expect("there is one"),
        ..client(aws)
    }
}

#[test]
fn what_a_functions_role_does_not_allow_is_denied_and_noted() {
    let aws = start();
    let describe = |client: &Client<'_>| client.ecr("DescribeRepositories", json!({})).status;
    let event = signed_in(&aws, &[], "ecr-event");
    assert_eq!(describe(&event), 200);
    let used = aws.uses();
    assert!(
        used.iter()
            .any(|one| one.role == "EcrEventRole" && one.action == "ecr:DescribeRepositories"),
        "{used:?}"
    );
    assert_eq!(event.eks("/clusters").status, 403);
    let [denial] = &aws.denials()[..] else {
        panic!("it is noted once: {:?}", aws.denials());
    };
    for part in [
        "EcrEventRole",
        r#""Action":"eks:ListClusters""#,
        r#""Resource":"*""#,
    ] {
        assert!(denial.contains(part), "{denial}");
    }
    assert_eq!(aws.violations().len(), 1);

    // A function may call in another Region only if the stack names that Region.
    for (regions, status) in [("", 400), ("eu-west-1,us-east-1", 400), ("us-west-2", 200)] {
        let away = Client {
            region: "us-west-2",
            ..signed_in(&aws, &[("EKSENTRY_REGIONS", regions)], "sweep")
        };
        assert_eq!(describe(&away), status, "{regions}");
    }
}

#[test]
fn a_member_role_lets_sweeps_in_that_know_its_external_id_and_do_what_it_allows() {
    let aws = start();
    let variables = [
        ("EKSENTRY_ACCOUNTS", "210987654321"),
        ("EKSENTRY_EXTERNAL_ID", "bank"),
    ];
    let assume = |client: &Client<'_>, role: &str, id: &str| {
        let arn = format!("arn:aws:iam::210987654321:role/{role}");
        let form =
            format!("Action=AssumeRole&RoleSessionName=eksentry&RoleArn={arn}&ExternalId={id}");
        client.query("sts", &form)
    };
    let sweep = signed_in(&aws, &variables, "sweep");
    assert_eq!(assume(&sweep, "eksentry-member", "ledger").status, 403);
    assert_eq!(aws.violations(), Vec::<String>::new());

    let entered = assume(&sweep, "eksentry-member", "bank");
    let member = Client {
        access_key: entered.element("AccessKeyId").to_owned(),
        ..client(&aws)
    };
    assert_eq!(member.eks("/clusters").status, 200);
    let get = json!({"Name": "/a"});
    assert_eq!(
        member.json("ssm", "AmazonSSM.GetParameter", get).status,
        400
    );
    assert_eq!(assume(&sweep, "other", "bank").status, 403);
    let event = signed_in(&aws, &variables, "ecr-event");
    assert_eq!(assume(&event, "eksentry-member", "bank").status, 403);
    let denied = ["MemberRole", "SweepRole", "EcrEventRole"];
    let denials = aws.denials();
    assert_eq!(denials.len(), denied.len(), "{denials:?}");
    for (denial, role) in denials.iter().zip(denied) {
        assert!(denial.starts_with(role), "{denial}");
    }
}

#[test]
fn what_no_function_should_send_is_a_violation() {
    let aws = start();
    let client = client(&aws);
    let stranger = Client {
        access_key: "AKIAUNKNOWN".to_owned(),
        ..self::client(&aws)
    };

    assert_eq!(
        client
            .kms("ScheduleKeyDeletion", json!({"KeyId": "imported"}))
            .error(),
        "UnknownOperationException"
    );
    assert_eq!(client.eks("/clusters/a/addons").status, 404);
    assert_eq!(stranger.eks("/clusters").status, 403);
    assert_eq!(
        client
            .send("ec2", "GET", "/", "", "")
            .expect("an answer")
            .status,
        404
    );
    assert_eq!(aws.violations().len(), 4, "{:?}", aws.violations());
}

#[test]
fn requests_are_dumped_line_by_line() {
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

/// A change that results in an invalid account is not applied.
#[test]
fn an_impossible_change_changes_nothing() {
    let aws = start();
    let twice = aws.change(|account| account.clusters.push(account.clusters[0].clone()));

    assert!(twice.is_err());
    assert_eq!(
        client(&aws).eks("/clusters").json()["clusters"],
        json!(["a", "b"])
    );
}
