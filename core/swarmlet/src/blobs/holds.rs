//! Holds: the blobs that records say this node is to hold, and it has not. Whose turn it is.
//!
//! Pure. Those that are fetched have a turn each; one that nobody has gives its turn to the next,
//! and rests until it is worth trying again. So what nobody has keeps nothing else from coming, and
//! is not asked for all the time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use swarmlet_engine::blobs::BlobId;

use crate::limits::{BLOBS_HELD_AT_ONCE, BLOBS_TO_HOLD_MAX};

/// The blobs to be held.
#[derive(Debug, Default)]
pub(super) struct Holds {
    /// Those that are fetched now, and whether somebody may have them.
    fetched: BTreeMap<BlobId, Hope>,
    /// Those that wait for a turn, and those that had one in vain; and all of them.
    waiting: VecDeque<BlobId>,
    resting: VecDeque<BlobId>,
    noted: BTreeSet<BlobId>,
}

/// Whether somebody may have a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hope {
    Some,
    None,
}

/// A blob that is to be fetched, and the one that is not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) blob: BlobId,
    pub(super) instead_of: Option<BlobId>,
}

impl Holds {
    /// Whether a blob is fetched now.
    pub(super) fn contains(&self, blob: BlobId) -> bool {
        self.fetched.contains_key(&blob)
    }

    /// Whether more can be noted.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < BLOBS_TO_HOLD_MAX
    }

    /// How many blobs are to be held.
    pub(super) fn len(&self) -> usize {
        self.fetched.len() + self.waiting.len() + self.resting.len()
    }

    /// A blob is to be held, and is not here.
    pub(super) fn add(&mut self, blob: BlobId) {
        if !self.contains(blob) && self.noted.insert(blob) {
            self.waiting.push_back(blob);
        }
    }

    /// A blob is here; says whether it was fetched.
    pub(super) fn remove(&mut self, blob: BlobId) -> bool {
        if self.noted.remove(&blob) {
            self.waiting.retain(|other| *other != blob);
            self.resting.retain(|other| *other != blob);
        }
        self.fetched.remove(&blob).is_some()
    }

    /// Nobody has a blob that is fetched.
    pub(super) fn note_vain(&mut self, blob: BlobId) {
        if let Some(hope) = self.fetched.get_mut(&blob) {
            *hope = Hope::None;
        }
    }

    /// A blob is not fetched for a while. Of too many that rest the first are forgotten, until the
    /// node is opened again.
    pub(super) fn rest(&mut self, blob: BlobId) {
        if self.fetched.remove(&blob).is_none() {
            return;
        }
        if self.resting.len() == BLOBS_TO_HOLD_MAX
            && let Some(first) = self.resting.pop_front()
        {
            self.noted.remove(&first);
        }
        self.noted.insert(blob);
        self.resting.push_back(blob);
    }

    /// Something of a blob has come.
    pub(super) fn note_hope(&mut self, blob: BlobId) {
        if let Some(hope) = self.fetched.get_mut(&blob) {
            *hope = Hope::Some;
        }
    }

    /// Those that rest can be tried again.
    pub(super) fn wake(&mut self) {
        self.waiting.append(&mut self.resting);
    }

    /// The next that is fetched, if there is room for it, or one that nobody has makes room.
    pub(super) fn next(&mut self) -> Option<Turn> {
        let blob = *self.waiting.front()?;
        let instead_of = match self.fetched.len() < BLOBS_HELD_AT_ONCE {
            true => None,
            false => {
                let vain = self.fetched.iter().find(|(_, hope)| **hope == Hope::None);
                Some(*vain?.0)
            }
        };
        if let Some(vain) = instead_of {
            self.rest(vain);
        }
        self.waiting.pop_front();
        self.noted.remove(&blob);
        self.fetched.insert(blob, Hope::Some);
        Some(Turn { blob, instead_of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(number: usize) -> BlobId {
        BlobId::of(&number.to_le_bytes())
    }

    /// So many to hold, with the turns that there are.
    fn holds(count: usize) -> (Holds, Vec<Turn>) {
        let mut holds = Holds::default();
        (0..count).for_each(|number| holds.add(blob(number)));
        let turns = std::iter::from_fn(|| holds.next()).collect();
        (holds, turns)
    }

    #[test]
    fn there_are_so_many_turns_and_no_more() {
        let (mut holds, turns) = holds(BLOBS_HELD_AT_ONCE + 2);
        assert_eq!(turns.len(), BLOBS_HELD_AT_ONCE);
        assert!(turns.iter().all(|turn| turn.instead_of.is_none()));
        assert!(holds.remove(blob(7)));
        let next = holds.next().map(|turn| turn.blob);
        assert_eq!(next, Some(blob(BLOBS_HELD_AT_ONCE)));
        assert_eq!(holds.next(), None);
    }

    #[test]
    fn what_nobody_has_gives_its_turn_away_once_until_it_is_woken() {
        let (mut holds, _) = holds(BLOBS_HELD_AT_ONCE + 2);
        (0..BLOBS_HELD_AT_ONCE).for_each(|number| holds.note_vain(blob(number)));
        let turns: Vec<Turn> = std::iter::from_fn(|| holds.next()).collect();
        assert_eq!(turns.len(), 2, "for those that waited, and for nobody else");
        for turn in turns {
            holds.note_vain(turn.blob);
            assert!(turn.instead_of.is_some_and(|vain| !holds.contains(vain)));
        }
        assert_eq!(holds.next(), None);
        holds.wake();
        assert_eq!(std::iter::from_fn(|| holds.next()).count(), 2);
        (0..BLOBS_HELD_AT_ONCE + 2).for_each(|number| holds.note_hope(blob(number)));
        holds.wake();
        assert_eq!(holds.next(), None, "something comes of all of them");
    }

    #[test]
    fn what_only_waits_in_vain_keeps_its_turn_while_nobody_else_waits() {
        let (mut holds, _) = holds(3);
        holds.note_vain(blob(1));
        assert_eq!(holds.next(), None);
        assert!(holds.contains(blob(1)));
    }

    #[test]
    fn a_blob_is_noted_once_and_forgotten_when_it_is_here() {
        let mut holds = Holds::default();
        holds.add(blob(1));
        holds.add(blob(1));
        assert!(!holds.remove(blob(1)), "it only waited");
        assert_eq!(holds.next(), None);
    }

    #[test]
    fn what_rests_is_bounded() {
        let (mut holds, _) = holds(0);
        for number in 0..BLOBS_TO_HOLD_MAX + 5 {
            holds.add(blob(number));
            let turn = holds.next().map(|turn| turn.blob);
            assert_eq!(turn, Some(blob(number)));
            holds.rest(blob(number));
        }
        assert_eq!(holds.resting.len(), BLOBS_TO_HOLD_MAX);
        assert_eq!(holds.noted.len(), BLOBS_TO_HOLD_MAX);
    }
}
