//! `cargo xtask bench blobs`: large bytes into a node, out of it, and to a node in another process,
//! beside copies of files and a bare socket, with live events meanwhile.

#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to its user"
)]

mod bare;
mod fetcher;
mod iroh;
mod round;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use serde_json::json;
use swarmlet::{BlobId, Network, Node, Options, Payload, Tags};
use swarmlet_bench::report::{self, Row, Target};

use fetcher::{Fetcher, micros};
use round::{Files, IN_FLIGHT, ROUNDS};

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

/// How much was done, in both rounds.
struct Amount {
    count: u64,
    unit: &'static str,
}

/// How fast something was done by us and by others.
struct Rates {
    ours: f64,
    bare: f64,
    iroh: Option<iroh::Took>,
    unit: &'static str,
}

impl Amount {
    /// Of seconds.
    fn rates(&self, ours: f64, bare: f64, iroh: Option<iroh::Took>) -> Rates {
        let rate = |seconds: f64| self.count as f64 / seconds;
        Rates {
            ours: rate(ours),
            bare: rate(bare),
            iroh: iroh.map(|took| took.map(rate)),
            unit: self.unit,
        }
    }
}

impl Bench {
    /// One large blob: stored, saved, and fetched by the other process.
    fn large(&mut self, mebibytes: u64) -> Result<()> {
        let files = Files {
            name: "large",
            count: 1,
            bytes: mebibytes << 20,
            are_saved: true,
        };
        let took = round::measure(self, &files)?;
        let amount = Amount {
            count: mebibytes * ROUNDS,
            unit: "MiB/s",
        };
        let stored = took.iroh.map(|iroh| iroh.stored);
        let rates = amount.rates(took.stored, took.copied, stored);
        self.add("store a file", "copy and sync", &rates, Target::Open);
        let saved = took.iroh.map(|iroh| iroh.saved);
        let rates = amount.rates(took.saved, took.copied, saved);
        self.add("save to a file", "copy and sync", &rates, Target::Open);
        let moved = took.iroh.map(|iroh| iroh.fetched);
        let rates = amount.rates(took.fetched.seconds, took.bare.seconds, moved);
        let (name, aim) = ("to another process", Target::RatioMin(0.5));
        self.add(name, "bare socket", &rates, aim);
        let (name, aim) = ("live events meanwhile, p99", Target::ValueMax(10.0));
        let row = Row::alone(name, took.fetched.latency_p99_ms, "ms", aim);
        let peer = "append and sync beside the bare socket";
        self.rows
            .push(row.beside(peer, took.bare.append_p99_ms, aim));
        let (name, aim) = ("peak memory of the receiver", Target::ValueMax(67.1));
        let row = Row::alone(name, took.fetched.memory_mb, "MB", aim);
        self.rows.push(row);
        Ok(())
    }

    /// Many small blobs, fetched by the other process.
    fn small(&mut self, count: u64) -> Result<()> {
        let files = Files {
            name: "small",
            count,
            bytes: SMALL_BYTES,
            are_saved: false,
        };
        let took = round::measure(self, &files)?;
        let amount = Amount {
            count: count * ROUNDS,
            unit: "files/s",
        };
        let name = format!("store {count} files of 10 KiB, {IN_FLIGHT} in flight");
        let stored = took.iroh.map(|iroh| iroh.stored);
        let rates = amount.rates(took.stored, took.copied, stored);
        self.add(&name, "copy and sync", &rates, Target::Open);
        let moved = took.iroh.map(|iroh| iroh.fetched);
        let rates = amount.rates(took.fetched.seconds, took.bare.seconds, moved);
        let (name, aim) = ("those to another process", Target::RatioMin(0.5));
        self.add(name, "bare socket", &rates, aim);
        Ok(())
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
        sum += fetcher.fetched()?;
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

const SMALL_BYTES: u64 = 10 * 1024;
/// An event has at most a mebibyte.
const IDS_PER_EVENT: usize = 10_000;
