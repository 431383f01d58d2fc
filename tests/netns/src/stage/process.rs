//! A process in a namespace: this very program in a role, spoken to over pipes.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};

use super::interrupt;
use super::network::Host;

/// A running process; killed when dropped.
pub(super) struct Process {
    child: Arc<Mutex<Child>>,
    input: ChildStdin,
}

impl Process {
    /// Starts it at a host; what it prints comes with it.
    pub(super) fn start(host: &Host<'_>, role: &[&str]) -> Result<(Self, BufReader<ChildStdout>)> {
        let program = std::env::current_exe().context("where this program is")?;
        // `ip` becomes the program, so that its process is the child itself.
        let mut child = Command::new("ip")
            .args(["netns", "exec", host.namespace()])
            .arg(program)
            .args(role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("no process")?;
        let input = child.stdin.take().context("it has a pipe")?;
        let output = child.stdout.take().context("it has a pipe")?;
        let child = Arc::new(Mutex::new(child));
        interrupt::register(&child)?;
        Ok((Self { child, input }, BufReader::new(output)))
    }

    /// Sends a line.
    pub(super) fn tell(&mut self, line: &str) -> Result<()> {
        let line = format!("{line}\n");
        self.input
            .write_all(line.as_bytes())
            .context("the process has ended")
    }

    /// Kills it with signal 9, and waits until it is gone.
    pub(super) fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Reads the next line that such a process prints.
pub(super) fn read_line(output: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    let len = output.read_line(&mut line)?;
    anyhow::ensure!(len > 0 && line.ends_with('\n'), "the process has ended");
    Ok(line)
}
