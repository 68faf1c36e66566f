//! ## What it checks
//!
//! Amazon EBS should encrypt new volumes by default in each Region that has an EKS cluster. With `allRegions`, the check
//! also applies to Regions without a cluster.
//!
//! ## Why it matters
//!
//! Nodes, snapshots and volumes of pods are encrypted only if each launch template and each StorageClass requests it.
//! One that doesn't request it creates an unencrypted volume, unless encryption is the default.
//!
//! ## How to fix it
//!
//! Enable encryption by default in the Region. It applies to new volumes only: replace nodes, and re-create the volumes
//! of pods, from encrypted snapshots.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::Account;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static ALL_REGIONS: Parameter<bool> = Parameter {
    name: "allRegions",
    description: "Whether the check also applies to Regions that have no EKS cluster.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "ebs-encryption-by-default",
    enabled: true,
    title: "EBS volumes should be encrypted by default",
    requirement: "Amazon EBS should encrypt new volumes by default in Regions that have an EKS cluster.",
    severities: &[(
        Severity::Medium,
        "new volumes are encrypted only if whoever creates them requests it",
    )],
    remediation: Remediation {
        text: "Enable encryption by default. Existing volumes stay as they are: replace nodes, and re-create volumes \
               from encrypted snapshots.",
        command: "aws ec2 enable-ebs-encryption-by-default --region {region}",
        url: "https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html",
    },
    parameters: &[&ALL_REGIONS],
    needs: &[Need::VolumeEncryption],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(account: &Account, settings: &ParameterValues) -> Verdict {
    if !settings.get(&ALL_REGIONS)
        && let Some(reason) = account.without_clusters()
    {
        return Verdict::not_applicable(ReasonCode::NoClusters, reason);
    }
    match &account.encrypts_volumes {
        Ok(true) => Verdict::passed(
            ReasonCode::VolumesEncryptedByDefault,
            "Amazon EBS encrypts new volumes by default.",
        ),
        Ok(false) => Verdict::failed(
            Severity::Medium,
            ReasonCode::VolumesNotEncryptedByDefault,
            "Amazon EBS does not encrypt new volumes by default.",
        ),
        Err(unread) => Verdict::not_available(unread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{account, settings, unread};
    use crate::verdict::Outcome;

    #[test]
    fn new_volumes_must_be_encrypted_where_there_are_clusters() {
        const FAILED: Outcome = Outcome::Failed(Severity::Medium);
        let denied = || Err(unread());
        for (encrypts_volumes, has_clusters, all_regions, expected) in [
            (Ok(true), Ok(true), "false", Outcome::Passed),
            (Ok(false), Ok(true), "false", FAILED),
            (denied(), Ok(true), "false", Outcome::NotAvailable),
            (Ok(false), Ok(false), "false", Outcome::NotApplicable),
            (denied(), Ok(false), "false", Outcome::NotApplicable),
            (Ok(false), denied(), "false", FAILED),
            (Ok(true), denied(), "false", Outcome::Passed),
            (Ok(false), Ok(false), "true", FAILED),
            (Ok(true), Ok(false), "true", Outcome::Passed),
        ] {
            let account = Account {
                has_clusters,
                encrypts_volumes,
                ..account()
            };
            let json = format!(r#"{{"allRegions": "{all_regions}"}}"#);
            let verdict = evaluate(&account, &settings(CHECK.parameters, &json));
            assert_eq!(verdict.outcome, expected, "{account:?} {all_regions}");
        }
    }
}
