//! VPC flow logs.

/// A flow log of a VPC or a subnet.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowLog {
    /// The ID of the VPC or the subnet.
    pub resource: String,
    /// The connections that are logged; `None` if the response states none that is known.
    pub traffic: Option<TrafficType>,
    /// `true` if the flow log is active.
    pub is_active: bool,
    /// `true` if the records could not be delivered to their destination.
    pub delivery_failed: bool,
}

/// The connections that a flow log contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrafficType {
    /// The connections that security groups and network ACLs accept.
    Accept,
    /// The connections that they reject.
    Reject,
    /// All connections.
    All,
}

impl TrafficType {
    /// Reads the type from its name in the EC2 API; `None` if it is unknown.
    pub fn read(name: &str) -> Option<Self> {
        match name {
            "ACCEPT" => Some(Self::Accept),
            "REJECT" => Some(Self::Reject),
            "ALL" => Some(Self::All),
            _ => None,
        }
    }

    /// Returns the name in the EC2 API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::Reject => "REJECT",
            Self::All => "ALL",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for traffic in [TrafficType::Accept, TrafficType::Reject, TrafficType::All] {
            assert_eq!(TrafficType::read(traffic.name()), Some(traffic));
        }
        assert_eq!(TrafficType::read("accept"), None);
    }
}
