//! The program of Rust: the crate as an app uses it, without anything between.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use swarmlet::{NewEvent, Node, Options, Payload, SubscribeOptions, Tags};
use swarmlet_bench::cpu;

use super::program::{Line, Work};

const CALL_EVENTS: usize = 4_096;
const IN_FLIGHT: usize = 64;
/// Rows that a subscription hands over at once.
const CHUNK: usize = 256;

/// What every program of a language is told.
#[derive(clap::Args)]
pub(crate) struct Task {
    #[arg(long)]
    events: u64,
    #[arg(long)]
    folder: PathBuf,
}

/// A reading of a machine.
#[derive(Debug, Clone, Serialize)]
struct Reading {
    seq: u64,
    state: &'static str,
    speed: f64,
    ok: bool,
    operator: &'static str,
    part: String,
}

/// What a reader looks at.
#[derive(Deserialize)]
struct Look {
    ok: bool,
}

/// Measures everything, and writes a line for each work.
#[expect(
    clippy::print_stdout,
    reason = "its lines are the answer to the parent"
)]
pub(crate) fn run(task: &Task) -> Result<()> {
    let node = open(&task.folder)?;
    let events: Vec<([String; 3], Reading)> = (0..task.events).map(reading).collect();
    let few = &events[..events.len() / 20];
    for work in Work::ALL {
        let (begun, computed) = (Instant::now(), cpu()?);
        let count = match work {
            Work::PublishBatches => publish_batches(&node, &events)?,
            Work::SubscribeBatches => subscribe(&node, events.len(), false)?,
            Work::SubscribeRows => subscribe(&node, events.len(), true)?,
            Work::PublishInFlight => publish(&node, few, IN_FLIGHT)?,
            Work::PublishSingly => publish(&node, &few[..few.len() / 10], 1)?,
        };
        let line = Line {
            work,
            events: count as u64,
            seconds: begun.elapsed().as_secs_f64(),
            cpu_seconds: (cpu()? - computed).as_secs_f64(),
        };
        println!("{}", serde_json::to_string(&line)?);
    }
    Ok(node.close_blocking()?)
}

fn open(folder: &Path) -> Result<Node> {
    Ok(Node::open_blocking(
        folder.join("node"),
        Options::default(),
    )?)
}

fn cpu() -> Result<Duration> {
    cpu::of_this_process().context("the system does not tell what a process has computed")
}

fn reading(index: u64) -> ([String; 3], Reading) {
    let machine = format!("machine:{}", index % 40);
    let tags = [
        "machine".to_owned(),
        machine,
        format!("order:{}", index % 1_000),
    ];
    let reading = Reading {
        seq: index,
        state: "running",
        speed: 12.5 + (index % 7) as f64,
        ok: true,
        operator: "shift-b",
        part: format!("part-{index}"),
    };
    (tags, reading)
}

fn event((tags, reading): &([String; 3], Reading)) -> Result<NewEvent> {
    Ok(NewEvent {
        tags: Tags::new(tags.iter().map(String::as_str))?,
        payload: Payload::from_serde(reading)?,
    })
}

fn publish_batches(node: &Node, events: &[([String; 3], Reading)]) -> Result<usize> {
    for call in events.chunks(CALL_EVENTS) {
        node.publish_many_blocking(call.iter().map(event).collect::<Result<_>>()?)?;
    }
    Ok(events.len())
}

fn publish(node: &Node, events: &[([String; 3], Reading)], in_flight: usize) -> Result<usize> {
    let next = AtomicUsize::new(0);
    let write = || -> Result<()> {
        while let Some(made) = events.get(next.fetch_add(1, Ordering::Relaxed)) {
            let NewEvent { tags, payload } = event(made)?;
            node.publish_blocking(tags, payload)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let writers: Vec<_> = (0..in_flight).map(|_| scope.spawn(write)).collect();
        let mut ends = writers.into_iter().map(thread::ScopedJoinHandle::join);
        ends.try_for_each(|end| end.expect("a writer does not panic"))
    })?;
    Ok(events.len())
}

fn subscribe(node: &Node, events: usize, is_read: bool) -> Result<usize> {
    let mut rows = node.subscribe("FROM allEvents", SubscribeOptions::default())?;
    let mut seen = 0;
    while seen < events {
        let chunk = rows.next_chunk_blocking(CHUNK)?;
        let chunk = chunk.context("a subscription ended")?;
        seen += chunk.len();
        if is_read {
            for row in &chunk {
                let look: Look = row.payload().to_serde()?;
                ensure!(look.ok, "a reading is not what was written");
            }
        }
    }
    Ok(seen)
}
