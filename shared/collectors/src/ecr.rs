//! Amazon ECR: a registry's repositories and their images. Each file reads one kind of response; `parse.rs` converts
//! responses into facts.

mod configurations;
mod epss;
mod images;
mod lifecycle;
mod manifests;
mod parse;
mod policies;
mod pull_through;
mod registry;
mod scan;
mod signing;

use eksentry_core::facts::{EcrImage, EcrRepository};
use eksentry_core::kind::Family;
use eksentry_core::{FactsOf, Need, Needs, Part, Resource, ResourceKind, State};
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::call::Call;
use crate::collector::{Collector, Listing};
use crate::permission::{Arns, Permission, Permissions};
use crate::{Gate, Reader, Unlisted, named_keys, organization};
use registry::Wanted;

pub(crate) use manifests::ManifestRequest;
pub(crate) use policies::{GET_REGISTRY_POLICY, GET_SETTING, LIST_TEMPLATES};
pub(crate) use registry::{LIST, Memos, SCANNING};

const REPOSITORIES: &[Arns] = &[Arns::InRegion("repository/*")];

/// The error code for a repository that does not exist, so that none of its images exists either.
const ABSENT: &[&str] = &["RepositoryNotFoundException"];

/// The error codes for an image that does not exist. From a call that lists images, the first code proves nothing.
const IMAGE_ABSENT: &[&str] = &["ImageNotFoundException", "RepositoryNotFoundException"];

/// The members without which a response is not valid: without its rules, a configuration would appear to sign nothing.
pub(crate) const REQUIRED: [(&str, &str); 1] =
    [("GetSigningConfiguration", "signingConfiguration/rules")];

/// The maximum page size of ECR's lists.
const PAGE: i32 = 1000;

/// The permissions of the calls that read an image's facts.
const OF_IMAGES: &[(Need, &[&[Permission]])] = &[
    (
        Need::ImageScan,
        &[&[scan::READ, manifests::READ], &scan::CALLED_BY_ECR],
    ),
    (Need::ManagedSigning, &[&[signing::CONFIGURATION]]),
    (
        Need::ImageSignature,
        &[&[signing::STATUS, pull_through::LIST]],
    ),
    (
        Need::ImageConfig,
        &[&[
            manifests::READ,
            pull_through::LIST,
            configurations::EXCLUSIONS,
            configurations::DOWNLOAD,
        ]],
    ),
];

/// The permissions of the calls that read a repository's facts.
const OF_REPOSITORIES: &[(Need, &[&[Permission]])] = &[
    (Need::RegistryScanning, &[&[SCANNING]]),
    (Need::ManagedSigning, &[&[signing::CONFIGURATION]]),
    (Need::LifecyclePolicy, &[&[lifecycle::READ]]),
    (Need::RepositoryKey, &[&[named_keys::DESCRIBE]]),
    (Need::KeyAliases, &[&[named_keys::LIST_ALIASES]]),
    (
        Need::RepositoryPolicy,
        &[&[policies::GET, organization::DESCRIBE]],
    ),
    (Need::RegistryPolicy, &[REGISTRY_POLICY]),
];

/// The permissions of the calls that read the registry's policy.
pub(crate) const REGISTRY_POLICY: &[Permission] =
    &[GET_REGISTRY_POLICY, GET_SETTING, organization::DESCRIBE];

/// The collector of repositories and their images.
pub(crate) struct RegistryCollector;

impl Collector for RegistryCollector {
    fn family(&self) -> Family {
        Family::Registry
    }

    fn permissions(&self, kind: &ResourceKind) -> Permissions {
        if kind == EcrImage::KIND {
            Permissions {
                always: &[LIST, images::LIST],
                of_needs: OF_IMAGES,
            }
        } else {
            Permissions {
                always: &[LIST],
                of_needs: OF_REPOSITORIES,
            }
        }
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
        gate: &'a Gate<'a>,
    ) -> LocalBoxFuture<'a, State> {
        if resource.kind() == EcrImage::KIND {
            reader.image(resource, needs, gate).boxed_local()
        } else {
            reader.repository(resource, needs).boxed_local()
        }
    }

    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>> {
        let Part::Registry(names) = listing.slice else {
            return async { Vec::new() }.boxed_local();
        };
        let wanted = Wanted {
            names,
            repositories: listing.wants(EcrRepository::KIND),
            images: listing.wants(EcrImage::KIND),
        };
        let Listing {
            needs, gate, out, ..
        } = listing;
        let list = reader.list_registry(wanted, needs, gate, out);
        list.boxed_local()
    }
}

impl Reader<'_> {
    /// Returns a call about the whole registry.
    fn registry_call(&self, permission: &Permission) -> Call<'_> {
        self.ecr_call(permission, self.registry_name())
    }

    fn ecr_call(&self, permission: &Permission, target: String) -> Call<'_> {
        Call::new(permission.action, &self.clients.paces.ecr, target).absent(ABSENT)
    }
}
