//! ## What it checks
//!
//! The EC2 nodes of an EKS cluster should run a recent image and a supported Kubernetes version. The check fails with
//! HIGH if there are no updates any more: the image is an EKS optimized image of Amazon Linux 2, whose support ended on
//! 2025-11-26, or EKS no longer supports the Kubernetes version of a node group.
//!
//! It fails with MEDIUM if an image is older than `maxImageAgeDays`. The age is that of the images that nodes use, and of
//! the release or the custom image of each node group, even if it has no nodes at present. A copy of an image has the
//! date of the copy. The check fails with LOW if a node group is more than `maxMinorSkew` minor versions behind the
//! cluster.
//!
//! The result is a warning if EC2 no longer shows the image of a node and the release of its node group has no date, if
//! a node outside of node groups was started from an old Bottlerocket image, which can be updated in place, and if EKS
//! does not list the Kubernetes version of a node group. Nodes of EKS Auto Mode are not evaluated, since AWS replaces
//! them within 21 days.
//!
//! ## Why it matters
//!
//! An image contains the kernel, the container runtime and the kubelet. Fixes of their vulnerabilities reach a node only
//! with a new image, since EKS does not update running nodes. The Kubernetes version of nodes also stays the same when
//! the control plane is upgraded.
//!
//! ## How to fix it
//!
//! Update the node groups, and let Karpenter or the Auto Scaling group replace other nodes. From Amazon Linux 2, migrate
//! to Amazon Linux 2023 or Bottlerocket, which requires a new node group.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::nodes::{GroupVersions, ImagesInUse, without_nodes};
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

static MAX_IMAGE_AGE_DAYS: Parameter<u32> = Parameter {
    name: "maxImageAgeDays",
    description: "The largest age of an image in days.",
    default: 60,
};

static MAX_MINOR_SKEW: Parameter<u32> = Parameter {
    name: "maxMinorSkew",
    description: "The largest number of minor versions by which a node group may be behind the cluster.",
    default: 2,
};

pub(super) static CHECK: Check = Check {
    id: "eks-nodes-current",
    enabled: true,
    title: "EKS nodes should run a recent image and a supported Kubernetes version",
    requirement: "Nodes should run an image that is supported and at most maxImageAgeDays old, and a supported Kubernetes \
                  version that is at most maxMinorSkew minor versions behind the cluster.",
    severities: &[
        (
            Severity::High,
            "the image or the Kubernetes version of the nodes gets no security fixes any more",
        ),
        (
            Severity::Medium,
            "the image of the nodes lacks the security fixes of several weeks",
        ),
        (
            Severity::Low,
            "Kubernetes supports nodes only up to three minor versions behind the control plane",
        ),
    ],
    remediation: Remediation {
        text: "Update each node group to the newest release of a supported Kubernetes version, and replace other nodes. \
               Replace node groups of Amazon Linux 2 by new ones of Amazon Linux 2023 or Bottlerocket.",
        command: "aws eks update-nodegroup-version --region {region} --cluster-name {name} --nodegroup-name <node group>",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/update-managed-node-group.html",
    },
    parameters: &[&MAX_IMAGE_AGE_DAYS, &MAX_MINOR_SKEW],
    needs: &[
        Need::Nodes,
        Need::NodeGroups,
        Need::Images,
        Need::VersionSupport,
    ],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let max_days = settings.get(&MAX_IMAGE_AGE_DAYS);
    let max_skew = settings.get(&MAX_MINOR_SKEW);
    let images = ImagesInUse::of(cluster, max_days);
    let versions = GroupVersions::of(cluster, max_skew);
    let failure = Verdict::failed_by([
        (
            Severity::High,
            Reason::naming(
                ReasonCode::NodeImageUnsupported,
                "EKS no longer supports Amazon Linux 2, which these nodes run",
                &joined(&images.unsupported),
            ),
        ),
        (
            Severity::High,
            Reason::naming(
                ReasonCode::VersionUnsupported,
                "EKS no longer supports the Kubernetes versions of these node groups",
                &joined(&versions.unsupported),
            ),
        ),
        (
            Severity::Medium,
            Reason::naming(
                ReasonCode::NodeImageTooOld,
                &format!("The images of these nodes are more than {max_days} days old"),
                &with_dates(&images.old),
            ),
        ),
        (
            Severity::Low,
            Reason::naming(
                ReasonCode::NodeVersionBehind,
                &format!(
                    "These node groups are more than {max_skew} minor versions behind the cluster"
                ),
                &joined(&versions.behind),
            ),
        ),
    ]);
    if let Some(failure) = failure {
        return failure;
    }
    let missing = [&cluster.nodes.missing, &cluster.node_groups.missing];
    let missing = missing.into_iter().flatten().next().cloned();
    if let Some(unread) = missing
        .or_else(|| unread_images(cluster, &images))
        .or_else(|| versions.unread.first().cloned())
    {
        return Verdict::not_available(&unread);
    }
    let warnings = warnings(&images, &versions, max_days);
    if !warnings.is_empty() {
        return Verdict::warning_for(warnings);
    }
    without_nodes(cluster).unwrap_or_else(|| passed(cluster))
}

fn warnings(images: &ImagesInUse, versions: &GroupVersions, max_days: u32) -> Vec<Reason> {
    let warnings = [
        Reason::naming(
            ReasonCode::NodeImageGone,
            "EC2 does not show the images of these nodes any more, so their age is unknown",
            &joined(&images.gone),
        ),
        Reason::naming(
            ReasonCode::NodeImageMayBeUpdated,
            &format!(
                "These nodes were started from Bottlerocket images that are more than {max_days} days old, and may have \
                 been updated since"
            ),
            &with_dates(&images.may_be_updated),
        ),
        Reason::naming(
            ReasonCode::VersionNotListed,
            "EKS does not list the Kubernetes versions of these node groups",
            &joined(&versions.not_listed),
        ),
    ];
    warnings.into_iter().flatten().collect()
}

fn passed(cluster: &EksCluster) -> Verdict {
    let mut nodes = cluster.nodes.items.iter();
    if nodes.all(|node| node.is_managed) && cluster.node_groups.items.is_empty() {
        return Verdict::passed(
            ReasonCode::NodesManaged,
            "AWS manages all nodes and replaces them within 21 days (EKS Auto Mode).",
        );
    }
    Verdict::passed(
        ReasonCode::NodesCurrent,
        "All nodes run a recent image, and all node groups have a supported Kubernetes version.",
    )
}

/// Returns the reason why the image of a node is not known, or `None` if all are known.
fn unread_images(cluster: &EksCluster, images: &ImagesInUse) -> Option<Unread> {
    if !images.unread.is_empty() {
        return cluster.images.missing.clone();
    }
    Unread::naming(
        ReasonCode::NodeImageUnknown,
        "The responses of EC2 and EKS do not include the image, or not its type, name or date, of",
        &joined(&images.unknown),
    )
}

fn joined<'a>(groups: impl IntoIterator<Item = &'a String>) -> String {
    names(groups.into_iter().map(String::as_str))
}

fn with_dates(groups: &BTreeMap<String, Date>) -> String {
    let groups = groups
        .iter()
        .map(|(group, date)| format!("{group} ({date})"));
    joined(&groups.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{
        age, cluster, listed_version, machine_image, node, node_group, settings, unread,
    };
    use crate::facts::List;
    use crate::facts::cluster::{Age, MachineImage, Node, NodeGroup, NodeOrigin};
    use crate::verdict::Outcome;

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const LOW: Outcome = Outcome::Failed(Severity::Low);

    fn verdict(cluster: &EksCluster, parameters: &str) -> Verdict {
        evaluate(cluster, &settings(CHECK.parameters, parameters))
    }

    /// Returns a cluster with version 1.36, with a node group of another version without nodes. EKS supports 1.36 and
    /// 1.33.
    fn with_version(version: &str) -> EksCluster {
        let group = NodeGroup {
            version: version.parse().ok(),
            ..node_group()
        };
        EksCluster {
            version: "1.36".parse().ok(),
            listed_versions: List::complete(["1.36", "1.33"].map(listed_version).into()),
            nodes: List::complete(Vec::new()),
            node_groups: List::complete(vec![group]),
            ..cluster()
        }
    }

    /// Returns a cluster with a node of a node pool whose image has this age.
    fn with_image(name: &str, days: i64) -> EksCluster {
        let image = MachineImage {
            name: Some(name.into()),
            age: Some(age(days)),
            ..machine_image()
        };
        let node = Node {
            group: NodeOrigin::NodePool("spot".into()),
            ..node()
        };
        EksCluster {
            images: List::complete(vec![image]),
            nodes: List::complete(vec![node]),
            node_groups: List::complete(Vec::new()),
            ..cluster()
        }
    }

    #[test]
    fn the_versions_of_node_groups_decide() {
        let three = r#"{"maxMinorSkew": 3}"#;
        for (version, parameters, outcome, code) in [
            ("1.36", "{}", Outcome::Passed, "NO_NODES"),
            ("1.33", "{}", LOW, "NODE_VERSION_BEHIND"),
            ("1.33", three, Outcome::Passed, "NO_NODES"),
            ("1.32", "{}", HIGH, "VERSION_UNSUPPORTED"),
            ("1.35", "{}", Outcome::Warning, "VERSION_NOT_LISTED"),
            ("", "{}", Outcome::NotAvailable, "VERSION_UNKNOWN"),
        ] {
            let verdict = verdict(&with_version(version), parameters);
            assert_eq!(
                (verdict.outcome, verdict.codes()[0]),
                (outcome, code),
                "{version} {parameters}"
            );
        }
    }

    #[test]
    fn images_decide() {
        let managed = EksCluster {
            nodes: List::complete(vec![Node {
                is_managed: true,
                ..node()
            }]),
            ..cluster()
        };
        let recent = r#"{"maxImageAgeDays": 100}"#;
        let bottlerocket = "bottlerocket-aws-k8s-1.33-aarch64-v1.44.0-0a1b2c3d";
        for (cluster, parameters, outcome, code) in [
            (cluster(), "{}", Outcome::Passed, "NODES_CURRENT"),
            (managed, "{}", Outcome::Passed, "NODES_CURRENT"),
            (
                with_image("golden", 60),
                "{}",
                Outcome::Passed,
                "NODES_CURRENT",
            ),
            (with_image("golden", 61), "{}", MEDIUM, "NODE_IMAGE_TOO_OLD"),
            (
                with_image("golden", 100),
                recent,
                Outcome::Passed,
                "NODES_CURRENT",
            ),
            (
                with_image("amazon-eks-node-1.32-v20261120", 1),
                "{}",
                HIGH,
                "NODE_IMAGE_UNSUPPORTED",
            ),
            (
                with_image(bottlerocket, 61),
                "{}",
                Outcome::Warning,
                "NODE_IMAGE_MAY_BE_UPDATED",
            ),
        ] {
            let verdict = verdict(&cluster, parameters);
            assert_eq!(
                (verdict.outcome, verdict.codes()[0]),
                (outcome, code),
                "{cluster:?}"
            );
        }
    }

    #[test]
    fn a_fact_that_was_not_read_prevents_a_pass_and_a_warning_but_no_failure() {
        fn nodes(cluster: &mut EksCluster) {
            cluster.nodes.missing = Some(unread());
        }
        fn node_groups(cluster: &mut EksCluster) {
            cluster.node_groups.missing = Some(unread());
        }
        fn images(cluster: &mut EksCluster) {
            cluster.images = List::unread(unread());
        }
        fn versions(cluster: &mut EksCluster) {
            cluster.listed_versions = List::unread(unread());
        }
        fn version(cluster: &mut EksCluster) {
            cluster.version = None;
        }
        fn image(cluster: &mut EksCluster) {
            cluster.nodes.items[0].image = None;
        }
        let old_group = || NodeGroup {
            name: "old".into(),
            release_age: Some(age(61)),
            ..node_group()
        };
        let gone = Node {
            group: NodeOrigin::Other,
            image: Some("ami-gone".into()),
            ..node()
        };
        for (forget, code) in [
            (nodes as fn(&mut EksCluster), "ACCESS_DENIED"),
            (node_groups, "ACCESS_DENIED"),
            (images, "ACCESS_DENIED"),
            (versions, "ACCESS_DENIED"),
            (version, "VERSION_UNKNOWN"),
            (image, "NODE_IMAGE_UNKNOWN"),
        ] {
            let mut forgetful = cluster();
            forget(&mut forgetful);
            assert_eq!(verdict(&forgetful, "{}").codes(), [code], "{forgetful:?}");
            forgetful.nodes.items.push(gone.clone());
            let outcome = verdict(&forgetful, "{}").outcome;
            assert_eq!(outcome, Outcome::NotAvailable, "{forgetful:?}");
            forgetful.node_groups.items.push(old_group());
            assert_eq!(verdict(&forgetful, "{}").outcome, MEDIUM, "{forgetful:?}");
        }
    }

    #[test]
    fn facts_that_do_not_matter_may_be_unread() {
        let managed = Node {
            is_managed: true,
            image: Some("ami-gone".into()),
            ..node()
        };
        let of_auto_mode = |nodes: Vec<Node>| EksCluster {
            auto_mode: true,
            nodes: List::complete(nodes),
            node_groups: List::complete(Vec::new()),
            images: List::unread(unread()),
            listed_versions: List::unread(unread()),
            version: None,
            ..cluster()
        };
        let without_any = EksCluster {
            auto_mode: false,
            ..of_auto_mode(vec![])
        };
        for (cluster, code) in [
            (of_auto_mode(vec![managed]), "NODES_MANAGED"),
            (of_auto_mode(vec![]), "NO_NODES"),
            (without_any, "NO_NODES_TO_EVALUATE"),
        ] {
            assert_eq!(verdict(&cluster, "{}").codes(), [code]);
        }
    }

    #[test]
    fn reasons_name_groups_and_dates_but_no_ages() {
        let text = |days| {
            let release = NodeGroup {
                release_age: Some(Age {
                    created: "2026-09-01".parse().unwrap(),
                    days,
                }),
                ..node_group()
            };
            let cluster = EksCluster {
                node_groups: List::complete(vec![release]),
                version: "1.36".parse().ok(),
                ..cluster()
            };
            verdict(&cluster, "{}").explanation()
        };
        assert_eq!(
            text(61),
            "The images of these nodes are more than 60 days old: node group general (2026-09-01). These node groups \
             are more than 2 minor versions behind the cluster: general (1.33)."
        );
        assert_eq!(text(61), text(62));
    }
}
