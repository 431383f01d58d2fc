//! Two devices in one swarm, each a process with a folder of its own.
//!
//! The first one founds the swarm, prints an invite, and counts the parts that the other one
//! reports:
//!
//!     cargo run -p swarmlet-two-devices -- found FOLDER
//!     cargo run -p swarmlet-two-devices -- join FOLDER INVITE
//!
//! Started again without an invite (`join FOLDER`), the second one goes on where it was; it finds
//! the first one by itself on a network with multicast.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use swarmlet::{InviteOptions, Node, Options, Payload, SubscribeOptions, Tags};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["found", folder] => count_parts(folder).await,
        ["join", folder] => report_parts(folder, None).await,
        ["join", folder, invite] => report_parts(folder, Some(invite)).await,
        _ => bail!("say `found FOLDER` or `join FOLDER [INVITE]`"),
    }
}

/// The first device: lets the other one in, and follows what it reports.
async fn count_parts(folder: &str) -> Result<()> {
    let node = Node::open(folder, Options::new().app_id("com.example.dashboard")).await?;
    let swarm = node.swarm();
    if swarm.id().is_none() {
        let founded = swarm.create("plant", "dashboard")?;
        println!("root key, for the safe: {}", founded.root_key);
        println!("invite: {}", swarm.invite(&InviteOptions::default())?);
    }

    let mut parts = node.subscribe("FROM 'part'", SubscribeOptions::default())?;
    while let Some(rows) = parts.next_chunk(256).await? {
        for row in rows {
            println!("part {}", row.payload().to_serde::<Value>()?["number"]);
        }
    }
    Ok(())
}

/// The second device: joins, and reports ten parts. Offline, it would publish all the same.
async fn report_parts(folder: &str, invite: Option<&str>) -> Result<()> {
    let node = Node::open(folder, Options::new().app_id("com.example.press")).await?;
    let swarm = node.swarm();
    if let Some(invite) = invite {
        swarm
            .join(invite, "press-7", Duration::from_secs(30))
            .await?;
    }

    for number in 1..=10 {
        let payload = Payload::from_serde(&json!({ "number": number }))?;
        node.publish(Tags::new(["part", "press:7"])?, payload)
            .await?;
    }
    swarm.wait_in_sync(Duration::from_secs(30)).await?;
    for peer in swarm.peers() {
        println!("in sync with {} at {}", peer.node, peer.address);
    }
    node.close().await?;
    Ok(())
}
