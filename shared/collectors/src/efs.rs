//! Amazon EFS file systems, and their use by Amazon EKS.

mod parse;
mod response;

use std::collections::HashSet;

use eksentry_aws::{JsonRequest, Service, ServiceResult};
use eksentry_core::facts::EfsFileSystem;
use eksentry_core::kind::Family;
use eksentry_core::{
    Fact, Facts, FactsOf, Need, Needs, Observation, Resource, ResourceKind, State, Unread,
};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use self::response::{AccessPoints, FileSystems};
use crate::call::{Call, Next};
use crate::collector::{Collector, Listing};
use crate::permission::{Arns, Permission, Permissions};
use crate::{Gate, Reader, Unlisted};

/// Amazon EFS.
pub(crate) const SERVICE: Service = Service {
    name: "elasticfilesystem",
    id: "EFS",
};

const DESCRIBE: Permission = Permission::new(
    "elasticfilesystem:DescribeFileSystems",
    &[Arns::InRegion("file-system/*")],
);
const ACCESS_POINTS: Permission = Permission::new(
    "elasticfilesystem:DescribeAccessPoints",
    &[
        Arns::InRegion("access-point/*"),
        Arns::InRegion("file-system/*"),
    ],
);

/// The error code for a file system that does not exist.
const ABSENT: &[&str] = &["FileSystemNotFound"];

/// The most items of a page.
const PAGE: &str = "100";

/// The facts of a Region that were already read.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    in_use: OnceCell<InUse>,
}

/// The file systems that Amazon EKS uses, as far as the tags of access points show it.
#[derive(Debug, Default)]
struct InUse {
    ids: HashSet<String>,
    missing: Option<Unread>,
}

impl InUse {
    /// Returns `true` if a file system is one of them. `tags` is an error if its own tags are not all known, so that they
    /// might relate it to EKS too.
    fn contains(&self, id: &str, tags: Fact<()>) -> Fact<bool> {
        match &self.missing {
            _ if self.ids.contains(id) => Ok(true),
            Some(missing) => Err(missing.clone()),
            None => tags.map(|()| false),
        }
    }
}

/// The collector of file systems.
pub(crate) struct FileSystemCollector;

impl Collector for FileSystemCollector {
    fn family(&self) -> Family {
        Family::FileSystems
    }

    fn permissions(&self, _: &ResourceKind) -> Permissions {
        Permissions {
            always: &[DESCRIBE],
            of_needs: &[(Need::AccessPoints, &[&[ACCESS_POINTS]])],
        }
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
        _: &'a Gate<'a>,
    ) -> LocalBoxFuture<'a, State> {
        reader.file_system(resource, needs).boxed_local()
    }

    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>> {
        reader.list_file_systems(listing).boxed_local()
    }
}

impl Reader<'_> {
    /// Lists all file systems. The list has everything that a description has.
    async fn list_file_systems(&self, listing: Listing<'_>) -> Vec<Unlisted> {
        let kind = EfsFileSystem::KIND;
        let call = self.efs_call(&DESCRIBE, self.location.to_string());
        let mut missing = Vec::new();
        let read = call.pages(
            |marker| self.file_systems_page(None, marker),
            async |page: FileSystems| {
                let observed_at = self.now();
                if page.file_systems.is_none() {
                    missing.push(Unlisted::all(kind, call.no_list()));
                }
                for listed in page.file_systems.into_iter().flatten() {
                    let id = listed.id.as_deref().unwrap_or_default();
                    match Resource::named(kind, id, &self.location) {
                        Ok(resource) => {
                            let (mut facts, tags) = parse::file_system(&resource, listed);
                            if needs_access_points(&facts, listing.needs) {
                                let list = || self.file_systems_in_use(None);
                                let in_use = self.efs.in_use.get_or_init(list).await;
                                let tags = tags.map_err(|missing| call.without(missing));
                                facts.is_used_by_eks = in_use.contains(&facts.id, tags);
                            }
                            let observation = Observation {
                                resource,
                                observed_at,
                                state: State::present(facts),
                            };
                            self.send(observation, listing.out).await;
                        }
                        Err(error) => {
                            let reason = call.cannot_describe(&error.to_string());
                            missing.push(Unlisted::all(kind, reason));
                        }
                    }
                }
                Next::token(page.next_marker)
            },
        );
        if let Err(failure) = read.await {
            missing.push(Unlisted::all(kind, failure.into()));
        }
        missing
    }

    async fn file_system(&self, resource: &Resource, needs: Needs) -> State {
        let id = resource.name();
        let call = self.efs_call(&DESCRIBE, resource.to_string());
        let response = call.send(self.file_systems_page(Some(id), None)).await;
        let described = match response {
            Ok(FileSystems { file_systems, .. }) => {
                let mut described = file_systems.into_iter().flatten();
                described.find(|one| one.id.as_deref() == Some(id))
            }
            Err(failure) => return failure.into(),
        };
        let Some(described) = described else {
            return State::Unread(call.without("the file system"));
        };
        let (mut facts, tags) = parse::file_system(resource, described);
        if needs_access_points(&facts, needs) {
            let tags = tags.map_err(|missing| call.without(missing));
            let in_use = self.file_systems_in_use(Some(id)).await;
            facts.is_used_by_eks = in_use.contains(id, tags);
        }
        State::present(facts)
    }

    /// Returns the file systems that the tags of access points relate to EKS: all of the Region, or the one with this
    /// ID.
    async fn file_systems_in_use(&self, id: Option<&str>) -> InUse {
        let target = id.map_or_else(
            || self.location.to_string(),
            |id| format!("file system {id}"),
        );
        let call = self.efs_call(&ACCESS_POINTS, target);
        let mut in_use = InUse::default();
        let read = call.pages(
            |token| {
                let query = [
                    ("MaxResults", Some(PAGE.to_owned())),
                    ("NextToken", token),
                    ("FileSystemId", id.map(str::to_owned)),
                ];
                self.efs_request("DescribeAccessPoints", "2015-02-01/access-points", query)
            },
            async |page: AccessPoints| {
                let points = page.access_points;
                if points.is_none() {
                    in_use.missing = Some(call.no_list());
                }
                for point in points.into_iter().flatten() {
                    match parse::in_use(point) {
                        Ok(id) => in_use.ids.extend(id),
                        Err(absent) => in_use.missing = Some(call.without(absent)),
                    }
                }
                Next::token(page.next_token)
            },
        );
        match read.await {
            // From a call that names no file system, the error code for a missing one proves nothing.
            Err(failure) if id.is_some() => in_use.missing = failure.or_none::<()>().err(),
            Err(failure) => in_use.missing = Some(failure.into()),
            Ok(()) => {}
        }
        in_use
    }

    /// Requests a page of all file systems, or the file system with this ID.
    async fn file_systems_page(
        &self,
        id: Option<&str>,
        marker: Option<String>,
    ) -> ServiceResult<FileSystems> {
        let query = [
            ("MaxItems", Some(PAGE.to_owned())),
            ("Marker", marker),
            ("FileSystemId", id.map(str::to_owned)),
        ];
        self.efs_request("DescribeFileSystems", "2015-02-01/file-systems", query)
            .await
    }

    fn efs_call(&self, permission: &Permission, target: String) -> Call<'_> {
        Call::new(permission.action, &self.clients.paces.efs, target).absent(ABSENT)
    }

    async fn efs_request<T>(
        &self,
        operation: &'static str,
        path: &'static str,
        query: [(&'static str, Option<String>); 3],
    ) -> ServiceResult<T>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| (*name, value.as_deref()))
            .collect();
        let request = JsonRequest::get(operation, path).query(&query);
        self.clients.efs.send(request).await
    }
}

/// Returns `true` if only the access points of a file system can show whether EKS uses it, and a check needs to know.
fn needs_access_points(file_system: &EfsFileSystem, needs: Needs) -> bool {
    needs.contains(Need::AccessPoints)
        && file_system.is_used_by_eks.is_err()
        && file_system.inapplicable().is_none()
}
