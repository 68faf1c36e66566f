//! The permissions that calls need. Each permission is a constant in the module that makes the call; the policies of
//! the functions' roles are derived from the permissions.

use eksentry_core::{Need, Needs};

/// A permission that a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// The IAM action, for example `eks:DescribeCluster`.
    pub action: &'static str,
    /// The ARNs that the permission is needed for.
    pub on: &'static [Arns],
    /// The reason why another service makes the call on eksentry's behalf; `None` if eksentry makes the call itself.
    pub by_service: Option<&'static str>,
    /// The parameter of the stack that grants the permission; `None` if it is always granted.
    pub granted_by: Option<Switch>,
}

/// The permissions of the calls that read the resources of a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permissions {
    /// The permissions of the calls that are made in any case.
    pub(crate) always: &'static [Permission],
    /// The permissions of the calls that are made only if some facts are needed.
    pub(crate) of_needs: &'static [(Need, &'static [&'static [Permission]])],
}

impl Permissions {
    /// Returns the permissions of the calls that are made if these facts are needed; some may be in it several times.
    pub(crate) fn for_needs(self, needs: Needs) -> Vec<Permission> {
        let of_needs = self.of_needs.iter();
        let of_needs = of_needs.filter(|(need, _)| needs.contains(*need));
        let of_needs = of_needs.flat_map(|(_, permissions)| permissions.iter().copied().flatten());
        self.always.iter().chain(of_needs).copied().collect()
    }
}

/// A parameter of the stack that grants permissions if it is `on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Switch {
    /// `ClusterReaders`: to invoke the functions that read clusters in VPCs.
    ClusterReaders,
    /// `ImageConfigurations`: to read what is in images.
    ImageConfigurations,
}

/// A set of ARNs in a policy. Their service is the one that the action begins with.
/// Source: the services' pages under <https://docs.aws.amazon.com/service-authorization/latest/reference/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arns {
    /// All resources, since IAM defines no resource type for the action.
    Any,
    /// The ARNs of the account in the Region that is read, by the end of the ARN: `cluster/*`.
    InRegion(&'static str),
    /// The ARNs of any account in the Region that is read, by the end of the ARN: `key/*`.
    OfAnyAccount(&'static str),
    /// The ARNs of any account in any Region, by the end of the ARN: `trail/*`.
    Anywhere(&'static str),
    /// The ARNs of the account that contain no Region, by the end of the ARN: `role/*`.
    Global(&'static str),
    /// The ARNs of AWS itself, by the end of the ARN: `policy/*`.
    OfAws(&'static str),
}

impl Permission {
    /// Creates a permission for calls that eksentry makes itself.
    pub const fn new(action: &'static str, on: &'static [Arns]) -> Self {
        Self {
            action,
            on,
            by_service: None,
            granted_by: None,
        }
    }

    /// Returns the same permission, granted only if a parameter of the stack is `on`.
    pub const fn granted_by(self, switch: Switch) -> Self {
        Self {
            granted_by: Some(switch),
            ..self
        }
    }

    /// Returns the service that the action begins with.
    pub fn service(&self) -> &'static str {
        self.action.split(':').next().unwrap_or_default()
    }
}
