//! What is compressed by zstd, unpacked piece by piece.

use std::io;

use zstd::stream::raw::{Decoder, Operation as _};

/// A file that is being unpacked.
pub(super) struct Unpacker {
    decoder: Decoder<'static>,
    packed: Vec<u8>,
    /// How much of that is unpacked.
    at: usize,
    /// Whether a frame, of which a file may have several, is begun and not complete.
    is_within: bool,
    /// What is wrong behind what came out before.
    damage: Option<io::Error>,
}

/// Whether a file that begins so is compressed.
pub(super) fn is_packed(beginning: &[u8]) -> bool {
    beginning.starts_with(&MAGIC)
}

impl Unpacker {
    /// With the first bytes of the file.
    pub(super) fn new(packed: Vec<u8>) -> io::Result<Self> {
        Ok(Self {
            decoder: Decoder::new()?,
            packed,
            at: 0,
            is_within: false,
            damage: None,
        })
    }

    /// Goes on with the next bytes of the file; what was there is unpacked.
    pub(super) fn push(&mut self, packed: Vec<u8>) {
        self.packed = packed;
        self.at = 0;
    }

    /// Unpacks as much as fits; less when more of the file is wanted.
    pub(super) fn unpack(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        if let Some(damage) = self.damage.take() {
            return Err(damage);
        }
        let mut len = 0;
        while len < chunk.len() {
            let rest = &self.packed[self.at..];
            let status = match self.decoder.run_on_buffers(rest, &mut chunk[len..]) {
                Ok(status) => status,
                Err(error) => {
                    self.damage = Some(error);
                    break;
                }
            };
            if status.bytes_read == 0 && status.bytes_written == 0 {
                break;
            }
            self.at += status.bytes_read;
            len += status.bytes_written;
            self.is_within = status.remaining > 0;
            if !self.is_within {
                self.decoder.reinit()?;
            }
        }
        match self.damage.take_if(|_| len == 0) {
            Some(damage) => Err(damage),
            None => Ok(len),
        }
    }

    /// Checks that the file may end here.
    pub(super) fn end(&self) -> io::Result<()> {
        match self.is_within {
            true => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it ends too early",
            )),
            false => Ok(()),
        }
    }
}

/// With which every frame begins.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

#[cfg(test)]
mod tests {
    use super::*;

    /// All that comes out, with the file and the output cut into pieces.
    fn unpacked(packed: &[u8], piece: usize, chunk: usize) -> io::Result<Vec<u8>> {
        let mut pieces = packed.chunks(piece);
        let first = pieces.next().unwrap_or_default();
        let mut unpacker = Unpacker::new(first.to_vec())?;
        let (mut out, mut room) = (Vec::new(), vec![0; chunk]);
        loop {
            match unpacker.unpack(&mut room)? {
                0 => match pieces.next() {
                    Some(piece) => unpacker.push(piece.to_vec()),
                    None => return unpacker.end().map(|()| out),
                },
                len => out.extend_from_slice(&room[..len]),
            }
        }
    }

    #[test]
    fn frames_come_out_whole_however_they_are_cut() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let frame = |part: &[u8]| zstd::encode_all(part, 3).unwrap();
        let packed = [frame(&text[..30_000]), frame(&text[30_000..])].concat();
        for (piece, chunk) in [(1, 7), (1_000, 64), (packed.len(), 64), (5, 100_000)] {
            assert!(unpacked(&packed, piece, chunk).unwrap() == text);
        }
        let cut = unpacked(&packed[..packed.len() - 1], 64, 64).unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
        assert!(unpacked(&[&packed[..], b"x"].concat(), 64, 64).is_err());
    }
}
