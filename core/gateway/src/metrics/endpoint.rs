//! Measurements and health, for whoever reaches the gateway: nothing of it is secret.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::page;
use crate::background::in_background;
use crate::desk::Desk;
use crate::problem::Problem;

pub(crate) async fn measurements(State(desk): State<Arc<Desk>>) -> Result<Response, Problem> {
    if !desk.settings.has_metrics {
        return Err(Problem::NotFound);
    }
    let usage = desk.usage.latest(&desk.node).await;
    // It looks at files and at the members, whom others may have to themselves while they write.
    let page = in_background(move || Ok(page::page(&desk, usage.as_ref()))).await;
    // It fails only if it is cut off.
    let page = page.map_err(|_| Problem::Internal)?;
    let headers = [(CONTENT_TYPE, FORMAT), (CACHE_CONTROL, "no-cache")];
    Ok((headers, page).into_response())
}

/// Whether the process does anything: the node is open. If not, starting it again helps.
pub(crate) async fn health(State(desk): State<Arc<Desk>>) -> Response {
    answer(in_background(move || desk.node.offsets().map(|_| None)).await)
}

/// Whether apps should be sent here: the node is open, can write, and its upkeep does not fail.
pub(crate) async fn readiness(State(desk): State<Arc<Desk>>) -> Response {
    let looked = in_background(move || {
        desk.node.offsets()?;
        Ok(desk.node.metrics().fault())
    });
    answer(looked.await)
}

/// What is wrong with the node, if it is open at all.
fn answer(looked: swarmlet::Result<Option<String>>) -> Response {
    match looked {
        Ok(None) => said(StatusCode::OK, "ok"),
        Ok(Some(fault)) => said(StatusCode::SERVICE_UNAVAILABLE, &fault),
        Err(error) => said(StatusCode::SERVICE_UNAVAILABLE, error.message()),
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

#[cfg(test)]
mod tests {
    use swarmlet::Metrics;

    use super::*;

    #[test]
    fn a_node_that_cannot_write_or_whose_upkeep_fails_is_not_ready() {
        let status = |metrics: &Metrics| answer(Ok(metrics.fault())).status();
        let mut metrics = Metrics::default();
        assert_eq!(status(&metrics), StatusCode::OK);
        metrics.is_read_only = true;
        assert_eq!(status(&metrics), StatusCode::SERVICE_UNAVAILABLE);
        metrics.is_read_only = false;
        metrics.maintenance_error = Some("the disk is full".to_owned());
        assert_eq!(status(&metrics), StatusCode::SERVICE_UNAVAILABLE);
    }
}
