//! The credentials of the command: the same as those of the AWS CLI.

use eksentry_tests::stand_in::{ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, StandIn};

use serde_json::json;

use super::{Desk, REGION, World};

const SCAN: [&str; 3] = ["scan", "--checks", "kms-cmk-rotation"];

/// Returns the environment without credentials and without a Region.
fn endpoint(aws: &StandIn) -> Vec<(String, String)> {
    vec![("AWS_ENDPOINT_URL".to_owned(), aws.endpoint())]
}

#[test]
fn profiles_have_credentials_and_a_region() {
    let desk = Desk::new("profile");
    let world = World::demo();
    let profile = format!(
        "[profile audit]\nregion = {REGION}\naws_access_key_id = {ACCESS_KEY}\n\
         aws_secret_access_key = {SECRET_KEY}\naws_session_token = {SESSION_TOKEN}\n"
    );
    desk.write(".aws/config", &profile);
    let arguments = [&SCAN[..], &["--profile", "audit"]].concat();
    let ran = desk.run_with(endpoint(&world.aws), &arguments);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    world.end();
}

#[test]
fn a_process_can_return_the_credentials() {
    let desk = Desk::new("process");
    let world = World::demo();
    let credentials = json!({
        "Version": 1, "AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "SessionToken": SESSION_TOKEN,
    });
    desk.write("credentials.json", &credentials.to_string());
    let profile =
        format!("[default]\nregion = {REGION}\ncredential_process = cat credentials.json\n");
    desk.write(".aws/config", &profile);
    let ran = desk.run_with(endpoint(&world.aws), &SCAN);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    world.end();
}

#[test]
fn a_session_of_identity_center_that_has_ended_is_an_error() {
    let desk = Desk::new("identity-center");
    let world = World::demo();
    let profile = format!(
        "[default]\nregion = {REGION}\nsso_session = corp\nsso_account_id = 111122223333\n\
         sso_role_name = Audit\n[sso-session corp]\nsso_region = {REGION}\n\
         sso_start_url = https://corp.awsapps.com/start\n"
    );
    desk.write(".aws/config", &profile);
    let ran = desk.run_with(endpoint(&world.aws), &SCAN);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("aws sts get-caller-identity"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("feature"), "{}", ran.stderr);
}

#[test]
fn without_credentials_the_error_says_how_to_get_some() {
    let desk = Desk::new("no-credentials");
    let world = World::demo();
    let ran = desk.run_with(endpoint(&world.aws), &SCAN);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("the AWS Region isn't set"),
        "{}",
        ran.stderr
    );
    let arguments = [&SCAN[..], &["--region", REGION]].concat();
    let ran = desk.run_with(endpoint(&world.aws), &arguments);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("aws sts get-caller-identity"),
        "{}",
        ran.stderr
    );
    assert_eq!(world.aws.calls().len(), 0);
}
