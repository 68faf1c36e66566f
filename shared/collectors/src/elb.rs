//! Elastic Load Balancing: the load balancers of clusters.

mod listeners;
mod parse;
mod response;
mod tagged;

use std::collections::HashMap;

use eksentry_aws::{Parameters, QueryService, Service, ServiceResult};
use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{LoadBalancer, LoadBalancerKind};
use eksentry_core::{Fact, Unread};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use self::listeners::Policies;
use self::response::{Balancer, Response};
use self::tagged::{Tagged, TaggedBalancers};
use crate::call::Call;
use crate::permission::{Arns, Permission};
use crate::{DESCRIPTIONS_AT_A_TIME, Reader, tags};

/// The version of Elastic Load Balancing with Application, Network and Gateway Load Balancers.
pub(crate) const SERVICE: QueryService = QueryService {
    service: Service {
        name: "elasticloadbalancing",
        id: "Elastic Load Balancing v2",
    },
    version: "2015-12-01",
};

const DESCRIBE: Permission =
    Permission::new("elasticloadbalancing:DescribeLoadBalancers", &[Arns::Any]);

/// The permissions of the calls about load balancers, which are found by their tags.
pub(crate) const PERMISSIONS: &[Permission] = &[
    tags::GET,
    DESCRIBE,
    listeners::DESCRIBE,
    listeners::DESCRIBE_RULES,
    listeners::DESCRIBE_POLICIES,
];

/// The most items of a page.
const PAGE: &str = "400";

/// The facts of a Region that were already read.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    tagged: OnceCell<TaggedBalancers>,
    schemes: OnceCell<Schemes>,
    policies: OnceCell<Policies>,
}

/// The schemes of all load balancers of a Region.
#[derive(Debug, Default)]
struct Schemes {
    /// `true` for each load balancer that is internal, by ARN; `None` if the response has no scheme that is known.
    are_internal: HashMap<String, Option<bool>>,
    missing: Option<Unread>,
}

impl Reader<'_> {
    /// Returns the load balancers whose tags name a cluster.
    pub(crate) async fn load_balancers(&self, cluster: &str) -> List<LoadBalancer> {
        let tagged = self.tagged_balancers(cluster).await;
        let described: Vec<Option<LoadBalancer>> = futures::stream::iter(tagged.items)
            .map(|balancer| self.load_balancer(balancer))
            .buffered(DESCRIPTIONS_AT_A_TIME)
            .collect()
            .await;
        List {
            items: described.into_iter().flatten().collect(),
            missing: tagged.missing,
        }
    }

    /// Returns a load balancer; `None` if it no longer exists.
    async fn load_balancer(&self, balancer: Tagged) -> Option<LoadBalancer> {
        let Tagged { arn, kind, name } = balancer;
        let is_internal = match kind {
            LoadBalancerKind::Classic => Err(Unread::not_requested(
                "the scheme of a Classic Load Balancer",
            )),
            _ => self.is_internal(&arn, &name).await?,
        };
        let listeners = match kind {
            LoadBalancerKind::Application | LoadBalancerKind::Network => {
                self.listeners(&arn, &name).await?
            }
            LoadBalancerKind::Classic | LoadBalancerKind::Gateway => List::complete(Vec::new()),
        };
        Some(LoadBalancer {
            name,
            kind,
            is_internal,
            listeners,
        })
    }

    /// Returns `true` if a load balancer is internal; `None` if it does not exist.
    async fn is_internal(&self, arn: &str, name: &str) -> Option<Fact<bool>> {
        let call = self.elb_call(&DESCRIBE, self.location.to_string());
        let read = || Box::pin(self.read_schemes(&call));
        let schemes = self.elb.schemes.get_or_init(read).await;
        match (schemes.are_internal.get(arn), &schemes.missing) {
            (Some(Some(is_internal)), _) => Some(Ok(*is_internal)),
            (Some(None), _) => Some(Err(
                call.without(&format!("the scheme of load balancer {name}"))
            )),
            (None, Some(missing)) => Some(Err(missing.clone())),
            (None, None) => None,
        }
    }

    /// Lists all load balancers of the Region. A page of this list has more of them than a request can name, and a load
    /// balancer that no longer exists is not in the list, while a request that names it fails.
    async fn read_schemes(&self, call: &Call<'_>) -> Schemes {
        let mut schemes = Schemes::default();
        let listed = self
            .elb_list("DescribeLoadBalancers", Vec::new(), call)
            .await;
        for balancer in listed.items {
            let Balancer { arn, scheme } = balancer;
            match arn {
                Some(arn) => {
                    let is_internal = scheme.as_deref().and_then(parse::is_internal);
                    schemes.are_internal.insert(arn, is_internal);
                }
                None => schemes.missing = Some(call.without("the ARN of a load balancer")),
            }
        }
        schemes.missing = listed.missing.or(schemes.missing);
        schemes
    }

    fn elb_call(&self, permission: &Permission, target: String) -> Call<'_> {
        Call::new(permission.action, &self.clients.paces.elb, target)
    }

    /// Lists all items. The list is empty if the target of the call does not exist.
    async fn elb_list<T>(
        &self,
        operation: &'static str,
        parameters: Parameters,
        call: &Call<'_>,
    ) -> List<T>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        self.elb_list_if_present(operation, parameters, call)
            .await
            .unwrap_or_else(|| List::complete(Vec::new()))
    }

    /// Lists all items; `None` if the target of the call does not exist.
    async fn elb_list_if_present<T>(
        &self,
        operation: &'static str,
        parameters: Parameters,
        call: &Call<'_>,
    ) -> Option<List<T>>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        call.list_if_present(
            |token| self.elb_page(operation, parameters.clone(), token),
            |response: Response<T>| {
                let page = response.result.unwrap_or_default();
                (page.items.map(|items| items.member), page.next_marker)
            },
        )
        .await
    }

    /// Requests a page of a list.
    async fn elb_page<T>(
        &self,
        operation: &'static str,
        mut parameters: Parameters,
        token: Option<String>,
    ) -> ServiceResult<Response<T>>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        parameters.push(("PageSize".to_owned(), PAGE.to_owned()));
        parameters.extend(token.map(|token| ("Marker".to_owned(), token)));
        self.clients.elb.call(operation, parameters).await
    }
}
