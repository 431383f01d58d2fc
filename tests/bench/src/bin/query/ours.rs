//! The questions in our language, asked of a node in this process.

use crate::questions::{Question, machine};
use crate::{Answered, median};
use anyhow::{Context, Result, ensure};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};
use swarmlet::{LogStats, Node, Options, Parameters, QueryOptions, SubscribeOptions};
use swarmlet_bench::event::machine_tag;
use swarmlet_bench::report::{Row, Target};

/// Rows taken at once.
const CHUNK_ROWS: usize = 256;
/// How long nothing may happen in the background until a node counts as resting.
const QUIET: Duration = Duration::from_secs(3);

pub(crate) struct Store(Node);

impl Store {
    /// Opens what was loaded and lets it rest: sealing and merging are not what is measured.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let node = Node::open_blocking(folder.join("swarmlet"), Options::default())?;
        let mut seen = LogStats::default();
        let mut since = Instant::now();
        while since.elapsed() < QUIET {
            let now = node.metrics().log;
            if (now.seals, now.merges, now.drops) != (seen.seals, seen.merges, seen.drops) {
                (seen, since) = (now, Instant::now());
            }
            std::thread::sleep(QUIET / 10);
        }
        Ok(Self(node))
    }

    pub(crate) fn ask(&self, question: &Question, time: u64) -> Result<Answered> {
        let tag = machine_tag(machine(time));
        let mut answered = Answered::default();
        let start = Instant::now();
        let options = QueryOptions {
            parameters: Parameters::new().with("machine", &tag)?,
            ..QueryOptions::default()
        };
        let mut results = self.0.query(&question.aql, options)?;
        while let Some(rows) = results.next_chunk_blocking(CHUNK_ROWS)? {
            if answered.rows == 0 {
                answered.first_ms = start.elapsed().as_secs_f64() * 1e3;
            }
            answered.rows += rows.len() as u64;
            for row in rows {
                let payload = row.payload();
                if question.is_computed {
                    let number: serde_json::Value = payload.to_serde()?;
                    answered.total += number.as_f64().context("a total is no number")?;
                }
                black_box(payload.as_cbor());
            }
        }
        answered.all_ms = start.elapsed().as_secs_f64() * 1e3;
        Ok(answered)
    }

    /// From asking for the latest event of a tag, and all that follow, to its arrival.
    pub(crate) fn observe(&self, times: u64) -> Result<Row> {
        let mut taken = Vec::new();
        for time in 0..times {
            let start = Instant::now();
            let aql = format!("FROM '{}'", machine_tag(machine(time)));
            let mut latest = self.0.observe_latest(&aql, SubscribeOptions::default())?;
            let rows = latest.next_chunk_blocking(1)?;
            ensure!(
                rows.is_some_and(|rows| rows.len() == 1),
                "there is a latest"
            );
            taken.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let target = Target::ValueMax(1.0);
        Ok(Row::alone(
            "observe the latest of a tag",
            median(taken),
            "ms",
            target,
        ))
    }

    pub(crate) fn close(&self) -> Result<()> {
        Ok(self.0.close_blocking()?)
    }
}
