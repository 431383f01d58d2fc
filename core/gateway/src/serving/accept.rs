//! Taking connections, and serving each in a task of its own until either side is done.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::inflow::Inflow;
use super::outflow::Outflow;
use super::pace::Pace;
use super::seats::{Busy, Seat};
use super::wire::Wire;
use crate::desk::Desk;
use crate::limits::{ACCEPT_PAUSE, CLOSE_TIME_MAX, HEAD_BYTES_MAX, HEADERS_MAX};
use crate::periods::Periods;
use crate::problem::Problem;

/// What requests are told of their connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) inflow: Arc<Inflow>,
    pub(crate) outflow: Arc<Outflow>,
    pub(crate) periods: Periods,
    seat: Arc<Seat>,
    /// Whether it is only there for what is short, as all seats are taken.
    is_spare: bool,
}

impl Connection {
    /// Says that a good token was shown.
    pub(crate) fn make_known(&self) {
        // The next one that is short has to have its turn.
        if !self.is_spare {
            self.seat.make_known();
        }
    }

    /// The time that something large may take to come over it.
    pub(crate) fn pace(&self) -> Pace {
        Pace::new(self.periods.body)
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
                Ok((stream, _)) => {
                    if let Some(connection) = seated(&desk) {
                        let served = serve_one(stream, connection, router.clone(), desk.clone());
                        connections.spawn(served);
                    }
                }
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

/// A connection with a seat, or one that is there for what is short.
fn seated(desk: &Desk) -> Option<Connection> {
    let (seat, is_spare) = match desk.seats.take() {
        Some(seat) => (seat, false),
        None => {
            tracing::warn!("all connections are busy: another one is for short requests only");
            // There nobody is known, so the one that is there for longest makes room.
            (desk.spare_seats.take()?, true)
        }
    };
    let periods = desk.settings.periods;
    Some(Connection {
        inflow: Arc::new(Inflow::new(desk.inflow.clone())),
        outflow: Arc::new(Outflow::new(desk.outflow.clone(), periods.answer)),
        periods,
        seat,
        is_spare,
    })
}

async fn serve_one(stream: TcpStream, connection: Connection, router: Router, desk: Arc<Desk>) {
    // Answers are written whole, so nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    let (seat, is_spare, periods) = (
        connection.seat.clone(),
        connection.is_spare,
        connection.periods,
    );
    let (inflow, outflow) = (connection.inflow.clone(), connection.outflow.clone());
    let wire = Wire::new(stream, inflow, outflow, periods);
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
        .header_read_timeout(periods.head)
        .keep_alive(!is_spare)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(wire), service)
        .with_upgrades();
    let mut served = std::pin::pin!(served);
    let leave = async {
        match is_spare {
            true => drop(tokio::time::timeout(periods.spare, seat.leave()).await),
            false => seat.leave().await,
        }
    };
    let outcome = tokio::select! {
        outcome = served.as_mut() => outcome,
        () = leave => Ok(()),
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
    if connection.is_spare && !is_short(request.method(), request.uri().path()) {
        return Ok(Problem::Overloaded.into_response());
    }
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

/// Whether it is answered also while all seats are taken: it takes little time and memory.
fn is_short(method: &Method, path: &str) -> bool {
    let is_file = match path.strip_prefix("/page/v1/blobs") {
        Some("") => method == Method::POST,
        Some(_) => true,
        None => false,
    };
    !is_file && !path.starts_with("/api/")
}
