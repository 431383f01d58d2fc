//! What must hold when the folder is opened after a kill.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use swarmlet::{Event, Order, QueryOptions, Row};
use swarmlet_engine::storage::{Disk, FileName, Folder, FsDisk};
use swarmlet_sim::chain::{Files, follow_chains};

use crate::ack::Ack;
use crate::child;

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) events: usize,
    pub(crate) open_time: Duration,
}

/// Opens `folder` and compares everything in it with `acknowledged`.
pub(crate) fn check(
    folder: &Path,
    acknowledged: &BTreeSet<Ack>,
    is_buffered: bool,
    with_chains: bool,
) -> Result<Found> {
    let begin = Instant::now();
    let node = child::open(folder, is_buffered).context("the folder does not open")?;
    let open_time = begin.elapsed();
    let options = QueryOptions {
        order: Order::Ascending,
        ..QueryOptions::default()
    };
    let mut results = node.query("FROM allEvents", options)?;
    let mut events = Vec::new();
    while let Some(chunk) = results.next_chunk_blocking(4096)? {
        events.extend(chunk.into_iter().filter_map(Row::into_event));
    }
    node.close_blocking()?;
    let there: BTreeSet<Ack> = events.iter().map(Ack::of).collect();
    let lost = acknowledged.difference(&there).count();
    ensure!(
        lost == 0,
        "{lost} of {} acknowledged events are lost",
        acknowledged.len()
    );
    check_order(&events)?;
    check_calls(&events)?;
    if with_chains {
        let on_chains = follow_chains(&read_files(folder)?)?;
        let is_on_chain = |event: &&Event| on_chains.get(&event.key) != Some(*event);
        let missing = events.iter().filter(is_on_chain).count();
        ensure!(missing == 0, "{missing} events are not on their chain");
    }
    Ok(Found {
        events: events.len(),
        open_time,
    })
}

/// Lamports grow, and each stream is without a gap.
fn check_order(events: &[Event]) -> Result<()> {
    let mut next: BTreeMap<u64, u64> = BTreeMap::new();
    for pair in events.windows(2) {
        ensure!(
            pair[0].key.lamport < pair[1].key.lamport,
            "lamports do not grow"
        );
    }
    for event in events {
        let expected = next.entry(event.key.stream.number.get()).or_default();
        ensure!(
            event.key.offset.get() == *expected,
            "a stream has a gap at {expected}"
        );
        *expected += 1;
    }
    Ok(())
}

/// The events of one call are all there or none.
fn check_calls(events: &[Event]) -> Result<()> {
    let mut calls: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for event in events {
        let payload: Value = event.payload().to_serde()?;
        let size = payload["size"]
            .as_u64()
            .context("a payload without a size")?;
        let call = calls
            .entry(payload["call"].to_string())
            .or_insert((0, size));
        call.0 += 1;
    }
    let torn = calls.iter().find(|(_, (found, size))| found != size);
    ensure!(torn.is_none(), "a call is there in part: {torn:?}");
    Ok(())
}

fn read_files(folder: &Path) -> Result<Files> {
    let disk = FsDisk::open(folder)?;
    let mut files = Files::new();
    for folder in [Folder::Log, Folder::Segments] {
        for name in disk.list(folder)? {
            let bytes = read_file(&disk, &name)?;
            files.insert(name, bytes);
        }
    }
    Ok(files)
}

fn read_file(disk: &FsDisk, name: &FileName) -> Result<Vec<u8>> {
    let file = disk.open(name)?;
    let mut bytes = vec![0; usize::try_from(file.len()?)?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}
