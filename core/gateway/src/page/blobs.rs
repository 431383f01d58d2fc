//! Blobs as a person sees them: what there is, storing a file, taking one along, taking one back.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;
use serde::Serialize;
use swarmlet::report::here_text;
use swarmlet::{BlobId, BlobInfo, BlobState, Blobs, Error};

use super::person::Person;
use super::refusal::refused;
use crate::background::in_background;
use crate::body::Sent;
use crate::defences::SANDBOX;
use crate::desk::Desk;
use crate::files::{self, Intake};
use crate::limits::{PAGE_ROWS_MAX, PAGE_UPLOAD_BYTES_MAX};
use crate::negotiation::json;
use crate::problem::Problem;

type Named = Result<Path<String>, PathRejection>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    blobs: Vec<BlobRow>,
    /// Whether these are all.
    is_complete: bool,
}

/// What a record says of a blob.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlobRow {
    id: String,
    size: u64,
    name: Option<String>,
    media_type: Option<String>,
    tags: Vec<String>,
    /// Who stored it.
    device: String,
    app: String,
    timestamp_micros: i64,
    /// How much of it is here.
    state: &'static str,
}

#[derive(Serialize)]
struct Deleted {
    deleted: String,
}

/// The newest records.
pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    person: Person,
) -> Result<Response, Problem> {
    let _turn = desk.reads.acquire().await;
    let blobs = person.node.blobs();
    let listing = in_background(move || Listing::of(&blobs)).await;
    json(&listing.map_err(refused)?)
}

/// Stores a file, whose bytes are the body, under the name in the address.
pub(super) async fn store(
    person: Person,
    RawQuery(query): RawQuery,
    mut sent: Sent,
) -> Result<Response, Problem> {
    sent.check_size(PAGE_UPLOAD_BYTES_MAX)?;
    let name = query.as_deref().and_then(name_in).unwrap_or_default();
    let said = sent.headers.get(CONTENT_TYPE);
    let said = said.and_then(|kind| kind.to_str().ok());
    let intake = Intake::begin(&person.node.blobs(), &name, said, &sent.connection);
    let (mut intake, mut left) = (intake.map_err(refused)?, PAGE_UPLOAD_BYTES_MAX);
    while let Some(chunk) = sent.next_chunk().await? {
        let too_large = Problem::PayloadTooLarge {
            size: None,
            limit: PAGE_UPLOAD_BYTES_MAX,
        };
        left = left.checked_sub(chunk.len()).ok_or(too_large)?;
        intake = intake.take(chunk).await.map_err(refused)?;
    }
    let info = intake.finish().await.map_err(refused)?;
    let state = BlobState::Here { size: info.size };
    json(&BlobRow::of(info, state))
}

/// The bytes, for a file of the person; nothing that a browser would show or run.
pub(super) async fn read(
    State(desk): State<Arc<Desk>>,
    person: Person,
    id: Named,
) -> Result<Response, Problem> {
    let mut response = files::blob(desk, &person.node, parse(id)?, "").await?;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_DISPOSITION, "attachment"),
        (CONTENT_SECURITY_POLICY, SANDBOX),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Takes the records of a blob back, those that this device may.
pub(super) async fn remove(person: Person, id: Named) -> Result<Response, Problem> {
    let id = parse(id)?;
    person.node.blobs().delete(id).await.map_err(refused)?;
    tracing::info!(blob = %id, "a person took a blob back");
    json(&Deleted {
        deleted: id.to_string(),
    })
}

impl Listing {
    fn of(blobs: &Blobs) -> Result<Self, Error> {
        let mut records = blobs.list_newest()?;
        let mut listing = Self {
            blobs: Vec::new(),
            is_complete: true,
        };
        while let Some(infos) = records.next_chunk_blocking(PAGE_ROWS_MAX)? {
            for info in infos {
                if listing.blobs.len() == PAGE_ROWS_MAX {
                    listing.is_complete = false;
                    return Ok(listing);
                }
                let state = blobs.state(info.id)?;
                listing.blobs.push(BlobRow::of(info, state));
            }
        }
        Ok(listing)
    }
}

impl BlobRow {
    fn of(info: BlobInfo, state: BlobState) -> Self {
        Self {
            id: info.id.to_string(),
            size: info.size,
            name: info.name,
            media_type: info.media_type,
            tags: info.tags.iter().map(ToOwned::to_owned).collect(),
            device: info.key.stream.node.to_string(),
            app: info.app_id.to_string(),
            timestamp_micros: info.timestamp.micros(),
            state: here_text(state),
        }
    }
}

/// The name that stands behind the question mark.
fn name_in(query: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let name = pairs.find(|(key, _)| key == "name");
    name.map(|(_, name)| name.into_owned())
}

fn parse(id: Named) -> Result<BlobId, Problem> {
    let Path(id) = id.map_err(|_| Problem::NotFound)?;
    id.parse().map_err(|_| Problem::NotFound)
}
