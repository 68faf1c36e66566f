//! Requests for single objects, and for what a cluster serves.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::{Client, NoContent};
use crate::problem::Problem;
use crate::request::{ApiResource, Request};

/// The most tries of a request while its responses are broken.
const TRIES: u32 = 4;

/// The version of an API server. On EKS, the minor version may end with `+`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The major version: `1`.
    pub major: String,
    /// The minor version: `33`.
    pub minor: String,
    /// The version of the build: `v1.33.5-eks-113cf36`.
    pub git_version: String,
}

/// The API groups of a cluster. Members that are not needed are not read.
#[derive(Deserialize)]
struct Groups {
    groups: Option<Vec<Group>>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
}

/// The status that an API server returns for an object that does not exist.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    reason: Option<String>,
    details: Option<Details>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    name: Option<String>,
}

impl Client {
    /// Reads an object. Returns `None` if the cluster has no object of that name.
    ///
    /// # Errors
    ///
    /// Returns an error if the object can't be read, or if the cluster does not serve its kind.
    pub async fn get<T: DeserializeOwned>(
        &self,
        resource: ApiResource,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<T>, Problem> {
        let request = Request::object(resource, namespace, name);
        match self.read(&request).await {
            Err(NoContent::NotFound(body)) if is_about(&body, name) => Ok(None),
            read => Ok(Some(read.map_err(|failure| problem(&request, failure))?)),
        }
    }

    /// Reads the version of the API server.
    ///
    /// # Errors
    ///
    /// Returns an error if the version can't be read.
    pub async fn version(&self) -> Result<Version, Problem> {
        let request = Request::path("/version");
        let version = self.read(&request).await;
        version.map_err(|failure| problem(&request, failure))
    }

    /// Reads the names of the API groups that the cluster serves, without the core group.
    ///
    /// # Errors
    ///
    /// Returns an error if the groups can't be read.
    pub async fn groups(&self) -> Result<Vec<String>, Problem> {
        let request = Request::path("/apis");
        let groups = self.read(&request).await;
        let groups: Groups = groups.map_err(|failure| problem(&request, failure))?;
        let groups = groups.groups.unwrap_or_default();
        Ok(groups.into_iter().map(|group| group.name).collect())
    }

    /// Makes a request again while its responses are broken.
    async fn read<T: DeserializeOwned>(&self, request: &Request) -> Result<T, NoContent> {
        let mut tries = 0;
        loop {
            let body = self.fetch(request).await;
            let read = body.and_then(|body| parse(request, &body));
            tries += 1;
            match read {
                Err(NoContent::Broken(problem)) if tries < TRIES => {
                    self.back_off(tries, problem).await?;
                }
                read => return read,
            }
        }
    }
}

fn parse<T: DeserializeOwned>(request: &Request, body: &[u8]) -> Result<T, NoContent> {
    // An object is expected. Types that accept any value would also accept another one.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let object = serde_json::from_slice(body).ok().filter(|_| is_object);
    object.ok_or_else(|| {
        NoContent::Broken(Problem::Failed {
            call: request.call.clone(),
            cause: "the response is not the expected JSON".to_owned(),
        })
    })
}

/// Returns `true` if a response with the status 404 is about the object, not about its kind.
fn is_about(body: &[u8], name: &str) -> bool {
    let status: Status = serde_json::from_slice(body).unwrap_or_default();
    let named = status.details.and_then(|details| details.name);
    status.reason.as_deref() == Some("NotFound") && named.as_deref() == Some(name)
}

fn problem(request: &Request, failure: NoContent) -> Problem {
    let call = request.call.clone();
    match failure {
        NoContent::Broken(problem) | NoContent::Failed(problem) => problem,
        NoContent::NotFound(_) => Problem::NotServed { call },
        NoContent::Expired(_) => Problem::Failed {
            call,
            cause: "the server responded with the status 410".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests;
