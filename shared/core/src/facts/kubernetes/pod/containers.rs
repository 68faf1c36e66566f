//! The containers of a pod with their settings, of which some come from the pod.

use super::{Capabilities, Container, PodSpec, SecurityContext, WindowsOptions};
use crate::field::{Field, InvalidField};

/// The kind of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display)]
pub enum ContainerKind {
    /// A container that runs next to the others.
    #[strum(serialize = "container")]
    Regular,
    /// A container that runs before the others and ends.
    #[strum(serialize = "init container")]
    Init,
    /// An init container that runs as long as the others.
    #[strum(serialize = "sidecar")]
    Sidecar,
    /// A container that someone added to a running pod.
    #[strum(serialize = "ephemeral container")]
    Ephemeral,
}

/// A container with the pod that it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct ContainerInPod<'a> {
    /// The kind.
    pub kind: ContainerKind,
    /// The container.
    pub container: &'a Container,
    /// The pod.
    pub pod: &'a PodSpec,
}

impl PodSpec {
    /// Returns the lists of containers that can be read, and an error for each that can't.
    pub fn containers(&self) -> impl Iterator<Item = Result<ContainerInPod<'_>, InvalidField>> {
        let lists = [
            (ContainerKind::Regular, &self.containers),
            (ContainerKind::Init, &self.init_containers),
            (ContainerKind::Ephemeral, &self.ephemeral_containers),
        ];
        lists.into_iter().flat_map(move |(kind, list)| {
            let (containers, error) = match list.items() {
                Ok(containers) => (containers, None),
                Err(error) => (&[] as &[Container], Some(Err(error))),
            };
            let containers = containers.iter().map(move |container| {
                Ok(ContainerInPod {
                    kind: kind_of(kind, container),
                    container,
                    pod: self,
                })
            });
            containers.chain(error)
        })
    }
}

fn kind_of(list: ContainerKind, container: &Container) -> ContainerKind {
    let restart_policy = container.restart_policy.value();
    let restarts = restart_policy.is_some_and(|policy| policy == "Always");
    if list == ContainerKind::Init && restarts {
        ContainerKind::Sidecar
    } else {
        list
    }
}

/// Returns the value of a container, or that of its pod if the container has none.
macro_rules! inherited {
    ($container:expr, $member:ident) => {
        match $container.container.security_context.read()? {
            Some(context) if !context.$member.is_absent() => context.$member.read(),
            _ => match $container.pod.security_context.read()? {
                Some(context) => context.$member.read(),
                None => Ok(None),
            },
        }
    };
}

impl<'a> ContainerInPod<'a> {
    /// Returns the kind and the name: `init container setup`.
    pub fn title(&self) -> String {
        let kind = self.kind;
        let name = self.container.name.value();
        name.map_or_else(
            || format!("{kind} without a name"),
            |name| format!("{kind} {name}"),
        )
    }

    /// Returns a security setting that pods don't have; `None` if it is absent.
    ///
    /// # Errors
    ///
    /// Returns an error if the setting has a value of an unexpected type.
    pub fn own<T>(
        &self,
        setting: impl FnOnce(&'a SecurityContext) -> &'a Field<T>,
    ) -> Result<Option<&'a T>, InvalidField> {
        match self.container.security_context.read()? {
            Some(context) => setting(context).read(),
            None => Ok(None),
        }
    }

    /// Returns `true` if a security setting that pods don't have is `true`.
    ///
    /// # Errors
    ///
    /// Returns an error if the setting has a value of an unexpected type.
    pub fn is_set(
        &self,
        setting: impl FnOnce(&'a SecurityContext) -> &'a Field<bool>,
    ) -> Result<bool, InvalidField> {
        Ok(self.own(setting)? == Some(&true))
    }

    /// Returns the capabilities that a list of the container names.
    ///
    /// # Errors
    ///
    /// Returns an error if the list has a value of an unexpected type.
    pub fn capabilities(
        &self,
        list: impl FnOnce(&'a Capabilities) -> &'a Field<Vec<String>>,
    ) -> Result<&'a [String], InvalidField> {
        match self.own(|context| &context.capabilities)? {
            Some(capabilities) => list(capabilities).items(),
            None => Ok(&[]),
        }
    }

    /// Returns the user.
    ///
    /// # Errors
    ///
    /// Returns an error if the setting has a value of an unexpected type.
    pub fn run_as_user(&self) -> Result<Option<i64>, InvalidField> {
        Ok(inherited!(self, run_as_user)?.copied())
    }

    /// Returns `true` if the kubelet refuses to start the container as root.
    ///
    /// # Errors
    ///
    /// Returns an error if the setting has a value of an unexpected type.
    pub fn run_as_non_root(&self) -> Result<Option<bool>, InvalidField> {
        Ok(inherited!(self, run_as_non_root)?.copied())
    }

    /// Returns the type of the filter of system calls.
    ///
    /// # Errors
    ///
    /// Returns an error if the setting has a value of an unexpected type.
    pub fn seccomp_type(&self) -> Result<Option<&'a str>, InvalidField> {
        match inherited!(self, seccomp_profile)? {
            Some(profile) => Ok(profile.profile_type.read()?.map(String::as_str)),
            None => Ok(None),
        }
    }

    /// Returns the name of the user on Windows.
    ///
    /// # Errors
    ///
    /// Returns an error if the setting has a value of an unexpected type.
    pub fn windows_user(&self) -> Result<Option<&'a str>, InvalidField> {
        let own = self.own(|context| &context.windows_options)?;
        let of_pod = match self.pod.security_context.read()? {
            Some(context) => context.windows_options.read()?,
            None => None,
        };
        let name = |options: Option<&'a WindowsOptions>| match options {
            Some(options) => options.run_as_user_name.read(),
            None => Ok(None),
        };
        let name = match name(own)? {
            Some(own) => Some(own),
            None => name(of_pod)?,
        };
        Ok(name.map(String::as_str))
    }
}
