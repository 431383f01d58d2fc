//! The receiving process: joins, follows everything, and prints one line for each phase.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::Value;
use swarmlet::{Network, Node, Options, SubscribeOptions};
use swarmlet_bench::memory;
use swarmlet_bench::quantile::quantile;

/// What one phase was like, as a line from process to process.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize)]
pub(crate) struct Phase {
    pub(crate) events: u64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) seconds: f64,
    pub(crate) memory_mb: f64,
}

/// Joins and tells, phase by phase, until the sender says that it is over.
pub(crate) fn run(folder: &Path, invite: &str) -> Result<()> {
    let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    let node = Node::open_blocking(folder, Options::new().network(network))?;
    node.swarm()
        .join_blocking(invite, "receiver", Duration::from_secs(30))?;
    println!("joined");
    let mut results = node.subscribe("FROM 'bench'", SubscribeOptions::default())?;
    let mut latencies = Vec::new();
    let mut events = 0;
    let mut begun = None;
    while let Some(rows) = results.next_chunk_within(4096, Some(Duration::from_secs(120)))? {
        let now = micros();
        for row in rows {
            let value: Value = row.payload().to_serde()?;
            begun.get_or_insert(now);
            events += 1;
            if let Some(sent) = value["sent"].as_u64() {
                latencies.push(now.saturating_sub(sent));
            }
            match value["end"].as_str() {
                Some("all") => return Ok(node.close_blocking()?),
                Some(_) => {
                    let seconds = (now - begun.take().unwrap_or(now)) as f64 / 1e6;
                    let phase = Phase {
                        events: std::mem::take(&mut events),
                        seconds,
                        memory_mb: memory_mb(),
                        ..percentiles(std::mem::take(&mut latencies))
                    };
                    println!("{}", serde_json::to_string(&phase)?);
                }
                None => {}
            }
        }
    }
    Ok(())
}

fn memory_mb() -> f64 {
    memory::of_this_process().map_or(0.0, |memory| memory.peak_bytes as f64 / 1e6)
}

/// The middle and the last hundredth of latencies.
pub(crate) fn percentiles(latencies: Vec<u64>) -> Phase {
    let micros: Vec<f64> = latencies.into_iter().map(|micros| micros as f64).collect();
    let at = |share| quantile(&micros, share).unwrap_or(0.0);
    Phase {
        p50_us: at(0.5),
        p99_us: at(0.99),
        ..Phase::default()
    }
}

/// Reads the line of a phase.
pub(crate) fn parse(line: &str) -> Result<Phase> {
    serde_json::from_str(line).with_context(|| format!("not a phase: {line}"))
}

/// Microseconds since 1970, by the clock that both processes share.
pub(crate) fn micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as u64)
}
