use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;

/// Returns objects of each kind, with pods of each kind of creator.
fn objects() -> Vec<Value> {
    let of_web = |hash: &str| {
        let labels = json!({"app": "web", "pod-template-hash": hash});
        of_replica_set(&format!("web-{hash}"), labels)
    };
    let mut of_rollout = owned("argoproj.io/v1alpha1", "Rollout", "canary");
    of_rollout["labels"] = json!({"rollouts-pod-template-hash": "8f4"});
    let mut mirror = owned("v1", "Node", "one");
    mirror["annotations"] = json!({"kubernetes.io/config.mirror": "0a"});
    vec![
        object(
            "Namespace",
            "shop",
            json!({"labels": {"team": "a"}}),
            json!({}),
        ),
        object("Namespace", "empty", json!({}), json!({})),
        deployment("web", "t"),
        creator("StatefulSet", "db", "t", owned("x.io/v1", "Db", "db")),
        creator("ReplicaSet", "canary-8f4", "t", of_rollout),
        creator("ReplicaSet", "bare", "t", json!({})),
        creator("CronJob", "nightly", "t", json!({})),
        creator(
            "Job",
            "nightly-1",
            "t",
            owned("batch/v1", "CronJob", "nightly"),
        ),
        creator("Job", "once", "t", json!({})),
        pod("web-5d9-1", "a", of_web("5d9")),
        pod("web-5d9-2", "b", of_web("5d9")),
        pod("web-7c6-1", "c", of_web("7c6")),
        pod("gone-1", "a", of_replica_set("gone", json!({}))),
        pod("bare-1", "a", of_replica_set("bare", json!({}))),
        pod(
            "canary-8f4-1",
            "a",
            of_replica_set("canary-8f4", json!({"rollouts-pod-template-hash": "8f4"})),
        ),
        pod("db-0", "a", owned("apps/v1", "StatefulSet", "db")),
        pod("nightly-1-x", "a", owned("batch/v1", "Job", "nightly-1")),
        pod("static-one", "a", mirror),
        pod(
            "build-x7k2p-pod",
            "a",
            owned("tekton.dev/v1beta1", "TaskRun", "build-x7k2p"),
        ),
        pod(
            "build-bcdfg-pod",
            "a",
            owned("tekton.dev/v1", "TaskRun", "build-bcdfg"),
        ),
        pod("run-1", "a", json!({"generateName": "run-"})),
        pod("run-2", "b", json!({"generateName": "run-"})),
    ]
}

/// Reads a cluster whose lists arrive after these seconds.
fn read_after(objects: &[Value], delays: &[u64]) -> Objects {
    let others = LISTS.iter().zip(delays).map(|((kind, path), delay)| {
        let items: Vec<_> = objects
            .iter()
            .filter(|object| object["kind"] == *kind)
            .cloned()
            .collect();
        let answer = list(kind, &items).after(Duration::from_secs(*delay));
        (*path, vec![answer])
    });
    let others = others.collect();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let script = server(&[], others);
        read_objects(&script.client(), needs()).await
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_objects_and_duplicates_have_no_effect(
        (shuffled, delays) in subsequence(objects(), 0..=objects().len())
            .prop_flat_map(|again| {
                let all = objects().into_iter().chain(again).collect::<Vec<_>>();
                (Just(all).prop_shuffle(), proptest::collection::vec(0_u64..4, LISTS.len()))
            })
    ) {
        let expected = read_after(&objects(), &[0; LISTS.len()]);
        prop_assert_eq!(expected.workloads.len(), 10);
        prop_assert_eq!(read_after(&shuffled, &delays), expected);
    }
}
