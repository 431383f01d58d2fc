//! `--query`: prints what a query finds in a folder as JSON, one row on a line.
//!
//! All devices have the same events, so the office is asked, unless the folder is that of a device.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use swarmlet::{Network, Node, Options, QueryOptions, Row, query_mistake};

use crate::talk::Role;

/// Prints what matches; the folder must be one of the demo, or of one of its devices.
pub(crate) async fn run(folder: &Path, aql: &str) -> Result<()> {
    if let Some(mistake) = query_mistake(aql) {
        bail!("the query cannot be understood\n{mistake}");
    }
    ensure!(
        folder.is_dir(),
        "there is no folder {}: run the demo first",
        folder.display()
    );
    let office = folder.join(Role::Office.name());
    let folder = if office.is_dir() { &office } else { folder };
    let network = Network::new()
        .listen("tcp://127.0.0.1:0")
        .discovery(false)
        .address_exchange(false);
    let node = Node::open(folder, Options::new().network(network)).await?;
    let printed = print(&node, aql).await;
    node.close().await?;
    printed
}

async fn print(node: &Node, aql: &str) -> Result<()> {
    let mut results = node.query(aql, QueryOptions::default())?;
    while let Some(rows) = results.next_chunk(1_024).await? {
        let mut out = io::stdout().lock();
        for row in &rows {
            match writeln!(out, "{}", to_json(row)?) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                written => written?,
            }
        }
    }
    Ok(())
}

/// What does not come from one event is its value only.
fn to_json(row: &Row) -> Result<Value> {
    let payload: Value = row
        .payload()
        .to_serde()
        .context("a payload cannot be shown as JSON")?;
    let Some(event) = row.event() else {
        return Ok(json!({ "payload": payload }));
    };
    Ok(json!({
        "stream": event.key.stream.to_string(),
        "offset": event.key.offset.get(),
        "lamport": event.key.lamport.get(),
        "timestamp": event.timestamp.micros(),
        "appId": event.app_id.as_str(),
        "tags": event.tags().iter().collect::<Vec<_>>(),
        "payload": payload,
    }))
}
