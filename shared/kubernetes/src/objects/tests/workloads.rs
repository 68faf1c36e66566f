use super::*;

/// Checks the workloads of a cluster with these objects.
async fn check(name: &str, objects: &[Value], expected: &[&str]) {
    let read = read(objects).await;
    assert_eq!(lines(&read), expected, "{name}");
    assert!(read.lists.values().all(Result::is_ok), "{name}");
}

#[tokio::test(start_paused = true)]
async fn pods_are_about_what_creates_them() {
    let hash = |app: &str| json!({"app": app, "pod-template-hash": "5d9"});
    let web = || deployment("web", "t");
    let rollout = owned("argoproj.io/v1alpha1", "Rollout", "web");
    let of_rollout = |hash: &str| {
        let mut metadata = rollout.clone();
        metadata["labels"] = json!({"rollouts-pod-template-hash": hash});
        metadata
    };
    let of_web = |app| of_replica_set("web-5d9", hash(app));
    let of_job = |name| owned("batch/v1", "Job", name);
    let of_cron_job = owned("batch/v1", "CronJob", "nightly");
    let crunchy = owned("acid.zalan.do/v1", "postgresql", "db");
    for (name, objects, expected) in [
        (
            "a deployment",
            vec![web(), pod("web-5d9-1", "a", of_web("web"))],
            &["shop/deployments.apps/web, template t, 1 a"][..],
        ),
        (
            "a deployment without pods",
            vec![web()],
            &["shop/deployments.apps/web, template t"],
        ),
        (
            "a roll-out",
            vec![
                web(),
                pod("web-5d9-1", "a", of_web("web")),
                pod("web-5d9-2", "a", of_web("web")),
                pod(
                    "web-7c6-1",
                    "b",
                    of_replica_set("web-7c6", json!({"app": "web", "pod-template-hash": "7c6"})),
                ),
            ],
            &["shop/deployments.apps/web, template t, 2 a, 1 b"],
        ),
        (
            "a deployment whose selector does not match",
            vec![web(), pod("web-5d9-1", "a", of_web("other"))],
            &[
                "shop/deployments.apps/web, template t",
                "shop/replicasets.apps/web-5d9, 1 a",
            ],
        ),
        (
            "a deployment in another namespace",
            vec![
                object(
                    "Deployment",
                    "web",
                    json!({"namespace": "other"}),
                    json!({"spec": web()["spec"].clone()}),
                ),
                pod("web-5d9-1", "a", of_web("web")),
            ],
            &[
                "other/deployments.apps/web, template t",
                "shop/replicasets.apps/web-5d9, 1 a",
            ],
        ),
        (
            "a deployment with the hash of another replica set",
            vec![web(), pod("p", "a", of_replica_set("web-777", hash("web")))],
            &[
                "shop/deployments.apps/web, template t",
                "shop/replicasets.apps/web-777, 1 a",
            ],
        ),
        (
            "a replica set that is orphaned",
            vec![pod("web-5d9-1", "a", of_web("web"))],
            &["shop/replicasets.apps/web-5d9, 1 a"],
        ),
        (
            "a replica set without an owner",
            vec![
                creator("ReplicaSet", "bare", "t", json!({})),
                pod(
                    "bare-1",
                    "a",
                    of_replica_set("bare", json!({"app": "bare"})),
                ),
            ],
            &["shop/replicasets.apps/bare, template t, 1 a"],
        ),
        (
            "a replica set whose pods have a hash",
            vec![
                web(),
                creator("ReplicaSet", "web-5d9", "u", json!({})),
                pod("web-5d9-1", "a", of_web("web")),
            ],
            &[
                "shop/deployments.apps/web, template t",
                "shop/replicasets.apps/web-5d9, template u, 1 a",
            ],
        ),
        (
            "a replica set of a deployment without the hash",
            vec![
                web(),
                creator(
                    "ReplicaSet",
                    "web-5d9",
                    "u",
                    owned("apps/v1", "Deployment", "web"),
                ),
                pod(
                    "web-5d9-1",
                    "a",
                    of_replica_set("web-5d9", json!({"app": "web"})),
                ),
            ],
            &["shop/deployments.apps/web, template t, 1 a"],
        ),
        (
            "a replica set of a custom resource",
            vec![
                creator("ReplicaSet", "db", "t", crunchy.clone()),
                pod("db-1", "a", of_replica_set("db", json!({}))),
            ],
            &["shop/replicasets.apps/db of postgresql.acid.zalan.do/db, template t, 1 a"],
        ),
        (
            "a rollout",
            vec![
                creator("ReplicaSet", "web-8f4", "t", of_rollout("8f4")),
                pod(
                    "web-8f4-1",
                    "a",
                    of_replica_set("web-8f4", json!({"rollouts-pod-template-hash": "8f4"})),
                ),
            ],
            &["shop/rollouts.argoproj.io/web, 1 a"],
        ),
        (
            "a rollout without pods",
            vec![creator("ReplicaSet", "web-8f4", "t", of_rollout("8f4"))],
            &[],
        ),
        (
            "a rollout whose replica set is not listed",
            vec![pod(
                "web-8f4-1",
                "a",
                of_replica_set("web-8f4", json!({"rollouts-pod-template-hash": "8f4"})),
            )],
            &["shop/rollouts.argoproj.io/web, 1 a"],
        ),
        (
            "others that have pods of their own",
            vec![
                creator("StatefulSet", "db", "t", json!({})),
                creator("DaemonSet", "agent", "u", json!({})),
                creator("ReplicationController", "old", "v", json!({})),
                pod("db-0", "a", owned("apps/v1", "StatefulSet", "db")),
                pod("agent-1", "b", owned("apps/v1beta2", "DaemonSet", "agent")),
                pod("agent-2", "b", owned("apps/v1", "DaemonSet", "agent")),
                pod("old-1", "c", owned("v1", "ReplicationController", "old")),
            ],
            &[
                "shop/daemonsets.apps/agent, template u, 2 b",
                "shop/replicationcontrollers./old, template v, 1 c",
                "shop/statefulsets.apps/db, template t, 1 a",
            ],
        ),
        (
            "a stateful set that is not listed, with a name that looks generated",
            vec![pod(
                "db-x7k2p-0",
                "a",
                owned("apps/v1", "StatefulSet", "db-x7k2p"),
            )],
            &["shop/statefulsets.apps/db-x7k2p, 1 a"],
        ),
        (
            "a kind of the same name in another group",
            vec![
                creator("StatefulSet", "db", "t", json!({})),
                pod("db-0", "a", owned("apps.kruise.io/v1", "StatefulSet", "db")),
            ],
            &[
                "shop/statefulsets.apps.kruise.io/db, 1 a",
                "shop/statefulsets.apps/db, template t",
            ],
        ),
        (
            "a cron job",
            vec![
                creator("CronJob", "nightly", "t", json!({})),
                creator("Job", "nightly-29", "u", of_cron_job.clone()),
                creator("Job", "nightly-30", "u", of_cron_job.clone()),
                pod("nightly-30-x", "a", of_job("nightly-30")),
            ],
            &["shop/cronjobs.batch/nightly, template t, 1 a"],
        ),
        (
            "a job",
            vec![
                creator("Job", "once", "t", json!({})),
                pod("once-x", "a", of_job("once")),
            ],
            &["shop/jobs.batch/once, template t, 1 a"],
        ),
        (
            "a job that is gone",
            vec![pod("once-x", "a", of_job("once"))],
            &["shop/jobs.batch/once, 1 a"],
        ),
        (
            "workloads of a custom resource",
            vec![
                creator("StatefulSet", "db", "t", crunchy.clone()),
                creator("Job", "backup", "u", owned("v1", "Thing", "x")),
                pod("db-0", "a", owned("apps/v1", "StatefulSet", "db")),
            ],
            &[
                "shop/jobs.batch/backup of thing/x, template u",
                "shop/statefulsets.apps/db of postgresql.acid.zalan.do/db, template t, 1 a",
            ],
        ),
    ] {
        check(name, &objects, expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn pods_without_a_known_creator_are_grouped() {
    let generated = |stem: &str| json!({"generateName": stem});
    let both = |mut metadata: Value, stem: &str| {
        metadata["generateName"] = stem.into();
        metadata
    };
    let mirror = |node: &str| {
        let mut metadata = owned("v1", "Node", node);
        metadata["annotations"] = json!({"kubernetes.io/config.mirror": "0a1b", "other": {"a": 1}});
        metadata
    };
    let run = |name: &str| owned("tekton.dev/v1", "TaskRun", name);
    let not_controller =
        json!({"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x"}]});
    for (name, objects, expected) in [
        (
            "pods",
            vec![pod("a", "a", json!({})), pod("b", "a", json!({}))],
            &["shop/pods./a, 1 a", "shop/pods./b, 1 a"][..],
        ),
        (
            "generated pods",
            vec![
                pod("run-x7k2p", "a", generated("run-")),
                pod("run-bbbbb", "a", generated("run-")),
                pod("named", "b", generated("run-")),
            ],
            &["shop/pods./named, 1 b", "shop/pods./run-*, 2 a"],
        ),
        (
            "a pod whose owner is no controller",
            vec![pod("a", "a", not_controller)],
            &["shop/pods./a, 1 a"],
        ),
        (
            "static pods",
            vec![
                pod(
                    "proxy-ip-10-0-0-1.ec2.internal",
                    "a",
                    mirror("ip-10-0-0-1.ec2.internal"),
                ),
                pod(
                    "proxy-ip-10-0-0-2.ec2.internal",
                    "a",
                    mirror("ip-10-0-0-2.ec2.internal"),
                ),
                pod("renamed", "b", mirror("ip-10-0-0-2.ec2.internal")),
                pod("forged", "c", owned("v1", "Node", "n")),
            ],
            &[
                "shop/nodes./n, 1 c",
                "shop/pods./proxy, 2 a",
                "shop/pods./renamed, 1 b",
            ],
        ),
        (
            "custom resources",
            vec![
                pod(
                    "a-1",
                    "a",
                    owned("argoproj.io/v1alpha1", "Workflow", "nightly"),
                ),
                pod(
                    "a-2",
                    "a",
                    owned("argoproj.io/v1beta1", "Workflow", "nightly"),
                ),
                pod(
                    "b",
                    "b",
                    owned("kubevirt.io/v1", "VirtualMachineInstance", "vm"),
                ),
            ],
            &[
                "shop/virtualmachineinstances.kubevirt.io/vm, 1 b",
                "shop/workflows.argoproj.io/nightly, 2 a",
            ],
        ),
        (
            "generated custom resources",
            vec![
                pod("build-x7k2p-pod", "a", run("build-x7k2p")),
                pod("build-bcdfg-pod", "a", run("build-bcdfg")),
                pod("test-1-abc", "b", both(run("test-1"), "test-")),
                pod("test-2-abc", "b", both(run("test-2"), "test-")),
                pod("vm-x", "c", both(run("vm"), "vm-")),
            ],
            &[
                "shop/taskruns.tekton.dev/build-*, 2 a",
                "shop/taskruns.tekton.dev/test-*, 2 b",
                "shop/taskruns.tekton.dev/vm, 1 c",
            ],
        ),
        (
            "a pod of a pod",
            vec![
                pod("driver", "a", json!({})),
                pod("driver-exec-1", "b", owned("v1", "Pod", "driver")),
            ],
            &["shop/pods./driver, 1 a, 1 b"],
        ),
    ] {
        let mut sorted: Vec<_> = expected.to_vec();
        sorted.sort_unstable();
        let mut found = lines(&read(&objects).await);
        found.sort_unstable();
        assert_eq!(found, sorted, "{name}");
    }
}

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
        pod["spec"]["volumes"] = json!([{"name": volume, "hostPath": host_path, "projected": {}}]);
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
