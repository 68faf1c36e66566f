//! The client of `shared/kubernetes` reads clusters in memory and over TLS.

use std::time::Duration;

use aws_credential_types::Credentials as Signer;
use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
use eksentry_core::{Need, Needs};
use eksentry_kubernetes::{
    ApiResource, Client, Completeness, Distrust, ListOf, Listed, Problem, Route, Token, TokenError,
    TokenScope, TokenSource, read_objects,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    super::{Cluster, Credentials, Fault, FaultKind, granted_rights},
    *,
};

mod tls;

const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const APPS: &str = "apps";
const NETWORKING: &str = "networking.k8s.io";
const RBAC: &str = "rbac.authorization.k8s.io";
const PODS: ApiResource = ApiResource::core("pods");
const CONFIG_MAPS: ApiResource = ApiResource::core("configmaps");

/// All lists that a reader of clusters needs.
fn lists() -> Vec<ListOf<'static>> {
    let resources = [
        ApiResource::core("namespaces"),
        ApiResource::new(APPS, "v1", "deployments"),
        ApiResource::new(APPS, "v1", "statefulsets"),
        ApiResource::new(APPS, "v1", "daemonsets"),
        ApiResource::core("replicationcontrollers"),
        ApiResource::new("batch", "v1", "jobs"),
        ApiResource::new("batch", "v1", "cronjobs"),
        ApiResource::core("resourcequotas"),
        ApiResource::core("limitranges"),
        ApiResource::new(RBAC, "v1", "clusterrolebindings"),
        ApiResource::new(RBAC, "v1", "rolebindings"),
        ApiResource::new(RBAC, "v1", "clusterroles"),
        ApiResource::new(RBAC, "v1", "roles"),
        ApiResource::core("services"),
        ApiResource::new(NETWORKING, "v1", "ingresses"),
    ];
    let narrowed = [
        ListOf::all(PODS).with_fields("status.phase!=Succeeded,status.phase!=Failed"),
        ListOf::all(ApiResource::new(APPS, "v1", "replicasets")).with_labels("!pod-template-hash"),
    ];
    resources
        .into_iter()
        .map(ListOf::all)
        .chain(narrowed)
        .collect()
}

fn cluster() -> Cluster {
    let aws_auth = json!({"name": "aws-auth", "namespace": "kube-system"});
    let api = json!({"name": "api", "namespace": "shop"});
    Cluster {
        objects: vec![
            json!({"kind": "Deployment", "metadata": api, "spec": {"replicas": 5}}),
            json!({"kind": "ConfigMap", "metadata": aws_auth, "data": {"mapRoles": "[]"}}),
        ],
        ..Cluster::new("prod_1", "eu-west-1")
    }
}

fn api(cluster: Cluster) -> KubernetesApi {
    let secret_key = SECRET_KEY.to_owned();
    let session_token = Some("session".to_owned());
    KubernetesApi::new(
        cluster,
        Credentials {
            secret_key,
            session_token,
        },
    )
    .unwrap()
}

fn clock() -> Clock {
    let now: jiff::Timestamp = "2026-11-28T13:02:09Z".parse().unwrap();
    Clock::new(SharedTimeSource::new(StaticTimeSource::new(now.into())))
}

/// Returns a token of `prod_1`.
fn sign(clock: &Clock) -> Result<Token, TokenError> {
    let session = Some("session".to_owned());
    let signer = Signer::new("ASIAIOSFODNN7EXAMPLE", SECRET_KEY, session, None, "test");
    let scope = TokenScope {
        cluster: "prod_1",
        region: "eu-west-1",
    };
    Token::sign(&signer, scope, clock.now())
}

fn client_at(url: &str, http: SharedHttpConnector, clock: &Clock) -> Client {
    let time = clock.clone();
    let tokens = TokenSource::new(move || std::future::ready(sign(&time)));
    let deadline = Instant::now() + Duration::from_mins(2);
    let route = Route::Direct(http);
    Client::new(url, route, tokens, clock.clone(), deadline).unwrap()
}

/// Returns a client in memory.
fn client(api: &KubernetesApi) -> Client {
    let authority = Authority::parse(&api.authority_data()).unwrap();
    let http = connector(std::slice::from_ref(api), clock()).connect(&authority);
    client_at(&api.url(), http, &clock())
}

async fn list(client: &Client, list: ListOf<'_>) -> Listed<Value> {
    client.list(list, |object: Value| object).await
}

async fn assert_readable(client: &Client, lists: &[ListOf<'_>]) {
    for wanted in lists {
        let listed = list(client, *wanted).await;
        assert_eq!(listed.completeness, Completeness::Complete, "{wanted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_needs_exactly_the_rights_of_the_manifest() {
    let api = api(cluster());
    let client = client(&api);
    assert_eq!(client.version().await.unwrap().minor, "34");
    assert!(client.groups().await.unwrap().contains(&RBAC.to_owned()));
    let objects = read_objects(&client, Needs::all() - Need::TokenSecrets, true).await;
    let lists = objects.lists.iter().filter(|(_, list)| list.is_err());
    assert_eq!(lists.collect::<Vec<_>>(), []);
    assert!(objects.aws_auth.is_ok_and(|found| found.is_some()));
    assert_eq!(objects.workloads[0].running[0].count, 5);
    assert_eq!(api.violations(), [""; 0]);
    assert_eq!(api.used_rights(), granted_rights());
}

#[tokio::test(start_paused = true)]
async fn only_the_metadata_of_secrets_with_tokens_is_read() {
    let secret = |name: &str, kind: &str| {
        let metadata = json!({
            "name": name,
            "namespace": "shop",
            "annotations": {"kubernetes.io/service-account.name": "builder"},
        });
        json!({"kind": "Secret", "metadata": metadata, "type": kind, "data": {"token": "c2VzYW1l"}})
    };
    let api = api(Cluster {
        objects: vec![
            secret("builder-token", "kubernetes.io/service-account-token"),
            secret("db", "Opaque"),
        ],
        allow: vec!["secrets".to_owned()],
        ..cluster()
    });
    let listed = list(&client(&api), ListOf::all(ApiResource::core("secrets"))).await;
    assert_eq!(listed.completeness, Completeness::Complete);
    assert_eq!(listed.items.len(), 1, "{listed:?}");
    assert_eq!(listed.items[0]["metadata"]["name"], "builder-token");
    assert_eq!(listed.items[0].get("data"), None);
    assert_eq!(api.violations(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn secrets_and_config_maps_are_refused() {
    let api = api(cluster());
    let client = client(&api);
    let listed = list(&client, ListOf::all(ApiResource::core("secrets"))).await;
    assert!(
        matches!(
            listed.completeness,
            Completeness::Unread(Problem::Forbidden { .. })
        ),
        "{listed:?}"
    );
    let map = client
        .get::<Value>(CONFIG_MAPS, Some("kube-system"), "coredns")
        .await;
    assert!(matches!(map, Err(Problem::Forbidden { .. })), "{map:?}");
    assert_eq!(api.violations().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn pages_and_faults_are_read_as_an_api_server_means_them() {
    let once = |kind| vec![Fault::new("list pods", kind).on_page(2).times(1)];
    let busy = FaultKind::Status {
        status: 429,
        headers: Vec::new(),
    };
    let expired = Fault::new("list pods", FaultKind::Expired).on_page(2);
    for (faults, completeness, requests) in [
        (vec![], Completeness::Complete, 3),
        (once(FaultKind::Cut), Completeness::Complete, 4),
        (once(FaultKind::Broken), Completeness::Complete, 4),
        (once(FaultKind::TooLarge), Completeness::Complete, 4),
        (once(FaultKind::Closed), Completeness::Complete, 4),
        (
            vec![Fault::new("list *", busy).times(2)],
            Completeness::Complete,
            5,
        ),
        (vec![expired.clone().times(1)], Completeness::Complete, 5),
        (vec![expired.times(2)], Completeness::Inconsistent, 6),
    ] {
        let api = api(Cluster {
            faults,
            page_size: Some(2),
            ..cluster()
        });
        let listed = list(&client(&api), ListOf::all(PODS)).await;
        assert_eq!(
            (listed.items.len(), &listed.completeness),
            (5, &completeness),
            "{:?}",
            api.received()
        );
        assert_eq!(api.received().len(), requests, "{completeness:?}");
    }
}

/// The client gives up the first try, which is then no longer in flight.
#[tokio::test(start_paused = true)]
async fn an_answer_can_be_late() {
    let minute = FaultKind::Delay(60_000);
    let faults = vec![Fault::new("get /version", minute).times(1)];
    let api = api(Cluster {
        faults,
        ..cluster()
    });
    assert_eq!(client(&api).version().await.unwrap().minor, "34");
    assert_eq!((api.received().len(), api.most_in_flight()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_access_entry_and_the_cluster_decide_about_a_token() {
    let api = api(Cluster {
        groups: None,
        ..cluster()
    });
    let problem = client(&api).version().await.unwrap_err();
    assert!(matches!(problem, Problem::Unauthorized { .. }), "{problem}");
    assert_eq!(api.violations(), [""; 0]);
    let other = self::api(Cluster {
        name: "prod_2".to_owned(),
        ..cluster()
    });
    let problem = client(&other).version().await.unwrap_err();
    assert!(matches!(problem, Problem::Unauthorized { .. }), "{problem}");
    assert!(
        other.violations()[0].contains("the token is rejected: its signature"),
        "{:?}",
        other.violations()
    );
}

/// The endpoints that clients don't trust, and what is wrong with them.
const UNTRUSTED: [(Endpoint, Distrust); 3] = [
    (Endpoint::Expired, Distrust::NotValidNow),
    (Endpoint::OtherName, Distrust::OtherName),
    (Endpoint::OtherAuthority, Distrust::OtherAuthority),
];

fn assert_not_trusted(problem: Problem, expected: Distrust) {
    match problem {
        Problem::NotTrusted { distrust, .. } => assert_eq!(distrust, expected),
        problem => panic!("{problem} instead of {expected}"),
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_an_endpoint_that_is_not_trusted() {
    for (endpoint, expected) in UNTRUSTED {
        let api = api(Cluster {
            endpoint,
            ..cluster()
        });
        let problem = client(&api).version().await.unwrap_err();
        assert_not_trusted(problem, expected);
        assert_eq!(api.received(), []);
    }
    let closed = api(Cluster {
        endpoint: Endpoint::Closed,
        ..cluster()
    });
    let problem = client(&closed).version().await.unwrap_err();
    assert!(
        matches!(&problem, Problem::NotReached { cause, .. } if cause == "connection refused"),
        "{problem}"
    );
    let broken = api(Cluster {
        endpoint: Endpoint::Broken,
        ..cluster()
    });
    assert!(Authority::parse(&broken.authority_data()).is_err());
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_can_fail_for_some_time() {
    let api = api(cluster());
    let client = client(&api);
    for (endpoint, expected) in UNTRUSTED {
        api.set_endpoint(endpoint);
        assert_not_trusted(client.version().await.unwrap_err(), expected);
    }
    api.set_endpoint(Endpoint::Closed);
    assert!(client.version().await.is_err());
    // The client tries again to connect, but not to be sent another certificate.
    assert_eq!((api.hits(), api.received()), (UNTRUSTED.len() + 2, vec![]));
    api.clear_faults();
    assert_eq!(client.version().await.unwrap().minor, "34");
    assert_eq!(api.hits(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_host_leads_to_its_cluster_and_another_to_none() {
    let (one, two) = (
        api(cluster()),
        api(Cluster {
            name: "prod-2".to_owned(),
            ..cluster()
        }),
    );
    let connector = connector(&[one.clone(), two.clone()], clock());
    let authority = Authority::parse(&one.authority_data()).unwrap();
    let reach = async |url: &str| {
        client_at(url, connector.connect(&authority), &clock())
            .version()
            .await
    };
    assert!(reach(&one.url()).await.is_ok());
    let problem = reach(&two.url()).await.unwrap_err();
    assert!(matches!(problem, Problem::NotTrusted { .. }), "{problem}");
    let problem = reach("https://nowhere.example.com").await.unwrap_err();
    assert!(matches!(problem, Problem::NotReached { .. }), "{problem}");
    assert_eq!((one.received().len(), two.received().len()), (1, 0));
    assert_eq!(one.received()[0].name, "get /version");
}

#[tokio::test(start_paused = true)]
async fn requests_are_in_flight_together() {
    let api = api(cluster());
    let client = client(&api);
    let lists = lists();
    futures::future::join_all(lists.iter().map(|wanted| list(&client, *wanted))).await;
    assert_eq!(api.most_in_flight(), 4);
}
