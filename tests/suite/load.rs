//! Many events at once, on warm functions: nothing is lost, and in the end all findings are right.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;
use std::time::Duration;

use eksentry_tests::lambda::binaries;
use eksentry_tests::load::{
    ChangingAccount, Event, InstancePool, InstanceResult, Queue, Size, Tally, Waves, differences,
    drive, sweep,
};
use eksentry_tests::stand_in::{Fault, FaultKind, StandIn};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, CLUSTER, REGION, World, change_event, cluster_arn, repository_arn};

const SIZE: Size = Size {
    repositories: 8,
    images: 5,
    clusters: 4,
    keys: 4,
};

fn binaries_folder() -> &'static Path {
    binaries().unwrap()
}

fn start(aws: &StandIn, function: &'static str, count: usize) -> InstancePool {
    InstancePool::start(aws, binaries_folder(), function, count, &[]).unwrap()
}

fn sum(results: Vec<InstanceResult>) -> Tally {
    let mut all = Tally::default();
    for result in results {
        all.add(result.tally);
    }
    all
}

/// Throttles one call in twenty, and resets the connection of one in two hundred.
fn disturb(aws: &StandIn) {
    aws.fail(Fault::new("*", FaultKind::Throttle).one_in(20));
    aws.fail(Fault::new("*", FaultKind::Reset).one_in(200));
}

#[test]
fn a_burst_of_events_ends_in_the_current_state() {
    let mut changing_account = ChangingAccount::new(SIZE);
    let aws = StandIn::start(changing_account.account().unwrap()).unwrap();
    sweep(&aws, binaries_folder()).unwrap();
    disturb(&aws);
    let mut pools = [start(&aws, "ecr-event", 2), start(&aws, "config-rule", 2)];
    let waves = Waves {
        images: 40,
        items: 10,
        goes_on: &|wave| wave < 6,
        done: &|| (),
    };

    let results = drive(&aws, &mut changing_account, pools.each_mut(), &waves).unwrap();

    aws.clear_faults();
    let [images, items] = results.map(sum);
    assert!(images.events >= 240 && items.events >= 60);
    for (pool, tally) in pools.iter().zip([&images, &items]) {
        assert_eq!(tally.lost, [""; 0], "{}", pool.function);
        assert_eq!(pool.problems(), [""; 0]);
    }
    assert!(images.rejected + items.rejected > 0);
    let errors = images.errors.keys().chain(items.errors.keys());
    assert_eq!(
        errors.collect::<BTreeSet<_>>(),
        BTreeSet::from([&"InvalidEvent".to_owned()])
    );
    assert_eq!(
        differences(
            &aws,
            changing_account.requested_evaluations(),
            binaries_folder()
        )
        .unwrap(),
        [""; 0]
    );
    assert_eq!(aws.violations(), [""; 0]);
}

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const ENDPOINT: &str = "eks-endpoint-private";
const ROUNDS: usize = 40;

fn vulnerability(round: usize) -> String {
    format!("CVE-2026-{round:04}")
}

fn block(round: usize) -> String {
    format!("203.0.{round}.0/24")
}

/// Returns an image and a cluster that differ in each round.
fn entries(round: usize) -> Value {
    let severity = ["CRITICAL", "LOW", "HIGH"][round % 3];
    let found = json!([{"name": vulnerability(round), "severity": severity}]);
    let network = json!({"endpointPublicAccess": true, "endpointPrivateAccess": true, "publicAccessCidrs": [block(round)]});
    json!({
        "repositories": [{"repositoryName": "app", "images": [
            {"imageDigest": DIGEST, "scan": {"imageScanFindings": {"findings": found}}},
        ]}],
        "clusters": [{"name": "payments", "resourcesVpcConfig": network}],
    })
}

fn scan_event() -> Value {
    json!({
        "version": "0", "source": "aws.ecr", "detail-type": "ECR Image Scan", "account": ACCOUNT, "region": REGION,
        "detail": {"scan-status": "COMPLETE", "repository-name": "app", "image-digest": DIGEST},
    })
}

fn events(event: &Value, count: usize) -> Vec<Event> {
    let event = Event {
        payload: event.to_string().into_bytes(),
        is_valid: true,
    };
    vec![event; count]
}

#[test]
fn concurrent_events_about_one_resource_end_in_its_current_state() {
    let world = World::with(entries(0));
    // Because of the delays, some calls overtake others.
    let slow = |milliseconds| Fault::new("*", FaultKind::Latency(milliseconds)).one_in(4);
    world.aws.fail(slow(50));
    world.aws.fail(slow(150).seed(1));
    let token = world.aws.result_token(ENDPOINT);
    let mut pools = [
        start(&world.aws, "ecr-event", 4),
        start(&world.aws, "config-rule", 3),
    ];
    let queues = [Queue::default(), Queue::default()];

    let [images, clusters] = thread::scope(|scope| {
        let results = pools.each_mut();
        let results = results.into_iter().zip(&queues);
        let results: Vec<_> = results
            .map(|(pool, queue)| scope.spawn(|| pool.handle_events(queue, &|| ())))
            .collect();
        for round in 1..=ROUNDS {
            let mut next = eksentry_tests::account::Account::empty(ACCOUNT, REGION);
            next.add(entries(round)).unwrap();
            world.change(|account| {
                account.repositories = next.repositories;
                account.clusters = next.clusters;
            });
            queues[0].add(round, events(&scan_event(), 3));
            let item = change_event(&token, ENDPOINT, CLUSTER, "payments", "OK");
            queues[1].add(round, events(&item, 2));
            thread::sleep(Duration::from_millis(40));
        }
        queues.iter().for_each(Queue::close);
        let mut results = results
            .into_iter()
            .map(|result| sum(result.join().unwrap()));
        [results.next().unwrap(), results.next().unwrap()]
    });

    for tally in [&images, &clusters] {
        assert_eq!(tally.errors, std::collections::BTreeMap::new());
        assert_eq!(tally.lost, [""; 0]);
    }
    let image = format!("{}/{DIGEST}", repository_arn("app"));
    for (check, resource, says) in [
        ("ecr-image-scan-findings", image, vulnerability(ROUNDS)),
        (ENDPOINT, cluster_arn("payments"), block(ROUNDS)),
    ] {
        let finding = Value::from(world.finding(check, &resource).unwrap()).to_string();
        assert!(finding.contains(&says), "{says} is not in {finding}");
    }
    world.end();
}
