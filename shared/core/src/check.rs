//! What a check is.

use crate::facts::{EcrImage, EcrRepository, EksCluster, Facts, KmsKey, Observation, State};
use crate::parameters::{AnyParameter, Settings};
use crate::resource::{Resource, ResourceKind};
use crate::severity::Severity;
use crate::standards::{self, Control};
use crate::verdict::Verdict;

/// A decision about one kind of resource: its metadata and one pure function.
#[derive(Debug)]
pub struct Check {
    /// Kebab-case; also the name of its file and of its page in the docs. For ever: never renamed, never reused.
    pub id: &'static str,
    /// What should be, in one sentence: "EKS clusters should …". At most 256 characters.
    pub title: &'static str,
    /// What is wanted, in a sentence that findings repeat.
    pub requirement: &'static str,
    /// The severities that a failure can have, worst first, each with the reason for it: "since …".
    pub severities: &'static [(Severity, &'static str)],
    /// How to mend a failure.
    pub remediation: Remediation,
    /// Its parameters.
    pub parameters: &'static [&'static dyn AnyParameter],
    /// The facts it needs beyond what describing the resource tells.
    pub needs: &'static [Need],
    /// The decision.
    pub evaluate: Evaluate,
}

/// How to mend a failure.
#[derive(Debug)]
pub struct Remediation {
    /// What to do, in a sentence or two.
    pub text: &'static str,
    /// The AWS CLI command that does it. `{name}` stands for the resource's name (of an image, its digest),
    /// `{repository}` for an image's repository, `{region}` for the Region; `<…>` is for people to fill in.
    pub command: &'static str,
    /// AWS's own page about it.
    pub url: &'static str,
}

impl Remediation {
    /// The command for one resource.
    pub fn command_for(&self, resource: &Resource) -> String {
        let (name, digest) = resource.repository_and_digest();
        self.command
            .replace("{repository}", name)
            .replace("{name}", if digest.is_empty() { name } else { digest })
            .replace("{region}", resource.arn().region())
    }
}

/// The decision about one kind of resource. Each is given the facts, all of which may be unread, and the check's
/// settings; none of them sees a resource to which no check applies.
#[derive(Debug, Clone, Copy)]
pub enum Evaluate {
    /// About a cluster.
    EksCluster(fn(&EksCluster, &Settings) -> Verdict),
    /// About a repository.
    EcrRepository(fn(&EcrRepository, &Settings) -> Verdict),
    /// About an image.
    EcrImage(fn(&EcrImage, &Settings) -> Verdict),
    /// About a key.
    KmsKey(fn(&KmsKey, &Settings) -> Verdict),
}

/// A group of facts that costs calls of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The cluster's IAM role, and who else uses it.
    ClusterRole,
    /// The KMS key that a cluster encrypts secrets with.
    SecretsKey,
    /// The registry's scanning configuration.
    RegistryScanning,
    /// An image's scan.
    ImageScan,
    /// A key's automatic rotation.
    KeyRotation,
}

/// A set of [`Need`]s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs(u8);

impl Needs {
    /// What these checks need.
    pub fn of<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Self {
        let needs = checks.into_iter().flat_map(|check| check.needs);
        Self(needs.fold(0, |set, need| set | 1 << *need as u8))
    }

    /// Whether it is among them.
    pub fn include(self, need: Need) -> bool {
        self.0 & (1 << need as u8) != 0
    }
}

impl Check {
    /// The kind of resource that it judges.
    pub const fn kind(&self) -> ResourceKind {
        match self.evaluate {
            Evaluate::EksCluster(_) => ResourceKind::EksCluster,
            Evaluate::EcrRepository(_) => ResourceKind::EcrRepository,
            Evaluate::EcrImage(_) => ResourceKind::EcrImage,
            Evaluate::KmsKey(_) => ResourceKind::KmsKey,
        }
    }

    /// Why a failure is of that severity; `None` where it never is.
    pub fn reason_for(&self, severity: Severity) -> Option<&'static str> {
        let mut severities = self.severities.iter();
        let (_, reason) = severities.find(|(possible, _)| *possible == severity)?;
        Some(reason)
    }

    /// The controls of standards that it answers to; at most 32.
    pub fn controls(&self) -> impl Iterator<Item = Control> + use<> {
        standards::controls(self.id)
    }

    /// Where to read more about it: its page, under the address at which the docs are published, or else AWS's own.
    pub fn link(&self, docs: Option<&str>) -> String {
        match docs {
            Some(docs) => format!("{}/{}.md", docs.trim_end_matches('/'), self.id),
            None => self.remediation.url.to_owned(),
        }
    }

    /// Judges what was observed. What could not be read is not available, and a resource that is gone, or is of
    /// another kind, is not applicable.
    pub fn judge(&self, observation: &Observation, settings: &Settings) -> Verdict {
        let facts = match &observation.state {
            State::Gone => {
                return Verdict::not_applicable(
                    "RESOURCE_GONE",
                    format!("There is no {}.", observation.resource),
                );
            }
            State::Unread(unread) => return Verdict::not_available(unread),
            State::Present(facts) => facts,
        };
        let inapplicable = match facts {
            Facts::EksCluster(cluster) => cluster.inapplicable(),
            Facts::EcrImage(image) => image.inapplicable(),
            Facts::EcrRepository(_) | Facts::KmsKey(_) => None,
        };
        if let Some(reason) = inapplicable {
            return Verdict::not_applicable("RESOURCE_NOT_APPLICABLE", reason);
        }
        match (self.evaluate, facts) {
            (Evaluate::EksCluster(evaluate), Facts::EksCluster(cluster)) => {
                evaluate(cluster, settings)
            }
            (Evaluate::EcrRepository(evaluate), Facts::EcrRepository(repository)) => {
                evaluate(repository, settings)
            }
            (Evaluate::EcrImage(evaluate), Facts::EcrImage(image)) => evaluate(image, settings),
            (Evaluate::KmsKey(evaluate), Facts::KmsKey(key)) => evaluate(key, settings),
            _ => Verdict::not_applicable(
                "RESOURCE_OF_OTHER_KIND",
                format!(
                    "The check judges no {}.",
                    observation.resource.kind().noun()
                ),
            ),
        }
    }

    /// The values that its parameters have, by name; those with no value are left out.
    pub fn effective_parameters(&self, settings: &Settings) -> Vec<(&'static str, Vec<String>)> {
        let parameters = self
            .parameters
            .iter()
            .map(|parameter| (parameter.name(), parameter.texts(settings)));
        parameters.filter(|(_, texts)| !texts.is_empty()).collect()
    }
}
