//! The command `eksentry`: scans of the stand-in's account, in processes of their own.

mod credentials;
mod files;
mod interruptions;
mod invoke;
mod lists;
mod policy;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use eksentry_tests::kubernetes::KubernetesApi;
use eksentry_tests::lambda::binaries;
use eksentry_tests::stand_in::StandIn;
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, workspace};

/// The result of a command.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// A folder in which commands run, and which is their home.
struct Desk(PathBuf);

impl Desk {
    /// Creates an empty folder for a test.
    fn new(test: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("command")
            .join(test);
        // The folder of an earlier run.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Returns a command that finds nothing of this machine but these variables.
    fn command(&self, environment: Vec<(String, String)>, arguments: &[&str]) -> Command {
        let mut command = Command::new(binaries().unwrap().join("eksentry"));
        command
            .args(arguments)
            .current_dir(&self.0)
            .env_clear()
            .env("HOME", &self.0)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(environment)
            .stdin(Stdio::null());
        command
    }

    fn run_with(&self, environment: Vec<(String, String)>, arguments: &[&str]) -> Ran {
        let output = self.command(environment, arguments).output().unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command with the credentials of the stand-in.
    fn run(&self, aws: &StandIn, arguments: &[&str]) -> Ran {
        self.run_with(aws.environment(), arguments)
    }

    /// Makes a scan with these options. Returns its results.
    fn scan(&self, aws: &StandIn, options: &[&str]) -> (Ran, Value) {
        let arguments = [&["scan", "--output", "report.json"], options].concat();
        let ran = self.run(aws, &arguments);
        let report = serde_json::from_str(&self.read("report.json")).unwrap();
        (ran, report)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Lists the names of the files in the folder.
    fn files(&self) -> Vec<String> {
        let files = fs::read_dir(&self.0).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.collect()
    }
}

/// Returns the status and the severity of each finding of a report, by the finding's id.
fn verdicts(report: &Value) -> BTreeMap<String, String> {
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let verdicts = findings.map(|finding| {
        let verdict = format!("{} {}", text(finding, "status"), text(finding, "severity"));
        (text(finding, "id"), verdict)
    });
    verdicts.collect()
}

/// Returns the status and the severity of each finding in Security Hub, by the finding's id.
fn verdicts_in_hub(world: &World) -> BTreeMap<String, String> {
    let mut verdicts = BTreeMap::new();
    world.aws.each_finding(|finding| {
        let finding = Value::Object(finding.clone());
        let text = |pointer| finding.pointer(pointer).unwrap().as_str().unwrap();
        let status = text("/Compliance/Status");
        let severity = text("/FindingProviderFields/Severity/Label");
        verdicts.insert(text("/Id").to_owned(), format!("{status} {severity}"));
    });
    verdicts
}

/// Lists the verdicts that are not among others.
fn without(verdicts: &BTreeMap<String, String>, others: &BTreeMap<String, String>) -> Vec<String> {
    let differing = verdicts.iter();
    let differing = differing.filter(|(id, verdict)| others.get(*id) != Some(verdict));
    differing
        .map(|(id, verdict)| format!("{verdict} {id}"))
        .collect()
}

/// Asserts that each call only reads.
fn assert_only_reads(aws: &StandIn) {
    for call in aws.calls() {
        let name = call.name();
        let operation = name.split('.').nth(1).unwrap();
        let reads = ["Describe", "List", "Get", "BatchGet"];
        assert!(
            reads.iter().any(|verb| operation.starts_with(verb)),
            "{name}"
        );
        assert!(!name.starts_with("securityhub."), "{name}");
    }
}

#[test]
fn a_scan_has_the_verdicts_of_a_sweep() {
    let desk = Desk::new("sweep");
    let mut world = World::demo();
    let (ran, report) = desk.scan(&world.aws, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_only_reads(&world.aws);
    let earlier = verdicts_in_hub(&world);
    world.sweep();
    let verdicts = verdicts(&report);
    assert!(verdicts.len() > 100, "{}", verdicts.len());
    let mut in_hub = verdicts_in_hub(&world);
    // Earlier findings are left, of a cluster that is gone and of an image whose scan is under way.
    in_hub.retain(|id, _| verdicts.contains_key(id) || !earlier.contains_key(id));
    assert_eq!(without(&verdicts, &in_hub), [""; 0], "only in the scan");
    assert_eq!(without(&in_hub, &verdicts), [""; 0], "only in Security Hub");
    assert_eq!(
        report["scopes"],
        json!([{"account": ACCOUNT, "region": REGION}])
    );
    world.end();
}

#[test]
fn the_table_has_the_reasons_and_the_commands() {
    let desk = Desk::new("table");
    let world = World::demo();
    let ran = desk.run(&world.aws, &["scan", "--checks", "eks-endpoint-private"]);
    assert_eq!(ran.code, Some(1));
    let words: String = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in [
        "HIGH, failed: ",
        "eks-endpoint-private",
        "aws eks update-cluster-config --region eu-central-1 --name ",
        " failed, ",
    ] {
        assert!(words.contains(text), "{text:?} is not in\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'));
    assert!(
        ran.stderr
            .contains("reading clusters of account 111122223333 in eu-central-1")
    );
    let quiet = desk.run(
        &world.aws,
        &["scan", "--checks", "eks-endpoint-private", "--quiet"],
    );
    assert_eq!(
        (quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()),
        (Some(1), "", "")
    );
    world.end();
}

#[test]
fn a_scan_can_be_narrowed() {
    let desk = Desk::new("narrowed");
    let world = World::demo();
    let cluster = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/payments-prod");
    let (_, of_cluster) = desk.scan(&world.aws, &["--resource", &cluster]);
    let found = verdicts(&of_cluster);
    assert!(
        !found.is_empty() && found.keys().all(|id| id.ends_with(&cluster)),
        "{found:?}"
    );

    let (_, severe) = desk.scan(&world.aws, &["--severity", "HIGH", "--service", "eks,kms"]);
    for finding in severe["findings"].as_array().unwrap() {
        let severity = finding["severity"].as_str().unwrap();
        let is_severe = ["HIGH", "CRITICAL"].contains(&severity);
        assert!(is_severe || finding["status"] != "FAILED", "{finding}");
        let check = finding["check"].as_str().unwrap();
        assert!(
            check.starts_with("eks-") || check.starts_with("kms-"),
            "{check}"
        );
    }

    let (_, standard) = desk.scan(&world.aws, &["--standard", "cis-eks"]);
    let checks = standard["checks"].as_array().unwrap();
    let of = |finding: &Value| checks.iter().find(|check| check["id"] == finding["check"]);
    for finding in standard["findings"].as_array().unwrap() {
        let controls = of(finding).unwrap()["controls"].to_string();
        assert!(controls.contains("CIS Amazon EKS Benchmark"), "{finding}");
    }
    world.end();
}

#[test]
fn exit_codes_tell_failures_from_what_could_not_be_read() {
    let desk = Desk::new("exit-codes");
    let rotation = ["scan", "--checks", "kms-cmk-rotation"];
    let world = World::with_all_enabled(
        json!({"keys": [{"KeyId": "1", "rotation": {"KeyRotationEnabled": true, "RotationPeriodInDays": 365}}]}),
    );
    let code = |options: &[&str]| desk.run(&world.aws, &[&rotation, options].concat()).code;
    assert_eq!(code(&[]), Some(0));
    world.deny("kms.GetKeyRotationStatus");
    assert_eq!(code(&[]), Some(2), "what was not read has not passed");
    world.aws.clear_faults();
    world.deny("kms.ListKeys");
    let ran = desk.run(&world.aws, &rotation);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stdout.contains("error: ") && ran.stdout.contains("kms:ListKeys"),
        "{}",
        ran.stdout
    );
    let quiet = desk.run(&world.aws, &[&rotation[..], &["--quiet"]].concat());
    assert!(quiet.stderr.contains("kms:ListKeys"), "{}", quiet.stderr);

    let failing = World::with_all_enabled(json!({"keys": [{"KeyId": "1"}]}));
    for (options, expected) in [
        (&[] as &[&str], 1),
        (&["--fail-on", "medium"], 1),
        (&["--fail-on", "high"], 0),
        (&["--fail-on", "never"], 0),
    ] {
        let ran = desk.run(&failing.aws, &[&rotation[..], options].concat());
        assert_eq!(ran.code, Some(expected), "{options:?}: {}", ran.stdout);
    }
    failing.end();
}

#[test]
fn mutes_and_settings_come_from_files() {
    let desk = Desk::new("documents");
    let world = World::with_all_enabled(json!({"keys": [{"KeyId": "1"}]}));
    let rotation = ["--checks", "kms-cmk-rotation"];
    desk.write(
        "mutes.json",
        r#"[{"check": "kms-cmk-rotation", "resource": "*", "reason": "SEC-1", "until": "2099-12-31"}]"#,
    );
    let (ran, muted) = desk.scan(
        &world.aws,
        &[&rotation[..], &["--mute-list", "mutes.json"]].concat(),
    );
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("1 of them muted"), "{}", ran.stdout);
    assert_eq!(
        muted["findings"][0]["exception"],
        json!({"reason": "SEC-1.", "until": "2099-12-31"})
    );

    desk.write("mutes.json", "[7]");
    let ran = desk.run(
        &world.aws,
        &[&["scan"], &rotation[..], &["--mute-list", "mutes.json"]].concat(),
    );
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("mutes.json, mute 1"), "{}", ran.stderr);

    desk.write("settings.yaml", "disabledChecks: [kms-cmk-rotation]\n");
    let (_, without) = desk.scan(
        &world.aws,
        &["--service", "kms", "--settings", "settings.yaml"],
    );
    assert!(
        !verdicts(&without)
            .keys()
            .any(|id| id.contains("kms-cmk-rotation"))
    );
    desk.write("settings.yaml", "disabledChecks: [kms-cmk]\n");
    let ran = desk.run(&world.aws, &["scan", "--settings", "settings.yaml"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("settings.yaml, line 1"),
        "{}",
        ran.stderr
    );
    world.end();
}

#[test]
fn contents_of_clusters_are_read_with_the_own_identity() {
    let desk = Desk::new("kubernetes");
    let world = World::demo();
    let apis = KubernetesApi::load_all(&workspace().join("tests/demo/contents.yaml")).unwrap();
    let servers: Vec<_> = apis.iter().map(|api| api.serve().unwrap()).collect();
    world.change(|account| {
        for (api, server) in apis.iter().zip(&servers) {
            let set = account.set_endpoint(&api.name(), &server.url(), &server.authority_data());
            set.unwrap();
        }
    });
    let (_, report) = desk.scan(&world.aws, &["--kubernetes", "--service", "k8s"]);
    let found = verdicts(&report);
    let failed = |check: &str| {
        let mut found = found.iter();
        found.any(|(id, verdict)| id.contains(check) && verdict.starts_with("FAILED"))
    };
    assert!(
        failed("k8s-pod-privileged") && failed("k8s-rbac-wildcards"),
        "{found:?}"
    );
    // Failures that an exception accepts are in the report, too.
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|one| {
        one["place"]["object"] != one["place"]["cluster"] && !one["exception"].is_null()
    }));
    for options in [["--checks", "k8s-pod-privileged"], ["--service", "k8s"]] {
        let ran = desk.run(&world.aws, &[&["scan"], &options[..]].concat());
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains("add --kubernetes"), "{}", ran.stderr);
    }
    for api in &apis {
        assert_eq!(api.violations(), [""; 0]);
    }

    // Nothing in clusters that can no longer be read looks as if it was fixed.
    drop(servers);
    std::fs::rename(desk.0.join("report.json"), desk.0.join("old.json")).unwrap();
    let privileged = ["--kubernetes", "--checks", "k8s-pod-privileged"];
    let options = ["--baseline", "old.json", "--output", "changes.csv"];
    let (ran, report) = desk.scan(&world.aws, &[&privileged[..], &options].concat());
    assert_eq!(ran.code, Some(2), "{}", ran.stdout);
    assert!(ran.stdout.contains(" 0 fixed, 0 gone, "), "{}", ran.stdout);
    let changes = desk.read("changes.csv");
    assert!(changes.contains(",NOT_EVALUATED,"), "{changes}");
    assert_eq!(report["narrowing"]["checks"], true);
    world.end();
}

#[test]
fn other_accounts_and_regions_are_evaluated() {
    let desk = Desk::new("places");
    let (other, region) = ("444455556666", "eu-west-1");
    let keys = || json!({"keys": [{"KeyId": "1"}]});
    let world = World::with_all_enabled(keys())
        .and_at(ACCOUNT, region, keys())
        .and_at(other, REGION, keys());
    let rotation = |options: &[&str]| {
        let options = [&["--checks", "kms-cmk-rotation"], options].concat();
        let (_, report) = desk.scan(&world.aws, &options);
        let places = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| {
                let text = |member: &str| finding[member].as_str().unwrap().to_owned();
                format!("{} {}", text("account"), text("region"))
            });
        places.collect::<Vec<_>>()
    };
    let place = |account: &str, region: &str| format!("{account} {region}");
    assert_eq!(rotation(&["--region", region]), [place(ACCOUNT, region)]);
    let mut both = rotation(&["--region", &format!("{region},{REGION}")]);
    both.sort();
    assert_eq!(both, [place(ACCOUNT, REGION), place(ACCOUNT, region)]);
    assert_eq!(rotation(&["--accounts", other]), [place(other, REGION)]);
    world.end();
}
