//! The waves: which resources change, and which events there are.

use super::*;

const SIZE: Size = Size {
    repositories: 8,
    images: 5,
    clusters: 4,
    keys: 4,
};

#[test]
fn consecutive_waves_change_different_resources() {
    let mut changing_account = ChangingAccount::new(SIZE);
    let mut account = changing_account.account().unwrap();
    let images = |account: &Account| -> Vec<String> {
        account
            .repositories
            .iter()
            .map(|repository| format!("{repository:?}"))
            .collect()
    };
    for wave in 0..8 {
        let before = images(&account);
        let (of_images, items) = changing_account.wave(&mut account, 60, 30);
        account.prepare("the account after a wave").unwrap();
        assert!(of_images.len() >= 60 && items.len() >= 30);
        let after = images(&account);
        for (number, (before, after)) in before.iter().zip(&after).enumerate() {
            assert!(
                before == after || number % TURNS == wave % TURNS,
                "{number} in wave {wave}"
            );
        }
        assert_ne!(before, after, "{wave}");
    }
}

#[test]
fn a_wave_has_every_kind_of_event() {
    let mut changing_account = ChangingAccount::new(SIZE);
    let mut account = changing_account.account().unwrap();
    let (of_images, items) = changing_account.wave(&mut account, 300, 1_500);
    for (events, wanted) in [
        (
            &of_images,
            &[
                "PUSH",
                "DELETE",
                "COMPLETE",
                "FAILED",
                "Inspector2 Scan",
                "Replication",
                "<script>",
            ][..],
        ),
        (
            &items,
            &[
                "ResourceDeleted",
                "ResourceDiscovered",
                "Oversized",
                "AWS::KMS::Key",
                "Snapshot",
                "not JSON",
            ],
        ),
    ] {
        let texts: Vec<_> = events
            .iter()
            .map(|event| String::from_utf8_lossy(&event.payload))
            .collect();
        for wanted in wanted {
            assert!(texts.iter().any(|text| text.contains(wanted)), "{wanted}");
        }
        assert!(events.iter().any(|event| !event.is_valid));
        let once: BTreeSet<_> = texts.iter().collect();
        assert!(once.len() < texts.len(), "no event is duplicated");
    }
    // The checks of one cluster, one key and two repositories.
    let checks_of = |wanted| {
        let checks = CHECKS.iter();
        checks
            .filter(|check| check.enabled && check.kind() == wanted)
            .count()
    };
    assert_eq!(
        changing_account.requested_evaluations().len(),
        checks_of(EksCluster::KIND) + checks_of(KmsKey::KIND) + 2 * checks_of(EcrRepository::KIND)
    );
}
