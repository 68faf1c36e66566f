use super::*;

/// Objects of kube-apiserver 1.36, with the members that are read and a few others.
const RECORDED: &str = include_str!("recorded.json");

#[tokio::test(start_paused = true)]
async fn recorded_objects_are_read() {
    let objects: Vec<Value> = serde_json::from_str(RECORDED).unwrap();
    let read = read(&objects).await;
    assert!(read.lists.values().all(Result::is_ok), "{:?}", read.lists);
    let expected = [
        "batch/cronjobs.batch/etcd-backup, template alpine",
        "batch/jobs.batch/indexed, template app",
        "batch/jobs.batch/migrate, template app:1.4.2, 1 app:1.4.2",
        "kube-system/daemonsets.apps/aws-node, template amazon-k8s-cni:v1.20.4-eksbuild.2, 2 amazon-k8s-cni:v1.20.4-eksbuild.2",
        "kube-system/deployments.apps/coredns, template coredns:v1.12.4-eksbuild.1, 2 coredns:v1.12.4-eksbuild.1",
        "legacy/deployments.apps/expressions, template app:1.4.2, 1 app:1.4.2",
        "legacy/deployments.apps/privileged-web, template nginx:latest, 2 nginx:latest",
        "legacy/pods./good, 1 app",
        "legacy/replicasets.apps/orphan-rs, template app:1.4.2, 1 app:1.4.2",
        "legacy/replicationcontrollers./old-rc, template app:1.4.2, 1 app:1.4.2",
        "payments/cronjobs.batch/reconcile, template app",
        "payments/statefulsets.apps/db, template app, 1 app",
        "shop/deployments.apps/scaled-to-zero, template redis:7",
        "shop/deployments.apps/web, template web:2026.08.1, 2 web:2026.08.1",
        "tools/daemonsets.apps/log-shipper, template fluent-bit:4",
    ];
    assert_eq!(lines(&read), expected);
    for pods in read.workloads.iter().flat_map(|workload| &workload.running) {
        assert_ne!(pods.spec.containers.items(), Ok(&[][..]));
    }
    assert!(read.namespaces["stuck"].is_terminating && !read.namespaces["shop"].is_terminating);
}
