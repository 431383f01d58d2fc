//! What all requests share: the node, what was decided about the gateway, and whether it closes.

use std::io;
use std::sync::Arc;

use swarmlet::Node;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{self, timeout_at};

use crate::limits::{
    CONNECTIONS_MAX, INFLOW_BYTES_MAX, OUTFLOW_BYTES_MAX, PUBLISHING_KB_MAX, READS_MAX,
    SOCKETS_MAX, SPARE_CONNECTIONS_MAX, STREAM_REQUEST_BYTES, STREAMS_MAX,
};
use crate::metrics::{Tally, UsageSeen};
use crate::problem::{Problem, cut_off};
use crate::serving::{Outflow, Reservoir, Room, Seats};
use crate::settings::Settings;
use crate::snapshots::Shelf;

/// Shared by all connections of a gateway.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) node: Node,
    pub(crate) settings: Settings,
    /// The one that is listened on, of the first address.
    pub(crate) port: u16,
    pub(crate) seats: Arc<Seats>,
    /// For what is short, while all seats are taken.
    pub(crate) spare_seats: Arc<Seats>,
    /// For what is received.
    pub(crate) inflow: Reservoir,
    /// For what is to be sent.
    pub(crate) outflow: Reservoir,
    pub(crate) tally: Tally,
    /// What apps keep here.
    pub(crate) shelf: Shelf,
    pub(crate) usage: UsageSeen,
    publishing: Arc<Semaphore>,
    /// Turns of reading what is there.
    pub(crate) reads: Arc<Semaphore>,
    /// Room for sockets.
    pub(crate) sockets: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    is_closing: watch::Sender<bool>,
}

/// Room for a request that publishes, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Publishing {
    _room: OwnedSemaphorePermit,
    /// Until when it is waited for whatever else the request needs.
    until: time::Instant,
}

impl Publishing {
    /// Room for the answer as well: what is published is not taken back if there is none for it.
    pub(crate) async fn room_for_answer(
        &self,
        outflow: &Arc<Outflow>,
        bytes: usize,
    ) -> Result<Room, Problem> {
        let room = timeout_at(self.until, outflow.draw(bytes)).await;
        room.map_err(|_| Problem::Overloaded)
    }
}

impl Desk {
    pub(crate) fn new(node: Node, settings: Settings, port: u16) -> Self {
        Self {
            port,
            node,
            settings,
            seats: Arc::new(Seats::new(CONNECTIONS_MAX)),
            spare_seats: Arc::new(Seats::new(SPARE_CONNECTIONS_MAX)),
            inflow: Reservoir::new(INFLOW_BYTES_MAX),
            outflow: Reservoir::new(OUTFLOW_BYTES_MAX),
            tally: Tally::default(),
            shelf: Shelf::default(),
            usage: UsageSeen::default(),
            publishing: Arc::new(Semaphore::new(PUBLISHING_KB_MAX)),
            reads: Arc::new(Semaphore::new(READS_MAX)),
            sockets: Arc::new(Semaphore::new(SOCKETS_MAX)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            is_closing: watch::Sender::new(false),
        }
    }

    /// Room for a request that publishes, of so many bytes. Who waits for it too long is told that
    /// there is too much to do.
    pub(crate) async fn room_to_publish(&self, bytes: usize) -> Result<Publishing, Problem> {
        let until = time::Instant::now() + self.settings.periods.publish;
        let kilobytes = bytes.div_ceil(1024).min(PUBLISHING_KB_MAX) as u32;
        let room = self.publishing.clone().acquire_many_owned(kilobytes);
        let room = timeout_at(until, room).await;
        // Nobody closes the semaphore.
        let _room = room
            .map_err(|_| Problem::Overloaded)?
            .map_err(|_| Problem::ShuttingDown)?;
        Ok(Publishing { _room, until })
    }

    /// A place for a stream of results, asked for with so many bytes, as long as it is open.
    pub(crate) fn place_for_stream(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let places = 1 + (bytes / STREAM_REQUEST_BYTES).min(STREAMS_MAX - 1) as u32;
        self.streams.clone().try_acquire_many_owned(places).ok()
    }

    /// From here on connections end when they can.
    pub(crate) fn begin_close(&self) {
        self.is_closing.send_replace(true);
    }

    /// Done once the gateway is to be closed.
    pub(crate) async fn closing(&self) {
        let mut is_closing = self.is_closing.subscribe();
        // The sender is borrowed with self.
        let _ = is_closing.wait_for(|is_closing| *is_closing).await;
    }

    /// What comes next in the body of an answer; an error once the gateway is to be closed.
    pub(crate) async fn unless_closing<T>(
        &self,
        next: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        tokio::select! {
            next = next => next,
            () = self.closing() => Err(cut_off()),
        }
    }

    /// Done once no socket is open any more.
    pub(crate) async fn sockets_ended(&self) {
        // Nobody closes the semaphore.
        let _ = self.sockets.acquire_many(SOCKETS_MAX as u32).await;
    }
}
