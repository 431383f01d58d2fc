//! Large bytes: storing them, reading them, and what there is of them.

use std::time::Duration;

use serde::Serialize;
use swarmlet::report::here_text;
use swarmlet::{
    BlobId, BlobInfo, BlobState, BlobWriter, Blobs as Store, ErrorKind, Hold, Keep, Parameters,
    PutOptions, QueryOptions, Row, Tags,
};

use super::host::Host;
use super::rows::KeyRow;
use crate::failure::{Failure, Result};
use crate::limits::ROWS_AT_ONCE;
use crate::request::{BlobName, Blobs, Put};
use crate::wire::{Link, Progress};

/// What a record says of a blob.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordRow {
    blob: String,
    name: Option<String>,
    size: u64,
    #[serde(rename = "type")]
    media_type: Option<String>,
    /// How much of it is here: `all`, `part` or `nothing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    here: Option<&'static str>,
    hold: Hold,
    keep: Keep,
    tags: Vec<String>,
    app_id: String,
    timestamp: i64,
    #[serde(flatten)]
    key: KeyRow,
}

/// All that is known of a blob.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatRow {
    blob: String,
    here: &'static str,
    size: Option<u64>,
    missing: Option<u64>,
    is_pinned: bool,
    records: Vec<RecordRow>,
}

/// A blob to which something was done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlobRow {
    blob: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_pinned: Option<bool>,
    /// Records of others, which keep it.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_records: Option<u64>,
}

/// How much room blobs take.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageRow {
    blobs: u64,
    bytes: u64,
    spare_bytes: u64,
    bytes_max: Option<u64>,
}

/// Does what is asked.
pub(super) async fn act(host: &Host, request: Blobs, link: &mut Link) -> Result<()> {
    let blobs = host.node.blobs();
    match request {
        Blobs::Put(put) => store(host, put, link).await,
        Blobs::Get { blob, within } => {
            let id = find(host, &blob).await?;
            send(&blobs, id, within, link).await
        }
        Blobs::Ls => list(&blobs, link).await,
        Blobs::Stat { blob } => stat(&blobs, find(host, &blob).await?, link).await,
        Blobs::Pin { blob } => {
            let id = find(host, &blob).await?;
            blocking(move || blobs.pin(id)).await?;
            link.row(&BlobRow::pinned(id, true)).await
        }
        Blobs::Unpin { blob } => {
            let id = find(host, &blob).await?;
            blocking(move || blobs.unpin(id)).await?;
            link.row(&BlobRow::pinned(id, false)).await
        }
        Blobs::Rm { blob } => remove(&blobs, find(host, &blob).await?, link).await,
        Blobs::Usage => {
            let usage = blocking(move || blobs.usage()).await?;
            link.row(&UsageRow {
                blobs: usage.blobs,
                bytes: usage.bytes,
                spare_bytes: usage.spare_bytes,
                bytes_max: usage.bytes_max,
            })
            .await
        }
    }
}

/// Does what waits for the disk, on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> swarmlet::Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(Failure::new(ErrorKind::Internal, error.to_string())),
    }
}

/// Stores the bytes that the person sends. If they go away first, nothing is left.
async fn store(host: &Host, put: Put, link: &mut Link) -> Result<()> {
    let blobs = host.node_of(put.app.as_deref())?.blobs();
    let mut writer = begin(&blobs, &put)?;
    while let Some(bytes) = link.receive().await? {
        writer = blocking(move || {
            writer.write(&bytes)?;
            Ok(writer)
        })
        .await?;
    }
    let stored = blocking(move || writer.finish_blocking()).await?;
    link.row(&RecordRow::of(stored, None)).await
}

fn begin(blobs: &Store, put: &Put) -> Result<BlobWriter> {
    let tags = Tags::new(put.tags.iter().map(String::as_str))?;
    let mut options = PutOptions::new().tags(tags);
    options = options.hold(put.hold.clone()).keep(put.keep.clone());
    if let Some(media_type) = &put.media_type {
        options = options.media_type(media_type);
    }
    if let Some(name) = &put.name {
        return Ok(blobs.writer(options.name(name))?);
    }
    // Nobody chose the name of the file for the blob, so nobody is to blame if it does not fit.
    let named = put.file_name.as_ref();
    let named = named.and_then(|name| blobs.writer(options.clone().name(name)).ok());
    named.map_or_else(|| Ok(blobs.writer(options)?), Ok)
}

/// Sends the bytes of a blob, those that are not here as they come.
async fn send(blobs: &Store, id: BlobId, within: Option<Duration>, link: &mut Link) -> Result<()> {
    let mut reader = blobs.get(id);
    let mut total = None;
    loop {
        let next = reader.next_chunk();
        let next = match within {
            Some(within) => tokio::time::timeout(within, next).await.map_err(|_| {
                let message = "no bytes of the blob came in time: nobody who can be reached has \
                               it and may give it to this device";
                Failure::new(ErrorKind::Timeout, message)
            })?,
            None => next.await,
        };
        let Some(bytes) = next? else {
            return Ok(());
        };
        link.bytes(&bytes).await?;
        if total.is_none() {
            total = reader.progress()?.size;
        }
        link.progress(Progress {
            done: reader.position(),
            total,
            is_bytes: true,
        })
        .await?;
    }
}

async fn list(blobs: &Store, link: &mut Link) -> Result<()> {
    let mut records = blobs.list()?;
    while let Some(infos) = records.next_chunk(ROWS_AT_ONCE).await? {
        for info in infos {
            let state = blobs.state(info.id)?;
            link.row(&RecordRow::of(info, Some(here_text(state))))
                .await?;
        }
        link.pause().await?;
    }
    Ok(())
}

async fn stat(blobs: &Store, id: BlobId, link: &mut Link) -> Result<()> {
    let looked = blobs.clone();
    let stat = blocking(move || looked.stat(id)).await?;
    let (size, missing) = measures(stat.state);
    if stat.records.is_empty() && stat.state == BlobState::Absent {
        let message = format!("no blob {id} is here, and no record of one");
        return Err(Failure::new(ErrorKind::NotFound, message));
    }
    let records = stat.records.into_iter();
    link.row(&StatRow {
        blob: id.to_string(),
        here: here_text(stat.state),
        size,
        missing,
        is_pinned: stat.is_pinned,
        records: records.map(|info| RecordRow::of(info, None)).collect(),
    })
    .await
}

async fn remove(blobs: &Store, id: BlobId, link: &mut Link) -> Result<()> {
    let others = blobs.delete(id).await?;
    link.row(&BlobRow {
        blob: id.to_string(),
        is_pinned: None,
        other_records: Some(others),
    })
    .await?;
    match others {
        0 => Ok(()),
        _ => {
            let note = "records of others keep it: they, or who has the right admin, can take \
                        those back";
            link.note(note).await
        }
    }
}

/// The blob that is meant.
async fn find(host: &Host, blob: &BlobName) -> Result<BlobId> {
    let name = match blob {
        BlobName::Id(id) => return Ok(*id),
        BlobName::Name(name) => name,
    };
    let options = QueryOptions {
        order: swarmlet::Order::Descending,
        parameters: Parameters::new().with("name", name)?,
        ..QueryOptions::default()
    };
    let mut records = host
        .node
        .query("FROM 'blob' & `blob-name:{$name}`", options)?;
    while let Some(rows) = records.next_chunk(ROWS_AT_ONCE).await? {
        let infos = rows
            .iter()
            .filter_map(Row::event)
            .filter_map(BlobInfo::from_event);
        for info in infos {
            let blobs = host.node.blobs();
            let stat = blocking(move || blobs.stat(info.id)).await?;
            if stat.records.iter().any(|record| record.key == info.key) {
                return Ok(info.id);
            }
        }
    }
    let message = format!("no blob is called `{name}`");
    Err(Failure::new(ErrorKind::NotFound, message).advise("`swarmlet blobs ls` lists them"))
}

/// The size of a blob, as far as it is here, and how many bytes are missing.
fn measures(state: BlobState) -> (Option<u64>, Option<u64>) {
    match state {
        BlobState::Here { size } => (Some(size), None),
        BlobState::Part { size, missing } => (Some(size), Some(missing)),
        BlobState::Absent => (None, None),
    }
}

impl RecordRow {
    fn of(info: BlobInfo, here: Option<&'static str>) -> Self {
        Self {
            blob: info.id.to_string(),
            name: info.name,
            size: info.size,
            media_type: info.media_type,
            here,
            hold: info.hold,
            keep: info.keep,
            tags: info.tags.iter().map(ToOwned::to_owned).collect(),
            app_id: info.app_id.to_string(),
            timestamp: info.timestamp.micros(),
            key: info.key.into(),
        }
    }
}

impl BlobRow {
    fn pinned(id: BlobId, is_pinned: bool) -> Self {
        Self {
            blob: id.to_string(),
            is_pinned: Some(is_pinned),
            other_records: None,
        }
    }
}
