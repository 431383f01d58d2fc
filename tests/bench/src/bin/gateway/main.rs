//! `cargo xtask bench gateway`: what apps get of a node over HTTP and WebSocket, from `swarmlet
//! run`, and with `--peers ax` beside it from the predecessor, which speaks the same API.
//!
//! One client asks both, over the same kinds of connections and with the same requests. Rounds
//! alternate between the servers, each with an empty folder, so that a slow moment of the machine
//! meets both; the median counts.

#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to its user"
)]

mod figure;
mod http;
mod latency;
mod load;
mod publish;
mod query;
mod servers;
mod socket;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use swarmlet_bench::report;

use figure::Figure;
use http::Api;
use servers::Kind;

/// Measures the gateway.
#[derive(Parser)]
#[command(name = "cargo xtask bench gateway")]
struct Arguments {
    /// Events that are there when queries are asked.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    events: u64,
    /// Seconds for each rate and each latency.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Events a second while latency is measured.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    rate: u64,
    /// Rounds of which the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Who else is measured.
    #[arg(long, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// The program of the predecessor; `cargo xtask bench` installs it and says where it is.
    #[arg(long)]
    ax: Option<PathBuf>,
    /// The command; `cargo xtask bench` builds it and says where it is.
    #[arg(long)]
    swarmlet: PathBuf,
}

/// Somebody else who speaks the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Peer {
    /// The predecessor, of crates.io.
    Ax,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let kinds = arguments.kinds()?;
    let mut measured: Vec<Vec<Vec<Figure>>> = kinds.iter().map(|_| Vec::new()).collect();
    for round in 1..=arguments.rounds {
        for (kind, rounds) in kinds.iter().zip(&mut measured) {
            println!("round {round}: {}", kind.name());
            let figures = arguments.measure(kind).await;
            rounds.push(figures.with_context(|| kind.name())?);
        }
    }
    let medians: Vec<Vec<Figure>> = measured
        .iter()
        .map(|rounds| figure::medians(rounds))
        .collect();
    let rows = figure::rows(&medians[0], medians.get(1).map(Vec::as_slice));
    print!("\n{}", report::table(&rows));
    println!("\nwrote {}", report::write("gateway", &rows)?.display());
    Ok(())
}

impl Arguments {
    /// Ours, and who else was asked for.
    fn kinds(&self) -> Result<Vec<Kind>> {
        let mut kinds = vec![Kind::Ours(self.swarmlet.clone())];
        if self.peers.contains(&Peer::Ax) {
            let ax = self.ax.clone();
            kinds.push(Kind::Ax(ax.context("--ax must say where the program is")?));
        }
        Ok(kinds)
    }

    /// Everything that is measured of one server.
    async fn measure(&self, kind: &Kind) -> Result<Vec<Figure>> {
        let folder = report::folder().join("gateway");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let (server, address) = kind.start(&folder)?;
        let api = Api::of(address).await?;
        let duration = Duration::from_secs(self.seconds);
        load::fill(&api, self.events).await?;
        let mut figures = query::measure(&api, self.events).await?;
        figures.extend(latency::measure(&api, self.rate, duration).await?);
        figures.extend(publish::measure(&api, duration).await?);
        drop(server);
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
        Ok(figures)
    }
}
