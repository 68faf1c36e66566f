//! Subnets, flow logs and VPC endpoints.

use eksentry_core::facts::cluster::{FlowLog, Subnet, TrafficType, VpcEndpoint};
use eksentry_core::policy::ResourcePolicy;
use eksentry_core::{Fact, ReasonCode, Unread};

use crate::ec2::response;

/// Returns the facts about a subnet.
pub(in crate::ec2) fn subnet(subnet: &response::Subnet) -> Result<Subnet, &'static str> {
    let blocked = subnet.block_public_access_states.as_ref();
    let blocked = blocked.and_then(|states| states.internet_gateway_block_mode.as_deref());
    let id = subnet.subnet_id.clone();
    Ok(Subnet {
        id: id.ok_or("the ID of a subnet")?,
        owner: subnet.owner_id.clone(),
        assigns_public_addresses: subnet.map_public_ip_on_launch,
        blocks_ingress: blocked
            .is_some_and(|mode| ["block-ingress", "block-bidirectional"].contains(&mode)),
    })
}

/// Returns the facts about a flow log.
pub(in crate::ec2) fn flow_log(log: &response::FlowLog) -> Result<FlowLog, &'static str> {
    let resource = log.resource_id.clone();
    Ok(FlowLog {
        resource: resource.ok_or("the resource of a flow log")?,
        traffic: log.traffic_type.as_deref().and_then(TrafficType::read),
        is_active: log.flow_log_status.as_deref() == Some("ACTIVE"),
        delivery_failed: log.deliver_logs_status.as_deref() == Some("FAILED"),
    })
}

/// Returns the ID of the VPC of an endpoint, and the facts about the endpoint.
pub(in crate::ec2) fn endpoint(
    endpoint: &response::VpcEndpoint,
) -> Result<(String, VpcEndpoint), &'static str> {
    let id = endpoint.vpc_endpoint_id.clone();
    let id = id.ok_or("the ID of a VPC endpoint")?;
    let vpc = endpoint.vpc_id.clone();
    let service = endpoint.service_name.clone();
    // The model writes `Available`, and the service `available`.
    let is = |value: &Option<String>, expected: &str| {
        let value = value.as_deref();
        value.is_some_and(|value| value.eq_ignore_ascii_case(expected))
    };
    let read = VpcEndpoint {
        policy: policy(&id, endpoint.policy_document.as_deref()),
        id,
        service: service.ok_or("the service of a VPC endpoint")?,
        // Endpoints without a type are of the type that most services have.
        is_interface: endpoint.vpc_endpoint_type.is_none()
            || is(&endpoint.vpc_endpoint_type, "interface"),
        is_available: is(&endpoint.state, "available"),
        has_private_dns: endpoint.private_dns_enabled,
    };
    Ok((vpc.ok_or("the VPC of an endpoint")?, read))
}

fn policy(id: &str, document: Option<&str>) -> Fact<Option<ResourcePolicy>> {
    let Some(text) = document.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    serde_json::from_str(text)
        .map(Some)
        .map_err(|error| Unread {
            code: ReasonCode::PolicyNotUnderstood,
            text: format!("The policy of the VPC endpoint {id} is not valid: {error}."),
        })
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    fn item<T: DeserializeOwned>(elements: &str) -> T {
        quick_xml::de::from_str(&format!("<item>{elements}</item>")).unwrap()
    }

    #[test]
    fn a_subnet_blocks_ingress_by_two_modes() {
        for (mode, expected) in [
            ("off", false),
            ("block-ingress", true),
            ("block-bidirectional", true),
            ("other", false),
        ] {
            let read = subnet(&item(&format!(
                "<subnetId>subnet-1</subnetId><blockPublicAccessStates><internetGatewayBlockMode>{mode}\
                 </internetGatewayBlockMode></blockPublicAccessStates>"
            )));
            assert_eq!(read.unwrap().blocks_ingress, expected, "{mode}");
        }
    }

    #[test]
    fn a_subnet_has_an_owner_and_its_setting() {
        let read = subnet(&item(
            "<subnetId>subnet-1</subnetId><ownerId>1</ownerId><mapPublicIpOnLaunch>true</mapPublicIpOnLaunch>",
        ));
        let expected = Subnet {
            id: "subnet-1".into(),
            owner: Some("1".into()),
            assigns_public_addresses: Some(true),
            blocks_ingress: false,
        };
        assert_eq!(read, Ok(expected));
        let bare = subnet(&item("<subnetId>subnet-1</subnetId>")).unwrap();
        assert_eq!((bare.owner, bare.assigns_public_addresses), (None, None));
        assert!(subnet(&item("<ownerId>1</ownerId>")).is_err());
    }

    #[test]
    fn a_flow_log_is_active_or_fails_only_if_it_states_so() {
        let log = |elements: &str| {
            flow_log(&item(&format!("<resourceId>vpc-1</resourceId>{elements}"))).unwrap()
        };
        let read = log(
            "<flowLogStatus>ACTIVE</flowLogStatus><trafficType>REJECT</trafficType>\
             <deliverLogsStatus>FAILED</deliverLogsStatus>",
        );
        assert_eq!(read.traffic, Some(TrafficType::Reject));
        assert!(read.is_active && read.delivery_failed);
        let bare = log("<trafficType>SOME</trafficType>");
        assert_eq!(bare.traffic, None);
        assert!(!bare.is_active && !bare.delivery_failed);
        assert!(flow_log(&item("<trafficType>ALL</trafficType>")).is_err());
    }

    fn read_endpoint(elements: &str) -> VpcEndpoint {
        let text = format!(
            "<vpcEndpointId>vpce-1</vpcEndpointId><vpcId>vpc-1</vpcId>\
             <serviceName>com.amazonaws.eu-central-1.s3</serviceName>{elements}"
        );
        let (vpc, endpoint) = endpoint(&item(&text)).unwrap();
        assert_eq!(vpc, "vpc-1");
        endpoint
    }

    #[test]
    fn the_case_of_an_endpoints_state_and_type_does_not_matter() {
        for (state, kind, expected) in [
            ("available", "Interface", (true, true)),
            ("Available", "interface", (true, true)),
            ("pendingAcceptance", "Gateway", (false, false)),
        ] {
            let read = read_endpoint(&format!(
                "<state>{state}</state><vpcEndpointType>{kind}</vpcEndpointType>"
            ));
            assert_eq!((read.is_available, read.is_interface), expected, "{state}");
        }
    }

    #[test]
    fn an_endpoint_without_a_type_is_an_interface_and_not_available_without_a_state() {
        let read = read_endpoint("");
        assert!(read.is_interface && !read.is_available);
        assert_eq!(read.has_private_dns, None);
        let incomplete = "<vpcEndpointId>vpce-1</vpcEndpointId><vpcId>vpc-1</vpcId>";
        assert_eq!(
            endpoint(&item(incomplete)),
            Err("the service of a VPC endpoint")
        );
    }

    #[test]
    fn an_endpoint_without_a_policy_has_the_default_and_an_invalid_policy_is_unread() {
        assert_eq!(read_endpoint("").policy, Ok(None));
        assert_eq!(
            read_endpoint("<policyDocument> </policyDocument>").policy,
            Ok(None)
        );
        let valid = r#"<policyDocument>{"Statement": []}</policyDocument>"#;
        assert_eq!(
            read_endpoint(valid).policy,
            Ok(Some(ResourcePolicy::default()))
        );
        let invalid = read_endpoint("<policyDocument>{</policyDocument>").policy;
        let invalid = invalid.unwrap_err();
        assert_eq!(invalid.code, ReasonCode::PolicyNotUnderstood);
        assert!(invalid.text.contains("vpce-1"), "{}", invalid.text);
    }
}
