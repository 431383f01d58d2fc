//! Blobs between two processes, either of which is killed or stopped at random moments.
//!
//! One process stores a file, another is to hold it. Whatever is killed is started again; in the
//! end the blob is whole, its bytes are those of its name, nothing is left beside it, and the one
//! that fetched it has taken no more memory than a node may.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use swarmlet::{BlobId, BlobState, ErrorKind, Network, Node, Options, PutOptions};
use tempfile::TempDir;

use crate::chance::Chance;

/// How it is done.
#[derive(Args)]
pub(crate) struct Plan {
    /// How many blobs, each with kills of its own.
    #[arg(long, default_value_t = 4)]
    rounds: u32,
    /// What chance begins with.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How large the blobs are, in MiB.
    #[arg(long, default_value_t = 64)]
    mebibytes: u64,
    /// How often something is killed or stopped for each of them.
    #[arg(long, default_value_t = 4)]
    kills: u32,
    /// Where the data folders are made.
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// What a process does.
#[derive(Args)]
pub(crate) struct Task {
    /// The data folder.
    folder: PathBuf,
    /// Where another one listens.
    #[arg(long)]
    peer: Option<String>,
    /// A file to store.
    #[arg(long)]
    put: Option<PathBuf>,
    /// The blob to wait for.
    #[arg(long)]
    wait: Option<BlobId>,
    /// The blob to read; while the disk is full again and again.
    #[arg(long)]
    read: Option<BlobId>,
}

/// What came out.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    blobs: u32,
    bytes: u64,
    kills: u32,
    stops: u32,
    /// The most memory that a process which fetched took.
    memory_kib: u64,
    took: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} blobs of {} MiB through {} kills and {} stops: all whole, nothing left over; \
             resident at most {} MiB, {:.1} s",
            self.blobs,
            self.bytes >> 20,
            self.kills,
            self.stops,
            self.memory_kib >> 10,
            self.took.as_secs_f64(),
        )
    }
}

/// A process and what it says.
pub(crate) struct Running {
    child: Child,
    said: mpsc::Receiver<String>,
    pub(crate) address: String,
}

/// Does all rounds; the first thing that is not as it must be is an error.
pub(crate) fn run(plan: &Plan) -> Result<Summary> {
    let place = match &plan.folder {
        Some(root) => TempDir::new_in(root),
        None => TempDir::new(),
    };
    let place = place.context("no folder for the test")?;
    let begun = Instant::now();
    let mut summary = Summary {
        bytes: plan.mebibytes << 20,
        ..Summary::default()
    };
    let (source, target) = (place.path().join("source"), place.path().join("target"));
    introduce(&source, &target)?;
    let mut chance = Chance::new(plan.seed);
    for round in 0..plan.rounds {
        let file = place.path().join("file");
        let id = make_file(&file, summary.bytes, &mut chance)?;
        let told = || format!("round {round} of --seed {}", plan.seed);
        one_blob(
            [&source, &target],
            &file,
            id,
            plan,
            &mut chance,
            &mut summary,
        )
        .and_then(|()| check(&target, id, summary.bytes))
        .with_context(told)?;
        summary.blobs += 1;
    }
    summary.took = begun.elapsed();
    Ok(summary)
}

/// Runs until it is killed, and says what happens.
pub(crate) fn run_child(task: &Task) -> Result<()> {
    let mut network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    if let Some(peer) = &task.peer {
        network = network.peer(peer);
    }
    let node = Node::open_blocking(&task.folder, Options::new().network(network))?;
    let address = node.swarm().status().listening.first().cloned();
    say(&format!("listening {}", address.context("no address")?))?;
    if let Some(file) = &task.put {
        let put = || node.blobs().put_file_blocking(file, PutOptions::new());
        let stored = while_full(put)?;
        say(&format!("stored {}", stored.id))?;
    }
    if let Some(id) = task.read {
        let mut reader = node.blobs().get(id);
        while while_full(|| reader.next_chunk_blocking(None))?.is_some() {}
        say("read")?;
    }
    if let Some(id) = task.wait {
        let mut watch = node.blobs().watch(id);
        while !matches!(watch.next_blocking(None)?, BlobState::Here { .. }) {}
        say(&format!("whole {}", memory_kib()?))?;
    }
    // Until it is killed, or its parent is gone.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Tries it again for as long as the disk is full, and says so each time.
fn while_full<T>(mut call: impl FnMut() -> swarmlet::Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::DiskFull => say(&format!("full {error}"))?,
            outcome => return Ok(outcome?),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Makes a swarm of two folders.
pub(crate) fn introduce(source: &Path, target: &Path) -> Result<()> {
    let quiet = || Options::new().network(Network::new().listen("tcp://127.0.0.1:0"));
    let first = Node::open_blocking(source, quiet())?;
    first.swarm().create("plant", "source")?;
    let invite = first.swarm().invite(&Default::default())?;
    let second = Node::open_blocking(target, quiet())?;
    second.swarm().join_blocking(&invite, "target", PATIENCE)?;
    second.close_blocking()?;
    first.close_blocking()?;
    Ok(())
}

fn one_blob(
    folders: [&Path; 2],
    file: &Path,
    id: BlobId,
    plan: &Plan,
    chance: &mut Chance,
    summary: &mut Summary,
) -> Result<()> {
    let [from, to] = folders;
    let mut source = Running::start(from, None, &["--put".as_ref(), file.as_os_str()])?;
    source.wait_for("stored")?;
    let wait = id.to_string();
    let wait = ["--wait".as_ref(), wait.as_ref()];
    let mut target = Running::start(to, Some(&source.address), &wait)?;
    for _ in 0..plan.kills {
        std::thread::sleep(Duration::from_micros(chance.below(400_000)));
        match chance.below(3) {
            0 => {
                source.kill()?;
                source = Running::start(from, Some(&target.address), &[])?;
                summary.kills += 1;
            }
            1 => {
                target.kill()?;
                target = Running::start(to, Some(&source.address), &wait)?;
                summary.kills += 1;
            }
            _ => {
                source.stop_for(Duration::from_millis(chance.below(300)))?;
                summary.stops += 1;
            }
        }
    }
    let memory = target.wait_for("whole")?;
    let memory = memory.parse().context("no figure of memory")?;
    summary.memory_kib = summary.memory_kib.max(memory);
    ensure!(
        memory < MEMORY_KIB_MAX,
        "a process took {memory} KiB of memory to fetch a blob"
    );
    target.kill()?;
    source.kill()
}

/// Looks at what is in the folder of the one that fetched.
pub(crate) fn check(folder: &Path, id: BlobId, size: u64) -> Result<()> {
    let node = Node::open_blocking(folder, Options::new())?;
    let state = node.blobs().state(id)?;
    ensure!(state == BlobState::Here { size }, "it is {state:?}");
    node.close_blocking()?;
    let blobs = folder.join("blobs");
    let file = std::fs::File::open(blobs.join(format!("{id}.blob")))?;
    ensure!(BlobId::of_reader(file)? == id, "the bytes are others");
    for entry in std::fs::read_dir(&blobs)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let is_whole = name.ends_with(".blob") || name.ends_with(".blob.hash");
        ensure!(is_whole, "{name} is left");
    }
    Ok(())
}

impl Running {
    pub(crate) fn start(
        folder: &Path,
        peer: Option<&str>,
        more: &[&std::ffi::OsStr],
    ) -> Result<Self> {
        let program = std::env::current_exe().context("where this program is")?;
        let mut command = Command::new(program);
        command.arg("blob-child").arg(folder).args(more);
        if let Some(peer) = peer {
            command.arg("--peer").arg(peer);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("no child")?;
        let output = child.stdout.take().context("the child has a pipe")?;
        let mut running = Self {
            child,
            said: listen(output),
            address: String::new(),
        };
        running.address = running.wait_for("listening")?;
        Ok(running)
    }

    /// Waits until it says this, and returns what follows.
    pub(crate) fn wait_for(&self, word: &str) -> Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self
                .said
                .recv_timeout(left)
                .with_context(|| format!("a process did not say {word}"))?;
            if let Some(rest) = line.strip_prefix(word) {
                return Ok(rest.trim().to_owned());
            }
        }
    }

    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("a process ended by itself: {status}");
        }
        self.child.kill().context("a process cannot be killed")?;
        self.child.wait()?;
        Ok(())
    }

    /// Has it do nothing for a while, as a device does that is overloaded or out of reach.
    fn stop_for(&self, time: Duration) -> Result<()> {
        self.signal("-STOP")?;
        std::thread::sleep(time);
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status()?;
        ensure!(sent.success(), "kill {signal} failed");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended needs no more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hears what a process says, so that it never waits to be heard.
fn listen(output: ChildStdout) -> mpsc::Receiver<String> {
    let (tell, said) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    said
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush().context("the parent is gone")
}

/// The most memory that was resident so far.
fn memory_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let figure = line.and_then(|line| line.split_whitespace().next());
    figure
        .context("no figure of memory")?
        .parse()
        .context("odd figure of memory")
}

/// A file of bytes that repeat nowhere; returns the name of its blob.
pub(crate) fn make_file(path: &Path, bytes: u64, chance: &mut Chance) -> Result<BlobId> {
    let mut out = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut hasher = blake3::Hasher::new();
    for _ in 0..bytes / 8 {
        let some = chance.below(u64::MAX).to_le_bytes();
        hasher.update(&some);
        out.write_all(&some)?;
    }
    out.flush()?;
    hasher
        .finalize()
        .to_hex()
        .parse()
        .context("a hash is the name of a blob")
}

/// How long anything may take, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a node may take, whatever it fetches.
const MEMORY_KIB_MAX: u64 = 64 * 1024;
