//! How far each stream is here.

use std::collections::BTreeMap;

use serde::Serialize;
use swarmlet::StreamId;

use super::host::Host;
use crate::failure::Result;
use crate::wire::Link;

/// A stream, and how far it is.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamRow {
    stream: String,
    /// Its name; nothing while no event of it is here.
    name: Option<String>,
    /// The first event that can be read.
    first: Option<u64>,
    /// The last event that can be read.
    present: Option<u64>,
    /// How many events more others have.
    to_replicate: u64,
    is_own: bool,
}

/// Gives a row for each stream that is here, or that others have.
pub(super) async fn offsets(host: &Host, link: &mut Link) -> Result<()> {
    let state = host.node.offsets()?;
    let row = |id: StreamId| StreamRow {
        stream: id.to_string(),
        is_own: id.node == host.node.id(),
        ..StreamRow::default()
    };
    let mut rows: BTreeMap<StreamId, StreamRow> = BTreeMap::new();
    for stream in host.node.streams()? {
        let row = StreamRow {
            name: Some(stream.name.to_string()),
            first: Some(stream.first.get()),
            present: Some(stream.last.get()),
            ..row(stream.id)
        };
        rows.insert(stream.id, row);
    }
    for (id, missing) in state.to_replicate {
        rows.entry(id).or_insert_with(|| row(id)).to_replicate = missing;
    }
    for row in rows.values() {
        link.row(row).await?;
    }
    Ok(())
}
