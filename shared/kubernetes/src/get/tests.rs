use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::script::{Answer, Script};

const CONFIG_MAPS: ApiResource = ApiResource::core("configmaps");

/// Answers of kube-apiserver 1.36.
const NOT_FOUND: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"configmaps \"aws-auth\" not found","reason":"NotFound","details":{"name":"aws-auth","kind":"configmaps"},"code":404}"#;
const NOT_SERVED: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}"#;
const VERSION: &str =
    r#"{"major": "1", "minor": "36", "gitVersion": "v1.36.2", "goVersion": "go1.26.6"}"#;
const GROUPS: &str = r#"{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}]},{"name":"batch"}]}"#;

async fn get(script: &Script) -> Result<Option<Value>, Problem> {
    let client = script.client();
    client
        .get(CONFIG_MAPS, Some("kube-system"), "aws-auth")
        .await
}

#[tokio::test(start_paused = true)]
async fn an_object_is_read() {
    let script = Script::new([Answer::new(200, r#"{"data":{"mapRoles":"[]"}}"#)]);
    let object = get(&script).await.unwrap().unwrap();
    assert_eq!(object["data"]["mapRoles"], "[]");
    assert_eq!(
        script.paths(),
        ["/api/v1/namespaces/kube-system/configmaps/aws-auth"]
    );
}

#[tokio::test(start_paused = true)]
async fn only_a_status_about_the_object_means_that_it_is_absent() {
    let other = NOT_FOUND.replace("aws-auth", "other");
    let gone = NOT_FOUND.replace("NotFound", "Gone");
    for (answer, is_absent) in [
        (Answer::new(404, NOT_FOUND), true),
        (Answer::new(404, NOT_SERVED), false),
        (Answer::new(404, other), false),
        (Answer::new(404, gone), false),
        (Answer::text(404, "404 page not found\n"), false),
        (Answer::new(404, ""), false),
    ] {
        let read = get(&Script::new([answer.clone()])).await;
        let call = "get configmaps/aws-auth in kube-system".to_owned();
        let expected = if is_absent {
            Ok(None)
        } else {
            Err(Problem::NotServed { call })
        };
        assert_eq!(read, expected, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_response_is_requested_again() {
    let broken = || {
        [
            Answer::new(500, "{}"),
            Answer::cut(200, "{\"data\":"),
            Answer::new(200, "[]"),
        ]
    };
    let script = Script::new(broken().into_iter().chain([Answer::new(200, "{}")]));
    assert!(get(&script).await.unwrap().is_some());

    let script = Script::new(broken().into_iter().chain([Answer::new(200, "\"text\"")]));
    let problem = get(&script).await.unwrap_err().to_string();
    let expected = "get configmaps/aws-auth in kube-system failed: the response is not the expected JSON. The next evaluation \
                    tries again.";
    assert_eq!(problem, expected);

    let script = Script::new([Answer::new(410, "")]);
    let problem = get(&script).await.unwrap_err().to_string();
    assert!(problem.contains("the status 410"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn the_version_and_the_groups_are_read() {
    let script = Script::new([
        Answer::new(200, VERSION),
        Answer::new(200, GROUPS),
        Answer::new(200, r#"{"kind":"APIGroupList","groups":null}"#),
    ]);
    let client = script.client();
    let version = client.version().await.unwrap();
    assert_eq!(
        (version.major.as_str(), version.minor.as_str()),
        ("1", "36")
    );
    assert_eq!(version.git_version, "v1.36.2");
    assert_eq!(client.groups().await.unwrap(), ["apps", "batch"]);
    assert_eq!(client.groups().await.unwrap(), [""; 0]);
    assert_eq!(script.paths(), ["/version", "/apis", "/apis"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_without_time_makes_no_request() {
    let client = Script::new([]).client_for(Duration::ZERO);
    let problem = client.version().await.unwrap_err().to_string();
    assert!(problem.contains("time ran out."), "{problem}");
}
