//! Answers the commands that come by the socket, some at a time.

use std::sync::Arc;

use swarmlet::ErrorKind;
use tokio::net::UnixStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::socket::Socket;
use crate::answer::{Host, answer};
use crate::failure::{Failure, Result};
use crate::limits::{
    COMMANDS_LASTING_MAX, COMMANDS_MAX, COMMANDS_WAITING_MAX, STOP_WITHIN, TURN_WITHIN,
};
use crate::request::Request;
use crate::wire::{Link, refuse, serve};

/// The commands that are being answered, and those that wait for that.
pub(crate) struct Commands {
    host: Arc<Host>,
    /// Room for those that were accepted. Who waits in it does so for a moment only, so that there
    /// is always somebody to say no.
    places: Arc<Semaphore>,
    turns: Arc<Turns>,
    running: JoinSet<()>,
}

/// Who may be answered at a time.
struct Turns {
    all: Semaphore,
    /// Of those that go on until somebody ends them.
    lasting: Semaphore,
}

impl Commands {
    pub(crate) fn new(host: Arc<Host>) -> Self {
        Self {
            host,
            places: Arc::new(Semaphore::new(COMMANDS_MAX + COMMANDS_WAITING_MAX)),
            turns: Arc::new(Turns {
                all: Semaphore::new(COMMANDS_MAX),
                lasting: Semaphore::new(COMMANDS_LASTING_MAX),
            }),
            running: JoinSet::new(),
        }
    }

    /// Takes commands until the future is dropped; those that are being answered go on.
    pub(crate) async fn take(&mut self, socket: &Socket) {
        loop {
            let place = self.places.clone().acquire_owned().await;
            match socket.accept().await {
                Ok(stream) => {
                    let (host, turns) = (self.host.clone(), self.turns.clone());
                    self.running.spawn(async move {
                        converse(&host, &turns, stream).await;
                        drop(place);
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

/// Answers a command when it is its turn.
async fn converse(host: &Host, turns: &Turns, stream: UnixStream) {
    let turn = tokio::time::timeout(TURN_WITHIN, turns.all.acquire()).await;
    let answered = match &turn {
        Ok(_) => serve(stream, |request, link| in_turn(host, turns, request, link)).await,
        Err(_) => refuse(stream, &overloaded(COMMANDS_MAX, "commands")).await,
    };
    if let Err(error) = answered {
        tracing::debug!(%error, "a command has gone");
    }
}

/// Answers a request, unless it would go on and too many do.
async fn in_turn(host: &Host, turns: &Turns, request: Request, link: Link) -> (Link, Result<()>) {
    if !request.goes_on() {
        return answer(host, request, link).await;
    }
    match tokio::time::timeout(TURN_WITHIN, turns.lasting.acquire()).await {
        Ok(_turn) => answer(host, request, link).await,
        Err(_) => {
            let what = "commands that go on until they are interrupted";
            (link, Err(overloaded(COMMANDS_LASTING_MAX, what)))
        }
    }
}

fn overloaded(count: usize, what: &str) -> Failure {
    let message = format!("the node answers {count} {what} already");
    tracing::warn!("a command was refused: {message}");
    Failure::new(ErrorKind::Overloaded, message).advise(
        "end some that go on until they are interrupted (`subscribe`, `query --follow`), then \
         repeat the command",
    )
}
