//! Nodes as processes of their own, in network namespaces that real links and bridges join.
//!
//! `stage` builds the networks and starts the processes, `role` is what such a process does,
//! `orders` is what the two say to each other, and each file of `scenario` tells one story. A story
//! fails by what must not happen, never because it took somewhat longer than it should: times are
//! printed beside their targets.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its user, and its children to it"
)]

mod ack;
mod orders;
mod role;
mod run;
mod scenario;
mod stage;

use std::net::Ipv4Addr;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tells stories of nodes on real networks, and how each of them ended.
#[derive(Parser)]
struct Arguments {
    /// Only these scenarios.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// How often to tell each.
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// Is a device: does what the lines of its standard input say.
    #[command(hide = true)]
    Node,
    /// Counts what arrives at an address of this namespace.
    #[command(hide = true)]
    Wiretap { address: Ipv4Addr },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.role {
        Some(Role::Node) => role::node().map(|()| ExitCode::SUCCESS),
        Some(Role::Wiretap { address }) => role::wiretap(address).map(|()| ExitCode::SUCCESS),
        None => run::run(&arguments.only, arguments.rounds),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::FAILURE
    })
}
