//! Handing files out, as they are read: from this device, or from others.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{TryFutureExt as _, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use swarmlet::{BlobId, BlobReader, BlobState, Collection, CollectionFile, Node};
use tokio::time::timeout;

use super::cid::{Cid, Kind};
use super::listing::{self, Listing};
use super::media;
use crate::background::in_background;
use crate::desk::Desk;
use crate::events::Refusal;
use crate::limits::FETCH_TIME_MAX;
use crate::problem::{Problem, cut_off};
use crate::serving::Outflow;

/// Whoever reads.
pub(super) struct Reader {
    pub(super) node: Node,
    pub(super) outflow: Arc<Outflow>,
    /// The address that a browser asks for, which gets HTML.
    pub(super) browsed: Option<Uri>,
}

/// What is at a path in a file or folder, a path in a file leads nowhere; a folder is listed.
pub(super) async fn at(
    desk: Arc<Desk>,
    reader: Reader,
    cid: Cid,
    path: &str,
) -> Result<Response, Problem> {
    let node = &reader.node;
    if let Kind::File = cid.kind {
        return plain(desk, node, cid, path).await;
    }
    let folder = folder(node, cid.id).await?;
    if let Some(found) = find(&folder, path) {
        return file(desk, node, found.id, path).await;
    }
    let path = path.to_owned();
    let listing = Listing { cid, folder, path };
    listing.respond(&desk, reader).await
}

/// A file that is in no folder.
async fn plain(desk: Arc<Desk>, node: &Node, cid: Cid, path: &str) -> Result<Response, Problem> {
    match path.is_empty() {
        true => file(desk, node, cid.id, "").await,
        false => Err(Problem::NotFound),
    }
}

/// The same for browsers: a folder is its `index.html`, and is asked for with a slash at the end,
/// without which links in it would lead elsewhere.
pub(super) async fn page(
    desk: Arc<Desk>,
    node: Node,
    cid: Cid,
    (asked, query): (&str, Option<&str>),
) -> Result<Response, Problem> {
    let path = asked.trim_matches('/');
    if let Kind::File = cid.kind {
        return plain(desk, &node, cid, path).await;
    }
    let folder = folder(&node, cid.id).await?;
    if let Some(found) = find(&folder, path) {
        return file(desk, &node, found.id, path).await;
    }
    let index = match path {
        "" => INDEX.to_owned(),
        path => format!("{path}/{INDEX}"),
    };
    let found = find(&folder, &index).ok_or(Problem::NotFound)?;
    if !asked.ends_with('/') && !path.is_empty() {
        // One slash at its beginning: more would make a host of it.
        let query = query.map(|query| format!("?{query}"));
        let path = utf8_percent_encode(path, KEPT);
        let place = format!("/{path}/{}", query.unwrap_or_default());
        return Ok(listing::sent_to(&place));
    }
    file(desk, &node, found.id, &index).await
}

fn find(folder: &Collection, path: &str) -> Option<CollectionFile> {
    let mut files = folder.iter();
    let found = files.find(|(known, _)| known.as_str() == path);
    found.map(|(_, file)| file)
}

/// Looks before it promises anything: what nobody has told of is not there.
pub(crate) async fn file(
    desk: Arc<Desk>,
    node: &Node,
    id: BlobId,
    path: &str,
) -> Result<Response, Problem> {
    let known = known(node, id).await?;
    let mut reader = node.blobs().get(id);
    let first = next(&mut reader, FETCH_TIME_MAX).await?;
    let media_type = media::of_name(path).map(str::to_owned).or(known.media_type);
    let headers = [
        (
            CONTENT_TYPE,
            media_type.unwrap_or_else(|| media::UNKNOWN.to_owned()),
        ),
        (CONTENT_LENGTH, known.size.to_string()),
        (ETAG, format!("\"{id}\"")),
    ];
    Ok((StatusCode::OK, headers, body(desk, first, reader)).into_response())
}

/// What is told of a blob.
struct Known {
    size: u64,
    media_type: Option<String>,
}

async fn known(node: &Node, id: BlobId) -> Result<Known, Problem> {
    let blobs = node.blobs();
    let stat = in_background(move || blobs.stat(id)).await;
    let stat = stat.map_err(Refusal::from)?;
    let told = stat.records.last();
    let size = match (stat.state, told) {
        (BlobState::Here { size } | BlobState::Part { size, .. }, _) => size,
        (BlobState::Absent, Some(told)) => told.size,
        (BlobState::Absent, None) => return Err(Problem::NotFound),
    };
    let media_type = told.and_then(|told| told.media_type.clone());
    Ok(Known { size, media_type })
}

async fn folder(node: &Node, id: BlobId) -> Result<Collection, Problem> {
    known(node, id).await?;
    match timeout(FETCH_TIME_MAX, node.blobs().collection(id)).await {
        Ok(folder) => Ok(folder.map_err(Refusal::from)?),
        Err(_) => Err(Problem::Unavailable),
    }
}

async fn next(reader: &mut BlobReader, within: Duration) -> Result<Option<Bytes>, Problem> {
    match timeout(within, reader.next_chunk()).await {
        Ok(chunk) => Ok(chunk.map_err(Refusal::from)?),
        Err(_) => Err(Problem::Unavailable),
    }
}

fn body(desk: Arc<Desk>, first: Option<Bytes>, reader: BlobReader) -> Body {
    let state = (first, reader, desk);
    Body::from_stream(stream::try_unfold(
        state,
        |(first, mut reader, desk)| async move {
            let chunk = match first {
                Some(first) => Some(first),
                None => {
                    let next = next(&mut reader, FETCH_TIME_MAX).map_err(|_| cut_off());
                    desk.unless_closing(next).await?
                }
            };
            Ok::<_, io::Error>(chunk.map(|chunk| (chunk, (None, reader, desk))))
        },
    ))
}

const INDEX: &str = "index.html";
/// What of a path is written as it is.
pub(super) const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
