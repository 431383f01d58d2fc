//! A node with a gateway, for trying clients: `cargo run -p swarmlet-gateway --example serve`.
//!
//! Opens a node in a folder, serves it until it is interrupted, and says on one line where. It is
//! in no swarm unless it is told to found or to join one.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use swarmlet::{InviteOptions, Network, Node, Options, Result};
use swarmlet_gateway::{Gateway, Settings};

/// Serves a node to apps.
#[derive(Parser)]
struct Arguments {
    /// The data folder; made if there is none.
    folder: PathBuf,
    /// Where apps find it.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// An origin whose pages are let in; `*` for all.
    #[arg(long)]
    origin: Vec<String>,
    /// Found a swarm, and print an invite.
    #[arg(long)]
    found: bool,
    /// Join a swarm by an invite.
    #[arg(long)]
    join: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let network = Network::new().listen("tcp://127.0.0.1:0").discovery(false);
    let node = Node::open(&arguments.folder, Options::new().network(network)).await?;
    let swarm = node.swarm();
    if arguments.found && swarm.id().is_none() {
        swarm.create("example", "first")?;
    }
    if arguments.found {
        println!("invite {}", swarm.invite(&InviteOptions::default())?);
    }
    if let Some(invite) = arguments.join.filter(|_| swarm.id().is_none()) {
        swarm
            .join(&invite, "other", Duration::from_secs(20))
            .await?;
    }
    let settings = Settings::new().listen(arguments.listen);
    let mut origins = arguments.origin.iter();
    let settings = origins.try_fold(settings, |settings, origin| settings.origin(origin))?;
    let gateway = Gateway::bind(node.clone(), settings).await?;
    println!("listening on {}", gateway.local_addr());
    if tokio::signal::ctrl_c().await.is_ok() {
        gateway.close().await;
    }
    node.close().await
}
