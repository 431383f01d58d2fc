//! `/files`: storing, reading, naming.

use std::sync::Arc;

use axum::Extension;
use axum::extract::multipart::MultipartRejection;
use axum::extract::rejection::PathRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use swarmlet_aql::Query;

use super::cid::Cid;
use super::download::Reader;
use super::names::{self, FileName};
use super::upload::Upload;
use super::{download, names::NoName};
use crate::auth::Caller;
use crate::body::Sent;
use crate::desk::Desk;
use crate::limits::{
    MANIFEST_BYTES_MAX, REQUEST_BYTES_MAX, UPLOAD_BYTES_MAX, UPLOAD_FORM_BYTES_MAX,
};
use crate::negotiation::names_html;
use crate::problem::Problem;
use crate::serving::Connection;

type Route = Result<Path<String>, PathRejection>;

pub(crate) async fn store(
    caller: Caller,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    check_length(&headers)?;
    let form = form.map_err(|_| Problem::UnsupportedMediaType)?;
    let cid = Upload::new(&caller.node, &connection).take(form).await?;
    Ok(text(&cid.to_string()))
}

/// Refuses what says of itself that it is too much, before it is sent.
fn check_length(headers: &HeaderMap) -> Result<(), Problem> {
    let length = headers.get(CONTENT_LENGTH);
    let size = length.and_then(|length| length.to_str().ok()?.parse().ok());
    match size {
        Some(size) if size > UPLOAD_FORM_BYTES_MAX as u64 => {
            let (size, limit) = (Some(size), UPLOAD_BYTES_MAX);
            Err(Problem::PayloadTooLarge { size, limit })
        }
        _ => Ok(()),
    }
}

pub(crate) async fn read(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Extension(connection): Extension<Connection>,
    (asked, headers): (Uri, HeaderMap),
    route: Route,
) -> Result<Response, Problem> {
    let Path(route) = route.map_err(|_| Problem::NotFound)?;
    let (file, path) = route.split_once('/').unwrap_or((&route, ""));
    let cid = match file.parse::<Cid>() {
        Ok(cid) => cid,
        Err(_) => {
            let name: FileName = file.parse().map_err(|NoName| Problem::NotFound)?;
            let named = names::resolve(&caller.node, &name).await?;
            named.ok_or(Problem::NotFound)?
        }
    };
    let reader = Reader {
        node: caller.node,
        outflow: connection.outflow,
        browsed: names_html(&headers).then_some(asked),
    };
    download::at(desk, reader, cid, path).await
}

pub(crate) async fn name(caller: Caller, route: Route, sent: Sent) -> Result<StatusCode, Problem> {
    let name = file_name(route)?;
    let received = sent.whole(MANIFEST_BYTES_MAX).await?.into_bytes();
    let cid = std::str::from_utf8(&received)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let cid: Cid = cid.ok_or_else(|| Problem::invalid("the body is no CID of a file"))?;
    names::give(&caller.node, &name, Some(cid)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn unname(caller: Caller, route: Route) -> Result<Response, Problem> {
    let name = file_name(route)?;
    let meant = names::resolve(&caller.node, &name).await?;
    let meant = meant.ok_or(Problem::NotFound)?;
    names::give(&caller.node, &name, None).await?;
    Ok(text(&meant.to_string()))
}

/// Every device holds what it may read, so there is nothing to be done in advance.
pub(crate) async fn prefetch(_: Caller, sent: Sent) -> Result<StatusCode, Problem> {
    #[derive(Deserialize)]
    struct PrefetchRequest {
        query: String,
        #[expect(dead_code, reason = "it has to be there")]
        duration: u64,
    }
    let request: PrefetchRequest = sent.json(REQUEST_BYTES_MAX).await?;
    Query::parse(&request.query).map_err(|error| Problem::invalid(error.caret_view()))?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is an id means what it means.
fn file_name(route: Route) -> Result<FileName, Problem> {
    let Path(route) = route.map_err(|_| Problem::NotFound)?;
    if route.parse::<Cid>().is_ok() {
        return Err(Problem::MethodNotAllowed);
    }
    route.parse().map_err(|NoName| Problem::NotFound)
}

fn text(text: &str) -> Response {
    (
        [(CONTENT_TYPE, "text/plain; charset=utf-8")],
        text.to_owned(),
    )
        .into_response()
}
