//! The hosts of ECR registries.

/// The domains of ECR by partition: that of its endpoints for IPv4, and that of its endpoints for IPv4 and IPv6.
///
/// Sources: <https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json> and
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html>.
const DOMAINS: [(&str, &str, Option<&str>); 8] = [
    ("aws", "amazonaws.com", Some("on.aws")),
    (
        "aws-cn",
        "amazonaws.com.cn",
        Some("on.amazonwebservices.com.cn"),
    ),
    ("aws-eusc", "amazonaws.eu", None),
    ("aws-iso", "c2s.ic.gov", None),
    ("aws-iso-b", "sc2s.sgov.gov", None),
    ("aws-iso-e", "cloud.adc-e.uk", None),
    ("aws-iso-f", "csp.hci.ic.gov", None),
    ("aws-us-gov", "amazonaws.com", Some("on.aws")),
];

/// An ECR registry, as far as its host names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EcrRegistry<'a> {
    /// The account.
    pub(crate) account: &'a str,
    /// The Region.
    pub(crate) region: &'a str,
    /// The domain of the endpoint.
    domain: &'a str,
}

impl<'a> EcrRegistry<'a> {
    /// Reads the host of a registry; `None` if it is none of ECR.
    pub(crate) fn of(host: &'a str) -> Option<Self> {
        let (account, rest) = host.split_once('.')?;
        let (service, rest) = rest.split_once('.')?;
        let (is_dual_stack, rest) = match service {
            "dkr" => {
                let (service, rest) = rest.split_once('.')?;
                let is_ecr = ["ecr", "ecr-fips"].contains(&service);
                (false, is_ecr.then_some(rest)?)
            }
            "dkr-ecr" | "dkr-ecr-fips" => (true, rest),
            _ => return None,
        };
        let (region, domain) = rest.split_once('.')?;
        let mut domains = DOMAINS.iter();
        let is_known = domains.any(|(_, ipv4, dual_stack)| {
            if is_dual_stack {
                *dual_stack == Some(domain)
            } else {
                *ipv4 == domain
            }
        });
        is_known.then_some(Self {
            account,
            region,
            domain,
        })
    }

    /// Returns `true` if the endpoint belongs to the partition.
    pub(crate) fn is_in_partition(&self, partition: &str) -> bool {
        let mut domains = DOMAINS.iter();
        domains.any(|(name, ipv4, dual_stack)| {
            *name == partition && (*ipv4 == self.domain || *dual_stack == Some(self.domain))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_the_account_and_the_region() {
        let registry = |region| Some(("123456789012", region));
        for (host, expected) in [
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                registry("eu-west-1"),
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
                registry("cn-north-1"),
            ),
            (
                "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
                registry("us-east-1"),
            ),
            (
                "123456789012.dkr-ecr.eu-west-1.on.aws",
                registry("eu-west-1"),
            ),
            (
                "123456789012.dkr-ecr-fips.us-east-1.on.aws",
                registry("us-east-1"),
            ),
            (
                "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
                registry("eusc-de-east-1"),
            ),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.io", None),
            ("123456789012.dkr.ecr.evil.io", None),
            ("123456789012.dkr.ecr.eu-west-1.on.aws", None),
            ("123456789012.dkr-ecr.eu-west-1.amazonaws.com", None),
            ("123456789012.dkr.s3.eu-west-1.amazonaws.com", None),
            ("docker.io", None),
            ("localhost", None),
        ] {
            let found = EcrRegistry::of(host).map(|one| (one.account, one.region));
            assert_eq!(found, expected, "{host}");
        }
    }

    #[test]
    fn an_endpoint_belongs_to_a_partition() {
        for (host, partition, expected) in [
            ("1.dkr.ecr.eu-west-1.amazonaws.com", "aws", true),
            ("1.dkr-ecr.eu-west-1.on.aws", "aws", true),
            ("1.dkr.ecr.us-gov-west-1.amazonaws.com", "aws-us-gov", true),
            ("1.dkr.ecr.cn-north-1.amazonaws.com.cn", "aws-cn", true),
            ("1.dkr.ecr.cn-north-1.amazonaws.com.cn", "aws", false),
            ("1.dkr.ecr.eu-west-1.amazonaws.com", "aws-cn", false),
        ] {
            let registry = EcrRegistry::of(host).unwrap();
            assert_eq!(
                registry.is_in_partition(partition),
                expected,
                "{host} {partition}"
            );
        }
    }
}
