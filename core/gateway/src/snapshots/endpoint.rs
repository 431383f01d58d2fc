//! `/blob/<app>/<path>`: reading, writing, removing.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::path::SnapshotPath;
use super::store::{Entry, Found, Kept, Refused, Store};
use crate::auth::Caller;
use crate::body::Sent;
use crate::desk::Desk;
use crate::limits::{MANIFEST_BYTES_MAX, MEDIA_TYPE_BYTES_MAX, SNAPSHOT_BYTES_MAX};
use crate::negotiation::JSON;
use crate::problem::Problem;
use crate::serving::Connection;

/// What is at a place, or what is in it; that there is nothing is no problem.
pub(crate) async fn read(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Extension(connection): Extension<Connection>,
    uri: Uri,
) -> Result<Response, Problem> {
    let (path, _) = place(&uri, &caller)?;
    let (found, room) = loop {
        let (measured, read) = (path.clone(), path.clone());
        let size = on_shelf(&desk, move |store| store.size(&measured)).await?;
        // Nothing larger is kept.
        let bytes = size.min(SNAPSHOT_BYTES_MAX as u64) as usize;
        let room = connection.outflow.draw(bytes).await;
        let found = on_shelf(&desk, move |store| store.read(&read, size)).await?;
        if let Some(found) = found {
            break (found, room);
        }
    };
    match found {
        Found::File(kept) => {
            let headers = [(CONTENT_TYPE, kept.media_type)];
            Ok((headers, room.house(kept.bytes)).into_response())
        }
        Found::Folder(entries) => {
            let _turn = desk.reads.acquire().await;
            let text = listing(entries).to_string().into_bytes();
            let room = connection.outflow.draw(text.len()).await;
            Ok(([(CONTENT_TYPE, JSON)], room.house(text)).into_response())
        }
        Found::Nothing => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

pub(crate) async fn write(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    uri: Uri,
    sent: Sent,
) -> Result<StatusCode, Problem> {
    let path = own_place(&uri, &caller)?;
    if !sent.headers.contains_key(CONTENT_LENGTH) {
        let (size, limit) = (None, SNAPSHOT_BYTES_MAX);
        return Err(Problem::PayloadTooLarge { size, limit });
    }
    let media_type = sent
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let media_type = media_type.filter(|kind| kind.len() <= MEDIA_TYPE_BYTES_MAX);
    let media_type = media_type.unwrap_or("application/octet-stream").to_owned();
    let received = sent.whole(SNAPSHOT_BYTES_MAX).await?;
    let room = desk.room_to_publish(received.len()).await?;
    let bytes = received.into_bytes().into();
    let kept = Kept { media_type, bytes };
    on_shelf(&desk, move |store| store.write(&path, &kept)).await?;
    drop(room);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn remove(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    let path = own_place(&uri, &caller)?;
    on_shelf(&desk, move |store| store.remove(&path)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What clients say about how much is kept for how long: accepted, and without effect, as with the
/// predecessor.
pub(crate) async fn change(caller: Caller, uri: Uri, sent: Sent) -> Result<StatusCode, Problem> {
    #[derive(Deserialize)]
    #[serde(tag = "type", rename_all = "camelCase")]
    enum Change {
        SetElasticity {
            #[expect(dead_code, reason = "it has to be there")]
            definition: Value,
        },
    }
    own_place(&uri, &caller)?;
    let Change::SetElasticity { .. } = sent.json(MANIFEST_BYTES_MAX).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The place that an address names, as it stands there, and whether it is the caller's.
fn place(uri: &Uri, caller: &Caller) -> Result<(SnapshotPath, bool), Problem> {
    let path = uri.path().strip_prefix("/blob/");
    let place = path.and_then(|path| SnapshotPath::parse(path, caller.node.app_id()));
    place.ok_or(Problem::NotFound)
}

fn own_place(uri: &Uri, caller: &Caller) -> Result<SnapshotPath, Problem> {
    match place(uri, caller)? {
        (path, true) => Ok(path),
        (_, false) => Err(Problem::NotOwn),
    }
}

/// Asks the store, on a thread that may wait for the disk.
async fn on_shelf<T: Send + 'static>(
    desk: &Desk,
    ask: impl Fn(&Store) -> Result<T, Refused> + Send + Sync + 'static,
) -> Result<T, Problem> {
    // The folder of a closed node may be another's.
    desk.node.offsets().map_err(|_| Problem::ShuttingDown)?;
    desk.shelf.ask(desk.node.folder(), ask).await
}

fn listing(entries: BTreeMap<String, Entry>) -> Value {
    let shown = |entry| match entry {
        Entry::Folder => json!({ "type": "folder" }),
        Entry::File {
            media_type,
            measures,
        } => json!({
            "type": "file",
            "originalSize": measures.original_bytes,
            "compressedSize": measures.compressed_bytes,
            "mimeType": media_type,
            "atimeMillis": measures.created_ms,
            "ctimeMillis": measures.created_ms,
        }),
    };
    entries
        .into_iter()
        .map(|(name, entry)| (name, shown(entry)))
        .collect()
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLarge { size, limit } => {
                let size = Some(size);
                Self::PayloadTooLarge { size, limit }
            }
            Refused::NoRoom => Self::NoRoom,
            refused if refused.is_full() => Self::DiskFull,
            Refused::Failed(error) => {
                tracing::error!(%error, "what an app keeps cannot be read or written");
                Self::Internal
            }
        }
    }
}
