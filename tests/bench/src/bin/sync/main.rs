//! `cargo xtask bench sync`: events from one node to another, two processes on loopback, both
//! durable, beside a bare socket whose sender syncs a file for each message.
//!
//! `--nodes 10,30` measures swarms of that many nodes beside one of two; `--peers nats,mosquitto`
//! brokers and buses that carry messages of the same size at the same rates.
//!
//! The receiver's clock is the sender's, since both are on one machine: latency is from the call
//! of `publish` to the row of a subscription of the other node.

#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to its user"
)]

mod bare;
mod nodes;
mod peers;
mod receiver;
mod sender;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use swarmlet_bench::report::{self, Row, Target};

use receiver::Phase;

/// Measures replication between two nodes.
#[derive(Parser)]
#[command(name = "cargo xtask bench sync")]
struct Arguments {
    /// Seconds at each rate.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Events that an empty node has to catch up with; 0 leaves that out.
    #[arg(long, default_value_t = 1_000_000)]
    backlog: u64,
    /// Swarms of so many nodes, beside one of two.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u64).range(3..=64))]
    nodes: Vec<u64>,
    /// Peers that are measured at the same rates.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<peers::Kind>,
    /// The program of the predecessor; `cargo xtask bench` installs it and says where it is.
    #[arg(long)]
    ax: Option<PathBuf>,
    #[command(subcommand)]
    role: Option<Role>,
}

/// The other process.
#[derive(Subcommand)]
enum Role {
    /// Joins, receives, and tells what it measured.
    #[command(hide = true)]
    Receive {
        /// Its data folder.
        folder: PathBuf,
        /// How it joins.
        invite: String,
    },
    /// One node of many: joins, receives, and tells what it measured.
    #[command(hide = true)]
    Read {
        /// Its data folder.
        folder: PathBuf,
        /// How it joins.
        invite: String,
    },
    /// Receives from a peer.
    #[command(hide = true)]
    ReceivePeer {
        /// Which one.
        kind: peers::Kind,
        /// Where to connect.
        address: String,
    },
    /// Receives over a bare socket.
    #[command(hide = true)]
    ReceiveBare {
        /// Where to connect.
        address: String,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.role {
        Some(Role::Receive { folder, invite }) => receiver::run(folder, invite),
        Some(Role::Read { folder, invite }) => nodes::read(folder, invite),
        Some(Role::ReceivePeer { kind, address }) => peers::receive(*kind, address),
        Some(Role::ReceiveBare { address }) => bare::receive(address),
        None => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) -> Result<()> {
    let folder = report::folder().join("sync");
    let setting = peers::Setting {
        folder: &folder,
        ax: arguments.ax.as_deref(),
    };
    for kind in &arguments.peers {
        kind.prepare(&setting)?;
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut rows = Vec::new();
    let mut sender = sender::Sender::start(&folder)?;
    let ours = latencies(&mut sender, &folder, arguments.seconds, &mut rows)?;
    throughput(&mut sender, arguments.backlog, &mut rows)?;
    sender.close()?;
    beside_peers(arguments, &setting, &ours, &mut rows)?;
    many_nodes(arguments, &folder, &mut rows)?;
    print!("\n{}", report::table(&rows));
    println!("\nwrote {}", report::write("sync", &rows)?.display());
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// Latency at each rate, beside a bare socket.
fn latencies(
    sender: &mut sender::Sender,
    folder: &Path,
    seconds: u64,
    rows: &mut Vec<Row>,
) -> Result<[Phase; RATES.len()]> {
    let mut ours = [Phase::default(); RATES.len()];
    for (ours, rate) in ours.iter_mut().zip(RATES) {
        let bare = bare::measure(folder, rate.min(bare::RATE_MAX), seconds)?;
        let latency = sender.at_rate(rate, seconds)?;
        let name = |part: &str| format!("{rate}/s, {part}");
        let row = Row::alone(name("p50"), latency.p50_us, "us", Target::ValueMax(500.0));
        rows.push(row.beside("bare socket", bare.p50_us, Target::ValueMax(500.0)));
        let row = Row::alone(name("p99"), latency.p99_us, "us", Target::ValueMax(5_000.0));
        rows.push(row.beside("bare socket", bare.p99_us, Target::ValueMax(5_000.0)));
        *ours = latency;
    }
    Ok(ours)
}

/// Events a second, and how long an empty node takes.
fn throughput(sender: &mut sender::Sender, backlog: u64, rows: &mut Vec<Row>) -> Result<()> {
    let rate = sender.flat_out(500_000)?;
    let target = Target::ValueMin(100_000.0);
    let name = "batches of 1 000, flat out";
    rows.push(Row::alone(name, rate, "events/s", target));
    if backlog == 0 {
        return Ok(());
    }
    let caught_up = sender.backlog(backlog)?;
    let (live, target) = (caught_up.live.p99_us, Target::ValueMax(50_000.0));
    rows.extend([
        Row::alone(
            format!("backlog of {backlog} events"),
            caught_up.seconds,
            "s",
            Target::ValueMax(10.0),
        ),
        Row::alone("live meanwhile, p99", live, "us", target),
        Row::alone(
            "peak memory of the receiver",
            caught_up.memory_mb,
            "MB",
            Target::Open,
        ),
    ]);
    Ok(())
}

/// Our latencies once more, beside those of each peer.
fn beside_peers(
    arguments: &Arguments,
    setting: &peers::Setting<'_>,
    ours: &[Phase],
    rows: &mut Vec<Row>,
) -> Result<()> {
    for kind in &arguments.peers {
        let peer = peers::measure(*kind, setting, &RATES, arguments.seconds)?;
        for (ours, (rate, theirs)) in ours.iter().zip(&peer.phases) {
            let name = |part: &str| format!("{rate}/s, {part}");
            let target = kind.target();
            let row = Row::alone(name("p50"), ours.p50_us, "us", Target::Open);
            rows.push(row.beside(&peer.name, theirs.p50_us, target));
            let row = Row::alone(name("p99"), ours.p99_us, "us", Target::Open);
            rows.push(row.beside(&peer.name, theirs.p99_us, Target::Open));
        }
        for (rate, kept) in &peer.behind {
            println!("{}: of {rate}/s it kept {kept:.0}/s", peer.name);
        }
    }
    Ok(())
}

/// Swarms of many nodes, beside one of two.
fn many_nodes(arguments: &Arguments, folder: &Path, rows: &mut Vec<Row>) -> Result<()> {
    if arguments.nodes.is_empty() {
        return Ok(());
    }
    println!("each node is a process, on loopback, with at most 12 connections, without discovery");
    let seconds = arguments.seconds;
    let two = nodes::measure(folder, 2, seconds)?;
    for count in &arguments.nodes {
        let count = usize::try_from(*count)?;
        let many = nodes::measure(folder, count, seconds)?;
        rows.extend(many.rows(count, &two, seconds));
    }
    Ok(())
}

/// Events a second.
const RATES: [u64; 3] = [100, 1_000, 10_000];
