//! Ctrl-C, readers that close the pipe, and a full disk.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use eksentry_tests::stand_in::{Fault, FaultKind};

use super::{Desk, World};

#[test]
fn ctrl_c_ends_a_scan_and_leaves_no_file() {
    let desk = Desk::new("ctrl-c");
    let world = World::demo();
    world
        .aws
        .fail(Fault::new("eks.ListClusters", FaultKind::Latency(15_000)));
    let arguments = [
        "scan",
        "--output",
        "report.json",
        "--checks",
        "eks-endpoint-private",
    ];
    let mut command = desk.command(world.aws.environment(), &arguments);
    let mut scan = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while world.aws.calls_of("eks.ListClusters").is_empty() {
        assert_eq!(scan.try_wait().unwrap(), None, "the scan ended too early");
        thread::sleep(Duration::from_millis(20));
    }
    let process = scan.id().to_string();
    let sent = Command::new("kill").args(["-INT", &process]).status();
    assert!(sent.unwrap().success());
    let status = scan.wait().unwrap();
    let mut stderr = String::new();
    scan.stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("error: interrupted"), "{stderr}");
    assert_eq!(desk.files(), [""; 0]);
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let desk = Desk::new("pipe");
    let world = World::demo();
    for (arguments, code) in [
        (&["scan", "--checks", "eks-endpoint-private"] as &[&str], 1),
        (&["checks"], 0),
        (&["explain", "eks-endpoint-private"], 0),
        (&["completions", "bash"], 0),
    ] {
        let mut command = desk.command(world.aws.environment(), arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_table_that_cannot_be_written_is_an_error_and_the_files_are_written() {
    let desk = Desk::new("full");
    let world = World::demo();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for arguments in [
        &[
            "scan",
            "--checks",
            "eks-endpoint-private",
            "--output",
            "report.json",
        ] as &[&str],
        &["policy"],
    ] {
        let mut command = desk.command(world.aws.environment(), arguments);
        let output = command.stdout(full()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        let error = "the results can't be written to standard output";
        assert!(stderr.contains(error), "{stderr}");
    }
    assert!(desk.read("report.json").contains("eks-endpoint-private"));
    world.end();
}
