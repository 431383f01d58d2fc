//! A socket that keeps to its bounds: what it receives is drawn from the inflow, and a peer that
//! takes nothing of what is sent, or does not finish what it sends, is given up.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::inflow::Inflow;
use super::outflow::Outflow;
use crate::periods::Periods;

/// A socket with its bounds.
pub(super) struct Wire {
    stream: TcpStream,
    inflow: Arc<Inflow>,
    outflow: Arc<Outflow>,
    periods: Periods,
    drawing: Option<Drawing>,
    /// Runs while something of the inflow is held until the peer goes on.
    unfinished: Option<Pin<Box<Sleep>>>,
    /// Runs while the peer takes nothing.
    stalled: Option<Stalled>,
}

/// A peer that takes nothing at the moment.
struct Stalled {
    since: Instant,
    until: Instant,
    time: Pin<Box<Sleep>>,
}

type Drawing = Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>;

impl Wire {
    pub(super) fn new(
        stream: TcpStream,
        inflow: Arc<Inflow>,
        outflow: Arc<Outflow>,
        periods: Periods,
    ) -> Self {
        Self {
            stream,
            inflow,
            outflow,
            periods,
            drawing: None,
            unfinished: None,
            stalled: None,
        }
    }

    /// Ready when more may be received.
    fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.inflow.is_unfinished() {
            self.unfinished = None;
        } else {
            let period = self.periods.body;
            let time = self
                .unfinished
                .get_or_insert_with(|| Box::pin(sleep(period)));
            if time.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        while !self.inflow.has_room() {
            if self.inflow.is_drawing() {
                // Nothing that we understand is that large.
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
            let inflow = &self.inflow;
            let drawing = self
                .drawing
                .get_or_insert_with(|| Box::pin(inflow.draw_message()));
            let room = ready!(drawing.as_mut().poll(context));
            self.drawing = None;
            let room = room.ok_or(io::ErrorKind::ConnectionAborted)?;
            self.inflow.take_in(room);
        }
        Poll::Ready(Ok(()))
    }

    /// Passes on how writing went, or that it does not go on.
    fn judge<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let since = self
            .stalled
            .as_ref()
            .map_or_else(Instant::now, |stalled| stalled.since);
        let until = since + self.periods.write;
        // What others wait for has to be taken sooner, also by a peer that takes a little of it.
        let due = self.outflow.due(context.waker());
        let until = due.map_or(until, |due| due.min(until));
        let stalled = self.stalled.get_or_insert_with(|| Stalled {
            since,
            until,
            time: Box::pin(sleep_until(until)),
        });
        if stalled.until != until {
            stalled.until = until;
            stalled.time.as_mut().reset(until);
        }
        ready!(stalled.time.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_room(context))?;
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.inflow.receive(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(shut, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use futures::poll;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpSocket};
    use tokio::task::yield_now;
    use tokio::time::timeout;

    use crate::limits::{INFLOW_BYTES_MAX, OUTFLOW_BYTES_MAX, OUTFLOW_OWN_BYTES};
    use crate::serving::reservoir::Reservoir;

    /// A socket to a peer that takes nothing, and that peer.
    async fn to_nobody(outflow: Arc<Outflow>) -> (Wire, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpSocket::new_v4().unwrap();
        peer.set_recv_buffer_size(4096).unwrap();
        let at = listener.local_addr().unwrap();
        let (peer, accepted) = tokio::join!(peer.connect(at), listener.accept());
        let inflow = Arc::new(Inflow::new(Reservoir::new(INFLOW_BYTES_MAX)));
        let (stream, _) = accepted.unwrap();
        (
            Wire::new(stream, inflow, outflow, Periods::default()),
            peer.unwrap(),
        )
    }

    #[tokio::test]
    async fn who_stands_still_already_is_cut_off_for_what_is_drawn_then() {
        let grace = Duration::from_millis(50);
        let reservoir = Reservoir::new(OUTFLOW_BYTES_MAX);
        let outflow = Arc::new(Outflow::new(reservoir, grace));
        let (mut wire, _peer) = to_nobody(outflow.clone()).await;
        let lots = vec![0; 64 * 1024 * 1024];
        let mut writing = Box::pin(async move { wire.write_all(&lots).await });
        assert!(poll!(writing.as_mut()).is_pending());
        // From here on it is polled when it was woken and not otherwise.
        let writing = tokio::spawn(writing);
        yield_now().await;
        let room = outflow.draw(OUTFLOW_OWN_BYTES + 1).await;
        let _still = room.begin_sending();
        // Sooner than somebody is cut off who takes nothing of what nobody waits for.
        let written = timeout(Duration::from_secs(30), writing).await;
        let written = written.unwrap().unwrap();
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
