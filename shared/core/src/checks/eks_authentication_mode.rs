//! ## What it checks
//!
//! An EKS cluster should grant IAM principals access only through access entries. The check fails when the cluster's
//! authentication mode is `CONFIG_MAP`, which is also the default of EKS for a cluster without a mode, or
//! `API_AND_CONFIG_MAP`, unless `allowConfigMap` is true. A mode that is not known results in a warning. The check does
//! not apply to a local cluster on AWS Outposts for which EKS reports no mode.
//!
//! ## Why it matters
//!
//! In the mode `CONFIG_MAP`, the principal that created the cluster is its administrator permanently, and no AWS API
//! shows or can remove that access; the severity is MEDIUM. In the mode `API_AND_CONFIG_MAP`, access entries grant
//! access as well, but anyone who can write the `aws-auth` ConfigMap can still create administrators that no AWS API
//! shows; the severity is LOW.
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
    description: "If true, the aws-auth ConfigMap may grant access in addition to access entries.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "eks-authentication-mode",
    enabled: true,
    title: "EKS clusters should grant access through access entries alone",
    requirement: "The cluster's authentication mode should be API, so that only access entries grant access.",
    severities: &[
        (
            Severity::Medium,
            "the cluster creator is an administrator that no AWS API shows or can remove",
        ),
        (
            Severity::Low,
            "anyone who can write the aws-auth ConfigMap can create administrators that no AWS API shows",
        ),
    ],
    remediation: Remediation {
        text: "Change the mode to API_AND_CONFIG_MAP, create access entries for the mappings in aws-auth, then change \
               the mode to API. Neither step can be reversed, and the second disables aws-auth immediately.",
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
            "The authentication mode is API: only access entries grant access.",
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
            "The authentication mode is API_AND_CONFIG_MAP: the aws-auth ConfigMap also grants access.",
        ),
        Some(AuthenticationMode::ConfigMap) => Verdict::failed(
            Severity::Medium,
            ReasonCode::ConfigMapAlone,
            "The authentication mode is CONFIG_MAP: the aws-auth ConfigMap grants access, and the cluster creator is \
             an administrator.",
        ),
        Some(AuthenticationMode::Other(mode)) => Verdict::warning(
            ReasonCode::UnknownAuthenticationMode,
            format!(
                "The authentication mode is {mode}, which this version of eksentry does not support."
            ),
        ),
        None if cluster.on_outpost => Verdict::not_applicable(
            ReasonCode::NoAuthenticationMode,
            "EKS reports no authentication mode for this local cluster on AWS Outposts.",
        ),
        None => Verdict::failed(
            Severity::Medium,
            ReasonCode::ConfigMapAlone,
            "EKS reports no authentication mode, so its default CONFIG_MAP applies: the aws-auth ConfigMap grants \
             access, and the cluster creator is an administrator.",
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
    fn only_the_mode_api_passes() {
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
    fn the_config_map_can_be_allowed_only_in_addition_to_access_entries() {
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
