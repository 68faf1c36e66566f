//! The collections of Amazon EC2.

use serde_json::json;

use super::super::collection::{Collection, Missing};

/// The flow logs of VPCs and subnets.
pub(in crate::stand_in) static FLOW_LOGS: Collection = Collection {
    defaults: |_| {
        json!({
            "FlowLogStatus": "ACTIVE",
            "TrafficType": "ALL",
            "LogDestinationType": "s3",
            "LogDestination": "arn:{partition}:s3:::flow-logs",
            "Tags": [],
        })
    },
    ..Collection::new(
        "flow_logs",
        "FlowLogId",
        Missing {
            code: "InvalidFlowLogId.NotFound",
            message: "The flow log ID '{key}' does not exist",
        },
    )
};

/// Machine images. One without a date is never old.
pub(in crate::stand_in) static IMAGES: Collection = Collection {
    everywhere: &["ami-0a1b2c3d4e5f60001"],
    defaults: |_| {
        json!({
            "Name": "amazon-eks-node-al2023-arm64-standard-1.33-v20990101",
            "OwnerId": "602401143452",
            "ImageOwnerAlias": "amazon",
            "State": "available",
            "Public": true,
            "CreationDate": "2099-01-01T00:00:00.000Z",
            "Architecture": "arm64",
            "ImageType": "machine",
        })
    },
    ..Collection::new(
        "machine_images",
        "ImageId",
        Missing {
            code: "InvalidAMIID.NotFound",
            message: "The image id '[{key}]' does not exist",
        },
    )
};

/// EC2 instances, each in its own reservation.
pub(in crate::stand_in) static INSTANCES: Collection = Collection {
    defaults: |_| {
        json!({
            "ImageId": "ami-0a1b2c3d4e5f60001",
            "InstanceType": "m7g.large",
            "State": {"Code": 16, "Name": "running"},
            "SubnetId": "subnet-0a1b2c3d4e5f60001",
            "VpcId": "vpc-0a1b2c3d4e5f60001",
            "MetadataOptions": {
                "State": "applied",
                "HttpTokens": "required",
                "HttpPutResponseHopLimit": 1,
                "HttpEndpoint": "enabled",
            },
            "IamInstanceProfile": {"Arn": "arn:{partition}:iam::{account}:instance-profile/eks-nodes"},
            "SecurityGroups": [{"GroupId": "sg-0a1b2c3d4e5f60001"}],
            "NetworkInterfaces": [{
                "SubnetId": "{SubnetId}",
                "Groups": [{"GroupId": "sg-0a1b2c3d4e5f60001"}],
            }],
            "Tags": [],
        })
    },
    item: |instance| json!({"ReservationId": "r-0a1b2c3d4e5f60001", "Instances": [instance]}),
    ..Collection::new(
        "instances",
        "InstanceId",
        Missing {
            code: "InvalidInstanceID.NotFound",
            message: "The instance ID '{key}' does not exist",
        },
    )
};

/// Instance types. Those that encrypt traffic need not state so.
pub(in crate::stand_in) static INSTANCE_TYPES: Collection = Collection {
    everywhere: &["m7g.large", "m7g.xlarge", "c7g.large"],
    defaults: |_| {
        json!({
            "CurrentGeneration": true,
            "Hypervisor": "nitro",
            "NetworkInfo": {"EncryptionInTransitSupported": true},
        })
    },
    ..Collection::new(
        "instance_types",
        "InstanceType",
        Missing {
            code: "InvalidInstanceType",
            message: "The following supplied instance types do not exist: [{key}]",
        },
    )
};

/// The prefix list of the addresses from which Amazon CloudFront connects to origins.
const CLOUDFRONT: &str = "pl-3b927c52";

/// Prefix lists. Every account has one of AWS.
pub(in crate::stand_in) static PREFIX_LISTS: Collection = Collection {
    everywhere: &[CLOUDFRONT],
    defaults: |list| {
        let is_of_aws = list.get("PrefixListId").is_some_and(|id| id == CLOUDFRONT);
        let owner = if is_of_aws { "AWS" } else { "{account}" };
        json!({
            "PrefixListName": "{PrefixListId}",
            "OwnerId": owner,
            "State": "create-complete",
            "AddressFamily": "IPv4",
        })
    },
    ..Collection::new(
        "prefix_lists",
        "PrefixListId",
        Missing {
            code: "InvalidPrefixListID.NotFound",
            message: "The prefix list ID '{key}' does not exist",
        },
    )
};

/// The entries of prefix lists.
pub(in crate::stand_in) static PREFIX_LIST_ENTRIES: Collection = Collection {
    parent: Some(&PREFIX_LISTS),
    ..Collection::new(
        "entries",
        "Cidr",
        Missing {
            code: "InvalidPrefixListID.NotFound",
            message: "The prefix list ID '{key}' does not exist",
        },
    )
};

/// Security groups. By default, a group allows only its own members.
pub(in crate::stand_in) static SECURITY_GROUPS: Collection = Collection {
    everywhere: &["sg-0a1b2c3d4e5f60001"],
    defaults: |_| {
        json!({
            "GroupName": "{GroupId}",
            "Description": "eks",
            "OwnerId": "{account}",
            "VpcId": "vpc-0a1b2c3d4e5f60001",
            "IpPermissions": [{
                "IpProtocol": "-1",
                "UserIdGroupPairs": [{"GroupId": "{GroupId}", "UserId": "{account}"}],
            }],
            "Tags": [],
        })
    },
    ..Collection::new(
        "security_groups",
        "GroupId",
        Missing {
            code: "InvalidGroup.NotFound",
            message: "The security group '{key}' does not exist",
        },
    )
};

/// Subnets.
pub(in crate::stand_in) static SUBNETS: Collection = Collection {
    defaults: |_| {
        json!({
            "SubnetArn": "arn:{partition}:ec2:{region}:{account}:subnet/{SubnetId}",
            "OwnerId": "{account}",
            "VpcId": "vpc-0a1b2c3d4e5f60001",
            "State": "available",
            "AvailabilityZone": "{region}a",
            "CidrBlock": "10.0.0.0/24",
            "AvailableIpAddressCount": 251,
            "DefaultForAz": false,
            "MapPublicIpOnLaunch": false,
            "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
            "AssignIpv6AddressOnCreation": false,
            "Ipv6CidrBlockAssociationSet": [],
            "Tags": [],
        })
    },
    everywhere: &["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"],
    ..Collection::new(
        "subnets",
        "SubnetId",
        Missing {
            code: "InvalidSubnetID.NotFound",
            message: "The subnet ID '{key}' does not exist",
        },
    )
};

/// The default encryption of EBS volumes, which is on unless the account file states that it is off.
pub(in crate::stand_in) static VOLUME_ENCRYPTION: Collection = Collection {
    key: None,
    defaults: |_| json!({"EbsEncryptionByDefault": true, "SseType": "none"}),
    missing: None,
    ..Collection::new(
        "volume_encryption",
        "",
        Missing {
            code: "",
            message: "",
        },
    )
};

/// EBS volumes.
pub(in crate::stand_in) static VOLUMES: Collection = Collection {
    defaults: |_| {
        json!({
            "AvailabilityZone": "{region}a",
            "CreateTime": "2024-05-06T07:08:09Z",
            "Encrypted": true,
            "Size": 20,
            "State": "in-use",
            "VolumeType": "gp3",
            "MultiAttachEnabled": false,
            "Attachments": [],
            "Tags": [],
        })
    },
    ..Collection::new(
        "volumes",
        "VolumeId",
        Missing {
            code: "InvalidVolume.NotFound",
            message: "The volume '{key}' does not exist.",
        },
    )
};

/// VPC endpoints.
pub(in crate::stand_in) static VPC_ENDPOINTS: Collection = Collection {
    defaults: |_| {
        json!({
            "VpcId": "vpc-0a1b2c3d4e5f60001",
            "VpcEndpointType": "Interface",
            "State": "available",
            "PrivateDnsEnabled": true,
            "OwnerId": "{account}",
        })
    },
    ..Collection::new(
        "vpc_endpoints",
        "VpcEndpointId",
        Missing {
            code: "InvalidVpcEndpointId.NotFound",
            message: "The Vpc Endpoint Id '{key}' does not exist",
        },
    )
};
