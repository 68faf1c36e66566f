use super::*;

const NOW: &str = "20261128T130209Z";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEPT//////////wEaCWV1LXdlc3QtMSJHMEUC+a/b==";

fn cluster() -> Cluster {
    Cluster::new("prod", "eu-west-1")
}

fn credentials() -> Credentials {
    Credentials {
        secret_key: SECRET_KEY.to_owned(),
        session_token: Some(SESSION_TOKEN.to_owned()),
    }
}

fn verify_at(token: &str, now: &str) -> Result<(), String> {
    verify(token, &cluster(), &credentials(), time(now).unwrap())
}

/// The parts of a token, all of which are right at first.
#[derive(Clone)]
struct Draft {
    /// The URL up to the query.
    base: String,
    pairs: Vec<(String, String)>,
    /// The cluster and the secret key that the signature is made with.
    cluster: String,
    secret_key: String,
    /// The scope that the signature is made for.
    scope: String,
}

impl Draft {
    fn new() -> Self {
        let scope = "20261128/eu-west-1/sts/aws4_request";
        let credential = format!("ASIAIOSFODNN7EXAMPLE/{scope}");
        let pairs = [
            ("Action", "GetCallerIdentity"),
            ("Version", "2011-06-15"),
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", NOW),
            ("X-Amz-Expires", "60"),
            ("X-Amz-SignedHeaders", SIGNED_HEADERS),
            ("X-Amz-Security-Token", SESSION_TOKEN),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            base: "https://sts.eu-west-1.amazonaws.com/".to_owned(),
            pairs: pairs.to_vec(),
            cluster: "prod".to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            scope: scope.to_owned(),
        }
    }

    /// Sets a parameter, or removes it.
    fn set(mut self, name: &str, value: Option<&str>) -> Self {
        let place = self.pairs.iter().position(|(other, _)| other == name);
        match (place, value) {
            (Some(place), Some(value)) => value.clone_into(&mut self.pairs[place].1),
            (Some(place), None) => drop(self.pairs.remove(place)),
            (None, value) => {
                let value = value.unwrap().to_owned();
                self.pairs.push((name.to_owned(), value));
            }
        }
        self
    }

    fn with(self, name: &str, value: &str) -> Self {
        self.set(name, Some(value))
    }

    /// Returns the URL with a valid signature of whatever it contains.
    fn url(&self) -> String {
        let host = self
            .base
            .trim_start_matches("https://")
            .split('/')
            .next()
            .unwrap();
        let date = self.pairs.iter().find(|(name, _)| name == "X-Amz-Date");
        let date = date.map_or("", |(_, date)| date.as_str());
        let text = to_sign(&self.pairs, host, &self.cluster, date, &self.scope);
        let signature = hex::encode(signature(&self.secret_key, &self.scope, &text));
        let pairs = self
            .pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs = pairs.chain([("X-Amz-Signature", signature.as_str())]);
        let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
        let query: Vec<_> = pairs
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        format!("{}?{}", self.base, query.join("&"))
    }

    fn token(&self) -> String {
        token(&self.url())
    }
}

fn token(url: &str) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))
}

/// The URLs were signed by botocore 1.43, whose code has nothing in common with this one.
#[test]
fn the_token_of_an_independent_implementation_is_accepted() {
    let url = |credential: &str, session: &str, signature: &str| {
        format!(
            "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential={credential}%2F20261128%2Feu-west-1%2Fsts%2Faws4_request\
             &X-Amz-Date={NOW}&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id{session}\
             &X-Amz-Signature={signature}"
        )
    };
    let key = "AKIAIOSFODNN7EXAMPLE";
    let session = "&X-Amz-Security-Token=\
                   IQoJb3JpZ2luX2VjEPT%2F%2F%2F%2F%2F%2F%2F%2F%2F%2FwEaCWV1LXdlc3QtMSJHMEUC%2Ba%2Fb%3D%3D";
    let signed = "72566f24d7def273787ce5e7fd32b7e6601063abd8342130f791f5cb288d4b50";
    assert_eq!(verify_at(&token(&url(key, session, signed)), NOW), Ok(()));
    let without_session = Credentials {
        session_token: None,
        ..credentials()
    };
    let signed = "bc0bc4de2307a7e626bf9e42ccb23eec506fb468fef07232179a20fe19bba7da";
    let token = token(&url(key, "", signed));
    let verified = verify(&token, &cluster(), &without_session, time(NOW).unwrap());
    assert_eq!(verified, Ok(()));
}

#[test]
fn a_token_is_valid_for_fifteen_minutes() {
    let token = Draft::new().token();
    for (now, is_valid) in [
        ("20261128T125708Z", false),
        ("20261128T125709Z", true),
        (NOW, true),
        ("20261128T131709Z", true),
        ("20261128T131710Z", false),
    ] {
        assert_eq!(verify_at(&token, now).is_ok(), is_valid, "{now}");
    }
}

fn assert_rejected(draft: &Draft, problem: &str) {
    let error = verify_at(&draft.token(), NOW).unwrap_err();
    assert!(error.starts_with(problem), "{}: {error}", draft.url());
}

/// The tokens of this test and the next ones have a valid signature of what they contain, and break one rule.
#[test]
fn a_token_for_another_url_is_rejected() {
    let (scheme, path, host) = (
        "its URL does not begin with https://",
        "the path of its URL is not /",
        "its host is",
    );
    for (base, problem) in [
        ("http://sts.eu-west-1.amazonaws.com/", scheme),
        ("https://sts.eu-west-1.amazonaws.com/a", path),
        ("https://sts.eu-west-1.amazonaws.com", path),
        ("https://sts.eu-west-1.amazonaws.com//", path),
        ("https://sts.eu-central-1.amazonaws.com/", host),
        ("https://sts.amazonaws.com/", host),
        ("https://sts.eu-west-1.amazonaws.com.cn/", host),
        ("https://sts.eu-west-1.amazonaws.com:443/", host),
        ("https://sts.eu-west-1.amazonaws.com.example.com/", host),
        ("https://vpce-1.sts.eu-west-1.vpce.amazonaws.com/", host),
    ] {
        let base = base.to_owned();
        assert_rejected(
            &Draft {
                base,
                ..Draft::new()
            },
            problem,
        );
    }
}

#[test]
fn a_token_with_another_parameter_is_rejected() {
    assert_eq!(verify_at(&Draft::new().token(), NOW), Ok(()));
    for (name, value, problem) in [
        ("Action", Some("GetSessionToken"), "action has"),
        ("Action", None, "action is missing"),
        ("Version", Some("2010-01-01"), "version has"),
        ("Version", None, "version is missing"),
        (
            "X-Amz-Algorithm",
            Some("AWS4-HMAC-SHA1"),
            "x-amz-algorithm has",
        ),
        (
            "X-Amz-SignedHeaders",
            Some("host"),
            "x-amz-signedheaders has",
        ),
        (
            "X-Amz-SignedHeaders",
            Some("x-k8s-aws-id"),
            "x-amz-signedheaders has",
        ),
        (
            "X-Amz-Security-Token",
            Some("other"),
            "x-amz-security-token has",
        ),
        ("X-Amz-Security-Token", None, "x-amz-security-token has"),
        ("X-Amz-Expires", Some("901"), "x-amz-expires is not"),
        ("X-Amz-Expires", Some("-1"), "x-amz-expires is not"),
        ("X-Amz-Expires", Some(""), "x-amz-expires is not"),
        ("X-Amz-Expires", None, "x-amz-expires is missing"),
        (
            "X-Amz-Date",
            Some("20261128T1302Z"),
            "x-amz-date is not a time",
        ),
        (
            "X-Amz-Date",
            Some("20261328T130209Z"),
            "x-amz-date is not a time",
        ),
        ("Other", Some("1"), "other is not allowed"),
        (
            "x-amz-user-agent",
            Some("1"),
            "x-amz-user-agent is not allowed",
        ),
        (
            "action",
            Some("GetCallerIdentity"),
            "action is there more than once",
        ),
        (
            "x-amz-expires",
            Some("60"),
            "x-amz-expires is there more than once",
        ),
    ] {
        assert_rejected(
            &Draft::new().set(name, value),
            &format!("its parameter {problem}"),
        );
    }
}

#[test]
fn a_token_with_another_scope_or_key_is_rejected() {
    for credential in [
        "ASIAIOSFODNN7EXAMPLE/20261127/eu-west-1/sts/aws4_request",
        "ASIAIOSFODNN7EXAMPLE/20261128/eu-central-1/sts/aws4_request",
        "ASIAIOSFODNN7EXAMPLE/20261128/eu-west-1/eks/aws4_request",
        "ASIAIOSFODNN7EXAMPLE/20261128/eu-west-1/sts/aws4",
        "ASIA/20261128/eu-west-1/sts/aws4_request",
        "/20261128/eu-west-1/sts/aws4_request",
    ] {
        let scope = credential.split_once('/').unwrap().1.to_owned();
        let draft = Draft {
            scope,
            ..Draft::new()
        };
        assert_rejected(
            &draft.with("X-Amz-Credential", credential),
            "its credential is not an access key",
        );
    }
    let signature = "its signature is not for the cluster prod";
    for cluster in ["other", "Prod", ""] {
        let cluster = cluster.to_owned();
        assert_rejected(
            &Draft {
                cluster,
                ..Draft::new()
            },
            signature,
        );
    }
    let secret_key = "other".to_owned();
    assert_rejected(
        &Draft {
            secret_key,
            ..Draft::new()
        },
        signature,
    );
}

#[test]
fn a_token_of_another_form_is_rejected() {
    let url = Draft::new().url();
    let padded = format!("{}=", token(&url));
    let standard = token(&url).replace(PREFIX, "k8s-aws-v2.");
    let long = token(&format!("{url}&a={}", "b".repeat(MAX_BYTES)));
    for (token, problem) in [
        (String::new(), "it does not begin with k8s-aws-v1."),
        (standard, "it does not begin with k8s-aws-v1."),
        (padded, "it is not base64 for URLs without padding"),
        (
            format!("{PREFIX}a b"),
            "it is not base64 for URLs without padding",
        ),
        (format!("{PREFIX}_w"), "it contains no text"),
        (token("x"), "its URL does not begin with https://"),
        (token(&format!("{url}#a")), "its URL has a fragment"),
        (
            token(&url[..url.len() - 1]),
            "its signature is not for the cluster prod",
        ),
        (
            token(&format!("{url}&X-Amz-Signature=a")),
            "its parameter x-amz-signature is there more",
        ),
        (
            token(url.split('?').next().unwrap()),
            "its parameter action is missing",
        ),
        (
            token(url.split("&X-Amz-Signature").next().unwrap()),
            "its parameter x-amz-signature is missing",
        ),
        (long, "it has"),
    ] {
        let error = verify_at(&token, NOW).unwrap_err();
        assert!(error.starts_with(problem), "{token}: {error}");
    }
}

#[test]
fn each_partition_has_its_domain() {
    for (partition, region, host) in [
        ("aws", "eu-west-1", "sts.eu-west-1.amazonaws.com"),
        (
            "aws-us-gov",
            "us-gov-west-1",
            "sts.us-gov-west-1.amazonaws.com",
        ),
        ("aws-cn", "cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        (
            "aws-iso-b",
            "us-isob-east-1",
            "sts.us-isob-east-1.sc2s.sgov.gov",
        ),
    ] {
        let scope = format!("20261128/{region}/sts/aws4_request");
        let draft = Draft {
            base: format!("https://{host}/"),
            scope: scope.clone(),
            ..Draft::new()
        };
        let token = draft
            .with("X-Amz-Credential", &format!("ASIAIOSFODNN7EXAMPLE/{scope}"))
            .token();
        let cluster = Cluster {
            partition: partition.to_owned(),
            ..Cluster::new("prod", region)
        };
        assert_eq!(
            verify(&token, &cluster, &credentials(), time(NOW).unwrap()),
            Ok(())
        );
    }
}
