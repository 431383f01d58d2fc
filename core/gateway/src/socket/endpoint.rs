//! Letting a socket in: `GET /events` with a token in the address.

use std::sync::Arc;

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::session;
use crate::auth::{self, Caller};
use crate::desk::Desk;
use crate::limits::{PUBLISH_BYTES_MAX, SOCKET_BUFFER_BYTES};
use crate::problem::Problem;
use crate::serving::Connection;

pub(crate) async fn open(
    State(desk): State<Arc<Desk>>,
    RawQuery(query): RawQuery,
    Extension(connection): Extension<Connection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let query = query.filter(|query| !query.is_empty());
    let query = query.ok_or(Problem::MissingTokenParam)?;
    let caller = Caller::by_token(auth::of_query(&query), &desk, &connection)?;
    let upgrade = upgrade.map_err(Problem::invalid)?;
    let place = desk.sockets.clone().try_acquire_owned();
    let place = place.map_err(|_| Problem::Overloaded)?;
    let upgrade = upgrade
        .max_message_size(PUBLISH_BYTES_MAX)
        .max_frame_size(PUBLISH_BYTES_MAX)
        .read_buffer_size(SOCKET_BUFFER_BYTES)
        .write_buffer_size(SOCKET_BUFFER_BYTES);
    Ok(upgrade.on_upgrade(async move |socket| {
        let busy = connection.busy();
        session::run(socket, caller.node, desk, connection).await;
        drop((busy, place));
    }))
}
