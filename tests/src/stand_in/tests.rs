//! Tests of the stand-in over HTTP, with requests as an SDK would send them.

mod faults;
mod keys;
mod load_balancers;
mod monitoring;
mod permissions;
mod resources;
mod writes;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::Value;

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

struct HttpResponse {
    status: u16,
    body: String,
}

impl HttpResponse {
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
    ) -> Option<HttpResponse> {
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
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        let (head, body) = response.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(HttpResponse {
            status,
            body: body.to_owned(),
        })
    }

    fn json(&self, service: &str, target: &str, members: Value) -> HttpResponse {
        let headers = format!("X-Amz-Target: {target}\r\n");
        self.send(service, "POST", "/", &headers, &members.to_string())
            .expect("there is a response")
    }

    fn ecr(&self, operation: &str, members: Value) -> HttpResponse {
        self.json(
            "ecr",
            &format!("AmazonEC2ContainerRegistry_V20150921.{operation}"),
            members,
        )
    }

    fn kms(&self, operation: &str, members: Value) -> HttpResponse {
        self.json("kms", &format!("TrentService.{operation}"), members)
    }

    fn tagging(&self, members: Value) -> HttpResponse {
        self.json(
            "tagging",
            "ResourceGroupsTaggingAPI_20170126.GetResources",
            members,
        )
    }

    fn eks(&self, path: &str) -> HttpResponse {
        self.send("eks", "GET", path, "", "")
            .expect("there is a response")
    }

    fn query(&self, service: &str, form: &str) -> HttpResponse {
        self.send(
            service,
            "POST",
            "/",
            "Content-Type: application/x-www-form-urlencoded\r\n",
            form,
        )
        .expect("there is a response")
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
