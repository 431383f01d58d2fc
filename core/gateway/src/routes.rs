//! What answers what.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{any, get, post};

use crate::defences::{disarm, guard};
use crate::desk::Desk;
use crate::events::endpoint as events;
use crate::problem::Problem;
use crate::{auth, files, metrics, node, page, snapshots, socket};

/// All of the API, and the page.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    let events = Router::new()
        .route("/offsets", get(events::offsets))
        .route("/publish", post(events::publish))
        .route("/query", post(events::query))
        .route("/subscribe", post(events::subscribe))
        .route("/subscribe_monotonic", post(events::subscribe_monotonic));
    let api = Router::new()
        .route("/auth", post(auth::authenticate))
        .route("/node/id", any(node::id))
        .route("/node/info", get(node::info))
        .route("/events", get(socket::open))
        .route("/events/", get(socket::open))
        .nest("/events", events);
    let kept = get(snapshots::read)
        .put(snapshots::write)
        .delete(snapshots::remove)
        .post(snapshots::change);
    let file = get(files::read).put(files::name).delete(files::unname);
    // Uploads have a bound of their own.
    let upload = post(files::store).layer(DefaultBodyLimit::disable());
    let api = api
        .route("/blob/{*path}", kept)
        .route("/files", upload.clone())
        .route("/files/", upload)
        .route("/files/prefetch", post(files::prefetch))
        .route("/files/{*path}", file);
    let page = match desk.settings.has_page {
        true => page::routes(),
        false => Router::new(),
    };
    Router::new()
        .merge(page)
        .nest("/api/v2", api)
        .route("/metrics", get(metrics::measurements))
        .route("/healthz", get(metrics::health))
        .route("/readyz", get(metrics::readiness))
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer(middleware::from_fn_with_state(desk.clone(), files::host))
        .layer(middleware::from_fn_with_state(desk.clone(), guard))
        .layer(middleware::from_fn(disarm))
        .with_state(desk)
}
