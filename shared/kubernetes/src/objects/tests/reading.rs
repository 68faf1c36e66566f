use super::*;

#[tokio::test(start_paused = true)]
async fn lists_are_read_in_their_order() {
    let second = Duration::from_secs(1);
    let others = LISTS.map(|(kind, path)| (path, vec![list(kind, &[]).after(second)]));
    let script = server(&[], others.to_vec());
    let read = read_objects(&script.client(), needs()).await;
    assert_eq!(requested(&script), LISTS.map(|(_, path)| path));
    let seconds: Vec<_> = script
        .received()
        .iter()
        .map(|one| one.at.as_secs())
        .collect();
    assert_eq!(seconds, [0, 1, 2, 2, 2, 2, 3, 3, 3]);
    assert_eq!(script.most_in_flight(), 4);
    let lists: Vec<_> = lists_for(needs(), false).collect();
    assert_eq!(read.lists.keys().copied().collect::<Vec<_>>(), lists);
    assert_eq!(
        (read.unreachable.clone(), missing(&read)),
        (None, Vec::new())
    );
    let queries = script.paths();
    let pods = "/api/v1/pods?limit=500&fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed";
    assert_eq!(queries[1], pods);
    assert_eq!(
        queries[2],
        "/apis/apps/v1/replicasets?limit=500&labelSelector=%21pod-template-hash"
    );
    assert_eq!(queries[5], "/apis/apps/v1/deployments?limit=500");
}

#[tokio::test(start_paused = true)]
async fn only_needed_lists_are_read() {
    let script = server(&[], Vec::new());
    let read = read_objects(&script.client(), Need::Namespaces.into()).await;
    assert_eq!(requested(&script), ["/api/v1/namespaces"]);
    assert_eq!(read.lists.len(), 1);
    let script = server(&[], Vec::new());
    let read = read_objects(&script.client(), Needs::empty()).await;
    assert_eq!((read.unreachable, read.lists.len()), (None, 0));
    assert!(script.paths().is_empty());
}

#[tokio::test(start_paused = true)]
async fn namespaces_have_labels_and_may_be_ending() {
    let labels = json!({"labels": {"team": "a"}});
    let objects = [
        object(
            "Namespace",
            "shop",
            labels,
            json!({"status": {"phase": "Active"}}),
        ),
        object(
            "Namespace",
            "ending",
            json!({}),
            json!({"status": {"phase": "Terminating"}}),
        ),
        object(
            "Namespace",
            "deleted",
            json!({"deletionTimestamp": "2026-11-30T00:00:00Z"}),
            json!({}),
        ),
        object(
            "Namespace",
            "odd",
            json!({"labels": {"team": 7}}),
            json!({}),
        ),
        pod("a", "a", json!({"namespace": "new"})),
    ];
    let read = read(&objects).await;
    let none = || Some(BTreeMap::new());
    let team = Some(BTreeMap::from([("team".to_owned(), "a".to_owned())]));
    let namespace = |labels, is_terminating| Namespace {
        labels,
        is_terminating,
        ..Namespace::default()
    };
    let expected = [
        ("deleted", namespace(none(), true)),
        ("ending", namespace(none(), true)),
        ("new", namespace(None, false)),
        ("odd", namespace(None, false)),
        ("shop", namespace(team, false)),
    ];
    let expected = expected.map(|(name, namespace)| (name.to_owned(), namespace));
    assert_eq!(read.namespaces, BTreeMap::from(expected));
}

#[tokio::test(start_paused = true)]
async fn a_list_may_be_inconsistent() {
    let page = |name: &str, next: &str| {
        let items = [pod(name, "a", json!({}))];
        let page = json!({"kind": "PodList", "metadata": {"continue": next}, "items": items});
        Answer::new(200, page.to_string())
    };
    let expired = || {
        Answer::new(
            410,
            r#"{"kind":"Status","metadata":{"continue":"rest"},"code":410}"#,
        )
    };
    let answers = vec![
        page("old", "one"),
        expired(),
        page("a", "one"),
        expired(),
        page("b", ""),
    ];
    let read = read_objects(&server(&[], vec![(PODS, answers)]).client(), needs()).await;
    assert_eq!(lines(&read), ["shop/pods./a, 1 a", "shop/pods./b, 1 a"]);
    let text = "list pods is inconsistent: it expired twice while it was read, so it may lack objects. The next evaluation tries \
                again.";
    assert_eq!(
        missing(&read),
        [("pods".to_owned(), "INCONSISTENT", text.to_owned())]
    );

    // A list that expires once is complete.
    let answers = vec![page("old", "one"), expired(), page("a", "")];
    let read = read_objects(&server(&[], vec![(PODS, answers)]).client(), needs()).await;
    assert_eq!(
        (lines(&read), missing(&read)),
        (vec!["shop/pods./a, 1 a".to_owned()], Vec::new())
    );
}

/// The future can be sent to another thread.
#[test]
fn reading_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let client = Script::new([]).client();
    is_send(read_objects(&client, needs()));
}

#[tokio::test(start_paused = true)]
async fn pods_are_not_requested_if_only_templates_are_needed() {
    let objects = [
        deployment("web", "t"),
        pod("alone", "a", json!({})),
        object("Namespace", "shop", json!({}), json!({})),
    ];
    let server = server(&objects, Vec::new());
    let read = read_objects(&server.client(), Need::WorkloadTemplates.into()).await;
    assert_eq!(lines(&read), ["shop/deployments.apps/web, template t"]);
    assert_eq!(read.unreachable, None);
    let text = "The pods were not read, since the parameter readPods of k8s-api-readable is false. Admission may give \
                them other settings than their templates.";
    assert_eq!(
        missing(&read),
        [("pods".to_owned(), "PODS_NOT_READ", text.to_owned())]
    );
    let requested = requested(&server);
    let mut others = LISTS.map(|(_, path)| path).to_vec();
    others.retain(|path| *path != PODS);
    for path in others {
        assert!(requested.iter().any(|one| one == path), "{path}");
    }
    assert_eq!(requested.len(), LISTS.len() - 1);
}
