//! Facts that no service would return, about resources that can exist.

mod cluster;
mod key;
mod monitoring;
mod policies;
mod trails;

use std::{collections::BTreeMap, sync::Arc};

use arbitrary::{Result, Unstructured};
use eksentry_core::{
    Check, Facts, FactsOf, Location, Mute, ParameterValues, ReasonCode, Resource, ResourceKind,
    Severity, Unread,
    checks::CHECKS,
    facts::{
        Account, EcrImage, EcrRepository, EfsFileSystem, EksCluster, Fact, KmsKey,
        account::{DailyTypes, Inspector, InspectorStatus, RecordedTypes, Recorder},
        image::{
            Configuration, Content, Cvss, Manifest, Package, Scan, ScanResult, ScanStatus,
            SeverityCounts, Signature, SignedOnPush, SigningState, SigningStatus, Use, User,
            Vulnerability, sort_worst_first,
        },
        repository::{
            Encryption, LifecyclePolicy, ManagedSigning, RegistryScanning, RepositoryKey,
            ScanningRule, SigningRule, TagMutability,
        },
    },
    kind::Identity,
    mute_list::Entry,
    parameters::Raw,
    policy::ECR,
};
use jiff::{Timestamp, tz::TimeZone};

use self::cluster::cluster;
use self::key::{key, named_key};
use self::trails::trails;
use super::texts::{maybe, text, text_of, texts};

/// The numbers of vulnerabilities in a scan. At most three of them differ, since many different ones would need many
/// bytes.
const COUNTS: [usize; 16] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 5, 5, 5, 30, 30, 500, 3_000];

const SCORES: [f64; 9] = [
    0.0,
    9.8,
    -0.0,
    -1.0,
    1e300,
    f64::MIN_POSITIVE,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
];

/// A function that makes facts of one kind of resource from bytes.
type Make = fn(&mut Unstructured<'_>) -> Result<Arc<dyn Facts>>;

static KINDS: [(&ResourceKind, Make); 6] = [
    (EksCluster::KIND, |bytes| Ok(Arc::new(cluster(bytes)?))),
    (EcrRepository::KIND, |bytes| {
        Ok(Arc::new(repository(bytes)?))
    }),
    (EcrImage::KIND, |bytes| Ok(Arc::new(image(bytes)?))),
    (KmsKey::KIND, |bytes| Ok(Arc::new(key(bytes)?))),
    (EfsFileSystem::KIND, |bytes| {
        Ok(Arc::new(file_system(bytes)?))
    }),
    (Account::KIND, |bytes| Ok(Arc::new(account(bytes)?))),
];

/// Returns a resource whose name its service allows, and facts of its kind.
pub(super) fn resource_and_facts(
    bytes: &mut Unstructured<'_>,
) -> Result<(Resource, Arc<dyn Facts>)> {
    let (kind, make) = *bytes.choose(&KINDS)?;
    let resource = resource(kind, bytes)?;
    Ok((resource, make(bytes)?))
}

/// Returns a resource of this kind. Where no resource can have the hostile name, its name is 1 to 256 letters long, or
/// an ID.
fn resource(kind: &'static ResourceKind, bytes: &mut Unstructured<'_>) -> Result<Resource> {
    let (partition, region) = *bytes.choose(&[
        ("aws", "eu-central-1"),
        ("aws-cn", "cn-northwest-1"),
        ("aws-us-gov", "us-gov-west-1"),
    ])?;
    let location = Location {
        partition: partition.to_owned(),
        region: region.to_owned(),
        account: "111122223333".to_owned(),
    };
    let digest = format!("sha256:{}", "0a".repeat(32));
    let name = text(bytes)?;
    let long = "n".repeat(bytes.int_in_range(1..=256)?);
    let id = format!("fs-{}", "0a".repeat(bytes.int_in_range(4..=20)?));
    let parsed = Resource::parse(&name);
    let of_name = |name: &str| match kind.identity {
        Identity::Account => Resource::named(kind, "", &location),
        Identity::Arn { .. } if kind == EcrImage::KIND => Resource::image(name, &digest, &location),
        Identity::Arn { .. } => Resource::named(kind, name, &location),
    };
    let made = parsed.ok().filter(|resource| resource.kind() == kind);
    let made = made
        .or_else(|| of_name(&name).ok())
        .or_else(|| of_name(&long).ok());
    Ok(made.unwrap_or_else(|| of_name(&id).expect("such an ID is allowed")))
}

fn account(bytes: &mut Unstructured<'_>) -> Result<Account> {
    let types = texts(bytes, 60)?;
    let types = match bytes.int_in_range(0..=3)? {
        0 => Ok(RecordedTypes::All),
        1 => Ok(RecordedTypes::Only(types)),
        2 => Ok(RecordedTypes::AllBut(types)),
        _ => Err(unread(bytes)?),
    };
    let is_there: bool = bytes.arbitrary()?;
    let overrides = vec![(bytes.arbitrary()?, texts(bytes, 5)?)];
    let recorder = Recorder {
        name: text(bytes)?,
        recording: bytes.arbitrary()?,
        last_status: Some(text(bytes)?),
        types,
        daily: DailyTypes {
            by_default: bytes.arbitrary()?,
            overrides,
        },
    };
    Ok(Account {
        has_clusters: fact(bytes.arbitrary()?, bytes)?,
        has_repositories: fact(bytes.arbitrary()?, bytes)?,
        recorder: fact(is_there.then_some(recorder), bytes)?,
        registry_scanning: fact(scanning(bytes)?, bytes)?,
        inspector: fact(inspector(bytes)?, bytes)?,
        detector: monitoring::detector(bytes)?,
        repositories: "arn:aws:ecr:eu-central-1:111122223333:repository/*".to_owned(),
        registry_policy: policies::of_registry(bytes)?,
        creation_templates: policies::templates(bytes)?,
        organization: policies::organization(bytes)?,
        trails: trails(bytes)?,
        encrypts_volumes: fact(bytes.arbitrary()?, bytes)?,
    })
}

fn file_system(bytes: &mut Unstructured<'_>) -> Result<EfsFileSystem> {
    let states = ["available", "creating", "deleting", "error"].map(str::to_owned);
    let any = text(bytes)?;
    Ok(EfsFileSystem {
        id: text(bytes)?,
        arn: text(bytes)?,
        name: maybe(bytes)?,
        state: if bytes.arbitrary()? {
            bytes.choose(&states)?.clone()
        } else {
            any
        },
        is_encrypted: bytes.arbitrary()?,
        kms_key: maybe(bytes)?,
        is_used_by_eks: fact(bytes.arbitrary()?, bytes)?,
        tags: tags(bytes)?,
    })
}

fn inspector(bytes: &mut Unstructured<'_>) -> Result<Inspector> {
    let status = |bytes: &mut Unstructured<'_>| {
        let names = ["ENABLED", "ENABLING", "SUSPENDED"].map(str::to_owned);
        let other = text(bytes)?;
        let name = bytes.choose(&names)?;
        let name = if bytes.ratio(4, 5)? { name } else { &other };
        Ok(InspectorStatus::read(Some(name)))
    };
    Ok(if bytes.ratio(4, 5)? {
        Inspector::Offered {
            account: status(bytes)?,
            images: status(bytes)?,
        }
    } else {
        Inspector::NotOffered
    })
}

fn scanning(bytes: &mut Unstructured<'_>) -> Result<RegistryScanning> {
    let frequency = if bytes.arbitrary()? {
        "SCAN_ON_PUSH".to_owned()
    } else {
        text(bytes)?
    };
    let filters = texts(bytes, 120)?;
    Ok(RegistryScanning {
        enhanced: bytes.arbitrary()?,
        rules: vec![ScanningRule { frequency, filters }],
    })
}

fn repository(bytes: &mut Unstructured<'_>) -> Result<EcrRepository> {
    let mutability = match bytes.int_in_range(0..=2)? {
        0 => "IMMUTABLE_WITH_EXCLUSION".to_owned(),
        1 => "IMMUTABLE".to_owned(),
        _ => text(bytes)?,
    };
    Ok(EcrRepository {
        name: text(bytes)?,
        arn: text(bytes)?,
        mutability: TagMutability::read(Some(&mutability)),
        exclusion_filters: texts(bytes, 120)?,
        scan_on_push: bytes.arbitrary()?,

        managed_signing: managed_signing(bytes)?,
        registry_scanning: fact(scanning(bytes)?, bytes)?,
        policy: {
            let policy = policies::attached(&ECR, bytes)?;
            let is_there: bool = bytes.arbitrary()?;
            fact(is_there.then_some(policy), bytes)?
        },
        registry_policy: policies::of_registry(bytes)?,
        organization: policies::organization(bytes)?,
        encryption: encryption(bytes)?,
        lifecycle_policy: {
            let policy = *bytes.choose(&[
                LifecyclePolicy::None,
                LifecyclePolicy::WithoutRules,
                LifecyclePolicy::WithRules,
                LifecyclePolicy::NotUnderstood,
            ])?;
            fact(policy, bytes)?
        },
    })
}

fn encryption(bytes: &mut Unstructured<'_>) -> Result<Encryption> {
    Ok(match bytes.int_in_range(0..=5)? {
        0 => Encryption::Aes256,
        1 => Encryption::Unknown(text(bytes)?),
        2 => Encryption::Kms {
            is_dual_layer: true,
            key: None,
        },
        _ => Encryption::Kms {
            is_dual_layer: bytes.arbitrary()?,
            key: Some(RepositoryKey {
                named: text(bytes)?,
                key: {
                    let key = named_key(bytes)?;
                    fact(bytes.ratio(9, 10)?.then_some(key), bytes)?
                },
            }),
        },
    })
}

fn image(bytes: &mut Unstructured<'_>) -> Result<EcrImage> {
    let media_type = maybe(bytes)?;
    let tags = texts(bytes, 1_000)?;
    let is_image: bool = bytes.arbitrary()?;
    let artifact = maybe(bytes)?;
    let subject = maybe(bytes)?;
    let content = Content::read(
        media_type.as_deref(),
        artifact.as_deref(),
        subject.as_deref(),
        &tags,
    );
    let scan = scan(bytes)?;
    let signed_on_push = *bytes.choose(&[
        SignedOnPush::Yes,
        SignedOnPush::UnlessCopied,
        SignedOnPush::No,
    ])?;
    Ok(EcrImage {
        repository: text(bytes)?,
        digest: text(bytes)?,
        undescribed: fact((), bytes)?.err(),
        registry: maybe(bytes)?,
        tags,
        content: if is_image { Content::Image } else { content },
        manifest: *bytes.choose(&[Manifest::Unread, Manifest::Withheld, Manifest::OfImage])?,
        archived: bytes.ratio(1, 10)?,
        pushed_at: maybe_moment(bytes)?,
        age: bytes.arbitrary()?,
        idle_days: bytes.arbitrary()?,
        pulled_days: bytes.arbitrary()?,
        scan_revision: maybe(bytes)?,
        scan: fact(scan, bytes)?,
        signed_on_push: fact(signed_on_push, bytes)?,
        signature: signature(bytes)?,
        configuration: configuration(bytes)?,
    })
}

fn managed_signing(bytes: &mut Unstructured<'_>) -> Result<Fact<ManagedSigning>> {
    let rule = SigningRule {
        filters: texts(bytes, 120)?,
    };
    let signing = match bytes.int_in_range(0..=2)? {
        0 => ManagedSigning::Unsupported,
        1 => ManagedSigning::Rules(Vec::new()),
        _ => ManagedSigning::Rules(vec![rule]),
    };
    fact(signing, bytes)
}

fn signature(bytes: &mut Unstructured<'_>) -> Result<Fact<Signature>> {
    let states = [
        SigningState::Complete,
        SigningState::Failed,
        SigningState::UnderWay,
    ];
    let listed = SigningStatus {
        state: *bytes.choose(&states)?,
        problem: maybe(bytes)?,
    };
    let statuses = vec![listed; bytes.int_in_range(0..=2)?];
    let signature = match bytes.int_in_range(0..=2)? {
        0 => Signature::Present,
        1 => Signature::Absent(statuses),
        _ => Signature::NotFound(statuses),
    };
    fact(signature, bytes)
}

fn configuration(bytes: &mut Unstructured<'_>) -> Result<Fact<Configuration>> {
    let user = User {
        name: text(bytes)?,
        is_windows: bytes.arbitrary()?,
    };
    let configuration = match bytes.int_in_range(0..=4)? {
        0 => Configuration::OfArtifact,
        1 => Configuration::Cached,
        2 => Configuration::NotUnderstood("Why."),
        _ => Configuration::Read(user),
    };
    fact(configuration, bytes)
}

fn scan(bytes: &mut Unstructured<'_>) -> Result<Scan> {
    let status = match bytes.int_in_range(0..=4)? {
        0 => return Ok(Scan::Never),
        1 => text(bytes)?,
        2 => "FAILED".to_owned(),
        _ => "COMPLETE".to_owned(),
    };
    let count = *bytes.choose(&COUNTS)?;
    let different = (0..count.min(3)).map(|_| vulnerability(bytes));
    let different = different.collect::<Result<Vec<_>>>()?;
    let mut vulnerabilities: Vec<_> = different.iter().cycle().take(count).cloned().collect();
    sort_worst_first(&mut vulnerabilities);
    let mut counts = SeverityCounts::default();
    for _ in 0..bytes.int_in_range(0..=8)? {
        counts.add(severity(bytes)?, *bytes.choose(&[0, 1, 7, u64::MAX])?);
    }
    let in_use = Use {
        clusters: bytes.arbitrary()?,
        last: maybe_moment(bytes)?.map(|at| at.to_zoned(TimeZone::UTC).date()),
    };
    let result = Arc::new(ScanResult {
        counts,
        vulnerabilities,
        in_use: bytes.arbitrary::<bool>()?.then_some(in_use),
    });
    if bytes.ratio(1, 10)? {
        return Ok(Scan::Announced(result));
    }
    let status = if bytes.ratio(1, 10)? {
        ScanStatus::Arriving
    } else {
        ScanStatus::read(&status)
    };
    Ok(Scan::Tried {
        status,
        description: maybe(bytes)?,
        result: bytes.ratio(9, 10)?.then_some(result),
    })
}

fn vulnerability(bytes: &mut Unstructured<'_>) -> Result<Vulnerability> {
    let word = *bytes.choose(&["YES", "NO", "PARTIAL", "", "MAYBE"])?;
    let packages = (0..*bytes.choose(&[0, 1, 2, 30])?).map(|_| package(bytes));
    let packages = packages.collect::<Result<_>>()?;
    let cvss = (0..bytes.int_in_range(0..=25)?).map(|_| cvss(bytes));
    Ok(Vulnerability {
        cvss: cvss.collect::<Result<_>>()?,
        id: short(bytes)?.unwrap_or_else(|| "CVE-2024-3094".to_owned()),
        severity: severity(bytes)?,
        packages,
        vendor: short(bytes)?,
        vendor_url: short(bytes)?,
        vendor_severity: short(bytes)?,
        published_at: maybe_moment(bytes)?,
        updated_at: maybe_moment(bytes)?,
        references: texts(bytes, 30)?,
        related: texts(bytes, 30)?,
        fix_available: bytes.arbitrary::<bool>()?.then(|| word.to_owned()),
        exploit_available: short(bytes)?,
        epss: Some(score(bytes)?),
    })
}

fn package(bytes: &mut Unstructured<'_>) -> Result<Package> {
    Ok(Package {
        name: short(bytes)?,
        version: short(bytes)?,
        epoch: short(bytes)?,
        release: short(bytes)?,
        architecture: short(bytes)?,
        manager: short(bytes)?,
        path: short(bytes)?,
        fixed_in: short(bytes)?,
        layer: short(bytes)?,
    })
}

fn cvss(bytes: &mut Unstructured<'_>) -> Result<Cvss> {
    Ok(Cvss {
        version: short(bytes)?,
        score: bytes.arbitrary::<bool>()?.then_some(score(bytes)?),
        vector: short(bytes)?,
        source: short(bytes)?,
    })
}

/// Returns the value or, in one of five cases, a reason why it was not read.
fn fact<T>(value: T, bytes: &mut Unstructured<'_>) -> Result<Fact<T>> {
    Ok(if bytes.ratio(1, 5)? {
        Err(unread(bytes)?)
    } else {
        Ok(value)
    })
}

pub(super) fn unread(bytes: &mut Unstructured<'_>) -> Result<Unread> {
    Ok(Unread {
        code: *bytes.choose(ReasonCode::ALL)?,
        text: text(bytes)?,
    })
}

fn unreads(bytes: &mut Unstructured<'_>) -> Result<Vec<Unread>> {
    let count = *bytes.choose(&[0, 0, 1, 40])?;
    (0..count).map(|_| unread(bytes)).collect()
}

fn severity(bytes: &mut Unstructured<'_>) -> Result<Option<Severity>> {
    let severity = *bytes.choose(&Severity::ALL)?;
    Ok(bytes.ratio(9, 10)?.then_some(severity))
}

fn score(bytes: &mut Unstructured<'_>) -> Result<f64> {
    Ok(if bytes.arbitrary()? {
        *bytes.choose(&SCORES)?
    } else {
        bytes.arbitrary()?
    })
}

/// Returns a text or none. The text is short, since thousands of longer ones would not fit into memory.
fn short(bytes: &mut Unstructured<'_>) -> Result<Option<String>> {
    Ok(if bytes.arbitrary()? {
        Some(text_of(bytes, 600)?)
    } else {
        None
    })
}

/// Returns 1, 2 or 71 tags.
pub(super) fn tags(bytes: &mut Unstructured<'_>) -> Result<Vec<(String, String)>> {
    let (key, value) = (text(bytes)?, text(bytes)?);
    let count = *bytes.choose(&[0, 1, 70])?;
    Ok((0..count)
        .map(|number| (format!("{number}{key}"), value.clone()))
        .chain([(value.clone(), key.clone())])
        .collect())
}

pub(super) fn moment(bytes: &mut Unstructured<'_>) -> Result<Timestamp> {
    let second = bytes.int_in_range(0..=4_102_444_800)?;
    Ok(Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// Returns a timestamp or none. Vendors may state any time.
fn maybe_moment(bytes: &mut Unstructured<'_>) -> Result<Option<Timestamp>> {
    Ok(match bytes.int_in_range(0..=4)? {
        0 => None,
        1 => Some(Timestamp::MIN),
        2 => Some(Timestamp::MAX),
        _ => Some(moment(bytes)?),
    })
}

/// Returns the URL under which the checks' pages are published, or none. The settings accept only a URL.
pub(super) fn docs(bytes: &mut Unstructured<'_>) -> Result<Option<&'static str>> {
    Ok(*bytes.choose(&[None, Some("https://example.com/docs/")])?)
}

/// Returns the settings that the check reads from random parameters, or default settings if it rejects them.
pub(super) fn settings(
    check: &'static Check,
    bytes: &mut Unstructured<'_>,
) -> Result<ParameterValues> {
    let mut raw = BTreeMap::new();
    if bytes.ratio(1, 3)? {
        for parameter in check.parameters {
            let value = match bytes.int_in_range(0..=2)? {
                0 => Raw::Text(text(bytes)?),
                1 => Raw::List(texts(bytes, 40)?.into_iter().map(Raw::Text).collect()),
                _ => Raw::Number(bytes.arbitrary()?),
            };
            raw.insert(parameter.name().to_owned(), value);
        }
    }
    Ok(ParameterValues::read(check.id, check.parameters, &raw).unwrap_or_default())
}

/// Returns, in one of five cases, an exception from a hostile mute-list entry, if the entry is valid.
pub(super) fn mute(bytes: &mut Unstructured<'_>) -> Result<Option<Mute>> {
    if bytes.ratio(4, 5)? {
        return Ok(None);
    }
    let entry = Entry {
        check: Some(bytes.choose(&CHECKS)?.id.to_owned()),
        resource: Some("*".to_owned()),
        tag: maybe(bytes)?,
        reason: maybe(bytes)?,
        until: Some("2030-01-01".to_owned()),
    };
    Ok(Mute::try_from(entry).ok())
}
