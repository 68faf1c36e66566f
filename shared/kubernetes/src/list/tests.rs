use std::time::Duration;

use serde::Deserialize;

use super::*;
use crate::request::ApiResource;
use crate::script::{Answer, Script};
use eksentry_core::field::{Field, Object};

const PODS: ListOf<'static> = ListOf::all(ApiResource::core("pods"));

/// The status that kube-apiserver 1.36 returns for an expired page.
const EXPIRED: &str = r#"{"kind":"Status","apiVersion":"v1","metadata":{"continue":"rest"},"status":"Failure","message":"The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.","reason":"Expired","code":410}"#;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pod {
    metadata: Field<Meta>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    name: Field<String>,
}

impl Object for Pod {}
impl Object for Meta {}

/// Returns the page with these items, in the form of the API server.
fn list(items: &str, next: &str) -> Answer {
    let metadata = if next.is_empty() {
        r#"{"resourceVersion":"264"}"#.to_owned()
    } else {
        format!(r#"{{"resourceVersion":"264","continue":"{next}","remainingItemCount":20}}"#)
    };
    Answer::new(
        200,
        format!(r#"{{"kind":"PodList","apiVersion":"v1","metadata":{metadata},"items":{items}}}"#),
    )
}

/// Returns the page with objects of these names.
fn page(names: &[&str], next: &str) -> Answer {
    let items = names
        .iter()
        .map(|name| format!(r#"{{"metadata":{{"name":"{name}","namespace":"default"}}}}"#));
    list(&format!("[{}]", items.collect::<Vec<_>>().join(",")), next)
}

fn expired(next: &str) -> Answer {
    Answer::new(410, EXPIRED.replace("rest", next))
}

async fn read(script: &Script) -> Listed<String> {
    let name = |pod: Pod| {
        let name = pod.metadata.value().and_then(|meta| meta.name.value());
        name.cloned().unwrap_or_default()
    };
    script.client().list(PODS, name).await
}

fn complete(items: &[&str], pages: usize) -> Listed<String> {
    Listed {
        items: items.iter().map(ToString::to_string).collect(),
        unreadable: 0,
        pages,
        completeness: Completeness::Complete,
    }
}

fn text(listed: &Listed<String>) -> String {
    match &listed.completeness {
        Completeness::Unread(problem) => problem.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn all_pages_are_read() {
    let script = Script::new([page(&["a", "b"], "one"), page(&[], "two"), page(&["c"], "")]);
    assert_eq!(read(&script).await, complete(&["a", "b", "c"], 3));
    let expected = [
        "/api/v1/pods?limit=500",
        "/api/v1/pods?limit=500&continue=one",
        "/api/v1/pods?limit=500&continue=two",
    ];
    assert_eq!(script.paths(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_list_without_items_is_empty() {
    for body in [
        r#"{"kind":"PodList","metadata":{},"items":null}"#,
        r#"{"kind":"PodList","metadata":null,"items":[]}"#,
        r#"{"kind":"PodList"}"#,
        r#"{"items":[],"metadata":{"continue":""},"kind":"PodList"}"#,
    ] {
        let script = Script::new([Answer::new(200, body)]);
        assert_eq!(read(&script).await, complete(&[], 1), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn items_that_are_not_objects_are_counted() {
    let items = r#"[{"metadata":{"name":"a"}}, null, 1, "text", [], {"metadata":7}, {"metadata":{"name":"\ud800"}},
        {"metadata":{},"metadata":{}}, {"spec":{"number":1e999,"text":"\ud800"},"metadata":{"name":"b"}}]"#;
    let listed = read(&Script::new([list(items, "")])).await;
    let expected = Listed {
        unreadable: 6,
        ..complete(&["a", "", "b"], 1)
    };
    assert_eq!(listed, expected);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_expires_begins_again() {
    let script = Script::new([
        page(&["old"], "one"),
        list("[1]", "two"),
        expired("rest"),
        page(&["a"], "one"),
        page(&["b"], ""),
    ]);
    assert_eq!(read(&script).await, complete(&["a", "b"], 2));
    assert_eq!(script.paths()[3], "/api/v1/pods?limit=500");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_expires_again_is_read_to_its_end() {
    let script = Script::new([
        page(&["old"], "one"),
        expired("unused"),
        page(&["a"], "two"),
        expired("rest"),
        page(&["b"], "three"),
        expired("more"),
        page(&["c"], ""),
    ]);
    let listed = read(&script).await;
    let expected = Listed {
        completeness: Completeness::Inconsistent,
        ..complete(&["a", "b", "c"], 3)
    };
    assert_eq!(listed, expected);
    let paths = script.paths();
    assert_eq!(paths[2], "/api/v1/pods?limit=500");
    assert_eq!(paths[4], "/api/v1/pods?limit=500&continue=rest");
    assert_eq!(paths[6], "/api/v1/pods?limit=500&continue=more");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_expires_without_end_is_unread() {
    for last in [
        expired(""),
        Answer::new(410, r#"{"metadata":{}}"#),
        Answer::text(410, "Gone"),
    ] {
        let script = Script::new([page(&["old"], "one"), expired("rest"), last]);
        let expected =
            "list pods failed: the list expired repeatedly. The next evaluation tries again.";
        assert_eq!(text(&read(&script).await), expected);
    }
    let script = Script::new([expired("rest"), expired("rest"), expired("rest")]);
    assert!(text(&read(&script).await).contains("missing or repeated"));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_leads_back_ends_the_list() {
    for (answers, items) in [
        (
            vec![page(&["a"], "one"), page(&["b"], "one")],
            &["a", "b"][..],
        ),
        (
            vec![
                page(&["a"], "one"),
                page(&["b"], "two"),
                page(&["c"], "one"),
            ],
            &["a", "b", "c"],
        ),
    ] {
        let listed = read(&Script::new(answers)).await;
        assert_eq!(listed.items, items);
        let expected = "list pods failed: a page token of the list is missing or repeated, so the list is incomplete. The \
                        next evaluation tries again.";
        assert_eq!(text(&listed), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_broken_is_made_smaller() {
    for broken in [
        Answer::new(500, "{}"),
        Answer::cut(200, r#"{"kind":"PodList","items":["#),
        Answer::large(33),
        Answer::new(200, r#"{"kind":"PodList","items":[{]}"#),
        Answer::new(200, r#"{"kind":"PodList","items":{}}"#),
        Answer::new(200, r#"{"kind":"PodList","metadata":{"continue":1}}"#),
        Answer::new(200, r#"{"kind":"Status"}"#),
        Answer::new(200, r#"{"items":[]}"#),
        Answer::new(200, "[]"),
    ] {
        let script = Script::new([
            page(&["a"], "one"),
            broken.clone(),
            broken.clone(),
            page(&["b"], "two"),
            broken.clone(),
            page(&["c"], ""),
        ]);
        assert_eq!(read(&script).await, complete(&["a", "b", "c"], 3));
        let queries = script.paths();
        let queries: Vec<_> = queries
            .iter()
            .filter_map(|path| path.split('?').nth(1))
            .collect();
        let expected = [
            "limit=500",
            "limit=500&continue=one",
            "limit=250&continue=one",
            "limit=125&continue=one",
            "limit=125&continue=two",
            "limit=60&continue=two",
        ];
        assert_eq!(queries, expected, "{broken:?}");

        let answers = [page(&["a"], "one")].into_iter();
        let script = Script::new(answers.chain((0..4).map(|_| broken.clone())));
        let listed = read(&script).await;
        assert_eq!((listed.items.len(), listed.pages), (1, 1));
        assert!(
            text(&listed).starts_with("list pods failed: the "),
            "{listed:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_fails_keeps_what_was_read() {
    let not_served = "404 page not found\n";
    for (answer, expected) in [
        (
            Answer::text(404, not_served),
            "list pods failed (404): the cluster does not serve this kind of object. Check the version of Kubernetes and \
             the installed API groups.",
        ),
        (
            Answer::new(403, "{}"),
            "list pods was refused (403). Allow it in the cluster, by the role that is bound to the group of eksentry's \
             access entry.",
        ),
        (
            page(&["late"], "").after(Duration::from_mins(2)),
            "list pods failed: the endpoint of the cluster was not reached (the server did not respond within 20 s). \
             Check that the function can reach the endpoint at port 443.",
        ),
    ] {
        let script = Script::new([page(&["a"], "one"), answer.clone(), answer.clone()]);
        let listed = read(&script).await;
        assert_eq!(
            (&listed.items[..], listed.pages),
            (&["a".to_owned()][..], 1)
        );
        assert_eq!(text(&listed), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_number_of_pages_is_known_when_time_runs_out() {
    let second = Duration::from_secs(1);
    let pages = ["one", "two", "three"].map(|next| page(&["a"], next).after(10 * second));
    let client = Script::new(pages).client_for(25 * second);
    let listed = client.list(PODS, |_: Pod| String::new()).await;
    let expected =
        "list pods was not completed: time ran out after 2 pages. The next evaluation tries again.";
    assert_eq!(text(&listed), expected);
    assert_eq!((listed.items.len(), listed.pages), (2, 2));
}

/// The future of a list can be sent to another thread.
#[test]
fn lists_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let client = Script::new([]).client();
    is_send(client.list(PODS, |_: Pod| ()));
}
