//! Files as web pages, each under a host name of its own: `http://<name>.actyx.localhost:4454/`.
//!
//! A name that was given is public, on this machine. Each name is an origin of its own, so pages
//! see each other's data no more than pages of different sites do.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HOST};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::names::FileName;
use super::{download, names};
use crate::desk::Desk;
use crate::problem::Problem;

/// Answers requests to such names; everything else goes on.
pub(crate) async fn host(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let Some(label) = label(&request) else {
        return next.run(request).await;
    };
    // Pages ask the API under their own name, as that is where they come from.
    if request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::MethodNotAllowed.into_response();
    }
    let path = request.uri().path().to_owned();
    page(desk, &label, &path)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn page(desk: Arc<Desk>, label: &str, path: &str) -> Result<Response, Problem> {
    let name: FileName = label.parse().map_err(|_| Problem::NotFound)?;
    let named = names::resolve(&desk.node, &name).await?;
    let cid = named.ok_or(Problem::NotFound)?;
    let node = desk.node.clone();
    let mut response = download::page(desk, node, cid, path).await?;
    let fresh = HeaderValue::from_static("no-cache, no-store, must-revalidate");
    response.headers_mut().insert(CACHE_CONTROL, fresh);
    Ok(response)
}

fn label(request: &Request) -> Option<String> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let host = host.split(':').next()?.to_ascii_lowercase();
    host.strip_suffix(".actyx.localhost").map(str::to_owned)
}
