//! The registries with the images of Amazon EKS.

use crate::evaluation::workloads::ecr_registry::EcrRegistry;
use crate::evaluation::workloads::image_reference::ImageReference;

/// The ECR registry of a Region: the Region, its partition, and the account.
type Registry = (&'static str, &'static str, &'static str);

/// The registries with the images of EKS add-ons, as of 2026-11-28. A Region that is not listed has no known registry.
///
/// Sources: <https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html>, and for the Regions that this page
/// does not list
/// <https://github.com/awslabs/amazon-eks-ami/blob/d31abb69bb4b/templates/al2/runtime/get-ecr-uri.sh>.
const EKS: [Registry; 46] = [
    ("af-south-1", "aws", "877085696533"),
    ("ap-east-1", "aws", "800184023465"),
    ("ap-east-2", "aws", "533267051163"),
    ("ap-northeast-1", "aws", "602401143452"),
    ("ap-northeast-2", "aws", "602401143452"),
    ("ap-northeast-3", "aws", "602401143452"),
    ("ap-south-1", "aws", "602401143452"),
    ("ap-south-2", "aws", "900889452093"),
    ("ap-southeast-1", "aws", "602401143452"),
    ("ap-southeast-2", "aws", "602401143452"),
    ("ap-southeast-3", "aws", "296578399912"),
    ("ap-southeast-4", "aws", "491585149902"),
    ("ap-southeast-5", "aws", "151610086707"),
    ("ap-southeast-6", "aws", "333609536671"),
    ("ap-southeast-7", "aws", "121268973566"),
    ("ca-central-1", "aws", "602401143452"),
    ("ca-west-1", "aws", "761377655185"),
    ("cn-north-1", "aws-cn", "918309763551"),
    ("cn-northwest-1", "aws-cn", "961992271922"),
    ("eu-central-1", "aws", "602401143452"),
    ("eu-central-2", "aws", "900612956339"),
    ("eu-isoe-west-1", "aws-iso-e", "249663109785"),
    ("eu-north-1", "aws", "602401143452"),
    ("eu-south-1", "aws", "590381155156"),
    ("eu-south-2", "aws", "455263428931"),
    ("eu-west-1", "aws", "602401143452"),
    ("eu-west-2", "aws", "602401143452"),
    ("eu-west-3", "aws", "602401143452"),
    ("eusc-de-east-1", "aws-eusc", "877088126301"),
    ("il-central-1", "aws", "066635153087"),
    ("me-central-1", "aws", "759879836304"),
    ("me-south-1", "aws", "558608220178"),
    ("mx-central-1", "aws", "730335286997"),
    ("sa-east-1", "aws", "602401143452"),
    ("us-east-1", "aws", "602401143452"),
    ("us-east-2", "aws", "602401143452"),
    ("us-gov-east-1", "aws-us-gov", "151742754352"),
    ("us-gov-west-1", "aws-us-gov", "013241004608"),
    ("us-iso-east-1", "aws-iso", "725322719131"),
    ("us-iso-west-1", "aws-iso", "608367168043"),
    ("us-isob-east-1", "aws-iso-b", "187977181151"),
    ("us-isob-west-1", "aws-iso-b", "321162350305"),
    ("us-isof-east-1", "aws-iso-f", "171035529773"),
    ("us-isof-south-1", "aws-iso-f", "676585237158"),
    ("us-west-1", "aws", "602401143452"),
    ("us-west-2", "aws", "602401143452"),
];

/// The registries with the images of the agent of GuardDuty, as of 2026-11-28. The registries of EKS have these images
/// too.
///
/// Source: <https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-ecr-repository-gdu-agent.html>.
const GUARDDUTY: [Registry; 28] = [
    ("af-south-1", "aws", "379032919888"),
    ("ap-east-1", "aws", "790429075973"),
    ("ap-northeast-1", "aws", "781592569369"),
    ("ap-northeast-2", "aws", "732248494576"),
    ("ap-northeast-3", "aws", "810724417379"),
    ("ap-south-1", "aws", "610108029387"),
    ("ap-south-2", "aws", "618745550137"),
    ("ap-southeast-1", "aws", "584580519942"),
    ("ap-southeast-2", "aws", "011662287384"),
    ("ap-southeast-3", "aws", "617474730032"),
    ("ap-southeast-4", "aws", "750462861327"),
    ("ca-central-1", "aws", "001188825231"),
    ("eu-central-1", "aws", "409493279830"),
    ("eu-central-2", "aws", "718440343717"),
    ("eu-north-1", "aws", "366771026645"),
    ("eu-south-1", "aws", "528450769569"),
    ("eu-south-2", "aws", "531047660167"),
    ("eu-west-1", "aws", "673884943994"),
    ("eu-west-2", "aws", "109118265657"),
    ("eu-west-3", "aws", "113643092156"),
    ("il-central-1", "aws", "292660727137"),
    ("me-central-1", "aws", "601769779514"),
    ("me-south-1", "aws", "541829937850"),
    ("sa-east-1", "aws", "941219317354"),
    ("us-east-1", "aws", "031903291036"),
    ("us-east-2", "aws", "591382732059"),
    ("us-west-1", "aws", "373421517865"),
    ("us-west-2", "aws", "039403964562"),
];

/// The registry with public images of AWS and others.
const PUBLIC: &str = "public.ecr.aws";

/// The aliases in the public registry that belong to teams of AWS. Their manifests for installation by hand use these
/// images.
///
/// Sources: <https://gallery.ecr.aws>, and the manifests of the projects.
const PUBLIC_ALIASES: [&str; 10] = [
    "aws-observability",
    "cloudwatch-agent",
    "csi-components",
    "ebs-csi-driver",
    "efs-csi-driver",
    "eks",
    "eks-distro",
    "karpenter",
    "mountpoint-s3-csi-driver",
    "neuron",
];

/// Returns the accounts of the registries with the images of EKS add-ons.
pub(crate) fn eks_accounts() -> impl Iterator<Item = &'static str> {
    EKS.iter().map(|(_, _, account)| *account)
}

/// Returns `true` if an image comes from the registry of EKS in a Region of the partition.
pub(super) fn is_of_eks(image: &ImageReference<'_>, partition: &str) -> bool {
    is_in(&EKS, image, partition)
}

/// Returns `true` if an image comes from the registry of GuardDuty in a Region of the partition.
pub(super) fn is_of_guardduty(image: &ImageReference<'_>, partition: &str) -> bool {
    is_in(&GUARDDUTY, image, partition)
}

/// Returns `true` if an image comes from a public registry of AWS.
pub(super) fn is_public(image: &ImageReference<'_>) -> bool {
    image.registry == PUBLIC && image.path.len() > 1 && PUBLIC_ALIASES.contains(&image.path[0])
}

fn is_in(registries: &[Registry], image: &ImageReference<'_>, partition: &str) -> bool {
    let Some(registry) = EcrRegistry::of(&image.registry) else {
        return false;
    };
    registry.is_in_partition(partition)
        && registries.contains(&(registry.region, partition, registry.account))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(image: &str) -> ImageReference<'_> {
        ImageReference::read(image).unwrap()
    }

    #[test]
    fn the_account_the_region_and_the_partition_of_an_image_decide() {
        for (image, partition, expected) in [
            (
                "602401143452.dkr.ecr.us-east-1.amazonaws.com/eks/coredns:v1",
                "aws",
                true,
            ),
            (
                "602401143452.dkr.ecr-fips.us-east-1.amazonaws.com/eks/coredns:v1",
                "aws",
                true,
            ),
            (
                "602401143452.dkr-ecr.us-east-1.on.aws/eks/coredns:v1",
                "aws",
                true,
            ),
            (
                "900612956339.dkr.ecr.eu-central-2.amazonaws.com/eks/coredns:v1",
                "aws",
                true,
            ),
            (
                "918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/coredns:v1",
                "aws-cn",
                true,
            ),
            (
                "877088126301.dkr.ecr.eusc-de-east-1.amazonaws.eu/eks/coredns:v1",
                "aws-eusc",
                true,
            ),
            (
                "249663109785.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk/eks/coredns:v1",
                "aws-iso-e",
                true,
            ),
            // The account is that of another Region.
            (
                "602401143452.dkr.ecr.eu-central-2.amazonaws.com/eks/coredns:v1",
                "aws",
                false,
            ),
            // The registry is in another partition than the cluster.
            (
                "602401143452.dkr.ecr.us-east-1.amazonaws.com/eks/coredns:v1",
                "aws-cn",
                false,
            ),
            (
                "918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/coredns:v1",
                "aws",
                false,
            ),
            (
                "918309763551.dkr.ecr.cn-north-1.amazonaws.com/eks/coredns:v1",
                "aws-cn",
                false,
            ),
            (
                "111122223333.dkr.ecr.us-east-1.amazonaws.com/eks/coredns:v1",
                "aws",
                false,
            ),
            (
                "602401143452.dkr.ecr.us-east-1.amazonaws.com.evil.io/eks/coredns:v1",
                "aws",
                false,
            ),
            (
                "602401143452.dkr.ecr.us-east-1.amazonaws.com:443/eks/coredns:v1",
                "aws",
                false,
            ),
            (
                "evil.io/602401143452.dkr.ecr.us-east-1.amazonaws.com/eks/coredns:v1",
                "aws",
                false,
            ),
            ("eks/coredns:v1", "aws", false),
        ] {
            assert_eq!(
                is_of_eks(&read(image), partition),
                expected,
                "{image} {partition}"
            );
        }
    }

    #[test]
    fn guardduty_has_registries_of_its_own() {
        let agent = "039403964562.dkr.ecr.us-west-2.amazonaws.com/aws-guardduty-agent:v1.1.0";
        assert!(is_of_guardduty(&read(agent), "aws") && !is_of_eks(&read(agent), "aws"));
        let coredns = "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/coredns:v1";
        assert!(!is_of_guardduty(&read(coredns), "aws"));
    }

    #[test]
    fn only_aliases_of_aws_are_public_registries_of_the_platform() {
        for (image, expected) in [
            ("public.ecr.aws/eks/x:1", true),
            ("public.ecr.aws/csi-components/livenessprobe:v2", true),
            ("public.ecr.aws/eksx/x:1", false),
            ("public.ecr.aws/docker/eks:1", false),
            ("public.ecr.aws/eks", false),
            ("public.ecr.aws.evil.io/eks/x:1", false),
            ("docker.io/eks/x:1", false),
        ] {
            assert_eq!(is_public(&read(image)), expected, "{image}");
        }
    }

    #[test]
    fn each_region_has_one_registry() {
        for registries in [EKS.as_slice(), GUARDDUTY.as_slice()] {
            let is_sorted = registries.is_sorted_by(|one, other| one.0 < other.0);
            assert!(is_sorted, "{registries:?}");
        }
    }
}
