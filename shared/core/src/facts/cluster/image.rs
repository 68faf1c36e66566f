//! The machine images and instance types of nodes.

use jiff::civil::Date;

/// A machine image (AMI) that nodes use.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineImage {
    /// The ID.
    pub id: String,
    /// The name.
    pub name: Option<String>,
    /// `true` if Amazon owns the image.
    pub is_amazon: bool,
    /// The age; `None` if the response has no valid date of creation. A copy of an image has the date of the copy.
    pub age: Option<Age>,
}

/// The families of images that differ in their support or their updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFamily {
    /// The EKS optimized images of Amazon Linux 2, which get no updates since 2025-11-26.
    /// Source: <https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-deprecation-faqs.html>.
    AmazonLinux2,
    /// The images of Bottlerocket, which can update a running node.
    /// Source: <https://docs.aws.amazon.com/eks/latest/userguide/eks-optimized-ami-bottlerocket.html>.
    Bottlerocket,
    /// Other images.
    Other,
}

/// The beginnings of the names of the images of Amazon Linux 2, for example `amazon-eks-node-1.30-v20240514`. The names
/// of those of Amazon Linux 2023 begin with `amazon-eks-node-al2023-`.
const AMAZON_LINUX_2: [&str; 3] = [
    "amazon-eks-node-1.",
    "amazon-eks-gpu-node-1.",
    "amazon-eks-arm64-node-1.",
];

impl MachineImage {
    /// Returns the family; `None` if the response has no name.
    pub fn family(&self) -> Option<ImageFamily> {
        let name = self.name.as_deref()?;
        let begins_with = |beginning: &&str| name.starts_with(*beginning);
        Some(
            if self.is_amazon && AMAZON_LINUX_2.iter().any(begins_with) {
                ImageFamily::AmazonLinux2
            } else if name.starts_with("bottlerocket-aws-k8s-") {
                ImageFamily::Bottlerocket
            } else {
                ImageFamily::Other
            },
        )
    }
}

/// The age of an image, or of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// The day on which the image was created, or on which the event occurred.
    pub created: Date,
    /// The number of days since then.
    pub days: i64,
}

/// An instance type that nodes have.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NetworkInfo.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceType {
    /// The name: `m7g.large`.
    pub name: String,
    /// `true` if traffic between such instances is encrypted by their hardware; `None` if the response does not include
    /// the property.
    pub encrypts_in_transit: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::machine_image;

    #[test]
    fn the_name_and_the_owner_show_the_family() {
        use ImageFamily::{AmazonLinux2, Bottlerocket, Other};
        for (name, is_amazon, expected) in [
            ("amazon-eks-node-1.30-v20240514", true, AmazonLinux2),
            ("amazon-eks-gpu-node-1.30-v20240514", true, AmazonLinux2),
            ("amazon-eks-arm64-node-1.9-v20240514", true, AmazonLinux2),
            ("amazon-eks-node-1.30-v20240514", false, Other),
            ("my-amazon-eks-node-1.30-v20240514", true, Other),
            (
                "amazon-eks-node-al2023-x86_64-standard-1.33-v20261101",
                true,
                Other,
            ),
            ("amazon-eks-gpu-arm64-node-1.30-v20240514", true, Other),
            (
                "bottlerocket-aws-k8s-1.33-x86_64-v1.44.0-0a1b2c3d",
                true,
                Bottlerocket,
            ),
            (
                "bottlerocket-aws-k8s-1.33-nvidia-aarch64-v1.44.0",
                false,
                Bottlerocket,
            ),
            ("bottlerocket-aws-ecs-2-x86_64-v1.44.0", true, Other),
            (
                "Windows_Server-2022-English-Core-EKS_Optimized-1.33-2026.11.12",
                true,
                Other,
            ),
            ("", true, Other),
        ] {
            let image = MachineImage {
                name: Some(name.into()),
                is_amazon,
                ..machine_image()
            };
            assert_eq!(image.family(), Some(expected), "{name} {is_amazon}");
        }
        let without = MachineImage {
            name: None,
            ..machine_image()
        };
        assert_eq!(without.family(), None);
    }
}
