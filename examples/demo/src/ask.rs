//! `--query`: prints the events of a folder as JSON, one on a line.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use swarmlet::{Event, Node, Options, QueryOptions, query_mistake};

/// Prints what matches; the folder must hold a node.
pub(crate) async fn run(folder: &Path, aql: &str) -> Result<()> {
    if let Some(mistake) = query_mistake(aql) {
        bail!("the query cannot be understood\n{mistake}");
    }
    ensure!(
        folder.is_dir(),
        "there is no folder {}: run the demo first",
        folder.display()
    );
    let node = Node::open(folder, Options::new()).await?;
    let printed = print(&node, aql).await;
    node.close().await?;
    printed
}

async fn print(node: &Node, aql: &str) -> Result<()> {
    let mut results = node.query(aql, QueryOptions::default())?;
    while let Some(events) = results.next_chunk(1_024).await? {
        let mut out = io::stdout().lock();
        for event in &events {
            match writeln!(out, "{}", to_json(event)?) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                written => written?,
            }
        }
    }
    Ok(())
}

fn to_json(event: &Event) -> Result<Value> {
    let payload: Value = event
        .payload()
        .to_serde()
        .context("a payload cannot be shown as JSON")?;
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
