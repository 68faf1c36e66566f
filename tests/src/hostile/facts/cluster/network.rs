//! Facts about the networks, images and instance types of clusters.

use arbitrary::{Result, Unstructured};
use eksentry_core::facts::{
    List,
    cluster::{
        Age, FlowLog, InboundRule, InstanceType, MachineImage, Network, Ports, Protocol,
        SecurityGroup, Subnet, TrafficType, VpcEndpoint,
    },
};
use jiff::tz::TimeZone;

use super::super::super::texts::{maybe, text, texts};
use super::super::{fact, maybe_moment};
use super::list;

pub(super) fn network(bytes: &mut Unstructured<'_>) -> Result<Network> {
    Ok(Network {
        vpc: maybe(bytes)?,
        cluster_security_group: maybe(bytes)?,
        node_ports: ports(bytes)?,
        subnets: subnets(bytes)?,
        security_groups: security_groups(bytes)?,
        flow_logs: flow_logs(bytes)?,
        endpoints: endpoints(bytes)?,
    })
}

fn ports(bytes: &mut Unstructured<'_>) -> Result<Ports> {
    Ok(Ports {
        first: bytes.arbitrary()?,
        last: bytes.arbitrary()?,
    })
}

fn subnets(bytes: &mut Unstructured<'_>) -> Result<List<Subnet>> {
    let subnets = texts(bytes, 10)?.into_iter().map(|id| {
        Ok(Subnet {
            id,
            owner: maybe(bytes)?,
            assigns_public_addresses: bytes.arbitrary()?,
            blocks_ingress: bytes.arbitrary()?,
        })
    });
    let subnets = subnets.collect::<Result<_>>()?;
    list(subnets, bytes)
}

fn security_groups(bytes: &mut Unstructured<'_>) -> Result<List<SecurityGroup>> {
    let groups = texts(bytes, 10)?.into_iter().map(|id| {
        Ok(SecurityGroup {
            id,
            inbound: vec![rule(bytes)?],
        })
    });
    let groups = groups.collect::<Result<_>>()?;
    list(groups, bytes)
}

fn rule(bytes: &mut Unstructured<'_>) -> Result<InboundRule> {
    const PROTOCOLS: [Protocol; 4] = [Protocol::All, Protocol::Tcp, Protocol::Udp, Protocol::Other];
    let sources = [
        "0.0.0.0/0",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "::/0",
        "10.0.0.0/8",
    ];
    let source = bytes.choose(&sources)?.parse();
    Ok(InboundRule {
        protocol: *bytes.choose(&PROTOCOLS)?,
        ports: ports(bytes)?,
        sources: list(source.into_iter().collect(), bytes)?,
    })
}

fn flow_logs(bytes: &mut Unstructured<'_>) -> Result<List<FlowLog>> {
    const TYPES: [Option<TrafficType>; 4] = [
        None,
        Some(TrafficType::Accept),
        Some(TrafficType::Reject),
        Some(TrafficType::All),
    ];
    let logs = texts(bytes, 10)?.into_iter().map(|resource| {
        Ok(FlowLog {
            resource,
            traffic: *bytes.choose(&TYPES)?,
            is_active: bytes.arbitrary()?,
            delivery_failed: bytes.arbitrary()?,
        })
    });
    let logs = logs.collect::<Result<_>>()?;
    list(logs, bytes)
}

fn endpoints(bytes: &mut Unstructured<'_>) -> Result<List<VpcEndpoint>> {
    let endpoints = texts(bytes, 10)?.into_iter().map(|id| {
        let policy = serde_json::from_str(&text(bytes)?).ok();
        Ok(VpcEndpoint {
            id,
            service: text(bytes)?,
            is_interface: bytes.arbitrary()?,
            is_available: bytes.arbitrary()?,
            has_private_dns: bytes.arbitrary()?,
            policy: fact(policy, bytes)?,
        })
    });
    let endpoints = endpoints.collect::<Result<_>>()?;
    list(endpoints, bytes)
}

pub(super) fn images(bytes: &mut Unstructured<'_>) -> Result<List<MachineImage>> {
    let images = texts(bytes, 10)?.into_iter().map(|id| {
        Ok(MachineImage {
            id,
            name: maybe(bytes)?,
            is_amazon: bytes.arbitrary()?,
            age: age(bytes)?,
        })
    });
    let images = images.collect::<Result<_>>()?;
    list(images, bytes)
}

pub(in super::super) fn age(bytes: &mut Unstructured<'_>) -> Result<Option<Age>> {
    let days = bytes.arbitrary()?;
    let created = maybe_moment(bytes)?;
    Ok(created.map(|created| Age {
        created: created.to_zoned(TimeZone::UTC).date(),
        days,
    }))
}

pub(super) fn instance_types(bytes: &mut Unstructured<'_>) -> Result<List<InstanceType>> {
    let types = texts(bytes, 10)?.into_iter().map(|name| {
        Ok(InstanceType {
            name,
            encrypts_in_transit: bytes.arbitrary()?,
        })
    });
    let types = types.collect::<Result<_>>()?;
    list(types, bytes)
}
