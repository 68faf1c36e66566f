//! The load balancers of clusters, which the Resource Groups Tagging API finds by their tags.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, Tag, TagFilter};
use eksentry_core::Unread;
use eksentry_core::facts::List;
use eksentry_core::facts::cluster::LoadBalancerKind;

use super::parse::kind_and_name;
use crate::Reader;
use crate::call::{Call, Next};
use crate::ec2::OWNED;
use crate::tags::GET;

/// The keys of the tags whose values are the names of clusters: of the AWS Load Balancer Controller, of EKS Auto Mode,
/// and of old versions of the controller.
/// Source: <https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/main/pkg/deploy/tracking/provider.go>
/// and <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSLoadBalancingPolicy.html>.
const CLUSTER: [&str; 3] = [
    "elbv2.k8s.aws/cluster",
    "eks:eks-cluster-name",
    "ingress.k8s.aws/cluster",
];

/// The key of the tag with the name of a Service, which the AWS cloud provider of Kubernetes sets. Another tag, whose
/// key ends with the name of the cluster, then says that the cluster owns the load balancer.
/// Source: <https://github.com/kubernetes/cloud-provider-aws/blob/master/pkg/providers/v1/aws.go>.
const SERVICE: &str = "kubernetes.io/service-name";

/// The most resources of a page.
const PAGE: i32 = 100;

/// A load balancer, as far as its ARN describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tagged {
    pub(super) arn: String,
    pub(super) kind: LoadBalancerKind,
    pub(super) name: String,
}

/// The load balancers of clusters.
#[derive(Debug, Default)]
pub(super) struct TaggedBalancers {
    /// The ARNs of load balancers, by the cluster.
    by_cluster: HashMap<String, BTreeSet<String>>,
    missing: Option<Unread>,
}

impl TaggedBalancers {
    fn of(&self, cluster: &str) -> List<Tagged> {
        let arns = self.by_cluster.get(cluster).into_iter().flatten();
        let items = arns.filter_map(|arn| {
            let (kind, name) = kind_and_name(arn)?;
            Some(Tagged {
                arn: arn.clone(),
                kind,
                name,
            })
        });
        List {
            items: items.collect(),
            missing: self.missing.clone(),
        }
    }

    /// Adds a load balancer to the clusters that its tags name.
    fn add(&mut self, mapping: &ResourceTagMapping, call: &Call<'_>) {
        match read(mapping) {
            Ok((arn, clusters)) if kind_and_name(arn).is_some() => {
                for cluster in clusters {
                    let arns = self.by_cluster.entry(cluster.to_owned()).or_default();
                    arns.insert(arn.to_owned());
                }
            }
            Ok((arn, _)) => {
                let problem = format!("{arn} is no load balancer of a known type");
                self.missing = Some(call.cannot_describe(&problem));
            }
            Err(lacking) => self.missing = Some(call.without(lacking)),
        }
    }
}

impl Reader<'_> {
    /// Returns the load balancers whose tags name a cluster. If all clusters of the Region are evaluated, the load
    /// balancers of all of them are listed once.
    pub(super) async fn tagged_balancers(&self, cluster: &str) -> List<Tagged> {
        if self.reads_whole_region() {
            let target = format!("the load balancers of {}", self.location);
            let list = || Box::pin(self.list_tagged(of_all_clusters(), target));
            self.elb.tagged.get_or_init(list).await.of(cluster)
        } else {
            let target = format!("the load balancers of cluster {cluster}");
            Box::pin(self.list_tagged(of_cluster(cluster), target))
                .await
                .of(cluster)
        }
    }

    /// Lists load balancers, with one list for each set of filters: a resource is listed only if it passes all filters
    /// of a request.
    async fn list_tagged(&self, filters: Vec<Vec<TagFilter>>, target: String) -> TaggedBalancers {
        let call = Call::new(GET.action, &self.clients.paces.tagging, target);
        let mut found = TaggedBalancers::default();
        for filters in filters {
            let list = self.clients.tagging.get_resources();
            let list = list
                .set_tag_filters(Some(filters))
                // Target groups, listeners and rules have the same tags.
                .resource_type_filters("elasticloadbalancing:loadbalancer")
                .resources_per_page(PAGE);
            let read = call.pages(
                |token| list.clone().set_pagination_token(token).send(),
                async |page| {
                    match page.resource_tag_mapping_list {
                        Some(listed) => listed.iter().for_each(|one| found.add(one, &call)),
                        None => found.missing = Some(call.no_list()),
                    }
                    Next::token(page.pagination_token)
                },
            );
            if let Err(failure) = read.await {
                found.missing = Some(failure.into());
            }
        }
        found
    }
}

/// Returns the filters for the load balancers of all clusters.
fn of_all_clusters() -> Vec<Vec<TagFilter>> {
    let keys = CLUSTER.into_iter().chain([SERVICE]);
    keys.map(|key| vec![TagFilter::builder().key(key).build()])
        .collect()
}

/// Returns the filters for the load balancers of one cluster.
fn of_cluster(cluster: &str) -> Vec<Vec<TagFilter>> {
    let with_value = |key: &str, value: &str| TagFilter::builder().key(key).values(value).build();
    let named = CLUSTER.map(|key| vec![with_value(key, cluster)]);
    let owned = vec![
        with_value(&format!("{OWNED}{cluster}"), "owned"),
        TagFilter::builder().key(SERVICE).build(),
    ];
    named.into_iter().chain([owned]).collect()
}

/// Returns the ARN of a load balancer, and the clusters that its tags name.
///
/// # Errors
///
/// Returns the part that the response lacks.
fn read(mapping: &ResourceTagMapping) -> Result<(&str, Vec<&str>), &'static str> {
    let arn = mapping.resource_arn().ok_or("the ARN of a load balancer")?;
    let tags = mapping.tags.as_ref().ok_or("the tags of a load balancer")?;
    let is_broken =
        |tag: &Tag| tag.key().is_empty() || CLUSTER.contains(&tag.key()) && tag.value().is_empty();
    if tags.iter().any(is_broken) {
        return Err("the cluster of a load balancer");
    }
    let has_service = tags.iter().any(|tag| tag.key() == SERVICE);
    let clusters = tags.iter().filter_map(|tag| {
        if CLUSTER.contains(&tag.key()) {
            return Some(tag.value());
        }
        // The SDK returns an empty value for one that the response lacks.
        let is_owned = has_service && ["owned", ""].contains(&tag.value());
        tag.key().strip_prefix(OWNED).filter(|_| is_owned)
    });
    Ok((arn, clusters.collect()))
}

#[cfg(test)]
mod tests {
    use eksentry_aws::Pace;

    use super::*;

    const ARN: &str =
        "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/k8s-a/27e9";

    fn mapping(arn: Option<&str>, tags: Option<&[(&str, &str)]>) -> ResourceTagMapping {
        let tag = |(key, value): &(&str, &str)| Tag::builder().key(*key).value(*value).build();
        let tags = tags.map(|tags| tags.iter().map(|pair| tag(pair).unwrap()).collect());
        ResourceTagMapping::builder()
            .set_resource_arn(arn.map(str::to_owned))
            .set_tags(tags)
            .build()
    }

    #[test]
    fn tags_name_the_clusters_of_a_load_balancer() {
        let service = (SERVICE, "web/shop");
        for (tags, expected) in [
            (&[("elbv2.k8s.aws/cluster", "a")][..], Ok(vec!["a"])),
            (&[("eks:eks-cluster-name", "a")], Ok(vec!["a"])),
            (&[("ingress.k8s.aws/cluster", "a")], Ok(vec!["a"])),
            (
                &[("kubernetes.io/cluster/a", "owned"), service],
                Ok(vec!["a"]),
            ),
            (&[("kubernetes.io/cluster/a", ""), service], Ok(vec!["a"])),
            (
                &[("kubernetes.io/cluster/a", "shared"), service],
                Ok(vec![]),
            ),
            (&[("kubernetes.io/cluster/a", "owned")], Ok(vec![])),
            (&[service], Ok(vec![])),
            (&[("Name", "a")], Ok(vec![])),
            (&[], Ok(vec![])),
            (
                &[
                    ("elbv2.k8s.aws/cluster", "a"),
                    ("eks:eks-cluster-name", "b"),
                ],
                Ok(vec!["a", "b"]),
            ),
            (
                &[("elbv2.k8s.aws/cluster", "")],
                Err("the cluster of a load balancer"),
            ),
            (&[("", "a")], Err("the cluster of a load balancer")),
        ] {
            let mapping = mapping(Some(ARN), Some(tags));
            let found = read(&mapping).map(|(_, clusters)| clusters);
            assert_eq!(found, expected, "{tags:?}");
        }
        let of = |arn, tags| read(&mapping(arn, tags)).unwrap_err();
        assert_eq!(of(None, Some(&[])), "the ARN of a load balancer");
        assert_eq!(of(Some(ARN), None), "the tags of a load balancer");
    }

    #[test]
    fn each_cluster_has_its_own_load_balancers() {
        let pace = Pace::default();
        let call = Call::new(GET.action, &pace, "the load balancers");
        let mut found = TaggedBalancers::default();
        let other = ARN.replace("k8s-a", "k8s-b");
        for (arn, cluster) in [(ARN, "a"), (&other, "b"), (ARN, "a")] {
            let tags = [("elbv2.k8s.aws/cluster", cluster)];
            found.add(&mapping(Some(arn), Some(&tags)), &call);
        }
        let names = |cluster: &str| {
            let list = found.of(cluster);
            assert_eq!(list.missing, None);
            let names = list.items.into_iter().map(|balancer| balancer.name);
            names.collect::<Vec<_>>()
        };
        assert_eq!(names("a"), ["k8s-a"]);
        assert_eq!(names("b"), ["k8s-b"]);
        assert_eq!(names("c"), [""; 0]);
    }

    #[test]
    fn a_list_with_an_unknown_resource_is_incomplete() {
        let pace = Pace::default();
        let call = Call::new(GET.action, &pace, "the load balancers");
        let new = ARN.replace("/app/", "/new/");
        let tags = [("elbv2.k8s.aws/cluster", "a")];
        for (arn, tags) in [
            (Some(new.as_str()), Some(&tags[..])),
            (None, Some(&tags)),
            (Some(ARN), None),
        ] {
            let mut found = TaggedBalancers::default();
            found.add(&mapping(arn, tags), &call);
            let list = found.of("a");
            assert!(list.items.is_empty() && list.missing.is_some(), "{arn:?}");
        }
    }

    #[test]
    fn one_cluster_is_asked_for_with_its_name() {
        let text = |filters: Vec<Vec<TagFilter>>| -> Vec<String> {
            let text = |filter: &TagFilter| {
                format!("{}={}", filter.key().unwrap(), filter.values().join(","))
            };
            let texts = filters.iter();
            texts
                .map(|filters| filters.iter().map(text).collect::<Vec<_>>().join(" & "))
                .collect()
        };
        assert_eq!(
            text(of_cluster("a")),
            [
                "elbv2.k8s.aws/cluster=a",
                "eks:eks-cluster-name=a",
                "ingress.k8s.aws/cluster=a",
                "kubernetes.io/cluster/a=owned & kubernetes.io/service-name=",
            ]
        );
        assert_eq!(
            text(of_all_clusters()),
            [
                "elbv2.k8s.aws/cluster=",
                "eks:eks-cluster-name=",
                "ingress.k8s.aws/cluster=",
                "kubernetes.io/service-name=",
            ]
        );
    }
}
