//! A shop floor: a machine reports parts, a tablet confirms orders that are complete, a dashboard
//! counts. Each is a process with a folder of its own:
//!
//!     cargo run -p swarmlet-shop-floor -- dashboard FOLDER
//!     cargo run -p swarmlet-shop-floor -- machine FOLDER INVITE
//!     cargo run -p swarmlet-shop-floor -- tablet FOLDER INVITE
//!
//! The dashboard founds the swarm, prints the invite for the other two, and goes on until somebody
//! stops it. The same program is there in the other languages, and any can be any of the three.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use swarmlet::{InviteOptions, Node, Options, Payload, Row, SubscribeOptions, Tags};

const ORDERS: [u64; 3] = [4711, 4712, 4713];
const PARTS: u64 = 4;
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["dashboard", folder] => count(folder).await,
        ["machine", folder, invite] => report(folder, invite).await,
        ["tablet", folder, invite] => confirm(folder, invite).await,
        _ => bail!("say `dashboard FOLDER`, `machine FOLDER INVITE` or `tablet FOLDER INVITE`"),
    }
}

/// Counts parts, and shows each order that has all of them and is confirmed.
async fn count(folder: &str) -> Result<()> {
    let node = Node::open(folder, Options::new().app_id("com.example.dashboard")).await?;
    node.swarm().create("shop floor", "dashboard")?;
    let mut both = InviteOptions::default();
    both.uses = 2;
    println!("invite: {}", node.swarm().invite(&both)?);

    // The two devices need not be heard in the order in which they did things.
    let mut seen: BTreeMap<u64, (u64, bool)> = BTreeMap::new();
    let aql = "FROM 'part' | 'confirmed' SELECT _.order";
    let mut rows = node.subscribe(aql, SubscribeOptions::default())?;
    while let Some(chunk) = rows.next_chunk(256).await? {
        for row in &chunk {
            let order: u64 = row.payload().to_serde()?;
            let (parts, is_confirmed) = seen.entry(order).or_default();
            match has_tag(row, "part") {
                true => *parts += 1,
                false => *is_confirmed = true,
            }
            if (*parts, *is_confirmed) == (PARTS, true) {
                println!("order {order}: {parts} parts, confirmed");
            }
        }
    }
    Ok(())
}

/// Makes the parts of all orders. Offline, it would report all the same.
async fn report(folder: &str, invite: &str) -> Result<()> {
    let node = Node::open(folder, Options::new().app_id("com.example.press")).await?;
    node.swarm().join(invite, "press-7", PATIENCE).await?;
    for order in ORDERS {
        for number in 1..=PARTS {
            let part = json!({ "order": order, "number": number });
            let tags = Tags::new(["part", "press:7", &format!("order:{order}")])?;
            node.publish(tags, Payload::from_serde(&part)?).await?;
        }
    }
    node.swarm().wait_in_sync(PATIENCE).await?;
    Ok(node.close().await?)
}

/// Confirms each order when all its parts have been reported.
async fn confirm(folder: &str, invite: &str) -> Result<()> {
    let node = Node::open(folder, Options::new().app_id("com.example.tablet")).await?;
    node.swarm().join(invite, "tablet-1", PATIENCE).await?;
    let mut reported: BTreeMap<u64, u64> = BTreeMap::new();
    let mut open = ORDERS.len();
    let mut rows = node.subscribe("FROM 'part'", SubscribeOptions::default())?;
    while open > 0 {
        let chunk = rows.next_chunk(256).await?;
        for row in chunk.context("the subscription ended")? {
            let part: Value = row.payload().to_serde()?;
            let order = part["order"].as_u64().context("a part has no order")?;
            let parts = reported.entry(order).or_default();
            *parts += 1;
            if *parts == PARTS {
                let payload = Payload::from_serde(&json!({ "order": order, "parts": parts }))?;
                let tags = Tags::new(["confirmed", &format!("order:{order}")])?;
                node.publish(tags, payload).await?;
                open -= 1;
            }
        }
    }
    node.swarm().wait_in_sync(PATIENCE).await?;
    Ok(node.close().await?)
}

fn has_tag(row: &Row, wanted: &str) -> bool {
    row.event()
        .is_some_and(|event| event.tags().iter().any(|tag| tag == wanted))
}
