use std::time::UNIX_EPOCH;

use form_urlencoded::parse;

use super::*;

/// The time at which the tokens of these tests are signed, and the same in a signature.
const NOW: &str = "2026-11-28T13:02:09Z";
const DATE: &str = "20261128T130209Z";

/// A token as botocore 1.43 signs it, whose code has nothing in common with the crate that signs here:
///
/// ```python
/// credentials = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", session_token)
/// url = f"https://{host}/?Action=GetCallerIdentity&Version=2011-06-15"
/// request = AWSRequest("GET", url, headers={"x-k8s-aws-id": cluster})
/// with mock.patch("botocore.auth.get_current_datetime", return_value=now):
///     SigV4QueryAuth(credentials, "sts", region, expires=60).add_auth(request)
/// ```
struct Expected {
    scope: TokenScope<'static>,
    session_token: Option<&'static str>,
    host: &'static str,
    encoded_session_token: &'static str,
    signature: &'static str,
}

const fn scope(cluster: &'static str, region: &'static str) -> TokenScope<'static> {
    TokenScope { cluster, region }
}

/// Among them: no session token, one with characters that must be encoded, and a local cluster with its ID.
fn expected() -> Vec<Expected> {
    vec![
        Expected {
            scope: scope("prod", "eu-west-1"),
            session_token: None,
            host: "sts.eu-west-1.amazonaws.com",
            encoded_session_token: "",
            signature: "bc0bc4de2307a7e626bf9e42ccb23eec506fb468fef07232179a20fe19bba7da",
        },
        Expected {
            scope: scope("prod", "eu-west-1"),
            session_token: Some("IQoJb3JpZ2luX2VjEPT//////////wEaCWV1LXdlc3QtMSJHMEUC+a/b=="),
            host: "sts.eu-west-1.amazonaws.com",
            encoded_session_token: "IQoJb3JpZ2luX2VjEPT%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwEaCWV1LXdlc3QtMSJHMEUC%2Ba%2Fb%3D%3D",
            signature: "72566f24d7def273787ce5e7fd32b7e6601063abd8342130f791f5cb288d4b50",
        },
        Expected {
            scope: scope("prod_2", "cn-north-1"),
            session_token: Some("tok en~*'()!:;,?#[]@%&=+$/"),
            host: "sts.cn-north-1.amazonaws.com.cn",
            encoded_session_token: "tok%20en~%2A%27%28%29%21%3A%3B%2C%3F%23%5B%5D%40%25%26%3D%2B%24%2F",
            signature: "e0cb3bbc47d79ef50155dd69770fa657ea727869d46de2d24dc304ee09d0a7f0",
        },
        Expected {
            scope: scope("b6f3a5d2-1c4e-4f7a-9a0b-2d8e6c5f7a91", "us-gov-west-1"),
            session_token: Some("plain"),
            host: "sts.us-gov-west-1.amazonaws.com",
            encoded_session_token: "plain",
            signature: "9db3cbb2afce6b17bdb87edf7d544793930b427455fd5fcbc1aecde7dd7f0023",
        },
        Expected {
            scope: scope("prod", "us-isob-east-1"),
            session_token: Some("plain"),
            host: "sts.us-isob-east-1.sc2s.sgov.gov",
            encoded_session_token: "plain",
            signature: "7bc3cc477bc66b30488ea0d1c431af5a5eedc057e7145169274dcfcfbb61c2ca",
        },
    ]
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn credentials(session_token: Option<&str>, expiry: Option<SystemTime>) -> Credentials {
    Credentials::new(
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        session_token.map(ToOwned::to_owned),
        expiry,
        "test",
    )
}

fn sign(scope: TokenScope<'_>, session_token: Option<&str>) -> Result<Token, TokenError> {
    Token::sign(&credentials(session_token, None), scope, now())
}

/// Returns the URL in a token.
fn url(token: &Token) -> String {
    let encoded = token.text().strip_prefix("k8s-aws-v1.").unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}

#[test]
fn a_token_is_the_one_that_an_independent_implementation_signs() {
    for expected in expected() {
        let Expected {
            scope,
            session_token,
            host,
            encoded_session_token,
            signature,
        } = expected;
        let session = match session_token {
            Some(_) => format!("&X-Amz-Security-Token={encoded_session_token}"),
            None => String::new(),
        };
        let region = scope.region;
        let expected = format!(
            "https://{host}/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261128%2F{region}%2Fsts%2Faws4_request&X-Amz-Date={DATE}\
             &X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id{session}&X-Amz-Signature={signature}"
        );
        assert_eq!(url(&sign(scope, session_token).unwrap()), expected);
    }
}

/// The rules by which the authenticator of a cluster rejects tokens.
#[test]
fn a_token_has_the_form_that_clusters_accept() {
    for expected in expected() {
        let token = sign(expected.scope, expected.session_token).unwrap();
        let text = token.text();
        assert!(text.len() <= 4096 && !text.contains('='), "{text}");
        let url = url(&token);
        let (before, query) = url.split_once('?').unwrap();
        assert_eq!(before, format!("https://{}/", expected.host));
        let mut names: Vec<String> = parse(query.as_bytes())
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        names.sort_unstable();
        let mut allowed = vec![
            "action",
            "version",
            "x-amz-algorithm",
            "x-amz-credential",
            "x-amz-date",
            "x-amz-expires",
            "x-amz-security-token",
            "x-amz-signature",
            "x-amz-signedheaders",
        ];
        allowed.retain(|name| expected.session_token.is_some() || *name != "x-amz-security-token");
        assert_eq!(names, allowed, "each parameter is there once, and no other");
        let value = |wanted: &str| {
            let mut pairs = parse(query.as_bytes());
            pairs.find(|(name, _)| name == wanted).unwrap().1
        };
        assert_eq!(value("X-Amz-SignedHeaders"), "host;x-k8s-aws-id");
        assert_eq!(value("X-Amz-Expires"), "60");
        if let Some(session_token) = expected.session_token {
            assert_eq!(value("X-Amz-Security-Token"), session_token);
        }
    }
}

#[test]
fn a_token_is_used_for_twelve_minutes_but_not_longer_than_its_session_lasts() {
    let minutes = |minutes: i64| now() + SignedDuration::from_mins(minutes);
    for (session_end, expected) in [(None, 12), (Some(60), 12), (Some(5), 5)] {
        let expiry = session_end.map(|after| SystemTime::from(minutes(after)));
        let credentials = credentials(Some("session"), expiry);
        let token = Token::sign(&credentials, scope("prod", "eu-west-1"), now()).unwrap();
        assert_eq!(token.usable_until(), minutes(expected));
        assert!(token.is_usable_at(now()) && token.is_usable_at(minutes(expected - 1)));
        assert!(!token.is_usable_at(minutes(expected)));
    }
    let last = Token::sign(
        &credentials(None, None),
        scope("prod", "eu-west-1"),
        Timestamp::MAX,
    );
    assert!(last.is_ok_and(|token| token.usable_until() == Timestamp::MAX));
}

#[test]
fn the_endpoint_is_in_the_domain_of_the_partition() {
    for (region, suffix) in [
        ("us-gov-west-1", "amazonaws.com"),
        ("us-iso-east-1", "c2s.ic.gov"),
        ("eusc-de-east-1", "amazonaws.eu"),
    ] {
        let token = sign(scope("prod", region), None).unwrap();
        let expected = format!("https://sts.{region}.{suffix}/?Action=");
        assert!(url(&token).starts_with(&expected), "{region}");
    }
}

#[test]
fn what_cannot_be_signed_is_an_error() {
    let session_token = "a".repeat(3_000);
    let too_long = sign(scope("prod", "eu-west-1"), Some(&session_token));
    assert!(matches!(too_long, Err(TokenError::TooLong(bytes)) if bytes > 4096));
    for (cluster, region) in [("pro\nd", "eu-west-1"), ("prod", "eu west")] {
        let error = sign(scope(cluster, region), None).unwrap_err();
        assert!(matches!(error, TokenError::NotSigned(_)), "{error}");
    }
}

#[test]
fn a_debug_view_does_not_show_the_token() {
    let token = Token::new("k8s-aws-v1.secret", UNIX_EPOCH.try_into().unwrap());
    let view = format!("{token:?}");
    assert_eq!(view, "Token { usable_until: 1970-01-01T00:00:00Z, .. }");
}
