//! Clusters over TLS on the loopback interface.

use aws_smithy_types::byte_stream::ByteStream;
use http::header::AUTHORIZATION;

use super::{super::super::TlsServer, *};

fn connections(server: &TlsServer) -> SharedHttpConnector {
    Connector::tls().connect(&Authority::parse(&server.authority_data()).unwrap())
}

fn tls_client(server: &TlsServer) -> Client {
    client_at(&server.url(), connections(server), &Clock::default())
}

/// Requests the version once, without further tries. Returns the status and the body; `None` if it is incomplete.
async fn try_once(server: &TlsServer) -> Result<(u16, Option<String>), ConnectorError> {
    let token = sign(&Clock::default()).unwrap();
    let request = http::Request::get(format!("{}/version", server.url()))
        .header(AUTHORIZATION, format!("Bearer {}", token.text()))
        .body(SdkBody::empty())
        .unwrap();
    let request = HttpRequest::try_from(request).unwrap();
    let mut response = connections(server).call(request).await?;
    let body = ByteStream::new(response.take_body()).collect().await;
    let body = body.map(|body| String::from_utf8(body.to_vec()).unwrap());
    Ok((response.status().as_u16(), body.ok()))
}

#[tokio::test]
async fn a_cluster_is_read_over_tls() {
    let api = api(Cluster {
        page_size: Some(2),
        ..cluster()
    });
    let server = api.serve().unwrap();
    let client = tls_client(&server);
    let version = client.version().await.unwrap();
    assert_eq!(version.git_version, "v1.34.5-eks-113cf36");
    assert_readable(&client, &lists()).await;
    let listed = list(&client, ListOf::all(ApiResource::core("secrets"))).await;
    let is_denied = matches!(
        listed.completeness,
        Completeness::Unread(Problem::Forbidden { .. })
    );
    assert!(is_denied, "{listed:?}");
    assert_eq!(api.violations(), [""; 0]);
}

#[tokio::test]
async fn answers_over_tls_can_break() {
    let fault = |kind| {
        let faults = vec![Fault::new("get /version", kind)];
        let api = api(Cluster {
            faults,
            ..cluster()
        });
        let server = api.serve().unwrap();
        (api, server)
    };
    let (_, server) = fault(FaultKind::Cut);
    assert_eq!(try_once(&server).await.unwrap(), (200, None));
    let (_, server) = fault(FaultKind::NotJson);
    let (status, body) = try_once(&server).await.unwrap();
    assert!(status == 200 && body.is_some_and(|body| body.starts_with("<!DOCTYPE html>")));
    let (api, server) = fault(FaultKind::Closed);
    assert!(try_once(&server).await.is_err());
    assert_eq!(api.received().len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_over_tls_to_a_server_that_is_not_trusted() {
    for (endpoint, expected) in UNTRUSTED {
        let api = api(Cluster {
            endpoint,
            ..cluster()
        });
        let server = api.serve().unwrap();
        let problem = tls_client(&server).version().await.unwrap_err();
        assert_not_trusted(problem, expected);
        assert_eq!(api.received(), []);
    }
    let endpoint = Endpoint::Closed;
    let closed = api(Cluster {
        endpoint,
        ..cluster()
    });
    let error = try_once(&closed.serve().unwrap()).await.unwrap_err();
    assert!(
        format!("{error:?}").contains("ConnectionRefused"),
        "{error:?}"
    );
}
