//! Files as web pages, each under a host name of its own: `http://<name>.actyx.localhost:4454/`, or
//! with an id in the place of a name.
//!
//! A name that was given is public, on this machine. Each name is an origin of its own, so pages
//! see each other's data no more than pages of different sites do.
//!
//! Every member of the swarm can give names, so every member can have pages here. Those that this
//! device did not name are shown, and get nothing of the API.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;

use super::cid::Cid;
use super::names::FileName;
use super::{download, names};
use crate::desk::Desk;
use crate::problem::Problem;

/// Answers requests to such names; everything else goes on.
pub(crate) async fn host(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let label = host_of(&request).as_deref().and_then(label);
    // Pages ask the API under their own name, as that is where they come from.
    let label = label.filter(|_| !request.uri().path().starts_with("/api/"));
    let Some(label) = label else {
        let pages = pages(&request);
        return match check_pages(&desk, pages).await {
            Ok(()) => next.run(request).await,
            Err(problem) => problem.into_response(),
        };
    };
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::MethodNotAllowed.into_response();
    }
    // What is no text is the name of nothing.
    let uri = request.uri().clone();
    let answer = match percent_decode_str(uri.path()).decode_utf8() {
        Ok(path) => page(desk, &label, (&path, uri.query())).await,
        Err(_) => Err(Problem::NotFound),
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

/// The origins that a request may come from.
///
/// Browsers do not say of every request where it comes from; it comes from here then.
fn pages(request: &Request) -> impl Iterator<Item = String> + use<> {
    let origin = request.headers().get(ORIGIN);
    let origin = origin.and_then(|origin| Some(origin.to_str().ok()?.to_owned()));
    [origin, host_of(request)].into_iter().flatten()
}

/// Whether those of these that are pages of files may use the API.
async fn check_pages(desk: &Desk, pages: impl Iterator<Item = String>) -> Result<(), Problem> {
    for origin in pages {
        let Some(label) = label(&origin) else {
            continue;
        };
        if desk.settings.origins.is_named(&origin) {
            continue;
        }
        let name: FileName = label.parse().map_err(|_| Problem::OriginRefused)?;
        if !names::is_own(&desk.node, &name).await? {
            return Err(Problem::OriginRefused);
        }
    }
    Ok(())
}

async fn page(
    desk: Arc<Desk>,
    label: &str,
    asked: (&str, Option<&str>),
) -> Result<Response, Problem> {
    let cid = match label.parse() {
        Ok(cid) => cid,
        Err(_) => named(&desk, label).await?.ok_or(Problem::NotFound)?,
    };
    let node = desk.node.clone();
    let mut response = download::page(desk, node, cid, asked).await?;
    let fresh = HeaderValue::from_static("no-cache, no-store, must-revalidate");
    response.headers_mut().insert(CACHE_CONTROL, fresh);
    // Their own frames are part of the page.
    let framed = HeaderValue::from_static("frame-ancestors 'self'");
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, framed);
    Ok(response)
}

/// What a label means that is no id.
async fn named(desk: &Desk, label: &str) -> Result<Option<Cid>, Problem> {
    let name: FileName = label.parse().map_err(|_| Problem::NotFound)?;
    Ok(names::resolve(&desk.node, &name).await?)
}

/// The origin that pages have which are asked for under that name.
fn host_of(request: &Request) -> Option<String> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    Some(format!("http://{host}"))
}

/// The name of the files of which an origin shows pages.
fn label(origin: &str) -> Option<String> {
    let (_, authority) = origin.split_once("://")?;
    let host = authority.split(':').next()?.to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    host.strip_suffix(".actyx.localhost").map(str::to_owned)
}
