//! Accounts in a Region: the settings of the services that record and watch what happens there.

mod parse;

use eksentry_core::facts::account::{Account, Recorder};
use eksentry_core::kind::Family;
use eksentry_core::{Fact, FactsOf, Need, Needs, Observation, Resource, State, Unread};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use jiff::Timestamp;

use crate::collector::{Collector, Listing};
use crate::unread::unread;
use crate::{Reader, Unlisted, without};

const ACTIONS: &[&str] = &[
    "config:DescribeConfigurationRecorders",
    "config:DescribeConfigurationRecorderStatus",
];

const RECORDERS: &str = "config:DescribeConfigurationRecorders";
const STATUS: &str = "config:DescribeConfigurationRecorderStatus";

/// Reads the account itself.
pub(crate) struct AccountCollector;

impl Collector for AccountCollector {
    fn family(&self) -> Family {
        Family::Account
    }

    fn actions(&self) -> &'static [&'static str] {
        ACTIONS
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        _resource: &'a Resource,
        needs: Needs,
    ) -> LocalBoxFuture<'a, State> {
        reader.account(needs).boxed_local()
    }

    /// An account is always there, so nothing is listed.
    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>> {
        async move {
            let observed_at = Timestamp::now();
            match Resource::named(Account::KIND, "", &reader.location) {
                Ok(resource) => {
                    let state = Box::pin(reader.account(listing.needs)).await;
                    let observation = Observation {
                        resource,
                        observed_at,
                        state,
                    };
                    reader.hand_on(observation, listing.out).await;
                    Vec::new()
                }
                Err(error) => vec![reader.left_out(Account::KIND, "listing the account", &error)],
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
                Err(Unread::not_asked("the AWS Config recorder"))
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
        let target = self.location.to_string();
        let call = self
            .clients
            .config
            .describe_configuration_recorders()
            .send();
        let recorders = self.clients.paces.config.call(call).await;
        let recorders = recorders
            .map_err(|error| unread(RECORDERS, &target, &error))?
            .configuration_recorders
            .ok_or_else(|| without(RECORDERS, &target, "a list of recorders"))?;
        let Some(recorder) = parse::of_the_customer(&recorders) else {
            return Ok(None);
        };
        let call = self.clients.config.describe_configuration_recorder_status();
        let statuses = self.clients.paces.config.call(call.send()).await;
        let statuses = statuses
            .map_err(|error| unread(STATUS, &target, &error))?
            .configuration_recorders_status
            .unwrap_or_default();
        parse::recorder(recorder, &statuses)
            .ok_or_else(|| without(STATUS, &target, "the status of the recorder"))
            .map(Some)
    }
}
