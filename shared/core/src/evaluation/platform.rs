//! The workloads that Amazon EKS and its add-ons install.
//!
//! A name proves nothing, since everybody who can create objects in a namespace can choose it. A workload is one of the
//! platform only if the images of all its containers come from the registries of the platform as well, and if the
//! cluster has the add-on that installs it. Labels and annotations prove nothing either.
//!
//! A person who can create objects in `kube-system`, `amazon-cloudwatch` or `amazon-guardduty` can still run an image of
//! the platform with another command, since commands are not compared.

pub(crate) mod registries;
pub(crate) mod workloads;

use crate::evaluation::workloads::image_reference::ImageReference;
use crate::facts::kubernetes::{KubernetesCluster, PodSpec};
use crate::facts::{List, Unread};
use crate::field::InvalidField;

use workloads::PlatformWorkload;

/// The relation of a pod to the platform, if its workload has the name of one of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    /// The pod is one of the platform.
    Platform,
    /// The pod is none of the platform, or this is not certain for a reason that lies in the pod.
    Other,
    /// The pod is one of the platform if the cluster has the add-on, but not all add-ons could be listed.
    Undecided(&'a Unread),
}

/// The source of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// A registry from which add-ons take their images.
    OfAddons,
    /// A public registry of AWS, which manifests for installation by hand name.
    Public,
    /// Another registry.
    Other,
}

/// The facts by which pods of the platform are recognized.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Platform<'a> {
    /// The names of the cluster's add-ons.
    addons: &'a List<String>,
    /// The partition of the cluster.
    partition: &'a str,
    /// `true` if images of AWS's public registries count as images of the platform.
    accepts_public: bool,
}

impl<'a> Platform<'a> {
    /// Returns the facts of a cluster in this partition.
    pub(crate) fn new(
        cluster: &'a KubernetesCluster,
        partition: &'a str,
        accepts_public: bool,
    ) -> Self {
        Self {
            addons: &cluster.addons,
            partition,
            accepts_public,
        }
    }

    /// Returns the relation of a pod to the platform. `workload` has the name of the pod's workload.
    pub(crate) fn origin(&self, workload: &PlatformWorkload, pod: &PodSpec) -> Origin<'a> {
        let Ok(sources) = self.sources(workload, pod) else {
            return Origin::Other;
        };
        if sources.is_empty() || sources.contains(&Source::Other) {
            return Origin::Other;
        }
        // Add-ons don't use images of public registries, so the workload was installed by hand.
        if sources.contains(&Source::Public) {
            return Origin::Platform;
        }
        let Some(addon) = workload.addon else {
            return Origin::Platform;
        };
        match &self.addons.missing {
            _ if self.addons.items.iter().any(|name| name == addon) => Origin::Platform,
            Some(unread) => Origin::Undecided(unread),
            None => Origin::Other,
        }
    }

    /// Returns the sources of all images of a pod: those of its containers, and those that it mounts.
    fn sources(
        &self,
        workload: &PlatformWorkload,
        pod: &PodSpec,
    ) -> Result<Vec<Source>, InvalidField> {
        let mut sources = Vec::new();
        for container in pod.containers() {
            let image = container?.container.image.read()?;
            sources.push(self.source(workload, image));
        }
        for volume in pod.volumes.items()? {
            if let Some(image) = volume.image.read()? {
                sources.push(self.source(workload, image.reference.read()?));
            }
        }
        Ok(sources)
    }

    fn source(&self, workload: &PlatformWorkload, image: Option<&String>) -> Source {
        let Some(image) = image.and_then(|image| ImageReference::read(image)) else {
            return Source::Other;
        };
        let is_of_guardduty = || registries::is_of_guardduty(&image, self.partition);
        if registries::is_of_eks(&image, self.partition)
            || workload.has_images_of_guardduty && is_of_guardduty()
        {
            Source::OfAddons
        } else if self.accepts_public && registries::is_public(&image) {
            Source::Public
        } else {
            Source::Other
        }
    }
}

#[cfg(test)]
mod tests;
