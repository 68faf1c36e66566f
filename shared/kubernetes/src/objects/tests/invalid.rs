use super::*;

/// Returns copies of a value, in each of which one member, or the value itself, is replaced.
fn variants(value: &Value, other: &Value) -> Vec<Value> {
    let mut all = vec![other.clone()];
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                for variant in variants(member, other) {
                    let mut members = members.clone();
                    members.insert(name.clone(), variant);
                    all.push(Value::Object(members));
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                for variant in variants(item, other) {
                    let mut items = items.clone();
                    items[index] = variant;
                    all.push(Value::Array(items));
                }
            }
        }
        _ => {}
    }
    all
}

#[tokio::test(start_paused = true)]
async fn an_odd_object_breaks_no_list() {
    let labels = json!({"app": "web", "pod-template-hash": "5d9"});
    let owner = of_replica_set("web-5d9", labels);
    let objects = [
        object(
            "Namespace",
            "shop",
            json!({"labels": {"a": "b"}}),
            json!({"status": {"phase": "Active"}}),
        ),
        deployment("web", "t"),
        creator("CronJob", "nightly", "t", owned("x.io/v1", "X", "x")),
        object(
            "Job",
            "once",
            json!({}),
            json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}}),
        ),
        pod("web-5d9-1", "a", owner),
    ];
    for object in &objects {
        for other in [
            json!(null),
            json!(7),
            json!("x"),
            json!(true),
            json!([]),
            json!({}),
            json!([7]),
        ] {
            for mut variant in variants(object, &other) {
                let kind = object["kind"].as_str().unwrap();
                let (_, path) = LISTS.iter().find(|(one, _)| *one == kind).unwrap();
                let mut good = creator(kind, "good", "g", json!({}));
                good["status"] = json!({"phase": "Running"});
                let items = [variant.take(), good];
                let script = server(&[], vec![(*path, vec![list(kind, &items)])]);
                let read = read_objects(&script.client(), needs()).await;
                assert_eq!(read.unreachable, None);
                let is_there = match kind {
                    "Namespace" => read.namespaces.contains_key("good"),
                    _ => read.workloads.iter().any(|one| one.name.name == "good"),
                };
                assert!(is_there, "{kind} is {items:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_be_read_are_unknown() {
    let mut unknown = pod("pod", "a", json!({}));
    unknown["spec"] = json!(7);
    let mut empty = pod("empty", "a", json!({}));
    empty["spec"] = Value::Null;
    let cron_job =
        |name: &str, spec: Value| object("CronJob", name, json!({}), json!({"spec": spec}));
    let objects = [
        unknown,
        empty,
        object("Deployment", "a", json!({}), json!({"spec": 7})),
        object(
            "Deployment",
            "b",
            json!({}),
            json!({"spec": {"template": "x"}}),
        ),
        object(
            "Deployment",
            "c",
            json!({}),
            json!({"spec": {"template": {"spec": []}}}),
        ),
        object(
            "Deployment",
            "d",
            json!({}),
            json!({"spec": {"template": {"spec": null}}}),
        ),
        cron_job("a", json!({"jobTemplate": 7})),
        cron_job("b", json!({"jobTemplate": {"spec": 7}})),
        cron_job(
            "c",
            json!({"template": {"spec": spec("no-member-of-cron-jobs")}}),
        ),
    ];
    let expected = [
        "shop/cronjobs.batch/a, template invalid",
        "shop/cronjobs.batch/b, template invalid",
        "shop/cronjobs.batch/c, template none",
        "shop/deployments.apps/a, template invalid",
        "shop/deployments.apps/b, template invalid",
        "shop/deployments.apps/c, template invalid",
        "shop/deployments.apps/d, template none",
        "shop/pods./empty, 1 none",
        "shop/pods./pod, 1 invalid",
    ];
    assert_eq!(lines(&read(&objects).await), expected);
}

#[tokio::test(start_paused = true)]
async fn an_object_without_a_name_makes_its_list_incomplete() {
    for metadata in [
        json!({"namespace": "shop"}),
        json!({"name": "a"}),
        json!({"name": "", "namespace": "shop"}),
        json!({"name": 7, "namespace": "shop"}),
        json!({"name": "a", "namespace": ["shop"]}),
        json!(7),
        json!(null),
    ] {
        let nameless = json!({"kind": "Deployment", "metadata": metadata});
        let read = read(&[nameless, deployment("web", "t")]).await;
        assert_eq!(lines(&read), ["shop/deployments.apps/web, template t"]);
        let unread = read.lists[&ApiList::Deployments].clone().unwrap_err();
        let expected = "list deployments.apps returned 1 object that is not of the expected form, or without a name. Look at \
                        the objects of this kind in the cluster.";
        assert_eq!(
            (unread.code.word(), unread.text.as_str()),
            ("READ_FAILED", expected),
            "{metadata}"
        );
        assert!(read.lists[&ApiList::Pods].is_ok());
    }
}
