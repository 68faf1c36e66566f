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
use crate::needed::{set, when};
use crate::permission::{Arns, Permission, Permissions};
use crate::{
    Gate, Reader, Unlisted, cloudtrail, ec2, ecr, eks, guardduty, inspector, organization,
};

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

    fn permissions(&self, _: &ResourceKind) -> Permissions {
        Permissions {
            always: &[eks::LIST, ecr::LIST],
            of_needs: &[
                (Need::Recorder, &[&[RECORDERS, STATUS]]),
                (Need::Detector, &[guardduty::OF_DETECTOR]),
                (Need::Inspector, &[&[ecr::SCANNING, inspector::READ]]),
                (Need::Trails, &[cloudtrail::PERMISSIONS]),
                (Need::VolumeEncryption, &[&[ec2::ENCRYPTION_BY_DEFAULT]]),
                (Need::RegistryPolicy, &[ecr::REGISTRY_POLICY]),
                (
                    Need::CreationTemplates,
                    &[&[ecr::LIST_TEMPLATES, organization::DESCRIBE]],
                ),
            ],
        }
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
        let Location {
            partition,
            region,
            account,
        } = &self.location;
        let mut account = Account {
            repositories: format!("arn:{partition}:ecr:{region}:{account}:repository/*"),
            ..Account::unread()
        };
        (account.has_clusters, account.has_repositories) =
            futures::join!(self.has_clusters(), self.has_repositories());
        // Checks do not apply where there is nothing that the settings protect, so these are not needed there.
        let mut of_clusters = needs & Need::Detector;
        let mut of_repositories = needs & Need::Inspector;
        let mut of_both = needs & Need::Trails;
        if account.has_clusters == Ok(false) {
            of_clusters.clear();
        }
        if account.has_repositories == Ok(false) {
            of_repositories.clear();
        }
        if account.nothing_to_record().is_some() {
            of_both.clear();
        }
        let (recorder, detector, scanning, trails, volumes, policy, templates) = futures::join!(
            when(needs, Need::Recorder, self.recorder()),
            when(of_clusters, Need::Detector, self.detector()),
            when(
                of_repositories,
                Need::Inspector,
                self.scanning_and_inspector()
            ),
            when(of_both, Need::Trails, self.trails()),
            when(needs, Need::VolumeEncryption, self.encrypts_volumes()),
            self.registry_policy(needs),
            self.creation_templates(needs),
        );
        set(&mut account.recorder, recorder);
        set(&mut account.detector, detector);
        if let Some((scanning, inspector)) = scanning {
            account.registry_scanning = scanning;
            account.inspector = inspector;
        }
        set(&mut account.trails, trails);
        set(&mut account.encrypts_volumes, volumes);
        (account.registry_policy, account.creation_templates) = (policy, templates);
        let of_registry = account.registry_policy.iter().flatten();
        let of_templates = account.creation_templates.items.iter();
        let of_templates =
            of_templates.filter_map(|template| template.policy.as_ref().ok()?.as_ref());
        let policies = of_registry
            .map(|registry| &registry.policy)
            .chain(of_templates);
        account.organization = self.organization_for(policies.map(AsRef::as_ref)).await;
        State::present(account)
    }

    /// Returns the ARN of the principal that makes the calls, which is read once for each account. STS requires no
    /// permission for this.
    pub(crate) async fn caller(&self) -> Fact<String> {
        let read = || Box::pin(self.read_caller());
        self.account.caller(read).await.clone()
    }

    async fn read_caller(&self) -> Fact<String> {
        let pace = &self.clients.paces.sts;
        let call = Call::new("sts:GetCallerIdentity", pace, self.location.to_string());
        let request = self.clients.sts.get_caller_identity();
        let response = call.send(request.send()).await?;
        response.arn.ok_or_else(|| call.without("the ARN"))
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
