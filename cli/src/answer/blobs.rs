//! Large bytes: storing them, reading them, and what there is of them.

use std::time::Duration;

use serde::Serialize;
use swarmlet::report::here_text;
use swarmlet::{
    BlobId, BlobInfo, BlobStat, BlobState, Blobs as Store, Collection, CollectionFile,
    CollectionPath, ErrorKind, Hold, Keep, Parameters, PutOptions, QueryOptions, Row, Tags,
};

use super::host::Host;
use super::rows::KeyRow;
use crate::background::blocking;
use crate::failure::{Failure, Result};
use crate::limits::ROWS_AT_ONCE;
use crate::request::{BlobName, Blobs, Put};
use crate::wire::{Link, Part, Progress};

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
    /// How many files are in it, and bytes in them, of a folder whose list is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_bytes: Option<u64>,
    is_pinned: bool,
    records: Vec<RecordRow>,
}

/// The files of a folder.
#[derive(Serialize)]
struct FolderRow {
    blob: String,
    files: Vec<FileRow>,
}

/// A file of a folder.
#[derive(Serialize)]
struct FileRow {
    path: String,
    blob: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    here: Option<&'static str>,
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
        Blobs::PutFolder(put) => store_folder(host, put, link).await,
        Blobs::Get {
            blob,
            within,
            is_raw,
        } => {
            let id = find(host, &blob).await?;
            let files = match !is_raw && is_folder(&blobs, id).await? {
                true => in_time(within, files_of(&blobs, id)).await?,
                false => None,
            };
            match files {
                Some(files) => send_files(id, &files, link).await,
                None => send(&blobs, id, within, link).await,
            }
        }
        Blobs::Ls => list(&blobs, link).await,
        Blobs::Files { blob } => list_files(&blobs, find(host, &blob).await?, link).await,
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

/// Stores the bytes that the person sends. If they go away first, nothing is left.
async fn store(host: &Host, put: Put, link: &mut Link) -> Result<()> {
    let blobs = host.node_of(put.app.as_deref())?.blobs();
    let mut writer = begin(put, |options| blobs.writer(options))?;
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

/// Stores the files that the person sends. If they go away first, nothing is left.
async fn store_folder(host: &Host, put: Put, link: &mut Link) -> Result<()> {
    let blobs = host.node_of(put.app.as_deref())?.blobs();
    let mut writer = begin(put, |options| blobs.collection_writer(options))?;
    loop {
        writer = match link.receive_part().await? {
            Part::File(path) => {
                let path = String::from_utf8(path.into());
                let path = path.map_err(|_| Failure::invalid("a path is no text"))?;
                let path = CollectionPath::new(path)?;
                blocking(move || writer.file(path).map(|()| writer)).await?
            }
            Part::Bytes(bytes) => blocking(move || writer.write(&bytes).map(|()| writer)).await?,
            Part::End => break,
        };
    }
    let stored = blocking(move || writer.finish_blocking()).await?;
    link.row(&RecordRow::of(stored, None)).await
}

/// Begins to store what is said so.
fn begin<T>(put: Put, begin: impl Fn(PutOptions) -> swarmlet::Result<T>) -> Result<T> {
    let tags = Tags::new(put.tags.iter().map(String::as_str))?;
    let mut options = PutOptions::new().tags(tags);
    options = options.hold(put.hold).keep(put.keep);
    if let Some(media_type) = put.media_type {
        options = options.media_type(media_type);
    }
    if let Some(name) = put.name {
        return Ok(begin(options.name(name))?);
    }
    // Nobody chose the name of the file for the blob, so nobody is to blame if it does not fit.
    let named = put.file_name.map(|name| options.clone().name(name));
    let named = named.and_then(|options| begin(options).ok());
    named.map_or_else(|| Ok(begin(options)?), Ok)
}

/// Whether a record says that a blob is the list of the files of a folder.
async fn is_folder(blobs: &Store, id: BlobId) -> Result<bool> {
    let blobs = blobs.clone();
    let stat = blocking(move || blobs.stat(id)).await?;
    Ok(says_folder(&stat))
}

fn says_folder(stat: &BlobStat) -> bool {
    let mut kinds = stat.records.iter().map(|info| info.media_type.as_deref());
    kinds.any(|kind| kind == Some(Collection::MEDIA_TYPE))
}

/// The files of a folder. Nothing of what is none: whoever publishes a record may say anything.
async fn files_of(blobs: &Store, id: BlobId) -> swarmlet::Result<Option<Collection>> {
    match blobs.collection(id).await {
        Err(error) if error.kind() == ErrorKind::Corrupt => Ok(None),
        files => files.map(Some),
    }
}

/// Sends which files a folder has: the person asks for those that are missing.
async fn send_files(id: BlobId, files: &Collection, link: &mut Link) -> Result<()> {
    link.row(&FolderRow {
        blob: id.to_string(),
        files: files.iter().map(|file| FileRow::of(file, None)).collect(),
    })
    .await
}

/// Lists the files of a folder whose list is here.
async fn list_files(blobs: &Store, id: BlobId, link: &mut Link) -> Result<()> {
    let state = blobs.state(id)?;
    let is_folder = is_folder(blobs, id).await?;
    if is_folder && !matches!(state, BlobState::Here { .. }) {
        let message = "the list of the files is not on this device yet";
        return Err(Failure::new(ErrorKind::Unavailable, message)
            .advise("`swarmlet blobs get` fetches it, with the files"));
    }
    let files = match is_folder {
        true => files_of(blobs, id).await?,
        false => None,
    };
    let Some(files) = files else {
        let failure = Failure::invalid("the blob is a file, and no folder");
        return Err(failure.advise("`swarmlet blobs stat` prints what is known of it"));
    };
    for file in files.iter() {
        let here = here_text(blobs.state(file.1.id)?);
        link.row(&FileRow::of(file, Some(here))).await?;
    }
    Ok(())
}

/// Waits for what comes from others, at most so long.
async fn in_time<T>(
    within: Option<Duration>,
    coming: impl Future<Output = swarmlet::Result<T>>,
) -> Result<T> {
    let Some(within) = within else {
        return Ok(coming.await?);
    };
    let come = tokio::time::timeout(within, coming).await;
    Ok(come.map_err(|_| {
        let message = "no bytes of the blob came in time: nobody who can be reached has it and \
                       may give it to this device";
        Failure::new(ErrorKind::Timeout, message)
    })??)
}

/// Sends the bytes of a blob, those that are not here as they come.
async fn send(blobs: &Store, id: BlobId, within: Option<Duration>, link: &mut Link) -> Result<()> {
    let mut reader = blobs.get(id);
    let mut total = None;
    loop {
        let next = in_time(within, reader.next_chunk()).await?;
        let Some(bytes) = next else {
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
    // Nobody is asked for it.
    let is_here = matches!(stat.state, BlobState::Here { .. });
    let files = match says_folder(&stat) && is_here {
        true => files_of(blobs, id).await.unwrap_or_default(),
        false => None,
    };
    let files = files.as_ref();
    let records = stat.records.into_iter();
    link.row(&StatRow {
        files: files.map(|files| files.len() as u64),
        file_bytes: files.map(|files| files.iter().map(|(_, file)| file.size.get()).sum()),
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

impl FileRow {
    fn of((path, file): (&CollectionPath, CollectionFile), here: Option<&'static str>) -> Self {
        Self {
            path: path.to_string(),
            blob: file.id.to_string(),
            size: file.size.get(),
            here,
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
