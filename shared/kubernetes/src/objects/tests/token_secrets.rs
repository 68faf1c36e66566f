use eksentry_core::facts::kubernetes::TokenSecret;

use super::*;

/// The path of the list.
const SECRETS: &str = "/api/v1/secrets";

/// The answer of kube-apiserver 1.36 to a request for metadata.
const RECORDED: &str = r#"{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"755"},"items":[{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"deployer-token","namespace":"legacy","uid":"34ac9ecf-6936-4bf6-9004-f0dd0e629532","resourceVersion":"422","creationTimestamp":"2026-11-28T13:01:47Z","annotations":{"kubernetes.io/service-account.name":"deployer","kubernetes.io/service-account.uid":"2c61e713-5a16-4120-a712-94e5ce39c36e"},"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-11-28T13:01:47Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{".":{},"f:ca.crt":{},"f:namespace":{},"f:token":{}}}}]}}]}"#;

/// Reads the Secrets of a cluster that gives this answer.
async fn read_secrets(answer: Answer) -> Objects {
    let server = Script::new([]).route(SECRETS, vec![answer; 4]);
    let read = read_objects(&server.client(), Need::TokenSecrets.into()).await;
    assert!(requested(&server).iter().all(|path| path == SECRETS));
    read
}

fn secret(name: &str, account: Option<&str>) -> TokenSecret {
    TokenSecret {
        name: name.to_owned(),
        account: account.map(ToOwned::to_owned),
        ..TokenSecret::default()
    }
}

#[tokio::test(start_paused = true)]
async fn the_metadata_of_secrets_with_tokens_is_read() {
    let read = read_secrets(Answer::new(200, RECORDED)).await;
    assert_eq!(missing(&read), []);
    assert_eq!(
        read.namespaces["legacy"].token_secrets,
        [secret("deployer-token", Some("deployer"))]
    );
}

#[tokio::test(start_paused = true)]
async fn labels_state_the_use_of_tokens() {
    let secret_with = |name: &str, labels: Value| {
        let metadata = json!({"namespace": "shop", "name": name, "labels": labels});
        json!({"metadata": metadata})
    };
    let items = [
        secret_with(
            "used",
            json!({"kubernetes.io/legacy-token-last-used": "2026-11-01"}),
        ),
        secret_with(
            "old",
            json!({"kubernetes.io/legacy-token-invalid-since": "2026-11-01"}),
        ),
        secret_with(
            "empty",
            json!({"kubernetes.io/legacy-token-invalid-since": ""}),
        ),
        secret_with(
            "odd",
            json!({"kubernetes.io/legacy-token-invalid-since": true}),
        ),
        secret_with("none", json!(7)),
        json!({"metadata": {"namespace": "shop", "name": "account", "annotations": {"kubernetes.io/service-account.name": 7}}}),
    ];
    let read = read_secrets(list("PartialObjectMetadata", &items)).await;
    let expected = [
        TokenSecret {
            was_used: true,
            ..secret("used", None)
        },
        TokenSecret {
            is_invalidated: true,
            ..secret("old", None)
        },
        secret("empty", None),
        secret("odd", None),
        secret("none", None),
        secret("account", None),
    ];
    assert_eq!(read.namespaces["shop"].token_secrets, expected);
}

#[tokio::test(start_paused = true)]
async fn a_secret_without_a_name_makes_the_list_incomplete() {
    let items = [json!({"metadata": {"namespace": "shop"}}), json!([])];
    let read = read_secrets(list("PartialObjectMetadata", &items)).await;
    let [(list, code, _)] = <[_; 1]>::try_from(missing(&read)).unwrap();
    assert_eq!((list.as_str(), code), ("secrets", "READ_FAILED"));
}

#[tokio::test(start_paused = true)]
async fn contents_that_a_server_returns_nevertheless_are_not_read() {
    let with_contents = json!({
        "metadata": {"namespace": "shop", "name": "web-token"},
        "type": "kubernetes.io/service-account-token",
        "data": {"token": "c2VzYW1l"},
    });
    let read = read_secrets(list("Secret", &[with_contents])).await;
    assert!(read.namespaces.is_empty());
    let [(_, code, text)] = <[_; 1]>::try_from(missing(&read)).unwrap();
    assert_eq!(code, "READ_FAILED");
    assert!(text.contains("not the requested list"), "{text}");
}

/// All that is ever requested of Secrets, whatever checks need.
#[tokio::test(start_paused = true)]
async fn secrets_are_listed_only_for_their_check_and_only_as_metadata_of_tokens() {
    for needs in [Needs::all() - Need::TokenSecrets, Needs::all()] {
        let server = Script::always(Answer::new(
            200,
            r#"{"kind":"PartialObjectMetadataList","items":[]}"#,
        ));
        read_objects(&server.client(), needs).await;
        let received = server.received().into_iter();
        let of_secrets = received.filter(|request| request.path.contains("secrets"));
        let of_secrets: Vec<_> = of_secrets
            .map(|request| {
                let accept = request.headers.iter().find(|(name, _)| name == "accept");
                (
                    request.method,
                    request.path,
                    accept.map(|(_, value)| value.clone()),
                )
            })
            .collect();
        let only = (
            "GET".to_owned(),
            "/api/v1/secrets?limit=500&fieldSelector=type%3Dkubernetes.io%2Fservice-account-token"
                .to_owned(),
            Some("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1".to_owned()),
        );
        let expected = if needs.contains(Need::TokenSecrets) {
            vec![only]
        } else {
            Vec::new()
        };
        assert_eq!(of_secrets, expected);
    }
}
