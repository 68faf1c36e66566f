//! The findings that depend on the answer to a call.

use eksentry_core::facts::{
    EcrImage, EcrRepository, EfsFileSystem, EksCluster, KmsKey, KubernetesCluster,
};
use eksentry_core::{Check, FactsOf, Need, ResourceKind, checks};
use serde_json::Value;

use super::cases::Case;
use super::contents::IN_VPC;
use super::kubernetes;

/// A finding, and the case of a call that may concern it.
struct Finding<'a> {
    check: &'static Check,
    resource: &'a str,
    case: &'a Case,
}

/// Returns `true` if a finding depends on the answer to the call.
pub(super) fn concerns(case: &Case, id: &str) -> bool {
    let named = id
        .split_once("eksentry/")
        .and_then(|(_, rest)| rest.split_once('/'));
    let Some((Ok(check), resource)) = named.map(|(id, resource)| (checks::find(id), resource))
    else {
        return false;
    };
    let finding = Finding {
        check,
        resource,
        case,
    };
    let (service, operation) = case.call.split_once('.').unwrap_or_default();
    match service {
        "eks" => finding.depends_on_eks(operation),
        "ec2" => finding.depends_on_ec2(operation),
        "ecr" => finding.depends_on_ecr(operation),
        "iam" => finding.depends_on_iam(operation),
        "kms" => finding.depends_on_kms(operation),
        kubernetes::SERVICE => finding.depends_on_kubernetes(),
        _ => finding.depends_on_other(service, operation),
    }
}

impl Finding<'_> {
    fn needs(&self, needs: &[Need]) -> bool {
        needs.iter().any(|need| self.check.needs.contains(need))
    }

    fn is_of(&self, kind: &ResourceKind) -> bool {
        self.check.kind() == kind
    }

    fn subject(&self, name: &str) -> Option<&str> {
        self.case.subject.get(name).and_then(Value::as_str)
    }

    /// Returns `true` if the call names the resource of the finding, or no resource.
    fn is_about(&self, part: Option<&str>) -> bool {
        part.is_none_or(|part| self.resource.contains(part))
    }

    fn is_about_cluster(&self) -> bool {
        self.is_about(self.subject("name").or(self.subject("clusterName")))
    }

    fn is_about_repository(&self) -> bool {
        self.is_about(self.subject("repositoryName"))
    }

    fn depends_on_eks(&self, operation: &str) -> bool {
        match operation {
            // The verdict on a cluster's role depends on all clusters.
            _ if self.needs(&[Need::ClusterRole]) => true,
            // A key that is pending deletion is in use if a cluster names it.
            "ListClusters" | "DescribeCluster" if self.needs(&[Need::KeyUse]) => true,
            "DescribeClusterVersions" => self.needs(&[Need::VersionSupport]),
            "ListNodegroups" | "DescribeNodegroup" => {
                self.needs(&[Need::NodeGroups]) && self.is_about_cluster()
            }
            "ListAddons" | "DescribeAddon" => {
                self.needs(&[Need::Addons]) && self.is_about_cluster()
            }
            "ListInsights" => self.needs(&[Need::Insights]) && self.is_about_cluster(),
            "ListPodIdentityAssociations" => {
                self.needs(&[Need::PodRoles]) && self.is_about_cluster()
            }
            "ListAccessEntries" | "ListAssociatedAccessPolicies" => {
                self.needs(&[Need::AccessEntries, Need::ClusterAdmins]) && self.is_about_cluster()
            }
            _ => self.is_of(EksCluster::KIND) && self.is_about_cluster(),
        }
    }

    fn depends_on_ec2(&self, operation: &str) -> bool {
        let needs: &[Need] = match operation {
            "DescribeFlowLogs" => &[Need::FlowLogs],
            "DescribeImages" => &[Need::Images],
            "DescribeInstanceTypes" => &[Need::InstanceTypes],
            "DescribeInstances" => &[Need::Nodes, Need::UnencryptedVolumes],
            "DescribeManagedPrefixLists"
            | "DescribeSecurityGroups"
            | "GetManagedPrefixListEntries" => &[Need::SecurityGroups],
            "DescribeSubnets" => &[Need::Subnets],
            "DescribeVolumes" => &[Need::UnencryptedVolumes],
            "DescribeVpcEndpoints" => &[Need::VpcEndpoints],
            "GetEbsEncryptionByDefault" => &[Need::VolumeEncryption],
            _ => &[],
        };
        self.needs(needs)
    }

    fn depends_on_ecr(&self, operation: &str) -> bool {
        match operation {
            // A key that is pending deletion is in use if a repository names it.
            "DescribeRepositories" if self.needs(&[Need::KeyUse]) => true,
            "DescribePullThroughCacheRules" => {
                self.needs(&[Need::ImageSignature, Need::ImageConfig])
            }
            "DescribeRepositoryCreationTemplates" => self.needs(&[Need::CreationTemplates]),
            "GetAccountSetting" | "GetRegistryPolicy" => self.needs(&[Need::RegistryPolicy]),
            "GetDownloadUrlForLayer" | "ListPullTimeUpdateExclusions" => {
                self.needs(&[Need::ImageConfig])
            }
            // Both also report that the repository does not exist.
            "GetLifecyclePolicy" | "GetRepositoryPolicy" => {
                self.is_of(EcrRepository::KIND) && self.is_about_repository()
            }
            "GetRegistryScanningConfiguration" => {
                self.needs(&[Need::RegistryScanning, Need::Inspector])
            }
            "GetSigningConfiguration" => self.needs(&[Need::ManagedSigning]),
            "BatchGetImage"
            | "DescribeImageScanFindings"
            | "DescribeImageSigningStatus"
            | "DescribeImages" => {
                let id = self.case.subject.get("imageId");
                let digest = id.and_then(|id| id["imageDigest"].as_str());
                self.is_of(EcrImage::KIND) && self.is_about_repository() && self.is_about(digest)
            }
            _ => self.is_of(EcrRepository::KIND) || self.is_of(EcrImage::KIND),
        }
    }

    fn depends_on_iam(&self, operation: &str) -> bool {
        self.needs(match operation {
            "GetInstanceProfile" => &[Need::NodeRoles],
            "ListOpenIDConnectProviders" => &[Need::PodRoles],
            "ListRoles" => &[Need::TrustingRoles, Need::AccessEntries],
            _ => &[Need::ClusterRole, Need::NodeRoles],
        })
    }

    fn depends_on_kms(&self, operation: &str) -> bool {
        let key = self.subject("KeyId");
        match operation {
            // Clusters and repositories may name a key by its alias.
            "DescribeKey" if self.needs(&[Need::KeyUse]) => {
                self.is_about(key) || key.is_some_and(|key| key.contains("alias/"))
            }
            "DescribeKey"
                if self.needs(&[Need::SecretsKey, Need::RepositoryKey, Need::LogGroup]) =>
            {
                true
            }
            "GetKeyPolicy" => self.needs(&[Need::KeyPolicy]) && self.is_about(key),
            "ListAliases" => self.needs(&[Need::SecretsKey, Need::RepositoryKey]),
            _ => self.is_of(KmsKey::KIND) && self.is_about(key),
        }
    }

    fn depends_on_kubernetes(&self) -> bool {
        let needs = self.check.needs.iter().copied().collect();
        self.is_of(KubernetesCluster::KIND)
            && kubernetes::is_in_cluster(self.case, self.resource)
            && kubernetes::is_needed(self.case, self.check.id, needs)
    }

    fn depends_on_other(&self, service: &str, operation: &str) -> bool {
        match (service, operation) {
            ("lambda", _) => {
                self.is_of(KubernetesCluster::KIND) && kubernetes::is_in(IN_VPC, self.resource)
            }
            ("cloudtrail", _) => self.needs(&[Need::Trails]),
            (
                "config",
                "DescribeConfigurationRecorders" | "DescribeConfigurationRecorderStatus",
            ) => self.needs(&[Need::Recorder]),
            ("elasticfilesystem", _) => self.is_of(EfsFileSystem::KIND),
            ("guardduty", "ListCoverage") => self.needs(&[Need::RuntimeCoverage]),
            ("guardduty", _) => {
                self.needs(&[Need::Detector, Need::RuntimeCoverage, Need::AuditLogWatcher])
            }
            ("inspector2", _) => self.needs(&[Need::Inspector]),
            ("logs", "DescribeLogGroups") => self.needs(&[Need::LogGroup, Need::AuditLogWatcher]),
            ("logs" | "monitoring", _) => self.needs(&[Need::AuditLogWatcher]),
            ("organizations", "DescribeOrganization") => self.needs(&[
                Need::RepositoryPolicy,
                Need::RegistryPolicy,
                Need::KeyPolicy,
            ]),
            ("sts", "GetCallerIdentity") => self.needs(&[Need::ImageConfig]),
            ("tagging" | "elasticloadbalancing", _) => self.needs(&[Need::LoadBalancers]),
            // Without the mute list, muted failures are not muted. Without the parameters, nothing is evaluated.
            ("ssm", "GetParameter") => self.resource.ends_with("key/muted"),
            ("organizations" | "account" | "ssm" | "sts", _) => true,
            _ => false,
        }
    }
}
