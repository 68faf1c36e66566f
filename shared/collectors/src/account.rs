//! Accounts in a Region: their settings, and the existence of clusters and repositories.

mod parse;

use eksentry_core::facts::account::{Account, Inspector, Recorder};
use eksentry_core::facts::repository::RegistryScanning;
use eksentry_core::kind::Family;
use eksentry_core::{
    Fact, FactsOf, Location, Need, Needs, Observation, ReasonCode, Resource, ResourceKind, State,
    Unread,
};
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::call::Call;
use crate::collector::{Collector, Listing};
use crate::permission::{Arns, Permission};
use crate::{Reader, Unlisted, cloudtrail, ec2, ecr, eks, inspector, organization};

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
        let own = [
            RECORDERS,
            STATUS,
            eks::LIST,
            ecr::LIST,
            ecr::SCANNING,
            inspector::READ,
            ecr::GET_REGISTRY_POLICY,
            ecr::GET_SETTING,
            ecr::LIST_TEMPLATES,
            organization::DESCRIBE,
            ec2::ENCRYPTION_BY_DEFAULT,
        ];
        [&own[..], cloudtrail::PERMISSIONS].concat()
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        _resource: &'a Resource,
        needs: Needs,
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
        let encrypts_volumes = async {
            if needs.contains(Need::VolumeEncryption) {
                self.encrypts_volumes().await
            } else {
                Err(Unread::not_requested("the default encryption of volumes"))
            }
        };
        let (
            has_clusters,
            has_repositories,
            recorder,
            registry_policy,
            creation_templates,
            encrypts_volumes,
        ) = futures::join!(
            self.has_clusters(),
            self.has_repositories(),
            recorder,
            self.registry_policy(needs),
            self.creation_templates(needs),
            encrypts_volumes,
        );
        let of_registry = registry_policy
            .iter()
            .flatten()
            .map(|registry| &registry.policy);
        let of_templates = creation_templates.items.iter();
        let of_templates =
            of_templates.filter_map(|template| template.policy.as_ref().ok()?.as_ref());
        let policies = of_registry.chain(of_templates).map(AsRef::as_ref);
        let organization = self.organization_for(policies).await;
        let Location {
            partition,
            region,
            account,
        } = &self.location;
        let mut account = Account {
            has_clusters,
            has_repositories,
            recorder,
            repositories: format!("arn:{partition}:ecr:{region}:{account}:repository/*"),
            registry_policy,
            creation_templates,
            organization,
            encrypts_volumes,
            ..Account::unread()
        };
        if needs.contains(Need::Inspector) && account.has_repositories != Ok(false) {
            let scanning = Box::pin(self.scanning_and_inspector()).await;
            (account.registry_scanning, account.inspector) = scanning;
        }
        // Where there is nothing to record, no check needs the trails.
        if needs.contains(Need::Trails) && account.nothing_to_record().is_none() {
            account.trails = self.trails().await;
        }
        State::present(account)
    }

    async fn scanning_and_inspector(&self) -> (Fact<RegistryScanning>, Fact<Inspector>) {
        let scanning = self.registry_scanning().await;
        let inspector = match &scanning {
            Ok(scanning) => self.inspector(scanning).await,
            Err(reason) => Err(reason.clone()),
        };
        (scanning, inspector)
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
