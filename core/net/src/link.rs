//! The stream of frames to one peer, in two halves.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use bytes::Bytes;
use futures::io::{ReadHalf, WriteHalf};
use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::Stream;
use libp2p::swarm::ConnectionId;
use tokio::sync::mpsc;

use crate::driver::Command;
use crate::endpoint::Endpoint;
use crate::error::NetError;
use crate::frame::{self, FrameReader};
use crate::key::PeerKey;
use crate::latch::{Half, Latch};
use crate::limits;

/// The one link to an admitted peer.
///
/// When either half is dropped the connection is closed, for both sides.
#[derive(Debug)]
pub struct Link {
    /// Who is at the other end; its key is authenticated and the gate admitted it.
    pub peer: PeerKey,
    /// The address at the other end: one to dial if this side dialled, else where the peer came
    /// from, whose port is of no use.
    pub endpoint: Endpoint,
    /// Whether this side dialled.
    pub is_dialler: bool,
    /// Where frames go out.
    pub sender: LinkSender,
    /// Where frames come in.
    pub receiver: LinkReceiver,
}

/// Where frames go out.
pub struct LinkSender {
    stream: WriteHalf<Stream>,
    buffer: Vec<u8>,
    frame_bytes_max: usize,
    is_midway: bool,
    ending: Ending,
}

/// Where frames come in.
pub struct LinkReceiver {
    stream: ReadHalf<Stream>,
    reader: FrameReader,
    ending: Ending,
}

/// Held by each half: tells the driver when the half is dropped.
struct Ending {
    shared: Arc<Shared>,
}

struct Shared {
    connection: ConnectionId,
    is_farewell_said: AtomicBool,
    latch: Arc<Latch>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let is_graceful = self.shared.is_farewell_said.load(Ordering::Relaxed);
        let command = Command::Ended {
            connection: self.shared.connection,
            is_graceful,
        };
        // Without a driver the connection is closed already.
        let _ = self.shared.commands.send(command);
    }
}

/// The two halves of a stream.
pub(crate) fn split(
    stream: Stream,
    connection: ConnectionId,
    latch: Arc<Latch>,
    frame_bytes_max: usize,
    commands: mpsc::UnboundedSender<Command>,
) -> (LinkSender, LinkReceiver) {
    let is_farewell_said = AtomicBool::new(false);
    let shared = Arc::new(Shared {
        connection,
        is_farewell_said,
        latch,
        commands,
    });
    let (read, write) = stream.split();
    let sender = LinkSender {
        stream: write,
        buffer: Vec::new(),
        frame_bytes_max,
        is_midway: false,
        ending: Ending {
            shared: Arc::clone(&shared),
        },
    };
    let reader = FrameReader::new(frame_bytes_max);
    (
        sender,
        LinkReceiver {
            stream: read,
            reader,
            ending: Ending { shared },
        },
    )
}

impl LinkSender {
    /// Writes all frames, then flushes once.
    ///
    /// Done when the connection took the frames, not when the peer has them; waits while the peer
    /// reads slower than we send. If it is dropped before it is done, the link is of no more use,
    /// since half a frame may have been sent: each further call fails with [`NetError::Closed`].
    ///
    /// # Errors
    /// [`NetError::FrameTooLarge`] before anything is sent; [`NetError::Closed`] and
    /// [`NetError::Lost`] when the link has ended.
    pub async fn send(&mut self, frames: &[Bytes]) -> Result<(), NetError> {
        for frame in frames {
            frame::head(frame, self.frame_bytes_max)?;
        }
        self.begin()?;
        let latch = Arc::clone(&self.ending.shared.latch);
        unless_tripped(&latch, Half::Sender, self.write(frames)).await?;
        self.is_midway = false;
        Ok(())
    }

    /// Says farewell, so that the peer's receiver ends with `None` after the last frame sent, and
    /// gives it a second to read.
    ///
    /// Errors are not told: a link that is broken is closed too.
    pub async fn close(mut self) {
        if self.begin().is_err() {
            return;
        }
        let farewell = async {
            self.stream.write_all(&frame::FAREWELL_BYTES).await?;
            self.stream.close().await
        };
        let latch = Arc::clone(&self.ending.shared.latch);
        let said = unless_tripped(&latch, Half::Sender, farewell).await;
        self.ending
            .shared
            .is_farewell_said
            .store(said.is_ok(), Ordering::Relaxed);
    }

    /// Notes that something is being sent; an error if something is, half.
    fn begin(&mut self) -> Result<(), NetError> {
        if self.is_midway {
            return Err(NetError::Closed);
        }
        self.is_midway = true;
        self.buffer.clear();
        Ok(())
    }

    async fn write(&mut self, frames: &[Bytes]) -> io::Result<()> {
        for frame in frames {
            let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
            self.buffer.extend_from_slice(&length.to_be_bytes());
            self.buffer.extend_from_slice(frame);
            if self.buffer.len() >= limits::WRITE_BYTES {
                self.stream.write_all(&self.buffer).await?;
                self.buffer.clear();
            }
        }
        self.stream.write_all(&self.buffer).await?;
        self.buffer.clear();
        self.buffer.shrink_to(limits::WRITE_BYTES);
        self.stream.flush().await
    }
}

impl LinkReceiver {
    /// The next frame; `None` when the peer closed the link, after everything that it had sent.
    ///
    /// Loses nothing if it is dropped before it is done.
    ///
    /// # Errors
    /// [`NetError::FrameTooLarge`] for a length beyond `frame_bytes_max`, before any memory is
    /// taken for it; [`NetError::Closed`] if this side closed the link; [`NetError::Lost`]
    /// if the connection broke. After any of them the link should be dropped.
    pub async fn receive(&mut self) -> Result<Option<Bytes>, NetError> {
        let Self {
            stream,
            reader,
            ending,
        } = self;
        poll_fn(|cx| {
            if ending.shared.latch.poll(Half::Receiver, cx).is_ready() {
                return Poll::Ready(Err(NetError::Closed));
            }
            reader.poll_frame(stream, cx)
        })
        .await
    }
}

/// The outcome of a write, unless the driver closes the link meanwhile.
async fn unless_tripped(
    latch: &Latch,
    half: Half,
    write: impl Future<Output = io::Result<()>>,
) -> Result<(), NetError> {
    let mut write = pin!(write);
    poll_fn(|cx| {
        if latch.poll(half, cx).is_ready() {
            return Poll::Ready(Err(NetError::Closed));
        }
        write
            .as_mut()
            .poll(cx)
            .map_err(|source| NetError::Lost { source })
    })
    .await
}

impl fmt::Debug for LinkSender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LinkSender({})", self.ending.shared.connection)
    }
}

impl fmt::Debug for LinkReceiver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LinkReceiver({})", self.ending.shared.connection)
    }
}
