use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::script::{Answer, Script};

const ROLE: &str = "arn:aws:iam::111122223333:role/dev";

/// The entry of nodes in the documentation of Amazon EKS.
const NODES: &str = "
- rolearn: arn:aws:iam::111122223333:role/dev
  username: system:node:{{EC2PrivateDNSName}}
  groups:
  - system:bootstrappers
  - system:nodes
";

fn parsed(data: &Value) -> AwsAuth {
    let config_map: ConfigMap = serde_json::from_value(json!({"data": data})).unwrap();
    aws_auth(&config_map).unwrap()
}

fn roles(text: &str) -> AwsAuth {
    parsed(&json!({"mapRoles": text}))
}

fn mapping(arn: &str, username: &str, groups: &[&str]) -> Mapping {
    Mapping {
        arn: arn.into(),
        username: username.into(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    }
}

/// Returns the places of what can't be read.
fn places(aws_auth: &AwsAuth) -> Vec<String> {
    aws_auth
        .unreadable
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn all_parts_are_read() {
    let aws_auth = parsed(&json!({
        "mapRoles": NODES,
        "mapUsers": "- userarn: arn:aws:iam::111122223333:user/ann\n  username: ann\n  groups: [developers]\n",
        "mapAccounts": "- \"111122223333\"\n- 012345678901\n",
        "other": "[",
    }));
    let expected = AwsAuth {
        roles: vec![mapping(
            ROLE,
            "system:node:{{EC2PrivateDNSName}}",
            &["system:bootstrappers", "system:nodes"],
        )],
        users: vec![mapping(
            "arn:aws:iam::111122223333:user/ann",
            "ann",
            &["developers"],
        )],
        accounts: ["012345678901".to_owned(), "111122223333".to_owned()].into(),
        unreadable: BTreeSet::new(),
    };
    assert_eq!(aws_auth, expected);
    let json = json!([{"rolearn": ROLE, "username": "dev", "groups": ["a"]}]).to_string();
    assert_eq!(roles(&json).roles, [mapping(ROLE, "dev", &["a"])]);
}

#[test]
fn members_are_found_without_case_and_parts_with_case() {
    for name in ["rolearn", "RoLeArN", "roleARN"] {
        let text = format!("- {name}: {ROLE}\n  UserName: dev\n  GROUPS: [a]\n");
        assert_eq!(roles(&text).roles, [mapping(ROLE, "dev", &["a"])], "{name}");
    }
    // The long s is an s in another case.
    let text = format!("- rolearn: {ROLE}\n  u\u{17f}ername: dev\n  group\u{17f}: [a]\n");
    assert_eq!(roles(&text).roles, [mapping(ROLE, "dev", &["a"])]);
    let aws_auth = parsed(&json!({"maproles": format!("- rolearn: {ROLE}")}));
    assert_eq!(aws_auth, AwsAuth::default());
    // The member of the other part has no meaning.
    let aws_auth = roles(&format!("- userarn: {ROLE}"));
    assert_eq!(aws_auth.roles, [Mapping::default()]);
}

#[test]
fn members_that_differ_in_case_are_recorded_and_the_greatest_name_counts() {
    for (members, expected) in [
        (
            ["username: dev", "Username: system:admin"],
            mapping(ROLE, "dev", &[]),
        ),
        (
            ["username: system:admin", "USERNAME: dev"],
            mapping(ROLE, "system:admin", &[]),
        ),
        (
            ["groups: ['system:masters']", "Groups: [a]"],
            mapping(ROLE, "", &["system:masters"]),
        ),
        (
            ["groups: [a]", "group\u{17f}: ['system:masters']"],
            mapping(ROLE, "", &["system:masters"]),
        ),
    ] {
        let [one, other] = members;
        for [first, second] in [[one, other], [other, one]] {
            let aws_auth = roles(&format!("- rolearn: {ROLE}\n  {first}\n  {second}\n"));
            assert_eq!(
                aws_auth.roles.as_slice(),
                std::slice::from_ref(&expected),
                "{first}"
            );
            assert_eq!(aws_auth.unreadable.len(), 1, "{first}");
        }
    }
    // Members without a meaning are not read.
    let aws_auth = roles(&format!("- rolearn: {ROLE}\n  other: 1\n  Other: 2\n"));
    assert_eq!(places(&aws_auth), [""; 0]);
    let sso = "sso: {accountID: '111122223333', accountid: '444455556666', permissionSetName: Dev}";
    let aws_auth = roles(&format!("- {sso}\n"));
    let pattern = "arn:aws:iam::444455556666:role/AWSReservedSSO_Dev_*";
    assert_eq!(aws_auth.roles, [mapping(pattern, "", &[])]);
    assert_eq!(places(&aws_auth), ["mapRoles (line 1)"]);
}

#[test]
fn merge_keys_are_recorded() {
    let merged = "{groups: ['system:masters']}";
    for value in [merged.to_owned(), format!("[{merged}]"), "7".to_owned()] {
        let text = format!("- rolearn: {ROLE}\n  username: dev\n  <<: {value}\n");
        let aws_auth = roles(&text);
        assert_eq!(aws_auth.roles, [mapping(ROLE, "dev", &[])], "{value}");
        assert_eq!(places(&aws_auth), ["mapRoles (line 3)"], "{value}");
    }
    let sso = "sso: {<<: {permissionSetName: Admin}, accountID: '111122223333'}";
    let aws_auth = roles(&format!("- {sso}\n"));
    assert_eq!(places(&aws_auth), ["mapRoles (line 1)"]);
}

#[test]
fn aliases_stand_for_their_values() {
    let text = format!(
        "- rolearn: &role {ROLE}\n  groups: &groups ['system:masters']\n\
         - rolearn: *role\n  username: dev\n  groups: *groups\n\
         - &entry {{rolearn: other}}\n- *entry\n"
    );
    let aws_auth = roles(&text);
    assert_eq!(
        aws_auth.roles,
        [
            mapping(ROLE, "", &["system:masters"]),
            mapping(ROLE, "dev", &["system:masters"]),
            mapping("other", "", &[]),
            mapping("other", "", &[]),
        ]
    );
    assert_eq!(places(&aws_auth), [""; 0]);
    let aws_auth = parsed(&json!({"mapAccounts": "- &a '1'\n- *a\n"}));
    assert_eq!(aws_auth.accounts, ["1".to_owned()].into());
    assert_eq!(places(&aws_auth), [""; 0]);
}

#[test]
fn a_part_with_line_breaks_of_an_older_yaml_is_dropped_alone() {
    for line_break in OTHER_LINE_BREAKS {
        // In YAML 1.1, the comment ends at the character, so that an entry follows.
        let text = format!("# nodes\n# none{line_break}- rolearn: {ROLE}\n");
        let accounts = format!("# none{line_break}- '111122223333'\n");
        let aws_auth = parsed(&json!({
            "mapRoles": text,
            "mapUsers": "- userarn: ann\n",
            "mapAccounts": accounts,
        }));
        assert_eq!(aws_auth.roles, [], "{line_break:?}");
        assert_eq!(aws_auth.users, [mapping("ann", "", &[])]);
        assert_eq!(
            places(&aws_auth),
            ["mapRoles (line 2)", "mapAccounts (line 1)"],
            "{line_break:?}"
        );
    }
}

#[test]
fn entries_for_the_same_arn_stay_in_their_order() {
    let text = format!("- rolearn: {ROLE}\n  groups: [b]\n- rolearn: {ROLE}\n  groups: [a]\n");
    let expected = [mapping(ROLE, "", &["b"]), mapping(ROLE, "", &["a"])];
    assert_eq!(roles(&text).roles, expected);
}

#[test]
fn parts_without_entries_are_empty() {
    for text in ["", " \n", "``", "\"\"", "[]", "null", "~", "# none\n"] {
        for part in ["mapRoles", "mapUsers", "mapAccounts"] {
            assert_eq!(parsed(&json!({part: text})), AwsAuth::default(), "{text:?}");
        }
    }
    for data in [json!(null), json!({}), json!({"mapRoles": null})] {
        assert_eq!(parsed(&data), AwsAuth::default(), "{data}");
    }
}

#[test]
fn a_part_that_is_no_list_is_dropped_alone() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let long = format!("# {}\n[]", "x".repeat(LONGEST_PART));
    for (text, place) in [
        ("- rolearn: [\n", "mapRoles (line 1)"),
        ("a: b\n  c: d\n", "mapRoles (line 2)"),
        ("rolearn: x\n", "mapRoles (line 1)"),
        ("dev\n", "mapRoles (line 1)"),
        ("- &a [*a]\n", "mapRoles (line 1)"),
        ("- !!map {}\n", "mapRoles (line 1)"),
        ("[]\n---\n[]\n", "mapRoles (line 2)"),
        ("- groups: [a]\n  groups: [b]\n", "mapRoles (line 2)"),
        (&deep, "mapRoles (line 1)"),
        (&long, "mapRoles (line 1)"),
    ] {
        let users = "- userarn: ann\n";
        let aws_auth = parsed(&json!({"mapRoles": text, "mapUsers": users}));
        assert_eq!(aws_auth.roles, [], "{text:.60?}");
        assert_eq!(aws_auth.users, [mapping("ann", "", &[])]);
        assert_eq!(places(&aws_auth), [place], "{text:.60?}");
    }
}

#[test]
fn members_of_an_unexpected_type_are_dropped_alone() {
    let entry = |members: &str| format!("- rolearn: {ROLE}\n  {members}\n");
    let without = || mapping(ROLE, "", &[]);
    for (text, expected, place) in [
        (entry("groups: system:masters"), without(), Some(2)),
        (
            entry("groups: [[a], {b: c}, d]"),
            mapping(ROLE, "", &["d"]),
            Some(2),
        ),
        (
            entry("groups: [7, 'on', yes, b]"),
            mapping(ROLE, "", &["b", "on"]),
            Some(2),
        ),
        (entry("username: 7"), without(), Some(2)),
        (entry("username: [a]"), without(), Some(2)),
        (entry("username: '7'"), mapping(ROLE, "7", &[]), None),
        (entry("username:"), without(), None),
        (entry("groups: null"), without(), None),
        (entry("groups: [~, a]"), mapping(ROLE, "", &["a"]), None),
        (entry("other: [1]"), without(), None),
        (
            "- rolearn: {}\n  groups: [a]\n".to_owned(),
            mapping("", "", &["a"]),
            Some(1),
        ),
    ] {
        let aws_auth = roles(&text);
        assert_eq!(aws_auth.roles, [expected], "{text}");
        let place = place.map(|line| format!("mapRoles (line {line})"));
        assert_eq!(places(&aws_auth), Vec::from_iter(place), "{text}");
    }
    let aws_auth = roles(&format!("- dev\n- null\n- rolearn: {ROLE}\n"));
    assert_eq!(aws_auth.roles, [Mapping::default(), without()]);
    assert_eq!(places(&aws_auth), ["mapRoles (line 1)"]);
    let aws_auth = parsed(&json!({"mapAccounts": "- [1]\n- null\n- 1\n"}));
    assert_eq!(aws_auth.accounts, ["1".to_owned()].into());
    assert_eq!(places(&aws_auth), ["mapAccounts (line 1)"]);
}

#[test]
fn a_space_too_many_makes_one_group_of_two() {
    let text =
        format!("- rolearn: {ROLE}\n  groups:\n  - system:bootstrappers\n   - system:nodes\n");
    let groups = ["system:bootstrappers - system:nodes"];
    assert_eq!(roles(&text).roles, [mapping(ROLE, "", &groups)]);
}

#[test]
fn roles_of_identity_center_are_a_pattern() {
    let sso = "sso: {permissionSetName: Dev, accountID: '111122223333'}";
    let pattern = "arn:aws:iam::111122223333:role/AWSReservedSSO_Dev_*";
    for (text, arn) in [
        (format!("- {sso}\n"), pattern),
        (format!("- rolearn: {ROLE}\n  {sso}\n"), ROLE),
        (format!("- {sso}\n  rolearn: {ROLE}\n"), ROLE),
        ("- sso: null\n".to_owned(), ""),
    ] {
        let aws_auth = roles(&text);
        assert_eq!(aws_auth.roles, [mapping(arn, "", &[])], "{text}");
        assert_eq!(places(&aws_auth), [""; 0]);
    }
    assert_eq!(places(&roles("- sso: Dev\n")), ["mapRoles (line 1)"]);
}

#[test]
fn plain_values_may_be_booleans_or_numbers() {
    for text in [
        "yes",
        "Off",
        "TRUE",
        "n",
        "7",
        "-7",
        "+0.5",
        "1_000",
        "1e3",
        "0x1F",
        "0b1",
        "0o17",
        ".5",
        "-.inf",
        ".NaN",
        "012345678901",
    ] {
        assert!(!is_text(text), "{text}");
    }
    for text in [
        "dev",
        "yess",
        "inf",
        "nan",
        "7a",
        "1.2.3",
        "0xyz",
        "a_b",
        "{{SessionName}}",
        "-",
        ".",
        "arn:aws:iam::1:role/x",
    ] {
        assert!(is_text(text), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_config_map_is_read_by_its_name() {
    let not_found =
        r#"{"kind":"Status","reason":"NotFound","details":{"name":"aws-auth"},"code":404}"#;
    for (answer, expected) in [
        (
            Answer::new(200, r#"{"data":{"mapAccounts":"[1]"}}"#),
            Ok(Some(AwsAuth {
                accounts: ["1".to_owned()].into(),
                ..AwsAuth::default()
            })),
        ),
        (Answer::new(200, "{}"), Ok(Some(AwsAuth::default()))),
        (Answer::new(404, not_found), Ok(None)),
        (
            Answer::new(200, r#"{"data":7}"#),
            Err(ReasonCode::ReadFailed),
        ),
    ] {
        let script = Script::new([answer]);
        let read = read(&script.client()).await.unwrap();
        assert_eq!(read.map_err(|unread| unread.code), expected);
        let path = "/api/v1/namespaces/kube-system/configmaps/aws-auth";
        assert_eq!(script.paths(), [path]);
    }
    let refused = Script::new([Answer::new(
        403,
        r#"{"kind":"Status","reason":"Forbidden"}"#,
    )]);
    let problem = read(&refused.client()).await.unwrap_err();
    assert_eq!(problem.call(), "get configmaps/aws-auth in kube-system");
    let unread = Unread::from(problem);
    assert_eq!(unread.code, ReasonCode::AccessDenied);
}

proptest! {
    #[test]
    fn any_text_is_read_or_recorded(text in r#"([-a\[\]{}:,?&*!|>'"%#~ \n\t]|rolearn: |groups: |\PC){0,60}"#) {
        let _ = parsed(&json!({"mapRoles": text, "mapUsers": text, "mapAccounts": text}));
    }
}
