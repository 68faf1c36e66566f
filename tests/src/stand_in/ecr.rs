//! Amazon ECR: repositories, images, scans.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    paging::Paging,
    service::AwsError,
    wire::{Request, epochs, record},
};
use crate::account::{Account, Image, Names, Record, Repository, text};

const PAGES: Paging = Paging {
    size: "maxResults",
    token: "nextToken",
    usual: 100,
    sizes: (1, 1000),
    bad_token: "InvalidParameterException",
};
const MOMENTS: [&str; 14] = [
    "createdAt",
    "firstObservedAt",
    "imagePushedAt",
    "imageScanCompletedAt",
    "lastActivatedAt",
    "lastArchivedAt",
    "lastInUseAt",
    "lastObservedAt",
    "lastRecordedPullTime",
    "pushedAt",
    "updatedAt",
    "vendorCreatedAt",
    "vendorUpdatedAt",
    "vulnerabilitySourceUpdatedAt",
];

pub(super) fn answer(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let mut answer = match request.operation.as_str() {
        "DescribeRepositories" => describe_repositories(account, request),
        "DescribeImages" => describe_images(account, request),
        "DescribeImageScanFindings" => describe_image_scan_findings(account, request),
        "BatchGetImage" => batch_get_image(account, request),
        "GetRegistryScanningConfiguration" => Ok(registry_scanning_configuration(account)),
        other => Err(AwsError::unknown_operation(other)),
    }?;
    epochs(&mut answer, &MOMENTS);
    Ok(answer)
}

fn describe_repositories(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let (repositories, token) = if let Some(names) = request.texts("repositoryNames", 100)? {
        refuse_paging(request, "repositoryNames")?;
        let named: Result<Vec<_>, _> = names
            .iter()
            .map(|name| find(account, request, name).map(|(repository, _)| repository))
            .collect();
        (named?, None)
    } else {
        let (range, token) = PAGES.page(account, request, account.repositories.len())?;
        (account.repositories[range].iter().collect(), token)
    };
    let repositories: Vec<Record> = repositories
        .iter()
        .map(|repository| described_repository(account, repository))
        .collect();
    Ok(json!({"repositories": repositories, "nextToken": token}))
}

fn describe_images(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let (repository, places) = requested_repository(account, request)?;
    let (images, token) = if let Some(ids) = request.list("imageIds")? {
        refuse_paging(request, "imageIds")?;
        refuse_number(request, ids)?;
        let named: Result<Vec<_>, _> = ids
            .iter()
            .map(|id| find_image(repository, places, request, id))
            .collect();
        (named?, None)
    } else {
        let is_wanted = wanted(request)?;
        PAGES.page_of(account, request, &repository.images, is_wanted)?
    };
    let details: Vec<Record> = images
        .iter()
        .map(|image| described_image(account, repository, image))
        .collect();
    Ok(json!({"imageDetails": details, "nextToken": token}))
}

fn describe_image_scan_findings(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let (repository, places) = requested_repository(account, request)?;
    let id = request
        .member("imageId")
        .ok_or_else(|| request.invalid("imageId is missing"))?;
    let image = find_image(repository, places, request, id)?;
    let mut answer = scan(image).ok_or_else(|| {
        let message = format!(
            "Image scan does not exist for the image with {id} in {}",
            repository.name()
        );
        AwsError::new("ScanNotFoundException", message)
    })?;
    if let Some(findings) = answer
        .get_mut("imageScanFindings")
        .and_then(Value::as_object_mut)
    {
        let token = page_findings(account, request, findings)?;
        answer.insert("nextToken".to_owned(), token.into());
    }
    let place = json!({
        "registryId": account.account,
        "repositoryName": repository.name(),
        "imageId": {"imageDigest": image.digest(), "imageTag": image.tags().first()},
    });
    answer.extend(record(place));
    Ok(answer.into())
}

/// Keeps the requested page of a scan's findings, basic or enhanced.
fn page_findings(
    account: &Account,
    request: &Request,
    findings: &mut Record,
) -> Result<Option<String>, AwsError> {
    let kind = ["enhancedFindings", "findings"]
        .into_iter()
        .find(|kind| findings.get(*kind).is_some_and(Value::is_array));
    let Some(Value::Array(items)) = kind.and_then(|kind| findings.get_mut(kind)) else {
        return Ok(None);
    };
    let (range, token) = PAGES.page(account, request, items.len())?;
    *items = items[range].to_vec();
    Ok(token)
}

/// Returns manifests by digest or tag. An image that does not exist is reported as a failure beside the others.
fn batch_get_image(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let (repository, places) = requested_repository(account, request)?;
    let ids = request
        .list("imageIds")?
        .ok_or_else(|| request.invalid("imageIds is missing"))?;
    refuse_number(request, ids)?;
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in ids {
        match find_image(repository, places, request, id) {
            Ok(image) => images.push(with_manifest(account, repository, image)),
            Err(error) if error.code == "ImageNotFoundException" => failures.push(json!({
                "imageId": id,
                "failureCode": "ImageNotFound",
                "failureReason": "Requested image not found",
            })),
            Err(error) => return Err(error),
        }
    }
    Ok(json!({"images": images, "failures": failures}))
}

fn with_manifest(account: &Account, repository: &Repository, image: &Image) -> Value {
    let described = described_image(account, repository, image);
    let (media_type, config) = (
        &described["imageManifestMediaType"],
        &described["artifactMediaType"],
    );
    let manifest = image.manifest.clone().unwrap_or_else(|| {
        let layer = "application/vnd.docker.image.rootfs.diff.tar.gzip";
        record(json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": {"mediaType": config, "size": 241},
            "layers": [{"mediaType": layer, "size": 31_245}],
        }))
    });
    json!({
        "registryId": account.account,
        "repositoryName": repository.name(),
        "imageId": {"imageDigest": image.digest()},
        "imageManifest": Value::from(manifest).to_string(),
        "imageManifestMediaType": media_type,
    })
}

fn refuse_number(request: &Request, ids: &[Value]) -> Result<(), AwsError> {
    if ids.is_empty() || ids.len() > 100 {
        return Err(request.invalid(format!("imageIds has {} items, not 1 to 100", ids.len())));
    }
    Ok(())
}

fn registry_scanning_configuration(account: &Account) -> Value {
    let mut configuration = record(json!({"scanType": "BASIC", "rules": []}));
    configuration.extend(account.registry_scanning.clone().unwrap_or_default());
    json!({"registryId": account.account, "scanningConfiguration": configuration})
}

fn refuse_paging(request: &Request, beside: &str) -> Result<(), AwsError> {
    if request.has("maxResults") || request.has("nextToken") {
        return Err(request.invalid(format!(
            "maxResults and nextToken cannot be used with {beside}"
        )));
    }
    Ok(())
}

fn requested_repository<'a>(
    account: &'a Account,
    request: &Request,
) -> Result<(&'a Repository, &'a Names), AwsError> {
    find(account, request, request.required_text("repositoryName")?)
}

/// Returns a repository and the positions of its images.
fn find<'a>(
    account: &'a Account,
    request: &Request,
    name: &str,
) -> Result<(&'a Repository, &'a Names), AwsError> {
    let registry = request.text("registryId")?.unwrap_or(&account.account);
    account
        .served_repository(name)
        .filter(|_| registry == account.account)
        .ok_or_else(|| repository_not_found(account, name))
}

fn repository_not_found(account: &Account, name: &str) -> AwsError {
    let registry = &account.account;
    let message = format!(
        "The repository with name '{name}' does not exist in the registry with id '{registry}'"
    );
    AwsError::new("RepositoryNotFoundException", message)
}

fn find_image<'a>(
    repository: &'a Repository,
    places: &Names,
    request: &Request,
    id: &Value,
) -> Result<&'a Image, AwsError> {
    let (digest, tag) = (
        id.get("imageDigest").and_then(Value::as_str),
        id.get("imageTag").and_then(Value::as_str),
    );
    if digest.is_none() && tag.is_none() {
        return Err(request.invalid(format!(
            "the image id {id} has neither imageDigest nor imageTag"
        )));
    }
    let position = digest.or(tag).and_then(|name| places.get(name));
    let image = position.and_then(|position| repository.images.get(*position));
    let is_meant = |image: &&Image| {
        digest.is_none_or(|digest| digest == image.digest())
            && tag.is_none_or(|tag| image.has_tag(tag))
    };
    image.filter(is_meant).ok_or_else(|| {
        let message = format!(
            "The image with imageId {id} does not exist within {}",
            repository.name()
        );
        AwsError::new("ImageNotFoundException", message)
    })
}

/// Returns the predicate of the images that a filter requests. Like the service, it accepts only active images unless
/// the filter requests others.
fn wanted(request: &Request) -> Result<impl Fn(&Image) -> bool, AwsError> {
    let tag_status = filter(request, "tagStatus", &["ANY", "TAGGED", "UNTAGGED"], "ANY")?;
    let status = filter(
        request,
        "imageStatus",
        &["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"],
        "ACTIVE",
    )?;
    Ok(move |image: &Image| {
        let own_tag_status = if image.tags().is_empty() {
            "UNTAGGED"
        } else {
            "TAGGED"
        };
        let own_status = image
            .members
            .get("imageStatus")
            .and_then(Value::as_str)
            .unwrap_or("ACTIVE");
        ["ANY", own_tag_status].contains(&tag_status) && ["ANY", own_status].contains(&status)
    })
}

fn filter<'a>(
    request: &'a Request,
    name: &str,
    allowed: &[&str],
    usual: &'static str,
) -> Result<&'a str, AwsError> {
    match request.member("filter").and_then(|filter| filter.get(name)) {
        None | Some(Value::Null) => Ok(usual),
        Some(value) => value
            .as_str()
            .filter(|text| allowed.contains(text))
            .ok_or_else(|| {
                request.invalid(format!(
                    "filter.{name} is {value}, not one of {}",
                    allowed.join(", ")
                ))
            }),
    }
}

/// Returns ECR's description of a repository that was created with only a name, overridden by the account file.
fn described_repository(account: &Account, repository: &Repository) -> Record {
    let Account {
        account: registry,
        region,
        ..
    } = account;
    let mut members = record(json!({
        "repositoryArn": repository_arn(account, repository),
        "registryId": registry,
        "repositoryUri": format!("{registry}.dkr.ecr.{region}.amazonaws.com/{}", repository.name()),
        "createdAt": "2024-02-03T04:05:06Z",
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": false},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }));
    members.extend(repository.members.clone());
    members
}

fn described_image(account: &Account, repository: &Repository, image: &Image) -> Record {
    let mut members = record(json!({
        "registryId": account.account,
        "repositoryName": repository.name(),
        "imageSizeInBytes": 48_273_911,
        "imagePushedAt": "2025-03-04T05:06:07Z",
        "imageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "artifactMediaType": "application/vnd.docker.container.image.v1+json",
        "imageStatus": "ACTIVE",
    }));
    if let Some(scan) = scan(image) {
        members.extend(
            scan.get("imageScanStatus")
                .map(|status| ("imageScanStatus".to_owned(), status.clone())),
        );
        members
            .extend(summary(&scan).map(|summary| ("imageScanFindingsSummary".to_owned(), summary)));
    }
    members.extend(image.members.clone());
    members
}

/// Returns an image's scan; `None` if it was never scanned. The scan is complete unless the account file states another
/// status.
fn scan(image: &Image) -> Option<Record> {
    let given = image.scan.as_ref()?;
    let enhanced = given
        .get("imageScanFindings")
        .is_some_and(|findings| findings.get("enhancedFindings").is_some());
    let mut scan = record(
        json!({"imageScanStatus": {"status": if enhanced { "ACTIVE" } else { "COMPLETE" }}}),
    );
    scan.extend(given.clone());

    let status = scan["imageScanStatus"]
        .get("status")
        .and_then(Value::as_str);
    if matches!(status, Some("ACTIVE" | "COMPLETE")) {
        let findings = scan
            .entry("imageScanFindings")
            .or_insert_with(|| json!({"findings": []}));
        if let Some(findings) = findings.as_object_mut() {
            count(findings);
        }
    }
    Some(scan)
}

/// Adds the members that a scan has beside its findings.
fn count(findings: &mut Record) {
    let counts = json!(severity_counts(findings));
    findings.entry("findingSeverityCounts").or_insert(counts);
    findings
        .entry("imageScanCompletedAt")
        .or_insert_with(|| "2025-03-04T05:08:09Z".into());
    findings
        .entry("vulnerabilitySourceUpdatedAt")
        .or_insert_with(|| "2025-03-04T02:03:04Z".into());
}

fn severity_counts(findings: &Record) -> BTreeMap<&str, u64> {
    let lists = ["findings", "enhancedFindings"]
        .into_iter()
        .filter_map(|kind| findings.get(kind)?.as_array());
    let mut counts = BTreeMap::new();
    for severity in lists
        .flatten()
        .filter_map(|finding| finding.get("severity")?.as_str())
    {
        *counts.entry(severity).or_default() += 1;
    }
    counts
}

/// Returns the summary of a scan's findings that DescribeImages returns.
fn summary(scan: &Record) -> Option<Value> {
    let findings = scan.get("imageScanFindings")?.as_object()?;
    let members = [
        "imageScanCompletedAt",
        "vulnerabilitySourceUpdatedAt",
        "findingSeverityCounts",
    ];
    Some(
        members
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), findings.get(name)?.clone())))
            .collect(),
    )
}

pub(super) fn repository_arn(account: &Account, repository: &Repository) -> String {
    match text(&repository.members, "repositoryArn") {
        "" => account.arn(
            "ecr",
            &account.region,
            &format!("repository/{}", repository.name()),
        ),
        given => given.to_owned(),
    }
}
