//! Folders, commands on them, and nodes that run: what stories are told with.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Long enough for a machine that is busy with other things.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A folder of a device, which is not there yet.
pub(crate) struct Place {
    folder: TempDir,
    path: PathBuf,
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A process that is killed when it is no longer needed.
pub(crate) struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What it says on the standard error; a pipe that nobody reads would stop it.
    err: File,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device");
        Self { folder, path }
    }

    /// The folder of the device.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file beside it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        self.command_by(&[], words)
    }

    /// A command that another program carries out.
    pub(crate) fn command_by(&self, program: &[&str], words: &[&str]) -> Command {
        let all = [program, &[env!("CARGO_BIN_EXE_swarmlet")], words].concat();
        let mut command = Command::new(all[0]);
        command.args(&all[1..]).stdin(Stdio::null());
        for name in ["SWARMLET_LOG", "NOTIFY_SOCKET", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.env("SWARMLET_FOLDER", &self.path);
        command.current_dir(self.folder.path());
        command
    }

    /// Does a command, whatever comes of it.
    pub(crate) fn ask(&self, words: &[&str]) -> Said {
        Said::of(&mut self.command(words))
    }

    /// Does a command that has to succeed; what it printed.
    pub(crate) fn print(&self, words: &[&str]) -> String {
        self.ask(words).done(words)
    }

    /// Does a command that has to succeed; the rows.
    pub(crate) fn rows(&self, words: &[&str]) -> Vec<Value> {
        let mut words = words.to_vec();
        words.push("--json");
        let out = self.print(&words);
        let rows = out.lines().map(serde_json::from_str);
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// Does a command that has to succeed and gives one row.
    pub(crate) fn row(&self, words: &[&str]) -> Value {
        let mut rows = self.rows(words);
        assert_eq!(rows.len(), 1, "{words:?}: {rows:?}");
        rows.remove(0)
    }

    /// Does a command that has to fail; the code and the error.
    pub(crate) fn fail(&self, words: &[&str]) -> (i32, Value) {
        let mut words = words.to_vec();
        words.push("--json");
        let said = self.ask(&words);
        let line = said.err.lines().last().unwrap_or_default();
        let error: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{said:?}"));
        assert_ne!(said.code, Some(0));
        (said.code.unwrap(), error["error"].clone())
    }

    /// Does a command with something on its standard input.
    pub(crate) fn feed(&self, words: &[&str], input: &[u8]) -> Said {
        let mut command = self.command(words);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let fed = std::thread::spawn(move || stdin.write_all(&input));
        let said = Said::from(child.wait_with_output().unwrap());
        let _ = fed.join().unwrap();
        said
    }

    /// Starts the node, and waits until it runs.
    pub(crate) fn run(&self) -> Running {
        self.run_logging("warn")
    }

    /// Starts the node with all that it has to say, and without a gateway: many nodes run at the
    /// same time, and there is one usual port.
    pub(crate) fn run_logging(&self, filter: &str) -> Running {
        self.print(&["settings", "set", "gateway.enabled", "false"]);
        let mut running = self.start(&["run", "--log", filter]);
        let line = running.line();
        assert!(
            line.starts_with("node ") && line.ends_with(" runs"),
            "{line}"
        );
        running
    }

    /// Starts a command that does not end by itself.
    pub(crate) fn start(&self, words: &[&str]) -> Running {
        Running::of(&mut self.command(words))
    }

    /// Asks until a row is as wanted.
    pub(crate) fn until(&self, words: &[&str], is_wanted: impl Fn(&[Value]) -> bool) {
        let begun = Instant::now();
        loop {
            let rows = self.rows(words);
            if is_wanted(&rows) {
                return;
            }
            assert!(begun.elapsed() < SOON, "{words:?}: {rows:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Said {
    pub(crate) fn of(command: &mut Command) -> Self {
        command.output().unwrap().into()
    }

    /// What was printed, if it succeeded.
    pub(crate) fn done(self, words: &[impl AsRef<OsStr> + std::fmt::Debug]) -> String {
        assert_eq!(self.code, Some(0), "{words:?}: {self:?}");
        self.out
    }
}

impl From<std::process::Output> for Said {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Running {
    pub(crate) fn of(command: &mut Command) -> Self {
        let err = tempfile::tempfile().unwrap();
        command
            .stdout(Stdio::piped())
            .stderr(err.try_clone().unwrap());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, err }
    }

    /// What it has said on the standard error.
    pub(crate) fn complaints(&mut self) -> String {
        let mut text = String::new();
        self.err.rewind().unwrap();
        self.err.read_to_string(&mut text).unwrap();
        text
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "it ended: {}", self.complaints());
        line.trim_end().to_owned()
    }

    /// The number of its process.
    pub(crate) fn number(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < SOON, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        let err = self.complaints();
        (status, err)
    }

    /// Stops a node as a service manager does.
    pub(crate) fn stop(self) {
        self.signal(Signal::TERM);
        let (status, err) = self.wait();
        assert!(status.success(), "{status}: {err}");
    }
}

/// Whether the test is run by root; what others do not see is told.
#[expect(clippy::print_stderr, reason = "a test that looks at nothing says so")]
pub(crate) fn is_root(what: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("skipped: {what} takes root");
    }
    is_root
}

/// What a gateway answers, head and all; with a person's token if there is one.
pub(crate) fn fetch(address: &str, path: &str, token: Option<&str>) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    let token = token.unwrap_or_default();
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{token}\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
