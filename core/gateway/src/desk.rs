//! What all requests share: the node, what was decided about the gateway, and whether it closes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use swarmlet::Node;
use tokio::sync::{Semaphore, watch};

use crate::limits::SOCKETS_MAX;
use crate::settings::Settings;

/// Shared by all connections of a gateway.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) node: Node,
    pub(crate) settings: Settings,
    /// Room for sockets.
    pub(crate) sockets: Arc<Semaphore>,
    started: Instant,
    is_closing: watch::Sender<bool>,
}

impl Desk {
    pub(crate) fn new(node: Node, settings: Settings) -> Self {
        Self {
            node,
            settings,
            sockets: Arc::new(Semaphore::new(SOCKETS_MAX)),
            started: Instant::now(),
            is_closing: watch::Sender::new(false),
        }
    }

    /// For how long the gateway has been there.
    pub(crate) fn uptime(&self) -> Duration {
        self.started.elapsed()
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

    /// Done once no socket is open any more.
    pub(crate) async fn sockets_ended(&self) {
        // Nobody closes the semaphore.
        let _ = self.sockets.acquire_many(SOCKETS_MAX as u32).await;
    }
}
