//! The vulnerabilities in findings about images.

use jiff::Timestamp;

use super::*;
use crate::security_hub::asff::vulnerabilities::bytes_of_vulnerability;

#[test]
fn a_vulnerability_has_all_known_members_and_no_others() {
    let text = |text: &str| Some(text.to_owned());
    let full = Vulnerability {
        id: "CVE-2026-1".into(),
        severity: Some(Severity::High),
        packages: vec![Package {
            name: text("openssl"),
            version: text("3.0.1"),
            epoch: text("1"),
            release: text("2.el9"),
            architecture: text("X86_64"),
            manager: text("OS"),
            path: text("/usr/lib"),
            fixed_in: text("3.0.2"),
            layer: text("sha256:0a"),
        }],
        cvss: vec![Cvss {
            version: text("3.1"),
            score: Some(9.8),
            vector: text("CVSS:3.1/AV:N"),
            source: text("NVD"),
        }],
        vendor: text("NVD"),
        vendor_url: text("https://example.com/nvd"),
        vendor_severity: text("CRITICAL"),
        published_at: "2026-01-01T00:00:00Z".parse().ok(),
        updated_at: "2026-01-02T00:00:00Z".parse().ok(),
        references: vec!["https://example.com/1".into(), " ".into()],
        related: vec!["CVE-2025-1".into()],
        fix_available: text("PARTIAL"),
        exploit_available: text("NO"),
        epss: Some(0.5),
    };
    let bare = Vulnerability {
        id: " ".into(),
        fix_available: text("PERHAPS"),
        exploit_available: text("PARTIAL"),
        references: vec![String::new()],
        ..Vulnerability::default()
    };
    let expected = json!({
        "Id": "CVE-2026-1",
        "VulnerablePackages": [{
            "Name": "openssl",
            "Version": "3.0.1",
            "Epoch": "1",
            "Release": "2.el9",
            "Architecture": "X86_64",
            "PackageManager": "OS",
            "FilePath": "/usr/lib",
            "FixedInVersion": "3.0.2",
            "SourceLayerHash": "sha256:0a",
        }],
        "Cvss": [{"Version": "3.1", "BaseScore": 9.8, "BaseVector": "CVSS:3.1/AV:N", "Source": "NVD"}],
        "Vendor": {
            "Name": "NVD",
            "Url": "https://example.com/nvd",
            "VendorSeverity": "CRITICAL",
            "VendorCreatedAt": "2026-01-01T00:00:00.000Z",
            "VendorUpdatedAt": "2026-01-02T00:00:00.000Z",
        },
        "ReferenceUrls": ["https://example.com/1"],
        "RelatedVulnerabilities": ["CVE-2025-1"],
        "FixAvailable": "PARTIAL",
        "ExploitAvailable": "NO",
        "EpssScore": 0.5,
    });
    let image = finding("ecr-image-scan-findings", IMAGE, image(vec![full, bare]));
    let sent: Value = serde_json::from_str(&sent(&render(&image).unwrap().finding)).unwrap();
    assert_eq!(
        sent["Vulnerabilities"],
        json!([expected, {"Id": "unknown"}])
    );
}

#[test]
fn values_that_asff_cannot_represent_are_left_out() {
    let odd = Vulnerability {
        vendor: Some("NVD".into()),
        published_at: Some(Timestamp::MIN),
        updated_at: "2026-01-02T03:04:05Z".parse().ok(),
        cvss: vec![Cvss {
            score: Some(f64::NAN),
            ..Cvss::default()
        }],
        epss: Some(f64::INFINITY),
        ..vulnerability(1, Severity::High, "app.jar")
    };
    let rendered = render(&finding("ecr-image-scan-findings", IMAGE, image(vec![odd]))).unwrap();
    let [listed] = rendered.finding.vulnerabilities() else {
        panic!("the vulnerability is listed")
    };
    let vendor = listed.vendor().unwrap();
    assert_eq!(vendor.vendor_created_at(), None);
    assert_eq!(vendor.vendor_updated_at(), Some("2026-01-02T03:04:05.000Z"));
    assert_eq!(
        (listed.cvss()[0].base_score(), listed.epss_score()),
        (None, None)
    );
}

#[test]
fn a_vulnerability_is_never_larger_than_estimated() {
    let text = |text: &str| Some(text.to_owned());
    let package = Package {
        name: text("a"),
        version: text("1"),
        epoch: text("0"),
        release: text("1"),
        architecture: text("X"),
        manager: text("OS"),
        path: text("/"),
        fixed_in: text("2"),
        layer: text("s"),
    };
    let score = Cvss {
        version: text("3.1"),
        score: Some(9.8),
        vector: text("AV:N"),
        source: text("NVD"),
    };
    // The size of a vulnerability in the finding, and the size that is assumed for it.
    let sizes = |packages: usize, scores: usize| {
        let one = Vulnerability {
            packages: vec![package.clone(); packages],
            cvss: vec![score.clone(); scores],
            published_at: "2026-01-01T00:00:00Z".parse().ok(),
            updated_at: "2026-01-02T00:00:00Z".parse().ok(),
            related: vec!["CVE-2025-1".into()],
            epss: Some(0.5),
            ..vulnerability(1, Severity::High, "x")
        };
        let estimate = bytes_of_vulnerability(&one);
        let image = finding("ecr-image-scan-findings", IMAGE, image(vec![one]));
        let sent: Value = serde_json::from_str(&sent(&render(&image).unwrap().finding)).unwrap();
        (sent["Vulnerabilities"][0].to_string().len(), estimate)
    };
    let (one, one_estimate) = sizes(1, 1);
    for (packages, scores) in [(0, 0), (1, 1), (20, 1), (1, 20), (20, 20)] {
        let (bytes, estimate) = sizes(packages, scores);
        assert!(bytes <= estimate, "{packages} {scores} {bytes} {estimate}");
        // The assumed size grows by at least as much as the size in the finding.
        if packages > 0 {
            assert!(
                bytes - one <= estimate - one_estimate,
                "{packages} {scores}"
            );
        }
    }
}
