//! Tests of the operations about keys, and about what scans and deletes images.

use serde_json::json;

use super::*;

#[test]
fn keys_have_aliases_and_a_last_use() {
    let aws = start();
    let entries = json!({"keys": [
        {"KeyId": "new", "CreationDate": "2030-01-01T00:00:00Z", "aliases": ["alias/two"]},
        {"KeyId": "used", "last_use": {"KeyLastUsage": {"Operation": "Decrypt"}}},
    ]});
    aws.change(|account| account.add(entries).expect("they are entries"))
        .expect("it is still an account");
    let client = client(&aws);

    let first = client.kms("ListAliases", json!({"Limit": 1})).json();
    assert_eq!(first["Aliases"][0]["AliasName"], "alias/one");
    let marker = &first["NextMarker"];
    let second = client.kms("ListAliases", json!({"Marker": marker})).json();
    let arn = "arn:aws:kms:eu-central-1:123456789012:alias/two";
    assert_eq!(second["Aliases"][0]["AliasArn"], arn);
    assert_eq!(second["Aliases"][0]["TargetKeyId"], "new");
    let use_of = |id: &str| client.kms("GetKeyLastUsage", json!({"KeyId": id}));
    let new = use_of("new").json();
    assert_eq!(new["TrackingStartDate"], new["KeyCreationDate"]);
    assert_eq!(new["KeyLastUsage"], json!({}));
    assert_eq!(
        use_of("used").json()["KeyLastUsage"]["Operation"],
        "Decrypt"
    );
    assert_eq!(use_of("none").error(), "NotFoundException");
    assert_eq!(aws.violations(), Vec::<String>::new());
    assert_eq!(use_of("alias/one").error(), "NotFoundException");
    assert_eq!(aws.violations().len(), 1);
}

#[test]
fn a_lifecycle_policy_is_a_document_or_text() {
    let aws = start();
    let entries = json!({"repositories": [
        {"repositoryName": "document", "lifecycle_policy": {"rules": []}},
        {"repositoryName": "text", "lifecycle_policy": "no document"},
    ]});
    aws.change(|account| account.add(entries).expect("they are entries"))
        .expect("it is still an account");
    let client = client(&aws);
    let policy = |name: &str| client.ecr("GetLifecyclePolicy", json!({"repositoryName": name}));

    for (name, text) in [("document", r#"{"rules":[]}"#), ("text", "no document")] {
        assert_eq!(policy(name).json()["lifecyclePolicyText"], text);
    }
    let missing = "LifecyclePolicyNotFoundException";
    assert_eq!(policy("team/app").error(), missing);
    assert_eq!(policy("none").error(), "RepositoryNotFoundException");
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn inspector_has_a_status_of_the_account() {
    let aws = start();
    let client = client(&aws);
    let status = |body: &str| {
        let sent = client.send("inspector2", "POST", "/status/batch/get", "", body);
        sent.expect("there is a response").json()
    };

    let own = status("{}");
    assert_eq!(own["accounts"][0]["accountId"], "123456789012");
    assert_eq!(
        own["accounts"][0]["resourceState"]["ecr"]["status"],
        "DISABLED"
    );
    let other = status(r#"{"accountIds": ["444455556666"]}"#);
    assert_eq!(other["accounts"], json!([]));
    assert_eq!(other["failedAccounts"][0]["errorCode"], "ACCESS_DENIED");
    let on = json!({"inspector": {"resourceState": {"ecr": {"status": "ENABLED"}}}});
    aws.change(|account| account.add(on).expect("they are entries"))
        .expect("it is still an account");
    assert_eq!(
        status("{}")["accounts"][0]["resourceState"]["ecr"]["status"],
        "ENABLED"
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}
