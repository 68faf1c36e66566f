use super::*;
use crate::checks::samples::{kubernetes_cluster, settings, unread};
use crate::evaluation::workloads::tests::objects_of;
use crate::facts::List;
use crate::facts::kubernetes::UnreadablePlace;
use crate::verdict::Outcome::{Failed, NotApplicable, NotAvailable, Passed, Warning};

const HIGH: Outcome = Failed(Severity::High);
const MEDIUM: Outcome = Failed(Severity::Medium);
const ROLE: &str = "arn:aws:iam::111122223333:role/dev";
const USER: &str = "arn:aws:iam::111122223333:user/ann";
const NODE: &str = "system:node:{{EC2PrivateDNSName}}";

/// Returns an entry; the groups are separated by commas.
fn mapping(arn: &str, username: &str, groups: &str) -> Mapping {
    let groups = groups.split(',').filter(|group| !group.is_empty());
    Mapping {
        arn: arn.into(),
        username: username.into(),
        groups: groups.map(str::to_owned).collect(),
    }
}

fn of_roles(roles: &[Mapping]) -> AwsAuth {
    AwsAuth {
        roles: roles.to_vec(),
        ..AwsAuth::default()
    }
}

fn of_users(users: &[Mapping]) -> AwsAuth {
    AwsAuth {
        users: users.to_vec(),
        ..AwsAuth::default()
    }
}

fn cluster(mode: &str, aws_auth: AwsAuth) -> KubernetesCluster {
    KubernetesCluster {
        authentication_mode: AuthenticationMode::read(mode),
        aws_auth: Ok(Some(aws_auth)),
        ..kubernetes_cluster()
    }
}

fn verdict_of(facts: &KubernetesCluster, parameters: &str) -> Verdict {
    evaluate(facts, &settings(CHECK.parameters, parameters))
}

fn assert_verdict(facts: &KubernetesCluster, outcome: Outcome, codes: &[&str]) {
    let verdict = verdict_of(facts, "{}");
    assert_eq!(
        (verdict.outcome, verdict.codes()),
        (outcome, codes.to_vec()),
        "{facts:?}"
    );
}

#[test]
fn roles_have_names_and_groups_with_limits() {
    let administrator: &[&str] = &["MAPS_ADMINISTRATOR"];
    let system: &[&str] = &["MAPS_SYSTEM_USER"];
    let node_groups: &[&str] = &["MAPS_NODE_GROUPS"];
    let passed: &[&str] = &["AWS_AUTH_OF_ROLES"];
    for (username, groups, outcome, codes) in [
        ("dev", "developers", Passed, passed),
        ("dev:{{SessionName}}", "developers", Passed, passed),
        (
            "{{AccountID}}:{{SessionName}}",
            "developers",
            Passed,
            passed,
        ),
        ("systems:dev", "developers", Passed, passed),
        ("system", "developers", Passed, passed),
        ("dev", "system:monitoring", Passed, passed),
        ("dev", "", Passed, passed),
        ("", "developers", Passed, passed),
        (NODE, "system:bootstrappers,system:nodes", Passed, passed),
        (
            NODE,
            "eks:kube-proxy-windows,system:bootstrappers,system:nodes",
            Passed,
            passed,
        ),
        (
            "system:node:{{SessionName}}",
            "system:bootstrappers,system:nodes,system:node-proxier",
            Passed,
            passed,
        ),
        ("platform", "system:masters", HIGH, administrator),
        (NODE, "system:nodes,system:masters", HIGH, administrator),
        (
            "dev",
            "system:{{SessionName}}",
            HIGH,
            &["MAPS_ADMINISTRATOR", "MAPS_NODE_GROUPS"],
        ),
        ("system:admin", "developers", HIGH, system),
        ("system:node:ip-10-0-0-1", "", HIGH, system),
        ("system:node:{{SessionNameRaw}}", "", HIGH, system),
        (
            "{{SessionName}}:admin",
            "",
            HIGH,
            &["MAPS_SYSTEM_USER", "FREE_USERNAME"],
        ),
        ("dev", "system:nodes", HIGH, node_groups),
        ("dev", "system:bootstrappers", HIGH, node_groups),
        ("", "system:nodes", HIGH, node_groups),
        ("{{SessionName}}", "developers", Warning, &["FREE_USERNAME"]),
        (
            "{{SessionNameRaw}}-dev",
            "developers",
            Warning,
            &["FREE_USERNAME"],
        ),
    ] {
        let aws_auth = of_roles(&[mapping(ROLE, username, groups)]);
        assert_verdict(&cluster("CONFIG_MAP", aws_auth), outcome, codes);
    }
}

#[test]
fn entries_are_for_roles_of_known_accounts() {
    for (aws_auth, outcome, codes) in [
        (
            of_users(&[mapping(USER, "ann", "")]),
            MEDIUM,
            vec!["MAPS_USER"],
        ),
        (
            of_users(&[mapping(ROLE, "dev", "")]),
            MEDIUM,
            vec!["MAPS_USER"],
        ),
        (
            of_roles(&[mapping(USER, "ann", "")]),
            MEDIUM,
            vec!["MAPS_USER"],
        ),
        (
            of_roles(&[mapping("arn:aws:iam::111122223333:root", "root", "")]),
            MEDIUM,
            vec!["MAPS_USER"],
        ),
        (
            of_users(&[mapping(USER, "ann", "system:masters")]),
            HIGH,
            vec!["MAPS_ADMINISTRATOR", "MAPS_USER"],
        ),
        (
            of_roles(&[mapping("arn:aws:iam::444455556666:role/dev", "dev", "")]),
            MEDIUM,
            vec!["MAPS_OTHER_ACCOUNT"],
        ),
        (
            AwsAuth {
                accounts: ["111122223333".to_owned()].into(),
                ..AwsAuth::default()
            },
            MEDIUM,
            vec!["MAPS_ACCOUNT"],
        ),
        (AwsAuth::default(), Passed, vec!["AWS_AUTH_OF_ROLES"]),
    ] {
        assert_verdict(&cluster("CONFIG_MAP", aws_auth), outcome, &codes);
    }
    let foreign = of_roles(&[mapping("arn:aws:iam::444455556666:role/dev", "dev", "")]);
    let foreign = cluster("CONFIG_MAP", foreign);
    let verdict = verdict_of(&foreign, r#"{"allowedAccounts": "444455556666"}"#);
    assert_eq!(verdict.outcome, Passed);
    let text = verdict_of(&foreign, "{}").explanation();
    assert!(
        text.ends_with(": arn:aws:iam::444455556666:role/dev."),
        "{text}"
    );
}

#[test]
fn entries_that_match_nothing_need_a_review() {
    for arn in [
        "arn:aws:iam::111122223333:role/team/dev",
        "arn:aws:sts::111122223333:assumed-role/dev/ann",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::1:role/dev",
        "dev",
        "",
    ] {
        let facts = cluster("CONFIG_MAP", of_roles(&[mapping(arn, "dev", "developers")]));
        assert_verdict(&facts, Warning, &["MAPPING_MATCHES_NOTHING"]);
    }
    // The path may be removed, so that the entry counts.
    let arn = "arn:aws:iam::111122223333:role/team/dev";
    let facts = cluster(
        "CONFIG_MAP",
        of_roles(&[mapping(arn, "dev", "system:masters")]),
    );
    assert_verdict(
        &facts,
        HIGH,
        &["MAPS_ADMINISTRATOR", "MAPPING_MATCHES_NOTHING"],
    );
}

#[test]
fn the_last_entry_for_an_arn_counts() {
    let administrator = mapping(ROLE, "dev", "system:masters");
    let developer = mapping(&ROLE.to_uppercase(), "dev", "developers");
    for (roles, outcome, codes) in [
        (
            vec![administrator.clone(), developer.clone()],
            Warning,
            vec!["MAPPINGS_DIFFER"],
        ),
        (
            vec![developer.clone(), administrator.clone()],
            HIGH,
            vec!["MAPS_ADMINISTRATOR", "MAPPINGS_DIFFER"],
        ),
        (
            vec![developer.clone(), administrator, developer.clone()],
            Warning,
            vec!["MAPPINGS_DIFFER"],
        ),
        (
            vec![developer.clone(), mapping(ROLE, "dev", "developers")],
            Passed,
            vec!["AWS_AUTH_OF_ROLES"],
        ),
    ] {
        assert_verdict(&cluster("CONFIG_MAP", of_roles(&roles)), outcome, &codes);
    }
}

#[test]
fn parts_that_can_not_be_read_hide_no_others() {
    let place = |part, line| UnreadablePlace { part, line };
    let unreadable = AwsAuth {
        unreadable: [place(AwsAuthPart::Roles, 3)].into(),
        ..AwsAuth::default()
    };
    let facts = cluster("CONFIG_MAP", unreadable.clone());
    assert_verdict(&facts, Warning, &["AWS_AUTH_UNREADABLE"]);
    let text = verdict_of(&facts, "{}").explanation();
    assert!(text.ends_with(": mapRoles (line 3)."), "{text}");
    let with_user = AwsAuth {
        users: vec![mapping(USER, "ann", "")],
        ..unreadable
    };
    let facts = cluster("CONFIG_MAP", with_user);
    assert_verdict(&facts, MEDIUM, &["MAPS_USER", "AWS_AUTH_UNREADABLE"]);
}

#[test]
fn an_access_entry_replaces_the_entry_of_its_principal() {
    let aws_auth = || {
        let mut aws_auth = of_roles(&[mapping(ROLE, "dev", "system:masters")]);
        aws_auth.users = vec![mapping(USER, "ann", "")];
        aws_auth
    };
    let role_with_path = "arn:aws:iam::111122223333:role/Team/Dev";
    let both: &[&str] = &["MAPS_ADMINISTRATOR", "MAPS_USER"];
    for (mode, entries, outcome, codes) in [
        ("API_AND_CONFIG_MAP", vec![], HIGH, both),
        (
            "API_AND_CONFIG_MAP",
            vec![role_with_path],
            MEDIUM,
            &["MAPS_USER"],
        ),
        (
            "API_AND_CONFIG_MAP",
            vec![role_with_path, USER],
            Passed,
            &["AWS_AUTH_OF_ROLES"],
        ),
        (
            "API_AND_CONFIG_MAP",
            vec!["arn:aws:iam::444455556666:role/dev"],
            HIGH,
            both,
        ),
        ("CONFIG_MAP", vec![role_with_path, USER], HIGH, both),
        // Without a mode, the ConfigMap alone counts.
        ("", vec![role_with_path, USER], HIGH, both),
        // It is unknown if access entries count under another mode, so they hide nothing.
        (
            "NEW",
            vec![role_with_path, USER],
            NotAvailable,
            &["UNKNOWN_AUTHENTICATION_MODE"],
        ),
    ] {
        let entries = entries.into_iter().map(Principal::new);
        let facts = KubernetesCluster {
            access_entries: List::complete(entries.collect()),
            ..cluster(mode, aws_auth())
        };
        assert_verdict(&facts, outcome, codes);
    }
}

#[test]
fn nothing_is_certain_while_access_entries_are_unknown() {
    let unknown = |mode: &str, aws_auth| KubernetesCluster {
        access_entries: List::unread(unread()),
        ..cluster(mode, aws_auth)
    };
    let administrator = || of_roles(&[mapping(ROLE, "dev", "system:masters")]);
    let with_account = || AwsAuth {
        accounts: ["111122223333".to_owned()].into(),
        ..administrator()
    };
    for (mode, aws_auth, outcome, codes) in [
        (
            "API_AND_CONFIG_MAP",
            administrator(),
            NotAvailable,
            vec!["ACCESS_DENIED"],
        ),
        (
            "API_AND_CONFIG_MAP",
            with_account(),
            MEDIUM,
            vec!["MAPS_ACCOUNT", "ACCESS_DENIED"],
        ),
        (
            "API_AND_CONFIG_MAP",
            of_roles(&[mapping(ROLE, "dev", "developers")]),
            Passed,
            vec!["AWS_AUTH_OF_ROLES"],
        ),
        (
            "CONFIG_MAP",
            administrator(),
            HIGH,
            vec!["MAPS_ADMINISTRATOR"],
        ),
        (
            "NEW",
            administrator(),
            NotAvailable,
            vec!["UNKNOWN_AUTHENTICATION_MODE"],
        ),
        ("", administrator(), HIGH, vec!["MAPS_ADMINISTRATOR"]),
    ] {
        assert_verdict(&unknown(mode, aws_auth), outcome, &codes);
    }
}

#[test]
fn the_outcome_without_entries_depends_on_what_was_read() {
    let with = |mode: &str, aws_auth| KubernetesCluster {
        authentication_mode: AuthenticationMode::read(mode),
        aws_auth,
        ..kubernetes_cluster()
    };
    let administrator = || of_roles(&[mapping(ROLE, "dev", "system:masters")]);
    for (facts, outcome, codes) in [
        (with("CONFIG_MAP", Ok(None)), Passed, ["AWS_AUTH_ABSENT"]),
        (
            with("CONFIG_MAP", Err(unread())),
            NotAvailable,
            ["ACCESS_DENIED"],
        ),
        (with("API", Ok(None)), NotApplicable, ["AWS_AUTH_IGNORED"]),
        (
            with("API", Err(unread())),
            NotApplicable,
            ["AWS_AUTH_IGNORED"],
        ),
        (
            with("API", Ok(Some(administrator()))),
            NotApplicable,
            ["AWS_AUTH_IGNORED"],
        ),
    ] {
        assert_verdict(&facts, outcome, &codes);
    }
    let text = verdict_of(&with("API", Ok(Some(administrator()))), "{}").explanation();
    assert!(text.ends_with("delete it."), "{text}");
}

#[test]
fn the_order_of_entries_with_different_arns_has_no_effect() {
    let one = mapping(ROLE, "dev", "system:masters");
    let other = mapping(USER, "ann", "");
    let verdict = |roles: &[Mapping]| verdict_of(&cluster("CONFIG_MAP", of_roles(roles)), "{}");
    assert_eq!(
        verdict(&[one.clone(), other.clone()]),
        verdict(&[other, one])
    );
}

#[test]
fn names_from_the_config_map_are_cut() {
    let arn = format!("{ROLE}{}", "x".repeat(100_000));
    let facts = cluster(
        "CONFIG_MAP",
        of_roles(&[mapping(&arn, "dev", "system:masters")]),
    );
    assert!(verdict_of(&facts, "{}").explanation().len() < 1_000);
}

#[test]
fn the_finding_is_about_the_cluster() {
    let facts = cluster("CONFIG_MAP", AwsAuth::default());
    let objects = objects_of(&CHECK, &facts, "{}");
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0].name, "payments");
    assert_eq!(objects[0].resource.name(), "payments");
}
