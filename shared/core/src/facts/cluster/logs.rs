//! The control plane logs of a cluster.

use std::fmt;

use enumset::{EnumSet, EnumSetType};

/// A type of control plane log.
#[derive(Debug, EnumSetType, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "camelCase")]
pub enum LogType {
    /// Requests to the API server.
    Api,
    /// The actions in the cluster, and who performed them.
    Audit,
    /// Authentication through IAM.
    Authenticator,
    /// The work of the controller manager.
    ControllerManager,
    /// The decisions of the scheduler.
    Scheduler,
}

impl LogType {
    /// Returns the name in the EKS API.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A set of control plane log types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogTypes(EnumSet<LogType>);

impl LogTypes {
    /// No type.
    pub const NONE: Self = Self(EnumSet::empty());
    /// All types.
    pub const ALL: Self = Self(EnumSet::all());

    /// Returns the set with the type added.
    pub fn with(self, log: LogType) -> Self {
        Self(self.0 | log)
    }

    /// Returns the types of this set that are not in the other set.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    /// Returns `true` if the set contains the type.
    pub fn has(self, log: LogType) -> bool {
        self.0.contains(log)
    }

    /// Returns the types in the set, in the order of the API.
    pub fn iter(self) -> impl Iterator<Item = LogType> {
        self.0.iter()
    }

    /// Returns `true` if the set contains no type.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for LogTypes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(LogType::name).collect();
        formatter.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_type_in_two_groups_is_enabled_once() {
        let twice = LogTypes::NONE.with(LogType::Audit).with(LogType::Audit);
        assert!(twice.has(LogType::Audit) && !twice.is_empty());
        assert_eq!(twice.iter().collect::<Vec<_>>(), [LogType::Audit]);
        assert!(LogTypes::NONE.is_empty());
    }

    #[test]
    fn log_types_are_written_in_the_order_of_the_api() {
        let some = LogTypes::NONE.with(LogType::Scheduler).with(LogType::Api);
        assert_eq!(some.to_string(), "api, scheduler");
        let rest = LogTypes::ALL.without(some);
        assert_eq!(rest.to_string(), "audit, authenticator, controllerManager");
        assert_eq!(rest.without(some), rest);
    }
}
