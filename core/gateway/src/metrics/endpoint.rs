//! Measurements and health, for whoever reaches the gateway: nothing of it is secret.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::page;
use crate::desk::Desk;
use crate::problem::Problem;

pub(crate) async fn measurements(State(desk): State<Arc<Desk>>) -> Result<Response, Problem> {
    if !desk.settings.has_metrics {
        return Err(Problem::NotFound);
    }
    let usage = desk.usage.latest(&desk.node).await;
    let headers = [(CONTENT_TYPE, FORMAT), (CACHE_CONTROL, "no-cache")];
    Ok((headers, page::page(&desk, usage.as_ref())).into_response())
}

/// Whether the process does anything: the node is open. If not, starting it again helps.
pub(crate) async fn health(State(desk): State<Arc<Desk>>) -> Response {
    match desk.node.offsets() {
        Ok(_) => said(StatusCode::OK, "ok"),
        Err(error) => said(StatusCode::SERVICE_UNAVAILABLE, error.message()),
    }
}

/// Whether apps should be sent here: the node is open, and its upkeep does not fail.
pub(crate) async fn readiness(State(desk): State<Arc<Desk>>) -> Response {
    match desk.node.metrics().maintenance_error {
        None => health(State(desk)).await,
        Some(error) => said(StatusCode::SERVICE_UNAVAILABLE, &error),
    }
}

fn said(status: StatusCode, what: &str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (status, headers, format!("{what}\n")).into_response()
}

const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
