//! The resources of the scenarios: few, but one of each kind, before and after a change.

use eksentry_tests::deployment::Deployment;
use serde_json::{Value, json};

use super::monitoring::{detectors, log_groups, metric_alarms};
use super::policies::{
    OTHER, creation_templates, key_of, policy, policy_for_new_repositories, policy_of_organization,
};
use super::storage::{access_points, file_systems, instances, trails, volumes};
use crate::network::with_network;
use crate::world::{ACCOUNT, REGION, exclusions, key, load_balancer, private_cluster};

const ISSUER: &str = "oidc.eks.eu-central-1.amazonaws.com/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9";
pub(super) const DIGEST: &str =
    "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// Returns a key with an alias, which a cluster and a repository name.
fn named_key() -> Value {
    let mut key = key("named", true);
    key["aliases"] = json!(["alias/named"]);
    key
}

/// Returns a key that is pending deletion.
fn pending_key(id: &str) -> Value {
    let mut key = key(id, true);
    key["KeyState"] = "PendingDeletion".into();
    key["CreationDate"] = "2024-01-01T00:00:00Z".into();
    key["DeletionDate"] = "2099-01-01T00:00:00Z".into();
    key
}

/// Returns a key that is pending deletion, although it was used recently.
fn used_key() -> Value {
    let mut key = pending_key("used");
    key["last_use"] = json!({
        "KeyLastUsage": {"Operation": "Decrypt", "Timestamp": "2999-01-01T00:00:00Z"},
    });
    key
}

/// Returns the encryption of a repository with a key of the account.
fn encryption(key: &str) -> Value {
    json!({"encryptionType": "KMS", "kmsKey": format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}")})
}

/// Returns the status of Amazon Inspector.
fn inspector() -> Value {
    let on =
        json!({"status": "ENABLED", "errorCode": "ALREADY_ENABLED", "errorMessage": "It is on."});
    json!({"state": on, "resourceState": {"ec2": on, "ecr": on}})
}

fn role(name: &str) -> Value {
    json!(format!("arn:aws:iam::{ACCOUNT}:role/{name}"))
}

fn cluster(name: &str, role_name: &str, base: Value) -> Value {
    let mut cluster = base;
    cluster["name"] = name.into();
    cluster["roleArn"] = role(role_name);
    cluster["nodegroups"] = json!([{"nodegroupName": "general"}]);
    cluster
}

/// Returns a cluster older than Kubernetes 1.28, whose secrets are encrypted with a customer managed key, and whose pods
/// get roles from an identity provider.
fn old_cluster() -> Value {
    let mut cluster = cluster("alpha", "alpha", private_cluster("alpha"));
    cluster["version"] = "1.27".into();
    cluster["identity"] = json!({"oidc": {"issuer": format!("https://{ISSUER}")}});
    cluster["podIdentityAssociations"] = json!([]);
    cluster["encryptionConfig"] = json!([{
        "resources": ["secrets"],
        "provider": {"keyArn": format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/named")},
    }]);
    cluster
}

fn roles() -> Value {
    let read = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}],
    });
    let own = json!([{"name": "read", "document": read}]);
    json!([
        {"RoleName": "alpha", "attached": own, "inline": {"more": read}},
        {"RoleName": "beta"},
        {"RoleName": "shared"},
    ])
}

/// Returns the identity provider of the cluster alpha.
fn identity_providers() -> Value {
    json!([{"Arn": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}")}])
}

/// Returns load balancers of the clusters alpha and beta.
fn load_balancers(of_beta_forwards: bool) -> Value {
    let mut of_beta = load_balancer("beta");
    if of_beta_forwards {
        of_beta["Listeners"][0]["DefaultActions"] = json!([{"Type": "forward"}]);
    }
    json!([load_balancer("alpha"), of_beta])
}

fn image(digest: &str, severities: &[&str]) -> Value {
    let findings = severities.iter().enumerate().map(
        |(number, severity)| json!({"name": format!("CVE-2024-{number}"), "severity": severity}),
    );
    json!({
        "imageDigest": digest, "imageTags": [format!("v{}", severities.len())],
        "scan": {"imageScanFindings": {"findings": findings.collect::<Vec<_>>()}},
        "configuration": {"os": "linux", "config": {"User": "65532"}},
    })
}

/// Returns the signature that cosign stores for an image.
fn signature(of: &str) -> Value {
    json!({"imageDigest": digest('7'), "imageTags": [format!("{}.sig", of.replace(':', "-"))]})
}

/// Returns a configuration by which all images should be signed.
fn signing_configuration() -> Value {
    let profile = format!("arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/images");
    json!({"rules": [{"signingProfileArn": profile}]})
}

/// Returns the resources at the time of the earlier sweep.
pub(super) fn before() -> Value {
    with_network(
        ACCOUNT,
        REGION,
        json!({
            "clusters": [
                old_cluster(),
                cluster("beta", "beta", private_cluster("beta")),
                cluster("gone", "beta", json!({})),
            ],
            "roles": roles(),
            "identity_providers": identity_providers(),
            "instances": instances(),
            "load_balancers": load_balancers(false),
            "volumes": volumes(false),
            "file_systems": file_systems(["01", "02"]),
            "access_points": access_points(),
            "trails": trails(),
            "detectors": detectors(),
            "log_groups": log_groups("beta"),
            "metric_alarms": metric_alarms(),
            "keys": [
                named_key(), key_of("turned", true, json!({"AWS": ACCOUNT})), key("gone", true), key("muted", false),
                pending_key("unused"), used_key(),
            ],
            "inspector": inspector(),
            "signing_configuration": signing_configuration(),
            "pull_time_update_exclusions": exclusions(&Deployment::new(ACCOUNT, REGION, &[]).unwrap(), ACCOUNT),
            "registry_policy": {"policyText": policy(json!({"AWS": OTHER}), "ecr:ReplicateImage")},
            "creation_templates": creation_templates(&policy(json!({"AWS": ACCOUNT}), "ecr:*")),
            "repositories": [
                {"repositoryName": "team/a", "imageTagMutability": "MUTABLE", "images": [
                    image(DIGEST, &["LOW"]), image(&digest('2'), &["HIGH", "LOW", "MEDIUM"]),
                ], "policy": policy(json!("*"), "ecr:*")},
                {
                    "repositoryName": "team/b", "imageTagMutability": "IMMUTABLE",
                    "encryptionConfiguration": encryption("named"), "lifecycle_policy": {"rules": [{}]},
                },
                {"repositoryName": "team/gone", "images": [image(&digest('3'), &["LOW"])]},
            ],
        }),
    )
}

/// Returns the current resources: some are new, some have improved or worsened, and some no longer exist.
pub(super) fn now() -> Value {
    with_network(
        ACCOUNT,
        REGION,
        json!({
            "clusters": [
                old_cluster(),
                cluster("beta", "shared", json!({})),
                cluster("new", "shared", private_cluster("new")),
            ],
            "roles": roles(),
            "identity_providers": identity_providers(),
            "instances": instances(),
            "load_balancers": load_balancers(true),
            "volumes": volumes(true),
            "file_systems": file_systems(["01", "03"]),
            "access_points": access_points(),
            "trails": trails(),
            "detectors": detectors(),
            "log_groups": log_groups("new"),
            "metric_alarms": metric_alarms(),
            "keys": [
                named_key(), key_of("turned", false, json!("*")), key("new", true), key("muted", false),
                pending_key("unused"), used_key(),
            ],
            "inspector": inspector(),
            "signing_configuration": signing_configuration(),
            "pull_time_update_exclusions": exclusions(&Deployment::new(ACCOUNT, REGION, &[]).unwrap(), ACCOUNT),
            "registry_policy": {"policyText": policy_for_new_repositories()},
            "creation_templates": creation_templates(&policy(json!("*"), "ecr:*")),
            "repositories": [
                {"repositoryName": "team/a", "imageTagMutability": "IMMUTABLE", "images": [
                    image(&digest('2'), &["HIGH", "LOW", "MEDIUM"]), image(&digest('4'), &["LOW"]),
                ], "policy": policy_of_organization()},
                {
                    "repositoryName": "team/b", "imageTagMutability": "MUTABLE",
                    "encryptionConfiguration": encryption("named"), "lifecycle_policy": {"rules": [{}]},
                    "images": [image(DIGEST, &["CRITICAL", "LOW", "LOW"]), signature(DIGEST)],
                    "policy": policy(json!("*"), "ecr:BatchGetImage"),
                },
                {"repositoryName": "team/new", "images": [
                    {"imageDigest": digest('5'), "manifest": {"layers": [{"mediaType": "application/vnd.in-toto+json"}]}},
                    {"imageDigest": digest('6')},
                ]},
            ],
        }),
    )
}

fn digest(of: char) -> String {
    format!("sha256:{}", of.to_string().repeat(64))
}
