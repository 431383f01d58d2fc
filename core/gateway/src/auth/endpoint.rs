//! `POST /auth`: a token for a manifest.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::manifest::{Manifest, Sent};
use super::token;
use crate::body;
use crate::desk::Desk;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::negotiation::{self, JSON};
use crate::problem::Problem;

pub(crate) async fn authenticate(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    negotiation::check_accept(&headers, JSON)?;
    let sent: Sent = body::json(&headers, body, MANIFEST_BYTES_MAX).await?;
    let manifest = Manifest::of(sent)?;
    let token = token::issue(&desk.node, &manifest, desk.settings.token_valid)?;
    tracing::debug!(app_id = %manifest.app_id, version = manifest.version, "a token was given");
    Ok((
        [(CONTENT_TYPE, JSON)],
        json!({ "token": token }).to_string(),
    )
        .into_response())
}
