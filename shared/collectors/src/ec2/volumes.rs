//! The volumes of clusters, and the default encryption of volumes.

use std::collections::{BTreeSet, HashMap};

use eksentry_core::facts::List;
use eksentry_core::{Fact, Unread};

use super::list::{Operation, filters};
use super::nodes::INSTANCES;
use super::parse::{UnencryptedVolume, clusters, volume};
use super::response::{EncryptionByDefault, Reservation, Volume, items};
use crate::Reader;
use crate::permission::{Arns, Permission};

pub(crate) const VOLUMES: Operation = Operation::new("ec2:DescribeVolumes", 1000);

pub(crate) const ENCRYPTION_BY_DEFAULT: Permission =
    Permission::new("ec2:GetEbsEncryptionByDefault", &[Arns::Any]);

/// The unencrypted volumes of the clusters in a Region.
#[derive(Debug, Default)]
pub(crate) struct RegionVolumes {
    by_cluster: HashMap<String, BTreeSet<String>>,
    missing: Option<Unread>,
}

impl RegionVolumes {
    fn of(&self, cluster: &str) -> List<String> {
        let volumes = self.by_cluster.get(cluster).into_iter().flatten();
        List {
            items: volumes.cloned().collect(),
            missing: self.missing.clone(),
        }
    }

    fn add(&mut self, clusters: &[String], volume: &str) {
        for cluster in clusters {
            let volumes = self.by_cluster.entry(cluster.clone()).or_default();
            volumes.insert(volume.to_owned());
        }
    }
}

impl Reader<'_> {
    /// Returns the IDs of a cluster's unencrypted volumes, sorted. The volumes of all clusters of the Region are listed
    /// once: the list has only unencrypted ones, which are few, and no filter selects those of a cluster.
    pub(crate) async fn unencrypted_volumes(&self, cluster: &str) -> List<String> {
        let list = || Box::pin(self.list_volumes());
        self.ec2.volumes.get_or_init(list).await.of(cluster)
    }

    async fn list_volumes(&self) -> RegionVolumes {
        let mut parameters = filters(&[("encrypted", &["false"])]);
        // Volumes that AWS manages may be hidden.
        parameters.push(("IncludeManagedResources".to_owned(), "true".to_owned()));
        let mut volumes: Vec<UnencryptedVolume> = Vec::new();
        let target = self.location.to_string();
        let missing = self.ec2_pages(&VOLUMES, parameters, target, |listed: &Volume| {
            volumes.extend(volume(listed)?);
            Ok(())
        });
        let mut found = RegionVolumes {
            missing: missing.await,
            ..RegionVolumes::default()
        };
        let attached: BTreeSet<String> = volumes
            .iter()
            .flat_map(|volume| volume.instances.iter().cloned())
            .collect();
        let List { items, missing } = self.instances_of_clusters(&attached).await;
        found.missing = found.missing.or(missing);
        let clusters: HashMap<String, Vec<String>> = items.into_iter().collect();
        for volume in &volumes {
            found.add(&volume.clusters, &volume.id);
            let instances = volume.instances.iter();
            for clusters in instances.filter_map(|instance| clusters.get(instance)) {
                found.add(clusters, &volume.id);
            }
        }
        let unknown = volumes
            .iter()
            .filter(|volume| volume.is_of_unknown_cluster());
        let unknown = unknown.count();
        if unknown > 0 {
            tracing::info!(
                place = %self.location,
                volumes = unknown,
                "unencrypted volumes of the EBS CSI driver are neither attached nor tagged with a cluster's name"
            );
        }
        found
    }

    /// Returns those of these instances whose tags name clusters, with the names of the clusters.
    async fn instances_of_clusters(&self, ids: &BTreeSet<String>) -> List<(String, Vec<String>)> {
        let read = |reservation: &Reservation| {
            let instances = reservation.instances_set.as_ref();
            let instances = instances.ok_or("the instances of a reservation")?;
            let mut found = Vec::new();
            for instance in items(Some(instances)) {
                let id = instance.instance_id.clone();
                let id = id.ok_or("the ID of an instance")?;
                found.push((id, clusters(instance.tag_set.as_ref())));
            }
            found.retain(|(_, clusters)| !clusters.is_empty());
            Ok(found)
        };
        let others = [("IncludeManagedResources".to_owned(), "true".to_owned())];
        let found = self.ec2_by_ids(&INSTANCES, "instance-id", ids, &others, read);
        let List { items, missing } = found.await;
        List {
            items: items.into_iter().flatten().collect(),
            missing,
        }
    }

    /// Returns `true` if Amazon EBS encrypts new volumes by default.
    pub(crate) async fn encrypts_volumes(&self) -> Fact<bool> {
        let call = self.ec2_call(&ENCRYPTION_BY_DEFAULT, self.location.to_string());
        let request = self.ec2_request(&ENCRYPTION_BY_DEFAULT, Vec::new());
        let response: EncryptionByDefault = call.send(request).await?;
        let is_on = response.ebs_encryption_by_default;
        is_on.ok_or_else(|| call.without("the setting"))
    }
}
