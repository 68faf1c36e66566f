//! Tests of account files.

use serde_json::json;

use super::*;

fn problem(text: &str) -> String {
    Account::parse("bank.yaml", text)
        .expect_err("it is not an account")
        .to_string()
}

/// The format in this module's documentation describes a valid account.
#[test]
fn the_documented_format_is_read() {
    let example: String = include_str!("../account.rs")
        .lines()
        .skip_while(|line| *line != "//! ```yaml")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| {
            format!(
                "{}\n",
                line.trim_start_matches("//!")
                    .strip_prefix(' ')
                    .unwrap_or_default()
            )
        })
        .collect();

    let account = Account::parse("the example", &example).expect("the example is an account");

    assert_eq!(account.clusters.len(), 2);
    assert_eq!(
        entries(account.clusters[1].members.get("nodegroups")).count(),
        1
    );
    assert_eq!(account.repositories[0].images.len(), 3);
    assert_eq!(account.faults.len(), 1);
    assert_eq!((account.buckets.len(), account.parameters.len()), (1, 1));
    assert_eq!(
        account.organization.expect("it manages one").accounts.len(),
        1
    );
}

#[test]
fn missing_ids_are_generated_and_always_the_same() {
    let text = "{account: '123456789012', region: eu-central-1, keys: [{aliases: [alias/a]}, {}]}";
    let (one, other) = (
        Account::parse("a", text).unwrap(),
        Account::parse("a", text).unwrap(),
    );

    assert_eq!(one.keys[0].id().len(), 36);
    assert_eq!(one.keys[0].id(), other.keys[0].id());
    assert_ne!(one.keys[0].id(), one.keys[1].id());
}

#[test]
fn a_null_member_stays() {
    let text =
        "{account: '123456789012', region: eu-central-1, clusters: [{name: a, logging: null}]}";
    let account = Account::parse("a", text).unwrap();

    assert_eq!(
        account.clusters[0].members.get("logging"),
        Some(&Value::Null)
    );
}

#[test]
fn problems_name_the_file_and_the_correction() {
    let head = "account: '123456789012'\nregion: eu-central-1\n";
    for (text, wanted) in [
        (format!("{head}cluster: []"), "unknown field `cluster`"),
        ("account: '1'\nregion: a".to_owned(), "twelve digits"),
        (
            format!("{head}clusters: [{{version: '1.30'}}]"),
            "clusters[0] has no name",
        ),
        (
            format!("{head}clusters: [{{name: a}}, {{name: a}}]"),
            "twice",
        ),
        (format!("{head}findings: [{{Id: a}}]"), "no ProductArn"),
        (
            format!("{head}clusters: [{{name: a, nodegroups: [{{version: '1'}}]}}]"),
            "nodegroups of a[0] has no nodegroupName",
        ),
        (format!("{head}subnets: a"), "subnets is not a list"),
        (
            format!("{head}subnets: [{{SubnetId: a}}, {{SubnetId: a}}]"),
            "subnets has SubnetId a twice",
        ),
        (
            format!("{head}clusters: [{{name: a, version: 1.30}}]"),
            "in quotes",
        ),
        (
            format!("{head}clusters: [{{name: a, tags: {{x: 1}}}}]"),
            "in quotes",
        ),
        (
            format!("{head}organization: {{units: [{{Id: a, ParentId: r-ab12}}]}}"),
            "ou-ab12",
        ),
        (
            format!("{head}organization: {{accounts: [{{Id: a, ParentId: ou-gone}}]}}"),
            "a root",
        ),
        (
            format!("{head}faults: [{{operation: '*', kind: throttle, one_in: 0}}]"),
            "one_in is 0",
        ),
    ] {
        let problem = problem(&text);
        assert!(
            problem.contains("bank.yaml") && problem.contains(wanted),
            "{problem}"
        );
    }
}

#[test]
fn tests_add_entries_as_in_a_file() {
    let mut account = Account::empty("123456789012", "eu-central-1");
    account
        .add(json!({"clusters": [{"name": "a", "nodegroups": [{"nodegroupName": "n"}]}]}))
        .unwrap();

    let cluster = account.cluster("a").expect("it was added");
    assert_eq!(cluster.members["nodegroups"][0]["nodegroupName"], "n");
    assert!(account.add(json!({"clusters": [{"name": "a"}]})).is_err());
    assert!(account.add(json!({"findings": []})).is_err());
}

/// Entries are found even if they have moved since the account was checked.
#[test]
fn moved_entries_are_found() {
    let mut account = Account::empty("123456789012", "eu-central-1");
    let repositories = json!([{"repositoryName": "a"}, {"repositoryName": "b"}]);
    account.add(json!({"repositories": repositories})).unwrap();

    account.repositories.remove(0);
    assert_eq!(account.repository("b").expect("it stays").name(), "b");
    assert!(account.repository("a").is_none());
    account.prepare("the account").unwrap();
    assert_eq!(account.index.repositories["b"], 0);
}
