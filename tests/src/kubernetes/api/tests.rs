use aws_credential_types::Credentials as Signer;
use eksentry_kubernetes::{Token, TokenScope};
use http::{
    HeaderValue,
    header::{ACCEPT, AUTHORIZATION},
};
use serde_json::json;

use super::{
    super::{Fault, FaultKind, list::Position},
    *,
};

mod rules;

const NOW: &str = "2026-11-28T13:02:09Z";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// Answers of an API server, with the requests.
const RECORDED: &str = include_str!("recorded.json");

fn api(cluster: Cluster) -> KubernetesApi {
    let credentials = Credentials {
        secret_key: SECRET_KEY.to_owned(),
        session_token: Some("session".to_owned()),
    };
    KubernetesApi::new(cluster, credentials).unwrap()
}

fn prod(objects: Value) -> Cluster {
    Cluster {
        objects: vec![objects],
        ..Cluster::new("prod", "eu-west-1")
    }
}

/// Returns the headers of a request with a token for a cluster.
fn headers(cluster: &str) -> HeaderMap {
    let session = Some("session".to_owned());
    let signer = Signer::new("ASIAIOSFODNN7EXAMPLE", SECRET_KEY, session, None, "test");
    let scope = TokenScope {
        cluster,
        region: "eu-west-1",
    };
    let token = Token::sign(&signer, scope, NOW.parse().unwrap()).unwrap();
    let token = format!("Bearer {}", token.text());
    HeaderMap::from_iter([
        (AUTHORIZATION, HeaderValue::from_str(&token).unwrap()),
        (ACCEPT, HeaderValue::from_static("application/json")),
    ])
}

fn request(api: &KubernetesApi, method: &str, path: &str) -> Answer {
    api.answer(method, path, &headers("prod"), &[], NOW.parse().unwrap())
}

fn get(api: &KubernetesApi, path: &str) -> Answer {
    request(api, "GET", path)
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(answer.text_of_body()).unwrap()
}

/// Returns the names in a list.
fn names(answer: &Answer) -> Vec<String> {
    let body = body(answer);
    let items = body["items"]
        .as_array()
        .unwrap_or_else(|| panic!("{body}"))
        .iter();
    items
        .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

fn token(answer: &Answer) -> Option<String> {
    body(answer)["metadata"]["continue"]
        .as_str()
        .map(str::to_owned)
}

/// Returns ConfigMaps with names from `c00` on.
fn config_maps(count: usize) -> Value {
    let map = |number| {
        let name = format!("c{number:02}");
        json!({"kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}})
    };
    (0..count).map(map).collect()
}

/// Removes the resource versions, which differ.
fn normalized(mut body: Value) -> Value {
    let metadata = &mut body["metadata"];
    if let Some(token) = metadata["continue"].as_str() {
        let start = serde_json::to_value(Position::parse(token).unwrap()).unwrap();
        metadata["continue"] = start["start"].clone();
    }
    if let Some(version) = metadata.get_mut("resourceVersion") {
        assert!(version.is_string());
        version.take();
    }
    body
}

/// Returns the objects in the recorded answers, and further namespaces.
fn recorded_objects(answers: &[Value]) -> Vec<Value> {
    let namespaces = (0..10)
        .map(|number| json!({"kind": "Namespace", "metadata": {"name": format!("n{number}")}}));
    let bodies = answers.iter().map(|answer| answer["body"].clone());
    let pages = bodies.filter(|body| body["items"].is_array());
    namespaces.chain(pages).collect()
}

#[test]
fn answers_have_the_form_of_recorded_answers() {
    let recorded: Value = serde_json::from_str(RECORDED).unwrap();
    let answers = recorded["answers"].as_array().unwrap();
    let mut cluster = Cluster::new("prod", "eu-west-1");
    cluster.objects = recorded_objects(answers);
    cluster.objects.push(recorded["objects"].clone());
    let reader = api(cluster.clone());
    cluster.objects.push(json!({
        "kind": "ClusterRole",
        "metadata": {"name": "cluster-admin"},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
    }));
    cluster.objects.push(json!({
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "cluster-admin"},
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "Group", "name": "eksentry-readers"}],
    }));
    let admin = api(cluster);
    for recorded in answers {
        let (method, path) = recorded["request"]
            .as_str()
            .unwrap()
            .split_once(' ')
            .unwrap();
        let status = recorded["status"].as_u64().unwrap();
        let api = if recorded["caller"] == "admin" {
            &admin
        } else {
            &reader
        };
        if status == 429 {
            let throttled = FaultKind::Status {
                status: 429,
                headers: Vec::new(),
            };
            api.configure(|cluster| {
                cluster.faults = vec![Fault::new("list pods", throttled).times(1)];
            });
        }
        let headers = match recorded["caller"].as_str() {
            Some("nobody") => HeaderMap::new(),
            Some("unknown") => headers("other"),
            _ => headers("prod"),
        };
        let answer = api.answer(method, path, &headers, &[], NOW.parse().unwrap());
        assert_eq!(u64::from(answer.status), status, "{path}: {answer:?}");
        for (name, value) in recorded["headers"].as_object().unwrap() {
            assert_eq!(answer.header(name), value.as_str(), "{path}: {name}");
        }
        let text = answer.text_of_body();
        let Some(expected) = recorded["body"].as_object() else {
            assert_eq!(Some(text), recorded["body"].as_str());
            continue;
        };
        let mut expected = Value::from(expected.clone());
        let mut actual = body(&answer);
        if path == "/version" {
            expected = expected["compiler"].take();
            actual = actual["compiler"].take();
        }
        let user = "\"arn:aws:sts::111122223333:assumed-role/eksentry/eksentry-sweep\"";
        if let Some(message) = expected["message"].as_str() {
            let message = message.replace("\"eksentry\"", user);
            // The message about a broken token ends with one of the parser.
            let own = actual["message"].as_str().unwrap().to_owned();
            let is_equal = message == own || (path.contains("bm90") && message.starts_with(&own));
            assert!(is_equal, "{path}: {own}");
            expected["message"] = own.into();
        }
        if expected["kind"] == "APIGroup" || !expected["metadata"].is_object() {
            assert_eq!(actual, expected, "{path}");
        } else {
            assert_eq!(normalized(actual), normalized(expected), "{path}");
        }
    }
}

#[test]
fn pages_lead_to_the_end_of_a_list() {
    let api = api(Cluster {
        page_size: Some(2),
        allow: vec!["configmaps".to_owned()],
        ..prod(config_maps(5))
    });
    let mut path = "/api/v1/configmaps?limit=3".to_owned();
    let mut pages = Vec::new();
    loop {
        let answer = get(&api, &path);
        let rest = body(&answer)["metadata"]["remainingItemCount"].as_u64();
        pages.push((names(&answer).join(" "), rest));
        let Some(token) = token(&answer) else { break };
        path = format!("/api/v1/configmaps?limit=3&continue={token}");
    }
    let page = |names: &str, rest| (names.to_owned(), rest);
    assert_eq!(
        pages,
        [
            page("c00 c01", Some(3)),
            page("c02 c03", Some(1)),
            page("c04", None)
        ]
    );
    let received: Vec<_> = api
        .received()
        .iter()
        .map(|request| (request.name.clone(), request.page))
        .collect();
    assert_eq!(
        received,
        [1, 2, 3].map(|page| ("list configmaps".to_owned(), page))
    );
}

#[test]
fn pages_are_of_one_version_until_it_expires() {
    let path = "/api/v1/namespaces/default/configmaps?limit=2";
    let api = api(Cluster {
        allow: vec!["configmaps".to_owned()],
        ..prod(config_maps(3))
    });
    let first = get(&api, path);
    let next = format!("{path}&continue={}", token(&first).unwrap());
    api.set_objects(vec![config_maps(4)]).unwrap();
    assert_eq!(names(&get(&api, &next)), ["c02"]);
    assert_eq!(names(&get(&api, "/api/v1/configmaps?limit=9")).len(), 4);
    api.expire_lists();
    let expired = get(&api, &next);
    assert_eq!(expired.status, 410);
    let rest = get(
        &api,
        &format!("{path}&continue={}", token(&expired).unwrap()),
    );
    assert_eq!(names(&rest), ["c02", "c03"]);
    let pages: Vec<_> = api
        .received()
        .iter()
        .map(|request| (request.page, request.status))
        .collect();
    assert_eq!(pages, [(1, 200), (2, 200), (1, 200), (2, 410), (2, 200)]);
}

/// An API server loses the rest of such a list.
#[test]
fn a_selector_on_the_namespace_narrows_only_the_first_page() {
    let pod = |namespace: &str, name: &str| json!({"kind": "Pod", "metadata": {"name": name, "namespace": namespace}});
    let pods = json!([
        pod("b", "one"),
        pod("b", "two"),
        pod("c", "one"),
        pod("c", "two")
    ]);
    let api = api(prod(pods));
    let path = "/api/v1/pods?limit=1&fieldSelector=metadata.namespace%3Db";
    let first = get(&api, path);
    assert_eq!(names(&first), ["one"]);
    let second = get(&api, &format!("{path}&continue={}", token(&first).unwrap()));
    assert_eq!((names(&second), token(&second)), (Vec::new(), None));
    let own = get(&api, "/api/v1/namespaces/b/pods?limit=5");
    assert_eq!(names(&own), ["one", "two"]);
}

#[test]
fn lists_are_narrowed_by_selectors() {
    let pod = |name: &str, phase: &str| {
        json!({
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
            "status": {"phase": phase},
        })
    };
    let api = api(prod(json!([
        pod("a", "Running"),
        pod("b", "Failed"),
        pod("c", "Succeeded")
    ])));
    for (selector, expected) in [
        (
            "fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed",
            &["a"][..],
        ),
        ("fieldSelector=metadata.name%3Db", &["b"]),
        ("labelSelector=app+in+%28a%2Cc%29", &["a", "c"]),
        ("labelSelector=%21app", &[]),
    ] {
        let list = get(&api, &format!("/api/v1/pods?limit=5&{selector}"));
        assert_eq!(names(&list), expected, "{selector}");
    }
    assert_eq!(api.violations(), [""; 0]);
    let page = get(
        &api,
        "/api/v1/pods?limit=1&fieldSelector=metadata.name%21%3Db",
    );
    let page = body(&page);
    let metadata = &page["metadata"];
    let count = metadata.get("remainingItemCount");
    assert!(metadata["continue"].is_string() && count.is_none());
}
