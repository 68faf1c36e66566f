//! Parts that the checks of a cluster's VPC have in common.

use crate::facts::{EksCluster, Unread};
use crate::reason_code::ReasonCode;
use crate::verdict::Verdict;

/// Returns the ID of the cluster's VPC if the cluster's account owns it.
///
/// # Errors
///
/// Returns the verdict of a check that evaluates what only the owner of a VPC sees, such as its flow logs: not
/// applicable if another account owns the VPC, and not available if the VPC or its owner is unknown.
pub(crate) fn own_vpc<'a>(cluster: &'a EksCluster, what: &str) -> Result<&'a str, Verdict> {
    let owner = cluster.owner_of_shared_vpc();
    if let Some(owner) = owner.map_err(|unread| Verdict::not_available(&unread))? {
        let text = format!("Only account {owner}, which owns the VPC, can see its {what}.");
        return Err(Verdict::not_applicable(ReasonCode::SharedVpc, text));
    }
    cluster.network.vpc.as_deref().ok_or_else(|| {
        Verdict::not_available(&Unread {
            code: ReasonCode::VpcUnknown,
            text: "eks:DescribeCluster returned no VPC of the cluster.".to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, subnet, unread};
    use crate::facts::List;
    use crate::facts::cluster::{Network, Subnet};

    fn with(subnets: List<Subnet>) -> EksCluster {
        let network = Network {
            subnets,
            ..cluster().network
        };
        EksCluster {
            network,
            ..cluster()
        }
    }

    fn owned_by(owner: Option<&str>) -> Subnet {
        Subnet {
            owner: owner.map(str::to_owned),
            ..subnet()
        }
    }

    #[test]
    fn the_owner_of_the_subnets_owns_the_vpc() {
        let another = || owned_by(Some("444455556666"));
        let of_another_cluster = Subnet {
            id: "subnet-9".into(),
            ..another()
        };
        let mut without_vpc = cluster();
        without_vpc.network.vpc = None;
        let mut unknown_shared = with(List::complete(vec![another()]));
        unknown_shared.network.vpc = None;
        let partly_read = List {
            items: vec![subnet()],
            missing: Some(unread()),
        };
        for (cluster, expected) in vec![
            (cluster(), Ok("vpc-1")),
            (with(partly_read), Ok("vpc-1")),
            (
                with(List::complete(vec![of_another_cluster, subnet()])),
                Ok("vpc-1"),
            ),
            (with(List::complete(vec![another()])), Err("SHARED_VPC")),
            (unknown_shared, Err("SHARED_VPC")),
            (with(List::unread(unread())), Err("ACCESS_DENIED")),
            (
                with(List::complete(vec![owned_by(None)])),
                Err("VPC_OWNER_UNKNOWN"),
            ),
            (without_vpc, Err("VPC_UNKNOWN")),
            (
                EksCluster {
                    arn: String::new(),
                    ..cluster()
                },
                Err("VPC_OWNER_UNKNOWN"),
            ),
        ] {
            let vpc = own_vpc(&cluster, "flow logs");
            let vpc = vpc.map_err(|verdict| verdict.codes()[0]);
            assert_eq!(vpc, expected, "{cluster:?}");
        }
    }

    #[test]
    fn the_reason_names_the_owner() {
        let cluster = with(List::complete(vec![owned_by(Some("444455556666"))]));
        assert_eq!(
            own_vpc(&cluster, "flow logs").unwrap_err().explanation(),
            "Only account 444455556666, which owns the VPC, can see its flow logs."
        );
    }
}
