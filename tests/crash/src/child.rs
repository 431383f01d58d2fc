//! The process that is killed: publishes as fast as it can and reports what is acknowledged.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use swarmlet::{AppId, Durability, NewEvent, Node, Options, Payload, Retention, Tags};
use swarmlet_engine::event::Content;

use crate::ack::{Ack, content_hash};

/// What the child does.
#[derive(Args)]
pub(crate) struct Task {
    /// The data folder.
    folder: PathBuf,
    /// Tells the events of this child from those of others.
    round: u32,
    /// Acknowledge after the write: a kill must not lose it either.
    #[arg(long)]
    buffered: bool,
}

/// Publishes until the process is killed.
pub(crate) fn run(task: &Task) -> Result<()> {
    let node = Node::open_blocking(&task.folder, options(task.buffered))?;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn({
                    let node = &node;
                    move || publish(node, task.round, thread)
                })
            })
            .collect();
        let mut ended = threads.into_iter().map(|thread| thread.join());
        ended.try_for_each(|end| end.expect("a panic ends the process"))
    })
}

/// Opens the node in the same way as every child does.
pub(crate) fn open(folder: &Path, is_buffered: bool) -> swarmlet::Result<Node> {
    Node::open_blocking(folder, options(is_buffered))
}

fn options(is_buffered: bool) -> Options {
    let durability = match is_buffered {
        true => Durability::Buffered,
        false => Durability::Synced,
    };
    Options::new()
        .durability(durability)
        .stream("alarms", Retention::keep_all())
        .stream("parts", Retention::keep_all())
        .route("'alarm'", "alarms")
        .route("'part'", "parts")
}

fn publish(node: &Node, round: u32, thread: u32) -> Result<()> {
    let app_id = AppId::new(&format!("com.example.app{}", thread % 2))?;
    let node = node.scoped(app_id.clone());
    for call in 0u32.. {
        let size = 1 + (call * 7 + thread) % EVENTS_MAX;
        let mut hashes = Vec::new();
        let mut events = Vec::new();
        for number in 0..size {
            let event = make_event([round, thread, call, number, size])?;
            let content = Content::new(&event.tags, &event.payload);
            hashes.push(content_hash(app_id.as_str(), content.as_bytes()));
            events.push(event);
        }
        let published = node.publish_many_blocking(events)?;
        let mut line = String::new();
        for (published, hash) in published.iter().zip(hashes) {
            Ack::new(published.key, hash).write(&mut line);
        }
        line.push('\n');
        // One write of less than a pipe's atomic size: a line is whole or not there.
        std::io::stdout()
            .lock()
            .write_all(line.as_bytes())
            .context("the parent is gone")?;
    }
    Ok(())
}

fn make_event(place: [u32; 5]) -> Result<NewEvent> {
    let [round, thread, call, number, size] = place;
    let machine = format!("machine:{}", number % 5);
    let kind = ["alarm", "part", "note", "state"][(call as usize + number as usize) % 4];
    let fill = "x".repeat((call as usize * 37 + number as usize * 101) % 700);
    let payload = json!({
        "call": [round, thread, call],
        "number": number,
        "size": size,
        "fill": fill,
    });
    Ok(NewEvent {
        tags: Tags::new([machine.as_str(), kind])?,
        payload: Payload::from_serde(&payload)?,
    })
}

const THREADS: u32 = 4;
const EVENTS_MAX: u32 = 24;
