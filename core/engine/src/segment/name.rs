//! Segment names: which log files a segment covers, and its revision.
//!
//! The folder listing is the manifest, so a name says everything about a segment's place.

use std::fmt;

use crate::storage::{FileName, Folder};

/// The range of log sequence numbers a segment covers, and how often it was rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName {
    /// First log sequence number covered.
    pub first: u64,
    /// Last log sequence number covered.
    pub last: u64,
    /// Rewrites of the same range; the highest supersedes the others.
    pub revision: u32,
}

impl SegmentName {
    /// The name of the file in its folder.
    #[must_use]
    pub fn file_name(&self) -> FileName {
        Self::checked(format!("{self}{SUFFIX}"))
    }

    /// The name the file has until it is complete; such a file found at open is a leftover.
    #[must_use]
    pub fn temporary_file_name(&self) -> FileName {
        Self::checked(format!("{self}{SUFFIX}{TEMPORARY}"))
    }

    /// Whether `name` is that of a segment that was not completed.
    #[must_use]
    pub fn is_temporary(name: &FileName) -> bool {
        name.folder() == Folder::Segments && name.name().ends_with(TEMPORARY)
    }

    /// Reads the name of a complete segment file; `None` if it is something else.
    #[must_use]
    pub fn parse(name: &FileName) -> Option<Self> {
        let text = name.name().strip_suffix(SUFFIX)?;
        let mut parts = text.split('-');
        let mut next = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            part.bytes()
                .all(is_hex)
                .then(|| u64::from_str_radix(part, 16).ok())?
        };
        let (first, last, revision) = (next(16)?, next(16)?, next(8)?);
        let is_ours = name.folder() == Folder::Segments && first <= last && parts.next().is_none();
        is_ours.then_some(Self {
            first,
            last,
            revision: u32::try_from(revision).ok()?,
        })
    }

    /// Whether a segment of this name makes one of `other` redundant: it covers the same range in
    /// a later revision, or a larger range.
    #[must_use]
    pub fn supersedes(&self, other: &Self) -> bool {
        let is_same = self.first == other.first && self.last == other.last;
        let covers = self.first <= other.first && other.last <= self.last;
        if is_same {
            self.revision > other.revision
        } else {
            covers
        }
    }

    fn checked(text: String) -> FileName {
        FileName::new(Folder::Segments, text).expect("hex digits and suffixes are legal")
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{:016x}-{:016x}-{:08x}",
            self.first, self.last, self.revision
        )
    }
}

const SUFFIX: &str = ".seg";
const TEMPORARY: &str = ".tmp";

#[cfg(test)]
mod tests {
    use super::*;

    fn name(first: u64, last: u64, revision: u32) -> SegmentName {
        SegmentName {
            first,
            last,
            revision,
        }
    }

    #[test]
    fn names_round_trip_and_others_are_not_ours() {
        let own = name(1, 0xabc, 7);
        let text = "0000000000000001-0000000000000abc-00000007.seg";
        assert_eq!(own.file_name().name(), text);
        assert_eq!(SegmentName::parse(&own.file_name()), Some(own));
        assert!(SegmentName::is_temporary(&own.temporary_file_name()));
        assert_eq!(SegmentName::parse(&own.temporary_file_name()), None);
        for text in [
            "1-2-3.seg",
            "0000000000000002-0000000000000001-00000000.seg",
        ] {
            let other = FileName::new(Folder::Segments, text).unwrap();
            assert_eq!(SegmentName::parse(&other), None, "{text}");
        }
        assert_eq!(
            SegmentName::parse(&FileName::new(Folder::Log, text).unwrap()),
            None
        );
    }

    #[test]
    fn larger_ranges_and_later_revisions_supersede() {
        assert!(name(1, 3, 0).supersedes(&name(2, 2, 5)));
        assert!(name(1, 3, 1).supersedes(&name(1, 3, 0)));
        assert!(!name(1, 3, 0).supersedes(&name(1, 3, 0)));
        assert!(!name(1, 3, 0).supersedes(&name(3, 4, 0)));
    }
}
