//! VPC endpoints.

use crate::facts::Fact;
use crate::policy::ResourcePolicy;

/// An endpoint in a VPC.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html>.
#[derive(Debug, Clone, PartialEq)]
pub struct VpcEndpoint {
    /// The ID.
    pub id: String,
    /// The name of the service: `com.amazonaws.eu-central-1.ecr.api`.
    pub service: String,
    /// `true` if the endpoint is a network interface, and not a route of a gateway.
    pub is_interface: bool,
    /// `true` if the endpoint can be used.
    pub is_available: bool,
    /// `true` if the service's public name leads to the endpoint in the VPC; `None` if the response does not include
    /// the setting.
    pub has_private_dns: Option<bool>,
    /// The policy; `None` if the endpoint has none, so that the default policy applies, which allows everything.
    pub policy: Fact<Option<ResourcePolicy>>,
}

impl VpcEndpoint {
    /// Returns `true` if the endpoint is for a service with that short name (`ecr.api`, `s3`) in a Region.
    pub fn is_for(&self, service: &str, region: &str) -> bool {
        self.region_for(service) == Some(region)
    }

    /// Returns the Region in the name of the service; `None` if the endpoint is for another service than the one with
    /// that short name. In China the names of some services begin with `cn.`, and those of others do not.
    pub fn region_for(&self, service: &str) -> Option<&str> {
        let prefix = self.service.strip_suffix(service)?;
        let (_, region) = prefix.strip_suffix('.')?.rsplit_once('.')?;
        Some(region)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_for_the_service_at_the_end_of_its_name() {
        for (name, service, region, expected) in [
            (
                "com.amazonaws.eu-central-1.ecr.api",
                "ecr.api",
                "eu-central-1",
                true,
            ),
            (
                "cn.com.amazonaws.cn-north-1.ecr.api",
                "ecr.api",
                "cn-north-1",
                true,
            ),
            ("com.amazonaws.cn-north-1.s3", "s3", "cn-north-1", true),
            (
                "com.amazonaws.eu-central-1.ecr.api-x",
                "ecr.api",
                "eu-central-1",
                false,
            ),
            (
                "com.amazonaws.eu-central-1.xecr.api",
                "ecr.api",
                "eu-central-1",
                false,
            ),
            (
                "com.amazonaws.us-east-1.ecr.api",
                "ecr.api",
                "eu-central-1",
                false,
            ),
            (
                "com.amazonaws.eu-central-1.s3express",
                "s3",
                "eu-central-1",
                false,
            ),
            ("ecr.api", "ecr.api", "eu-central-1", false),
        ] {
            let endpoint = VpcEndpoint {
                id: "vpce-1".into(),
                service: name.into(),
                is_interface: true,
                is_available: true,
                has_private_dns: Some(true),
                policy: Ok(None),
            };
            assert_eq!(
                endpoint.is_for(service, region),
                expected,
                "{name} {service}"
            );
        }
    }
}
