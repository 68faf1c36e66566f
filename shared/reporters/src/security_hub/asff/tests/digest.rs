//! Digests and revisions, which show whether a finding has changed.

use eksentry_core::roll_up::{EvaluatedObject, Noun, Verdicts};
use eksentry_core::{Details, Subject, Unit, Verdict};

use super::*;

#[test]
fn the_digest_depends_on_the_content_alone() {
    let digest = |state| {
        outline(&finding("kms-cmk-rotation", KEY, state))
            .unwrap()
            .digest
    };
    let off = rotation_off().finding.product_fields().unwrap()[DIGEST].clone();
    assert_eq!(off, digest(key("signs nothing", Rotation::Off)));
    assert_ne!(off, digest(key("signs something", Rotation::Off)));
    assert_ne!(
        off,
        digest(key("signs nothing", Rotation::Every { days: 365 }))
    );
}

#[test]
fn the_digest_covers_objects_that_no_reason_names() {
    let about = |count: usize| {
        let objects = (0..count).map(|at| {
            let name = format!("app/{at:04}");
            EvaluatedObject {
                resource: Resource::parse(&format!("{REPOSITORY}-{at:04}")).unwrap(),
                verdict: Verdict::failed(Severity::Low, ReasonCode::RotationOff, "Seen."),
                name,
                object: None,
                details: Details::default(),
            }
        });
        let verdicts = Verdicts {
            objects: objects.collect(),
            ..Verdicts::default()
        };
        let noun = Noun {
            one: "repository",
            many: "repositories",
        };
        let subject = Subject {
            resource: Resource::parse(CLUSTER).unwrap(),
            details: Details::default(),
            verdicts,
        };
        let rolled_up = Unit::Subject(noun).roll_up(subject, 0);
        Finding {
            verdict: rolled_up.into_iter().next().unwrap().verdict,
            ..finding("eks-endpoint-private", CLUSTER, State::Gone)
        }
    };
    let [one, other] = [21, 22].map(|count| outline(&about(count)).unwrap());
    assert_ne!(one.digest, other.digest);
    assert_eq!(one.digest, outline(&about(21)).unwrap().digest);
    // The sent findings are the same except for the digest.
    let [mut one, mut other] = [21, 22].map(|count| render(&about(count)).unwrap());
    assert_eq!(one.size, other.size);
    for rendered in [&mut one, &mut other] {
        rendered.finding.product_fields = None;
    }
    assert_eq!(one, other);
}

#[test]
fn a_revision_changes_with_the_listed_facts() {
    let listed = |tag: &str, listed: Option<&str>| {
        let state = image(Vec::new());
        let facts: EcrImage = state.facts_of::<EcrImage>().unwrap().clone();
        let facts = EcrImage {
            tags: vec![tag.into()],
            scan_revision: listed.map(str::to_owned),
            ..facts
        };
        finding("ecr-image-scan-findings", IMAGE, State::present(facts))
    };
    let one = revision(&listed("1.0", Some("1")));
    assert!(one.is_some());
    assert_eq!(one, revision(&listed("1.0", Some("1"))));
    assert_ne!(one, revision(&listed("1.0", Some("2"))));
    assert_ne!(one, revision(&listed("1.1", Some("1"))));
    assert_eq!(revision(&listed("1.0", None)), None);
    assert_eq!(outline(&listed("1.0", Some("1"))).unwrap().revision, one);
    let rendered = render(&listed("1.0", Some("1"))).unwrap().finding;
    assert_eq!(
        rendered.product_fields().unwrap().get(REVISION),
        one.as_ref()
    );

    let counts = {
        let mut counts = SeverityCounts::default();
        counts.add(Some(Severity::High), 1);
        counts
    };
    let state = image(Vec::new());
    let facts: EcrImage = state.facts_of::<EcrImage>().unwrap().clone();
    let failing = EcrImage {
        scan_revision: Some("1".into()),
        scan: Ok(Scan::Tried {
            status: ScanStatus::Complete,
            description: None,
            result: Some(Arc::new(ScanResult {
                counts,
                vulnerabilities: Vec::new(),
                in_use: None,
            })),
        }),
        ..facts.clone()
    };
    let failing = finding("ecr-image-scan-findings", IMAGE, State::present(failing));
    assert!(revision(&failing).is_some());
    assert_eq!(revision(&failing.muted(&mute())), None, "an exception ends");

    let denied = EcrImage {
        scan_revision: Some("1".into()),
        scan: Err(Unread {
            code: ReasonCode::AccessDenied,
            text: "Denied.".into(),
        }),
        ..facts
    };
    let denied = finding("ecr-image-scan-findings", IMAGE, State::present(denied));
    assert_eq!(
        outline(&denied).unwrap().revision,
        None,
        "it may be readable the next time"
    );
}

fn mute() -> Mute {
    let text = |text: &str| Some(text.to_owned());
    Mute::try_from(Entry {
        check: text("*"),
        resource: text("*"),
        tag: None,
        reason: text("Goes away in May"),
        until: text("2026-12-31"),
    })
    .unwrap()
}
