//! Reading a log file back after a restart: which frames hold, and how it ends.
//!
//! A write that never completed leaves a torn tail, which was never acknowledged. Bytes that were
//! synced once and do not hold any more are damage. The two are told apart by what later frames
//! say of what was synced before them. This only judges; recovery decides.

use super::frame::{FRAME_ALIGN, FRAME_BYTES, FRAMES_AT, Frame, FrameKind, FramePlace, FrameSlot};
use super::log_file::FileEnd;

/// One frame that holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub(super) kind: FrameKind,
    /// Where its payload begins in the file.
    pub(super) payload_at: u64,
    pub(super) payload: &'a [u8],
}

/// How the frames of a file end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With nothing after `position`.
    Clean {
        /// Where the next frame goes.
        position: u64,
    },
    /// With an end frame: the log goes on in the next file.
    Complete,
    /// With a write at `position` that did not complete; `len` bytes of it are worth keeping.
    Torn {
        /// Where the next frame goes.
        position: u64,
        /// Bytes to set aside.
        len: u64,
    },
    /// With something at `position` that had been synced and does not hold any more.
    Damaged {
        /// Where the damage begins.
        position: u64,
    },
}

/// Goes through the frames of one file's bytes.
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    sequence: u64,
    end: FileEnd,
    proven_to: u64,
    ending: Option<Ending>,
}

impl<'a> Scan<'a> {
    /// Starts at the first frame of the log file `sequence`, given whole.
    pub(super) fn new(bytes: &'a [u8], sequence: u64) -> Self {
        Self {
            bytes,
            sequence,
            end: FileEnd::START,
            proven_to: FRAMES_AT,
            ending: None,
        }
    }

    /// The next frame that holds, or `None` at the ending.
    pub(super) fn next_frame(&mut self) -> Option<Found<'a>> {
        if self.ending.is_some() {
            return None;
        }
        match self.whole_frame(self.end.position) {
            Some((frame, payload)) => {
                let payload_at = self.end.position + FRAME_BYTES as u64;
                self.proven_to = self.proven_to.max(frame.synced_to.min(self.end.position));
                self.end = FileEnd {
                    position: self.end.position + frame.stride(),
                    checksum: frame.payload_checksum,
                    is_unmarked: frame.kind == FrameKind::Group,
                };
                if frame.kind == FrameKind::End {
                    self.ending = Some(Ending::Complete);
                }
                Some(Found {
                    kind: frame.kind,
                    payload_at,
                    payload,
                })
            }
            None => {
                self.ending = Some(self.judge_ending());
                None
            }
        }
    }

    /// How the file ends; known once [`Scan::next_frame`] has returned `None`.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// Where the frames that hold end.
    pub(super) fn end(&self) -> FileEnd {
        self.end
    }

    /// The part of those frames that none of them says to have been synced, and where it begins.
    pub(super) fn unproven(&self) -> (u64, &'a [u8]) {
        // The last frame may lack its padding, and a file its frames, if it was cut off.
        let to = self.bytes.len().min(self.end.position as usize);
        let from = to.min(self.proven_to as usize);
        (from as u64, &self.bytes[from..to])
    }

    fn slot(&self, position: u64) -> FrameSlot {
        let at = position as usize;
        let Some(bytes) = self.bytes.get(at..at + FRAME_BYTES) else {
            return FrameSlot::Empty;
        };
        let bytes = bytes
            .try_into()
            .expect("the slice has the length of a frame");
        Frame::decode(
            bytes,
            FramePlace {
                sequence: self.sequence,
                position,
            },
        )
    }

    /// The frame at `position`, if it and its payload hold.
    fn whole_frame(&self, position: u64) -> Option<(Frame, &'a [u8])> {
        let FrameSlot::Frame(frame) = self.slot(position) else {
            return None;
        };
        let at = position as usize + FRAME_BYTES;
        let payload = self.bytes.get(at..at + frame.payload_len as usize)?;
        let place = FramePlace {
            sequence: self.sequence,
            position,
        };
        let found = place.payload_checksum(payload, self.end.checksum);
        (found == frame.payload_checksum).then_some((frame, payload))
    }

    fn judge_ending(&self) -> Ending {
        let position = self.end.position;
        if self.was_synced(position) {
            return Ending::Damaged { position };
        }
        match self.slot(position) {
            FrameSlot::Empty => Ending::Clean { position },
            FrameSlot::Frame(frame) => Ending::Torn {
                position,
                len: frame.stride(),
            },
            FrameSlot::Unknown => Ending::Torn {
                position,
                len: self.bytes.len() as u64 - position,
            },
        }
    }

    /// Whether some later frame of this file says that `position` had been synced before it.
    fn was_synced(&self, position: u64) -> bool {
        let mut later = position + FRAME_ALIGN;
        while later + FRAME_BYTES as u64 <= self.bytes.len() as u64 {
            if self.could_be_frame(later)
                && let FrameSlot::Frame(frame) = self.slot(later)
                && frame.synced_to > position
            {
                return true;
            }
            later += FRAME_ALIGN;
        }
        false
    }

    /// A cheap look before the checksum: nearly no position passes.
    fn could_be_frame(&self, position: u64) -> bool {
        let at = position as usize;
        matches!(self.bytes[at + 4], 1..=3) && self.bytes[at + 5..at + 8] == [0; 3]
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::Before;
    use super::*;

    /// A file image written frame by frame, as the log does.
    struct Image {
        bytes: Vec<u8>,
        position: u64,
        checksum: u64,
    }

    impl Image {
        fn new() -> Self {
            Self {
                bytes: vec![0; 64 * 1024],
                position: FRAMES_AT,
                checksum: 0,
            }
        }

        fn push(&mut self, kind: FrameKind, payload: &[u8], synced_to: u64) -> u64 {
            let place = FramePlace {
                sequence: 5,
                position: self.position,
            };
            let before = Before {
                synced_to,
                checksum: self.checksum,
            };
            let frame = Frame::new(kind, payload, before, place);
            self.checksum = frame.payload_checksum;
            let at = self.position as usize;
            self.bytes[at..at + FRAME_BYTES].copy_from_slice(&frame.encode(place));
            self.bytes[at + FRAME_BYTES..at + FRAME_BYTES + payload.len()].copy_from_slice(payload);
            self.position += frame.stride();
            at as u64
        }

        fn scan(&self) -> (usize, Ending) {
            let mut scan = Scan::new(&self.bytes, 5);
            let mut count = 0;
            while scan.next_frame().is_some() {
                count += 1;
            }
            (count, scan.ending().unwrap())
        }
    }

    #[test]
    fn an_untouched_file_is_clean() {
        assert_eq!(
            Image::new().scan(),
            (
                0,
                Ending::Clean {
                    position: FRAMES_AT
                }
            )
        );
    }

    #[test]
    fn a_torn_last_write_is_not_damage() {
        let mut image = Image::new();
        image.push(FrameKind::Group, &[7; 100], FRAMES_AT);
        let torn = image.push(FrameKind::Group, &[8; 2000], FRAMES_AT);
        image.bytes[torn as usize + 1000] = 0;
        assert_eq!(
            image.scan(),
            (
                1,
                Ending::Torn {
                    position: torn,
                    len: 2032
                }
            )
        );
    }

    #[test]
    fn the_same_hole_is_damage_once_a_later_frame_says_it_was_synced() {
        let mut image = Image::new();
        let first = image.push(FrameKind::Group, &[7; 100], FRAMES_AT);
        let end = image.position;
        image.push(FrameKind::Mark, &[], end);
        image.bytes[first as usize + 50] ^= 1;
        assert_eq!(image.scan(), (0, Ending::Damaged { position: first }));
    }

    #[test]
    fn writes_without_sync_may_arrive_out_of_order() {
        let mut image = Image::new();
        let first = image.push(FrameKind::Group, &[7; 100], FRAMES_AT);
        image.push(FrameKind::Group, &[8; 100], FRAMES_AT);
        image.bytes[first as usize + 50] ^= 1;
        assert_eq!(
            image.scan(),
            (
                0,
                Ending::Torn {
                    position: first,
                    len: 136
                }
            )
        );
    }

    #[test]
    fn frames_of_an_earlier_use_of_the_file_are_not_seen() {
        let mut image = Image::new();
        image.push(FrameKind::Group, &[7; 100], FRAMES_AT);
        let mut scan = Scan::new(&image.bytes, 6);
        assert!(scan.next_frame().is_none());
        assert!(matches!(
            scan.ending(),
            Some(Ending::Torn {
                position: FRAMES_AT,
                ..
            })
        ));
    }

    #[test]
    fn a_frame_that_outlived_the_one_before_it_is_not_its_successor() {
        let mut image = Image::new();
        image.push(FrameKind::Group, &[7; 100], FRAMES_AT);
        let stale = image.push(FrameKind::Group, &[8; 100], FRAMES_AT);
        (image.position, image.checksum) = (FRAMES_AT, 0);
        image.push(FrameKind::Group, &[9; 100], FRAMES_AT);
        assert_eq!(
            image.scan(),
            (
                1,
                Ending::Torn {
                    position: stale,
                    len: 136
                }
            )
        );
    }

    #[test]
    fn what_no_frame_says_to_be_synced_is_within_the_file() {
        let mut image = Image::new();
        let first = image.push(FrameKind::Group, &[7; 100], FRAMES_AT);
        let second = image.push(FrameKind::Group, &[8; 99], first + 136);
        image.push(FrameKind::Mark, &[], u64::MAX);
        for (len, from, to) in [
            (100, 100, 100),
            (first as usize + 132, first, first + 132),
            (second as usize + 131, second, second + 131),
            (64 * 1024, second + 136, second + 168),
        ] {
            let mut scan = Scan::new(&image.bytes[..len], 5);
            while scan.next_frame().is_some() {}
            let (position, unproven) = scan.unproven();
            assert_eq!((position, position + unproven.len() as u64), (from, to));
        }
    }
}
