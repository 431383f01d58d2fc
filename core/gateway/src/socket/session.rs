//! One socket: what comes in becomes requests, what they bring goes out in order.
//!
//! Requests run as tasks of their own and wait while the socket is slow: there is a short queue
//! between them and it, and nothing is read of a log whose client does not read.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use swarmlet::Node;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{interval, timeout};

use super::frame::{Fault, Incoming};
use super::request;
use crate::desk::Desk;
use crate::limits::{
    SOCKET_FRAMES_QUEUED, SOCKET_PING_PERIOD, SOCKET_READS_MAX, SOCKET_REQUESTS_MAX,
};
use crate::serving::{Connection, Outflow, Room, Sending};

/// Serves a socket until either side is done.
pub(super) async fn run(socket: WebSocket, node: Node, desk: Arc<Desk>, connection: Connection) {
    let (sink, stream) = socket.split();
    let (frames, queue) = mpsc::channel(SOCKET_FRAMES_QUEUED);
    let session = Session {
        node,
        share: Share {
            desk: desk.clone(),
            outflow: connection.outflow.clone(),
            turns: Arc::new(Semaphore::new(SOCKET_READS_MAX)),
        },
        frames,
        requests: HashMap::new(),
        tasks: JoinSet::new(),
    };
    tokio::select! {
        () = session.take_in(stream, &connection) => {}
        () = send(sink, queue, connection.periods.write) => {}
        () = desk.closing() => {}
    }
}

/// A socket as its requests see it.
pub(super) struct Session {
    pub(super) node: Node,
    pub(super) share: Share,
    frames: mpsc::Sender<Frame>,
    requests: HashMap<u64, Running>,
    tasks: JoinSet<Outcome>,
}

/// What the requests of a socket share with each other, and with those of other sockets.
#[derive(Clone)]
pub(super) struct Share {
    pub(super) desk: Arc<Desk>,
    /// Room for what waits to be sent.
    pub(super) outflow: Arc<Outflow>,
    /// Turns of reading what is there and handing it out.
    pub(super) turns: Arc<Semaphore>,
}

struct Running {
    task: AbortHandle,
    line: Line,
}

/// How a request ended, by its id.
pub(super) enum Outcome {
    /// It was answered, or refused.
    Answered(u64),
    /// The socket is of no more use.
    Broken,
}

/// Where a request puts its frames.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) request_id: u64,
    frames: mpsc::Sender<Frame>,
    is_cancelled: Arc<AtomicBool>,
}

/// A message that waits to be sent, unless its request was cancelled meanwhile.
struct Frame {
    text: Utf8Bytes,
    is_cancelled: Arc<AtomicBool>,
    held: Held,
}

/// What is held until a message was sent.
#[derive(Default)]
pub(super) struct Held {
    _turn: Option<OwnedSemaphorePermit>,
    _sending: Option<Sending>,
}

impl Line {
    /// Queues a message; waits while the socket is slow. Says whether there is a socket.
    pub(super) async fn send(&self, text: Option<Utf8Bytes>, held: Held) -> bool {
        let Some(text) = text else {
            return false;
        };
        let frame = Frame {
            text,
            is_cancelled: self.is_cancelled.clone(),
            held,
        };
        self.frames.send(frame).await.is_ok()
    }
}

impl Held {
    pub(super) fn of(turn: Option<OwnedSemaphorePermit>, room: Room) -> Self {
        Self {
            _turn: turn,
            _sending: Some(room.begin_sending()),
        }
    }
}

impl Running {
    fn cancel(&self) {
        self.line.is_cancelled.store(true, Ordering::Relaxed);
        self.task.abort();
    }
}

impl Session {
    /// Until the client goes, says something that cannot be understood, or nothing at all.
    async fn take_in(mut self, mut stream: SplitStream<WebSocket>, connection: &Connection) {
        loop {
            let flow = tokio::select! {
                message = timeout(connection.periods.silence, stream.next()) => match message {
                    Ok(Some(Ok(message))) => {
                        let flow = self.take_message(message).await;
                        connection.inflow.settle();
                        flow
                    }
                    _ => ControlFlow::Break(()),
                },
                Some(ended) = self.tasks.join_next_with_id() => self.take_outcome(ended),
            };
            if flow.is_break() {
                return;
            }
        }
    }

    async fn take_message(&mut self, message: Message) -> ControlFlow<()> {
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return ControlFlow::Continue(()),
            Message::Binary(_) | Message::Close(_) => return ControlFlow::Break(()),
        };
        match Incoming::decode(&text) {
            Ok(Incoming::Request {
                service_id,
                request_id,
                payload,
            }) => self.begin(request_id, &service_id, payload).await,
            Ok(Incoming::Cancel { request_id }) => {
                self.cancel(request_id);
                ControlFlow::Continue(())
            }
            Err(error) => {
                tracing::debug!(%error, "a client does not speak the protocol");
                ControlFlow::Break(())
            }
        }
    }

    async fn begin(&mut self, request_id: u64, service: &str, payload: &str) -> ControlFlow<()> {
        self.cancel(request_id);
        let line = self.line(request_id);
        let begun = match self.requests.len() < SOCKET_REQUESTS_MAX {
            true => request::begin(self, service, payload, line.clone()).await,
            false => Err(Fault::overloaded()),
        };
        let begun = match begun {
            Ok(begun) => begun,
            // Nothing more is read until the client has taken the refusal.
            Err(fault) => {
                return match request::refuse(line, fault).await {
                    Outcome::Answered(_) => ControlFlow::Continue(()),
                    Outcome::Broken => ControlFlow::Break(()),
                };
            }
        };
        let task = self.tasks.spawn(begun);
        self.requests.insert(request_id, Running { task, line });
        ControlFlow::Continue(())
    }

    fn take_outcome(
        &mut self,
        ended: Result<(tokio::task::Id, Outcome), tokio::task::JoinError>,
    ) -> ControlFlow<()> {
        match ended {
            Ok((task, Outcome::Answered(request_id))) => {
                // The id may be in use again.
                let is_this = |running: &Running| running.task.id() == task;
                if self.requests.get(&request_id).is_some_and(is_this) {
                    self.requests.remove(&request_id);
                }
                ControlFlow::Continue(())
            }
            Ok((_, Outcome::Broken)) => ControlFlow::Break(()),
            Err(error) if error.is_cancelled() => ControlFlow::Continue(()),
            // What a request did not finish it would never finish.
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn cancel(&mut self, request_id: u64) {
        if let Some(running) = self.requests.remove(&request_id) {
            running.cancel();
        }
    }

    fn line(&self, request_id: u64) -> Line {
        Line {
            request_id,
            frames: self.frames.clone(),
            is_cancelled: Arc::default(),
        }
    }
}

/// Sends what is queued, and pings, until the client does not take it.
async fn send(
    mut sink: SplitSink<WebSocket, Message>,
    mut queue: mpsc::Receiver<Frame>,
    within: Duration,
) {
    let mut pings = interval(SOCKET_PING_PERIOD);
    loop {
        let (message, held) = tokio::select! {
            frame = queue.recv() => match frame {
                Some(frame) if frame.is_cancelled.load(Ordering::Relaxed) => continue,
                Some(frame) => (Message::Text(frame.text), frame.held),
                None => return,
            },
            _ = pings.tick() => (Message::Ping(Default::default()), Held::default()),
        };
        if !is_sent(&mut sink, message, within).await {
            return;
        }
        drop(held);
    }
}

async fn is_sent(
    sink: &mut SplitSink<WebSocket, Message>,
    message: Message,
    within: Duration,
) -> bool {
    matches!(timeout(within, sink.send(message)).await, Ok(Ok(())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::READS_MAX;
    use crate::settings::Settings;
    use swarmlet::{Options, Payload, Tags};

    /// A session with a node of its own, and what it sends.
    async fn session(folder: &tempfile::TempDir) -> (Session, mpsc::Receiver<Frame>) {
        let node = Node::open(folder.path().join("node"), Options::new());
        let node = node.await.unwrap();
        let (frames, queue) = mpsc::channel(SOCKET_FRAMES_QUEUED);
        let desk = Arc::new(Desk::new(node.clone(), Settings::new(), 0));
        let share = Share {
            outflow: Arc::new(Outflow::new(desk.outflow.clone(), Duration::ZERO)),
            desk,
            turns: Arc::new(Semaphore::new(SOCKET_READS_MAX)),
        };
        let session = Session {
            node,
            share,
            frames,
            requests: HashMap::new(),
            tasks: JoinSet::new(),
        };
        (session, queue)
    }

    #[tokio::test]
    async fn a_request_that_has_ended_keeps_no_turn_while_the_client_is_slow() {
        let folder = tempfile::tempdir().unwrap();
        let (mut session, _queue) = session(&folder).await;
        for id in 2..=SOCKET_FRAMES_QUEUED {
            let line = session.line(id as u64);
            assert!(line.send(Some("x".into()), Held::default()).await);
        }
        let query = r#"{"query":"FROM 'a'","order":"asc"}"#;
        assert!(session.begin(1, "query", query).await.is_continue());
        let is_full = async {
            while session.frames.capacity() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(20), is_full).await.unwrap();
        // It says how far it was, and has to say yet that this is the end.
        assert_eq!(session.tasks.len(), 1);
        assert_eq!(session.share.desk.reads.available_permits(), READS_MAX);
    }

    #[tokio::test]
    async fn subscriptions_take_turns_while_the_client_is_slow() {
        let folder = tempfile::tempdir().unwrap();
        let (mut session, mut queue) = session(&folder).await;
        let (node, share) = (session.node.clone(), session.share.clone());
        let desk = share.desk.clone();
        let count = 20;
        for id in 0..count {
            let begun = session.begin(id, "subscribe", r#"{"query":"FROM 'a'"}"#);
            assert!(begun.await.is_continue());
            // That it has caught up.
            assert!(queue.recv().await.is_some());
        }
        let payload = Payload::from_serde(&"x".repeat(100_000)).unwrap();
        node.publish(Tags::new(["a"]).unwrap(), payload)
            .await
            .unwrap();
        let some_wait = async {
            let taken = SOCKET_FRAMES_QUEUED - SOCKET_READS_MAX;
            while session.frames.capacity() > taken || desk.reads.available_permits() < READS_MAX {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(20), some_wait).await.unwrap();
        assert_eq!(share.turns.available_permits(), 0);
        // Each reads one event, and may have looked for some before there was one.
        let apps = node.metrics().apps;
        let read: u64 = apps.iter().map(|app| app.events_read).sum();
        assert_eq!(read, SOCKET_READS_MAX as u64);
        for _ in 0..count {
            let frame = timeout(Duration::from_secs(20), queue.recv()).await;
            assert!(frame.unwrap().unwrap().text.len() > 100_000);
        }
    }
}
