//! Publish, query, subscribe: the program that the README quotes.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use serde_json::{Value, json};
use swarmlet::{Node, Options, Payload, QueryOptions, SubscribeOptions, Tags};

#[tokio::main]
async fn main() -> swarmlet::Result<()> {
    let node = Node::open("press-7", Options::new().app_id("com.example.press")).await?;

    // The event is on the disk, synced, when this returns.
    let tags = Tags::new(["press:7", "stopped"])?;
    let payload = Payload::from_serde(&json!({"reason": "jam"}))?;
    node.publish(tags, payload).await?;

    // What has happened so far.
    let mut past = node.query("FROM 'press:7' & 'stopped'", QueryOptions::default())?;
    while let Some(rows) = past.next_chunk(256).await? {
        for row in rows {
            println!("stopped: {}", row.payload().to_serde::<Value>()?["reason"]);
        }
    }

    // What has happened and then what happens: nothing is missed in between.
    let mut live = node.subscribe("FROM 'press:7'", SubscribeOptions::default())?;
    if let Some(rows) = live.next_chunk(256).await? {
        println!("{} events; resume from {:?}", rows.len(), live.offsets());
    }
    node.close().await
}
