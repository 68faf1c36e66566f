//! Amazon ECR: repositories, images, scans.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    access::{ANY, RequiredPermission},
    collection::{described, missing},
    collections::{ACCOUNT_SETTINGS, REGISTRY_POLICY, REPOSITORIES},
    downloads,
    service::AwsError,
    wire::{Request, record},
};
use crate::account::{Account, Image, Names, Record, Repository, text};

pub(super) fn describe_repositories(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let (repositories, token) = if let Some(names) = request.texts("repositoryNames", 100)? {
        check_no_paging(request, "repositoryNames")?;
        let named: Result<Vec<_>, _> = names
            .iter()
            .map(|name| find(account, request, name).map(|(repository, _)| repository))
            .collect();
        (named?, None)
    } else {
        let (range, token) =
            request
                .paging()?
                .page(account, request, account.repositories.len())?;
        (account.repositories[range].iter().collect(), token)
    };
    let repositories: Vec<Record> = repositories
        .iter()
        .map(|repository| described(&REPOSITORIES, account, &repository.members))
        .collect();
    Ok(request.paging()?.response(repositories, token).into())
}

pub(super) fn describe_images(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let (repository, places) = requested_repository(account, request)?;
    let (images, token) = if let Some(ids) = request.list("imageIds")? {
        check_no_paging(request, "imageIds")?;
        check_number(request, ids)?;
        let named: Result<Vec<_>, _> = ids
            .iter()
            .map(|id| find_image(repository, places, request, id))
            .collect();
        (named?, None)
    } else {
        let is_wanted = wanted(request)?;
        request
            .paging()?
            .page_of(account, request, &repository.images, is_wanted)?
    };
    let details: Vec<Record> = images
        .iter()
        .map(|image| described_image(account, repository, image))
        .collect();
    Ok(request.paging()?.response(details, token).into())
}

pub(super) fn describe_image_scan_findings(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let (repository, places) = requested_repository(account, request)?;
    let id = request
        .member("imageId")
        .ok_or_else(|| request.invalid("imageId is missing"))?;
    let image = find_image(repository, places, request, id)?;
    let mut response = scan(image).ok_or_else(|| {
        let message = format!(
            "Image scan does not exist for the image with {id} in {}",
            repository.name()
        );
        AwsError::new("ScanNotFoundException", message)
    })?;
    if let Some(findings) = response
        .get_mut("imageScanFindings")
        .and_then(Value::as_object_mut)
    {
        let token = page_findings(account, request, findings)?;
        response.insert("nextToken".to_owned(), token.into());
    }
    let identity = json!({
        "registryId": account.account,
        "repositoryName": repository.name(),
        "imageId": {"imageDigest": image.digest(), "imageTag": image.tags().first()},
    });
    response.extend(record(identity));
    Ok(response.into())
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
    let (range, token) = request.paging()?.page(account, request, items.len())?;
    *items = items[range].to_vec();
    Ok(token)
}

/// Returns manifests by digest or tag. An image that does not exist is reported as a failure beside the others.
pub(super) fn batch_get_image(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let (repository, places) = requested_repository(account, request)?;
    let ids = request
        .list("imageIds")?
        .ok_or_else(|| request.invalid("imageIds is missing"))?;
    check_number(request, ids)?;
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

/// Returns the lifecycle policy of a repository. The account file states it as a document or, if it is not one, as text.
pub(super) fn get_lifecycle_policy(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let (repository, _) = requested_repository(account, request)?;
    let (name, registry) = (repository.name(), &account.account);
    let policy = repository.lifecycle_policy.as_ref().ok_or_else(|| {
        let message = format!(
            "Lifecycle policy does not exist for the repository with name '{name}' in the registry with id '{registry}'"
        );
        AwsError::new("LifecyclePolicyNotFoundException", message)
    })?;
    let text = policy
        .as_str()
        .map_or_else(|| policy.to_string(), str::to_owned);
    Ok(json!({
        "registryId": registry,
        "repositoryName": name,
        "lifecyclePolicyText": text,
        "lastEvaluatedAt": "2025-03-04T05:06:07Z",
    }))
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
            "config": {
                "mediaType": config,
                "size": downloads::configuration(image).len(),
                "digest": downloads::digest(image),
            },
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

/// Returns the policy of a repository.
pub(super) fn get_repository_policy(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let (repository, _) = requested_repository(account, request)?;
    let policy = repository.policy.as_ref().ok_or_else(|| {
        let message = format!(
            "Repository policy does not exist for the repository with name '{}'",
            repository.name()
        );
        AwsError::new("RepositoryPolicyNotFoundException", message)
    })?;
    Ok(json!({
        "registryId": account.account,
        "repositoryName": repository.name(),
        "policyText": policy_text(policy),
    }))
}

/// Returns the policy of the registry.
pub(super) fn get_registry_policy(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&[])?;
    let entry = account.only_entry(REGISTRY_POLICY.name);
    let entry = entry.ok_or_else(|| missing(&REGISTRY_POLICY, request, account, ""))?;
    let mut response = record(json!({"registryId": account.account}));
    if let Some(policy) = entry.get("policyText") {
        response.insert("policyText".to_owned(), policy_text(policy));
    }
    Ok(response.into())
}

/// Returns a setting of the account.
pub(super) fn get_account_setting(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let name = request.required_text("name")?;
    let none = Record::new();
    let entry = account.only_entry(ACCOUNT_SETTINGS.name).unwrap_or(&none);
    let settings = described(&ACCOUNT_SETTINGS, account, entry);
    let value = settings
        .get(name)
        .ok_or_else(|| request.invalid(format!("{name} is not a setting")))?;
    Ok(json!({"name": name, "value": value}))
}

/// Returns a repository creation template as a list contains it.
pub(super) fn listed_template(mut template: Record) -> Value {
    if let Some(policy) = template.get_mut("repositoryPolicy") {
        *policy = policy_text(policy);
    }
    template.into()
}

/// Returns the text of a policy, which an account file contains as an object or as a text.
pub(super) fn policy_text(policy: &Value) -> Value {
    match policy {
        Value::Object(_) => policy.to_string().into(),
        other => other.clone(),
    }
}

/// Returns the URL of the configuration of an image. The stand-in has no other layers.
pub(super) fn get_download_url_for_layer(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let (repository, _) = requested_repository(account, request)?;
    let digest = request.required_text("layerDigest")?;
    let mut images = repository.images.iter();
    if !images.any(|image| downloads::named_digest(image) == digest) {
        let message = format!("The layer with digest {digest} does not exist");
        return Err(AwsError::new("LayersNotFoundException", message));
    }
    let url = downloads::url(request, repository, digest);
    Ok(json!({"downloadUrl": url, "layerDigest": digest}))
}

pub(super) fn describe_image_signing_status(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let (repository, places) = requested_repository(account, request)?;
    let id = request
        .member("imageId")
        .ok_or_else(|| request.invalid("imageId is missing"))?;
    let image = find_image(repository, places, request, id)?;
    Ok(json!({
        "registryId": account.account,
        "repositoryName": repository.name(),
        "imageId": {"imageDigest": image.digest()},
        "signingStatuses": image.signing_statuses,
    }))
}

fn check_number(request: &Request, ids: &[Value]) -> Result<(), AwsError> {
    if ids.is_empty() || ids.len() > 100 {
        return Err(request.invalid(format!("imageIds has {} items, not 1 to 100", ids.len())));
    }
    Ok(())
}

/// Returns the permissions to describe the repositories that a request names, or all.
pub(super) fn permissions_on_repositories(
    action: &'static str,
    account: &Account,
    request: &Request,
) -> Vec<RequiredPermission> {
    let names = request.texts("repositoryNames", usize::MAX);
    let names = names.ok().flatten().unwrap_or_else(|| vec![ANY]);
    let need = |name| RequiredPermission::new(action, arn_of_name(account, name));
    names.into_iter().map(need).collect()
}

/// Returns the permissions to read an image's scan findings. ECR requests those of an enhanced scan from Amazon
/// Inspector.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html>.
pub(super) fn permissions_on_scan_findings(
    action: &'static str,
    account: &Account,
    request: &Request,
) -> Vec<RequiredPermission> {
    let repository = arn_of_name(account, request.text_or_empty("repositoryName"));
    let mut needs = vec![RequiredPermission::new(action, repository)];
    let scanning = account.registry_scanning.as_ref();
    if scanning.is_some_and(|scanning| scanning.get("scanType") == Some(&"ENHANCED".into())) {
        let of_inspector = ["inspector2:ListCoverage", "inspector2:ListFindings"];
        needs.extend(of_inspector.map(RequiredPermission::used_by_service));
    }
    needs
}

fn check_no_paging(request: &Request, beside: &str) -> Result<(), AwsError> {
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
        .ok_or_else(|| missing(&REPOSITORIES, request, account, name))
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
        "" => arn_of_name(account, repository.name()),
        given => given.to_owned(),
    }
}

fn arn_of_name(account: &Account, name: &str) -> String {
    account.arn("ecr", &account.region, &format!("repository/{name}"))
}
