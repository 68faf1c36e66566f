//! The settings of a cluster that decide whether network policies have an effect.

use eksentry_core::facts::kubernetes::{NetworkPolicyEngine, VpcCni};
use eksentry_core::field::{Field, InvalidField, Object};
use eksentry_core::{Fact, ReasonCode, Unread};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::config_map::ConfigMap;
use super::lists::Read;
use super::metadata::Place;
use crate::client::Client;
use crate::problem::Problem;

/// The namespace of the settings.
const NAMESPACE: &str = "kube-system";

/// The ConfigMap of the Amazon VPC CNI plugin, and its key for network policies.
///
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html>.
const CONFIG_MAP: &str = "amazon-vpc-cni";
const CONTROLLER: &str = "enable-network-policy-controller";

/// The daemon set of the plugin, the container in it with the agent of network policies, and the argument of the agent
/// that enables them.
///
/// Source: <https://github.com/aws/aws-network-policy-agent>.
const DAEMON_SET: &str = "aws-node";
const AGENT: &str = "aws-eks-nodeagent";
const AGENT_ARGUMENT: &str = "--enable-network-policy";

/// The container of the plugin, and its variable for the mode. The plugin compares the mode without case.
///
/// Source: <https://github.com/aws/amazon-vpc-cni-k8s#network_policy_enforcing_mode-v1171>.
const PLUGIN: &str = "aws-node";
const MODE: &str = "NETWORK_POLICY_ENFORCING_MODE";
const STRICT: &str = "strict";

/// Reads the settings that are not in lists, and adds those of the lists. `problem` is one that all requests would have.
pub(super) async fn read_engine(
    client: &Client,
    read: &mut Read,
    problem: Option<&Problem>,
) -> NetworkPolicyEngine {
    let (config, groups) = if let Some(problem) = problem {
        (Err(problem.clone()), Err(problem.clone()))
    } else {
        let config = ConfigMap::get(client, NAMESPACE, CONFIG_MAP);
        futures::join!(config, client.groups())
    };
    NetworkPolicyEngine {
        enables_controller: enables_controller(config),
        vpc_cni: read.vpc_cni,
        node_classes: std::mem::take(&mut read.node_classes),
        api_groups: api_groups(groups).map(|groups| groups.into_iter().collect()),
    }
}

/// Returns `true` if the ConfigMap enables network policies, which are off by default; `None` if there is no ConfigMap.
fn enables_controller(config: Result<Option<ConfigMap>, Problem>) -> Fact<Option<bool>> {
    let Some(config) = config? else {
        return Ok(None);
    };
    let value = config.text(CONTROLLER).map_err(|InvalidField| Unread {
        code: ReasonCode::ReadFailed,
        text: format!("The value {CONTROLLER} of the ConfigMap {CONFIG_MAP} is not a text."),
    })?;
    Ok(Some(value == Some("true")))
}

/// Returns the API groups. Each cluster serves some, so a response without any is not complete.
fn api_groups(groups: Result<Vec<String>, Problem>) -> Fact<Vec<String>> {
    let groups = groups?;
    if groups.is_empty() {
        return Err(Unread {
            code: ReasonCode::NoList,
            text: "get /apis returned no API groups. Look at the API server of the cluster."
                .to_owned(),
        });
    }
    Ok(groups)
}

/// A node class of EKS Auto Mode, as the API server returns it.
///
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html>.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct NodeClass {
    spec: Field<NodeClassSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeClassSpec {
    network_policy: Field<String>,
}

impl NodeClass {
    /// Returns the default for traffic.
    pub(super) fn network_policy(self) -> Field<String> {
        self.spec.and_then(|spec| spec.network_policy)
    }
}

/// A daemon set, with members that are read of no other object.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DaemonSet {
    spec: Field<DaemonSetSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DaemonSetSpec {
    template: Field<Template>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Template {
    spec: Field<PodSpec>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodSpec {
    containers: Field<Vec<Container>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    name: Field<String>,
    args: Field<Vec<String>>,
    env: Field<Vec<Variable>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Variable {
    name: Field<String>,
    value: Field<String>,
    value_from: Field<ValueSource>,
}

/// The source of a value, of which nothing is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ValueSource {}

impl Object for NodeClassSpec {}
impl Object for DaemonSetSpec {}
impl Object for Template {}
impl Object for PodSpec {}
impl Object for Container {}
impl Object for Variable {}
impl Object for ValueSource {}

/// Returns the settings in a daemon set; `None` if it is not that of the Amazon VPC CNI plugin.
pub(super) fn vpc_cni(place: &Place, object: &RawValue) -> Option<VpcCni> {
    if (place.namespace.as_str(), place.name.as_str()) != (NAMESPACE, DAEMON_SET) {
        return None;
    }
    let spec = serde_json::from_str(object.get()).map_or(Field::Invalid, |one: DaemonSet| one.spec);
    let containers = spec
        .and_then(|spec| spec.template)
        .and_then(|template| template.spec)
        .and_then(|spec| spec.containers);
    Some(VpcCni {
        enables_agent: setting(&containers, AGENT, Container::enables_agent),
        is_strict: setting(&containers, PLUGIN, Container::is_strict),
    })
}

/// Returns a setting of the container with this name; `false` if there is none.
fn setting(
    containers: &Field<Vec<Container>>,
    name: &str,
    setting: fn(&Container) -> Result<bool, InvalidField>,
) -> Result<bool, InvalidField> {
    for container in containers.items()? {
        if container.name.read()?.is_some_and(|found| found == name) {
            return setting(container);
        }
    }
    Ok(false)
}

impl Container {
    /// Returns `true` if the last of the arguments that decide this enables network policies.
    fn enables_agent(&self) -> Result<bool, InvalidField> {
        let arguments = self.args.items()?.iter();
        let mut values =
            arguments.filter_map(|argument| match argument.strip_prefix(AGENT_ARGUMENT)? {
                "" => Some("true"),
                rest => rest.strip_prefix('='),
            });
        values.next_back().map_or(Ok(false), parse_bool)
    }

    /// Returns `true` if the mode is strict. The last of several variables with the same name counts.
    fn is_strict(&self) -> Result<bool, InvalidField> {
        let mut is_strict = false;
        for variable in self.env.items()? {
            if variable.name.read()?.is_some_and(|name| name == MODE) {
                if !variable.value_from.is_absent() {
                    return Err(InvalidField);
                }
                let mode = variable.value.read()?;
                is_strict = mode.is_some_and(|mode| mode.eq_ignore_ascii_case(STRICT));
            }
        }
        Ok(is_strict)
    }
}

/// Reads the value of a flag as programs in Go do.
///
/// Source: <https://pkg.go.dev/strconv#ParseBool>.
fn parse_bool(text: &str) -> Result<bool, InvalidField> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(InvalidField),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn settings_of(spec: &Value) -> Option<VpcCni> {
        let place = Place {
            namespace: NAMESPACE.to_owned(),
            name: DAEMON_SET.to_owned(),
        };
        let object = json!({"spec": {"template": {"spec": spec}}});
        let object = RawValue::from_string(object.to_string()).unwrap();
        vpc_cni(&place, &object)
    }

    fn agent(args: &Value) -> Result<bool, InvalidField> {
        let containers = json!([{"name": "aws-node"}, {"name": AGENT, "args": args}]);
        let settings = settings_of(&json!({"containers": containers}));
        settings.unwrap().enables_agent
    }

    fn strict(env: &Value) -> Result<bool, InvalidField> {
        let containers = json!([{"name": PLUGIN, "env": env}]);
        let settings = settings_of(&json!({"containers": containers}));
        settings.unwrap().is_strict
    }

    #[test]
    fn an_argument_enables_the_agent() {
        for (args, expected) in [
            (json!(null), Ok(false)),
            (json!([]), Ok(false)),
            (json!(["--enable-network-policy=true"]), Ok(true)),
            (json!(["--enable-network-policy=1"]), Ok(true)),
            (json!(["--enable-network-policy"]), Ok(true)),
            (json!(["--enable-network-policy=false"]), Ok(false)),
            (json!(["--enable-network-policy-x=true"]), Ok(false)),
            (
                json!([
                    "--enable-network-policy=true",
                    "--enable-network-policy=false"
                ]),
                Ok(false),
            ),
            (json!(["--enable-network-policy=yes"]), Err(InvalidField)),
            (json!([7]), Err(InvalidField)),
        ] {
            assert_eq!(agent(&args), expected, "{args}");
        }
        let elsewhere = json!([{"name": "other", "args": ["--enable-network-policy=true"]}]);
        let settings = settings_of(&json!({"containers": elsewhere})).unwrap();
        assert_eq!(settings.enables_agent, Ok(false));
    }

    #[test]
    fn a_variable_sets_the_mode() {
        let mode = |value: Value| json!({"name": MODE, "value": value});
        for (env, expected) in [
            (json!(null), Ok(false)),
            (json!([{"name": "OTHER", "value": "strict"}]), Ok(false)),
            (json!([mode(json!("standard"))]), Ok(false)),
            (json!([mode(json!("strict"))]), Ok(true)),
            (json!([mode(json!("Strict"))]), Ok(true)),
            (
                json!([mode(json!("strict")), mode(json!("standard"))]),
                Ok(false),
            ),
            (json!([mode(json!(null))]), Ok(false)),
            (json!([mode(json!(7))]), Err(InvalidField)),
            (
                json!([{"name": MODE, "valueFrom": {"configMapKeyRef": {}}}]),
                Err(InvalidField),
            ),
            (json!("x"), Err(InvalidField)),
        ] {
            assert_eq!(strict(&env), expected, "{env}");
        }
    }

    #[test]
    fn a_daemon_set_that_is_not_understood_is_unknown() {
        for spec in [
            json!(7),
            json!({"containers": 7}),
            json!({"containers": [7]}),
            json!({"containers": [{"name": 7}]}),
        ] {
            let settings = settings_of(&spec).unwrap();
            assert_eq!(settings.enables_agent, Err(InvalidField), "{spec}");
            assert_eq!(settings.is_strict, Err(InvalidField), "{spec}");
        }
        for spec in [json!(null), json!({}), json!({"containers": null})] {
            let settings = settings_of(&spec).unwrap();
            assert_eq!(settings.enables_agent, Ok(false), "{spec}");
            assert_eq!(settings.is_strict, Ok(false), "{spec}");
        }
    }
}
