//! Accounts in a Region: their AWS Config recorder, and the existence of clusters and repositories.

mod parse;

use eksentry_core::facts::account::{Account, Recorder};
use eksentry_core::kind::Family;
use eksentry_core::{
    Fact, FactsOf, Need, Needs, Observation, ReasonCode, Resource, ResourceKind, State, Unread,
};
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::call::Call;
use crate::collector::{Collector, Listing};
use crate::permission::{Arns, Permission};
use crate::{Gate, Reader, Unlisted, ecr, eks};

const RECORDERS: Permission =
    Permission::new("config:DescribeConfigurationRecorders", &[Arns::Any]);
const STATUS: Permission =
    Permission::new("config:DescribeConfigurationRecorderStatus", &[Arns::Any]);

/// The collector of the account itself.
pub(crate) struct AccountCollector;

impl Collector for AccountCollector {
    fn family(&self) -> Family {
        Family::Account
    }

    fn permissions(&self, _: &ResourceKind) -> Vec<Permission> {
        vec![RECORDERS, STATUS, eks::LIST, ecr::LIST]
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        _resource: &'a Resource,
        needs: Needs,
        _: &'a Gate<'a>,
    ) -> LocalBoxFuture<'a, State> {
        reader.account(needs).boxed_local()
    }

    /// Describes the account. An account always exists, so nothing is listed.
    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>> {
        async move {
            let observed_at = reader.now();
            match Resource::named(Account::KIND, "", &reader.location) {
                Ok(resource) => {
                    let state = Box::pin(reader.account(listing.needs)).await;
                    let observation = Observation {
                        resource,
                        observed_at,
                        state,
                    };
                    reader.send(observation, listing.out).await;
                    Vec::new()
                }
                Err(error) => {
                    let reason = Unread {
                        code: ReasonCode::ReadFailed,
                        text: format!("The account can't be described: {error}."),
                    };
                    vec![Unlisted::all(Account::KIND, reason)]
                }
            }
        }
        .boxed_local()
    }
}

impl Reader<'_> {
    async fn account(&self, needs: Needs) -> State {
        let recorder = async {
            if needs.contains(Need::Recorder) {
                self.recorder().await
            } else {
                Err(Unread::not_requested("the AWS Config recorder"))
            }
        };
        let (has_clusters, has_repositories, recorder) =
            futures::join!(self.has_clusters(), self.has_repositories(), recorder);
        State::present(Account {
            has_clusters,
            has_repositories,
            recorder,
        })
    }

    /// Returns the customer's own recorder; `None` if there is none.
    async fn recorder(&self) -> Fact<Option<Recorder>> {
        let call = |permission: &Permission| {
            let target = self.location.to_string();
            Call::new(permission.action, &self.clients.paces.config, target)
        };
        let (recorders, status) = (call(&RECORDERS), call(&STATUS));
        let request = self.clients.config.describe_configuration_recorders();
        let response = recorders.send(request.send()).await?;
        let listed = response.configuration_recorders;
        let listed = listed.ok_or_else(|| recorders.without("the list of recorders"))?;
        let Some(recorder) = parse::customer_recorder(&listed) else {
            return Ok(None);
        };
        let request = self.clients.config.describe_configuration_recorder_status();
        let response = status.send(request.send()).await?;
        let statuses = response.configuration_recorders_status.unwrap_or_default();
        parse::recorder(recorder, &statuses)
            .ok_or_else(|| status.without("the status of the recorder"))
            .map(Some)
    }
}
