//! Amazon ECR: a registry's repositories and their images.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_ecr::operation::describe_image_scan_findings::DescribeImageScanFindingsError;
use aws_sdk_ecr::operation::describe_images::DescribeImagesError;
use aws_sdk_ecr::operation::describe_repositories::{
    DescribeRepositoriesError, DescribeRepositoriesOutput,
};
use aws_sdk_ecr::types::{
    Attribute, DescribeImagesFilter, EnhancedImageScanFinding, FindingSeverity, ImageDetail,
    ImageIdentifier, ImageScanFinding, ImageScanFindings, ImageStatus, ImageStatusFilter,
    Repository, ScanType, VulnerablePackage,
};
use eksentry_aws::Pages;
use eksentry_core::facts::image::{
    Content, Cvss, EcrImage, Package, Scan, ScanResult, ScanStatus, SeverityCounts, Vulnerability,
    sort_worst_first,
};
use eksentry_core::facts::repository::{
    EcrRepository, RegistryScanning, ScanningRule, TagMutability,
};
use eksentry_core::kind::Family;
use eksentry_core::repository_names::RepositoryNames;
use eksentry_core::{Fact, FactsOf, Need, Needs, Observation, Part, Resource, State, Unread};
use futures::future::LocalBoxFuture;
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::sync::{OnceCell, mpsc};

use crate::collector::{Collector, Listing};
use crate::unread::unread;
use crate::{
    Gate, LOOKS_AT_A_TIME, Reader, Step, Unlisted, endless, gone_or_unread, nameless, no_list,
    timestamp,
};

pub(crate) const ACTIONS: &[&str] = &[
    "ecr:DescribeRepositories",
    "ecr:DescribeImages",
    "ecr:DescribeImageScanFindings",
    "ecr:GetRegistryScanningConfiguration",
];

const LIST: &str = "ecr:DescribeRepositories";
const LIST_IMAGES: &str = "ecr:DescribeImages";

/// The most that ECR's lists take for a page.
const PAGE: i32 = 1000;

/// How many repositories' images are listed at a time; each may hold a page of them in memory.
const REPOSITORIES_AT_A_TIME: usize = 20;

/// The most vulnerabilities of an image that are kept, the worst; a finding has room for some hundreds.
const VULNERABILITIES: usize = 1_000;

/// The id of a vulnerability that was told without one.
const NAMELESS: &str = "unknown";

/// Reads repositories and their images.
pub(crate) struct RegistryCollector;

impl Collector for RegistryCollector {
    fn family(&self) -> Family {
        Family::Registry
    }

    fn actions(&self) -> &'static [&'static str] {
        ACTIONS
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
    ) -> LocalBoxFuture<'a, State> {
        if resource.kind() == EcrImage::KIND {
            reader.image(resource, needs).boxed_local()
        } else {
            reader.repository(resource, needs).boxed_local()
        }
    }

    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>> {
        let Part::Registry(names) = listing.slice else {
            return async { Vec::new() }.boxed_local();
        };
        let wanted = Wanted {
            names,
            repositories: listing.wants(EcrRepository::KIND),
            images: listing.wants(EcrImage::KIND),
        };
        let Listing {
            needs, gate, out, ..
        } = listing;
        reader
            .all_of_the_registry(wanted, needs, gate, out)
            .boxed_local()
    }
}

/// What of a registry is to be looked at.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    names: &'a RepositoryNames,
    repositories: bool,
    images: bool,
}

impl Wanted<'_> {
    /// What is lost of it when repositories are.
    fn lost(self, reason: &Unread) -> Vec<Unlisted> {
        let kinds = [
            (self.repositories, EcrRepository::KIND),
            (self.images, EcrImage::KIND),
        ];
        let lost = kinds.into_iter().filter(|(wanted, _)| *wanted);
        lost.map(|(_, kind)| Unlisted::all(kind, reason.clone()))
            .collect()
    }
}

/// What was read already.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    scanning: OnceCell<Fact<RegistryScanning>>,
    /// All repositories, once they were listed.
    listed: OnceCell<Registry>,
}

/// All repositories of a registry.
#[derive(Debug, Default)]
struct Registry {
    repositories: Vec<ListedRepository>,
    /// Why these may not be all of them.
    gaps: Vec<Unread>,
}

/// A repository as a list tells of it. A registry may have a hundred thousand, so nothing else is kept.
#[derive(Debug)]
struct ListedRepository {
    name: Box<str>,
    mutability: TagMutability,
    exclusion_filters: Box<[Box<str>]>,
    scan_on_push: bool,
    listed_at: Timestamp,
}

impl ListedRepository {
    fn read(name: &str, repository: &Repository, listed_at: Timestamp) -> Self {
        let mutability = repository.image_tag_mutability();
        let filters = repository.image_tag_mutability_exclusion_filters().iter();
        Self {
            name: name.into(),
            mutability: TagMutability::read(
                mutability.map(aws_sdk_ecr::types::ImageTagMutability::as_str),
            ),
            exclusion_filters: filters.map(|filter| filter.filter().into()).collect(),
            scan_on_push: repository
                .image_scanning_configuration()
                .is_some_and(aws_sdk_ecr::types::ImageScanningConfiguration::scan_on_push),
            listed_at,
        }
    }
}

impl Reader<'_> {
    async fn all_of_the_registry(
        &self,
        wanted: Wanted<'_>,
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<Unlisted> {
        if let Some(Registry { repositories, gaps }) = self.ecr.listed.get() {
            let looked_at = self.repositories(repositories, wanted, needs, gate, out);
            let mut unlisted = looked_at.await;
            unlisted.extend(gaps.iter().flat_map(|reason| wanted.lost(reason)));
            return unlisted;
        }
        let mut unlisted = Vec::new();
        let pages = self.each_page(async |page| {
            let looked_at = self.repositories(&page.repositories, wanted, needs, gate, out);
            unlisted.extend(looked_at.await);
            unlisted.extend(page.gaps.iter().flat_map(|reason| wanted.lost(reason)));
        });
        if let Err(reason) = pages.await {
            unlisted.extend(wanted.lost(&reason));
        }
        unlisted
    }

    /// Lists the registry's repositories page by page; the next page waits until this one is done with.
    async fn each_page(&self, mut each: impl AsyncFnMut(Registry)) -> Result<(), Unread> {
        let target = self.location.to_string();
        let pages = self.clients.ecr.describe_repositories().max_results(PAGE);
        let mut pages = pages.into_paginator().send();
        let mut leads = Pages::default();
        while let Some(page) = self.clients.paces.ecr.call(pages.next()).await {
            let page = page.map_err(|error| unread(LIST, &target, &error))?;
            let led = leads.lead_to(page.next_token());
            led.map_err(endless(LIST, &target))?;
            each(self.registry(page)).await;
        }
        Ok(())
    }

    /// What a page tells of the registry.
    fn registry(&self, page: DescribeRepositoriesOutput) -> Registry {
        let target = self.location.to_string();
        let listed_at = Timestamp::now();
        let Some(repositories) = page.repositories else {
            return Registry {
                gaps: vec![no_list(LIST, &target)],
                ..Registry::default()
            };
        };
        let mut registry = Registry::default();
        for repository in repositories {
            let name = repository.repository_name().unwrap_or_default();
            match Resource::named(EcrRepository::KIND, name, &self.location) {
                Ok(_) => {
                    let listed = ListedRepository::read(name, &repository, listed_at);
                    registry.repositories.push(listed);
                }
                Err(error) => {
                    let gap = nameless(LIST, &target, &error.to_string());
                    registry.gaps.push(gap);
                }
            }
        }
        registry
    }

    /// Looks at those of listed repositories that are wanted, and at their images.
    async fn repositories(
        &self,
        repositories: &[ListedRepository],
        wanted: Wanted<'_>,
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<Unlisted> {
        let chosen = repositories
            .iter()
            .filter(|repository| wanted.names.contains(&repository.name));
        if wanted.repositories {
            for repository in chosen.clone() {
                let kind = EcrRepository::KIND;
                if let Ok(resource) = Resource::named(kind, &repository.name, &self.location) {
                    let state = self.repository_facts(repository, &resource, needs).await;
                    let observation = Observation {
                        resource,
                        observed_at: repository.listed_at,
                        state,
                    };
                    self.hand_on(observation, out).await;
                }
            }
        }
        if !wanted.images {
            return Vec::new();
        }
        let lists: Vec<Vec<Unlisted>> = futures::stream::iter(chosen)
            .map(|repository| self.all_images(&repository.name, needs, gate, out))
            .buffer_unordered(REPOSITORIES_AT_A_TIME)
            .filter(|unlisted| std::future::ready(!unlisted.is_empty()))
            .collect()
            .await;
        lists.into_iter().flatten().collect()
    }

    /// The names of all repositories, sorted. What else was listed with them is not listed again.
    ///
    /// # Errors
    ///
    /// When they could not be listed.
    pub async fn repository_names(&self) -> Fact<Vec<String>> {
        let list = || async {
            let mut registry = Registry::default();
            let pages = self.each_page(async |page| {
                registry.repositories.extend(page.repositories);
                registry.gaps.extend(page.gaps);
            });
            pages.await?;
            Ok(registry)
        };
        let listed = self.ecr.listed.get_or_try_init(list).await?;
        let mut names: Vec<String> = listed
            .repositories
            .iter()
            .map(|repository| repository.name.to_string())
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Returns whether the registry holds a repository.
    pub(crate) async fn has_repositories(&self) -> Fact<bool> {
        let target = self.location.to_string();
        if let Some(Registry { repositories, gaps }) = self.ecr.listed.get() {
            return match gaps.first() {
                Some(reason) if repositories.is_empty() => Err(reason.clone()),
                _ => Ok(!repositories.is_empty()),
            };
        }
        let call = self.clients.ecr.describe_repositories().max_results(1);
        let page = self.clients.paces.ecr.call(call.send()).await;
        let page = page.map_err(|error| unread(LIST, &target, &error))?;
        match page.repositories.as_deref() {
            Some([]) if page.next_token.is_none_or(|token| token.is_empty()) => Ok(false),
            Some([]) => Err(no_list(LIST, &target)),
            Some(_) => Ok(true),
            None => Err(no_list(LIST, &target)),
        }
    }

    async fn repository(&self, resource: &Resource, needs: Needs) -> State {
        let name = resource.name();
        let target = format!("repository {name}");
        let call = self
            .clients
            .ecr
            .describe_repositories()
            .repository_names(name)
            .send();
        match self.clients.paces.ecr.call(call).await {
            Ok(answer) => match answer.repositories.as_deref() {
                Some([repository, ..]) => {
                    let repository = ListedRepository::read(name, repository, Timestamp::now());
                    self.repository_facts(&repository, resource, needs).await
                }
                Some([]) => State::Gone,
                None => State::Unread(no_list(LIST, &target)),
            },
            Err(error) => gone_or_unread(
                unread(LIST, &target, &error),
                error.as_service_error(),
                DescribeRepositoriesError::is_repository_not_found_exception,
            ),
        }
    }

    async fn repository_facts(
        &self,
        repository: &ListedRepository,
        resource: &Resource,
        needs: Needs,
    ) -> State {
        let registry_scanning = if needs.contains(Need::RegistryScanning) {
            self.ecr
                .scanning
                .get_or_init(|| self.registry_scanning())
                .await
                .clone()
        } else {
            Err(Unread::not_asked("the registry's scanning configuration"))
        };
        let filters = repository.exclusion_filters.iter();
        State::present(EcrRepository {
            name: repository.name.to_string(),
            arn: resource.id().to_owned(),
            mutability: repository.mutability.clone(),
            exclusion_filters: filters.map(ToString::to_string).collect(),
            scan_on_push: repository.scan_on_push,
            registry_scanning,
        })
    }

    async fn registry_scanning(&self) -> Fact<RegistryScanning> {
        let call = self
            .clients
            .ecr
            .get_registry_scanning_configuration()
            .send();
        let answer = self.clients.paces.ecr.call(call).await.map_err(|error| {
            unread(
                "ecr:GetRegistryScanningConfiguration",
                &format!("the registry of {}", self.location),
                &error,
            )
        })?;
        let Some(configuration) = answer.scanning_configuration() else {
            return Ok(RegistryScanning::default());
        };
        let rules = configuration.rules().iter().map(|rule| ScanningRule {
            frequency: rule.scan_frequency().as_str().to_owned(),
            filters: rule
                .repository_filters()
                .iter()
                .map(|filter| filter.filter().to_owned())
                .collect(),
        });
        Ok(RegistryScanning {
            enhanced: configuration.scan_type() == Some(&ScanType::Enhanced),
            rules: rules.collect(),
        })
    }

    /// Looks at all active images of a repository; archived ones are not listed.
    async fn all_images(
        &self,
        repository: &str,
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<Unlisted> {
        let target = format!("repository {repository}");
        let mut unlisted = Vec::new();
        let mut lost = |reason| {
            unlisted.push(Unlisted {
                kind: EcrImage::KIND,
                repository: Some(repository.to_owned()),
                reason,
            });
        };
        let call = self.clients.ecr.describe_images();
        let call = call.repository_name(repository).max_results(PAGE);
        let mut pages = call.into_paginator().send();
        let mut leads = Pages::default();
        while let Some(page) = self.clients.paces.ecr.call(pages.next()).await {
            match page {
                Ok(page) => {
                    let end = leads.lead_to(page.next_token());
                    let is_last = end.is_err();
                    if let Err(error) = end {
                        lost(endless(LIST_IMAGES, &target)(error));
                    }
                    if page.image_details.is_none() {
                        lost(no_list(LIST_IMAGES, &target));
                    }
                    let mut images = Vec::new();
                    for detail in page.image_details() {
                        let digest = detail.image_digest().unwrap_or_default();
                        match Resource::image(repository, digest, &self.location) {
                            Ok(image) => images.push((image, detail)),
                            Err(error) => lost(nameless(LIST_IMAGES, &target, &error.to_string())),
                        }
                    }
                    futures::stream::iter(images)
                        .for_each_concurrent(LOOKS_AT_A_TIME, |(image, detail)| {
                            self.listed_image(image, detail, needs, gate, out)
                        })
                        .await;
                    if is_last {
                        break;
                    }
                }
                // The repository was deleted meanwhile, and its images with it.
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(DescribeImagesError::is_repository_not_found_exception) =>
                {
                    break;
                }
                Err(error) => {
                    lost(unread(LIST_IMAGES, &target, &error));
                    break;
                }
            }
        }
        unlisted
    }

    /// Looks at an image of a list, as far as the gate says.
    async fn listed_image(
        &self,
        resource: Resource,
        detail: &ImageDetail,
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) {
        let observed_at = Timestamp::now();
        let image = described(resource.repository_and_digest().0, detail);
        let mut observation = Observation {
            resource,
            observed_at,
            state: State::present(image.clone()),
        };
        match gate(&observation) {
            Step::Settled => return,
            Step::Enough => {}
            Step::Look => observation.state = self.with_scan(image, detail, needs).await,
        }
        self.hand_on(observation, out).await;
    }

    async fn image(&self, image: &Resource, needs: Needs) -> State {
        let (repository, digest) = image.repository_and_digest();
        let any = DescribeImagesFilter::builder()
            .image_status(ImageStatusFilter::Any)
            .build();
        let call = self
            .clients
            .ecr
            .describe_images()
            .repository_name(repository)
            .image_ids(identifier(digest));
        let state = match self.clients.paces.ecr.call(call.filter(any).send()).await {
            Ok(answer) => match answer.image_details.as_deref() {
                Some([detail, ..]) => {
                    return self
                        .with_scan(described(repository, detail), detail, needs)
                        .await;
                }
                Some([]) => State::Gone,
                None => State::Unread(no_list(LIST_IMAGES, &image.to_string())),
            },
            Err(error) => gone_or_unread(
                unread(LIST_IMAGES, &image.to_string(), &error),
                error.as_service_error(),
                |error| {
                    error.is_image_not_found_exception()
                        || error.is_repository_not_found_exception()
                },
            ),
        };
        match state {
            State::Unread(_) if needs.contains(Need::ImageScan) => {
                self.image_of_scan(image).await.unwrap_or(state)
            }
            state => state,
        }
    }

    /// An image that can't be described, as far as its scan tells of it. What was scanned is an image.
    async fn image_of_scan(&self, image: &Resource) -> Option<State> {
        let (repository, digest) = image.repository_and_digest();
        let scan = self
            .scan(repository, digest)
            .await
            .ok()
            .filter(|scan| scan.result().is_some())?;
        Some(State::present(EcrImage {
            repository: repository.to_owned(),
            digest: digest.to_owned(),
            registry: Some(self.location.account.clone()),
            tags: Vec::new(),
            content: Content::Image,
            archived: false,
            pushed_at: None,
            idle_days: None,
            scan_revision: None,
            scan: Ok(scan),
        }))
    }

    /// An image with what scanning it brought, where that is needed and could matter.
    async fn with_scan(&self, mut image: EcrImage, detail: &ImageDetail, needs: Needs) -> State {
        if needs.contains(Need::ImageScan) && image.inapplicable().is_none() {
            // DescribeImages has a status and a summary too, but leaves them empty for images that have findings.
            image.scan = match self.scan(&image.repository, &image.digest).await {
                Ok(scan) => Ok(scan),
                Err(state) => match *state {
                    State::Unread(reason) => Err(reason),
                    state => return state,
                },
            };
            if !image
                .scan
                .as_ref()
                .is_ok_and(|scan| bears_out(scan, detail))
            {
                image.scan_revision = None;
            }
        }
        State::present(image)
    }

    /// Reads a scan to its last finding. Where that fails, the state says whether the image is gone.
    async fn scan(&self, repository: &str, digest: &str) -> Result<Scan, Box<State>> {
        let call = self
            .clients
            .ecr
            .describe_image_scan_findings()
            .repository_name(repository);
        let mut pages = call
            .image_id(identifier(digest))
            .max_results(PAGE)
            .into_paginator()
            .send();
        let action = "ecr:DescribeImageScanFindings";
        let target = format!("image {repository}/{digest}");
        let mut leads = Pages::default();
        let mut status = None;
        let mut description = None;
        let mut found: Option<Found> = None;
        while let Some(page) = self.clients.paces.ecr.call(pages.next()).await {
            let page = match page {
                Ok(page) => {
                    let led = leads.lead_to(page.next_token());
                    led.map_err(|error| Box::new(State::Unread(endless(action, &target)(error))))?;
                    page
                }
                Err(error)
                    if error.as_service_error().is_some_and(
                        DescribeImageScanFindingsError::is_scan_not_found_exception,
                    ) =>
                {
                    return Ok(Scan::Never);
                }
                Err(error) => {
                    return Err(Box::new(gone_or_unread(
                        unread(action, &target, &error),
                        error.as_service_error(),
                        |error| {
                            error.is_image_not_found_exception()
                                || error.is_repository_not_found_exception()
                        },
                    )));
                }
            };
            if let Some(scan) = page.image_scan_status() {
                status = scan.status().map(|status| status.as_str().to_owned());
                description = scan.description().map(str::to_owned);
            }
            // Without findings and counts it has no result, not one without findings.
            if let Some(findings) = page.image_scan_findings().filter(|found| has_result(found)) {
                found.get_or_insert_default().add(findings);
            }
        }
        Ok(Scan::Tried {
            status: ScanStatus::read(status.as_deref().unwrap_or("unknown")),
            description,
            result: found.map(|found| Arc::new(found.result())),
        })
    }
}

fn identifier(digest: &str) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(digest).build()
}

/// An image as far as DescribeImages tells of it.
fn described(repository: &str, detail: &ImageDetail) -> EcrImage {
    let tags = detail.image_tags().to_vec();
    EcrImage {
        repository: repository.to_owned(),
        digest: detail.image_digest().unwrap_or_default().to_owned(),
        registry: detail.registry_id().map(str::to_owned),
        content: Content::read(
            detail.image_manifest_media_type(),
            detail.artifact_media_type(),
            &tags,
        ),
        tags,
        archived: matches!(
            detail.image_status(),
            Some(ImageStatus::Archived | ImageStatus::Activating)
        ),
        pushed_at: timestamp(detail.image_pushed_at()),
        idle_days: idle_days(detail),
        scan_revision: scan_revision(detail),
        scan: Err(Unread::not_asked("the image's scan")),
    }
}

/// What tells one scan of an image from the next: when it was completed, and what came of it in short. Without that time
/// (as newer scanning leaves it) nothing does, and the scan itself must be read.
fn scan_revision(detail: &ImageDetail) -> Option<String> {
    let summary = detail.image_scan_findings_summary()?;
    let completed_at = summary.image_scan_completed_at()?;
    let status = detail
        .image_scan_status()
        .and_then(|status| status.status())
        .map_or("", |status| status.as_str());
    let sources = summary.vulnerability_source_updated_at();
    let mut counts: Vec<_> = summary
        .finding_severity_counts()
        .into_iter()
        .flatten()
        .map(|(severity, count)| format!("{} {count}", severity.as_str()))
        .collect();
    counts.sort();
    Some(format!(
        "{status}, {}, {}, {}",
        completed_at.as_nanos(),
        sources.map_or(0, aws_smithy_types::DateTime::as_nanos),
        counts.join(", ")
    ))
}

/// Whether a scan is the whole one that DescribeImages told of in short. If it is not, what was read is not to stand until
/// the next scan.
fn bears_out(scan: &Scan, detail: &ImageDetail) -> bool {
    let summary = detail.image_scan_findings_summary();
    let told = summary.and_then(|summary| summary.finding_severity_counts());
    let (Some(result), Some(told)) = (scan.result(), told) else {
        return false;
    };
    let listed = result.vulnerabilities.len() as u64;
    let is_whole = |one: &Vulnerability| one.id != NAMELESS && one.severity.is_some();
    result.counts == counts_of(told)
        && result.counts.total().min(VULNERABILITIES as u64) == listed
        && result.vulnerabilities.iter().all(is_whole)
}

/// Days since the image was last pushed, pulled or restored; one that has begun counts.
fn idle_days(detail: &ImageDetail) -> Option<u32> {
    let used = [
        detail.image_pushed_at(),
        detail.last_recorded_pull_time(),
        detail.last_activated_at(),
    ];
    let last = used.into_iter().filter_map(timestamp).max()?;
    let seconds = Timestamp::now().duration_since(last).as_secs().max(0);
    u32::try_from(seconds.unsigned_abs().div_ceil(24 * 60 * 60)).ok()
}

/// What the pages of a scan brought so far.
#[derive(Default)]
struct Found {
    counts: Option<SeverityCounts>,
    /// Of the findings themselves.
    listed: SeverityCounts,
    /// The worst of them.
    vulnerabilities: Vec<Vulnerability>,
}

impl Found {
    fn add(&mut self, page: &ImageScanFindings) {
        if let Some(counts) = page.finding_severity_counts() {
            self.counts = Some(counts_of(counts));
        }
        let basic = page.findings().iter().map(basic);
        let enhanced = page
            .enhanced_findings()
            .iter()
            .filter(|finding| is_active(finding))
            .map(enhanced);
        for vulnerability in basic.chain(enhanced) {
            self.listed.add(vulnerability.severity, 1);
            self.vulnerabilities.push(vulnerability);
        }
        sort_worst_first(&mut self.vulnerabilities);
        self.vulnerabilities.truncate(VULNERABILITIES);
    }

    /// ECR's own counts, or where they are absent or too low those of the findings themselves.
    fn result(self) -> ScanResult {
        let counts = self
            .counts
            .filter(|counts| counts.highest() >= self.listed.highest())
            .unwrap_or(self.listed);
        ScanResult {
            counts,
            vulnerabilities: self.vulnerabilities,
        }
    }
}

fn has_result(found: &ImageScanFindings) -> bool {
    found.findings.is_some()
        || found.enhanced_findings.is_some()
        || found.finding_severity_counts.is_some()
}

fn counts_of(counts: &HashMap<FindingSeverity, i32>) -> SeverityCounts {
    let mut read = SeverityCounts::default();
    for (severity, count) in counts {
        read.add(
            severity.as_str().parse().ok(),
            u64::try_from(*count).unwrap_or(0),
        );
    }
    read
}

/// Inspector keeps findings that were closed or suppressed; they no longer speak against the image.
fn is_active(finding: &EnhancedImageScanFinding) -> bool {
    finding.status().is_none_or(|status| status == "ACTIVE")
}

fn basic(finding: &ImageScanFinding) -> Vulnerability {
    let attribute = |key: &str| {
        let found = finding
            .attributes()
            .iter()
            .find(|attribute| attribute.key() == key);
        found.and_then(Attribute::value).map(str::to_owned)
    };
    let cvss = [("CVSS4", "4.0"), ("CVSS3", "3.1"), ("CVSS2", "2.0")]
        .into_iter()
        .filter_map(|(prefix, version)| {
            let score = attribute(&format!("{prefix}_SCORE"))
                .and_then(|score| score.parse().ok())
                .filter(|score: &f64| score.is_finite());
            let vector = attribute(&format!("{prefix}_VECTOR"));
            (score.is_some() || vector.is_some()).then(|| Cvss {
                version: Some(version.to_owned()),
                score,
                vector,
                source: None,
            })
        });
    Vulnerability {
        id: finding.name().unwrap_or(NAMELESS).to_owned(),
        severity: finding
            .severity()
            .and_then(|severity| severity.as_str().parse().ok()),
        packages: vec![Package {
            name: attribute("package_name"),
            version: attribute("package_version"),
            fixed_in: attribute("patched_versions").or_else(|| attribute("fixed_in_version")),
            ..Package::default()
        }],
        cvss: cvss.collect(),
        references: finding.uri().map(str::to_owned).into_iter().collect(),
        ..Vulnerability::default()
    }
}

fn enhanced(finding: &EnhancedImageScanFinding) -> Vulnerability {
    let severity = finding
        .severity()
        .and_then(|severity| severity.parse().ok());
    let own_score = Cvss {
        version: None,
        score: Some(finding.score()).filter(|score| *score > 0.0),
        vector: None,
        source: Some("Amazon Inspector".to_owned()),
    };
    let base = Vulnerability {
        severity,
        fix_available: finding.fix_available().map(str::to_owned),
        exploit_available: finding.exploit_available().map(str::to_owned),
        ..Vulnerability::default()
    };
    let Some(details) = finding.package_vulnerability_details() else {
        let id = finding
            .title()
            .or(finding.finding_arn())
            .unwrap_or(NAMELESS)
            .to_owned();
        return Vulnerability { id, ..base };
    };
    let scores = details.cvss().iter().map(|cvss| Cvss {
        version: cvss.version().map(str::to_owned),
        score: Some(cvss.base_score()),
        vector: cvss.scoring_vector().map(str::to_owned),
        source: cvss.source().map(str::to_owned),
    });
    Vulnerability {
        id: details
            .vulnerability_id()
            .or(finding.title())
            .unwrap_or(NAMELESS)
            .to_owned(),
        packages: details.vulnerable_packages().iter().map(package).collect(),
        cvss: scores
            .chain(own_score.score.is_some().then_some(own_score))
            .collect(),
        vendor: details.source().map(str::to_owned),
        vendor_url: details.source_url().map(str::to_owned),
        vendor_severity: details.vendor_severity().map(str::to_owned),
        published_at: timestamp(details.vendor_created_at()),
        updated_at: timestamp(details.vendor_updated_at()),
        references: details.reference_urls().to_vec(),
        related: details.related_vulnerabilities().to_vec(),
        ..base
    }
}

fn package(package: &VulnerablePackage) -> Package {
    let text = |value: Option<&str>| value.map(str::to_owned);
    Package {
        name: text(package.name()),
        version: text(package.version()),
        epoch: package.epoch().map(|epoch| epoch.to_string()),
        release: text(package.release()),
        architecture: text(package.arch()),
        manager: text(package.package_manager()),
        path: text(package.file_path()),
        fixed_in: text(package.fixed_in_version()),
        layer: text(package.source_layer_hash()),
    }
}
