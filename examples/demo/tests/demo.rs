//! The demo, run as its user runs it, without a terminal: it ends well, goes on where it was, and
//! fails when one of its processes does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn demo(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swarmlet-demo"));
    command.arg("--folder").arg(folder).args(words);
    command
}

fn shown(output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Starts a long run, and returns it with the process of line 2 when everybody works.
fn start(folder: &Path) -> (Killed, BufReader<impl std::io::Read>, String) {
    let child = demo(folder, &["--seconds", "600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = Killed(child.unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap());
    let mut process = None;
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it has ended");
        if let Some(rest) = line.strip_prefix("line-2 (process ") {
            process = rest.split(')').next().map(str::to_owned);
        }
        if line.starts_with("  1 s") {
            return (child, lines, process.unwrap());
        }
    }
}

fn signal(name: &str, process: &str) {
    let sent = Command::new("kill").arg(name).arg(process).status();
    assert!(sent.unwrap().success());
}

fn ends(child: &mut Killed) -> (bool, String) {
    let deadline = Instant::now() + SOON;
    while Instant::now() < deadline {
        if let Some(status) = child.0.try_wait().unwrap() {
            let mut errors = String::new();
            let mut output = child.0.stderr.take().unwrap();
            output.read_to_string(&mut errors).unwrap();
            return (status.success(), errors);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it did not end");
}

#[test]
fn three_processes_end_with_the_same_log_and_go_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let first = shown(demo(folder.path(), &["--seconds", "3"]).output().unwrap());
    assert!(first.contains("has joined by its invite"), "{first}");
    assert!(first.contains("All three logs are equal: "), "{first}");
    assert!(first.contains("line-2 was cut off for "), "{first}");
    for part in [
        "Meanwhile the office stored a picture of the floor, 4.3 MB: line-1 had all of it after ",
        "The picture, read and hashed in each process, is the same in all three",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    check_pictures(folder.path());
    let second = shown(demo(folder.path(), &["--seconds", "1"]).output().unwrap());
    assert!(second.contains("a member since an earlier run"), "{second}");
    assert!(second.contains("All three logs are equal: "), "{second}");

    let query = ["--query", "FROM 'box'"];
    let ask = |folder: &Path| shown(demo(folder, &query).output().unwrap());
    let boxes = ask(folder.path());
    assert!(boxes.lines().count() > 2, "{boxes}");
    assert_eq!(ask(&folder.path().join("line-2")), boxes);
}

/// The picture lies in the folder of each device as it was saved, and is told of in the log.
fn check_pictures(folder: &Path) {
    let saved = std::fs::read(folder.join("floor.bmp")).unwrap();
    assert!(saved.starts_with(b"BM"));
    for device in ["office", "line-1", "line-2"] {
        let query = ["--query", "FROM 'blob' & 'picture' SELECT _.blob"];
        let told = shown(demo(&folder.join(device), &query).output().unwrap());
        let id = told.split('"').find(|text| text.len() == 64).unwrap();
        let path = folder.join(device).join("blobs").join(format!("{id}.blob"));
        assert_eq!(std::fs::read(path).unwrap(), saved, "{device}");
    }
}

#[test]
fn a_process_that_dies_ends_the_run_with_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, _lines, line_2) = start(folder.path());
    signal("-KILL", &line_2);
    let (is_success, errors) = ends(&mut child);
    assert!(!is_success);
    assert!(
        errors.contains("line-2 ended before it was told to"),
        "{errors}"
    );
}

#[test]
fn an_interrupt_ends_all_processes_and_the_logs_are_compared_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, mut lines, line_2) = start(folder.path());
    signal("-INT", &child.0.id().to_string());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let (is_success, errors) = ends(&mut child);
    assert!(is_success, "{errors}");
    assert!(rest.contains("All three logs are equal: "), "{rest}");
    assert!(!Path::new("/proc").join(line_2).exists());
}
