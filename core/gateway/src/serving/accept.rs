//! Taking connections, and serving each in a task of its own until either side is done.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::inflow::Inflow;
use super::seats::{Busy, Seat};
use super::wire::Wire;
use crate::desk::Desk;
use crate::limits::{ACCEPT_PAUSE, CLOSE_TIME_MAX, HEAD_BYTES_MAX, HEAD_TIME_MAX, HEADERS_MAX};

/// What requests are told of their connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) inflow: Arc<Inflow>,
    seat: Arc<Seat>,
}

impl Connection {
    /// Says that a good token was shown.
    pub(crate) fn make_known(&self) {
        self.seat.make_known();
    }

    /// While this is held, the connection does not have to make room.
    pub(crate) fn busy(&self) -> Busy {
        self.seat.busy()
    }
}

/// Takes connections until the gateway is closed, and then waits for those that are left.
pub(crate) async fn serve(listener: TcpListener, router: Router, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = desk.closing() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match desk.seats.take() {
                    Some(seat) => {
                        let served = connection(stream, seat, router.clone(), desk.clone());
                        connections.spawn(served);
                    }
                    None => tracing::warn!("all connections are busy: another one is refused"),
                },
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(CLOSE_TIME_MAX, all).await;
}

async fn connection(stream: TcpStream, seat: Arc<Seat>, router: Router, desk: Arc<Desk>) {
    // Answers are written whole, so nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let connection = Connection {
        inflow: Arc::new(Inflow::new(desk.reservoir.clone())),
        seat: seat.clone(),
    };
    let wire = Wire::new(stream, connection.inflow.clone());
    let answering = desk.clone();
    let service = service_fn(move |request| {
        let (connection, router, desk) = (connection.clone(), router.clone(), answering.clone());
        async move {
            let response = answer(request, connection, router).await;
            response.inspect(|response| desk.tally.count(response.status()))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(wire), service)
        .with_upgrades();
    let mut served = std::pin::pin!(served);
    let outcome = tokio::select! {
        outcome = served.as_mut() => outcome,
        () = seat.leave() => Ok(()),
        () = desk.closing() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Answers one request; the connection is busy until the answer was sent.
async fn answer(
    request: hyper::Request<Incoming>,
    connection: Connection,
    router: Router,
) -> Result<Response, std::convert::Infallible> {
    // What came before was dealt with, and so was the head of this one.
    connection.inflow.settle();
    let busy = connection.busy();
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(connection);
    let response = TowerToHyperService::new(router).call(request).await?;
    if response.body().is_end_stream() {
        return Ok(response);
    }
    Ok(response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _still = &busy;
            frame
        }))
    }))
}
