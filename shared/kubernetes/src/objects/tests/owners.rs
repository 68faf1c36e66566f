use super::*;

#[tokio::test(start_paused = true)]
async fn pods_are_about_an_object_that_is_listed() {
    let of_job = |name| owned("batch/v1", "Job", name);
    let of_cron_job = owned("batch/v1", "CronJob", "nightly");
    let crunchy = owned("acid.zalan.do/v1", "postgresql", "db");
    for (name, objects, expected) in [
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
            ][..],
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
async fn pods_are_about_an_object_that_is_not_listed() {
    let both = |mut metadata: Value, stem: &str| {
        metadata["generateName"] = stem.into();
        metadata
    };
    let run = |name: &str| owned("tekton.dev/v1", "TaskRun", name);
    for (name, objects, expected) in [
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
            ][..],
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
async fn pods_alone_are_grouped() {
    let generated = |stem: &str| json!({"generateName": stem});
    let mirror = |node: &str| {
        let mut metadata = owned("v1", "Node", node);
        metadata["annotations"] = json!({"kubernetes.io/config.mirror": "0a1b", "other": {"a": 1}});
        metadata
    };
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
    ] {
        let mut sorted: Vec<_> = expected.to_vec();
        sorted.sort_unstable();
        let mut found = lines(&read(&objects).await);
        found.sort_unstable();
        assert_eq!(found, sorted, "{name}");
    }
}
