//! `cargo xtask bench sync`: events from one node to another, two processes on loopback, both
//! durable, beside a bare socket whose two ends sync a file for each message.
//!
//! The receiver's clock is the sender's, since both are on one machine: latency is from the call
//! of `publish` to the row of a subscription of the other node.

#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to its user"
)]

mod bare;
mod receiver;
mod sender;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use swarmlet_bench::report::{self, Row, Target};

/// Measures replication between two nodes.
#[derive(Parser)]
#[command(name = "cargo xtask bench sync")]
struct Arguments {
    /// Seconds at each rate.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Events that an empty node has to catch up with.
    #[arg(long, default_value_t = 1_000_000)]
    backlog: u64,
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
    /// Receives over a bare socket.
    #[command(hide = true)]
    ReceiveBare {
        /// Where to connect.
        address: String,
        /// The file to sync.
        file: PathBuf,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.role {
        Some(Role::Receive { folder, invite }) => receiver::run(folder, invite),
        Some(Role::ReceiveBare { address, file }) => bare::receive(address, file),
        None => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) -> Result<()> {
    let folder = report::folder().join("sync");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut rows = Vec::new();
    let mut sender = sender::Sender::start(&folder)?;
    for rate in [100, 1_000, 10_000] {
        let bare = bare::measure(&folder, rate.min(bare::RATE_MAX), arguments.seconds)?;
        let latency = sender.at_rate(rate, arguments.seconds)?;
        let name = |part: &str| format!("{rate}/s, {part}");
        let row = Row::alone(name("p50"), latency.p50_us, "us", Target::ValueMax(500.0));
        rows.push(row.beside("bare socket", bare.p50_us, Target::ValueMax(500.0)));
        let row = Row::alone(name("p99"), latency.p99_us, "us", Target::ValueMax(5_000.0));
        rows.push(row.beside("bare socket", bare.p99_us, Target::ValueMax(5_000.0)));
    }
    let rate = sender.flat_out(500_000)?;
    let target = Target::ValueMin(100_000.0);
    rows.push(Row::alone(
        "batches of 1 000, flat out",
        rate,
        "events/s",
        target,
    ));
    let caught_up = sender.backlog(arguments.backlog)?;
    let name = format!("backlog of {} events", arguments.backlog);
    rows.push(Row::alone(
        name,
        caught_up.seconds,
        "s",
        Target::ValueMax(10.0),
    ));
    let target = Target::ValueMax(50_000.0);
    rows.push(Row::alone(
        "live meanwhile, p99",
        caught_up.live.p99_us,
        "us",
        target,
    ));
    rows.push(Row::alone(
        "peak memory of the receiver",
        caught_up.memory_mb,
        "MB",
        Target::Open,
    ));
    sender.close()?;
    print!("\n{}", report::table(&rows));
    println!("\nwrote {}", report::write("sync", &rows)?.display());
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
}
