//! The actions of services, classified by the access that they give a principal.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Effect, Element, Statement};
use super::pattern::{action_matches, example, has_wildcard};

/// The access that an action gives a principal, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionClass {
    /// Read access: pulling from a repository, describing a key.
    Read,
    /// The use of a key for cryptography, or permission for others to use it. Repositories have no such actions.
    Use,
    /// A change to the resource, to its contents or to the permissions for either.
    Change,
}

/// An action, or all actions that match a pattern and are not known by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Action {
    /// The name or pattern, such as `ecr:PutImage` or `ecr:*`.
    pub name: String,
    /// The access that the action gives a principal.
    pub class: ActionClass,
}

/// A service whose resources have policies.
#[derive(Debug)]
pub struct Service {
    /// The prefix of its actions.
    pub(super) prefix: &'static str,
    /// The names of the actions, without the prefix.
    actions: &'static [&'static str],
    /// The actions that have no effect in the policy of a resource.
    without_effect: &'static [&'static str],
    read: &'static [&'static str],
    usage: &'static [&'static str],
}

/// Amazon ECR.
pub static ECR: Service = Service {
    prefix: "ecr",
    without_effect: &["GetAuthorizationToken"],
    read: &[
        "Get*",
        "Describe*",
        "List*",
        "BatchGet*",
        "BatchCheck*",
        "ValidatePullThroughCacheRule",
    ],
    usage: &[],
    actions: &[
        "BatchCheckLayerAvailability",
        "BatchDeleteImage",
        "BatchGetImage",
        "BatchGetRepositoryScanningConfiguration",
        "BatchImportUpstreamImage",
        "CompleteLayerUpload",
        "CreatePullThroughCacheRule",
        "CreateRepository",
        "CreateRepositoryCreationTemplate",
        "DeleteLifecyclePolicy",
        "DeletePullThroughCacheRule",
        "DeleteRegistryPolicy",
        "DeleteRepository",
        "DeleteRepositoryCreationTemplate",
        "DeleteRepositoryPolicy",
        "DeleteSigningConfiguration",
        "DeregisterPullTimeUpdateExclusion",
        "DescribeImageReplicationStatus",
        "DescribeImageScanFindings",
        "DescribeImageSigningStatus",
        "DescribeImages",
        "DescribePullThroughCacheRules",
        "DescribeRegistry",
        "DescribeReplicationBackfillResults",
        "DescribeRepositories",
        "DescribeRepositoryCreationTemplates",
        "GetAccountSetting",
        "GetDownloadUrlForLayer",
        "GetLifecyclePolicy",
        "GetLifecyclePolicyPreview",
        "GetRegistryPolicy",
        "GetRegistryScanningConfiguration",
        "GetRepositoryPolicy",
        "GetSigningConfiguration",
        "InitiateLayerUpload",
        "ListImageReferrers",
        "ListImages",
        "ListPullTimeUpdateExclusions",
        "ListReplicationBackfills",
        "ListTagsForResource",
        "PutAccountSetting",
        "PutImage",
        "PutImageScanningConfiguration",
        "PutImageTagMutability",
        "PutLifecyclePolicy",
        "PutRegistryPolicy",
        "PutRegistryScanningConfiguration",
        "PutReplicationConfiguration",
        "PutSigningConfiguration",
        "RegisterPullTimeUpdateExclusion",
        "ReplicateImage",
        "SetRepositoryPolicy",
        "StartImageScan",
        "StartLifecyclePolicyPreview",
        "StartReplicationBackfill",
        "StopReplicationBackfill",
        "TagResource",
        "UntagResource",
        "UpdateImageStorageClass",
        "UpdatePullThroughCacheRule",
        "UpdateRepositoryCreationTemplate",
        "UploadLayerPart",
        "ValidatePullThroughCacheRule",
    ],
};

/// AWS KMS.
pub static KMS: Service = Service {
    prefix: "kms",
    without_effect: &[],
    read: &["Describe*", "Get*", "List*", "Verify"],
    usage: &[
        "CreateGrant",
        "Decapsulate",
        "Decrypt",
        "DeriveSharedSecret",
        "Encapsulate",
        "Encrypt",
        "GenerateDataKey*",
        "GenerateMac",
        "GenerateRandom",
        "ReEncrypt*",
        "RetireGrant",
        "RevokeGrant",
        "Sign",
        "VerifyMac",
    ],
    actions: &[
        "CancelKeyDeletion",
        "ConnectCustomKeyStore",
        "CreateAlias",
        "CreateCustomKeyStore",
        "CreateGrant",
        "CreateKey",
        "Decapsulate",
        "Decrypt",
        "DeleteAlias",
        "DeleteCustomKeyStore",
        "DeleteImportedKeyMaterial",
        "DeriveSharedSecret",
        "DescribeCustomKeyStores",
        "DescribeKey",
        "DisableKey",
        "DisableKeyRotation",
        "DisconnectCustomKeyStore",
        "EnableKey",
        "EnableKeyRotation",
        "Encapsulate",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "GenerateRandom",
        "GetKeyLastUsage",
        "GetKeyPolicy",
        "GetKeyRotationStatus",
        "GetParametersForImport",
        "GetPublicKey",
        "ImportKeyMaterial",
        "ListAliases",
        "ListGrants",
        "ListKeyPolicies",
        "ListKeyRotations",
        "ListKeys",
        "ListResourceTags",
        "ListRetirableGrants",
        "PutKeyPolicy",
        "ReEncryptFrom",
        "ReEncryptTo",
        "ReplicateKey",
        "RetireGrant",
        "RevokeGrant",
        "RotateKeyOnDemand",
        "ScheduleKeyDeletion",
        "Sign",
        "SynchronizeMultiRegionKey",
        "TagResource",
        "UntagResource",
        "UpdateAlias",
        "UpdateCustomKeyStore",
        "UpdateKeyDescription",
        "UpdatePrimaryRegion",
        "Verify",
        "VerifyMac",
    ],
};

impl Service {
    /// Returns the access that an action of the service gives a principal. An action that is not known to give less
    /// counts as a change.
    pub fn class(&self, action: &str) -> ActionClass {
        let name = action.split_once(':').map_or(action, |(_, name)| name);
        let is_any_of =
            |patterns: &[&str]| patterns.iter().any(|pattern| action_matches(pattern, name));
        if is_any_of(self.read) {
            ActionClass::Read
        } else if is_any_of(self.usage) {
            ActionClass::Use
        } else {
            ActionClass::Change
        }
    }

    /// Returns the service's actions that the statements cover, each with a text that patterns can match.
    ///
    /// Besides the known actions, these are the unknown actions that statements allow by name, and an example of
    /// actions that AWS may add: a statement that denies all present actions by name does not deny a new one.
    pub(super) fn actions_of(&self, statements: &[Statement]) -> BTreeMap<String, Action> {
        let known = self.actions.iter().map(|name| self.named(name));
        let mut actions: BTreeMap<String, Action> = known
            .filter(|name| statements.iter().any(|statement| statement.covers(name)))
            .map(|name| (name.clone(), self.action(&name, &name)))
            .collect();
        let allowing = statements
            .iter()
            .filter(|statement| statement.effect == Effect::Allow);
        let patterns: BTreeSet<String> = allowing
            .flat_map(|statement| self.own_patterns(statement))
            .collect();
        for pattern in patterns {
            let text = example(&pattern);
            let action = self.action(&pattern, &text);
            if self.is_more_than_known(&pattern, action.class) {
                actions.entry(text).or_insert(action);
            }
        }
        actions
    }

    fn action(&self, name: &str, text: &str) -> Action {
        Action {
            name: name.to_owned(),
            class: self.class(text),
        }
    }

    /// Returns the patterns with which a statement names actions of this service.
    fn own_patterns(&self, statement: &Statement) -> Vec<String> {
        let all = self.named("*");
        match &statement.action {
            Element::AllBut(_) | Element::Absent => vec![all],
            Element::Only(patterns) => patterns
                .iter()
                .filter_map(|pattern| match pattern.split_once(':') {
                    Some((prefix, name)) => {
                        action_matches(prefix, self.prefix).then(|| self.named(name))
                    }
                    None => action_matches(pattern, &example(&all)).then(|| all.clone()),
                })
                .collect(),
        }
    }

    /// Returns `true` if a pattern covers more than the known actions: it matches none of them, or it has a wildcard
    /// and matches some in the class that an unknown action would have.
    fn is_more_than_known(&self, pattern: &str, class: ActionClass) -> bool {
        let matching = |names: &'static [&'static str]| {
            let names = names.iter().map(|name| self.named(name));
            names.filter(|name| action_matches(pattern, name))
        };
        let mut known = matching(self.actions).peekable();
        if known.peek().is_some() {
            return has_wildcard(pattern) && known.any(|name| self.class(&name) == class);
        }
        matching(self.without_effect).next().is_none()
    }

    fn named(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(members: &str) -> Statement {
        let document = format!(r#"{{"Statement": {{"Effect": "Allow", {members}}}}}"#);
        let policy: crate::policy::PolicyDocument = serde_json::from_str(&document).unwrap();
        policy.statements()[0].clone()
    }

    /// Returns the names of the allowed actions that are not known, with their classes.
    fn unknown(service: &Service, members: &str) -> Vec<(String, ActionClass)> {
        let statement = statement(members);
        let actions = service.actions_of(&[statement]).into_values();
        actions
            .map(|action| (action.name, action.class))
            .filter(|(name, _)| {
                let mut known = service.actions.iter().map(|known| service.named(known));
                !known.any(|known| known == *name)
            })
            .collect()
    }

    #[test]
    fn actions_have_the_specified_classes() {
        use ActionClass::{Change, Read, Use};
        for (service, action, class) in [
            (&ECR, "ecr:BatchGetImage", Read),
            (&ECR, "ecr:BatchCheckLayerAvailability", Read),
            (&ECR, "ECR:getdownloadurlforlayer", Read),
            (&ECR, "ecr:ListImages", Read),
            (&ECR, "ecr:ValidatePullThroughCacheRule", Read),
            (&ECR, "ecr:BatchImportUpstreamImage", Change),
            (&ECR, "ecr:BatchDeleteImage", Change),
            (&ECR, "ecr:ReplicateImage", Change),
            (&ECR, "ecr:PutImage", Change),
            (&ECR, "ecr:SetRepositoryPolicy", Change),
            (&ECR, "ecr:SomethingNew", Change),
            (&KMS, "kms:DescribeKey", Read),
            (&KMS, "kms:GetPublicKey", Read),
            (&KMS, "kms:Verify", Read),
            (&KMS, "kms:VerifyMac", Use),
            (&KMS, "kms:ReEncryptFrom", Use),
            (&KMS, "kms:GenerateDataKeyPairWithoutPlaintext", Use),
            (&KMS, "kms:CreateGrant", Use),
            (&KMS, "kms:Decrypt", Use),
            (&KMS, "kms:PutKeyPolicy", Change),
            (&KMS, "kms:ScheduleKeyDeletion", Change),
            (&KMS, "kms:SomethingNew", Change),
        ] {
            assert_eq!(service.class(action), class, "{action}");
        }
    }

    #[test]
    fn every_pattern_matches_a_known_action_and_actions_are_unique() {
        for service in [&ECR, &KMS] {
            let patterns = service.read.iter().chain(service.usage);
            for pattern in patterns {
                let mut names = service.actions.iter();
                assert!(names.any(|name| action_matches(pattern, name)), "{pattern}");
            }
            assert!(service.actions.is_sorted_by(|one, next| one < next));
        }
    }

    #[test]
    fn a_pattern_stands_for_future_actions() {
        use ActionClass::{Change, Read};
        for (members, expected) in [
            (r#""Action": "ecr:*""#, vec![("ecr:*", Change)]),
            (r#""Action": ["*", "ec?:*"]"#, vec![("ecr:*", Change)]),
            (r#""NotAction": "ecr:Get*""#, vec![("ecr:*", Change)]),
            (r#""Sid": "a""#, vec![("ecr:*", Change)]),
            (r#""Action": "ecr:Get*""#, vec![("ecr:Get*", Read)]),
            (r#""Action": "ecr:Brew*""#, vec![("ecr:Brew*", Change)]),
            (
                r#""Action": "ecr:BrewCoffee""#,
                vec![("ecr:BrewCoffee", Change)],
            ),
            (
                r#""Action": "ecr:GetCoffee""#,
                vec![("ecr:GetCoffee", Read)],
            ),
            // All known actions that match are read actions, so an unknown one is no reason to assume a change.
            (r#""Action": "ecr:G*""#, vec![]),
            (r#""Action": ["ecr:PutImage", "ECR:putimage"]"#, vec![]),
            (r#""Action": "ecr:GetAuthorizationToken""#, vec![]),
            (r#""Action": "ecr:GetAuth*""#, vec![]),
            (
                r#""Action": ["s3:*", "ecr-public:*", "PutImage", ""]"#,
                vec![],
            ),
            (r#""Action": []"#, vec![]),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(name, class)| (name.to_owned(), class))
                .collect();
            assert_eq!(unknown(&ECR, members), expected, "{members}");
        }
    }
}
