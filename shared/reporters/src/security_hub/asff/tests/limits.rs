//! The limits of ASFF and of calls, and the sizes of findings.

use aws_sdk_securityhub::types::ResourceDetails;
use eksentry_core::FactsOf;
use eksentry_core::facts::image::sort_worst_first;
use proptest::prelude::*;

use super::*;

#[test]
fn the_worst_vulnerabilities_are_listed_up_to_the_size_limit() {
    let mut many: Vec<Vulnerability> = (0..5_000)
        .map(|n| vulnerability(n, Severity::Low, &"long/".repeat(20)))
        .collect();
    many.push(vulnerability(99_999, Severity::Critical, "app.jar"));
    sort_worst_first(&mut many);
    let rendered = render(&finding("ecr-image-scan-findings", IMAGE, image(many))).unwrap();
    let listed = rendered.finding.vulnerabilities();
    assert_eq!(listed[0].id(), Some("CVE-2026-99999"));
    assert!((100..5_000).contains(&listed.len()), "{}", listed.len());
    let bytes = sent(&rendered.finding).len();
    assert!(
        bytes <= rendered.size && rendered.size <= 240 * 1024,
        "{bytes} {}",
        rendered.size
    );
    // Sizes are upper bounds, so not all of the room is used.
    assert!(bytes > 80 * 1024, "{bytes}");
    let fields = rendered.finding.product_fields().unwrap();
    assert_eq!(fields["eksentry/Vulnerabilities/TOTAL"], "5001");
    assert_eq!(fields["eksentry/Vulnerabilities/CRITICAL"], "1");
    assert_eq!(
        fields["eksentry/Vulnerabilities/LISTED"],
        listed.len().to_string()
    );
}

#[test]
fn a_hundred_plain_findings_fit_into_a_call() {
    for finding in [
        finding("eks-endpoint-private", CLUSTER, cluster()),
        finding("ecr-immutable-tags", REPOSITORY, repository("cards/api")),
        finding("ecr-image-scan-findings", IMAGE, image(Vec::new())),
        finding("kms-cmk-rotation", KEY, key("signs nothing", Rotation::Off)),
    ] {
        let rendered = render(&finding).unwrap();
        let bytes = sent(&rendered.finding).len();
        assert!(
            bytes <= rendered.size && rendered.size < 60_000,
            "{bytes} {}",
            rendered.size
        );
    }
}

#[test]
fn the_size_includes_content_tags_and_vulnerabilities() {
    let plain = rotation_off();
    let verbose = key(&"signs nothing ".repeat(50), Rotation::Off);
    let longer = render(&finding("kms-cmk-rotation", KEY, verbose)).unwrap();
    let difference = sent(&longer.finding).len() - sent(&plain.finding).len();
    assert!(difference > 500 && longer.size >= plain.size + difference - 20);

    let tags: Vec<_> = (0..50)
        .map(|n| (format!("{n:0128}"), "v".repeat(256)))
        .collect();
    let tagged = rotation_off().with_tags(&tags);
    let difference = sent(&tagged.finding).len() - sent(&plain.finding).len();
    assert!(
        tagged.size >= plain.size + difference - 20,
        "{} {difference}",
        tagged.size
    );

    let mut with_own_tags = finding("kms-cmk-rotation", KEY, key("signs nothing", Rotation::Off));
    with_own_tags.tags = Some(tags);
    let with_own_tags = render(&with_own_tags).unwrap();
    assert!(
        with_own_tags.size >= plain.size + difference - 20,
        "{}",
        with_own_tags.size
    );

    let one = vulnerability(1, Severity::Low, &"long/".repeat(20));
    let size = |count| {
        let list = vec![one.clone(); count];
        let finding = finding("ecr-image-scan-findings", IMAGE, image(list));
        render(&finding).unwrap().size
    };
    assert!(size(100) > size(50) + 50 * 300);
}

proptest! {
    #[test]
    fn any_text_stays_within_the_limits_of_asff(text in ".{0,1500}", tag in ".{0,300}", count in 0_usize..40) {
        let unread = State::Unread(Unread { code: ReasonCode::ReadFailed, text: text.clone() });
        let list = (0..count).map(|n| vulnerability(n, Severity::High, &text)).collect();
        let tags: Vec<(String, String)> = (0..60).map(|n| (format!("{n}{tag}"), tag.clone())).collect();
        for finding in [
            finding("kms-cmk-rotation", KEY, unread),
            finding("kms-cmk-rotation", KEY, key(&text, Rotation::Off)),
            finding("ecr-image-scan-findings", IMAGE, image(list)),
        ] {
            let rendered = render(&finding).unwrap();
            // Images have no tags.
            let has_tags = finding.resource.kind() != EcrImage::KIND;
            let rendered = if has_tags { rendered.with_tags(&tags) } else { rendered };
            prop_assert!(sent(&rendered.finding).len() <= rendered.size);
            prop_assert!(rendered.size <= 240 * 1024);
            assert_limits(&rendered.finding);
        }
    }
}

fn assert_limits(finding: &AwsSecurityFinding) {
    let fits = |text: Option<&str>, most: usize| {
        let text = text.unwrap_or_default();
        assert!(
            !text.trim().is_empty() && text.chars().count() <= most,
            "{most}: {text:?}"
        );
    };
    fits(finding.id(), 512);
    fits(finding.title(), 256);
    fits(finding.description(), 1_024);
    fits(
        finding
            .remediation()
            .unwrap()
            .recommendation()
            .unwrap()
            .text(),
        512,
    );
    for reason in finding.compliance().unwrap().status_reasons() {
        assert!(
            reason
                .description()
                .is_none_or(|text| !text.trim().is_empty())
        );
    }
    let resource = &finding.resources()[0];
    let tags = resource.tags().into_iter().flatten();
    for (count, (key, value)) in tags.enumerate() {
        assert!(count < 50);
        fits(Some(key), 128);
        fits(Some(value), 256);
    }
    for (name, value) in resource
        .details()
        .and_then(ResourceDetails::other)
        .into_iter()
        .flatten()
    {
        fits(Some(name), 127);
        fits(Some(value), 1_023);
    }
    for (name, value) in finding.product_fields().unwrap() {
        fits(Some(name), 128);
        fits(Some(value), 2_048);
    }
    for vulnerability in finding.vulnerabilities() {
        fits(vulnerability.id(), 512);
        assert!(
            vulnerability
                .reference_urls()
                .iter()
                .all(|url| !url.trim().is_empty())
        );
    }
}
