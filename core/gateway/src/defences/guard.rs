//! The first look at every request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    CONTENT_SECURITY_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::origin::{Verdict, is_from_own_page};
use crate::desk::Desk;
use crate::limits::PREFLIGHT_SECS;
use crate::problem::Problem;

/// Refuses what is not addressed to us or comes from a page that may not, answers browsers that ask
/// in advance, and tells them which page may see an answer.
pub(crate) async fn guard(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if !desk.settings.hosts.is_addressed(&parts) {
        return Problem::HostRefused.into_response();
    }
    let origin = match desk.settings.origins.judge(&parts.headers) {
        Verdict::NoPage => return next.run(Request::from_parts(parts, body)).await,
        Verdict::Refused => return Problem::OriginRefused.into_response(),
        Verdict::Allowed(origin) => origin,
    };
    let wanted = parts.headers.get(ACCESS_CONTROL_REQUEST_METHOD);
    let response = match wanted.filter(|_| parts.method == Method::OPTIONS) {
        Some(method) => preflight(method, &parts.headers),
        None => next.run(Request::from_parts(parts, body)).await,
    };
    allowed(response, &origin)
}

/// Refuses pages of other origins, also those that may use the API: what is behind this is for
/// people, and for the page that is served here.
pub(crate) async fn own_pages_only(request: Request, next: Next) -> Response {
    match is_from_own_page(request.headers()) {
        true => next.run(request).await,
        false => Problem::OriginRefused.into_response(),
    }
}

/// Has browsers make nothing else of an answer than what it is, and keeps it out of frames, in
/// which pages of others could make people click on it.
///
/// What the API answers with may be the work of anybody who may publish, and has the origin of the
/// page for people. No browser is to run it, whatever type it says it has.
pub(crate) async fn disarm(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_api {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    }
    let policy = HeaderValue::from_static("frame-ancestors 'none'");
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(policy);
    response
}

/// May a page send such a request?
fn preflight(method: &HeaderValue, headers: &HeaderMap) -> Response {
    let is_method = METHODS.iter().any(|known| method == known);
    let wanted = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let is_known = |name: &str| {
        HEADERS
            .iter()
            .any(|known| name.trim().eq_ignore_ascii_case(known))
    };
    let mut wanted = wanted.map(|wanted| wanted.to_str().unwrap_or("?").split(','));
    if !is_method || !wanted.all(|mut names| names.all(&is_known)) {
        return Problem::OriginRefused.into_response();
    }
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS.join(", ")),
        (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS.join(", ")),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECS.to_owned()),
    ];
    (StatusCode::OK, headers).into_response()
}

fn allowed(mut response: Response, origin: &str) -> Response {
    let headers = response.headers_mut();
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.append(VARY, HeaderValue::from_static("Origin"));
    response
}

/// For bytes that somebody else made: whatever they are, they do nothing.
pub(crate) const SANDBOX: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// The predecessor forgot the last one, without which browsers cannot replace snapshots.
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
const HEADERS: [&str; 3] = ["accept", "authorization", "content-type"];
