//! How far each stream is here.

use serde::Serialize;
use swarmlet::report::StreamReport;

use super::host::Host;
use crate::failure::Result;
use crate::wire::Link;

/// A stream, and how far it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamRow {
    stream: String,
    name: Option<String>,
    first: Option<u64>,
    present: Option<u64>,
    to_replicate: u64,
    is_own: bool,
}

/// Gives a row for each stream that is here, or that others have.
pub(super) async fn offsets(host: &Host, link: &mut Link) -> Result<()> {
    for stream in StreamReport::all_of(&host.node)? {
        link.row(&StreamRow {
            stream: stream.id.to_string(),
            name: stream.name,
            first: stream.first,
            present: stream.last,
            to_replicate: stream.behind,
            is_own: stream.id.node == host.node.id(),
        })
        .await?;
    }
    Ok(())
}
