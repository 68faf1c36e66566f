//! ## What it checks
//!
//! An EKS cluster should grant IAM principals access only through access entries. The check fails when the cluster's
//! authentication mode is `CONFIG_MAP`, which is also the default of EKS for a cluster without a mode, or
//! `API_AND_CONFIG_MAP`, unless `allowConfigMap` is true. A mode that is not known results in a warning. The check does
//! not apply to a local cluster on AWS Outposts for which EKS reports no mode.
//!
//! ## Why it matters
//!
//! In the mode `CONFIG_MAP`, the principal that created the cluster is its administrator permanently, and no API of AWS
//! shows or removes that access; the severity is MEDIUM. In the mode `API_AND_CONFIG_MAP`, access entries grant access
//! as well, but anyone who can write the ConfigMap `aws-auth` can still create administrators that no API of AWS shows;
//! the severity is LOW.
//!
//! ## How to fix it
//!
//! Change the mode in two steps, neither of which can be reversed. First, change it to `API_AND_CONFIG_MAP` and create
//! an access entry for each mapping in `aws-auth` that is still needed, including those of self-managed nodes. Only
//! then change it to `API`. From that moment on, `aws-auth` has no effect, and principals without an access entry have
//! no access.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::AuthenticationMode;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static ALLOW_CONFIG_MAP: Parameter<bool> = Parameter {
    name: "allowConfigMap",
    description: "true lets the ConfigMap aws-auth grant access besides access entries.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "eks-authentication-mode",
    enabled: true,
    title: "EKS clusters should grant access through access entries alone",
    requirement: "The cluster's authentication mode should be API, so that access entries alone grant access.",
    severities: &[
        (
            Severity::Medium,
            "the cluster's creator is an administrator whom no API of AWS shows or removes",
        ),
        (
            Severity::Low,
            "whoever writes the ConfigMap aws-auth makes administrators that no API of AWS shows",
        ),
    ],
    remediation: Remediation {
        text: "Change the mode to API_AND_CONFIG_MAP, make access entries of what aws-auth maps, then change it to \
               API. Neither step can be taken back, and with the second aws-auth stops counting at once.",
        command: "aws eks update-cluster-config --region {region} --name {name} --access-config \
                  authenticationMode=API_AND_CONFIG_MAP",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html",
    },
    parameters: &[&ALLOW_CONFIG_MAP],
    needs: &[],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    match &cluster.authentication_mode {
        Some(AuthenticationMode::Api) => Verdict::passed(
            ReasonCode::AccessEntriesAlone,
            "The authentication mode is API: access entries alone grant access.",
        ),
        Some(AuthenticationMode::ApiAndConfigMap) if settings.get(&ALLOW_CONFIG_MAP) => {
            Verdict::passed(
                ReasonCode::ConfigMapAllowed,
                "The authentication mode is API_AND_CONFIG_MAP, which is allowed.",
            )
        }
        Some(AuthenticationMode::ApiAndConfigMap) => Verdict::failed(
            Severity::Low,
            ReasonCode::ConfigMapCounts,
            "The authentication mode is API_AND_CONFIG_MAP: the ConfigMap aws-auth grants access, too.",
        ),
        Some(AuthenticationMode::ConfigMap) => Verdict::failed(
            Severity::Medium,
            ReasonCode::ConfigMapAlone,
            "The authentication mode is CONFIG_MAP: the ConfigMap aws-auth grants access, and who created the cluster \
             has it.",
        ),
        Some(AuthenticationMode::Other(mode)) => Verdict::warning(
            ReasonCode::UnknownAuthenticationMode,
            format!("The authentication mode is {mode}, which is not known here."),
        ),
        None if cluster.on_outpost => Verdict::not_applicable(
            ReasonCode::NoAuthenticationMode,
            "EKS tells no authentication mode of this local cluster on AWS Outposts.",
        ),
        None => Verdict::failed(
            Severity::Medium,
            ReasonCode::ConfigMapAlone,
            "The cluster has no authentication mode, so EKS's default CONFIG_MAP holds: the ConfigMap aws-auth grants \
             access, and who created the cluster has it.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, settings};
    use crate::verdict::Outcome;

    const LOW: Outcome = Outcome::Failed(Severity::Low);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);

    fn outcome(mode: Option<&str>, on_outpost: bool, parameters: &str) -> Outcome {
        let cluster = EksCluster {
            authentication_mode: mode.and_then(AuthenticationMode::read),
            on_outpost,
            ..cluster()
        };
        evaluate(&cluster, &settings(CHECK.parameters, parameters)).outcome
    }

    #[test]
    fn access_entries_alone_pass() {
        for (mode, on_outpost, expected) in [
            (Some("API"), false, Outcome::Passed),
            (Some("API_AND_CONFIG_MAP"), false, LOW),
            (Some("CONFIG_MAP"), false, MEDIUM),
            (None, false, MEDIUM),
            (Some(""), false, MEDIUM),
            (Some("API_ONLY"), false, Outcome::Warning),
            (Some("API"), true, Outcome::Passed),
            (Some("CONFIG_MAP"), true, MEDIUM),
            (None, true, Outcome::NotApplicable),
        ] {
            assert_eq!(
                outcome(mode, on_outpost, "{}"),
                expected,
                "{mode:?} {on_outpost}"
            );
        }
    }

    #[test]
    fn the_config_map_may_be_allowed_besides_access_entries_only() {
        for (mode, allowed, expected) in [
            (Some("API_AND_CONFIG_MAP"), "\"true\"", Outcome::Passed),
            (Some("API_AND_CONFIG_MAP"), "true", Outcome::Passed),
            (Some("API_AND_CONFIG_MAP"), "\"false\"", LOW),
            (Some("CONFIG_MAP"), "true", MEDIUM),
            (None, "true", MEDIUM),
            (Some("API_ONLY"), "true", Outcome::Warning),
        ] {
            let parameters = format!(r#"{{"allowConfigMap": {allowed}}}"#);
            assert_eq!(
                outcome(mode, false, &parameters),
                expected,
                "{mode:?} {allowed}"
            );
        }
    }
}
