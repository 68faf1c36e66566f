//! Access, violations and faults.

use http::header::CONTENT_TYPE;

use super::{super::super::Body, *};

#[test]
fn what_a_reader_should_not_do_is_a_violation() {
    for (method, path, problem) in [
        ("GET", "/api/v1/pods?limit=500", None),
        ("GET", "/version", None),
        (
            "GET",
            "/api/v1/namespaces/kube-system/configmaps/aws-auth",
            None,
        ),
        (
            "POST",
            "/api/v1/pods",
            Some("create pods: only GET is allowed"),
        ),
        (
            "DELETE",
            "/version",
            Some("delete /version: only GET is allowed"),
        ),
        (
            "GET",
            "/api/v1/pods",
            Some("list pods: the list has no limit"),
        ),
        (
            "GET",
            "/api/v1/pods?limit=0",
            Some("list pods: the list has no limit"),
        ),
        (
            "GET",
            "/api/v1/pods?limit=500&watch=true",
            Some("watch pods: watching is not allowed"),
        ),
        (
            "GET",
            "/api/v1/pods?limit=500&resourceVersion=0",
            Some("list pods: objects that may be stale are not allowed (resourceVersion=0)"),
        ),
        (
            "GET",
            "/api/v1/secrets?limit=500",
            Some("list secrets: of Secrets, only the metadata of those with tokens may be listed"),
        ),
        (
            "GET",
            "/api/v1/namespaces/a/secrets/b",
            Some("get secrets/b: of Secrets, only the metadata of those with tokens may be listed"),
        ),
        (
            "GET",
            "/api/v1/configmaps?limit=500",
            Some("list configmaps: only aws-auth and amazon-vpc-cni in kube-system may be read"),
        ),
        (
            "GET",
            "/api/v1/namespaces/default/configmaps/aws-auth",
            Some(
                "get configmaps/aws-auth: only aws-auth and amazon-vpc-cni in kube-system may be read",
            ),
        ),
    ] {
        let api = api(Cluster::new("prod", "eu-west-1"));
        request(&api, method, path);
        let expected: Vec<_> = problem
            .iter()
            .map(|problem| format!("cluster prod: {problem}"))
            .collect();
        assert_eq!(api.violations(), expected, "{method} {path}");
    }
    let api = api(Cluster::new("prod", "eu-west-1"));
    let now = NOW.parse().unwrap();
    api.answer("GET", "/version", &headers("prod"), b"{}", now);
    api.answer("GET", "/version", &headers("other"), b"", now);
    api.answer("GET", "/version", &HeaderMap::new(), b"", now);
    api.configure(|cluster| cluster.endpoint = Endpoint::OtherName);
    get(&api, "/version");
    let violations = api.violations().join("\n");
    for problem in [
        "get /version: the request has a body",
        "get /version: the token is rejected: its signature is not for the cluster prod",
        "get /version: the request has no token",
        "get /version: it was sent although the endpoint can't be trusted",
    ] {
        assert!(violations.contains(problem), "{problem}: {violations}");
    }
    assert_eq!(api.violations().len(), 4);
}

#[test]
fn access_depends_on_the_access_entry() {
    let pods = "/api/v1/pods?limit=500";
    let some = |group: &str| Some(vec![group.to_owned()]);
    for (groups, statuses) in [
        (some("eksentry-readers"), [200, 200, 403]),
        (some("others"), [403, 200, 403]),
        (Some(Vec::new()), [403, 200, 403]),
        (None, [401, 401, 401]),
    ] {
        let api = api(Cluster {
            groups: groups.clone(),
            ..Cluster::new("prod", "eu-west-1")
        });
        let answers = [pods, "/apis", "/metrics"].map(|path| get(&api, path).status);
        assert_eq!(answers, statuses, "{groups:?}");
    }
}

#[test]
fn kinds_can_be_allowed_and_denied() {
    let api = api(Cluster {
        allow: vec!["nodes".to_owned()],
        deny: vec!["roles.rbac.authorization.k8s.io".to_owned()],
        ..Cluster::new("prod", "eu-west-1")
    });
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    for (path, status) in [
        ("/api/v1/nodes?limit=5".to_owned(), 200),
        (format!("{rbac}/roles?limit=5"), 403),
        (format!("{rbac}/clusterroles?limit=5"), 200),
    ] {
        assert_eq!(get(&api, &path).status, status, "{path}");
    }
    api.configure(|cluster| cluster.deny = vec!["*".to_owned()]);
    assert_eq!(get(&api, "/api/v1/pods?limit=5").status, 403);
    assert_eq!(get(&api, "/version").status, 200);
}

#[test]
fn optional_kinds_are_served_and_allowed_when_they_exist() {
    let path = "/apis/elbv2.k8s.aws/v1beta1/ingressclassparams?limit=5";
    let params = json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1",
        "kind": "IngressClassParams",
        "metadata": {"name": "a"},
    });
    let kind = || vec!["ingressclassparams.elbv2.k8s.aws".to_owned()];
    for (objects, allow, status) in [
        (json!([]), kind(), 404),
        (params.clone(), Vec::new(), 403),
        (params, kind(), 200),
    ] {
        let api = api(Cluster {
            allow,
            ..prod(objects)
        });
        assert_eq!(get(&api, path).status, status);
        let groups = body(&get(&api, "/apis"));
        let groups = groups["groups"].as_array().unwrap();
        let is_served = groups.iter().any(|group| group["name"] == "elbv2.k8s.aws");
        assert_eq!(is_served, status != 404);
    }
}

/// The start of a page without items.
const EMPTY_PAGE: &str =
    r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"749"},"items":null}"#;

#[test]
fn faults_hit_the_requests_that_they_fit() {
    let fault = |kind: Value| {
        serde_json::from_value::<Fault>(json!({"request": "list pods", "kind": kind})).unwrap()
    };
    for (kind, status, body) in [
        (
            json!("cut"),
            200,
            Body::Cut("{\"kind\":\"PodList\",".to_owned()),
        ),
        (json!("closed"), 200, Body::Closed),
        (json!("html-page"), 200, Body::Whole("<!DOCTYPE".to_owned())),
        (json!("not-json"), 200, Body::Whole("<!DOCTYPE".to_owned())),
        (json!("null-items"), 200, Body::Whole(EMPTY_PAGE.to_owned())),
        (
            json!({"status": {"status": 503}}),
            503,
            Body::Whole("service unavailable".to_owned()),
        ),
        (
            json!({"status": {"status": 500}}),
            500,
            Body::Whole("{".to_owned()),
        ),
        (json!("expired"), 410, Body::Whole("{".to_owned())),
    ] {
        let api = api(Cluster {
            faults: vec![fault(kind.clone())],
            ..Cluster::new("prod", "eu-west-1")
        });
        assert_eq!(get(&api, "/version").status, 200);
        let answer = get(&api, "/api/v1/pods?limit=5");
        assert_eq!(answer.status, status, "{kind}");
        let is_alike = match (&answer.body, &body) {
            (Body::Whole(text), Body::Whole(start)) | (Body::Cut(text), Body::Cut(start)) => {
                text.starts_with(start)
            }
            (body, expected) => body == expected,
        };
        assert!(is_alike, "{kind}: {answer:?}");
    }
}

#[test]
fn delays_apply_with_other_faults() {
    let busy = FaultKind::Status {
        status: 429,
        headers: vec![("retry-after".to_owned(), "7".to_owned())],
    };
    let mut faults = vec![
        Fault::new("*", FaultKind::Delay(20)),
        Fault::new("list *", busy.clone()).times(1),
    ];
    faults.push(Fault::new("*", FaultKind::Delay(1)));
    let api = api(Cluster {
        faults,
        ..Cluster::new("prod", "eu-west-1")
    });
    for (status, retry_after) in [(429, Some("7")), (200, None)] {
        let answer = get(&api, "/api/v1/pods?limit=5");
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (status, retry_after)
        );
        assert_eq!(answer.delay.as_millis(), 21);
    }
}

#[test]
fn only_json_is_served() {
    let api = api(Cluster::new("prod", "eu-west-1"));
    for (accept, status) in [
        ("application/json", 200),
        ("application/xml, */*", 200),
        ("application/xml", 406),
    ] {
        let mut headers = headers("prod");
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        let answer = api.answer(
            "GET",
            "/api/v1/pods?limit=5",
            &headers,
            &[],
            NOW.parse().unwrap(),
        );
        assert_eq!(answer.status, status, "{accept}");
        assert_eq!(
            answer.header(CONTENT_TYPE.as_str()),
            Some("application/json")
        );
    }
}

#[test]
fn requests_in_flight_are_counted() {
    let api = api(Cluster::new("prod", "eu-west-1"));
    let first = api.begin();
    drop((api.begin(), first));
    drop(api.begin());
    assert_eq!(api.most_in_flight(), 2);
}

#[test]
fn objects_are_served_where_they_are() {
    let api = api(Cluster {
        allow: vec!["*".to_owned()],
        ..prod(json!({"kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}}))
    });
    for (path, status) in [
        ("/api/v1/namespaces/shop/pods/a", 200),
        ("/api/v1/namespaces/default/pods/a", 404),
        ("/api/v1/pods/a", 404),
        ("/api/v1/pods?limit=5", 200),
        ("/api/v1/namespaces/shop", 200),
        ("/api/v1/namespaces?limit=5", 200),
        ("/api/v1/nodes?limit=5", 200),
        ("/api/v1/namespaces/shop/nodes?limit=5", 404),
        ("/api/v1/namespaces/shop/pods/a/log", 404),
        ("/api/v2/pods?limit=5", 404),
        ("/apis/apps/v1/pods?limit=5", 404),
    ] {
        let answer = get(&api, path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    let pod = body(&get(&api, "/api/v1/namespaces/shop/pods/a"));
    assert_eq!(
        (&pod["kind"], &pod["apiVersion"]),
        (&json!("Pod"), &json!("v1"))
    );
    let list = get(&api, "/api/v1/pods?limit=5");
    let start =
        r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"749"},"items":[{"#;
    assert!(list.text_of_body().starts_with(start), "{list:?}");
    let item = &body(&list)["items"][0];
    assert_eq!((item.get("kind"), item.get("apiVersion")), (None, None));
}
