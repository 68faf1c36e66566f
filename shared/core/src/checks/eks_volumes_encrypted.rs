//! ## What it checks
//!
//! The EBS volumes of a cluster should be encrypted: those of its nodes and those of its pods. A volume belongs to the
//! cluster if a tag of the volume, or of the instance that it is attached to, names the cluster: `aws:eks:cluster-name`,
//! `eks:cluster-name`, `eks:eks-cluster-name` or `kubernetes.io/cluster/<name>`. The finding lists up to 20 volumes.
//!
//! The EBS CSI driver tags the volumes of pods with the name of the cluster only if it is started with
//! `--k8s-tag-cluster-id`. Without this tag, a volume of a pod is evaluated while it is attached to a node. Instance
//! store volumes are not evaluated, and the storage of AWS Fargate is always encrypted.
//!
//! ## Why it matters
//!
//! The volumes of nodes contain images, logs and Secrets of pods, and those of pods contain their data. Snapshots of an
//! unencrypted volume are not encrypted either and can be shared with anyone.
//!
//! ## How to fix it
//!
//! Enable encryption by default in the Region, and set `encrypted: "true"` in StorageClasses. Then replace the nodes,
//! and re-create the volumes of pods from encrypted snapshots.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

/// The most volumes that a finding lists.
const MAX_VOLUMES: usize = 20;

pub(super) static CHECK: Check = Check {
    id: "eks-volumes-encrypted",
    enabled: true,
    title: "EBS volumes of EKS clusters should be encrypted",
    requirement: "The EBS volumes of the cluster's nodes and pods should be encrypted.",
    severities: &[(
        Severity::Medium,
        "data of nodes or pods is stored without encryption",
    )],
    remediation: Remediation {
        text: "Enable encryption by default, then replace nodes, and re-create volumes of pods from encrypted snapshots.",
        command: "aws ec2 enable-ebs-encryption-by-default --region {region}",
        url: "https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
    },
    parameters: &[],
    needs: &[Need::UnencryptedVolumes],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, _: &ParameterValues) -> Verdict {
    let volumes = &cluster.unencrypted_volumes;
    match (volumes.items.as_slice(), &volumes.missing) {
        ([], None) => Verdict::passed(
            ReasonCode::VolumesEncrypted,
            "No EBS volume of the cluster is unencrypted.",
        ),
        ([], Some(unread)) => Verdict::not_available(unread),
        (volumes, _) => Verdict::failed(
            Severity::Medium,
            ReasonCode::VolumesNotEncrypted,
            text(volumes),
        ),
    }
}

fn text(volumes: &[String]) -> String {
    let listed = volumes[..volumes.len().min(MAX_VOLUMES)].join(", ");
    let count = volumes.len();
    match count {
        1 => format!("The EBS volume {listed} of the cluster is not encrypted."),
        _ if count > MAX_VOLUMES => format!(
            "{count} EBS volumes of the cluster are not encrypted: {listed} and {} others.",
            count - MAX_VOLUMES
        ),
        _ => format!("{count} EBS volumes of the cluster are not encrypted: {listed}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, unread};
    use crate::facts::List;
    use crate::verdict::Outcome;

    fn verdict(count: usize, is_complete: bool) -> Verdict {
        let volumes = List {
            items: (1..=count).map(|number| format!("vol-{number}")).collect(),
            missing: (!is_complete).then(unread),
        };
        let cluster = EksCluster {
            unencrypted_volumes: volumes,
            ..cluster()
        };
        evaluate(&cluster, &ParameterValues::default())
    }

    #[test]
    fn every_volume_must_be_encrypted() {
        const FAILED: Outcome = Outcome::Failed(Severity::Medium);
        for (count, is_complete, expected) in [
            (0, true, Outcome::Passed),
            (0, false, Outcome::NotAvailable),
            (1, true, FAILED),
            (1, false, FAILED),
        ] {
            assert_eq!(verdict(count, is_complete).outcome, expected, "{count}");
        }
    }

    #[test]
    fn a_finding_lists_at_most_20_volumes() {
        for (count, beginning, end) in [
            (
                1,
                "The EBS volume vol-1 of the cluster is",
                "is not encrypted.",
            ),
            (2, "2 EBS volumes", "vol-1, vol-2."),
            (20, "20 EBS volumes", "vol-19, vol-20."),
            (21, "21 EBS volumes", "vol-19, vol-20 and 1 others."),
            (10_000, "10000 EBS volumes", "vol-20 and 9980 others."),
        ] {
            let text = verdict(count, true).explanation();
            assert!(text.starts_with(beginning) && text.ends_with(end), "{text}");
        }
    }
}
