//! Calls that change what checks evaluate: the table from which the event patterns of template.yaml and the page
//! docs/changes.md are derived. What other calls change is found by sweeps.

/// Calls of a service that lead to the same resource.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    /// The service, as EventBridge names it: `aws.eks`.
    pub source: &'static str,
    /// The service, as CloudTrail names it: `eks.amazonaws.com`.
    pub event_source: &'static str,
    /// The resource that the calls lead to.
    pub subject: Subject,
    /// The names of the calls.
    pub names: &'static [&'static str],
}

/// The resource that a call leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The cluster that the call names.
    Cluster,
    /// The cluster whose log group the call names.
    ClusterOfLogGroup,
    /// The repository that the call names.
    Repository,
    /// The account in the Region, and all its repositories by the checks that depend on the registry.
    Registry,
    /// The key that the call names.
    Key,
    /// The account in the Region.
    Account,
    /// All clusters in the Region, by the checks that depend on alarms.
    Clusters,
}

impl Subject {
    /// Returns a description for a page.
    pub fn description(self) -> &'static str {
        match self {
            Self::Cluster => "the cluster",
            Self::ClusterOfLogGroup => "the cluster whose log group it is",
            Self::Repository => "the repository",
            Self::Registry => {
                "the account in the Region, and its repositories by the checks that depend on the registry"
            }
            Self::Key => "the key",
            Self::Account => "the account in the Region",
            Self::Clusters => "all clusters in the Region, by the checks that depend on alarms",
        }
    }
}

/// The calls. The first entry of a service is that of calls which are not in the table, but name such a resource.
pub static CALLS: &[Calls] = &[
    Calls {
        source: "aws.eks",
        event_source: "eks.amazonaws.com",
        subject: Subject::Cluster,
        names: &[
            "AssociateAccessPolicy",
            "AssociateEncryptionConfig",
            "AssociateIdentityProviderConfig",
            "CreateAccessEntry",
            "CreateAddon",
            "CreateCluster",
            "CreateNodegroup",
            "CreatePodIdentityAssociation",
            "DeleteAccessEntry",
            "DeleteAddon",
            "DeleteCluster",
            "DeleteNodegroup",
            "DeletePodIdentityAssociation",
            "DeregisterCluster",
            "DisassociateAccessPolicy",
            "DisassociateIdentityProviderConfig",
            "RegisterCluster",
            "UpdateAccessEntry",
            "UpdateAddon",
            "UpdateClusterConfig",
            "UpdateClusterVersion",
            "UpdateNodegroupConfig",
            "UpdateNodegroupVersion",
            "UpdatePodIdentityAssociation",
        ],
    },
    Calls {
        source: "aws.ecr",
        event_source: "ecr.amazonaws.com",
        subject: Subject::Repository,
        names: &[
            "CreateRepository",
            "DeleteLifecyclePolicy",
            "DeleteRepository",
            "DeleteRepositoryPolicy",
            "PutImageScanningConfiguration",
            "PutImageTagMutability",
            "PutLifecyclePolicy",
            "SetRepositoryPolicy",
        ],
    },
    Calls {
        source: "aws.ecr",
        event_source: "ecr.amazonaws.com",
        subject: Subject::Registry,
        names: &[
            "CreatePullThroughCacheRule",
            "CreateRepositoryCreationTemplate",
            "DeletePullThroughCacheRule",
            "DeleteRegistryPolicy",
            "DeleteRepositoryCreationTemplate",
            "DeleteSigningConfiguration",
            "PutAccountSetting",
            "PutRegistryPolicy",
            "PutRegistryScanningConfiguration",
            "PutSigningConfiguration",
            "UpdatePullThroughCacheRule",
            "UpdateRepositoryCreationTemplate",
        ],
    },
    Calls {
        source: "aws.kms",
        event_source: "kms.amazonaws.com",
        subject: Subject::Key,
        names: &[
            "CancelKeyDeletion",
            "CreateAlias",
            "CreateKey",
            "DeleteAlias",
            "DisableKey",
            "DisableKeyRotation",
            "EnableKey",
            "EnableKeyRotation",
            "PutKeyPolicy",
            "ScheduleKeyDeletion",
            "UpdateAlias",
        ],
    },
    Calls {
        source: "aws.logs",
        event_source: "logs.amazonaws.com",
        subject: Subject::ClusterOfLogGroup,
        names: &[
            "AssociateKmsKey",
            "CreateLogGroup",
            "DeleteLogGroup",
            "DeleteMetricFilter",
            "DeleteRetentionPolicy",
            "DeleteSubscriptionFilter",
            "DisassociateKmsKey",
            "PutMetricFilter",
            "PutRetentionPolicy",
            "PutSubscriptionFilter",
        ],
    },
    Calls {
        source: "aws.cloudtrail",
        event_source: "cloudtrail.amazonaws.com",
        subject: Subject::Account,
        names: &[
            "CreateTrail",
            "DeleteTrail",
            "PutEventSelectors",
            "StartLogging",
            "StopLogging",
            "UpdateTrail",
        ],
    },
    Calls {
        source: "aws.config",
        event_source: "config.amazonaws.com",
        subject: Subject::Account,
        names: &[
            "DeleteConfigurationRecorder",
            "PutConfigurationRecorder",
            "StartConfigurationRecorder",
            "StopConfigurationRecorder",
        ],
    },
    Calls {
        source: "aws.ec2",
        event_source: "ec2.amazonaws.com",
        subject: Subject::Account,
        names: &[
            "DisableEbsEncryptionByDefault",
            "EnableEbsEncryptionByDefault",
        ],
    },
    Calls {
        source: "aws.guardduty",
        event_source: "guardduty.amazonaws.com",
        subject: Subject::Account,
        names: &["CreateDetector", "DeleteDetector", "UpdateDetector"],
    },
    Calls {
        source: "aws.inspector2",
        event_source: "inspector2.amazonaws.com",
        subject: Subject::Account,
        names: &["Disable", "Enable"],
    },
    Calls {
        source: "aws.monitoring",
        event_source: "monitoring.amazonaws.com",
        subject: Subject::Clusters,
        names: &[
            "DeleteAlarms",
            "DisableAlarmActions",
            "EnableAlarmActions",
            "PutCompositeAlarm",
            "PutMetricAlarm",
        ],
    },
];

/// The services of which all calls that change something are read, whatever their names.
const WHOLE_SERVICES: [&str; 3] = [
    "eks.amazonaws.com",
    "ecr.amazonaws.com",
    "kms.amazonaws.com",
];

/// Returns the resource that a call of a service leads to; `None` if it changes nothing that a check evaluates.
pub(super) fn subject_of(event_source: &str, name: &str) -> Option<Subject> {
    let of_service = || {
        CALLS
            .iter()
            .filter(|calls| calls.event_source == event_source)
    };
    let named = of_service().find(|calls| calls.names.contains(&name));
    let is_whole = WHOLE_SERVICES.contains(&event_source);
    let entry = named.or_else(|| of_service().next().filter(|_| is_whole))?;
    Some(entry.subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_leads_to_one_resource() {
        for (source, name, expected) in [
            ("eks", "UpdateClusterConfig", Some(Subject::Cluster)),
            ("eks", "TagResource", Some(Subject::Cluster)),
            ("ecr", "PutImageTagMutability", Some(Subject::Repository)),
            ("ecr", "PutRegistryPolicy", Some(Subject::Registry)),
            ("ecr", "TagResource", Some(Subject::Repository)),
            ("kms", "DisableKeyRotation", Some(Subject::Key)),
            (
                "logs",
                "PutRetentionPolicy",
                Some(Subject::ClusterOfLogGroup),
            ),
            ("logs", "CreateLogStream", None),
            ("monitoring", "DeleteAlarms", Some(Subject::Clusters)),
            ("monitoring", "PutDashboard", None),
            ("ec2", "RunInstances", None),
            ("cloudhsm", "CreateCluster", None),
            ("", "", None),
        ] {
            let source = format!("{source}.amazonaws.com");
            assert_eq!(subject_of(&source, name), expected, "{source} {name}");
        }
    }

    #[test]
    fn each_call_is_in_the_table_once() {
        for calls in CALLS {
            assert!(calls.names.is_sorted(), "{calls:?}");
            for name in calls.names {
                let mut same = CALLS.iter();
                let same = same
                    .by_ref()
                    .filter(|other| other.event_source == calls.event_source);
                assert_eq!(
                    same.filter(|other| other.names.contains(name)).count(),
                    1,
                    "{name}"
                );
            }
        }
    }
}
