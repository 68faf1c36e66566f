//! Tests of faults, rates and violations.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

#[test]
fn calls_over_the_rate_are_throttled_and_calls_can_be_only_counted() {
    let aws = start();
    let client = client(&aws);
    let get = || {
        client
            .send("securityhub", "POST", "/findings", "", "{}")
            .expect("there is a response")
            .status
    };

    assert!((0..10).all(|_| get() == 200));
    aws.limit_rates();
    aws.count_only();
    let statuses: Vec<u16> = (0..60).map(|_| get()).collect();
    assert_eq!(statuses[..6], [200; 6]);
    let throttled = statuses.iter().filter(|status| **status == 429).count();
    assert!(
        throttled > 0 && aws.throttled() == throttled,
        "{statuses:?}"
    );
    assert_eq!(aws.calls().len(), 10);
    assert_eq!(
        aws.counts(),
        BTreeMap::from([("securityhub.GetFindings".to_owned(), 70)])
    );
}

#[test]
fn faults_happen_as_often_as_they_should() {
    let aws = start();
    let client = client(&aws);
    let list = || {
        client.send(
            "kms",
            "POST",
            "/",
            "X-Amz-Target: TrentService.ListKeys\r\n",
            "{}",
        )
    };

    aws.fail(Fault::new("kms.*", FaultKind::Throttle).times(1));
    aws.fail(
        Fault::new(
            "kms.ListKeys",
            FaultKind::Error {
                code: "KMSInternalException".into(),
                status: 500,
                message: String::new(),
            },
        )
        .times(1),
    );
    aws.fail(Fault::new("kms.ListKeys", FaultKind::Reset).times(1));
    aws.fail(Fault::new("kms.ListKeys", FaultKind::Truncated).times(1));
    assert_eq!(list().expect("a response").error(), "ThrottlingException");
    assert_eq!(list().expect("a response").status, 500);
    assert!(list().is_none(), "the connection breaks");
    let cut = list().expect("a response");
    assert!(cut.status == 200 && serde_json::from_str::<Value>(&cut.body).is_err());
    assert_eq!(list().expect("a response").status, 200);

    aws.fail(Fault::new("kms.ListKeys", FaultKind::Latency(50)));
    let started = Instant::now();
    list();
    assert!(started.elapsed() >= Duration::from_millis(50));
    aws.clear_faults();
    aws.fail(
        Fault::new("kms.DescribeKey", FaultKind::AccessDenied)
            .matching(json!({"KeyId": "imported"})),
    );
    assert_eq!(
        client
            .kms("DescribeKey", json!({"KeyId": "imported"}))
            .error(),
        "AccessDeniedException"
    );
    assert_eq!(
        client.kms("DescribeKey", json!({"KeyId": "by-aws"})).status,
        200
    );

    let statuses: Vec<_> = aws
        .calls_of("kms.ListKeys")
        .iter()
        .map(|call| call.status)
        .collect();
    assert_eq!(
        statuses,
        [Some(400), Some(500), None, Some(200), Some(200), Some(200)]
    );
    assert_eq!(aws.violations(), Vec::<String>::new());
}

#[test]
fn unknown_operations_services_and_callers_are_violations() {
    let aws = start();
    let client = client(&aws);
    let stranger = Client {
        access_key: "AKIAUNKNOWN".to_owned(),
        ..self::client(&aws)
    };

    assert_eq!(
        client
            .kms("ScheduleKeyDeletion", json!({"KeyId": "imported"}))
            .error(),
        "UnknownOperationException"
    );
    assert_eq!(client.eks("/clusters/a/updates").status, 404);
    assert_eq!(stranger.eks("/clusters").status, 403);
    assert_eq!(
        client
            .send("glue", "GET", "/", "", "")
            .expect("a response")
            .status,
        404
    );
    assert_eq!(aws.violations().len(), 4, "{:?}", aws.violations());
}

/// A change that results in an invalid account is not applied.
#[test]
fn an_invalid_change_is_not_applied() {
    let aws = start();
    let twice = aws.change(|account| account.clusters.push(account.clusters[0].clone()));

    assert!(twice.is_err());
    assert_eq!(
        client(&aws).eks("/clusters").json()["clusters"],
        json!(["a", "b"])
    );
}

#[test]
fn operations_have_the_errors_of_the_resources_that_requests_name() {
    for (name, errors) in [
        ("eks.ListClusters", 0),
        ("eks.ListNodegroups", 1),
        ("eks.DescribeNodegroup", 1),
        ("ec2.DescribeSubnets", 1),
        ("elasticloadbalancing.DescribeListeners", 2),
        ("elasticloadbalancing.DescribeLoadBalancers", 1),
        ("ecr.DescribeImages", 2),
        ("s3.GetObject", 2),
        ("s3.PutObject", 1),
        ("kms.ListKeys", 0),
        ("kms.Unknown", 0),
    ] {
        assert_eq!(not_found_errors(name), errors, "{name}");
    }
}
