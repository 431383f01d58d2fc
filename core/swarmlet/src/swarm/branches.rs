//! Branches of this device's streams that others do not have, and how much of each was published
//! again. Pure.

use std::collections::BTreeMap;

use swarmlet_engine::event::codec::{Malformed, Reader, put_varint};
use swarmlet_engine::event::{Offset, StreamNumber};

/// All branches, those that are done too: the same one is reported by several peers, and again
/// after each restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Branches(BTreeMap<StreamNumber, Branch>);

/// A branch of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    pub(super) number: StreamNumber,
    /// Where it begins.
    from: Offset,
    /// What is to be published again next.
    pub(super) next: Offset,
    /// The last offset to be published again; without one the end of the stream.
    pub(super) end: Option<Offset>,
    is_done: bool,
}

impl Branches {
    /// Others have another branch of stream `number` from `from` on.
    pub(super) fn add(&mut self, number: StreamNumber, from: Offset) {
        let known = self.0.get(&number).copied();
        let end = match known {
            Some(known) if from >= known.from => return,
            // Behind it everything was published again.
            Some(known) if known.is_done => known.from.get().checked_sub(1),
            Some(_) | None => None,
        };
        let end = end.and_then(|end| Offset::new(end).ok());
        let branch = Branch {
            number,
            from,
            next: from,
            end,
            is_done: false,
        };
        self.0.insert(number, branch);
    }

    /// A branch that is not done.
    pub(super) fn next(&self) -> Option<Branch> {
        self.0.values().find(|branch| !branch.is_done).copied()
    }

    /// Everything of `branch` up to `last` was published again, unless it begins earlier by now.
    pub(super) fn advance(&mut self, branch: Branch, last: Offset) {
        if let (Some(current), Ok(next)) = (self.unchanged(branch), last.advanced(1)) {
            current.next = next;
        }
    }

    /// `branch` is done, unless it begins earlier by now.
    pub(super) fn finish(&mut self, branch: Branch) {
        if let Some(current) = self.unchanged(branch) {
            current.is_done = true;
        }
    }

    fn unchanged(&mut self, branch: Branch) -> Option<&mut Branch> {
        let current = self.0.get_mut(&branch.number);
        current.filter(|current| **current == branch)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for branch in self.0.values() {
            put_varint(&mut out, branch.number.get());
            put_varint(&mut out, branch.from.get());
            put_varint(&mut out, branch.next.get());
            put_varint(&mut out, branch.end.map_or(0, |end| end.get() + 1));
            put_varint(&mut out, u64::from(branch.is_done));
        }
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let mut branches = BTreeMap::new();
        while !reader.is_at_end() {
            let number = StreamNumber::new(reader.varint()?);
            let number = number.map_err(|_| reader.malformed("not a stream number"))?;
            let offset = |reader: &mut Reader<'_>| {
                let offset = Offset::new(reader.varint()?);
                offset.map_err(|_| reader.malformed("not an offset"))
            };
            let (from, next) = (offset(&mut reader)?, offset(&mut reader)?);
            let end = reader.varint()?.checked_sub(1).map(Offset::new).transpose();
            let end = end.map_err(|_| reader.malformed("not an offset"))?;
            let is_done = match reader.varint()? {
                0 => false,
                1 => true,
                _ => return Err(reader.malformed("a flag is neither 0 nor 1")),
            };
            let branch = Branch {
                number,
                from,
                next,
                end,
                is_done,
            };
            branches.insert(number, branch);
        }
        Ok(Self(branches))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(offset: u64) -> Offset {
        Offset::new(offset).unwrap()
    }

    const STREAM: StreamNumber = StreamNumber::DEFAULT;

    fn left(branches: &Branches) -> Option<(u64, Option<u64>)> {
        let next = branches.next();
        next.map(|branch| (branch.next.get(), branch.end.map(Offset::get)))
    }

    #[test]
    fn a_branch_is_published_again_once_however_often_it_is_reported() {
        let mut branches = Branches::default();
        branches.add(STREAM, offset(5));
        assert_eq!(left(&branches), Some((5, None)));
        let branch = branches.next().unwrap();
        branches.advance(branch, offset(7));
        branches.add(STREAM, offset(5));
        assert_eq!(left(&branches), Some((8, None)));
        let branch = branches.next().unwrap();
        branches.finish(branch);
        branches.add(STREAM, offset(6));
        assert_eq!(left(&branches), None);
        branches.add(STREAM, offset(2));
        assert_eq!(left(&branches), Some((2, Some(4))));
    }

    #[test]
    fn a_branch_that_begins_earlier_than_thought_is_begun_again() {
        let mut branches = Branches::default();
        branches.add(STREAM, offset(5));
        let branch = branches.next().unwrap();
        branches.add(STREAM, offset(2));
        // What was published of it meanwhile was so from 5 on.
        branches.advance(branch, offset(7));
        branches.finish(branch);
        assert_eq!(left(&branches), Some((2, None)));
    }

    #[test]
    fn branches_round_trip_and_damage_is_noticed() {
        let mut branches = Branches::default();
        branches.add(STREAM, offset(5));
        let branch = branches.next().unwrap();
        branches.finish(branch);
        branches.add(STREAM, offset(0));
        branches.add(StreamNumber::new(70_000).unwrap(), offset(300));
        let bytes = branches.encode();
        assert_eq!(Branches::decode(&bytes).unwrap(), branches);
        assert_eq!(Branches::decode(&[]).unwrap(), Branches::default());
        assert!(Branches::decode(&bytes[..bytes.len() - 1]).is_err());
    }
}
