//! A driver process: requests go in, answers come out, and nothing is waited for without an end.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::json::{self, Merges};

/// A running driver.
#[derive(Debug)]
pub(crate) struct Driver {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    said: Arc<Mutex<String>>,
    /// Reads standard error; it ends when nobody can write there any more.
    listener: Option<JoinHandle<()>>,
    next: u64,
    /// Answers that came while another was waited for.
    early: BTreeMap<u64, Answer>,
    pub(crate) merges: Merges,
}

/// How the first exchange went.
pub(crate) enum Started {
    Running(Box<Driver>),
    /// It cannot run on this machine, and says why.
    Unable(String),
}

impl Driver {
    /// Starts a driver in the root of the repository, and greets it.
    pub(crate) fn start(words: &[String], root: &Path) -> Result<Started> {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(root);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", words.join(" ")))?;
        let (tx, lines) = channel();
        let output = child.stdout.take().context("a driver has an output")?;
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            let _ = lines.into_iter().try_for_each(|line| tx.send(line));
        });
        let said = Arc::new(Mutex::new(String::new()));
        let errors = child
            .stderr
            .take()
            .context("a driver has an error output")?;
        let heard = said.clone();
        let listener = thread::spawn(move || listen(BufReader::new(errors).lines(), &heard));
        let mut driver = Self {
            input: child.stdin.take(),
            child,
            lines,
            said,
            listener: Some(listener),
            next: 1,
            early: BTreeMap::new(),
            merges: Merges::default(),
        };
        match driver.greet() {
            Ok(()) => Ok(Started::Running(Box::new(driver))),
            Err(error) => {
                // One that still runs is told that nothing more comes.
                drop(driver.input.take());
                match driver.wait_exit(GRACE) {
                    Ok(status) if status.code() == Some(UNABLE) => {
                        Ok(Started::Unable(driver.said().trim().to_owned()))
                    }
                    _ => Err(error.context(driver.said())),
                }
            }
        }
    }

    fn greet(&mut self) -> Result<()> {
        let answer = self.ask("hello", Map::new())?;
        let Answer::Ok(hello) = &answer else {
            bail!("instead of a greeting came {}", answer.shown());
        };
        ensure!(
            hello["protocol"] == 1,
            "the driver speaks another protocol: {hello}"
        );
        let merges = hello["merges"]
            .as_array()
            .context("the greeting has merges")?;
        for merged in merges {
            ensure!(merged == "whole_floats", "{merged} cannot be merged");
            self.merges.whole_floats = true;
        }
        Ok(())
    }

    /// Asks and waits for the answer.
    pub(crate) fn ask(&mut self, op: &str, arguments: Map<String, Value>) -> Result<Answer> {
        let allowed = allowed(&arguments);
        let id = self.send(op, arguments)?;
        self.wait(id, allowed)
    }

    /// Asks, to wait for the answer later.
    pub(crate) fn send(&mut self, op: &str, arguments: Map<String, Value>) -> Result<u64> {
        let id = self.next;
        self.next += 1;
        let request = json!({"id": id, "op": op, "args": arguments});
        let input = self.input.as_mut().context("the driver was told to end")?;
        writeln!(input, "{request}")
            .and_then(|()| input.flush())
            .with_context(|| format!("the driver does not listen any more: {}", self.said()))?;
        Ok(id)
    }

    /// Waits for the answer to a request.
    pub(crate) fn wait(&mut self, id: u64, allowed: Duration) -> Result<Answer> {
        let deadline = Instant::now() + allowed;
        loop {
            if let Some(answer) = self.early.remove(&id) {
                return Ok(answer);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let line = match self.lines.recv_timeout(left) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => bail!("no answer within {allowed:?}"),
                Err(RecvTimeoutError::Disconnected) => bail!("the driver has ended"),
            };
            let (answered, answer) = Answer::parse(json::read(&line)?)
                .with_context(|| format!("the driver wrote {line}"))?;
            self.early.insert(answered, answer);
        }
    }

    /// What it wrote for people.
    pub(crate) fn said(&self) -> String {
        self.said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Forgets what it wrote for people, which was about what came out right.
    fn hush(&self) {
        self.said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Closes everything that is open, for the next scenario.
    pub(crate) fn reset(&mut self) -> Result<()> {
        let answer = self.ask("reset", Map::new())?;
        ensure!(answer == Answer::Ok(Value::Null), "{}", answer.shown());
        self.hush();
        Ok(())
    }

    /// Waits for the end of the process, and for the last of what it wrote for people.
    pub(crate) fn wait_exit(&mut self, allowed: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + allowed;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                self.hear_out(deadline);
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(2));
        }
        bail!("the driver did not end within {allowed:?}")
    }

    /// Waits until all that was written to standard error has arrived. A process that the driver
    /// left behind may hold it open for longer than there is time.
    fn hear_out(&mut self, deadline: Instant) {
        while self.listener.as_ref().is_some_and(|one| !one.is_finished()) {
            if Instant::now() >= deadline {
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
        // It reads and keeps what it read, and does not panic.
        let _ = self.listener.take().map(JoinHandle::join);
    }

    /// Kills it, and says what it wrote for people to its end.
    pub(crate) fn last_words(mut self) -> String {
        drop(self.input.take());
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.hear_out(Instant::now() + ECHO);
        self.said()
    }

    /// Ends its input, at which it has to end with success.
    pub(crate) fn finish(mut self) -> Result<()> {
        drop(self.input.take());
        let status = self.wait_exit(GRACE)?;
        ensure!(
            status.success(),
            "the driver ended with {status}: {}",
            self.said()
        );
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps the last of what a driver says, so that one that talks does not fill the memory.
fn listen(lines: impl Iterator<Item = std::io::Result<String>>, said: &Mutex<String>) {
    for line in lines.map_while(Result::ok) {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() > SAID_MAX {
            said.clear();
        }
        said.push_str(&line);
        said.push('\n');
    }
}

/// What a request may take: what it says it waits, and then some.
pub(crate) fn allowed(arguments: &Map<String, Value>) -> Duration {
    let asked = arguments.get("timeout_ms").and_then(Value::as_u64);
    Duration::from_millis(asked.unwrap_or_default()) + GRACE
}

/// Time for anything that does not wait for something else, on a machine that is busy.
pub(crate) const GRACE: Duration = Duration::from_secs(30);
/// Time for what a process wrote before it was killed to arrive.
const ECHO: Duration = Duration::from_secs(2);
/// The status of a driver that cannot run here.
const UNABLE: i32 = 77;
const SAID_MAX: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> Result<Started> {
        let words = ["sh", "-c", script].map(str::to_owned);
        Driver::start(&words, Path::new("."))
    }

    fn running(script: &str) -> Box<Driver> {
        let hello = r#"echo '{"id":1,"ok":{"protocol":1,"merges":[]}}'"#;
        match start(&script.replace("HELLO", &format!("read hello; {hello}"))).unwrap() {
            Started::Running(driver) => driver,
            Started::Unable(why) => panic!("{why}"),
        }
    }

    #[test]
    fn all_that_was_said_before_the_end_is_heard() {
        // What a child of the driver says arrives after the driver has ended.
        for _ in 0..5 {
            let mut driver = running("HELLO; (sleep 0.1; echo late >&2) & echo soon >&2");
            driver.wait_exit(GRACE).unwrap();
            assert_eq!(driver.said(), "soon\nlate\n");
            let driver = running("(sleep 0.1; echo late >&2) & HELLO; exec sleep 60");
            assert_eq!(driver.last_words(), "late\n");
        }
        match start("echo 'no such machine' >&2; exit 77").unwrap() {
            Started::Unable(why) => assert_eq!(why, "no such machine"),
            Started::Running(_) => panic!("it has ended"),
        }
    }

    #[test]
    fn a_driver_that_greets_wrongly_is_told_to_end() {
        let started = start("read hello; echo '{}'; while read more; do :; done; echo bye >&2");
        let Err(error) = started else {
            panic!("that was no greeting");
        };
        let error = format!("{error:#}");
        assert!(error.contains("bye"), "{error}");
    }

    #[test]
    fn what_was_said_is_forgotten_after_a_good_reset_only() {
        let mut driver = running(
            "HELLO; echo first >&2; read reset; echo '{\"id\":2,\"ok\":null}'; \
             read reset; echo second >&2; echo '{\"id\":3,\"ok\":1}'; exec 2>&-; read end",
        );
        let until_said = |text: &str, driver: &Driver| {
            let deadline = Instant::now() + GRACE;
            while driver.said() != text {
                assert!(Instant::now() < deadline, "{}", driver.said());
                thread::sleep(Duration::from_millis(2));
            }
        };
        until_said("first\n", &driver);
        driver.reset().unwrap();
        assert_eq!(driver.said(), "");
        driver.reset().unwrap_err();
        until_said("second\n", &driver);
    }
}
