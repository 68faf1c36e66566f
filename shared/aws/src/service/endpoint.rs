//! The endpoints of services.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

use super::Service;

/// The DNS suffixes of partitions, by the beginning of their Regions' names.
/// Source: <https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json>.
const SUFFIXES: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eusc-", "amazonaws.eu"),
];

/// Returns the URL of a service's endpoint: the one that the environment sets for the service or for all services, or
/// the endpoint of the Region.
pub(super) fn url(service: Service, config: &SdkConfig) -> String {
    let key = ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    let own = key.and_then(|key| config.service_config()?.load_config(key));
    let set = own.or_else(|| config.endpoint_url().map(str::to_owned));
    let region = config.region().map(AsRef::as_ref).unwrap_or_default();
    set.unwrap_or_else(|| of_region(service.name, region, config.use_fips() == Some(true)))
}

/// Returns the domain of the endpoints of a Region, which depends on its partition: `amazonaws.com.cn`.
pub fn dns_suffix(region: &str) -> &'static str {
    let suffix = SUFFIXES.iter().find(|(begin, _)| region.starts_with(begin));
    suffix.map_or("amazonaws.com", |(_, suffix)| suffix)
}

fn of_region(service: &str, region: &str, fips: bool) -> String {
    let suffix = dns_suffix(region);
    // All endpoints in AWS GovCloud (US) are FIPS endpoints.
    // Source: <https://github.com/boto/botocore/tree/develop/botocore/data>, the rule sets of endpoints.
    let has_fips_name = fips && !region.starts_with("us-gov-");
    let fips = if has_fips_name { "-fips" } else { "" };
    format!("https://{service}{fips}.{region}.{suffix}/")
}

#[cfg(test)]
mod tests {
    use aws_types::service_config::LoadServiceConfig;

    use super::*;

    #[test]
    fn an_endpoint_is_in_the_domain_of_its_partition() {
        for (region, fips, expected) in [
            (
                "eu-central-1",
                false,
                "https://ec2.eu-central-1.amazonaws.com/",
            ),
            (
                "us-east-1",
                true,
                "https://ec2-fips.us-east-1.amazonaws.com/",
            ),
            (
                "cn-north-1",
                false,
                "https://ec2.cn-north-1.amazonaws.com.cn/",
            ),
            (
                "us-gov-west-1",
                false,
                "https://ec2.us-gov-west-1.amazonaws.com/",
            ),
            (
                "us-gov-west-1",
                true,
                "https://ec2.us-gov-west-1.amazonaws.com/",
            ),
            (
                "us-isob-east-1",
                false,
                "https://ec2.us-isob-east-1.sc2s.sgov.gov/",
            ),
            (
                "eusc-de-east-1",
                false,
                "https://ec2.eusc-de-east-1.amazonaws.eu/",
            ),
        ] {
            assert_eq!(of_region("ec2", region, fips), expected);
        }
    }

    #[derive(Debug)]
    struct Environment;

    impl LoadServiceConfig for Environment {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            (key.service_id() == "EC2" && key.env() == "AWS_ENDPOINT_URL")
                .then(|| "http://127.0.0.1:2".to_owned())
        }
    }

    #[test]
    fn a_url_in_the_configuration_wins() {
        let ec2 = Service {
            name: "ec2",
            id: "EC2",
        };
        let elb = Service {
            name: "elasticloadbalancing",
            id: "Elastic Load Balancing v2",
        };
        let config = SdkConfig::builder()
            .endpoint_url("http://127.0.0.1:1")
            .build();
        assert_eq!(url(ec2, &config), "http://127.0.0.1:1");
        let config = config.into_builder().service_config(Environment).build();
        assert_eq!(url(ec2, &config), "http://127.0.0.1:2");
        assert_eq!(url(elb, &config), "http://127.0.0.1:1");
    }
}
