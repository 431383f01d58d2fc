//! Lines out of bytes that come in pieces, however these are cut.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::failure::{Failure, Result};

/// Bytes that came and were not given out as lines yet: at most one line and one piece.
#[derive(Default)]
pub(super) struct Lines {
    pending: BytesMut,
    /// Where the search for the next end goes on.
    searched: usize,
    is_ended: bool,
}

impl Lines {
    /// Adds a piece.
    pub(super) fn push(&mut self, piece: &Bytes) {
        self.pending.extend_from_slice(piece);
    }

    /// Says that there are no more pieces: what is left is a line without end.
    pub(super) fn end(&mut self) {
        self.is_ended = true;
    }

    /// The next line that is complete, without its end.
    pub(super) fn next_line(&mut self, bytes_max: usize) -> Result<Option<Bytes>> {
        let end = self.pending[self.searched..]
            .iter()
            .position(|byte| *byte == b'\n');
        let Some(end) = end else {
            self.searched = self.pending.len();
            if self.searched > bytes_max {
                let message = format!("a line has more than {bytes_max} bytes");
                return Err(Failure::invalid(message));
            }
            return Ok((self.is_ended && self.searched > 0).then(|| {
                self.searched = 0;
                self.pending.split().freeze()
            }));
        };
        let line = self.pending.split_to(self.searched + end).freeze();
        self.pending.advance(1);
        self.searched = 0;
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_however_pieces_are_cut() {
        let text = b"one\n\ntwo and\nthree";
        for len in 1..=text.len() {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for piece in text.chunks(len) {
                lines.push(&Bytes::copy_from_slice(piece));
                while let Some(line) = lines.next_line(7).unwrap() {
                    found.push(line);
                }
            }
            assert_eq!(found, [&b"one"[..], b"", b"two and"], "{len}");
            lines.end();
            assert_eq!(lines.next_line(7).unwrap(), Some(b"three"[..].into()));
            assert_eq!(lines.next_line(7).unwrap(), None);
        }
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut lines = Lines::default();
        lines.push(&Bytes::from_static(b"1234567"));
        assert_eq!(lines.next_line(7).unwrap(), None);
        lines.push(&Bytes::from_static(b"8"));
        assert!(lines.next_line(7).is_err());
    }
}
