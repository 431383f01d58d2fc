//! The apps of the floor: machines that publish, a dashboard and a line app that subscribe.
//!
//! Each runs as a task of its own and knows the others only by their events, wherever they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::json;
use swarmlet::{
    AppId, BlobState, Clock as _, Event, Node, NodeId, Offsets, Payload, Result, Row,
    SubscribeOptions, SystemClock, Tags,
};

use crate::figures::{Board, Figures, Picture};
use crate::machine::{Machine, PACKING};

/// Publishes what the machine does until it is told to stop; each call returns when it is durable.
pub(crate) async fn run_machine(
    node: Node,
    mut machine: Machine,
    board: Arc<Board>,
    stop: Arc<AtomicBool>,
) -> Result<()> {
    let switched_on = Instant::now();
    while !stop.load(Relaxed) {
        let now = micros(switched_on.elapsed());
        let events = machine.due(now)?;
        if events.is_empty() {
            let pause = machine.next_at().saturating_sub(now).max(1);
            tokio::time::sleep(Duration::from_micros(pause)).await;
            continue;
        }
        let called = Instant::now();
        let published = node.publish_many(events).await?;
        board.acknowledged(published.len(), called.elapsed());
    }
    Ok(())
}

/// Counts everything that happens on any device after `from`. Ends only with the node.
pub(crate) async fn run_dashboard(node: Node, from: Offsets, board: Arc<Board>) -> Result<()> {
    let everything = "FROM 'part' | 'sensor' | 'box'";
    let mut rows = node.subscribe(everything, SubscribeOptions::after(from))?;
    while let Some(chunk) = rows.next_chunk(CHUNK_EVENTS).await? {
        let now = SystemClock.now().micros();
        let mut figures = board.lock();
        for event in chunk.iter().filter_map(Row::event) {
            count(&mut figures, event, node.id(), now);
        }
    }
    Ok(())
}

fn count(figures: &mut Figures, event: &Event, own: NodeId, now: i64) {
    figures.delivered += 1;
    let author = event.key.stream.node;
    if author != own {
        figures.heard(author, event.timestamp.micros(), now);
    }
    let tags = event.tags();
    if tags.contains("part")
        && let Some(machine) = figures.machine(&event.app_id)
    {
        machine.parts += 1;
        machine.rejects += u64::from(tags.contains("rejected"));
    }
}

/// Follows the packing machine and says so when a box is full. Ends only with the node.
pub(crate) async fn run_line(node: Node, from: Offsets, board: Arc<Board>) -> Result<()> {
    let packed = format!("FROM 'part' & appId({PACKING})");
    let node = node.scoped(AppId::new("com.example.shop.line")?);
    let mut events = node.subscribe(&packed, SubscribeOptions::after(from))?;
    let mut in_box = 0;
    while let Some(chunk) = events.next_chunk(CHUNK_EVENTS).await? {
        for _ in &chunk {
            in_box += 1;
            if in_box == PARTS_PER_BOX {
                in_box = 0;
                close_box(&node, &board).await?;
            }
        }
        board.lock().packed += chunk.len() as u64;
    }
    Ok(())
}

/// Follows the pictures of the floor, and notes when all of one is here. It reads nothing: each
/// device fetches by itself what everyone is to hold. Ends only with the node.
pub(crate) async fn run_gallery(node: Node, from: Offsets, board: Arc<Board>) -> Result<()> {
    let blobs = node.blobs();
    let mut pictures = blobs.subscribe(SubscribeOptions::after(from))?;
    while let Some(chunk) = pictures.next_chunk(CHUNK_EVENTS).await? {
        for record in chunk {
            let mut picture = Picture::of(record.id);
            board.lock().picture = Some(picture);
            while !matches!(blobs.state(picture.id)?, BlobState::Here { .. }) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            picture.whole_at = Some(SystemClock.now().micros());
            board.lock().picture = Some(picture);
        }
    }
    Ok(())
}

async fn close_box(node: &Node, board: &Board) -> Result<()> {
    let called = Instant::now();
    let payload = Payload::from_serde(&json!({ "parts": PARTS_PER_BOX }))?;
    node.publish(Tags::new(["box", "full"])?, payload).await?;
    board.acknowledged(1, called.elapsed());
    board.lock().boxes += 1;
    Ok(())
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

const CHUNK_EVENTS: usize = 1_024;
const PARTS_PER_BOX: u64 = 100;
