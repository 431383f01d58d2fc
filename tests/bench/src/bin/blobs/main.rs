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

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use swarmlet::{Network, Node, Options};
use swarmlet_bench::report::{self, Row, Target};

use fetcher::Fetcher;
use iroh::Times;
use round::{Files, IN_FLIGHT, Parties, ROUNDS, Took};

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
    let parties = Parties {
        node,
        fetcher,
        iroh: arguments.iroh()?,
        folder,
    };
    let mut bench = Bench {
        parties,
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

/// What was measured so far.
struct Bench {
    parties: Parties,
    rows: Vec<Row>,
}

impl Bench {
    /// One large blob: stored, saved, and fetched by the other process.
    fn large(&mut self, mebibytes: u64) -> Result<()> {
        let files = Files {
            name: "large",
            count: 1,
            bytes: mebibytes << 20,
        };
        let names = ["store a file", "save to a file", "to another process"];
        let took = self.compare(&files, names, (mebibytes, "MiB/s"))?;
        let (name, aim) = ("live events meanwhile, p99", Target::ValueMax(10.0));
        let row = Row::alone(name, took.fetched.latency_p99_ms, "ms", aim);
        let (peer, p99) = (
            "append and sync beside the bare socket",
            took.bare.append_p99_ms,
        );
        self.rows.push(row.beside(peer, p99, aim));
        let (name, aim) = ("peak memory of the receiver", Target::ValueMax(67.1));
        let row = Row::alone(name, took.fetched.memory_mb, "MB", aim);
        self.rows.push(row);
        Ok(())
    }

    /// Many small blobs: the same.
    fn small(&mut self, count: u64) -> Result<()> {
        let files = Files {
            name: "small",
            count,
            bytes: SMALL_BYTES,
        };
        let store = format!("store {count} files of 10 KiB, {IN_FLIGHT} in flight");
        let names = [
            store.as_str(),
            "save those, one at a time",
            "those to another process",
        ];
        self.compare(&files, names, (count, "files/s"))?;
        Ok(())
    }

    /// What is stored, saved and moved of some files, of which a round has this amount, beside what
    /// others do.
    fn compare(
        &mut self,
        files: &Files,
        names: [&str; 3],
        (amount, unit): (u64, &'static str),
    ) -> Result<Took> {
        let took = round::measure(&mut self.parties, files)?;
        let rate = |seconds: f64| (amount * ROUNDS) as f64 / seconds;
        let iroh = |of: fn(&Times) -> iroh::Took| took.iroh.as_ref().map(of);
        let (copied, bare) = ("copy and sync", "bare socket");
        let compared = [
            (took.stored, copied, took.copied, iroh(|times| times.stored)),
            (took.saved, copied, took.copied, iroh(|times| times.saved)),
            (
                took.fetched.seconds,
                bare,
                took.bare.seconds,
                iroh(|times| times.fetched),
            ),
        ];
        let targets = [Target::Open, Target::Open, Target::RatioMin(0.5)];
        for ((name, target), (ours, peer, theirs, iroh)) in
            names.into_iter().zip(targets).zip(compared)
        {
            let row = || Row::alone(name, rate(ours), unit, Target::Open);
            self.rows.push(row().beside(peer, rate(theirs), target));
            if let Some(iroh) = iroh {
                let peers = [("not synced", iroh.done), ("then synced", iroh.synced)];
                self.rows.extend(peers.map(|(how, seconds)| {
                    let peer = format!("iroh-blobs, {how}");
                    row().beside(peer, rate(seconds), Target::RatioMin(1.0))
                }));
            }
        }
        Ok(took)
    }

    fn end(self) -> Result<()> {
        let folder = self.parties.folder.clone();
        self.parties.close()?;
        print!("\n{}", report::table(&self.rows));
        println!("\nwrote {}", report::write("blobs", &self.rows)?.display());
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
    }
}

const SMALL_BYTES: u64 = 10 * 1024;
