//! `cargo demo -- --serve`: functions that are started elsewhere find the stand-in by the variables that it prints.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use eksentry_tests::lambda::{Function, binaries};

use crate::world::{ACCOUNT, workspace};

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
    assert!(served.0.wait().unwrap().success());
    let shown = fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(shown.contains("cluster/mobile-banking") && shown.contains("NON_COMPLIANT"));
    assert!(
        shown.contains(r#""status":"FAILED""#),
        "the report does not show the status of the finding"
    );
}

struct Served(Child);

impl Served {
    fn start(folder: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_demo"))
            .args(["--serve", "127.0.0.1:0", "--to"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    /// Returns the variables that the lines printed for a shell set.
    fn exported(&mut self) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        for line in BufReader::new(self.0.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let (name, value) = line
                .strip_prefix("export ")
                .unwrap()
                .split_once('=')
                .unwrap();
            variables.push((name.to_owned(), value.to_owned()));
            // This is the last variable. The process would fail to print others after the pipe is closed.
            if name == "EKSENTRY_REPORT" {
                break;
            }
        }
        variables
    }

    /// Interrupts the process, as Ctrl-C does.
    fn interrupt(&self) {
        let process = self.0.id().to_string();
        let sent = Command::new("kill").args(["-INT", &process]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // This fails if the process has ended, as it should have.
        let _ = self.0.kill();
    }
}
