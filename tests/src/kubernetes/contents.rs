//! The contents of an account's clusters, from a file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{api::KubernetesApi, cluster::Cluster, objects::ObjectError, token::Credentials};
use crate::stand_in::{SECRET_KEY, SESSION_TOKEN};

/// An error in the contents of clusters.
#[derive(Debug, Error)]
pub enum ContentsError {
    /// A file that can't be read.
    #[error("{path} can't be read; check the path", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file that does not have the form of a list of clusters.
    #[error("{path} does not describe clusters", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The position of the error in the file.
        source: serde_yaml_ng::Error,
    },
    /// An object that no API server has.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// An endpoint that can't be served.
    #[error("the endpoint of a cluster can't listen on 127.0.0.1; it needs a free port")]
    Serve(#[source] io::Error),
}

impl KubernetesApi {
    /// Creates the API of a cluster. It accepts tokens of the functions that call the stand-in for AWS.
    pub fn for_functions(cluster: Cluster) -> Result<Self, ObjectError> {
        let credentials = Credentials {
            secret_key: SECRET_KEY.to_owned(),
            session_token: Some(SESSION_TOKEN.to_owned()),
        };
        Self::new(cluster, credentials)
    }

    /// Reads the APIs of clusters from a YAML file, which is a list of [`Cluster`]s.
    pub fn load_all(path: &Path) -> Result<Vec<Self>, ContentsError> {
        let text = fs::read_to_string(path).map_err(|source| ContentsError::Read {
            path: path.to_owned(),
            source,
        })?;
        let clusters: Vec<Cluster> =
            serde_yaml_ng::from_str(&text).map_err(|source| ContentsError::Format {
                path: path.to_owned(),
                source,
            })?;
        let apis = clusters.into_iter();
        Ok(apis
            .map(Self::for_functions)
            .collect::<Result<_, ObjectError>>()?)
    }
}
