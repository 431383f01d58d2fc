//! One connection: a task that reads frames, and one that writes all that is queued in one flush.
//!
//! Knows nothing of what frames mean. How much is queued is bounded by the sync machine, how much
//! is read ahead by the channel it goes into.

use std::sync::Arc;

use bytes::Bytes;
use swarmlet_engine::sync::SessionId;
use swarmlet_net::{Link, LinkReceiver, LinkSender};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::happening::Happening;
use crate::metrics::LinkRecorder;

/// The node's end of a connection; dropping it closes the connection.
#[derive(Debug)]
pub(super) struct OpenLink {
    outbox: mpsc::UnboundedSender<Bytes>,
    reading: JoinHandle<()>,
}

impl OpenLink {
    /// Starts both directions.
    pub(super) fn start(
        session: SessionId,
        (link, recorder): (Link, &Arc<LinkRecorder>),
        frames: mpsc::Sender<(SessionId, Bytes)>,
        notes: mpsc::UnboundedSender<Happening>,
    ) -> Self {
        let (outbox, queued) = mpsc::unbounded_channel();
        let receiver = (link.receiver, recorder.clone());
        let reading = tokio::spawn(read(session, receiver, frames, notes.clone()));
        let sender = (link.sender, recorder.clone());
        tokio::spawn(write(session, sender, queued, notes));
        Self { outbox, reading }
    }

    /// Queues a frame.
    pub(super) fn send(&self, frame: Bytes) {
        // A writer that has ended has said so; what it did not write is asked for again.
        let _ = self.outbox.send(frame);
    }
}

impl Drop for OpenLink {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read(
    session: SessionId,
    (mut receiver, recorder): (LinkReceiver, Arc<LinkRecorder>),
    frames: mpsc::Sender<(SessionId, Bytes)>,
    notes: mpsc::UnboundedSender<Happening>,
) {
    loop {
        match receiver.receive().await {
            Ok(Some(frame)) => {
                recorder.note_received(&frame);
                if frames.send((session, frame)).await.is_err() {
                    return;
                }
            }
            Ok(None) => break,
            Err(error) => {
                tracing::debug!(session = session.0, %error, "a connection ended");
                break;
            }
        }
    }
    let _ = notes.send(Happening::Ended { session });
}

async fn write(
    session: SessionId,
    (mut sender, recorder): (LinkSender, Arc<LinkRecorder>),
    mut queued: mpsc::UnboundedReceiver<Bytes>,
    notes: mpsc::UnboundedSender<Happening>,
) {
    let mut batch = Vec::new();
    while queued.recv_many(&mut batch, FRAMES_PER_FLUSH).await > 0 {
        if let Err(error) = sender.send(&batch).await {
            tracing::debug!(session = session.0, %error, "a connection cannot be written");
            let _ = notes.send(Happening::Ended { session });
            return;
        }
        batch.iter().for_each(|frame| recorder.note_sent(frame));
        let bytes = batch.iter().map(Bytes::len).sum();
        batch.clear();
        if notes.send(Happening::Sent { session, bytes }).is_err() {
            break;
        }
    }
    sender.close().await;
}

/// Frames written with one flush at most: more is not faster, and says late what was written.
const FRAMES_PER_FLUSH: usize = 256;
