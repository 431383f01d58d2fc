//! The other process: joins, fetches what it is told to, and measures live events meanwhile.

use std::io::{BufRead, BufReader, Lines};
use std::ops::AddAssign;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use swarmlet::{
    BlobId, BlobState, ErrorKind, InviteOptions, Network, Node, Options, Payload, SubscribeOptions,
    Tags,
};
use swarmlet_bench::memory;
use swarmlet_bench::quantile::quantile;

/// A line from process to process. Of several, the seconds are added up, and of the others the
/// worst counts.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize)]
pub(crate) struct Fetched {
    pub(crate) seconds: f64,
    pub(crate) latency_p99_ms: f64,
    pub(crate) memory_mb: f64,
}

impl AddAssign for Fetched {
    fn add_assign(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.latency_p99_ms = self.latency_p99_ms.max(other.latency_p99_ms);
        self.memory_mb = self.memory_mb.max(other.memory_mb);
    }
}

/// The process, as the other one holds it.
pub(crate) struct Fetcher {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Fetcher {
    /// Starts it in the swarm of `node`.
    pub(crate) fn start(node: &Node, folder: &Path) -> Result<Self> {
        let invite = node.swarm().invite(&InviteOptions::default())?;
        let mut process = Command::new(std::env::current_exe()?)
            .arg("fetch")
            .arg(folder)
            .arg(invite)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the output is piped")?;
        let mut fetcher = Self {
            process,
            lines: BufReader::new(output).lines(),
        };
        fetcher.line()?;
        Ok(fetcher)
    }

    /// Has it fetch blobs of `node`, while events are published.
    pub(crate) fn fetch(&mut self, node: &Node, ids: &[BlobId]) -> Result<Fetched> {
        let is_done = Arc::new(AtomicBool::new(false));
        let publishing = std::thread::spawn({
            let (node, is_done) = (node.clone(), is_done.clone());
            move || -> Result<()> {
                while !is_done.load(Relaxed) {
                    publish(&node, "live", &json!(micros()))?;
                    std::thread::sleep(Duration::from_millis(10));
                }
                Ok(())
            }
        });
        for some in ids.chunks(IDS_PER_EVENT) {
            let texts: Vec<String> = some.iter().map(ToString::to_string).collect();
            publish(node, "fetch", &json!({ "blobs": texts }))?;
        }
        let mut sum = Fetched::default();
        for _ in ids.chunks(IDS_PER_EVENT) {
            let line = self.line()?;
            let fetched: Fetched =
                serde_json::from_str(&line).with_context(|| format!("not a figure: {line}"))?;
            sum += fetched;
        }
        is_done.store(true, Relaxed);
        publishing
            .join()
            .expect("the publishing thread does not panic")?;
        Ok(sum)
    }

    /// Tells it that it is over, and waits until it has ended.
    pub(crate) fn close(mut self, node: &Node) -> Result<()> {
        publish(node, "fetch", &json!("over"))?;
        self.process.wait()?;
        Ok(())
    }

    fn line(&mut self) -> Result<String> {
        Ok(self.lines.next().context("the other process ended")??)
    }
}

fn publish(node: &Node, tag: &str, value: &Value) -> Result<()> {
    node.publish_blocking(Tags::new([tag])?, Payload::from_serde(value)?)?;
    Ok(())
}

/// Joins and fetches, round by round, until it is told that it is over.
pub(crate) fn run(folder: &Path, invite: &str) -> Result<()> {
    let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    let node = Node::open_blocking(folder, Options::new().network(network))?;
    let limit = Duration::from_secs(30);
    node.swarm().join_blocking(invite, "fetcher", limit)?;
    println!("joined");
    let mut orders = node.subscribe("FROM 'fetch'", SubscribeOptions::default())?;
    while let Some(rows) = orders.next_chunk_within(1, Some(Duration::from_secs(300)))? {
        for row in rows {
            let order: Value = row.payload().to_serde()?;
            let Some(ids) = order["blobs"].as_array() else {
                return Ok(node.close_blocking()?);
            };
            let texts: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
            println!("{}", serde_json::to_string(&fetch(&node, &texts)?)?);
        }
    }
    Ok(())
}

/// Waits until all blobs are here, measuring live events.
fn fetch(node: &Node, ids: &[&str]) -> Result<Fetched> {
    let is_done = Arc::new(AtomicBool::new(false));
    let measuring = std::thread::spawn({
        let (node, is_done) = (node.clone(), is_done.clone());
        move || latencies(&node, &is_done)
    });
    let start = Instant::now();
    for group in ids.chunks(READ_AT_ONCE) {
        fetch_group(node, group)?;
    }
    let seconds = start.elapsed().as_secs_f64();
    is_done.store(true, Relaxed);
    let latencies = measuring
        .join()
        .expect("the measuring thread does not panic")?;
    let millis = latencies.into_iter().map(|micros| micros as f64 / 1e3);
    let p99 = quantile(&millis.collect::<Vec<_>>(), 0.99);
    Ok(Fetched {
        seconds,
        latency_p99_ms: p99.unwrap_or(0.0),
        memory_mb: memory::of_this_process().map_or(0.0, |memory| memory.peak_bytes as f64 / 1e6),
    })
}

/// Waits until these blobs are here, which are fetched at the same time.
fn fetch_group(node: &Node, ids: &[&str]) -> Result<()> {
    let mut readers = Vec::new();
    for id in ids {
        // As long as somebody waits for its first byte, all of a blob is fetched.
        let mut reader = node.blobs().get(id.parse()?);
        match reader.next_chunk_blocking(Some(Duration::ZERO)) {
            Err(error) if error.kind() != ErrorKind::Timeout => return Err(error.into()),
            _ => readers.push(reader),
        }
    }
    for reader in &readers {
        let mut watch = node.blobs().watch(reader.id());
        while !matches!(watch.next_blocking(PATIENCE)?, BlobState::Here { .. }) {}
    }
    Ok(())
}

fn latencies(node: &Node, is_done: &AtomicBool) -> Result<Vec<u64>> {
    let from = SubscribeOptions {
        from: node.offsets()?.present,
        ..SubscribeOptions::default()
    };
    let mut live = node.subscribe("FROM 'live'", from)?;
    let mut latencies = Vec::new();
    while !is_done.load(Relaxed) {
        let rows = match live.next_chunk_within(256, Some(Duration::from_millis(20))) {
            Ok(rows) => rows.unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Timeout => continue,
            Err(error) => return Err(error.into()),
        };
        let now = micros();
        for row in rows {
            let sent: u64 = row.payload().to_serde()?;
            latencies.push(now.saturating_sub(sent));
        }
    }
    Ok(latencies)
}

/// Blobs read at the same time: as many as a session asks for.
const READ_AT_ONCE: usize = 512;

/// An event has at most a mebibyte.
const IDS_PER_EVENT: usize = 10_000;

/// How long nothing may come.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(120));

/// Microseconds since 1970, by the clock that both processes share.
fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u64)
}
