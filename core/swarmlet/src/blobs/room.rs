//! Room: how much of the disk blobs take, how much they may, and what gives way first.
//!
//! Pure bookkeeping. What is counted is what the last sweep found, and what came and went since.

use std::collections::{BTreeMap, BTreeSet};

use swarmlet_engine::blobs::BlobId;

use crate::limits::BLOB_USES_MAX;

/// The bytes that blobs take.
#[derive(Debug, Default)]
pub(super) struct Room {
    bytes_max: Option<u64>,
    kept: u64,
    /// There while a sweep measures.
    sweep: Option<Sweep>,
    /// Bytes on their way in.
    reserved: u64,
    /// What gives way when there is too little, with its bytes.
    spares: BTreeMap<BlobId, u64>,
    /// When which blob was read last; what is not among them was not since the node was opened.
    uses: BTreeMap<BlobId, u64>,
    /// The same, the one that was read longest ago first.
    used: BTreeMap<u64, BlobId>,
    uses_count: u64,
}

/// What came and went since a sweep began.
#[derive(Debug, Default)]
struct Sweep {
    /// Bytes that came, which it does not measure.
    came: u64,
    /// What went, which it may have measured before.
    gone: BTreeSet<BlobId>,
}

impl Room {
    /// So many bytes, or as many as there are.
    pub(super) fn new(bytes_max: Option<u64>) -> Self {
        Self {
            bytes_max,
            ..Self::default()
        }
    }

    /// How many bytes there may be.
    pub(super) fn bytes_max(&self) -> Option<u64> {
        self.bytes_max
    }

    /// How many bytes there are, with those on their way in.
    pub(super) fn bytes(&self) -> u64 {
        self.kept.saturating_add(self.reserved)
    }

    /// Takes so many more bytes, if they may be taken.
    pub(super) fn reserve(&mut self, bytes: u64) -> bool {
        let wanted = self.bytes().saturating_add(bytes);
        let fits = self.bytes_max.is_none_or(|max| wanted <= max);
        if fits {
            self.reserved += bytes;
        }
        fits
    }

    /// Reserved bytes are not needed after all.
    pub(super) fn release(&mut self, bytes: u64) {
        self.reserved = self.reserved.saturating_sub(bytes);
    }

    /// So many bytes are kept that were not before.
    pub(super) fn keep(&mut self, bytes: u64) {
        self.kept = self.kept.saturating_add(bytes);
        if let Some(sweep) = &mut self.sweep {
            sweep.came = sweep.came.saturating_add(bytes);
        }
    }

    /// A blob of so many bytes is gone.
    pub(super) fn remove(&mut self, id: BlobId, bytes: u64) {
        self.kept = self.kept.saturating_sub(bytes);
        if let Some(sweep) = &mut self.sweep {
            sweep.gone.insert(id);
        }
        self.spares.remove(&id);
        if let Some(used) = self.uses.remove(&id) {
            self.used.remove(&used);
        }
    }

    /// All that is here is about to be measured.
    pub(super) fn begin_sweep(&mut self) {
        self.sweep = Some(Sweep::default());
    }

    /// What was found: the bytes of all that was kept when the sweep began, and what of it gives
    /// way.
    pub(super) fn end_sweep(&mut self, found: &BTreeMap<BlobId, u64>, spares: BTreeSet<BlobId>) {
        let Sweep { came, gone } = self.sweep.take().unwrap_or_default();
        let is_here = |id: &BlobId| !gone.contains(id);
        let here = found.iter().filter(|(id, _)| is_here(id));
        let kept: u64 = here.map(|(_, bytes)| bytes).sum();
        self.kept = kept.saturating_add(came);
        let spares = spares.into_iter().filter(is_here);
        self.spares = spares
            .filter_map(|id| Some((id, *found.get(&id)?)))
            .collect();
    }

    /// Whether so many more bytes could be taken if all that may give way did.
    pub(super) fn can_have(&self, bytes: u64) -> bool {
        let stays = self.bytes().saturating_sub(self.spare_bytes());
        self.bytes_max
            .is_none_or(|max| stays.saturating_add(bytes) <= max)
    }

    /// A blob is read.
    pub(super) fn note_use(&mut self, id: BlobId) {
        self.uses_count += 1;
        if let Some(before) = self.uses.insert(id, self.uses_count) {
            self.used.remove(&before);
        }
        self.used.insert(self.uses_count, id);
        if self.uses.len() > BLOB_USES_MAX
            && let Some((_, oldest)) = self.used.pop_first()
        {
            self.uses.remove(&oldest);
        }
    }

    /// The spare that was not read for longest. It is none any more: it goes, or turns out to be
    /// needed.
    pub(super) fn next_spare(&mut self) -> Option<BlobId> {
        let used = |id: &BlobId| self.uses.get(id).copied().unwrap_or(0);
        let next = self.spares.keys().min_by_key(|id| used(id)).copied()?;
        self.spares.remove(&next);
        Some(next)
    }

    /// As [`Room::next_spare`], unless even all of them would be too little.
    pub(super) fn next_spare_for(&mut self, bytes: u64) -> Option<BlobId> {
        match self.can_have(bytes) {
            true => self.next_spare(),
            false => None,
        }
    }

    /// Bytes that would give way.
    pub(super) fn spare_bytes(&self) -> u64 {
        self.spares.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(number: u8) -> BlobId {
        BlobId::of(&[number])
    }

    #[test]
    fn there_is_as_much_room_as_was_said() {
        let mut room = Room::new(Some(100));
        assert!(room.reserve(60));
        assert!(!room.reserve(41));
        assert!(room.reserve(40));
        room.keep(60);
        room.release(100);
        assert_eq!(room.bytes(), 60);
        room.remove(blob(1), 60);
        assert!(room.reserve(100));
        assert!(Room::new(None).reserve(u64::MAX));
    }

    #[test]
    fn what_was_not_read_for_longest_goes_first() {
        let mut room = Room::new(Some(100));
        let found = (1..=3).map(|number| (blob(number), 30)).collect();
        room.end_sweep(&found, (1..=3).map(blob).collect());
        for number in [2, 1, 3, 2] {
            room.note_use(blob(number));
        }
        let order: Vec<BlobId> = std::iter::from_fn(|| room.next_spare()).collect();
        assert_eq!(order, [blob(1), blob(3), blob(2)]);
    }

    #[test]
    fn what_was_measured_counts_with_what_came_meanwhile() {
        let mut room = Room::new(Some(100));
        room.keep(10);
        room.begin_sweep();
        room.keep(30);
        let found = BTreeMap::from([(blob(1), 15), (blob(2), 5)]);
        room.end_sweep(&found, BTreeSet::from([blob(1)]));
        assert_eq!(room.bytes(), 50, "what came meanwhile was not measured");
        assert!(room.can_have(65));
        assert!(
            !room.can_have(66),
            "nothing gives way for what has no room then"
        );
    }

    #[test]
    fn what_went_after_it_was_measured_takes_no_room() {
        let mut room = Room::new(Some(100));
        room.keep(60);
        room.begin_sweep();
        room.remove(blob(1), 30);
        let found = BTreeMap::from([(blob(1), 30), (blob(2), 30)]);
        room.end_sweep(&found, BTreeSet::from([blob(1), blob(2)]));
        assert_eq!((room.bytes(), room.spare_bytes()), (30, 30));
        // By the next one it may have come again.
        room.begin_sweep();
        room.end_sweep(&found, BTreeSet::new());
        assert_eq!(room.bytes(), 60);
    }

    #[test]
    fn what_is_known_of_uses_is_bounded() {
        let mut room = Room::new(None);
        for number in 0..=BLOB_USES_MAX {
            room.note_use(BlobId::of(&number.to_le_bytes()));
        }
        let number = |number: usize| BlobId::of(&number.to_le_bytes());
        assert_eq!(room.uses.len(), BLOB_USES_MAX);
        assert!(!room.uses.contains_key(&number(0)));
        // Read once more, or gone, it is not the oldest.
        room.note_use(number(1));
        room.remove(number(2), 0);
        room.note_use(number(0));
        room.note_use(number(BLOB_USES_MAX + 1));
        let is_known = |at: usize| room.uses.contains_key(&number(at));
        assert_eq!(
            [0, 1, 2, 3, 4].map(is_known),
            [true, true, false, false, true]
        );
        assert_eq!(room.used.len(), room.uses.len());
    }
}
