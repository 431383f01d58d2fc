//! What of the page answers what.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, map_response};
use axum::routing::{get, post};

use super::{blobs, files, headers, session, state, swarm};
use crate::defences::own_pages_only;
use crate::desk::Desk;

/// The page, and all that it calls.
pub(crate) fn routes() -> Router<Arc<Desk>> {
    let calls = Router::new()
        .route("/session", get(session::session))
        .route("/state", get(state::state))
        .route("/invites", post(swarm::invite))
        .route("/invites/withdraw", post(swarm::withdraw))
        .route(
            "/pending/{device}",
            post(swarm::approve).delete(swarm::reject),
        )
        .route("/members/{device}/revoke", post(swarm::revoke))
        .route("/blobs", get(blobs::list).post(blobs::store))
        .route("/blobs/{id}", get(blobs::read).delete(blobs::remove));
    Router::new()
        .route("/", get(files::index))
        .route("/page/{file}", get(files::file))
        .nest("/page/v1", calls)
        .layer(from_fn(own_pages_only))
        .layer(map_response(headers::protect))
}
