//! ## What it checks
//!
//! Flow logs should record the traffic in the VPC of an EKS cluster. The check fails unless flow logs of the VPC, or of
//! every subnet of the cluster and its managed node groups, contain the traffic in `trafficType`. Flow logs of the same
//! subnet and its VPC are added up: one with ACCEPT and one with REJECT contain all traffic. A flow log counts only if
//! it is active and its records can be delivered.
//!
//! The check does not apply if another account shares the VPC with the cluster's account, since only the owner of a VPC
//! sees its flow logs. Flow logs that Amazon Security Lake creates are not visible either; set `securityLake` if it
//! collects them, and the check does not apply.
//!
//! ## Why it matters
//!
//! Flow logs show which addresses connected to nodes and pods, and which attempts were rejected. Without them, nobody
//! can tell later where an attacker came from, or where data went.
//!
//! ## How to fix it
//!
//! Create a flow log of the VPC. If the records of a flow log can't be delivered, correct the IAM role or the policy of
//! the destination.

use std::collections::BTreeSet;

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::vpc::own_vpc;
use crate::facts::cluster::{FlowLog, TrafficType};
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

static TRAFFIC_TYPE: Parameter<TrafficType> = Parameter {
    name: "trafficType",
    description: "The traffic that flow logs must contain.",
    default: TrafficType::Reject,
};

static SECURITY_LAKE: Parameter<bool> = Parameter {
    name: "securityLake",
    description: "Whether Amazon Security Lake collects the flow logs.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "eks-vpc-flow-logs",
    enabled: true,
    title: "The VPCs of EKS clusters should have flow logs",
    requirement: "Flow logs should record the traffic in the VPC of the cluster, or in all of its subnets.",
    severities: &[(
        Severity::Medium,
        "connections from and to an attacker leave no record in the network",
    )],
    remediation: Remediation {
        text: "Create a flow log of the VPC, and allow the delivery to its destination.",
        command: "aws ec2 create-flow-logs --region {region} --resource-type VPC --resource-ids <vpc> --traffic-type \
                  ALL --log-destination-type s3 --log-destination <bucket ARN>",
        url: "https://docs.aws.amazon.com/vpc/latest/userguide/working-with-flow-logs.html",
    },
    parameters: &[&TRAFFIC_TYPE, &SECURITY_LAKE],
    needs: &[Need::FlowLogs, Need::Subnets, Need::NodeGroups],
    evaluate: &Evaluate(evaluate),
};

/// The extent to which flow logs contain the required traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coverage {
    Complete,
    Unknown,
    Incomplete,
}

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    if settings.get(&SECURITY_LAKE) {
        return Verdict::not_applicable(
            ReasonCode::FlowLogsInSecurityLake,
            "Amazon Security Lake collects the flow logs, according to the parameter securityLake.",
        );
    }
    let vpc = match own_vpc(cluster, "flow logs") {
        Ok(vpc) => vpc,
        Err(verdict) => return verdict,
    };
    let required = settings.get(&TRAFFIC_TYPE);
    if coverage(cluster, &[vpc], required) == Coverage::Complete {
        let text = format!(
            "Flow logs contain the {} traffic of the VPC {vpc}.",
            required.name()
        );
        return Verdict::passed(ReasonCode::FlowLogsActive, text);
    }
    let in_groups = cluster.node_groups.items.iter();
    let in_groups = in_groups.flat_map(|group| &group.subnets);
    let subnets = cluster.subnets.iter().chain(in_groups);
    let subnets: BTreeSet<&str> = subnets.map(String::as_str).collect();
    let with = |wanted| -> BTreeSet<&str> {
        let subnets = subnets.iter().copied();
        subnets
            .filter(|subnet| coverage(cluster, &[vpc, subnet], required) == wanted)
            .collect()
    };
    let incomplete = with(Coverage::Incomplete);
    if !incomplete.is_empty() {
        return failed(cluster, vpc, &incomplete, incomplete == subnets, required);
    }
    if let Some(unread) = first_unread(cluster, vpc, &with(Coverage::Unknown)) {
        return Verdict::not_available(&unread);
    }
    let text = format!(
        "Flow logs contain the {} traffic of all subnets of the cluster and its node groups.",
        required.name()
    );
    Verdict::passed(ReasonCode::FlowLogsActive, text)
}

/// Returns why flow logs may not contain the required traffic of all subnets; `None` if they do. `unknown` are the
/// subnets with flow logs that are not fully known.
fn first_unread(cluster: &EksCluster, vpc: &str, unknown: &BTreeSet<&str>) -> Option<Unread> {
    if !unknown.is_empty() {
        let of_unknown_traffic = || Unread {
            code: ReasonCode::FlowLogTrafficUnknown,
            text: format!(
                "ec2:DescribeFlowLogs did not return which traffic the flow logs of the VPC {vpc} or of these subnets \
                 contain: {}.",
                names(unknown.iter().copied())
            ),
        };
        let missing = cluster.network.flow_logs.missing.clone();
        return missing.or_else(|| Some(of_unknown_traffic()));
    }
    if let Some(missing) = &cluster.node_groups.missing {
        return Some(missing.clone());
    }
    let groups = cluster.node_groups.items.iter();
    let groups = groups.filter(|group| group.subnets.is_empty());
    let groups = names(groups.map(|group| group.name.as_str()));
    (!groups.is_empty()).then(|| Unread {
        code: ReasonCode::SubnetsUnknown,
        text: format!("eks:DescribeNodegroup returned no subnets of these node groups: {groups}."),
    })
}

/// Returns whether the flow logs of the resources together contain the required traffic.
fn coverage(cluster: &EksCluster, resources: &[&str], required: TrafficType) -> Coverage {
    let logs = &cluster.network.flow_logs;
    let working = logs.items.iter().filter(|log| is_working(log));
    let traffic = working.filter(|log| resources.contains(&log.resource.as_str()));
    let traffic: Vec<Option<TrafficType>> = traffic.map(|log| log.traffic).collect();
    let contains =
        |wanted| traffic.contains(&Some(wanted)) || traffic.contains(&Some(TrafficType::All));
    let is_complete = match required {
        TrafficType::All => contains(TrafficType::Accept) && contains(TrafficType::Reject),
        one => contains(one),
    };
    if is_complete {
        Coverage::Complete
    } else if logs.missing.is_some() || traffic.contains(&None) {
        Coverage::Unknown
    } else {
        Coverage::Incomplete
    }
}

fn is_working(log: &FlowLog) -> bool {
    log.is_active && !log.delivery_failed
}

/// Returns the verdict if flow logs do not contain the required traffic of subnets, which may be all subnets.
fn failed(
    cluster: &EksCluster,
    vpc: &str,
    subnets: &BTreeSet<&str>,
    are_all: bool,
    required: TrafficType,
) -> Verdict {
    let required = required.name();
    let main = if are_all {
        let text = format!("No working flow log contains the {required} traffic of the VPC {vpc}.");
        Reason::new(ReasonCode::NoFlowLog, text)
    } else {
        let subnets = names(subnets.iter().copied());
        let text = format!(
            "No working flow log contains the {required} traffic of these subnets: {subnets}."
        );
        Reason::new(ReasonCode::SubnetsWithoutFlowLog, text)
    };
    let logs = cluster.network.flow_logs.items.iter();
    let logs = logs.filter(|log| log.resource == vpc || subnets.contains(log.resource.as_str()));
    let resources_of = |counts: fn(&FlowLog) -> bool| {
        let logs = logs.clone().filter(|log| counts(log));
        names(logs.map(|log| log.resource.as_str()))
    };
    let undelivered = resources_of(|log| log.is_active && log.delivery_failed);
    let undelivered = (!undelivered.is_empty()).then(|| {
        let text = format!(
            "The records of flow logs of these resources can't be delivered: {undelivered}."
        );
        Reason::new(ReasonCode::FlowLogNotDelivered, text)
    });
    // No working flow log of these resources contains the required traffic.
    let other = resources_of(is_working);
    let other = (!other.is_empty()).then(|| {
        let text =
            format!("The flow logs of these resources do not contain {required} traffic: {other}.");
        Reason::new(ReasonCode::FlowLogOfOtherTraffic, text)
    });
    let reasons = [Some(main), undelivered, other];
    Verdict::failed_for(Severity::Medium, reasons.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, network, node_group, settings, subnet, unread};
    use crate::facts::List;
    use crate::facts::cluster::{Network, NodeGroup, Subnet};
    use crate::verdict::Outcome;

    const PASSED: Outcome = Outcome::Passed;
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const UNKNOWN: Outcome = Outcome::NotAvailable;
    const REJECT: &str = "{}";
    const ACCEPT: &str = r#"{"trafficType": "accept"}"#;
    const ALL: &str = r#"{"trafficType": "ALL"}"#;

    /// Returns flow logs from texts such as `vpc-1 ACCEPT` and `vpc-1 ALL undelivered`, separated by commas. The flow
    /// log `vpc-1 ?` contains unknown traffic.
    fn logs(texts: &str) -> Vec<FlowLog> {
        let texts = texts.split(", ").filter(|text| !text.is_empty());
        texts
            .map(|text| {
                let words: Vec<&str> = text.split(' ').collect();
                FlowLog {
                    resource: words[0].into(),
                    traffic: TrafficType::read(words[1]),
                    is_active: !words.contains(&"inactive"),
                    delivery_failed: words.contains(&"undelivered"),
                }
            })
            .collect()
    }

    /// Returns a cluster with the subnets 1 and 2, and a node group in the subnets 2 and 3.
    fn with_logs(texts: &str) -> EksCluster {
        let subnets = |numbers: [u32; 2]| numbers.map(|number| format!("subnet-{number}")).into();
        let group = NodeGroup {
            subnets: subnets([2, 3]),
            ..node_group()
        };
        EksCluster {
            subnets: subnets([1, 2]),
            node_groups: List::complete(vec![group]),
            network: Network {
                flow_logs: List::complete(logs(texts)),
                ..network()
            },
            ..cluster()
        }
    }

    fn verdict(cluster: &EksCluster, parameters: &str) -> Verdict {
        evaluate(cluster, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn working_flow_logs_of_the_vpc_or_of_all_subnets_must_contain_the_traffic() {
        for (logs, parameters, expected) in [
            ("", REJECT, MEDIUM),
            ("vpc-1 REJECT", REJECT, PASSED),
            ("vpc-1 ALL", REJECT, PASSED),
            ("vpc-1 ACCEPT", REJECT, MEDIUM),
            ("vpc-1 ACCEPT, vpc-1 REJECT", REJECT, PASSED),
            ("vpc-1 REJECT", ALL, MEDIUM),
            ("vpc-1 ACCEPT", ALL, MEDIUM),
            ("vpc-1 ALL", ALL, PASSED),
            ("vpc-1 ACCEPT, vpc-1 REJECT", ALL, PASSED),
            ("vpc-1 ACCEPT", ACCEPT, PASSED),
            ("vpc-1 ALL", ACCEPT, PASSED),
            ("vpc-1 REJECT", ACCEPT, MEDIUM),
            ("vpc-1 ALL undelivered", REJECT, MEDIUM),
            ("vpc-1 ALL undelivered, vpc-1 REJECT", REJECT, PASSED),
            ("vpc-1 ALL inactive", REJECT, MEDIUM),
            ("vpc-2 ALL, eni-1 ALL", REJECT, MEDIUM),
            (
                "subnet-1 REJECT, subnet-2 ALL, subnet-3 REJECT",
                REJECT,
                PASSED,
            ),
            ("subnet-1 REJECT, subnet-2 ALL", REJECT, MEDIUM),
            ("subnet-2 REJECT, subnet-3 ALL", REJECT, MEDIUM),
            (
                "subnet-1 ALL, subnet-2 ALL, subnet-3 ACCEPT",
                REJECT,
                MEDIUM,
            ),
            (
                "subnet-1 ALL, subnet-2 ALL, subnet-3 ALL undelivered",
                REJECT,
                MEDIUM,
            ),
            // Flow logs of the VPC complete those of a subnet.
            (
                "vpc-1 ACCEPT, subnet-1 REJECT, subnet-2 REJECT, subnet-3 ALL",
                ALL,
                PASSED,
            ),
            (
                "vpc-1 ACCEPT, subnet-1 REJECT, subnet-2 REJECT, subnet-3 ACCEPT",
                ALL,
                MEDIUM,
            ),
        ] {
            let verdict = verdict(&with_logs(logs), parameters);
            assert_eq!(verdict.outcome, expected, "{logs} {parameters}");
        }
    }

    #[test]
    fn unknown_traffic_prevents_a_pass_but_not_a_failure() {
        for (logs, parameters, expected) in [
            ("vpc-1 ?", REJECT, UNKNOWN),
            ("vpc-1 ?, vpc-1 REJECT", REJECT, PASSED),
            ("vpc-1 ?, vpc-1 ACCEPT", REJECT, UNKNOWN),
            ("vpc-1 ?, vpc-1 ACCEPT", ALL, UNKNOWN),
            ("vpc-1 ? undelivered", REJECT, MEDIUM),
            (
                "vpc-1 ?, subnet-1 ALL, subnet-2 ALL, subnet-3 ALL",
                REJECT,
                PASSED,
            ),
            ("subnet-1 ?", REJECT, MEDIUM),
            ("subnet-1 ?, subnet-2 ALL, subnet-3 ALL", REJECT, UNKNOWN),
        ] {
            let verdict = verdict(&with_logs(logs), parameters);
            assert_eq!(verdict.outcome, expected, "{logs} {parameters}");
        }
    }

    #[test]
    fn what_was_not_read_prevents_a_pass_but_not_a_failure() {
        let mut without_some_logs = with_logs("");
        without_some_logs.network.flow_logs.missing = Some(unread());
        let without_groups = EksCluster {
            node_groups: List::unread(unread()),
            ..with_logs("")
        };
        let mut without_subnets = with_logs("");
        without_subnets.node_groups.items[0].subnets.clear();
        for (mut cluster, found, expected) in vec![
            (without_subnets.clone(), "", MEDIUM),
            (without_subnets.clone(), "vpc-1 ALL", PASSED),
            (without_subnets, "subnet-1 ALL, subnet-2 ALL", UNKNOWN),
            (without_some_logs.clone(), "", UNKNOWN),
            (without_some_logs.clone(), "vpc-1 ACCEPT", UNKNOWN),
            (without_some_logs.clone(), "vpc-1 ALL", PASSED),
            (
                without_some_logs.clone(),
                "subnet-1 ALL, subnet-2 ALL",
                UNKNOWN,
            ),
            (
                without_some_logs,
                "subnet-1 ALL, subnet-2 ALL, subnet-3 ALL",
                PASSED,
            ),
            (without_groups.clone(), "", MEDIUM),
            (without_groups.clone(), "vpc-1 ALL", PASSED),
            (without_groups.clone(), "subnet-1 ALL", MEDIUM),
            (without_groups, "subnet-1 ALL, subnet-2 ALL", UNKNOWN),
        ] {
            cluster.network.flow_logs.items = logs(found);
            let verdict = verdict(&cluster, REJECT);
            assert_eq!(verdict.outcome, expected, "{cluster:?}");
            let is_reason = ["ACCESS_DENIED", "SUBNETS_UNKNOWN"].contains(&verdict.codes()[0]);
            assert_eq!(is_reason, expected == UNKNOWN, "{cluster:?}");
        }
    }

    #[test]
    fn the_check_applies_only_to_own_vpcs_without_security_lake() {
        let security_lake = r#"{"securityLake": true}"#;
        let owned_by = |owner: Option<&str>| {
            let mut cluster = with_logs("");
            cluster.network.subnets = List::complete(vec![Subnet {
                owner: owner.map(str::to_owned),
                ..subnet()
            }]);
            cluster
        };
        let mut without_vpc = with_logs("");
        without_vpc.network.vpc = None;
        for (cluster, parameters, expected) in [
            (owned_by(Some("111122223333")), "{}", "NO_FLOW_LOG"),
            (owned_by(Some("444455556666")), "{}", "SHARED_VPC"),
            (owned_by(None), "{}", "VPC_OWNER_UNKNOWN"),
            (without_vpc, "{}", "VPC_UNKNOWN"),
            (owned_by(None), security_lake, "FLOW_LOGS_IN_SECURITY_LAKE"),
        ] {
            let verdict = verdict(&cluster, parameters);
            assert_eq!(verdict.codes(), [expected], "{cluster:?}");
        }
    }

    #[test]
    fn reasons_name_the_vpc_or_the_subnets() {
        for (logs, parameters, codes, text) in [
            (
                "",
                REJECT,
                "NO_FLOW_LOG",
                "No working flow log contains the REJECT traffic of the VPC vpc-1.",
            ),
            (
                "vpc-1 ALL undelivered, vpc-1 ACCEPT, vpc-2 ACCEPT",
                ALL,
                "NO_FLOW_LOG FLOW_LOG_NOT_DELIVERED FLOW_LOG_OF_OTHER_TRAFFIC",
                "No working flow log contains the ALL traffic of the VPC vpc-1. The records of flow logs of these \
                 resources can't be delivered: vpc-1. The flow logs of these resources do not contain ALL traffic: \
                 vpc-1.",
            ),
            (
                "subnet-2 ALL",
                REJECT,
                "SUBNETS_WITHOUT_FLOW_LOG",
                "No working flow log contains the REJECT traffic of these subnets: subnet-1, subnet-3.",
            ),
            (
                "subnet-1 ACCEPT, subnet-2 ALL, subnet-3 ALL undelivered",
                REJECT,
                "SUBNETS_WITHOUT_FLOW_LOG FLOW_LOG_NOT_DELIVERED FLOW_LOG_OF_OTHER_TRAFFIC",
                "No working flow log contains the REJECT traffic of these subnets: subnet-1, subnet-3. The records of \
                 flow logs of these resources can't be delivered: subnet-3. The flow logs of these resources do not \
                 contain REJECT traffic: subnet-1.",
            ),
            (
                "vpc-1 ?",
                REJECT,
                "FLOW_LOG_TRAFFIC_UNKNOWN",
                "ec2:DescribeFlowLogs did not return which traffic the flow logs of the VPC vpc-1 or of these subnets \
                 contain: subnet-1, subnet-2, subnet-3.",
            ),
            (
                "vpc-1 ALL",
                REJECT,
                "FLOW_LOGS_ACTIVE",
                "Flow logs contain the REJECT traffic of the VPC vpc-1.",
            ),
            (
                "subnet-1 ALL, subnet-2 ALL, subnet-3 ALL",
                ACCEPT,
                "FLOW_LOGS_ACTIVE",
                "Flow logs contain the ACCEPT traffic of all subnets of the cluster and its node groups.",
            ),
        ] {
            let verdict = verdict(&with_logs(logs), parameters);
            assert_eq!(verdict.codes().join(" "), codes, "{logs}");
            assert_eq!(verdict.explanation(), text, "{logs}");
        }
    }
}
