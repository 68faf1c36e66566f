//! The description of a cluster.

use serde::Deserialize;
use serde_json::Value;

use super::{faults::Fault, names::letters};

/// A cluster, as a test describes it. Members that are left out have the values of [`Cluster::new`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// The name; for a local cluster on AWS Outposts, its ID. Tokens are signed for it.
    pub name: String,
    /// The Region.
    #[serde(default = "region")]
    pub region: String,
    /// The partition, as ARNs name it.
    #[serde(default = "partition")]
    pub partition: String,
    /// The account of the caller.
    #[serde(default = "account")]
    pub account: String,
    /// The version of Kubernetes: `1.34`.
    #[serde(default = "version")]
    pub version: String,
    /// The manifests of the objects, as a person would apply them. Lists are taken apart. The namespaces of the objects
    /// and the pods of workloads exist without a manifest; `$pods` in a workload is the number of its pods, or a list
    /// of what admission changes in each. An object with a `resourceVersion` is served exactly as it is given. Roles
    /// and bindings apply to the caller, too.
    #[serde(default)]
    pub objects: Vec<Value>,
    /// Further API groups that the cluster serves: `kyverno.io/v1`. Those of the objects are served in any case.
    #[serde(default)]
    pub api_groups: Vec<String>,
    /// The most objects of a page; as many as requested if absent.
    #[serde(default)]
    pub page_size: Option<usize>,
    /// The groups that the access entry gives to the caller; `None` if the caller has no access entry.
    #[serde(default = "groups")]
    pub groups: Option<Vec<String>>,
    /// Kinds that the caller may read in addition: `secrets`, `roles.rbac.authorization.k8s.io`.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Kinds that the caller may not read, whatever the roles grant; `*` for all.
    #[serde(default)]
    pub deny: Vec<String>,
    /// The fault of the endpoint, if it has one.
    #[serde(default)]
    pub endpoint: Endpoint,
    /// The host of the endpoint in memory; one that is like those of EKS if absent.
    #[serde(default)]
    pub host: Option<String>,
    /// Faults. Of those that fit a request, all delays apply, and the first of the others.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// The fault of the endpoint of a cluster, or of the authority that EKS reports for it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// Nothing is wrong.
    #[default]
    Trusted,
    /// The certificate has expired.
    Expired,
    /// The certificate is for another name.
    OtherName,
    /// Another authority issued the certificate than the one that EKS reports.
    OtherAuthority,
    /// EKS reports an authority that is not a certificate.
    Broken,
    /// Connections are refused.
    Closed,
}

fn region() -> String {
    "eu-central-1".to_owned()
}

fn partition() -> String {
    "aws".to_owned()
}

fn account() -> String {
    "111122223333".to_owned()
}

fn version() -> String {
    "1.34".to_owned()
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is the value of an optional member"
)]
fn groups() -> Option<Vec<String>> {
    Some(vec!["eksentry-readers".to_owned()])
}

impl Cluster {
    /// Creates a cluster without objects of its own, whose access entry lets the caller into the group of eksentry's
    /// roles.
    pub fn new(name: &str, region: &str) -> Self {
        Self {
            name: name.to_owned(),
            region: region.to_owned(),
            partition: partition(),
            account: account(),
            version: version(),
            objects: Vec::new(),
            api_groups: Vec::new(),
            page_size: None,
            groups: groups(),
            allow: Vec::new(),
            deny: Vec::new(),
            endpoint: Endpoint::default(),
            host: None,
            faults: Vec::new(),
        }
    }

    /// Returns the name of the caller.
    pub(super) fn user(&self) -> String {
        let Self {
            partition, account, ..
        } = self;
        format!("arn:{partition}:sts::{account}:assumed-role/eksentry/eksentry-sweep")
    }

    /// Returns the domain of the endpoints in the partition.
    pub(super) fn dns_suffix(&self) -> &'static str {
        match self.partition.as_str() {
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            _ => "amazonaws.com",
        }
    }

    /// Returns the host of the endpoint in memory.
    pub(super) fn host(&self) -> String {
        let Self {
            name,
            region,
            account,
            ..
        } = self;
        let usual = || {
            // Names can be longer than the parts of a host.
            let id = letters(&format!("{account}/{region}/{name}"), 32);
            format!("{id}.gr7.{region}.eks.{}", self.dns_suffix())
        };
        self.host.clone().unwrap_or_else(usual)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_description_can_be_as_short_as_a_name() {
        let short: Cluster = serde_json::from_value(json!({"name": "prod"})).unwrap();
        let new = Cluster::new("prod", "eu-central-1");
        assert_eq!(format!("{short:?}"), format!("{new:?}"));
        let host = new.host();
        let (id, rest) = host.split_once('.').unwrap();
        assert_eq!((id.len(), rest), (32, "gr7.eu-central-1.eks.amazonaws.com"));
        let unknown = serde_json::from_value::<Cluster>(json!({"name": "prod", "page": 1}));
        assert!(unknown.is_err());
    }

    #[test]
    fn a_description_has_these_members() {
        let long: Cluster = serde_json::from_value(json!({
            "name": "prod",
            "region": "cn-north-1",
            "partition": "aws-cn",
            "groups": null,
            "endpoint": "other-name",
            "faults": [{"request": "list pods", "kind": "expired", "page": 2, "times": 1}],
        }))
        .unwrap();
        assert_eq!(long.groups, None);
        assert_eq!((long.endpoint, long.faults.len()), (Endpoint::OtherName, 1));
        assert!(long.host().ends_with(".eks.amazonaws.com.cn"));
    }
}
