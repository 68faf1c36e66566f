//! The machine images and instance types of nodes.

use std::collections::BTreeSet;

use eksentry_core::Needs;
use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{EksCluster, InstanceType, MachineImage};

use super::list::Operation;
use super::parse::{image, instance_type};
use crate::Reader;

pub(crate) const IMAGES: Operation = Operation::new("ec2:DescribeImages", 1000);
pub(crate) const INSTANCE_TYPES: Operation = Operation::new("ec2:DescribeInstanceTypes", 100);

/// The parameters that include images that their owners have deprecated or disabled: nodes can still use them.
const WITH_FORMER_IMAGES: [(&str, &str); 2] =
    [("IncludeDeprecated", "true"), ("IncludeDisabled", "true")];

impl Reader<'_> {
    /// Returns the images of a cluster's nodes, except of those that AWS manages.
    pub(crate) async fn images(&self, cluster: &EksCluster, needs: Needs) -> List<MachineImage> {
        let others = WITH_FORMER_IMAGES.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let now = self.now();
        let list = async |ids: &BTreeSet<String>| {
            self.ec2_by_ids(&IMAGES, "image-id", ids, &others, |listed| {
                image(listed, now)
            })
            .await
        };
        self.used(
            &self.ec2.images,
            |in_use| &in_use.images,
            |image| &image.id,
            list,
            (cluster, needs),
        )
        .await
    }

    /// Returns the instance types of a cluster's nodes.
    pub(crate) async fn instance_types(
        &self,
        cluster: &EksCluster,
        needs: Needs,
    ) -> List<InstanceType> {
        let list = async |names: &BTreeSet<String>| {
            self.ec2_by_ids(&INSTANCE_TYPES, "instance-type", names, &[], instance_type)
                .await
        };
        self.used(
            &self.ec2.instance_types,
            |in_use| &in_use.instance_types,
            |listed| &listed.name,
            list,
            (cluster, needs),
        )
        .await
    }
}
