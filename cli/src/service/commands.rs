//! Answers the commands that come by the socket, some at a time.

use std::sync::Arc;

use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::socket::Socket;
use crate::answer::{Host, answer};
use crate::limits::{COMMANDS_MAX, STOP_WITHIN};
use crate::wire::serve;

/// The commands that are being answered.
pub(crate) struct Commands {
    host: Arc<Host>,
    turns: Arc<Semaphore>,
    running: JoinSet<()>,
}

impl Commands {
    pub(crate) fn new(host: Arc<Host>) -> Self {
        Self {
            host,
            turns: Arc::new(Semaphore::new(COMMANDS_MAX)),
            running: JoinSet::new(),
        }
    }

    /// Takes commands until the future is dropped; those that are being answered go on.
    pub(crate) async fn take(&mut self, socket: &Socket) {
        loop {
            let turn = self.turns.clone().acquire_owned().await;
            match socket.accept().await {
                Ok(stream) => {
                    let host = self.host.clone();
                    self.running.spawn(async move {
                        converse(&host, stream).await;
                        drop(turn);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take a command");
                    tokio::time::sleep(crate::limits::FOLDER_LOOK).await;
                }
            }
            while self.running.try_join_next().is_some() {}
        }
    }

    /// Waits for those that are being answered, for a moment. The node is closed, so they end.
    pub(crate) async fn end(mut self) {
        let all = async { while self.running.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WITHIN, all).await.is_err() {
            tracing::warn!(commands = self.running.len(), "commands were cut off");
            self.running.shutdown().await;
        }
    }
}

async fn converse(host: &Host, stream: UnixStream) {
    let answered = serve(stream, |request, link| answer(host, request, link)).await;
    if let Err(error) = answered {
        tracing::debug!(%error, "a command has gone");
    }
}
