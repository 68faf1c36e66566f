use aws_smithy_runtime_api::client::result::ConnectorError;

use super::*;

/// An error that an I/O error wraps, as connectors do.
fn wrapped(error: rustls::Error) -> ConnectorError {
    let inner = io::Error::new(io::ErrorKind::InvalidData, error);
    ConnectorError::io(io::Error::other(inner).into())
}

#[test]
fn errors_of_tls_are_told_apart() {
    use CertificateError as Invalid;
    let handshake = |text: &str| Distrust::Handshake(text.to_owned());
    for (error, expected) in [
        (Invalid::UnknownIssuer.into(), Distrust::OtherAuthority),
        (Invalid::BadSignature.into(), Distrust::OtherAuthority),
        (Invalid::NotValidForName.into(), Distrust::OtherName),
        (Invalid::Expired.into(), Distrust::NotValidNow),
        (Invalid::NotValidYet.into(), Distrust::NotValidNow),
        (
            Invalid::Revoked.into(),
            handshake("invalid peer certificate: Revoked"),
        ),
        (
            rustls::Error::DecryptError,
            handshake("cannot decrypt peer's message"),
        ),
    ] {
        let expected = NoResponse::NotTrusted(expected);
        assert_eq!(no_response(&wrapped(error)), expected);
    }
}

#[test]
fn other_errors_name_their_first_cause() {
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    let refused = ConnectorError::io(io::Error::other(refused).into());
    let expected = NoResponse::NotReached("connection refused".to_owned());
    assert_eq!(no_response(&refused), expected);
}
