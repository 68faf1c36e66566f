//! The registry: its repositories, and its scanning configuration.

use aws_sdk_ecr::operation::describe_repositories::DescribeRepositoriesOutput;
use eksentry_core::facts::EcrImage;
use eksentry_core::facts::List;
use eksentry_core::facts::repository::{
    EcrRepository, Encryption, ManagedSigning, RegistryScanning, RepositoryKey,
};
use eksentry_core::repository_names::RepositoryNames;
use eksentry_core::{Fact, FactsOf, Need, Needs, Observation, Resource, State, Unread};
use futures::StreamExt;
use tokio::sync::{OnceCell, Semaphore, mpsc};

use std::sync::Arc;

use super::parse::{self, KeyNames, ListedEncryption, ListedRepository, PullThroughRules};
use super::policies::PolicyMemos;
use super::{PAGE, REPOSITORIES};
use crate::call::Next;
use crate::permission::{Arns, Permission};
use crate::{DESCRIPTIONS_AT_A_TIME, Gate, Reader, Unlisted};

pub(crate) const LIST: Permission = Permission::new("ecr:DescribeRepositories", REPOSITORIES);
pub(crate) const SCANNING: Permission =
    Permission::new("ecr:GetRegistryScanningConfiguration", &[Arns::Any]);

/// The number of repositories whose images are listed at the same time, in all parts of the registry together; each may
/// hold a page of images in memory.
const REPOSITORIES_AT_A_TIME: usize = 64;

/// The permits to list the images of a repository.
#[derive(Debug)]
struct Listings(Semaphore);

impl Default for Listings {
    fn default() -> Self {
        Self(Semaphore::new(REPOSITORIES_AT_A_TIME))
    }
}

/// The part of a registry that must be read.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) names: &'a RepositoryNames,
    pub(crate) repositories: bool,
    pub(crate) images: bool,
}

impl Wanted<'_> {
    /// Returns the kinds to report as unlisted when repositories can't be listed.
    fn unlisted_kinds(self, reason: &Unread) -> Vec<Unlisted> {
        let kinds = [
            (self.repositories, EcrRepository::KIND),
            (self.images, EcrImage::KIND),
        ];
        let wanted = kinds.into_iter().filter(|(wanted, _)| *wanted);
        wanted
            .map(|(_, kind)| Unlisted::all(kind, reason.clone()))
            .collect()
    }
}

/// The responses that were already read.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    scanning: OnceCell<Fact<RegistryScanning>>,
    pub(super) policies: PolicyMemos,
    pub(super) signing: OnceCell<Fact<ManagedSigning>>,
    pub(super) pull_through: OnceCell<Fact<PullThroughRules>>,
    /// The reason why the configurations in images can't be read, if there is one.
    pub(super) configurations: OnceCell<Fact<()>>,
    /// All repositories, if they were already listed.
    listed: OnceCell<Registry>,
    listings: Listings,
    keys: KeyNames,
}

/// The repositories of a registry, or of one page of its list.
#[derive(Debug, Default)]
struct Registry {
    repositories: Vec<ListedRepository>,
    /// The reasons why the repositories may not be complete.
    unread: Vec<Unread>,
}

impl Reader<'_> {
    pub(crate) async fn list_registry(
        &self,
        wanted: Wanted<'_>,
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<Unlisted> {
        if let Some(Registry {
            repositories,
            unread,
        }) = self.ecr.listed.get()
        {
            let described = self.repositories(repositories, wanted, needs, gate, out);
            let mut unlisted = described.await;
            unlisted.extend(
                unread
                    .iter()
                    .flat_map(|reason| wanted.unlisted_kinds(reason)),
            );
            return unlisted;
        }
        let mut unlisted = Vec::new();
        let pages = self.for_each_page(async |page| {
            let described = self.repositories(&page.repositories, wanted, needs, gate, out);
            unlisted.extend(described.await);
            unlisted.extend(
                page.unread
                    .iter()
                    .flat_map(|reason| wanted.unlisted_kinds(reason)),
            );
        });
        if let Err(reason) = pages.await {
            unlisted.extend(wanted.unlisted_kinds(&reason));
        }
        unlisted
    }

    /// Lists the registry's repositories page by page. The next page is requested after `each` has processed the
    /// current one.
    async fn for_each_page(&self, mut each: impl AsyncFnMut(Registry)) -> Result<(), Unread> {
        let call = self.ecr_call(&LIST, self.location.to_string());
        let list = self.clients.ecr.describe_repositories().max_results(PAGE);
        let read = call.pages(
            |token| list.clone().set_next_token(token).send(),
            async |mut page| {
                let next = Next::token(page.next_token.take());
                each(self.registry(page)).await;
                next
            },
        );
        Ok(read.await?)
    }

    /// Returns the repositories of a page.
    fn registry(&self, page: DescribeRepositoriesOutput) -> Registry {
        let call = self.ecr_call(&LIST, self.location.to_string());
        let listed_at = self.now();
        let Some(repositories) = page.repositories else {
            return Registry {
                unread: vec![call.no_list()],
                ..Registry::default()
            };
        };
        let mut registry = Registry::default();
        for repository in repositories {
            let name = repository.repository_name().unwrap_or_default();
            match Resource::named(EcrRepository::KIND, name, &self.location) {
                Ok(_) => {
                    let listed = parse::repository(name, &repository, &self.ecr.keys, listed_at);
                    registry.repositories.push(listed);
                }
                Err(error) => {
                    registry
                        .unread
                        .push(call.cannot_describe(&error.to_string()));
                }
            }
        }
        registry
    }

    /// Sends observations of the listed repositories that are wanted, and lists and describes their images.
    async fn repositories(
        &self,
        repositories: &[ListedRepository],
        wanted: Wanted<'_>,
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<Unlisted> {
        let chosen = repositories
            .iter()
            .filter(|repository| wanted.names.contains(&repository.name));
        let describe = async {
            if wanted.repositories {
                futures::stream::iter(chosen.clone())
                    .map(|repository| self.listed_repository(repository, needs, out))
                    .buffer_unordered(DESCRIPTIONS_AT_A_TIME)
                    .collect::<()>()
                    .await;
            }
        };
        let list_images = async {
            if !wanted.images {
                return Vec::new();
            }
            futures::stream::iter(chosen.clone())
                .map(async |repository| {
                    let _permit = self.ecr.listings.0.acquire().await;
                    self.list_images(&repository.name, needs, gate, out).await
                })
                .buffer_unordered(REPOSITORIES_AT_A_TIME)
                .filter(|unlisted| std::future::ready(!unlisted.is_empty()))
                .collect::<Vec<Vec<Unlisted>>>()
                .await
        };
        let ((), lists) = futures::join!(describe, list_images);
        lists.into_iter().flatten().collect()
    }

    /// Sends an observation of a listed repository.
    async fn listed_repository(
        &self,
        repository: &ListedRepository,
        needs: Needs,
        out: &mpsc::Sender<Observation>,
    ) {
        let kind = EcrRepository::KIND;
        if let Ok(resource) = Resource::named(kind, &repository.name, &self.location) {
            let state = self.repository_facts(repository, &resource, needs).await;
            let observation = Observation {
                resource,
                observed_at: repository.listed_at,
                state,
            };
            self.send(observation, out).await;
        }
    }

    /// Returns the names of all repositories, sorted. The listed facts are kept, so that the repositories are not
    /// listed again.
    ///
    /// # Errors
    ///
    /// Returns an error if the repositories could not be listed.
    pub async fn repository_names(&self) -> Fact<Vec<String>> {
        let listed = self.listed_registry().await?;
        let mut names: Vec<String> = listed
            .repositories
            .iter()
            .map(|repository| repository.name.to_string())
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Returns the repositories that name a KMS key, each with the key as it names it.
    pub(crate) async fn keys_of_repositories(&self) -> List<(String, Arc<str>)> {
        let listed = match self.listed_registry().await {
            Ok(listed) => listed,
            Err(reason) => return List::unread(reason),
        };
        let repositories = listed.repositories.iter();
        let keys = repositories.filter_map(|repository| match &repository.encryption {
            ListedEncryption::Kms { key: Some(key), .. } => {
                Some((repository.name.to_string(), Arc::clone(key)))
            }
            _ => None,
        });
        List {
            items: keys.collect(),
            missing: listed.unread.first().cloned(),
        }
    }

    /// Returns all repositories. They are listed once.
    async fn listed_registry(&self) -> Fact<&Registry> {
        let list = || async {
            let mut registry = Registry::default();
            let pages = self.for_each_page(async |page| {
                registry.repositories.extend(page.repositories);
                registry.unread.extend(page.unread);
            });
            pages.await?;
            Fact::Ok(registry)
        };
        self.ecr.listed.get_or_try_init(list).await
    }

    /// Returns `true` if the registry holds a repository. The function always makes a call of its own, even if
    /// repositories were already listed, so that the number of a run's calls does not depend on the order of its reads.
    pub(crate) async fn has_repositories(&self) -> Fact<bool> {
        let call = self.ecr_call(&LIST, self.location.to_string());
        let request = self.clients.ecr.describe_repositories().max_results(1);
        let page = call.send(request.send()).await?;
        match page.repositories.as_deref() {
            Some([]) if page.next_token.is_none_or(|token| token.is_empty()) => Ok(false),
            Some([]) | None => Err(call.no_list()),
            Some(_) => Ok(true),
        }
    }

    pub(crate) async fn repository(&self, resource: &Resource, needs: Needs) -> State {
        let name = resource.name();
        let call = self.ecr_call(&LIST, format!("repository {name}"));
        let request = self.clients.ecr.describe_repositories();
        let request = request.repository_names(name);
        let listed = match call.send(request.send()).await {
            Ok(response) => response.repositories,
            Err(failure) => return failure.into(),
        };
        match listed.as_deref() {
            Some([repository, ..]) => {
                let repository = parse::repository(name, repository, &self.ecr.keys, self.now());
                self.repository_facts(&repository, resource, needs).await
            }
            Some([]) => State::Gone,
            None => State::Unread(call.no_list()),
        }
    }

    async fn repository_facts(
        &self,
        repository: &ListedRepository,
        resource: &Resource,
        needs: Needs,
    ) -> State {
        let registry_scanning = async {
            if needs.contains(Need::RegistryScanning) {
                self.registry_scanning().await
            } else {
                Err(Unread::not_requested(
                    "the registry's scanning configuration",
                ))
            }
        };
        let lifecycle_policy = async {
            if needs.contains(Need::LifecyclePolicy) {
                self.lifecycle_policy(&repository.name).await
            } else {
                Some(Err(Unread::not_requested("the lifecycle policy")))
            }
        };
        let encryption = self.encryption(&repository.encryption, needs);
        let (registry_scanning, lifecycle_policy, encryption, policy, registry_policy) = futures::join!(
            registry_scanning,
            lifecycle_policy,
            encryption,
            Box::pin(self.repository_policy(&repository.name, needs)),
            Box::pin(self.registry_policy(needs)),
        );
        let (Some(lifecycle_policy), Some(policy)) = (lifecycle_policy, policy) else {
            return State::Gone;
        };
        let policies = [
            policy.iter().flatten().next(),
            registry_policy
                .iter()
                .flatten()
                .next()
                .map(|registry| &registry.policy),
        ];
        let policies = policies.into_iter().flatten().map(AsRef::as_ref);
        let organization = self.organization_for(policies).await;
        let managed_signing = if needs.contains(Need::ManagedSigning) {
            self.managed_signing().await.clone()
        } else {
            Err(Unread::not_requested("the registry's managed signing"))
        };
        let filters = repository.exclusion_filters.iter();
        State::present(EcrRepository {
            name: repository.name.to_string(),
            arn: resource.id().to_owned(),
            mutability: repository.mutability.clone(),
            exclusion_filters: filters.map(ToString::to_string).collect(),
            scan_on_push: repository.scan_on_push,
            registry_scanning,
            encryption,
            lifecycle_policy,
            policy,
            registry_policy,
            organization,
            managed_signing,
        })
    }

    /// Returns the encryption of a repository, with its key if this is needed.
    async fn encryption(&self, listed: &ListedEncryption, needs: Needs) -> Encryption {
        match listed {
            ListedEncryption::Aes256 => Encryption::Aes256,
            ListedEncryption::Unknown(name) => Encryption::Unknown(name.to_string()),
            ListedEncryption::Kms { is_dual_layer, key } => {
                let key = match key {
                    Some(named) => Some(RepositoryKey {
                        named: named.to_string(),
                        key: if needs.contains(Need::RepositoryKey) {
                            Box::pin(self.named_key(named, needs)).await
                        } else {
                            Err(Unread::not_requested("the repository's key"))
                        },
                    }),
                    None => None,
                };
                Encryption::Kms {
                    is_dual_layer: *is_dual_layer,
                    key,
                }
            }
        }
    }

    /// Returns the scanning configuration of the registry, which is read once.
    pub(crate) async fn registry_scanning(&self) -> Fact<RegistryScanning> {
        let read = || Box::pin(self.read_registry_scanning());
        self.ecr.scanning.get_or_init(read).await.clone()
    }

    async fn read_registry_scanning(&self) -> Fact<RegistryScanning> {
        let call = self.registry_call(&SCANNING);
        let request = self.clients.ecr.get_registry_scanning_configuration();
        let response = call.send(request.send()).await?;
        let configuration = response.scanning_configuration();
        let configuration =
            configuration.ok_or_else(|| call.without("the scanning configuration"))?;
        Ok(parse::registry_scanning(configuration))
    }
}
