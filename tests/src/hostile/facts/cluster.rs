//! Facts about clusters.

mod network;

pub(super) use self::network::age;

use arbitrary::{Result, Unstructured};
use eksentry_core::{
    facts::{
        EksCluster, Fact, List,
        cluster::{
            AccessEntry, Addon, Association, AuthenticationMode, ClusterAdmin, EndOfSupport,
            Endpoint, Handling, Insight, InsightStatus, Issue, KubernetesVersion, ListedVersion,
            Listener, LoadBalancer, LoadBalancerKind, LogTypes, MetadataOptions, NetworkPolicy,
            Node, NodeGroup, NodeOrigin, NodeRole, PodRoleSource, Principal, RemoteAccess, Role,
            RolePolicy, RoleUsers, SecretsKey, SupportStatus, TlsVersion, TrustingRole,
            UpgradePolicy,
        },
        key::NamedKey,
    },
    policy::{Permissions, ServiceAccounts},
};
use jiff::tz::TimeZone;

use super::super::texts::{maybe, text, texts};
use super::{fact, maybe_moment, monitoring::monitoring, named_key, tags, unreads};

pub(super) fn cluster(bytes: &mut Unstructured<'_>) -> Result<EksCluster> {
    let cidrs = texts(bytes, 60)?;
    let more = if bytes.arbitrary()? {
        vec!["0.0.0.0/0"]
    } else {
        vec![]
    };
    let logs = LogTypes::ALL.iter().try_fold(LogTypes::NONE, |set, log| {
        Ok(if bytes.arbitrary()? {
            set.with(log)
        } else {
            set
        })
    })?;
    let cidrs = if bytes.arbitrary()? {
        cidrs
    } else {
        Vec::new()
    };
    Ok(EksCluster {
        name: text(bytes)?,
        arn: text(bytes)?,
        status: text(bytes)?,
        connected: bytes.arbitrary()?,
        on_outpost: bytes.arbitrary()?,
        health: health(bytes)?,
        version: text(bytes)?.parse().ok(),
        listed_versions: listed_versions(bytes)?,
        upgrade_policy: if bytes.arbitrary()? {
            UpgradePolicy::Standard
        } else {
            UpgradePolicy::Extended
        },
        created_at: maybe_moment(bytes)?,
        age: bytes.arbitrary()?,
        endpoint: Endpoint::read(
            bytes.arbitrary()?,
            bytes.arbitrary()?,
            cidrs.iter().map(String::as_str).chain(more),
        ),
        authentication_mode: AuthenticationMode::read(&text(bytes)?),
        creator_is_admin: bytes.arbitrary()?,
        access_entries: access_entries(bytes)?,
        admins: admins(bytes)?,
        issuer: maybe(bytes)?,
        trusting_roles: trusting_roles(bytes)?,
        pod_roles: pod_roles(bytes)?,
        auto_mode: bytes.arbitrary()?,
        auto_mode_role: maybe(bytes)?,
        nodes: nodes(bytes)?,
        node_roles: node_roles(bytes)?,
        deletion_protection: bytes.arbitrary()?,
        enabled_logs: logs,
        monitoring: monitoring(bytes)?,
        secrets_key: secrets_key(bytes)?,
        role_arn: maybe(bytes)?,
        role_users: RoleUsers {
            others: texts(bytes, 120)?,
            unread: unreads(bytes)?,
        },
        role: role(bytes)?,
        node_groups: node_groups(bytes)?,
        addons: addons(bytes)?,
        load_balancers: load_balancers(bytes)?,
        unencrypted_volumes: {
            let volumes = texts(bytes, 120)?;
            list(volumes, bytes)?
        },
        insights: insights(bytes)?,
        network: network::network(bytes)?,
        images: network::images(bytes)?,
        instance_types: network::instance_types(bytes)?,
        subnets: texts(bytes, 120)?,
        security_groups: texts(bytes, 120)?,
        url: maybe(bytes)?,
        tags: tags(bytes)?,
    })
}

fn health(bytes: &mut Unstructured<'_>) -> Result<Option<Vec<Issue>>> {
    let issues = issues(bytes)?;
    Ok(bytes.arbitrary::<bool>()?.then_some(issues))
}

fn issues(bytes: &mut Unstructured<'_>) -> Result<Vec<Issue>> {
    let codes = texts(bytes, 4)?;
    let resources = texts(bytes, 3)?;
    let issues = codes.iter().map(|code| Issue::read(Some(code), &resources));
    Ok(issues.collect())
}

fn node_groups(bytes: &mut Unstructured<'_>) -> Result<List<NodeGroup>> {
    let groups = texts(bytes, 12)?.into_iter().map(|name| {
        let access = RemoteAccess {
            ssh_key: maybe(bytes)?,
            source_security_groups: texts(bytes, 10)?,
        };
        Ok(NodeGroup {
            name,
            status: status(bytes)?,
            issues: issues(bytes)?,
            version: text(bytes)?.parse().ok(),
            release_version: maybe(bytes)?,
            release_age: network::age(bytes)?,
            ami_type: maybe(bytes)?,
            subnets: texts(bytes, 10)?,
            has_launch_template: bytes.arbitrary()?,
            node_role: maybe(bytes)?,
            remote_access_security_group: maybe(bytes)?,
            remote_access: bytes.arbitrary::<bool>()?.then_some(access),
            desired_size: bytes.arbitrary()?,
        })
    });
    let groups = groups.collect::<Result<_>>()?;
    list(groups, bytes)
}

fn addons(bytes: &mut Unstructured<'_>) -> Result<List<Addon>> {
    const NETWORK_POLICIES: [NetworkPolicy; 3] = [
        NetworkPolicy::Enabled,
        NetworkPolicy::NotEnabled,
        NetworkPolicy::NotUnderstood,
    ];
    let addons = texts(bytes, 12)?.into_iter().map(|name| {
        let names = [name, "vpc-cni".to_owned()];
        Ok(Addon {
            name: bytes.choose(&names)?.clone(),
            status: status(bytes)?,
            issues: issues(bytes)?,
            version: maybe(bytes)?,
            network_policy: *bytes.choose(&NETWORK_POLICIES)?,
        })
    });
    let addons = addons.collect::<Result<_>>()?;
    list(addons, bytes)
}

fn load_balancers(bytes: &mut Unstructured<'_>) -> Result<List<LoadBalancer>> {
    const KINDS: [LoadBalancerKind; 4] = [
        LoadBalancerKind::Application,
        LoadBalancerKind::Network,
        LoadBalancerKind::Gateway,
        LoadBalancerKind::Classic,
    ];
    let balancers = texts(bytes, 12)?.into_iter().map(|name| {
        Ok(LoadBalancer {
            name,
            kind: *bytes.choose(&KINDS)?,
            is_internal: fact(bytes.arbitrary()?, bytes)?,
            listeners: listeners(bytes)?,
        })
    });
    let balancers = balancers.collect::<Result<_>>()?;
    list(balancers, bytes)
}

fn listeners(bytes: &mut Unstructured<'_>) -> Result<List<Listener>> {
    let listeners = texts(bytes, 4)?.into_iter().map(|protocol| {
        let version = TlsVersion {
            major: bytes.arbitrary()?,
            minor: bytes.arbitrary()?,
        };
        Ok(Listener {
            protocol,
            port: bytes.arbitrary()?,
            handling: match bytes.int_in_range(0..=3)? {
                0 => Handling::Http {
                    serves_requests: fact(bytes.arbitrary()?, bytes)?,
                },
                1 => Handling::Tls {
                    oldest_version: fact(version, bytes)?,
                },
                2 => Handling::PassThrough,
                _ => Handling::Unknown,
            },
        })
    });
    let listeners = listeners.collect::<Result<_>>()?;
    list(listeners, bytes)
}

fn insights(bytes: &mut Unstructured<'_>) -> Result<List<Insight>> {
    const STATUSES: [InsightStatus; 4] = [
        InsightStatus::Passing,
        InsightStatus::Unknown,
        InsightStatus::Warning,
        InsightStatus::Error,
    ];
    let insights = texts(bytes, 30)?.into_iter().map(|name| {
        Ok(Insight {
            id: text(bytes)?,
            name,
            is_about_rollback: bytes.arbitrary()?,
            version: text(bytes)?.parse().ok(),
            status: *bytes.choose(&STATUSES)?,
            days_old: bytes.arbitrary()?,
        })
    });
    let insights = insights.collect::<Result<_>>()?;
    list(insights, bytes)
}

fn status(bytes: &mut Unstructured<'_>) -> Result<String> {
    let statuses = ["ACTIVE".to_owned(), "DEGRADED".to_owned(), text(bytes)?];
    Ok(bytes.choose(&statuses)?.clone())
}

fn secrets_key(bytes: &mut Unstructured<'_>) -> Result<Option<SecretsKey>> {
    if bytes.arbitrary()? {
        return Ok(None);
    }
    Ok(Some(SecretsKey {
        named: text(bytes)?,
        names_secrets: bytes.arbitrary()?,
        key: maybe_key(bytes)?,
    }))
}

pub(super) fn maybe_key(bytes: &mut Unstructured<'_>) -> Result<Fact<Option<NamedKey>>> {
    let named = named_key(bytes)?;
    let named = bytes.arbitrary::<bool>()?.then_some(named);
    fact(named, bytes)
}

fn role(bytes: &mut Unstructured<'_>) -> Result<Fact<Option<Role>>> {
    let trusted = texts(bytes, 20)?;
    let policies = texts(bytes, 20)?.into_iter().map(|name| {
        let chosen: u32 = bytes.arbitrary()?;
        let actions = Permissions::EVERYTHING.on_every_resource.iter().enumerate();
        let actions = actions.filter(|(position, _)| chosen >> position & 1 == 1);
        let permissions = Permissions {
            everything: bytes.arbitrary()?,
            on_every_resource: actions.map(|(_, action)| action).collect(),
        };
        Ok(RolePolicy {
            name,
            is_aws_managed: bytes.arbitrary()?,
            permissions: fact(permissions, bytes)?,
        })
    });
    let policies = policies.collect::<Result<_>>()?;
    let role = Role {
        trusted: fact(trusted, bytes)?,
        policies: list(policies, bytes)?,
    };
    let role = bytes.arbitrary::<bool>()?.then_some(role);
    fact(role, bytes)
}

fn node_roles(bytes: &mut Unstructured<'_>) -> Result<List<NodeRole>> {
    let roles = texts(bytes, 6)?.into_iter().map(|name| {
        Ok(NodeRole {
            name,
            role: role(bytes)?,
        })
    });
    let roles = roles.collect::<Result<_>>()?;
    list(roles, bytes)
}

pub(super) fn list<T>(items: Vec<T>, bytes: &mut Unstructured<'_>) -> Result<List<T>> {
    let missing = fact((), bytes)?.err();
    Ok(List { items, missing })
}

fn access_entries(bytes: &mut Unstructured<'_>) -> Result<Option<List<AccessEntry>>> {
    let entries = texts(bytes, 30)?.into_iter().map(|arn| {
        Ok(AccessEntry {
            principal: Principal::new(arn),
            exists: fact(bytes.arbitrary()?, bytes)?,
        })
    });
    let entries = entries.collect::<Result<_>>()?;
    let entries = list(entries, bytes)?;
    Ok(bytes.arbitrary::<bool>()?.then_some(entries))
}

fn admins(bytes: &mut Unstructured<'_>) -> Result<Option<List<ClusterAdmin>>> {
    let admins = texts(bytes, 30)?.into_iter().map(|arn| {
        let association = Association {
            associated_at: maybe_moment(bytes)?,
        };
        let association = bytes.arbitrary::<bool>()?.then_some(association);
        Ok(ClusterAdmin {
            principal: Principal::new(arn),
            cluster_wide: fact(association, bytes)?,
        })
    });
    let admins = admins.collect::<Result<_>>()?;
    let admins = list(admins, bytes)?;
    Ok(bytes.arbitrary::<bool>()?.then_some(admins))
}

fn trusting_roles(bytes: &mut Unstructured<'_>) -> Result<List<TrustingRole>> {
    const WIDTHS: [ServiceAccounts; 4] = [
        ServiceAccounts::Listed,
        ServiceAccounts::OfNamespace,
        ServiceAccounts::OfNamespaces,
        ServiceAccounts::All,
    ];
    let roles = texts(bytes, 30)?.into_iter().map(|name| {
        Ok(TrustingRole {
            name,
            service_accounts: fact(*bytes.choose(&WIDTHS)?, bytes)?.ok(),
            unread: fact((), bytes)?.err(),
        })
    });
    let roles = roles.collect::<Result<_>>()?;
    list(roles, bytes)
}

fn pod_roles(bytes: &mut Unstructured<'_>) -> Result<Fact<Option<PodRoleSource>>> {
    const SOURCES: [Option<PodRoleSource>; 3] = [
        None,
        Some(PodRoleSource::IdentityProvider),
        Some(PodRoleSource::PodIdentity),
    ];
    fact(*bytes.choose(&SOURCES)?, bytes)
}

fn listed_versions(bytes: &mut Unstructured<'_>) -> Result<List<ListedVersion>> {
    const STATUSES: [Option<SupportStatus>; 4] = [
        None,
        Some(SupportStatus::Standard),
        Some(SupportStatus::Extended),
        Some(SupportStatus::Unsupported),
    ];
    let versions = texts(bytes, 4)?.into_iter().map(|_| {
        Ok(ListedVersion {
            version: KubernetesVersion {
                major: bytes.arbitrary()?,
                minor: bytes.arbitrary()?,
            },
            on_outpost: bytes.arbitrary()?,
            status: *bytes.choose(&STATUSES)?,
            end_of_standard: end_of_support(bytes)?,
            end_of_extended: end_of_support(bytes)?,
        })
    });
    let versions = versions.collect::<Result<_>>()?;
    list(versions, bytes)
}

fn end_of_support(bytes: &mut Unstructured<'_>) -> Result<Option<EndOfSupport>> {
    let days_left = bytes.arbitrary()?;
    let at = maybe_moment(bytes)?;
    Ok(at.map(|at| EndOfSupport {
        date: at.to_zoned(TimeZone::UTC).date(),
        days_left,
    }))
}

fn nodes(bytes: &mut Unstructured<'_>) -> Result<List<Node>> {
    let nodes = texts(bytes, 10)?.into_iter().map(|name| {
        let metadata = MetadataOptions {
            is_enabled: bytes.arbitrary()?,
            requires_token: bytes.arbitrary()?,
            hop_limit: bytes.arbitrary()?,
        };
        let public_subnets = texts(bytes, 3)?.into_iter().map(Some).collect();
        Ok(Node {
            group: match bytes.int_in_range(0..=3)? {
                0 => NodeOrigin::NodeGroup(name),
                1 => NodeOrigin::NodePool(name),
                2 => NodeOrigin::AutoScalingGroup(name),
                _ => NodeOrigin::Other,
            },
            is_managed: bytes.arbitrary()?,
            metadata: bytes.arbitrary::<bool>()?.then_some(metadata),
            public_subnets: bytes.arbitrary::<bool>()?.then_some(public_subnets),
            subnet: maybe(bytes)?,
            security_groups: texts(bytes, 10)?,
            image: maybe(bytes)?,
            instance_type: maybe(bytes)?,
            instance_profile: maybe(bytes)?,
        })
    });
    let nodes = nodes.collect::<Result<_>>()?;
    list(nodes, bytes)
}
