use super::*;

#[tokio::test(start_paused = true)]
async fn pods_that_do_not_run_are_left_out() {
    let with = |name: &str, status: Value| {
        let mut pod = pod(name, "a", json!({}));
        pod["status"] = status;
        pod
    };
    let objects = [
        with("pending", json!({"phase": "Pending"})),
        with("running", json!({"phase": "Running"})),
        with("no-status", Value::Null),
        with("no-phase", json!({"phase": null})),
        with("odd-phase", json!({"phase": 7})),
        with("succeeded", json!({"phase": "Succeeded"})),
        with("failed", json!({"phase": "Failed"})),
        with("unknown", json!({"phase": "Unknown"})),
        pod(
            "leaving",
            "a",
            json!({"deletionTimestamp": "2026-11-30T00:00:00Z"}),
        ),
    ];
    let expected = ["no-phase", "no-status", "odd-phase", "pending", "running"];
    check(
        "phases",
        &objects,
        &expected
            .map(|name| format!("shop/pods./{name}, 1 a"))
            .each_ref()
            .map(String::as_str),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_job_ends() {
    let job = |conditions: Value| {
        let mut job = creator("Job", "once", "t", json!({}));
        job["status"] = json!({"conditions": conditions});
        job
    };
    let condition = |kind: &str, status: &str| json!({"type": kind, "status": status});
    for (conditions, has_ended) in [
        (json!([condition("Complete", "True")]), true),
        (
            json!([
                condition("Suspended", "False"),
                7,
                condition("Failed", "True")
            ]),
            true,
        ),
        (json!([condition("Complete", "False")]), false),
        (json!([condition("Suspended", "True")]), false),
        (json!([condition("FailureTarget", "True")]), false),
        (json!(null), false),
        (json!("Complete"), false),
    ] {
        let read = read(&[job(conditions.clone())]).await;
        assert_eq!(read.workloads[0].has_ended, has_ended, "{conditions}");
    }
    // Whatever the job states, this pod runs.
    let ended = job(json!([condition("Failed", "True")]));
    let objects = [ended, pod("once-x", "a", owned("batch/v1", "Job", "once"))];
    check(
        "a job with a pod",
        &objects,
        &["shop/jobs.batch/once, template t, 1 a"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn pods_with_the_same_settings_share_them() {
    let with_token = |name: &str, end: &str, host_path: Value| {
        let volume = format!("kube-api-access-{end}");
        let mut pod = pod(name, "a", owned("apps/v1", "DaemonSet", "agent"));
        pod["spec"]["volumes"] = json!([
            {"name": volume, "hostPath": host_path, "projected": {}},
            {"name": "other", "hostPath": {"path": "/"}},
        ]);
        pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": volume}, {"name": "other"}]);
        pod["spec"]["nodeName"] = name.into();
        pod
    };
    let objects = [
        with_token("agent-1", "x7k2p", Value::Null),
        with_token("agent-2", "bcdfg", Value::Null),
        with_token("agent-3", "x7k2p", json!({"path": "/"})),
    ];
    let read = read(&objects).await;
    let [workload] = &read.workloads[..] else {
        panic!("{read:?}")
    };
    let mut counts: Vec<_> = workload.running.iter().map(|pods| pods.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2]);
    let names: Vec<_> = workload
        .running
        .iter()
        .map(|pods| {
            let volume = pods.spec.volumes.items().unwrap()[0].name.value().unwrap();
            let mounts = pods.spec.containers.items().unwrap()[0]
                .volume_mounts
                .items()
                .unwrap();
            assert_eq!(mounts[0].name.value(), Some(volume));
            assert_eq!(mounts[1].name.value().unwrap(), "other");
            volume.as_str()
        })
        .collect();
    assert!(names.contains(&"kube-api-access-*") && names.contains(&"kube-api-access-x7k2p"));
}
