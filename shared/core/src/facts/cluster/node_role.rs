//! The IAM roles of nodes.

use super::{Role, RolePolicy};
use crate::facts::{Fact, Unread};

/// An IAM role of a cluster's nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRole {
    /// The name of the role.
    pub name: String,
    /// The role; `None` if it does not exist in IAM.
    pub role: Fact<Option<Role>>,
}

impl NodeRole {
    /// Returns the policies of the role that were listed.
    pub fn policies(&self) -> &[RolePolicy] {
        match &self.role {
            Ok(Some(role)) => &role.policies.items,
            Ok(None) | Err(_) => &[],
        }
    }

    /// Returns the reason why the role or the list of its policies could not be read. Each policy has its own reason.
    pub fn unread(&self) -> Option<&Unread> {
        match &self.role {
            Ok(Some(role)) => role
                .trusted
                .as_ref()
                .err()
                .or(role.policies.missing.as_ref()),
            Ok(None) => None,
            Err(unread) => Some(unread),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{node_role, unread};
    use crate::facts::List;

    #[test]
    fn a_role_is_unread_if_a_part_of_it_is() {
        let sample = || node_role().role.unwrap().unwrap();
        let not_trusted = Role {
            trusted: Err(unread()),
            ..sample()
        };
        let unlisted = Role {
            policies: List::unread(unread()),
            ..sample()
        };
        for (role, policies, is_unread) in [
            (Ok(Some(sample())), 1, false),
            (Ok(None), 0, false),
            (Err(unread()), 0, true),
            (Ok(Some(not_trusted)), 1, true),
            (Ok(Some(unlisted)), 0, true),
        ] {
            let role = NodeRole {
                role,
                ..node_role()
            };
            assert_eq!(role.policies().len(), policies, "{role:?}");
            assert_eq!(role.unread().is_some(), is_unread, "{role:?}");
        }
    }
}
