//! The services that checks are about. Reports and the documentation group checks by service.
//!
//! The service follows from the id of a check, not from the kind of resource that the check evaluates: checks of several
//! services evaluate accounts, and findings contain the id even if the check is not in the registry any more.

/// A service.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// The first word of the ids of its checks, such as `eks`.
    pub prefix: &'static str,
    /// The name of the service as its publisher writes it, such as `Amazon EKS`.
    pub name: &'static str,
}

/// All services, in the order in which they are listed.
pub static SERVICES: [Service; 9] = [
    service("eks", "Amazon EKS"),
    service("k8s", "Kubernetes"),
    service("ecr", "Amazon ECR"),
    service("kms", "AWS KMS"),
    service("config", "AWS Config"),
    service("cloudtrail", "AWS CloudTrail"),
    service("guardduty", "Amazon GuardDuty"),
    service("ebs", "Amazon EBS"),
    service("efs", "Amazon EFS"),
];

const fn service(prefix: &'static str, name: &'static str) -> Service {
    Service { prefix, name }
}

/// Returns the service that the check with this id is about; `None` if the id does not begin with a known service.
pub fn of(check: &str) -> Option<&'static Service> {
    let (prefix, _) = check.split_once('-')?;
    SERVICES.iter().find(|service| service.prefix == prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_own_prefix_and_name() {
        for (index, service) in SERVICES.iter().enumerate() {
            for other in &SERVICES[..index] {
                assert_ne!(service.prefix, other.prefix);
                assert_ne!(service.name, other.name);
            }
        }
    }

    #[test]
    fn the_service_is_the_first_word_of_an_id() {
        let name = |check| of(check).map(|service| service.name);
        assert_eq!(name("eks-ecr-endpoints"), Some("Amazon EKS"));
        assert_eq!(name("ecr-immutable-tags"), Some("Amazon ECR"));
        for unknown in [
            "",
            "eks",
            "ekso-check",
            "EKS-check",
            " eks-check",
            "<b>-eks",
        ] {
            assert_eq!(name(unknown), None, "{unknown:?}");
        }
    }
}
