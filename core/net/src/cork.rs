//! A stream that sends what was written when its user turns to reading.
//!
//! The muxer flushes after each of its pieces of 16 KiB, and reads when it has nothing more to
//! write. Done as it says, each piece would be a message of the encryption and a call of the system
//! of its own, where four pieces fit into one. Only for a user that reads whenever it has flushed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{AsyncRead, AsyncWrite};

/// Puts flushes off until the next read.
pub(crate) struct Cork<S> {
    stream: S,
    is_flush_due: bool,
}

impl<S> Cork<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self {
            stream,
            is_flush_due: false,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Cork<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_flush_due {
            // While it waits the task is woken for both, and flushes again.
            match Pin::new(&mut self.stream).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.is_flush_due = false,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Cork<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_flush_due = true;
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Notes what it is asked to do; flushes only at the second try, if at all.
    #[derive(Default)]
    struct Socket {
        asked: Vec<&'static str>,
        is_broken: bool,
    }

    impl AsyncRead for Socket {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            self.asked.push("read");
            Poll::Ready(Ok(0))
        }
    }

    impl AsyncWrite for Socket {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.asked.push("write");
            Poll::Ready(Ok(buffer.len()))
        }

        fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            if self.is_broken {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let is_first = !self.asked.contains(&"flush");
            self.asked.push("flush");
            match is_first {
                true => Poll::Pending,
                false => Poll::Ready(Ok(())),
            }
        }

        fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.asked.push("close");
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn what_was_written_in_pieces_is_flushed_once_before_a_read() {
        let mut cork = Cork::new(Socket::default());
        for _ in 0..3 {
            cork.write_all(b"piece").await.unwrap();
            cork.flush().await.unwrap();
        }
        for _ in 0..3 {
            assert_eq!(cork.read(&mut [0; 8]).await.unwrap(), 0);
        }
        // The first flush had to wait, so it is tried again; the third read has nothing to flush.
        let expected = [
            "write", "write", "write", "flush", "read", "flush", "read", "read",
        ];
        assert_eq!(cork.stream.asked, expected);
    }

    #[tokio::test]
    async fn flush_that_fails_fails_the_read() {
        let socket = Socket {
            is_broken: true,
            ..Socket::default()
        };
        let mut cork = Cork::new(socket);
        cork.flush().await.unwrap();
        let error = cork.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn close_is_not_put_off() {
        let mut cork = Cork::new(Socket::default());
        cork.flush().await.unwrap();
        poll_fn(|cx| Pin::new(&mut cork).poll_close(cx))
            .await
            .unwrap();
        assert_eq!(cork.stream.asked, ["close"]);
    }
}
