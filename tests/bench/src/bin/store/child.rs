//! One measurement in a process of its own: the parent starts it, the child answers in JSON.

use super::follow;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::thread;
use std::time::{Duration, Instant};
use swarmlet_bench::event::{self, Event};
use swarmlet_bench::memory;
use swarmlet_bench::store::candidate;

/// How long an opened store rests before it is asked, so that what its last process left to do in
/// the background is done.
const REST: Duration = Duration::from_secs(1);

/// Events per call while loading.
const LOAD_BATCH: u64 = 1_000;

/// What the child is told.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct Task {
    #[arg(long)]
    pub(crate) store: String,
    #[arg(long)]
    pub(crate) folder: PathBuf,
    #[arg(long)]
    pub(crate) events: u64,
    #[arg(long, value_enum)]
    pub(crate) work: Work,
}

/// What there is to measure.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Append all events.
    Load,
    /// Open what was loaded.
    Open,
    /// Open, rest, then read the events of one machine.
    Query,
    /// Read everything, then be a slow subscriber beside a fast writer. Our own store only.
    Follow,
}

impl Work {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Work::Load => "load",
            Work::Open => "open",
            Work::Query => "query",
            Work::Follow => "follow",
        }
    }
}

/// What the child answers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// From the start of opening until the store could be used.
    pub(crate) open_seconds: f64,
    /// From the end of opening and rest until the first event was read.
    pub(crate) first_seconds: f64,
    /// From the end of opening and rest until all was done.
    pub(crate) work_seconds: f64,
    /// The events that were written or read.
    pub(crate) events: u64,
    /// The most memory that was resident.
    pub(crate) peak_bytes: u64,
}

/// Starts a child for the task and waits for its answer.
pub(crate) fn start(task: &Task) -> Result<Answer> {
    let work = task.work.name();
    let output = Command::new(std::env::current_exe()?)
        .args(["child", "--store", &task.store, "--work", work])
        .args(["--events", &task.events.to_string()])
        .arg("--folder")
        .arg(&task.folder)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start a child of the benchmark")?;
    ensure!(
        output.status.success(),
        "{work} of {} ended with {}",
        task.store,
        output.status
    );
    serde_json::from_slice(&output.stdout).context("the child's answer does not parse")
}

/// The child itself. It ends without closing the store.
pub(crate) fn run(task: &Task) -> Result<()> {
    let mut answer = Answer::default();
    let start = Instant::now();
    if task.work == Work::Follow {
        answer.events = task.events;
        answer.work_seconds = follow::read_all(&task.folder, task.events)?;
        answer.peak_bytes = memory::of_this_process().map_or(0, |memory| memory.peak_bytes);
        println!("{}", serde_json::to_string(&answer)?);
        exit(0)
    }
    let candidate = candidate(&task.store)?;
    let store = (candidate.open)(&task.folder)?;
    answer.open_seconds = start.elapsed().as_secs_f64();
    if task.work == Work::Query {
        thread::sleep(REST);
    }
    let start = Instant::now();
    match task.work {
        Work::Load => {
            for first in (0..task.events).step_by(LOAD_BATCH as usize) {
                let last = task.events.min(first + LOAD_BATCH);
                let batch: Vec<Event> = (first..last).map(event::event).collect();
                store.append(&batch)?;
            }
            answer.events = task.events;
        }
        Work::Open | Work::Follow => {}
        Work::Query => store.query_tag(&event::machine_tag(7), &mut |hit| {
            if answer.events == 0 {
                answer.first_seconds = start.elapsed().as_secs_f64();
            }
            answer.events += u64::from(!std::hint::black_box(hit.payload).is_empty());
        })?,
    }
    answer.work_seconds = start.elapsed().as_secs_f64();
    answer.peak_bytes = memory::of_this_process().map_or(0, |memory| memory.peak_bytes);
    println!("{}", serde_json::to_string(&answer)?);
    exit(0)
}

/// The bytes that the files below a folder take up on the disk.
pub(crate) fn bytes_on_disk(folder: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += match metadata.is_dir() {
            true => bytes_on_disk(&entry.path())?,
            false => metadata.blocks() * 512,
        };
    }
    Ok(bytes)
}
