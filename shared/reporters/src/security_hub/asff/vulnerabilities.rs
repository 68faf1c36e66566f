//! The vulnerabilities of an image, as far as a finding has room for them.

use aws_sdk_securityhub::types::{
    Cvss as SdkCvss, SoftwarePackage, Vulnerability as SdkVulnerability, VulnerabilityVendor,
};
use eksentry_core::facts::image::{Cvss, Package, Vulnerability};

use super::limits::{LIST, bytes};
use super::time_or_none;
use crate::text::cut_or_none;

/// Returns the first vulnerabilities, which are the worst, that fit into `most` bytes.
pub(super) fn within(vulnerabilities: &[Vulnerability], most: usize) -> &[Vulnerability] {
    let mut remaining = most;
    let fits = |vulnerability: &Vulnerability| {
        let rest = remaining.checked_sub(bytes_of_vulnerability(vulnerability));
        remaining = rest.unwrap_or_default();
        rest.is_some()
    };
    let count = vulnerabilities
        .iter()
        .map(fits)
        .take_while(|fits| *fits)
        .count();
    &vulnerabilities[..count]
}

/// Returns the maximum size of a vulnerability in ASFF, in bytes. eksentry's own form has the same texts under shorter
/// names, and contains `null` where ASFF omits a member.
pub(super) fn bytes_of_vulnerability(vulnerability: &Vulnerability) -> usize {
    bytes(vulnerability) + 256 + 32 * vulnerability.packages.len() + 16 * vulnerability.cvss.len()
}

pub(super) fn vulnerability(from: &Vulnerability) -> SdkVulnerability {
    let vendor = from
        .vendor
        .as_deref()
        .and_then(|name| cut_or_none(name, 256))
        .map(|name| {
            VulnerabilityVendor::builder()
                .name(name)
                .set_url(optional(from.vendor_url.as_deref()))
                .set_vendor_severity(optional(from.vendor_severity.as_deref()))
                .set_vendor_created_at(from.published_at.and_then(time_or_none))
                .set_vendor_updated_at(from.updated_at.and_then(time_or_none))
                .build()
        });
    let packages: Vec<SoftwarePackage> = from.packages.iter().take(LIST).map(package).collect();
    SdkVulnerability::builder()
        .id(cut_or_none(&from.id, 512).unwrap_or_else(|| "unknown".to_owned()))
        .set_vulnerable_packages(Some(packages).filter(|list| !list.is_empty()))
        .set_cvss(
            Some(from.cvss.iter().take(LIST).map(cvss).collect::<Vec<_>>())
                .filter(|list| !list.is_empty()),
        )
        .set_vendor(vendor)
        .set_reference_urls(list(&from.references))
        .set_related_vulnerabilities(list(&from.related))
        .set_fix_available(
            from.fix_available
                .as_deref()
                .filter(|word| ["YES", "NO", "PARTIAL"].contains(word))
                .map(Into::into),
        )
        .set_exploit_available(
            from.exploit_available
                .as_deref()
                .filter(|word| ["YES", "NO"].contains(word))
                .map(Into::into),
        )
        .set_epss_score(number(from.epss))
        .build()
}

fn package(from: &Package) -> SoftwarePackage {
    SoftwarePackage::builder()
        .set_name(optional(from.name.as_deref()))
        .set_version(optional(from.version.as_deref()))
        .set_epoch(optional(from.epoch.as_deref()))
        .set_release(optional(from.release.as_deref()))
        .set_architecture(optional(from.architecture.as_deref()))
        .set_package_manager(optional(from.manager.as_deref()))
        .set_file_path(optional(from.path.as_deref()))
        .set_fixed_in_version(optional(from.fixed_in.as_deref()))
        .set_source_layer_hash(optional(from.layer.as_deref()))
        .build()
}

fn cvss(from: &Cvss) -> SdkCvss {
    SdkCvss::builder()
        .set_version(optional(from.version.as_deref()))
        .set_base_score(number(from.score))
        .set_base_vector(optional(from.vector.as_deref()))
        .set_source(optional(from.source.as_deref()))
        .build()
}

fn optional(text: Option<&str>) -> Option<String> {
    text.and_then(|text| cut_or_none(text, 512))
}

fn list(texts: &[String]) -> Option<Vec<String>> {
    let texts: Vec<String> = texts
        .iter()
        .filter_map(|text| cut_or_none(text, 512))
        .take(LIST)
        .collect();
    Some(texts).filter(|texts| !texts.is_empty())
}

/// Returns a number from outside; `None` if it is not finite, since JSON can't represent it.
fn number(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}
