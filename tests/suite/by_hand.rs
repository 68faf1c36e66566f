//! `cargo demo -- --serve`: functions that are started elsewhere find the stand-in by the variables that it prints.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use eksentry_tests::lambda::{Function, binaries};

use crate::world::{ACCOUNT, workspace};

/// The last variable that the process prints.
const LAST: &str = "EKSENTRY_REPORT";
const TIMEOUT: Duration = Duration::from_secs(30);

#[test]
fn separately_started_functions_reach_the_served_account() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("by-hand");
    let mut served = Served::start(&folder);
    let environment = served.exported();

    // The stand-in accepts the sample's ResultToken, which AWS issued.
    let event = fs::read(workspace().join("events/config-rule/changed-cluster.json")).unwrap();
    let binary = binaries().unwrap().join("config-rule");
    let mut function = Function::start(&binary, environment)
        .unwrap()
        .of_account(ACCOUNT);
    let answer = function.invoke(&event, TIMEOUT).outcome.unwrap();
    assert_eq!(answer["failed"], 1, "{answer}");

    served.interrupt();
    assert!(served.process.wait().unwrap().success());
    let shown = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(shown.contains("cluster/mobile-banking") && shown.contains("NON_COMPLIANT"));
    assert!(
        shown.contains(r#""status":"FAILED""#),
        "the report does not show the status of the finding"
    );
}

struct Served {
    process: Child,
    /// Its output, which stays open: the process would fail to print more after it is closed.
    output: BufReader<ChildStdout>,
}

impl Served {
    fn start(folder: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_demo"))
            .args(["--serve", "127.0.0.1:0", "--to"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = child.unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// Returns the variables that the lines printed for a shell set.
    fn exported(&mut self) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        // The process prints them all, and then waits.
        while variables.last().is_none_or(|(name, _)| name != LAST) {
            let mut line = String::new();
            assert!(
                self.output.read_line(&mut line).unwrap() > 0,
                "{LAST} is missing"
            );
            let variable = line.trim_end().strip_prefix("export ");
            let (name, value) = variable.unwrap().split_once('=').unwrap();
            variables.push((name.to_owned(), value.to_owned()));
        }
        variables
    }

    /// Interrupts the process, as Ctrl-C does.
    fn interrupt(&self) {
        let process = self.process.id().to_string();
        let sent = Command::new("kill").args(["-INT", &process]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // This fails if the process has ended, as it should have.
        let _ = self.process.kill();
    }
}
