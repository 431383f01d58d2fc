//! One frame: a letter, the length, and so many bytes.
//!
//! ```text
//! 1 byte   what it is, a letter of ASCII
//! 4 bytes  length of the body, little endian, at most 16 MiB
//! body     JSON text, or bytes of a file
//! ```
//!
//! Both ends are of one release, which is checked with the first frame, so there are no versions
//! here. Lengths are checked before anything is allocated.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::limits::FRAME_BYTES_MAX;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// To the node: what is asked; the first frame, and the only one of its sort.
    Request,
    /// Bytes of a file, in both directions.
    Bytes,
    /// To the node: there are no more bytes.
    End,
    /// To the node: the next file of a folder, by its path in it; its bytes follow.
    File,
    /// From the node: a row, a JSON object.
    Row,
    /// From the node: nothing more comes for now, so what is here can be shown.
    Pause,
    /// From the node: a line for people.
    Note,
    /// From the node: what is missing from the answer.
    Warning,
    /// From the node: how far long work is.
    Progress,
    /// From the node: how far a subscription is.
    Offsets,
    /// From the node: it failed; the last frame.
    Failure,
    /// From the node: all of it is done; the last frame.
    Done,
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) sort: Sort,
    pub(crate) body: Bytes,
}

const SORTS: [(u8, Sort); 12] = [
    (b'Q', Sort::Request),
    (b'B', Sort::Bytes),
    (b'E', Sort::End),
    (b'L', Sort::File),
    (b'R', Sort::Row),
    (b'W', Sort::Pause),
    (b'N', Sort::Note),
    (b'M', Sort::Warning),
    (b'P', Sort::Progress),
    (b'O', Sort::Offsets),
    (b'F', Sort::Failure),
    (b'D', Sort::Done),
];

/// The next frame; nothing if the other side has hung up between two.
pub(crate) async fn read_frame(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let letter = match from.read_u8().await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        letter => letter?,
    };
    let sort = SORTS.iter().find(|(known, _)| *known == letter);
    let sort = sort.ok_or_else(|| bad("a frame of an unknown sort"))?.1;
    let len = from.read_u32_le().await? as usize;
    if len > FRAME_BYTES_MAX {
        return Err(bad("a frame is too long"));
    }
    let mut body = vec![0; len];
    from.read_exact(&mut body).await?;
    Ok(Some(Frame {
        sort,
        body: body.into(),
    }))
}

/// Writes a frame; it may stay in a buffer of `to`.
pub(crate) async fn write_frame(
    to: &mut (impl AsyncWrite + Unpin),
    sort: Sort,
    body: &[u8],
) -> io::Result<()> {
    if body.len() > FRAME_BYTES_MAX {
        return Err(bad("a frame would be too long"));
    }
    let letter = SORTS.iter().find(|(_, known)| *known == sort);
    let (letter, _) = letter.expect("every sort has a letter");
    to.write_u8(*letter).await?;
    to.write_u32_le(body.len() as u32).await?;
    to.write_all(body).await
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> io::Result<Option<Frame>> {
        read_frame(&mut bytes).await
    }

    #[tokio::test]
    async fn every_sort_comes_back() {
        for (_, sort) in SORTS {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, sort, b"body").await.unwrap();
            let frame = read(&bytes).await.unwrap().unwrap();
            assert_eq!((frame.sort, &frame.body[..]), (sort, &b"body"[..]));
        }
    }

    #[tokio::test]
    async fn an_end_between_frames_is_an_end_and_one_inside_is_an_error() {
        assert_eq!(read(b"").await.unwrap(), None);
        assert!(read(b"R\x04\0\0\0bod").await.is_err());
        assert!(read(b"R\x04").await.is_err());
    }

    #[tokio::test]
    async fn the_bound_is_checked_before_room_is_made() {
        let mut longest = vec![b'R'];
        longest.extend((FRAME_BYTES_MAX as u32).to_le_bytes());
        longest.resize(longest.len() + FRAME_BYTES_MAX, 0);
        assert!(read(&longest).await.unwrap().is_some());
        let mut longer = vec![b'R'];
        longer.extend((FRAME_BYTES_MAX as u32 + 1).to_le_bytes());
        let error = read(&longer).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(read(b"?\0\0\0\0").await.is_err());
        let body = vec![0; FRAME_BYTES_MAX + 1];
        let written = write_frame(&mut Vec::new(), Sort::Row, &body).await;
        assert!(written.is_err());
    }
}
