//! The permissions that calls need. They stand beside the calls; the policies of the functions' roles are derived from
//! them.

/// A permission that a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// The IAM action: `eks:DescribeCluster`.
    pub action: &'static str,
    /// The ARNs that it is needed for.
    pub on: &'static [Arns],
    /// Why a service that we call makes the call in our name, where it is no call of ours.
    pub by_service: Option<&'static str>,
}

/// ARNs in a policy, of the service that the action begins with. Source: the services' pages under
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arns {
    /// All, since IAM knows no resource for the action.
    Any,
    /// Those of the account in the Region that is looked at, by the end of their ARNs: `cluster/*`.
    InRegion(&'static str),
    /// Those of any account in the Region that is looked at.
    OfAnyAccount(&'static str),
    /// Those of the account whose ARNs name no Region: `role/*`.
    Global(&'static str),
    /// Those of AWS itself: `policy/*`.
    OfAws(&'static str),
}

impl Permission {
    /// A permission that calls of ours need.
    pub const fn new(action: &'static str, on: &'static [Arns]) -> Self {
        Self {
            action,
            on,
            by_service: None,
        }
    }

    /// Returns the service that the action begins with.
    pub fn service(&self) -> &'static str {
        self.action.split(':').next().unwrap_or_default()
    }
}
