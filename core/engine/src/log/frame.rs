//! Log files, byte for byte: the file header and the frame around each record.
//!
//! A frame's checksums include the file's sequence number and the frame's position, so a frame
//! left over in a recycled file is never taken for a new one. That of its payload includes the
//! one of the frame before it, so neither is a frame that outlived the one it was written after.
//! Behind each frame lies an empty one, all zeros: whatever else is found there is a write that
//! did not complete.

use crate::event::codec::checksum;

/// Where the first frame begins; the header has the space before it to itself.
pub(super) const FRAMES_AT: u64 = 4096;

/// Bytes of a frame before its payload.
pub(super) const FRAME_BYTES: usize = 32;

/// Frames begin at multiples of this.
pub(super) const FRAME_ALIGN: u64 = 8;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// The batches of one commit group.
    Group,
    /// Nothing: it shows that what is before it was synced.
    Mark,
    /// Nothing: the log goes on in the next file.
    End,
}

/// What a frame says of those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Before {
    /// Everything before this position was synced when the frame was written.
    pub(super) synced_to: u64,
    /// The payload checksum of the frame right before; 0 for the first one of a file.
    pub(super) checksum: u64,
}

/// The fixed part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    pub(super) payload_len: u32,
    /// Everything before this position was synced when the frame was written.
    pub(super) synced_to: u64,
    pub(super) payload_checksum: u64,
}

/// What is at a position where a frame may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameSlot {
    /// A frame of this file, its payload not yet checked.
    Frame(Frame),
    /// Zeros: nothing was written here.
    Empty,
    /// Neither.
    Unknown,
}

/// The position of a frame: which file, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FramePlace {
    pub(super) sequence: u64,
    pub(super) position: u64,
}

impl Frame {
    /// Describes `payload` as a frame of `kind`.
    pub(super) fn new(kind: FrameKind, payload: &[u8], before: Before, place: FramePlace) -> Self {
        let payload_len = u32::try_from(payload.len()).expect("groups are bounded to megabytes");
        Self {
            kind,
            payload_len,
            synced_to: before.synced_to,
            payload_checksum: place.payload_checksum(payload, before.checksum),
        }
    }

    /// The fixed part as bytes.
    pub(super) fn encode(&self, place: FramePlace) -> [u8; FRAME_BYTES] {
        let mut bytes = [0; FRAME_BYTES];
        bytes[0..4].copy_from_slice(&self.payload_len.to_le_bytes());
        bytes[4] = self.kind.code();
        bytes[8..16].copy_from_slice(&self.synced_to.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.payload_checksum.to_le_bytes());
        let sum = place.checksum(&bytes[..24]);
        bytes[24..32].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Judges the bytes at `place`.
    pub(super) fn decode(bytes: &[u8; FRAME_BYTES], place: FramePlace) -> FrameSlot {
        if bytes.iter().all(|byte| *byte == 0) {
            return FrameSlot::Empty;
        }
        let kind = FrameKind::from_code(bytes[4]);
        let Some(kind) = kind.filter(|_| bytes[5..8] == [0; 3]) else {
            return FrameSlot::Unknown;
        };
        if place.checksum(&bytes[..24]).to_le_bytes() != bytes[24..32] {
            return FrameSlot::Unknown;
        }
        let number = |at: usize| {
            let mut array = [0; 8];
            array.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(array)
        };
        FrameSlot::Frame(Self {
            kind,
            payload_len: number(0) as u32,
            synced_to: number(8),
            payload_checksum: number(16),
        })
    }

    /// Bytes from the start of this frame to the start of the next.
    pub(super) fn stride(&self) -> u64 {
        stride(self.payload_len as usize)
    }
}

/// Bytes a frame with a payload of `payload_len` takes, up to where the next one begins.
pub(super) fn stride(payload_len: usize) -> u64 {
    (FRAME_BYTES as u64 + payload_len as u64).next_multiple_of(FRAME_ALIGN)
}

impl FramePlace {
    /// The checksum of `bytes` at this place and no other.
    pub(super) fn checksum(self, bytes: &[u8]) -> u64 {
        checksum(&[
            &self.sequence.to_le_bytes(),
            &self.position.to_le_bytes(),
            bytes,
        ])
    }

    /// The checksum of a payload at this place, behind a frame whose own one is `before`.
    pub(super) fn payload_checksum(self, payload: &[u8], before: u64) -> u64 {
        checksum(&[
            &self.sequence.to_le_bytes(),
            &self.position.to_le_bytes(),
            &before.to_le_bytes(),
            payload,
        ])
    }
}

impl FrameKind {
    fn code(self) -> u8 {
        match self {
            Self::Group => 1,
            Self::Mark => 2,
            Self::End => 3,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Group, Self::Mark, Self::End]
            .into_iter()
            .find(|kind| kind.code() == code)
    }
}

/// Bytes of the file header.
pub(super) const FILE_HEADER_BYTES: usize = 32;

const FILE_MAGIC: &[u8; 8] = b"SWRMLOG\0";
const FILE_VERSION: u32 = 1;

/// What the header of a log file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileHeader {
    /// A log file with this sequence number.
    Sequence(u64),
    /// A log file of another version of this format.
    OtherVersion(u32),
    /// Not a log file, or a damaged one.
    Unknown,
}

/// The header of the log file `sequence`.
pub(super) fn encode_file_header(sequence: u64) -> [u8; FILE_HEADER_BYTES] {
    let mut bytes = [0; FILE_HEADER_BYTES];
    bytes[0..8].copy_from_slice(FILE_MAGIC);
    bytes[8..12].copy_from_slice(&FILE_VERSION.to_le_bytes());
    bytes[16..24].copy_from_slice(&sequence.to_le_bytes());
    let sum = checksum(&[&bytes[..24]]);
    bytes[24..32].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// Judges the first bytes of a file.
pub(super) fn decode_file_header(bytes: &[u8; FILE_HEADER_BYTES]) -> FileHeader {
    let is_ours = bytes[..8] == *FILE_MAGIC;
    if !is_ours || checksum(&[&bytes[..24]]).to_le_bytes() != bytes[24..32] {
        return FileHeader::Unknown;
    }
    let mut version = [0; 4];
    version.copy_from_slice(&bytes[8..12]);
    let mut sequence = [0; 8];
    sequence.copy_from_slice(&bytes[16..24]);
    match u32::from_le_bytes(version) {
        FILE_VERSION => FileHeader::Sequence(u64::from_le_bytes(sequence)),
        other => FileHeader::OtherVersion(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: FramePlace = FramePlace {
        sequence: 3,
        position: 4096,
    };

    #[test]
    fn frames_are_bound_to_their_place() {
        let frame = Frame::new(FrameKind::Group, b"payload", Before::default(), PLACE);
        let bytes = frame.encode(PLACE);
        assert_eq!(Frame::decode(&bytes, PLACE), FrameSlot::Frame(frame));
        let other_file = FramePlace {
            sequence: 4,
            ..PLACE
        };
        let other_position = FramePlace {
            position: 4104,
            ..PLACE
        };
        assert_eq!(Frame::decode(&bytes, other_file), FrameSlot::Unknown);
        assert_eq!(Frame::decode(&bytes, other_position), FrameSlot::Unknown);
        assert_eq!(Frame::decode(&[0; FRAME_BYTES], PLACE), FrameSlot::Empty);
    }

    #[test]
    fn every_flipped_bit_of_a_frame_or_header_is_noticed() {
        let frame = Frame::new(FrameKind::Mark, b"", Before::default(), PLACE).encode(PLACE);
        let header = encode_file_header(9);
        for bit in 0..FRAME_BYTES * 8 {
            let (mut one, mut two) = (frame, header);
            one[bit / 8] ^= 1 << (bit % 8);
            two[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Frame::decode(&one, PLACE), FrameSlot::Unknown);
            assert_ne!(decode_file_header(&two), FileHeader::Sequence(9));
        }
    }
}
