use std::io::ErrorKind;

use super::*;

fn forbidden() -> Answer {
    Answer::new(403, r#"{"kind":"Status","reason":"Forbidden","code":403}"#)
}

fn unreachable(objects: &Objects) -> (&'static str, String) {
    let problem = objects.unreachable.as_ref().unwrap();
    (problem.code().word(), problem.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_refused_list_leaves_the_others() {
    let hash = json!({"app": "web", "pod-template-hash": "5d9"});
    let objects = [
        deployment("web", "t"),
        pod("web-5d9-1", "a", of_replica_set("web-5d9", hash)),
    ];
    let script = server(&objects, vec![(PODS, vec![forbidden()])]);
    let read = read_objects(&script.client(), needs()).await;
    assert_eq!(read.unreachable, None);
    assert_eq!(lines(&read), ["shop/deployments.apps/web, template t"]);
    let text = "list pods was refused (403). Allow it in the cluster, by the role that is bound to the group of eksentry's \
                access entry.";
    assert_eq!(
        missing(&read),
        [("pods".to_owned(), "ACCESS_DENIED", text.to_owned())]
    );

    // Without a list of deployments, the hash suffices.
    let script = server(
        &objects,
        vec![("/apis/apps/v1/deployments", vec![forbidden()])],
    );
    let read = read_objects(&script.client(), needs()).await;
    assert_eq!(lines(&read), ["shop/deployments.apps/web, 1 a"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_if_all_lists_are_refused() {
    let script = Script::always(forbidden());
    let read = read_objects(&script.client(), needs()).await;
    let text = "each list (namespaces, pods, replicasets.apps, jobs.batch, replicationcontrollers, deployments.apps, \
                statefulsets.apps, daemonsets.apps, cronjobs.batch) was refused (403). Allow it in the cluster, by the \
                role that is bound to the group of eksentry's access entry.";
    assert_eq!(unreachable(&read), ("ACCESS_DENIED", text.to_owned()));
    assert_eq!((script.paths().len(), missing(&read).len()), (9, 9));
    let read = read_objects(&script.client(), Need::Namespaces.into()).await;
    assert!(
        unreachable(&read)
            .1
            .starts_with("list namespaces was refused (403)")
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_further_is_requested_of_a_server_that_refuses_the_caller() {
    let unknown = || Answer::new(401, r#"{"kind":"Status","code":401}"#);
    let script = Script::always(unknown());
    let read = read_objects(&script.client(), needs()).await;
    assert_eq!(
        requested(&script),
        ["/api/v1/namespaces", "/api/v1/namespaces"]
    );
    let (code, text) = unreachable(&read);
    assert!(
        code == "ACCESS_DENIED" && text.contains("access entry"),
        "{text}"
    );
    assert_eq!(missing(&read).len(), 9);

    // The lists that were read before count.
    let script = server(
        &[deployment("web", "t")],
        vec![(PODS, vec![unknown(), unknown()])],
    );
    let read = read_objects(&script.client(), needs()).await;
    assert_eq!(requested(&script), ["/api/v1/namespaces", PODS, PODS]);
    assert_eq!((read.unreachable.clone(), lines(&read)), (None, Vec::new()));
    let missing = missing(&read);
    assert_eq!(missing.len(), 8);
    assert!(
        missing
            .iter()
            .all(|(_, _, text)| text.starts_with("list pods was refused (401)"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_problem_of_all_requests_ends_those_in_flight() {
    let second = Duration::from_secs(1);
    let unknown = || Answer::new(401, "{}").after(second);
    let slow = list("ReplicaSet", &[]).after(15 * second);
    let others = vec![
        ("/apis/batch/v1/jobs", vec![unknown(), unknown()]),
        ("/apis/apps/v1/replicasets", vec![slow]),
    ];
    let script = server(&[deployment("web", "t")], others);
    let read = read_objects(&script.client(), needs()).await;
    assert_eq!(lines(&read), ["shop/deployments.apps/web, template t"]);
    let missing: Vec<_> = missing(&read).into_iter().map(|(list, ..)| list).collect();
    assert_eq!(missing, ["replicasets.apps", "jobs.batch"]);
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_server_is_reported() {
    let script = Script::always(Answer::failure(ErrorKind::ConnectionRefused));
    let read = read_objects(&script.client(), needs()).await;
    let (code, text) = unreachable(&read);
    assert_eq!(code, "NOT_REACHED");
    assert!(
        text.starts_with("list namespaces failed: the endpoint"),
        "{text}"
    );
    assert!(
        requested(&script)
            .iter()
            .all(|path| path == "/api/v1/namespaces")
    );
}

#[tokio::test(start_paused = true)]
async fn time_may_run_out() {
    let second = Duration::from_secs(1);
    let page = |kind: &str, name: &str, next: &str| {
        let items = [creator(kind, name, "t", json!({}))];
        let page = json!({"kind": "List", "metadata": {"continue": next}, "items": items});
        Answer::new(200, page.to_string()).after(5 * second)
    };
    let pages = |kind: &str| {
        vec![
            page(kind, "one", "next"),
            page(kind, "two", "more"),
            page(kind, "three", ""),
        ]
    };
    let others = vec![
        ("/apis/apps/v1/deployments", pages("Deployment")),
        ("/apis/batch/v1/jobs", pages("Job")),
    ];
    let script = server(&[creator("DaemonSet", "agent", "t", json!({}))], others);
    let read = read_objects(&script.client_for(12 * second), needs()).await;
    assert_eq!(
        lines(&read),
        [
            "shop/daemonsets.apps/agent, template t",
            "shop/deployments.apps/one, template t",
            "shop/deployments.apps/two, template t",
            "shop/jobs.batch/one, template t",
            "shop/jobs.batch/two, template t",
        ]
    );
    let missing = missing(&read);
    assert_eq!(missing.len(), 2);
    assert!(
        missing
            .iter()
            .all(|(_, code, text)| *code == "NOT_REACHED" && text.contains("after 2 pages")),
        "{missing:?}"
    );
}

/// The path of the ConfigMap `aws-auth`.
const AWS_AUTH: &str = "/api/v1/namespaces/kube-system/configmaps/aws-auth";

#[tokio::test(start_paused = true)]
async fn a_refused_config_map_leaves_the_rest() {
    let refused = "get configmaps/aws-auth in kube-system was refused (403)";
    for needs in [needs() | Need::AwsAuth, Need::AwsAuth.into()] {
        let script = server(&[], vec![(AWS_AUTH, vec![forbidden()])]);
        let read = read_objects(&script.client(), needs).await;
        assert_eq!(
            (read.unreachable.clone(), missing(&read)),
            (None, Vec::new())
        );
        let unread = read.aws_auth.unwrap_err();
        assert_eq!(unread.code.word(), "ACCESS_DENIED");
        assert!(unread.text.starts_with(refused), "{}", unread.text);
        assert_eq!(requested(&script).last().unwrap(), AWS_AUTH);
    }
}

#[tokio::test(start_paused = true)]
async fn a_config_map_is_read_only_if_it_is_needed() {
    let script = server(&[], Vec::new());
    let read = read_objects(&script.client(), needs()).await;
    assert_eq!(read.aws_auth.unwrap_err().code.word(), "NOT_READ");
    assert!(!requested(&script).iter().any(|path| path == AWS_AUTH));
}

#[tokio::test(start_paused = true)]
async fn a_config_map_is_not_requested_of_a_server_that_refuses_the_caller() {
    let script = Script::always(Answer::new(401, "{}"));
    let read = read_objects(&script.client(), needs() | Need::AwsAuth).await;
    assert!(!requested(&script).iter().any(|path| path == AWS_AUTH));
    assert_eq!(read.aws_auth.unwrap_err().code.word(), "ACCESS_DENIED");

    // Without lists, the ConfigMap shows whether anything can be read.
    let script = Script::always(Answer::new(401, "{}"));
    let read = read_objects(&script.client(), Need::AwsAuth.into()).await;
    assert_eq!(requested(&script), [AWS_AUTH, AWS_AUTH]);
    assert_eq!(unreachable(&read).0, "ACCESS_DENIED");
}
