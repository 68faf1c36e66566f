//! The endpoints of services.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

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
pub(super) fn url(service: &str, config: &SdkConfig) -> String {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    let own = key.and_then(|key| config.service_config()?.load_config(key));
    let set = own.or_else(|| config.endpoint_url().map(str::to_owned));
    let region = config.region().map(AsRef::as_ref).unwrap_or_default();
    set.unwrap_or_else(|| of_region(service, region, config.use_fips() == Some(true)))
}

fn of_region(service: &str, region: &str, fips: bool) -> String {
    let suffix = SUFFIXES.iter().find(|(begin, _)| region.starts_with(begin));
    let suffix = suffix.map_or("amazonaws.com", |(_, suffix)| suffix);
    let fips = if fips { "-fips" } else { "" };
    format!("https://{service}{fips}.{region}.{suffix}/")
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_url_in_the_configuration_wins() {
        let config = SdkConfig::builder()
            .endpoint_url("http://127.0.0.1:1")
            .build();
        assert_eq!(url("ec2", &config), "http://127.0.0.1:1");
    }
}
