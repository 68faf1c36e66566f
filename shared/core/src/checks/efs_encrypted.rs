//! ## What it checks
//!
//! An EFS file system that Amazon EKS uses should be encrypted at rest. EKS uses a file system if one of its access
//! points or the file system itself has the tag `efs.csi.aws.com/cluster`, which the EFS CSI driver sets, or a tag that
//! begins with `kubernetes.io/cluster/`. The check does not apply to other file systems, unless `allFileSystems` is set.
//!
//! ## Why it matters
//!
//! A file system holds the data of many pods, and the data of unencrypted file systems is stored as it is.
//!
//! ## How to fix it
//!
//! Encryption can't be enabled for an existing file system. Create an encrypted file system, copy the data, for example
//! with AWS DataSync, and change the StorageClass or the persistent volumes to it.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EfsFileSystem;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static ALL_FILE_SYSTEMS: Parameter<bool> = Parameter {
    name: "allFileSystems",
    description: "Whether the check also applies to file systems that no tag relates to EKS.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "efs-encrypted",
    enabled: true,
    title: "EFS file systems that EKS uses should be encrypted",
    requirement: "EFS file systems that EKS uses should be encrypted at rest.",
    severities: &[(
        Severity::Medium,
        "the data of pods is stored without encryption",
    )],
    remediation: Remediation {
        text: "Encryption can't be enabled for an existing file system: create an encrypted one, and move the data and \
               the volumes of pods to it.",
        command: "aws efs create-file-system --region {region} --encrypted",
        url: "https://docs.aws.amazon.com/efs/latest/ug/encryption-at-rest.html",
    },
    parameters: &[&ALL_FILE_SYSTEMS],
    needs: &[Need::AccessPoints],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(file_system: &EfsFileSystem, settings: &ParameterValues) -> Verdict {
    if file_system.is_being_created() {
        let text = "The file system is being created.";
        return Verdict::pending(ReasonCode::FileSystemBeingCreated, text);
    }
    if !settings.get(&ALL_FILE_SYSTEMS) {
        match &file_system.is_used_by_eks {
            Ok(true) => {}
            Ok(false) => {
                let text =
                    "No tag of the file system or of its access points shows that EKS uses it.";
                return Verdict::not_applicable(ReasonCode::FileSystemNotUsedByEks, text);
            }
            Err(unread) => return Verdict::not_available(unread),
        }
    }
    if file_system.is_encrypted {
        let text = "The file system is encrypted at rest.";
        Verdict::passed(ReasonCode::FileSystemEncrypted, text)
    } else {
        let text = "The file system is not encrypted at rest.";
        Verdict::failed(Severity::Medium, ReasonCode::FileSystemNotEncrypted, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{file_system, settings, unread};
    use crate::verdict::Outcome;

    const FAILED: Outcome = Outcome::Failed(Severity::Medium);

    #[test]
    fn file_systems_that_eks_uses_must_be_encrypted() {
        let denied = || Err(unread());
        for (is_encrypted, is_used_by_eks, expected, of_all) in [
            (true, Ok(true), Outcome::Passed, Outcome::Passed),
            (false, Ok(true), FAILED, FAILED),
            (true, Ok(false), Outcome::NotApplicable, Outcome::Passed),
            (false, Ok(false), Outcome::NotApplicable, FAILED),
            (true, denied(), Outcome::NotAvailable, Outcome::Passed),
            (false, denied(), Outcome::NotAvailable, FAILED),
        ] {
            let file_system = EfsFileSystem {
                is_encrypted,
                is_used_by_eks,
                ..file_system()
            };
            let all = settings(CHECK.parameters, r#"{"allFileSystems": "true"}"#);
            let outcomes = [ParameterValues::default(), all]
                .map(|settings| evaluate(&file_system, &settings).outcome);
            assert_eq!(outcomes, [expected, of_all], "{file_system:?}");
        }
    }

    #[test]
    fn a_file_system_is_not_reported_until_it_is_created() {
        for (state, expected) in [
            ("creating", Outcome::Pending),
            ("available", FAILED),
            ("updating", FAILED),
            ("error", FAILED),
            ("", FAILED),
        ] {
            let file_system = EfsFileSystem {
                state: state.into(),
                is_encrypted: false,
                ..file_system()
            };
            let verdict = evaluate(&file_system, &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{state}");
        }
    }
}
