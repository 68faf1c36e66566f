//! Amazon EKS add-ons.

use super::Issue;
use crate::yaml::{self, Content, Node, YamlProblem};

/// An add-on that EKS manages in a cluster.
/// Source: <https://docs.aws.amazon.com/eks/latest/APIReference/API_Addon.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addon {
    /// The name of the add-on: `vpc-cni`, `coredns`, …
    pub name: String,
    /// The status: `ACTIVE`, `CREATING`, `DEGRADED`, …; empty if the response has none.
    pub status: String,
    /// The issues that EKS reports in the add-on's health, sorted.
    pub issues: Vec<Issue>,
    /// The version, for example `v1.20.1-eksbuild.1`.
    pub version: Option<String>,
    /// The setting of network policies, which only the add-on `vpc-cni` has.
    pub network_policy: NetworkPolicy,
}

/// The setting of Kubernetes network policies in the configuration values of an add-on.
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkPolicy {
    /// Network policies are enabled.
    Enabled,
    /// Network policies are not enabled.
    NotEnabled,
    /// The configuration values, or the value of the setting, are not understood.
    NotUnderstood,
}

impl NetworkPolicy {
    /// Returns the setting in the configuration values of an add-on, which are JSON or YAML. Without the setting, the
    /// default of the add-on applies, which is `"false"`.
    ///
    /// The add-on writes the value as text into a ConfigMap, and network policies are enabled only if the text is
    /// exactly `true`. Source: `charts/aws-vpc-cni` in <https://github.com/aws/amazon-vpc-cni-k8s>, and
    /// <https://github.com/aws/amazon-network-policy-controller-k8s/blob/main/pkg/utils/configmap/configmap.go>.
    pub fn read(configuration_values: Option<&str>) -> Self {
        let root = match yaml::read(configuration_values.unwrap_or_default()) {
            Ok(root) => root,
            Err(error) if error.problem == YamlProblem::Empty => return Self::NotEnabled,
            Err(_) => return Self::NotUnderstood,
        };
        if root.is_null() {
            return Self::NotEnabled;
        }
        let Content::Mapping(members) = root.content else {
            return Self::NotUnderstood;
        };
        let value = |name: &str| members.iter().find(|(key, _)| key.text == name);
        match (value("enableNetworkPolicy"), value("<<")) {
            (Some((_, node)), _) => Self::of_value(node),
            // A merge key can contain the setting.
            (None, Some(_)) => Self::NotUnderstood,
            (None, None) => Self::NotEnabled,
        }
    }

    /// Returns the setting that a value means. Texts without quotes that are a boolean only in YAML 1.1, such as `yes`,
    /// are not understood.
    fn of_value(node: &Node) -> Self {
        match &node.content {
            _ if node.is_null() => Self::NotEnabled,
            Content::Plain(text) => match text.as_str() {
                "true" | "True" | "TRUE" => Self::Enabled,
                "false" | "False" | "FALSE" => Self::NotEnabled,
                _ => Self::NotUnderstood,
            },
            Content::Quoted(text) => match text.as_str() {
                "true" => Self::Enabled,
                "false" | "" => Self::NotEnabled,
                _ => Self::NotUnderstood,
            },
            Content::List(_) | Content::Mapping(_) => Self::NotUnderstood,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NetworkPolicy::{Enabled, NotEnabled, NotUnderstood};
    use super::*;

    #[test]
    fn the_setting_is_read_from_json_and_yaml() {
        for (values, expected) in [
            (r#"{"enableNetworkPolicy":"true"}"#, Enabled),
            (r#"{"enableNetworkPolicy":true}"#, Enabled),
            (r#"{"enableNetworkPolicy":"false"}"#, NotEnabled),
            (r#"{"enableNetworkPolicy":false}"#, NotEnabled),
            (r#"{"enableNetworkPolicy":null}"#, NotEnabled),
            (r#"{"enableNetworkPolicy":""}"#, NotEnabled),
            (
                "{\n\t\"env\": {},\n\t\"enableNetworkPolicy\": \"true\"\n}",
                Enabled,
            ),
            (r#"{"\u0065nableNetworkPolicy":"tru\u0065"}"#, Enabled),
            ("enableNetworkPolicy: true", Enabled),
            ("enableNetworkPolicy: True", Enabled),
            ("enableNetworkPolicy: TRUE", Enabled),
            ("enableNetworkPolicy: \"true\"\n", Enabled),
            ("'enableNetworkPolicy': 'true' # since 2024", Enabled),
            ("---\n# policies\nenableNetworkPolicy: true\n...\n", Enabled),
            ("enableNetworkPolicy: &on true\r\nenv: {}\r\n", Enabled),
            ("enableNetworkPolicy: False", NotEnabled),
            ("enableNetworkPolicy: FALSE", NotEnabled),
            ("enableNetworkPolicy:\nenv: {}\n", NotEnabled),
            ("enableNetworkPolicy: ~", NotEnabled),
        ] {
            assert_eq!(NetworkPolicy::read(Some(values)), expected, "{values}");
        }
    }

    #[test]
    fn only_the_key_at_the_top_counts() {
        for values in [
            "",
            " \n",
            "# enableNetworkPolicy: true",
            "null",
            "{}",
            r#"{"env":{}}"#,
            r#"{"env":{"enableNetworkPolicy":"true"}}"#,
            "env:\n  enableNetworkPolicy: true\n",
            "enablenetworkpolicy: true",
            "#enableNetworkPolicy: true\nenv: {enableNetworkPolicy: true}",
            "text: 'enableNetworkPolicy: true'",
        ] {
            assert_eq!(NetworkPolicy::read(Some(values)), NotEnabled, "{values}");
        }
        assert_eq!(NetworkPolicy::read(None), NotEnabled);
    }

    #[test]
    fn what_is_not_understood_is_neither_enabled_nor_disabled() {
        let nested = format!("enableNetworkPolicy: true\na: {}", "[".repeat(100_000));
        let steps: String = (0..1_000)
            .map(|depth| format!("{}a:\n", " ".repeat(depth)))
            .collect();
        for values in [
            "{broken",
            "{",
            "enableNetworkPolicy: true\nb: [",
            "env:\n\tA: b\nenableNetworkPolicy: true",
            "enableNetworkPolicy",
            "\"{\\\"enableNetworkPolicy\\\":\\\"true\\\"}\"",
            "- enableNetworkPolicy: true",
            "enableNetworkPolicy: yes",
            "enableNetworkPolicy: on",
            "enableNetworkPolicy: 1",
            "enableNetworkPolicy: tRUE",
            "enableNetworkPolicy: 'True'",
            "enableNetworkPolicy: 'yes'",
            "enableNetworkPolicy: ' true'",
            "enableNetworkPolicy: {enabled: true}",
            "enableNetworkPolicy: [true]",
            "enableNetworkPolicy: !!bool true",
            "a: &on true\nenableNetworkPolicy: *on\n",
            "<<: {enableNetworkPolicy: true}",
            "enableNetworkPolicy: true\nenableNetworkPolicy: false\n",
            r#"{"enableNetworkPolicy":"true","\u0065nableNetworkPolicy":"false"}"#,
            "enableNetworkPolicy: true\n---\nenableNetworkPolicy: false\n",
            &nested,
            &steps,
        ] {
            let shown: String = values.chars().take(80).collect();
            assert_eq!(NetworkPolicy::read(Some(values)), NotUnderstood, "{shown}");
        }
    }

    #[test]
    fn long_texts_are_read() {
        let keys: String = (0..50_000).map(|key| format!("k{key}: v\n")).collect();
        let text = format!("{keys}enableNetworkPolicy: true\n");
        assert_eq!(NetworkPolicy::read(Some(&text)), Enabled);
        let text = format!(
            "env: {{A: \"{}\"}}\nenableNetworkPolicy: true",
            "x".repeat(1_000_000)
        );
        assert_eq!(NetworkPolicy::read(Some(&text)), Enabled);
    }
}
