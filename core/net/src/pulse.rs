//! Heartbeats on a stream of their own.
//!
//! They are sent by the task of the connection, so a user who does not read or write for a while is
//! not taken for dead. The peer's dead man's timer is what they are for; their content is nothing.
//! QUIC needs none: it has its own.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{AsyncRead, AsyncWrite};
use libp2p::Stream;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// Sends a byte at intervals and throws away what arrives.
pub(crate) struct Pulse {
    stream: Stream,
    interval: Interval,
    is_due: bool,
    is_unflushed: bool,
}

impl Pulse {
    pub(crate) fn new(mut stream: Stream, every: Duration) -> Self {
        stream.ignore_for_keep_alive();
        let mut interval = interval(every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            stream,
            interval,
            is_due: false,
            is_unflushed: false,
        }
    }

    /// Ready, with an error, when the stream has ended; otherwise never.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let mut beats = [0; 64];
            match Pin::new(&mut self.stream).poll_read(cx, &mut beats) {
                Poll::Ready(Ok(0)) => return Poll::Ready(io::ErrorKind::UnexpectedEof.into()),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(error),
                Poll::Pending => break,
            }
        }
        match self.poll_send(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(error),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    /// Pending until there is something to do; ready only with an error.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.is_due {
                match Pin::new(&mut self.stream).poll_write(cx, &[0]) {
                    Poll::Ready(Ok(_)) => (self.is_due, self.is_unflushed) = (false, true),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                }
            }
            if self.is_unflushed && Pin::new(&mut self.stream).poll_flush(cx)?.is_ready() {
                self.is_unflushed = false;
            }
            match self.interval.poll_tick(cx) {
                Poll::Ready(_) => self.is_due = true,
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
