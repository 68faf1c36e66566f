use super::*;

#[tokio::test(start_paused = true)]
async fn pods_are_about_the_deployment_of_their_replica_set() {
    let hash = |app: &str| json!({"app": app, "pod-template-hash": "5d9"});
    let web = || deployment("web", "t");
    let of_web = |app| of_replica_set("web-5d9", hash(app));
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
    ] {
        check(name, &objects, expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn pods_are_about_a_replica_set_or_its_rollout() {
    let hash = |app: &str| json!({"app": app, "pod-template-hash": "5d9"});
    let web = || deployment("web", "t");
    let of_web = |app| of_replica_set("web-5d9", hash(app));
    let rollout = owned("argoproj.io/v1alpha1", "Rollout", "web");
    let of_rollout = |hash: &str| {
        let mut metadata = rollout.clone();
        metadata["labels"] = json!({"rollouts-pod-template-hash": hash});
        metadata
    };
    let crunchy = owned("acid.zalan.do/v1", "postgresql", "db");
    for (name, objects, expected) in [
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
            &["shop/replicasets.apps/bare, template t, 1 a"][..],
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
    ] {
        check(name, &objects, expected).await;
    }
}
