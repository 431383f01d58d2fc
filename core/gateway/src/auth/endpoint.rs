//! `POST /auth`: a token for a manifest.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::manifest::Manifest;
use super::token::{self, Bearer, Issued, TokenUse};
use crate::body::Sent;
use crate::desk::Desk;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::negotiation::{self, JSON};
use crate::problem::Problem;

pub(crate) async fn authenticate(
    State(desk): State<Arc<Desk>>,
    sent: Sent,
) -> Result<Response, Problem> {
    negotiation::check_accept(&sent.headers, JSON)?;
    let submitted = sent.json(MANIFEST_BYTES_MAX).await?;
    let manifest = Manifest::of(submitted, &desk.settings.trust)?;
    let bearer = Bearer {
        app_id: &manifest.app_id,
        app_version: &manifest.version,
        valid: desk.settings.token_valid,
    };
    let Issued { token, .. } = token::issue(&desk, TokenUse::App, bearer)?;
    tracing::debug!(app_id = %manifest.app_id, version = manifest.version, "a token was given");
    Ok((
        [(CONTENT_TYPE, JSON)],
        json!({ "token": token }).to_string(),
    )
        .into_response())
}
