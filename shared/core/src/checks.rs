//! The registry of all checks, sorted by id. To add a check, write its file and add its lines here.

mod cloudtrail_multi_region_trail;
mod config_records_resources;
mod ebs_encryption_by_default;
mod ecr_customer_managed_key;
mod ecr_enhanced_scanning;
mod ecr_image_age;
mod ecr_image_non_root_user;
mod ecr_image_scan_findings;
mod ecr_image_signed;
mod ecr_immutable_tags;
mod ecr_lifecycle_policy;
mod ecr_managed_signing;
mod ecr_registry_policy_restricted;
mod ecr_repository_policy_restricted;
mod ecr_scan_on_push;
mod efs_encrypted;
mod eks_access_cluster_admins;
mod eks_access_entries_roles;
mod eks_audit_log_watched;
mod eks_authentication_mode;
mod eks_cluster_healthy;
mod eks_control_plane_log_retention;
mod eks_control_plane_logging;
mod eks_dedicated_cluster_role;
mod eks_deletion_protection;
mod eks_ecr_endpoint_policy;
mod eks_ecr_endpoints;
mod eks_endpoint_private;
mod eks_guardduty_runtime_coverage;
mod eks_irsa_trust_scoped;
mod eks_load_balancer_tls;
mod eks_network_policy_enabled;
mod eks_node_role_least_privilege;
mod eks_nodes_current;
mod eks_nodes_imds;
mod eks_nodes_nitro_encryption;
mod eks_nodes_private;
mod eks_pod_iam_roles;
mod eks_secrets_customer_managed_key;
mod eks_secrets_envelope_encryption;
mod eks_security_groups_restricted;
mod eks_supported_version;
mod eks_upgrade_insights;
mod eks_volumes_encrypted;
mod eks_vpc_flow_logs;
mod guardduty_eks_protection;
mod k8s_allowed_registries;
mod k8s_api_readable;
mod k8s_aws_auth;
mod k8s_default_deny;
mod k8s_default_namespace_unused;
mod k8s_image_pinned;
mod k8s_namespace_quota;
mod k8s_no_token_secrets;
mod k8s_pod_capabilities;
mod k8s_pod_docker_socket;
mod k8s_pod_hardened;
mod k8s_pod_host_namespaces;
mod k8s_pod_host_path;
mod k8s_pod_privilege_escalation;
mod k8s_pod_privileged;
mod k8s_pod_read_only_root;
mod k8s_pod_resources;
mod k8s_pod_run_as_non_root;
mod k8s_pod_security_admission;
mod k8s_pod_service_links;
mod k8s_pod_token_mount;
mod k8s_priority_classes;
mod k8s_rbac_broad_subjects;
mod k8s_rbac_cluster_admin;
mod k8s_rbac_escalation;
mod k8s_rbac_secrets;
mod k8s_rbac_wildcards;
mod k8s_secret_env;
mod kms_cmk_rotation;
mod kms_key_not_pending_deletion;
mod kms_key_policy_restricted;

#[cfg(test)]
pub(crate) mod samples;

use std::collections::BTreeMap;

use crate::check::Check;
use crate::parameters::{AnyParameter, ParameterError, ParameterValues, Raw};

/// All checks, sorted by id.
pub static CHECKS: [&Check; 77] = [
    &cloudtrail_multi_region_trail::CHECK,
    &config_records_resources::CHECK,
    &ebs_encryption_by_default::CHECK,
    &ecr_customer_managed_key::CHECK,
    &ecr_enhanced_scanning::CHECK,
    &ecr_image_age::CHECK,
    &ecr_image_non_root_user::CHECK,
    &ecr_image_scan_findings::CHECK,
    &ecr_image_signed::CHECK,
    &ecr_immutable_tags::CHECK,
    &ecr_lifecycle_policy::CHECK,
    &ecr_managed_signing::CHECK,
    &ecr_registry_policy_restricted::CHECK,
    &ecr_repository_policy_restricted::CHECK,
    &ecr_scan_on_push::CHECK,
    &efs_encrypted::CHECK,
    &eks_access_cluster_admins::CHECK,
    &eks_access_entries_roles::CHECK,
    &eks_audit_log_watched::CHECK,
    &eks_authentication_mode::CHECK,
    &eks_cluster_healthy::CHECK,
    &eks_control_plane_log_retention::CHECK,
    &eks_control_plane_logging::CHECK,
    &eks_dedicated_cluster_role::CHECK,
    &eks_deletion_protection::CHECK,
    &eks_ecr_endpoint_policy::CHECK,
    &eks_ecr_endpoints::CHECK,
    &eks_endpoint_private::CHECK,
    &eks_guardduty_runtime_coverage::CHECK,
    &eks_irsa_trust_scoped::CHECK,
    &eks_load_balancer_tls::CHECK,
    &eks_network_policy_enabled::CHECK,
    &eks_node_role_least_privilege::CHECK,
    &eks_nodes_current::CHECK,
    &eks_nodes_imds::CHECK,
    &eks_nodes_nitro_encryption::CHECK,
    &eks_nodes_private::CHECK,
    &eks_pod_iam_roles::CHECK,
    &eks_secrets_customer_managed_key::CHECK,
    &eks_secrets_envelope_encryption::CHECK,
    &eks_security_groups_restricted::CHECK,
    &eks_supported_version::CHECK,
    &eks_upgrade_insights::CHECK,
    &eks_volumes_encrypted::CHECK,
    &eks_vpc_flow_logs::CHECK,
    &guardduty_eks_protection::CHECK,
    &k8s_allowed_registries::CHECK,
    &k8s_api_readable::CHECK,
    &k8s_aws_auth::CHECK,
    &k8s_default_deny::CHECK,
    &k8s_default_namespace_unused::CHECK,
    &k8s_image_pinned::CHECK,
    &k8s_namespace_quota::CHECK,
    &k8s_no_token_secrets::CHECK,
    &k8s_pod_capabilities::CHECK,
    &k8s_pod_docker_socket::CHECK,
    &k8s_pod_hardened::CHECK,
    &k8s_pod_host_namespaces::CHECK,
    &k8s_pod_host_path::CHECK,
    &k8s_pod_privilege_escalation::CHECK,
    &k8s_pod_privileged::CHECK,
    &k8s_pod_read_only_root::CHECK,
    &k8s_pod_resources::CHECK,
    &k8s_pod_run_as_non_root::CHECK,
    &k8s_pod_security_admission::CHECK,
    &k8s_pod_service_links::CHECK,
    &k8s_pod_token_mount::CHECK,
    &k8s_priority_classes::CHECK,
    &k8s_rbac_broad_subjects::CHECK,
    &k8s_rbac_cluster_admin::CHECK,
    &k8s_rbac_escalation::CHECK,
    &k8s_rbac_secrets::CHECK,
    &k8s_rbac_wildcards::CHECK,
    &k8s_secret_env::CHECK,
    &kms_cmk_rotation::CHECK,
    &kms_key_not_pending_deletion::CHECK,
    &kms_key_policy_restricted::CHECK,
];

/// Returns the check that reports which clusters can be read. It runs with every check of the contents of clusters, and
/// its parameters apply to all of these checks.
pub fn readability() -> &'static Check {
    &k8s_api_readable::CHECK
}

/// The error for an id that no check has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{unknown:?} is not a check; the checks are {}", known.join(", "))]
pub struct UnknownCheck {
    unknown: String,
    known: Vec<&'static str>,
}

/// Returns the check with this id.
///
/// # Errors
///
/// Returns an error if no check has the id. The error names the ids of all checks.
pub fn find(id: &str) -> Result<&'static Check, UnknownCheck> {
    CHECKS
        .into_iter()
        .find(|check| check.id == id)
        .ok_or_else(|| UnknownCheck {
            unknown: id.chars().take(100).collect(),
            known: CHECKS.iter().map(|check| check.id).collect(),
        })
}

/// Reads the declared parameters of a check from raw values, as [`ParameterValues::read`] does, and checks the ids of
/// the checks that the values name. Only the parameters of [`readability`] may name other checks: those of a check apply
/// to this check alone, so a value for another one would have no effect.
///
/// # Errors
///
/// Returns an error if the value of a parameter is not of its type, or names a check that does not exist or to which the
/// value would not apply.
pub fn read_parameters(
    check: &Check,
    declared: &[&'static dyn AnyParameter],
    raw: &BTreeMap<String, Raw>,
) -> Result<ParameterValues, ParameterError> {
    let settings = ParameterValues::read(check.id, declared, raw)?;
    for parameter in declared {
        for id in parameter.named_checks(&settings) {
            let problem = match find(&id) {
                Err(error) => error.to_string(),
                Ok(named) if named.id != check.id && check.id != readability().id => format!(
                    "{id:?} is another check, and these parameters apply to {} alone: move it to the parameters of \
                     {id} or {}",
                    check.id,
                    readability().id
                ),
                Ok(_) => continue,
            };
            return Err(ParameterError::new(check.id, *parameter, &[id], problem));
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::LONGEST_CHECK_ID;
    use crate::service;

    #[test]
    fn checks_are_sorted_and_unique() {
        assert!(CHECKS.is_sorted_by(|one, other| one.id < other.id));
    }

    #[test]
    fn ids_are_kebab_case_and_begin_with_their_service() {
        for check in CHECKS {
            assert!(
                check
                    .id
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{}",
                check.id
            );
            assert!(check.id.len() <= LONGEST_CHECK_ID, "{}", check.id);
            assert!(
                service::of(check.id).is_some(),
                "{}: add its service to shared/core/src/service.rs",
                check.id
            );
        }
    }

    #[test]
    fn texts_fit_in_reports() {
        for check in CHECKS {
            assert!(
                check.title.contains(" should ") && check.title.len() <= 256,
                "{}",
                check.id
            );
            assert!(
                !check.title.ends_with('.') && check.requirement.ends_with('.'),
                "{}",
                check.id
            );
            let is_about_kubernetes = check.id.starts_with("k8s-");
            let command = check.remediation.command;
            assert!(
                command.starts_with("aws ")
                    || (is_about_kubernetes && command.starts_with("kubectl ")),
                "{}",
                check.id
            );
            assert!(!check.remediation.text.is_empty(), "{}", check.id);
            assert!(
                check.remediation.text.len() + check.remediation.command.len() < 512,
                "{}",
                check.id
            );
            let url = check.remediation.url;
            assert!(
                url.starts_with("https://docs.aws.amazon.com/")
                    || (is_about_kubernetes && url.starts_with("https://kubernetes.io/")),
                "{}",
                check.id
            );
        }
    }

    #[test]
    fn severities_are_listed_worst_first_with_a_reason() {
        for check in CHECKS {
            let severities = check.severities;
            assert!(!severities.is_empty(), "{}", check.id);
            assert!(
                severities.is_sorted_by(|(one, _), (other, _)| one > other),
                "{}",
                check.id
            );
            for (_, reason) in severities {
                assert!(
                    !reason.is_empty() && !reason.ends_with('.') && reason.len() <= 120,
                    "{}: the reason must be a clause of at most 120 characters that follows \"since\": {reason}",
                    check.id
                );
            }
        }
    }

    #[test]
    fn defaults_are_valid_values() {
        for check in CHECKS {
            for parameter in check.parameters {
                let texts = parameter.default_texts();
                assert!(
                    texts.is_empty() || parameter.validate(&texts).is_ok(),
                    "{} {}",
                    check.id,
                    parameter.name()
                );
                assert_eq!(parameter.texts(&ParameterValues::default()), texts);
            }
        }
    }

    #[test]
    fn the_error_for_an_unknown_id_lists_the_known_ids() {
        let error = find("eks-endpoint-privat").unwrap_err().to_string();
        assert!(
            error.contains("eks-endpoint-privat\"") && error.contains("eks-endpoint-private,"),
            "{error}"
        );
    }
}
