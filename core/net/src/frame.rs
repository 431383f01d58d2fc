//! Frames on a stream: a u32 big-endian length, then so many bytes.
//!
//! The highest length is no frame but a farewell: nothing follows it, and what ends without it was
//! cut off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::AsyncRead;

use crate::error::NetError;
use crate::limits;

const HEAD_BYTES: usize = 4;

/// The length that says that the sender has nothing more to say.
const FAREWELL: u32 = u32::MAX;

/// The bytes of a farewell.
pub(crate) const FAREWELL_BYTES: [u8; HEAD_BYTES] = FAREWELL.to_be_bytes();

/// The bytes before a frame's own; an error if it is larger than allowed.
pub(crate) fn head(frame: &[u8], frame_bytes_max: usize) -> Result<[u8; HEAD_BYTES], NetError> {
    match u32::try_from(frame.len()) {
        Ok(length) if frame.len() <= frame_bytes_max => Ok(length.to_be_bytes()),
        _ => {
            let bytes = frame.len() as u64;
            Err(NetError::FrameTooLarge {
                bytes,
                bytes_max: frame_bytes_max,
            })
        }
    }
}

/// Cuts a stream into frames. One read takes as many small frames as have arrived; a frame is
/// copied into memory of its own, so that who keeps it keeps nothing else alive.
pub(crate) struct FrameReader {
    frame_bytes_max: usize,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    partial: Option<Partial>,
    is_over: bool,
}

/// A frame of which not all has arrived.
struct Partial {
    bytes: Vec<u8>,
    filled: usize,
}

impl FrameReader {
    pub(crate) fn new(frame_bytes_max: usize) -> Self {
        let buffer = vec![0; limits::READ_BYTES].into_boxed_slice();
        Self {
            frame_bytes_max,
            buffer,
            start: 0,
            end: 0,
            partial: None,
            is_over: false,
        }
    }

    /// The next frame, or `None` after a farewell. Loses nothing if it is not polled to the end.
    pub(crate) fn poll_frame<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, NetError>> {
        loop {
            if self.is_over {
                return Poll::Ready(Ok(None));
            }
            if self.partial.is_none() {
                self.begin()?;
            }
            if let Some(frame) = self.finish() {
                return Poll::Ready(Ok(Some(frame)));
            }
            if !self.is_over {
                ready!(self.poll_fill(stream, cx)).map_err(|source| NetError::Lost { source })?;
            }
        }
    }

    /// Takes the head of a frame out of the buffer, if all of it is there.
    fn begin(&mut self) -> Result<(), NetError> {
        let ready = &self.buffer[self.start..self.end];
        let Some((head, rest)) = ready.split_first_chunk::<HEAD_BYTES>() else {
            return Ok(());
        };
        let length = u32::from_be_bytes(*head);
        if length == FAREWELL {
            self.is_over = true;
            return Ok(());
        }
        if u64::from(length) > self.frame_bytes_max as u64 {
            let bytes = u64::from(length);
            return Err(NetError::FrameTooLarge {
                bytes,
                bytes_max: self.frame_bytes_max,
            });
        }
        let length = length as usize;
        let filled = rest.len().min(length);
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(&rest[..filled]);
        bytes.resize(length, 0);
        self.start += HEAD_BYTES + filled;
        self.partial = Some(Partial { bytes, filled });
        Ok(())
    }

    fn finish(&mut self) -> Option<Bytes> {
        let whole = self
            .partial
            .take_if(|partial| partial.filled == partial.bytes.len())?;
        Some(Bytes::from(whole.bytes))
    }

    /// Reads once: the rest of a large frame to where it belongs, everything else to the buffer.
    fn poll_fill<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = Pin::new(stream);
        let read = match &mut self.partial {
            Some(partial) if partial.bytes.len() - partial.filled >= self.buffer.len() => {
                let read = ready!(stream.poll_read(cx, &mut partial.bytes[partial.filled..]))?;
                partial.filled += read;
                read
            }
            partial => {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
                let read = ready!(stream.poll_read(cx, &mut self.buffer[self.end..]))?;
                self.end += read;
                if let Some(partial) = partial {
                    self.start = partial.fill(&self.buffer[..self.end]);
                }
                read
            }
        };
        if read == 0 {
            let text = "the connection ended without a farewell";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text)));
        }
        Poll::Ready(Ok(()))
    }
}

impl Partial {
    /// Takes what belongs to it; how many bytes that was.
    fn fill(&mut self, ready: &[u8]) -> usize {
        let taken = ready.len().min(self.bytes.len() - self.filled);
        self.bytes[self.filled..][..taken].copy_from_slice(&ready[..taken]);
        self.filled += taken;
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// Gives its bytes in pieces of a length.
    struct Pieces {
        bytes: Vec<u8>,
        length: usize,
    }

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let read = self.length.min(self.bytes.len()).min(buffer.len());
            buffer[..read].copy_from_slice(&self.bytes[..read]);
            self.bytes.drain(..read);
            Poll::Ready(Ok(read))
        }
    }

    async fn read(
        pieces: &mut Pieces,
        reader: &mut FrameReader,
    ) -> Result<Option<Bytes>, NetError> {
        poll_fn(|cx| reader.poll_frame(pieces, cx)).await
    }

    #[tokio::test]
    async fn frames_come_out_however_they_are_cut() {
        let frames: Vec<Vec<u8>> = [0, 1, 5, 300, limits::READ_BYTES * 2 + 3, 0, 7]
            .map(|length| (0..length).map(|at| at as u8).collect())
            .into();
        let mut bytes = Vec::new();
        for frame in &frames {
            bytes.extend_from_slice(&head(frame, usize::MAX).unwrap());
            bytes.extend_from_slice(frame);
        }
        bytes.extend_from_slice(&FAREWELL_BYTES);
        for length in [1, 2, 3, 4, 5, 1_000, usize::MAX] {
            let mut pieces = Pieces {
                bytes: bytes.clone(),
                length,
            };
            let mut reader = FrameReader::new(1 << 20);
            for frame in &frames {
                assert_eq!(
                    read(&mut pieces, &mut reader).await.unwrap().unwrap(),
                    frame
                );
            }
            assert_eq!(read(&mut pieces, &mut reader).await.unwrap(), None);
            assert_eq!(read(&mut pieces, &mut reader).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn largest_frame_is_taken_and_one_byte_more_is_not() {
        for (length, is_taken) in [(10_u32, true), (11, false), (u32::MAX - 1, false)] {
            let mut bytes = length.to_be_bytes().to_vec();
            bytes.extend_from_slice(&[0; 11]);
            let mut pieces = Pieces {
                bytes,
                length: usize::MAX,
            };
            let result = read(&mut pieces, &mut FrameReader::new(10)).await;
            match result {
                Ok(Some(frame)) => assert!(is_taken && frame.len() == 10),
                Err(NetError::FrameTooLarge {
                    bytes,
                    bytes_max: 10,
                }) => {
                    assert!(!is_taken && bytes == u64::from(length));
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(head(&[0; 10], 10).is_ok());
        assert!(head(&[0; 11], 10).is_err());
    }

    #[tokio::test]
    async fn end_without_farewell_is_a_loss() {
        for bytes in [vec![], vec![0, 0], vec![0, 0, 0, 2, 1]] {
            let mut pieces = Pieces {
                bytes,
                length: usize::MAX,
            };
            let result = read(&mut pieces, &mut FrameReader::new(10)).await;
            assert!(matches!(result, Err(NetError::Lost { .. })));
        }
    }
}
