//! The add-ons of clusters.

use aws_sdk_eks::types::{Addon as Description, AddonStatus};
use eksentry_core::facts::cluster::{Addon, NetworkPolicy};

use super::health;

/// Returns the facts in the description of an add-on.
pub(in crate::eks) fn addon(name: &str, addon: &Description) -> Addon {
    Addon {
        name: name.to_owned(),
        status: addon
            .status()
            .map(AddonStatus::as_str)
            .unwrap_or_default()
            .to_owned(),
        issues: health::of_addon(addon.health()),
        version: addon.addon_version().map(str::to_owned),
        network_policy: NetworkPolicy::read(addon.configuration_values()),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{AddonHealth, AddonIssue, AddonIssueCode};
    use eksentry_core::facts::cluster::Issue;

    use super::*;

    #[test]
    fn an_empty_description_has_no_facts() {
        let expected = Addon {
            name: "vpc-cni".into(),
            status: String::new(),
            issues: Vec::new(),
            version: None,
            network_policy: NetworkPolicy::NotEnabled,
        };
        assert_eq!(addon("vpc-cni", &Description::builder().build()), expected);
    }

    #[test]
    fn a_description_has_the_health_and_the_configuration() {
        let issue = |code| AddonIssue::builder().code(code).message("Varies.").build();
        let health = AddonHealth::builder()
            .issues(issue(AddonIssueCode::InsufficientNumberOfReplicas))
            .issues(issue(AddonIssueCode::from("Brandnew")));
        let described = Description::builder()
            .addon_name("vpc-cni")
            .status(AddonStatus::UpdateFailed)
            .health(health.build())
            .addon_version("v1.20.1-eksbuild.1")
            .configuration_values(r#"{"enableNetworkPolicy": "true"}"#);
        let expected = Addon {
            name: "vpc-cni".into(),
            status: "UPDATE_FAILED".into(),
            issues: vec![
                Issue::read(Some("Brandnew"), &[]),
                Issue::read(Some("InsufficientNumberOfReplicas"), &[]),
            ],
            version: Some("v1.20.1-eksbuild.1".into()),
            network_policy: NetworkPolicy::Enabled,
        };
        assert_eq!(addon("vpc-cni", &described.build()), expected);
    }
}
