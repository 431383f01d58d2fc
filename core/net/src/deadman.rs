//! A stream that fails when the other end is silent.
//!
//! It sits below encryption and muxer, because an error there drops a connection at once, while a
//! graceful close waits for a dead peer to acknowledge. It needs the peer to send heartbeats.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::WRITE_STALL;

/// Fails with [`io::ErrorKind::TimedOut`] if nothing arrives for too long, or nothing can be sent.
pub(crate) struct Deadman<S> {
    stream: S,
    silence_max: Duration,
    received_at: Instant,
    stalled_since: Option<Instant>,
    /// Fires at or before the deadline and is then set anew: setting it at each read costs more.
    timer: Pin<Box<Sleep>>,
}

impl<S> Deadman<S> {
    pub(crate) fn new(stream: S, silence_max: Duration) -> Self {
        let now = Instant::now();
        let timer = Box::pin(sleep_until(now + silence_max));
        Self {
            stream,
            silence_max,
            received_at: now,
            stalled_since: None,
            timer,
        }
    }

    /// Ready if the peer has been silent for too long; otherwise wakes the task when it has been.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let deadline = self.received_at + self.silence_max;
            if deadline <= Instant::now() {
                let text = format!("nothing arrived for {} ms", self.silence_max.as_millis());
                return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// What a write that made no progress, or did, means. Also watches the silence, since a
    /// muxer that closes only writes.
    fn judge<T>(
        &mut self,
        result: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stalled_since = None;
            return result;
        }
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= WRITE_STALL {
            let text = format!("nothing could be sent for {} s", WRITE_STALL.as_secs());
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)));
        }
        self.poll_silence(cx).map(Err)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Deadman<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // First what arrived, then the time: a task that was not run for long has not lost
        // its peer.
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(result) => {
                self.received_at = Instant::now();
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_silence(cx).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deadman<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buffer);
        self.judge(result, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        self.judge(result, cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_close(cx);
        self.judge(result, cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures::AsyncReadExt;
    use futures::io::Cursor;

    use super::*;

    /// Never gives a byte and never takes one.
    struct Silent;

    impl AsyncRead for Silent {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Silent {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn silence_ends_a_read() {
        let mut stream = Deadman::new(Silent, Duration::from_millis(20));
        let error = stream.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn silence_ends_a_close() {
        let mut stream = Deadman::new(Silent, Duration::from_millis(20));
        let error = poll_fn(|cx| Pin::new(&mut stream).poll_close(cx))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn what_arrived_is_read_however_late() {
        let mut stream = Deadman::new(Cursor::new(b"late"), Duration::ZERO);
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "late");
    }
}
