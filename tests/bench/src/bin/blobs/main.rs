//! `cargo xtask bench blobs`: large bytes into a node, out of it, and to a node in another process,
//! beside copies of files and a bare socket, with live events meanwhile.

#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to its user"
)]

mod bare;
mod fetcher;
mod iroh;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use serde_json::json;
use swarmlet::{BlobId, Hold, Network, Node, Options, Payload, PutOptions, Tags};
use swarmlet_bench::report::{self, Row, Target};

use fetcher::{Fetcher, micros};

/// Measures blobs.
#[derive(Parser)]
#[command(name = "cargo xtask bench blobs")]
struct Arguments {
    /// Mebibytes of the large blob.
    #[arg(long, default_value_t = 1024)]
    mebibytes: u64,
    /// How many small blobs there are, of ten kibibytes each.
    #[arg(long, default_value_t = 10_000)]
    small: u64,
    /// Who else is measured.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// The program of iroh-blobs; `cargo xtask bench` builds it and says where it is.
    #[arg(long, hide = true)]
    iroh_program: Option<PathBuf>,
    #[command(subcommand)]
    role: Option<Role>,
}

/// Somebody else who does the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Peer {
    /// iroh-blobs, of crates.io.
    Iroh,
}

/// The other process.
#[derive(Subcommand)]
enum Role {
    /// Joins and fetches.
    #[command(hide = true)]
    Fetch {
        /// Its data folder.
        folder: PathBuf,
        /// How it joins.
        invite: String,
    },
    /// Receives over a bare socket.
    #[command(hide = true)]
    ReceiveBare {
        /// Where to connect.
        address: String,
        /// Where files go.
        folder: PathBuf,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.role {
        Some(Role::Fetch { folder, invite }) => fetcher::run(folder, invite),
        Some(Role::ReceiveBare { address, folder }) => bare::receive(address, folder),
        None => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) -> Result<()> {
    let folder = report::folder().join("blobs");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    let node = Node::open_blocking(folder.join("source"), Options::new().network(network))?;
    node.swarm().create("bench", "source")?;
    let fetcher = Fetcher::start(&node, &folder.join("fetcher"))?;
    let mut bench = Bench {
        node,
        fetcher,
        iroh: arguments.iroh()?,
        folder,
        rows: Vec::new(),
    };
    bench.large(arguments.mebibytes)?;
    bench.small(arguments.small)?;
    bench.end()
}

impl Arguments {
    /// The program of iroh-blobs, if that is to be measured.
    fn iroh(&self) -> Result<Option<PathBuf>> {
        if !self.peers.contains(&Peer::Iroh) {
            return Ok(None);
        }
        let program = self.iroh_program.clone();
        let program = program.context("iroh-blobs is started by `cargo xtask bench blobs`")?;
        Ok(Some(program))
    }
}

/// What is measured with.
struct Bench {
    node: Node,
    fetcher: Fetcher,
    iroh: Option<PathBuf>,
    folder: PathBuf,
    rows: Vec<Row>,
}

/// How fast something was done by us and by others.
struct Rates {
    ours: f64,
    bare: f64,
    iroh: Option<iroh::Took>,
    unit: &'static str,
}

impl Bench {
    /// One large blob: stored, saved, and fetched by the other process.
    fn large(&mut self, mebibytes: u64) -> Result<()> {
        let (node, folder) = (&self.node, &self.folder);
        let source = folder.join("large");
        fill(&source, mebibytes << 20, 1)?;
        let rate = |seconds: f64| mebibytes as f64 / seconds;
        let unit = "MiB/s";
        let copied = rate(timed(|| copy(&source, &folder.join("copy")))?.1);
        let on_demand = PutOptions::new().hold(Hold::OnDemand);
        let (stored, seconds) =
            timed(|| Ok(node.blobs().put_file_blocking(&source, on_demand)?))?;
        let saved = folder.join("saved");
        let save = || Ok(node.blobs().get(stored.id).save_blocking(&saved, None)?);
        let seconds_saved = timed(save)?.1;
        let bare = bare::measure(&[&source], &folder.join("bare"))?;
        let fetched = fetch(node, &[stored.id], &mut self.fetcher)?;
        let iroh = self.iroh(&source, "iroh-large")?;
        let rates = |ours: f64, bare: f64, iroh: Option<iroh::Took>| Rates {
            ours: rate(ours),
            bare,
            iroh: iroh.map(|took| took.map(rate)),
            unit,
        };
        let [stored, saved, moved] = [
            rates(seconds, copied, iroh.map(|iroh| iroh.stored)),
            rates(seconds_saved, copied, iroh.map(|iroh| iroh.saved)),
            rates(
                fetched.seconds,
                rate(bare.seconds),
                iroh.map(|iroh| iroh.fetched),
            ),
        ];
        self.add("store a file", "copy and sync", &stored, Target::Open);
        self.add("save to a file", "copy and sync", &saved, Target::Open);
        self.add(
            "to another process",
            "bare socket",
            &moved,
            Target::RatioMin(0.5),
        );
        let (name, aim) = ("live events meanwhile, p99", Target::ValueMax(10.0));
        let row = Row::alone(name, fetched.latency_p99_ms, "ms", aim);
        let peer = "append and sync beside the bare socket";
        self.rows.push(row.beside(peer, bare.append_p99_ms, aim));
        let (name, aim) = ("peak memory of the receiver", Target::ValueMax(67.1));
        self.rows
            .push(Row::alone(name, fetched.memory_mb, "MB", aim));
        Ok(())
    }

    /// Many small blobs, fetched by the other process.
    fn small(&mut self, count: u64) -> Result<()> {
        let (node, folder) = (&self.node, &self.folder);
        let sources = folder.join("small");
        fs::create_dir_all(&sources)?;
        let paths: Vec<PathBuf> = (0..count)
            .map(|number| sources.join(number.to_string()))
            .collect();
        for (path, seed) in paths.iter().zip(2..) {
            fill(path, SMALL_BYTES, seed)?;
        }
        let rate = |seconds: f64| count as f64 / seconds;
        let copies = folder.join("copies");
        fs::create_dir_all(&copies)?;
        let copy_all = || -> Result<()> {
            let mut numbered = paths.iter().enumerate();
            numbered.try_for_each(|(number, path)| copy(path, &copies.join(number.to_string())))
        };
        let copied = rate(timed(copy_all)?.1);
        let (ids, seconds) = timed(|| store_all(node, &paths))?;
        let bare = bare::measure(&paths, &folder.join("bare-small"))?;
        let fetched = fetch(node, &ids, &mut self.fetcher)?;
        let iroh = self.iroh(&sources, "iroh-small")?;
        let rates = |ours: f64, bare: f64, iroh: Option<iroh::Took>| Rates {
            ours: rate(ours),
            bare,
            iroh: iroh.map(|took| took.map(rate)),
            unit: "files/s",
        };
        let stored = rates(seconds, copied, iroh.map(|iroh| iroh.stored));
        let moved = iroh.map(|iroh| iroh.fetched);
        let moved = rates(fetched.seconds, rate(bare.seconds), moved);
        let name = format!("store {count} files of 10 KiB, {IN_FLIGHT} in flight");
        self.add(&name, "copy and sync", &stored, Target::Open);
        let (name, aim) = ("those to another process", Target::RatioMin(0.5));
        self.add(name, "bare socket", &moved, aim);
        Ok(())
    }

    fn iroh(&self, sources: &Path, name: &str) -> Result<Option<iroh::Times>> {
        let measure = |program| iroh::measure(program, sources, &self.folder.join(name));
        self.iroh.as_deref().map(measure).transpose()
    }

    fn add(&mut self, name: &str, bare: &str, rates: &Rates, target: Target) {
        let row = || Row::alone(name, rates.ours, rates.unit, Target::Open);
        self.rows.push(row().beside(bare, rates.bare, target));
        if let Some(iroh) = rates.iroh {
            let peers = [("not synced", iroh.done), ("then synced", iroh.synced)];
            self.rows.extend(peers.map(|(how, rate)| {
                row().beside(format!("iroh-blobs, {how}"), rate, Target::RatioMin(1.0))
            }));
        }
    }

    fn end(self) -> Result<()> {
        publish(&self.node, "fetch", &json!("over"))?;
        self.fetcher.close()?;
        self.node.close_blocking()?;
        print!("\n{}", report::table(&self.rows));
        println!("\nwrote {}", report::write("blobs", &self.rows)?.display());
        let folder = &self.folder;
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
    }
}

/// Stores files, some at a time.
fn store_all(node: &Node, paths: &[PathBuf]) -> Result<Vec<BlobId>> {
    let store = |path: &PathBuf| -> Result<BlobId> {
        let on_demand = PutOptions::new().hold(Hold::OnDemand);
        Ok(node.blobs().put_file_blocking(path, on_demand)?.id)
    };
    let share = paths.len().div_ceil(IN_FLIGHT).max(1);
    std::thread::scope(|scope| {
        let storing = paths.chunks(share).map(|share| {
            let store_share = move || share.iter().map(store).collect::<Result<Vec<BlobId>>>();
            scope.spawn(store_share)
        });
        let storing: Vec<_> = storing.collect();
        let stored = storing.into_iter().map(|thread| {
            let stored = thread.join();
            stored.expect("a storing thread does not panic")
        });
        Ok(stored.collect::<Result<Vec<_>>>()?.concat())
    })
}

/// Has the other process fetch blobs, while events are published.
fn fetch(node: &Node, ids: &[BlobId], fetcher: &mut Fetcher) -> Result<fetcher::Fetched> {
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
    let mut sum = fetcher.fetched()?;
    for _ in 1..ids.len().div_ceil(IDS_PER_EVENT) {
        let next = fetcher.fetched()?;
        sum.seconds += next.seconds;
        sum.latency_p99_ms = sum.latency_p99_ms.max(next.latency_p99_ms);
        sum.memory_mb = sum.memory_mb.max(next.memory_mb);
    }
    is_done.store(true, Relaxed);
    publishing
        .join()
        .expect("the publishing thread does not panic")?;
    Ok(sum)
}

fn publish(node: &Node, tag: &str, value: &serde_json::Value) -> Result<()> {
    node.publish_blocking(Tags::new([tag])?, Payload::from_serde(value)?)?;
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
    let start = Instant::now();
    let done = work()?;
    Ok((done, start.elapsed().as_secs_f64()))
}

/// Bytes that do not compress and differ for each seed.
fn fill(path: &Path, bytes: u64, seed: u64) -> Result<()> {
    let mut file = std::io::BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..bytes / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes())?;
    }
    file.into_inner()?.sync_data()?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let (mut from, mut to) = (File::open(from)?, File::create(to)?);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(to.sync_data()?);
        }
        to.write_all(&buffer[..read])?;
    }
}

const SMALL_BYTES: u64 = 10 * 1024;
/// Small files that are stored at the same time, by us and by iroh-blobs.
const IN_FLIGHT: usize = 32;
/// An event has at most a mebibyte.
const IDS_PER_EVENT: usize = 10_000;
