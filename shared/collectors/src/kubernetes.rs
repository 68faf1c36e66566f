//! The objects in Amazon EKS clusters, which the Kubernetes API of each cluster returns.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_eks::types::Cluster;
use eksentry_core::facts::cluster::{AuthenticationMode, Endpoint};
use eksentry_core::facts::kubernetes::Rbac;
use eksentry_core::facts::{EksCluster, KubernetesCluster, List};
use eksentry_core::kind::Family;
use eksentry_core::{
    Arn, FactsOf as _, Need, Needs, Part, ReasonCode, Resource, ResourceKind, State, Unread,
};
use eksentry_kubernetes::{
    Authority, Client, ClusterReader, Problem, Route, Token, TokenError, TokenScope, TokenSource,
};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use tokio::time::Instant;

use crate::collector::{Collector, Listing};
use crate::eks::{self, Described, addons};
use crate::permission::{Arns, Permission, Permissions, Switch};
use crate::{Gate, Reader, Unlisted};

/// The functions of template-vpc.yaml, one in each VPC.
const INVOKE: Permission = Permission::new(
    "lambda:InvokeFunction",
    &[Arns::InRegion("function:eksentry-cluster-reader-*")],
)
.granted_by(Switch::ClusterReaders);

/// The longest time for which one cluster is read.
const READING: Duration = Duration::from_mins(4);

/// The collector of the contents of clusters.
pub(crate) struct ContentsCollector;

impl Collector for ContentsCollector {
    fn family(&self) -> Family {
        Family::Kubernetes
    }

    fn permissions(&self, _: &ResourceKind) -> Permissions {
        Permissions {
            always: &[eks::LIST, eks::DESCRIBE, INVOKE],
            of_needs: &[
                (Need::AccessEntries, &[&[eks::LIST_ACCESS_ENTRIES]]),
                (Need::Workloads, &[&[addons::LIST]]),
                (Need::WorkloadTemplates, &[&[addons::LIST]]),
            ],
        }
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
        _: &'a Gate<'a>,
    ) -> LocalBoxFuture<'a, State> {
        reader.contents(resource, needs).boxed_local()
    }

    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>> {
        reader.list_contents(listing).boxed_local()
    }
}

impl Reader<'_> {
    /// Returns the names of the Region's clusters.
    ///
    /// # Errors
    ///
    /// Returns the reason why there may be others.
    pub async fn cluster_names(&self) -> Result<Vec<String>, Unread> {
        self.clusters.all_names().await
    }

    /// Describes the contents of the cluster of a part. [`KubernetesCluster`] itself records what could not be listed.
    async fn list_contents(&self, listing: Listing<'_>) -> Vec<Unlisted> {
        let names = match listing.slice {
            Part::Kubernetes(Some(name)) => Ok(vec![name.clone()]),
            _ => self.cluster_names().await,
        };
        let kind = KubernetesCluster::KIND;
        let call = self.clusters.listing();
        match names {
            Ok(names) => {
                let described =
                    self.describe_named(kind, &names, &call, listing.needs, listing.out);
                described.await.into_iter().collect()
            }
            Err(missing) => vec![Unlisted::all(kind, missing)],
        }
    }

    /// Describes the contents of a cluster.
    async fn contents(&self, resource: &Resource, needs: Needs) -> State {
        let cluster = match self.clusters.described(resource.name()).await {
            Described::Present(cluster) => cluster,
            Described::Gone => return State::Gone,
            Described::Unread(reason) => return State::Unread(reason),
        };
        let described = eks::facts(resource.name(), &cluster);
        let mut facts = contents_of(resource, &described);
        if eksentry_core::Facts::inapplicable(&facts).is_some() || facts.is_being_created() {
            return State::present(facts);
        }
        if needs.contains(Need::AccessEntries) {
            let principals = self.clusters.principals(&described, None).await;
            facts.access_entries = principals.unwrap_or_else(|| List::complete(Vec::new()));
        }
        match self.client_of(resource, &cluster, &described) {
            Ok(client) => {
                if !needs.is_disjoint(Need::Workloads | Need::WorkloadTemplates) {
                    // Add-ons create workloads.
                    facts.addons = self.clusters.addon_names(&described).await;
                }
                let objects =
                    eksentry_kubernetes::read_objects(&client, needs, facts.auto_mode).await;
                facts.unreachable = match objects.unreachable {
                    Some(problem) => Some(self.unreachable(problem, &described).await),
                    None => None,
                };
                facts.lists = objects.lists;
                facts.namespaces = objects.namespaces;
                facts.workloads = objects.workloads;
                facts.host_path_volumes = objects.host_path_volumes;
                facts.priority_classes = objects.priority_classes;
                facts.rbac = objects.rbac;
                facts.aws_auth = objects.aws_auth;
                facts.network_policy_engine = objects.network_policy_engine;
            }
            Err(cause) => {
                facts.unreachable = Some(Unread {
                    code: ReasonCode::ReadFailed,
                    text: format!(
                        "Nothing was read from the Kubernetes API, since {cause}. Check the cluster in Amazon EKS."
                    ),
                });
            }
        }
        State::present(facts)
    }

    /// Returns the reason why nothing was read from a cluster, with what is known of the cluster and of the function.
    async fn unreachable(&self, problem: Problem, cluster: &EksCluster) -> Unread {
        match problem {
            Problem::NotReached { .. } if self.clients.kubernetes.reader.is_none() => {
                with_advice(problem, cluster)
            }
            Problem::Unauthorized { call } => {
                let caller = self.caller().await.ok();
                let mode = cluster.authentication_mode.as_ref();
                Unread {
                    code: ReasonCode::AccessDenied,
                    text: unknown_caller(&call, caller.as_deref(), mode),
                }
            }
            problem => problem.into(),
        }
    }

    /// Returns a client for the Kubernetes API of a cluster, or the reason why there is none.
    fn client_of(
        &self,
        resource: &Resource,
        cluster: &Cluster,
        facts: &EksCluster,
    ) -> Result<Client, String> {
        let data = cluster
            .certificate_authority()
            .and_then(|authority| authority.data())
            .ok_or("Amazon EKS returned no certificate authority of the cluster")?;
        let authority = Authority::parse(data).map_err(|error| error.to_string())?;
        let endpoint = cluster
            .endpoint()
            .ok_or("Amazon EKS returned no endpoint of the cluster")?;
        // Tokens of a local cluster on AWS Outposts name its ID.
        let on_outpost = cluster.outpost_config().and(cluster.id());
        let name = on_outpost.unwrap_or(resource.name()).to_owned();
        let routes = &self.clients.kubernetes;
        let route = match &routes.reader {
            Some(reader) if needs_reader(&facts.endpoint) => {
                let vpc = facts.network.vpc.as_deref();
                let vpc = vpc.ok_or("Amazon EKS returned no VPC of the cluster")?;
                let aws = &self.clients.aws;
                let reader = ClusterReader::new(aws, reader.in_vpc(vpc), data.to_owned());
                Route::Reader(Box::new(reader))
            }
            _ => Route::Direct(routes.connector.connect(&authority)),
        };
        let client = Client::new(
            endpoint,
            route,
            self.tokens(name),
            self.clients.clock.clone(),
            Instant::now() + READING,
        );
        client.map_err(|error| error.to_string())
    }

    /// Returns a source of tokens for a cluster, which are signed with the credentials of the account.
    fn tokens(&self, cluster: String) -> TokenSource {
        let credentials = self.clients.aws.config().credentials_provider();
        let (clock, region) = (self.clients.clock.clone(), self.location.region.clone());
        TokenSource::new(move || {
            let (credentials, clock) = (credentials.clone(), clock.clone());
            let (cluster, region) = (cluster.clone(), region.clone());
            async move {
                let none = |cause: String| TokenError::NoCredentials(cause);
                let credentials =
                    credentials.ok_or_else(|| none("none are configured".to_owned()))?;
                let credentials = credentials.provide_credentials().await;
                let credentials = credentials.map_err(|error| none(error.to_string()))?;
                let scope = TokenScope {
                    cluster: &cluster,
                    region: &region,
                };
                Token::sign(&credentials, scope, clock.now())
            }
        })
    }
}

/// Returns `true` if a cluster is read from its VPC where possible: its private endpoint is on, and its public endpoint is
/// off or limited to some addresses.
fn needs_reader(endpoint: &Endpoint) -> bool {
    endpoint.private && !endpoint.is_open_to_world()
}

/// Returns the reason why a cluster was not reached, with the advice to deploy a cluster reader if the cluster needs one.
fn with_advice(problem: Problem, cluster: &EksCluster) -> Unread {
    let unread = Unread::from(problem);
    if !needs_reader(&cluster.endpoint) {
        return unread;
    }
    let vpc = cluster.network.vpc.as_deref().unwrap_or("its VPC");
    let text = format!(
        "{} Not every address reaches the endpoint: deploy template-vpc.yaml in {vpc}, and set ClusterReaders=on.",
        unread.text
    );
    Unread { text, ..unread }
}

/// Returns the text of a request that the cluster refused because it does not know the caller, whose ARN this is. Access
/// entries have no effect in the mode `CONFIG_MAP`, the default, and Amazon EKS refuses to create them.
///
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html>.
fn unknown_caller(call: &str, caller: Option<&str>, mode: Option<&AuthenticationMode>) -> String {
    let caller = match caller {
        Some(arn) => role_of(arn).map_or_else(|| arn.to_owned(), |role| format!("the role {role}")),
        None => "the role of the function".to_owned(),
    };
    let has_entries = mode.is_some_and(|mode| *mode != AuthenticationMode::ConfigMap);
    let advice = if has_entries {
        "Create an access entry for it in the cluster."
    } else {
        "Change the authentication mode to API_AND_CONFIG_MAP, which can't be undone, and then create an access entry \
         for it in the cluster."
    };
    let mode = mode.map_or_else(String::new, |mode| {
        format!(" (authentication mode {})", mode.name())
    });
    format!("{call} was refused (401): the cluster does not know {caller}{mode}. {advice}")
}

/// Returns the name of the role of a session: `eksentry` of `arn:aws:sts::<account>:assumed-role/eksentry/<session>`.
/// Returns `None` for any other ARN.
fn role_of(session: &str) -> Option<String> {
    let session: Arn = session.parse().ok()?;
    let (role, _) = session
        .resource()
        .strip_prefix("assumed-role/")?
        .split_once('/')?;
    Some(role.to_owned())
}

/// Returns the facts about the contents of a cluster, before they are read.
fn contents_of(resource: &Resource, cluster: &EksCluster) -> KubernetesCluster {
    KubernetesCluster {
        name: cluster.name.clone(),
        arn: resource.id().to_owned(),
        status: cluster.status.clone(),
        connected: cluster.connected,
        version: cluster.version,
        authentication_mode: cluster.authentication_mode.clone(),
        auto_mode: cluster.auto_mode,
        tags: cluster.tags.clone(),
        unreachable: None,
        addons: List::unread(Unread::not_requested("the list of add-ons")),
        lists: BTreeMap::new(),
        namespaces: BTreeMap::new(),
        workloads: Vec::new(),
        host_path_volumes: BTreeMap::new(),
        priority_classes: BTreeMap::new(),
        rbac: Rbac::default(),
        aws_auth: Err(Unread::not_requested("the ConfigMap aws-auth")),
        access_entries: List::unread(Unread::not_requested("the access entries")),
        network_policy_engine: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_caller_is_named_with_what_to_do_in_the_mode() {
        let session = Some("arn:aws:sts::111122223333:assumed-role/eksentry/eksentry-sweep");
        let user = Some("arn:aws:iam::111122223333:user/ann");
        let create = "Create an access entry for it in the cluster.";
        let change = "Change the authentication mode to API_AND_CONFIG_MAP, which can't be undone, and then create an \
                      access entry for it in the cluster.";
        for (caller, mode, known, advice) in [
            (
                session,
                "API",
                "the role eksentry (authentication mode API)",
                create,
            ),
            (
                session,
                "CONFIG_MAP",
                "the role eksentry (authentication mode CONFIG_MAP)",
                change,
            ),
            (
                user,
                "API_AND_CONFIG_MAP",
                "arn:aws:iam::111122223333:user/ann (authentication mode API_AND_CONFIG_MAP)",
                create,
            ),
            (None, "", "the role of the function", change),
        ] {
            let read = AuthenticationMode::read(mode);
            let text = unknown_caller("list namespaces", caller, read.as_ref());
            let expected = format!(
                "list namespaces was refused (401): the cluster does not know {known}. {advice}"
            );
            assert_eq!(text, expected, "{mode}");
        }
    }
}
