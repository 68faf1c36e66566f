use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::parameters::{Parameter, ParameterError, ParameterValues};

static EXCEPTIONS: Parameter<Exceptions> = Parameter {
    name: "exceptions",
    description: "",
    default: Exceptions::Borrowed(&[]),
};

fn read(json: &str) -> Result<Vec<Exception>, ParameterError> {
    let raw: BTreeMap<String, Raw> =
        serde_json::from_str(&format!(r#"{{"exceptions": {json}}}"#)).unwrap();
    let settings = ParameterValues::read("k8s-pod-privileged", &[&EXCEPTIONS], &raw)?;
    Ok(settings.get(&EXCEPTIONS).into_owned())
}

fn object(namespace: Option<&str>, version: &str, kind: &str, name: &str) -> ObjectName {
    ObjectName {
        namespace: namespace.map(str::to_owned),
        kind: kind.to_owned(),
        api_version: version.to_owned(),
        plural: String::new(),
        name: name.to_owned(),
    }
}

#[test]
fn exceptions_are_objects_or_texts() {
    let agent = "k8s-pod-privileged:monitoring/DaemonSet/agent-*";
    for json in [
        format!(r#"[{{"object": "{agent}", "reason": "SEC-77: reads,  measures"}}]"#),
        format!(r#"{{"object": "{agent}", "reason": " SEC-77: reads, measures"}}"#),
        format!(r#"["{agent}=SEC-77: reads, measures"]"#),
        format!(r#"["{agent} = SEC-77: reads, measures"]"#),
    ] {
        let read = read(&json).unwrap();
        let [one] = read.as_slice() else {
            panic!("{json}: {read:?}");
        };
        assert_eq!(
            (one.object(), one.reason()),
            (agent, "SEC-77: reads, measures")
        );
        assert_eq!(
            (one.check(), one.kind()),
            (Some("k8s-pod-privileged"), "DaemonSet")
        );
    }
    // AWS Config passes a list as one text.
    let both = read(&format!(r#""{agent}=SEC-77, *:/ClusterRole/a=b=c""#)).unwrap();
    let reasons: Vec<_> = both.iter().map(Exception::reason).collect();
    assert_eq!(reasons, ["SEC-77", "b=c"]);
    assert_eq!(both[1].check(), None);
    for nothing in ["null", "[]", "\"\""] {
        assert_eq!(read(nothing).unwrap(), [], "{nothing}");
    }
}

#[test]
fn an_error_names_the_wrong_exception_and_the_problem() {
    let valid = r#"{"object": "*:shop/Deployment/web", "reason": "x"}"#;
    let long = "ä".repeat(LONGEST_TEXT + 1);
    let with = |object: &str| format!(r#"{{"object": "{object}", "reason": "x"}}"#);
    for (wrong, expected) in [
        (r#"{"reason": "x"}"#.to_owned(), "has no object"),
        (
            r#"{"object": null, "reason": "x"}"#.to_owned(),
            "has no object",
        ),
        (
            r#"{"object": "*:shop/Deployment/web"}"#.to_owned(),
            "has no reason",
        ),
        (
            r#"{"object": "*:shop/Deployment/web", "reason": " "}"#.to_owned(),
            "has no reason",
        ),
        (
            r#"{"object": "*:shop/Deployment/web", "reason": 7}"#.to_owned(),
            "has a member reason that is not a text",
        ),
        (
            r#"{"object": "*:shop/Deployment/web", "reason": "x", "until": "2026-12-31"}"#
                .to_owned(),
            "has the member \"until\"",
        ),
        (
            format!(r#"{{"object": "*:shop/Deployment/web", "reason": "{long}"}}"#),
            "has a reason of 201 characters",
        ),
        (r#""*:shop/Deployment/web""#.to_owned(), "has no reason"),
        ("7".to_owned(), "is not an object"),
        ("null".to_owned(), "is not an object"),
        ("[]".to_owned(), "is not an object"),
        (with("shop/Deployment/web"), "has another form"),
        (with(":shop/Deployment/web"), "has another form"),
        (with("*:shop/web"), "has another form"),
        (with("*:shop/Deployment/"), "has another form"),
        (with("*:shop/apps/Deployment/web"), "has another form"),
        (
            with("*:shop*/Deployment/web"),
            "has the namespace \"shop*\"",
        ),
        (with("*:*/Deployment/web"), "has the namespace \"*\""),
        (with("*:Shop/Deployment/web"), "has the namespace \"Shop\""),
        (with("*:shop/*/web"), "has the kind \"*\""),
        (with("*:shop//web"), "has the kind \"\""),
        (with("*:/ClusterRole/a=b"), "use ? in its place"),
    ] {
        let error = read(&format!("[{valid}, {wrong}]"))
            .unwrap_err()
            .to_string();
        let is_expected = error.contains("exception 2 ") && error.contains(expected);
        assert!(is_expected, "{wrong}: {error}");
    }
}

#[test]
fn only_the_name_has_wildcards() {
    let web = object(Some("shop"), "apps/v1", "Deployment", "web");
    let rbac = "rbac.authorization.k8s.io/v1";
    let role = object(None, rbac, "ClusterRole", "system:a b");
    for (text, names_web, names_role) in [
        ("*:shop/Deployment/web=x", true, false),
        ("*:shop/Deployment/w*=x", true, false),
        ("*:shop/Deployment/w?b=x", true, false),
        ("*:shop/Deployment/*=x", true, false),
        ("*:shop/Deployment/we=x", false, false),
        ("*:shop/Deployment/Web=x", false, false),
        ("*:shop/deployment/web=x", false, false),
        ("*:other/Deployment/web=x", false, false),
        ("*:/Deployment/web=x", false, false),
        ("*:/ClusterRole/system:a b=x", false, true),
        ("*:/ClusterRole/*=x", false, true),
        ("*:kube-system/ClusterRole/*=x", false, false),
    ] {
        let exception = Exception::read(text).unwrap();
        let found = (exception.names(&web), exception.names(&role));
        assert_eq!(found, (names_web, names_role), "{text}");
    }
}

#[test]
fn a_custom_resource_is_not_the_object_of_kubernetes_with_its_name() {
    let names = |text: &str, version: &str, kind: &str| {
        let object = object(Some("shop"), version, kind, "web");
        Exception::read(text).unwrap().names(&object)
    };
    for (version, expected) in [("apps/v1", true), ("example.com/v1", false), ("v1", false)] {
        let found = names("*:shop/Deployment/web=x", version, "Deployment");
        assert_eq!(found, expected, "{version}");
    }
    assert!(names("*:shop/Rollout/web=x", "argoproj.io/v1", "Rollout"));
}

#[test]
fn an_exception_applies_to_the_check_that_it_names() {
    for (text, expected) in [
        ("*:shop/Deployment/web=x", true),
        ("k8s-pod-privileged:shop/Deployment/web=x", true),
        ("k8s-pod-host-path:shop/Deployment/web=x", false),
    ] {
        let exception = Exception::read(text).unwrap();
        assert_eq!(
            exception.applies_to("k8s-pod-privileged"),
            expected,
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_an_error(texts in prop::collection::vec(".{0,60}", 0..4)) {
        if let Ok(exceptions) = Exceptions::read(&texts) {
            let written = exceptions.write();
            prop_assert_eq!(Exceptions::read(&written), Ok(exceptions));
        }
    }

    #[test]
    fn what_is_valid_is_written_as_it_is_read(
        namespace in "[a-z0-9-]{0,8}",
        kind in "[A-Za-z]{1,8}",
        name in "[^/=]{1,20}",
        reason in "[^ \\s][^\\s]{0,20}",
    ) {
        let object = format!("*:{namespace}/{kind}/{name}");
        let members = [("object", &object), ("reason", &reason)];
        let members = members.map(|(name, text)| (name.to_owned(), Raw::Text(text.clone())));
        let raw = Raw::List(vec![Raw::Object(members.into())]);
        let texts = Exceptions::texts_of(&raw).unwrap();
        if let Ok(exceptions) = Exceptions::read(&texts) {
            prop_assert_eq!(exceptions[0].object(), object.trim());
            prop_assert_eq!(exceptions[0].reason(), reason);
        } else {
            prop_assert_eq!(name.trim(), "");
        }
    }
}
