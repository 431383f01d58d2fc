//! The example, run as its user runs it: two processes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn line_with(lines: &mut Lines<BufReader<ChildStdout>>, start: &str) -> String {
    loop {
        let line = lines.next().unwrap().unwrap();
        if let Some(rest) = line.strip_prefix(start) {
            return rest.to_owned();
        }
    }
}

#[test]
fn what_one_device_reports_the_other_one_sees() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_swarmlet-two-devices");
    let first = Command::new(program)
        .arg("found")
        .arg(folder.path().join("dashboard"))
        .stdout(Stdio::piped())
        .spawn();
    let mut first = Killed(first.unwrap());
    let mut lines = BufReader::new(first.0.stdout.take().unwrap()).lines();
    let invite = line_with(&mut lines, "invite: ");
    let second = Command::new(program)
        .arg("join")
        .arg(folder.path().join("press"))
        .arg(invite)
        .output()
        .unwrap();
    let shown = String::from_utf8(second.stdout).unwrap();
    let errors = String::from_utf8_lossy(&second.stderr);
    assert!(shown.starts_with("in sync with "), "{shown} {errors}");
    for number in 1..=10 {
        assert_eq!(line_with(&mut lines, "part "), number.to_string());
    }
}
