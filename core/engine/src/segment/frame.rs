//! Frames: the one wrapping of everything in a segment between its header and its footer.
//!
//! A frame is a checksum, the length of the content, and the content, compressed where that makes
//! it smaller. A frame does not say where it is or which dictionary it needs; whoever refers to it
//! does.

use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::zstd_safe::{CCtx, CParameter, DCtx};

use crate::event::codec::{Malformed, Reader, checksum, put_varint};

/// Where a frame lies in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FrameRef {
    /// Position of its first byte.
    pub(super) position: u64,
    /// Its stored length.
    pub(super) len: u32,
}

impl FrameRef {
    /// Position of the byte after it.
    pub(super) fn end(&self) -> u64 {
        self.position.saturating_add(u64::from(self.len))
    }
}

/// Compresses frames, all with the same dictionary or all without one.
pub(super) struct FrameEncoder<'d> {
    context: CCtx<'d>,
    compressed: Vec<u8>,
}

impl<'d> FrameEncoder<'d> {
    /// An encoder that uses `dictionary`.
    pub(super) fn new(dictionary: Option<&'d EncoderDictionary<'static>>) -> Self {
        let mut context = CCtx::create();
        let parameters = [
            CParameter::CompressionLevel(LEVEL),
            CParameter::ContentSizeFlag(false),
            CParameter::DictIdFlag(false),
        ];
        for parameter in parameters {
            context
                .set_parameter(parameter)
                .expect("these parameters are in range");
        }
        if let Some(dictionary) = dictionary {
            context
                .ref_cdict(dictionary.as_cdict())
                .expect("a prepared dictionary is accepted");
        }
        Self {
            context,
            compressed: Vec::new(),
        }
    }

    /// Appends `raw` as a frame.
    pub(super) fn encode(&mut self, raw: &[u8], out: &mut Vec<u8>) {
        assert!(raw.len() <= RAW_BYTES_MAX, "content of a frame is bounded");
        self.compressed.clear();
        self.compressed
            .reserve(zstd::zstd_safe::compress_bound(raw.len()));
        let outcome = self.context.compress2(&mut self.compressed, raw);
        let is_smaller = outcome.is_ok() && self.compressed.len() < raw.len();
        let at = out.len();
        out.extend_from_slice(&[0; CHECKSUM_BYTES]);
        put_varint(out, (raw.len() as u64) << 1 | u64::from(is_smaller));
        out.extend_from_slice(if is_smaller { &self.compressed } else { raw });
        let sum = checksum(&[&out[at + CHECKSUM_BYTES..]]);
        out[at..at + CHECKSUM_BYTES].copy_from_slice(&sum.to_le_bytes());
    }
}

/// A stored frame whose checksum matches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    raw_len: usize,
    is_compressed: bool,
    data: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Checks the checksum and the length of the content of a stored frame.
    pub(super) fn check(stored: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(stored);
        let sum = reader.u64()?;
        if checksum(&[&stored[CHECKSUM_BYTES..]]) != sum {
            return Err(reader.malformed("checksum does not match"));
        }
        let head = reader.varint()?;
        let raw_len = usize::try_from(head >> 1)
            .ok()
            .filter(|len| *len <= RAW_BYTES_MAX)
            .ok_or_else(|| reader.malformed("content is too long"))?;
        let data = reader.take(stored.len() - reader.position())?;
        Ok(Self {
            raw_len,
            is_compressed: head & 1 == 1,
            data,
        })
    }

    /// Length of the content.
    pub(super) fn raw_len(&self) -> usize {
        self.raw_len
    }

    /// The content.
    pub(super) fn decode(
        &self,
        context: &mut DCtx<'static>,
        dictionary: Option<&DecoderDictionary<'static>>,
    ) -> Result<Vec<u8>, Malformed> {
        let bad = |what| Malformed {
            what,
            at: CHECKSUM_BYTES,
        };
        if !self.is_compressed {
            let is_whole = self.data.len() == self.raw_len;
            return is_whole
                .then(|| self.data.to_vec())
                .ok_or_else(|| bad("content does not have the length it says"));
        }
        let mut raw = Vec::with_capacity(self.raw_len);
        let outcome = match dictionary {
            Some(dictionary) => {
                context.decompress_using_ddict(&mut raw, self.data, dictionary.as_ddict())
            }
            None => context.decompress(&mut raw, self.data),
        };
        outcome.map_err(|_| bad("content cannot be decompressed"))?;
        if raw.len() != self.raw_len {
            return Err(bad("content does not have the length it says"));
        }
        Ok(raw)
    }
}

/// Level 3 is where zstd stops being cheap; more gains a few percent for twice the time.
pub(super) const LEVEL: i32 = 3;
/// Content of the largest frame: a directory or a posting list of the largest segment.
const RAW_BYTES_MAX: usize = 64 * 1024 * 1024;
const CHECKSUM_BYTES: usize = 8;
