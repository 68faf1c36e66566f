//! Changes of the registry's scanning configuration.

use serde_json::{Value, json};

use super::{scanning_changed, vulnerable, world};
use crate::world::{ACCOUNT, World, repository_arn};

#[test]
fn a_scanning_change_evaluates_each_repository() {
    let repositories = ["prod/api", "dev/api", "other"]
        .map(|name| json!({"repositoryName": name, "imageTagMutability": "MUTABLE"}));
    let mut world = World::with(json!({"repositories": repositories}));
    world.change(|account| {
        let scanning = json!({"scanType": "ENHANCED", "rules": [{
            "scanFrequency": "CONTINUOUS_SCAN",
            "repositoryFilters": [{"filter": "prod/*", "filterType": "WILDCARD"}],
        }]});
        account.registry_scanning = scanning.as_object().cloned();
    });
    let named = json!([
        {"repository-name": "prod/api", "repository-arn": repository_arn("prod/api")},
        {"repository-name": "gone"},
        {"repository-name": "dev/api", "scan-frequency": "CONTINUOUS_SCAN"},
    ]);
    let expected = [
        "FAILED MEDIUM ecr-scan-on-push repository/dev/api",
        "PASSED INFORMATIONAL ecr-scan-on-push repository/prod/api",
    ];
    world.ok("ecr-event", &scanning_changed(&named));
    assert_eq!(world.statuses(), expected);
    world.end();
}

#[test]
fn an_invalid_repository_in_a_list_is_an_error_and_affects_no_other() {
    for wrong in [
        json!({"repository-arn": "arn:aws:ecr:eu-central-1:444455556666:repository/app"}),
        json!({"repository-arn": format!("arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app")}),
        json!({"repository-name": "<script>"}),
        json!(7),
    ] {
        let mut world = world(json!({}));
        let event = scanning_changed(&json!([wrong, {"repository-name": "app"}]));
        let error = world.error("ecr-event", &event);
        assert_eq!(error.error_type, "InvalidEvent", "{wrong}");
        assert_eq!(
            world.statuses(),
            ["FAILED MEDIUM ecr-scan-on-push repository/app"],
            "{wrong}"
        );
        world.end();
    }
}

#[test]
fn a_scanning_change_without_repositories_posts_nothing() {
    let mut world = world(vulnerable());
    for repositories in [json!([]), Value::Null] {
        world.ok("ecr-event", &scanning_changed(&repositories));
    }
    assert_eq!(world.statuses(), [""; 0]);
    assert_eq!(world.aws.calls().len(), 0);
    world.end();
}
