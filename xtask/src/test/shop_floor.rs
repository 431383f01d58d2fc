//! The scenario of `examples/shop_floor`, as programs of different languages in one swarm: each is
//! once the dashboard, once the machine, once the tablet.

use crate::{root, shell};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// The program of a language.
pub(super) struct Program {
    language: &'static str,
    words: Vec<String>,
}

impl Program {
    /// Started with these words; the role and its arguments follow.
    pub(super) fn new(language: &'static str, words: impl IntoIterator<Item = String>) -> Self {
        let words = words.into_iter().collect();
        Self { language, words }
    }
}

const FOLDER: &str = "target/shop-floor";
/// What the dashboard shows in the end, in some order.
const SHOWN: [&str; 3] = [
    "order 4711: 4 parts, confirmed",
    "order 4712: 4 parts, confirmed",
    "order 4713: 4 parts, confirmed",
];
/// Longer than a program waits for anything.
const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(20);

/// Plays the scenario as often as there are languages.
pub(super) fn run(programs: &[Program]) -> Result<()> {
    for first in 0..programs.len() {
        let role = |place: usize| &programs[(first + place) % programs.len()];
        let [dashboard, machine, tablet] = [role(0), role(1), role(2)];
        let cast = format!(
            "dashboard {}, machine {}, tablet {}",
            dashboard.language, machine.language, tablet.language
        );
        let begun = Instant::now();
        play(dashboard, machine, tablet).with_context(|| cast.clone())?;
        println!("{cast}: {:.1} s", begun.elapsed().as_secs_f64());
    }
    Ok(())
}

fn play(dashboard: &Program, machine: &Program, tablet: &Program) -> Result<()> {
    let folder = root::path(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {FOLDER}"))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {FOLDER}"))?;
    let deadline = Instant::now() + PATIENCE;
    let mut counting = Started::new(dashboard, "dashboard", &folder, None)?;
    let lines = counting.lines()?;
    let invite = next(&lines, deadline)?;
    let invite = invite.strip_prefix("invite: ");
    let invite = invite.context("the dashboard shows no invite")?;
    let mut reporting = Started::new(machine, "machine", &folder, Some(invite))?;
    let mut confirming = Started::new(tablet, "tablet", &folder, Some(invite))?;
    let shown: Result<Vec<String>> = SHOWN.iter().map(|_| next(&lines, deadline)).collect();
    let mut shown = shown?;
    shown.sort_unstable();
    ensure!(shown == SHOWN, "the dashboard shows {shown:?}");
    reporting.end(deadline)?;
    confirming.end(deadline)
}

fn next(lines: &Receiver<String>, deadline: Instant) -> Result<String> {
    let left = deadline.saturating_duration_since(Instant::now());
    let line = lines.recv_timeout(left);
    line.context("the dashboard has ended, or shows nothing")
}

/// A process that does not outlive the scenario.
struct Started {
    role: &'static str,
    child: Child,
}

impl Started {
    fn new(
        program: &Program,
        role: &'static str,
        folder: &Path,
        invite: Option<&str>,
    ) -> Result<Self> {
        let words: Vec<&str> = program.words.iter().map(String::as_str).collect();
        let mut command: Command = shell::command(&words);
        command.arg(role).arg(folder.join(role)).args(invite);
        let child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start the {role}"))?;
        Ok(Self { role, child })
    }

    /// The lines that it writes.
    fn lines(&mut self) -> Result<Receiver<String>> {
        let out = self.child.stdout.take();
        let out = BufReader::new(out.context("the output is taken")?);
        let (tx, rx) = mpsc::channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if tx.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(rx)
    }

    /// Waits until it has ended well.
    fn end(&mut self, deadline: Instant) -> Result<()> {
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().context("cannot wait")? {
                ensure!(status.success(), "the {} ended with {status}", self.role);
                return Ok(());
            }
            thread::sleep(POLL);
        }
        bail!("the {} does not end", self.role)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
