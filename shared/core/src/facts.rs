//! What is known of a resource when it is judged, one file a kind of resource.
//!
//! Unknown is never `false`: what could not be read is an [`Unread`], and so is what nobody asked for.

pub mod cluster;
pub mod image;
pub mod key;
pub mod repository;

use jiff::Timestamp;

use crate::details::Details;
use crate::resource::Resource;

pub use cluster::EksCluster;
pub use image::EcrImage;
pub use key::KmsKey;
pub use repository::EcrRepository;

/// Something that was read, or why it could not be.
pub type Fact<T> = Result<T, Unread>;

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// A stable word for machines, `ACCESS_DENIED` for example.
    pub code: &'static str,
    /// A sentence for people: what was tried on what, what came of it, what to do about it.
    pub text: String,
}

impl Unread {
    /// The fact was not asked for, since no selected check needs it.
    pub fn not_asked(what: &str) -> Self {
        Self {
            code: "NOT_READ",
            text: format!("Nothing asked for {what}."),
        }
    }
}

/// The facts about one resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Facts {
    /// Of a cluster.
    EksCluster(Box<EksCluster>),
    /// Of a repository.
    EcrRepository(EcrRepository),
    /// Of an image.
    EcrImage(EcrImage),
    /// Of a key.
    KmsKey(KmsKey),
}

impl Facts {
    /// What reports say of the resource.
    pub fn details(&self) -> Details {
        match self {
            Self::EksCluster(cluster) => cluster.details(),
            Self::EcrRepository(repository) => repository.details(),
            Self::EcrImage(image) => image.details(),
            Self::KmsKey(key) => key.details(),
        }
    }

    /// The resource's tags, where the look at it brought them along.
    pub fn tags(&self) -> Option<&Vec<(String, String)>> {
        match self {
            Self::EksCluster(cluster) => Some(&cluster.tags),
            Self::EcrRepository(_) | Self::EcrImage(_) | Self::KmsKey(_) => None,
        }
    }

    /// A text that is another one whenever these facts are, where a list gives one.
    pub fn revision(&self) -> Option<&String> {
        match self {
            Self::EcrImage(image) => image.scan_revision.as_ref(),
            Self::EksCluster(_) | Self::EcrRepository(_) | Self::KmsKey(_) => None,
        }
    }
}

/// What a look at a resource found.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every look finds its resource, and few are in memory at a time"
)]
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It is there.
    Present(Facts),
    /// The API says that there is no such resource.
    Gone,
    /// The resource itself could not be read.
    Unread(Unread),
}

/// One look at one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The resource.
    pub resource: Resource,
    /// When it was looked at.
    pub observed_at: Timestamp,
    /// What was found.
    pub state: State,
}

impl Observation {
    /// The facts, if the resource is there and could be read.
    pub fn facts(&self) -> Option<&Facts> {
        match &self.state {
            State::Present(facts) => Some(facts),
            State::Gone | State::Unread(_) => None,
        }
    }
}
