//! Where which blob is, in memory: nothing on the disk has to be kept in step with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use super::format::{HEADER_BYTES, entry_bytes};
use super::scan::Scan;
use crate::blobs::BlobId;
use crate::blobs::limits::PACKS_SHORT_MAX;
use crate::storage::DiskFile;

/// An entry. Of two with the same blob the later one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) pack: u64,
    /// Where it begins in its pack.
    pub(super) at: u32,
    /// Bytes of the blob.
    pub(super) len: u16,
}

/// The blobs that are here, and the packs that they are in.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: BTreeMap<BlobId, Place>,
    packs: BTreeMap<u64, Pack>,
}

/// What is known of a pack.
#[derive(Debug, Default)]
pub(super) struct Pack {
    /// Where its last entry ends.
    pub(super) end: u64,
    /// Bytes of the entries that count.
    live: u64,
    /// Whether it may still be appended to, or somebody waits for a sync of it.
    pub(super) is_written: bool,
    /// Whether it is noted in it where it ends.
    pub(super) is_complete: bool,
    /// Whether a sync is known to have reached all entries that count. Of a pack that another
    /// process left nobody knows whether its last sync failed.
    pub(super) is_sure: bool,
    /// Whether something in it does not prove itself: it stays as it is.
    pub(super) is_damaged: bool,
    /// While somebody reads it.
    pub(super) file: Option<Weak<dyn DiskFile>>,
}

impl Place {
    /// Bytes that the entry takes.
    pub(super) const fn bytes(self) -> u64 {
        entry_bytes(self.len)
    }
}

impl Index {
    /// Where a blob is.
    pub(super) fn place(&self, id: BlobId) -> Option<Place> {
        self.places.get(&id).copied()
    }

    /// The blobs that are here.
    pub(super) fn ids(&self) -> impl Iterator<Item = BlobId> {
        self.places.keys().copied()
    }

    /// A new pack, without entries.
    pub(super) fn add_pack(&mut self, number: u64, pack: Pack) {
        self.packs.insert(number, pack);
    }

    /// A pack is gone.
    pub(super) fn remove_pack(&mut self, number: u64) {
        self.packs.remove(&number);
    }

    pub(super) fn pack(&mut self, number: u64) -> Option<&mut Pack> {
        self.packs.get_mut(&number)
    }

    /// A blob has an entry there; which other one does not count now, if there is one.
    pub(super) fn insert(&mut self, id: BlobId, place: Place) -> Option<Place> {
        let before = self.place(id);
        if before.is_some_and(|before| before > place) {
            return Some(place);
        }
        self.places.insert(id, place);
        self.count(place, 1);
        if let Some(before) = before {
            self.count(before, -1);
        }
        before
    }

    /// As [`Index::insert`], if the blob is still where it was.
    pub(super) fn relocate(&mut self, id: BlobId, from: Place, to: Place) -> Option<Place> {
        match self.place(id) == Some(from) {
            true => self.insert(id, to),
            false => Some(to),
        }
    }

    /// A blob is not here any more; where it was.
    pub(super) fn remove(&mut self, id: BlobId) -> Option<Place> {
        let place = self.places.remove(&id)?;
        self.count(place, -1);
        Some(place)
    }

    /// Whether an entry is certain to outlive a power failure.
    pub(super) fn is_sure(&self, place: Place) -> bool {
        self.packs.get(&place.pack).is_some_and(|pack| pack.is_sure)
    }

    /// A pack to be tidied: one of which nothing counts, or less than half; or, if there are many
    /// that ended long before they had this size, the one with least in it.
    pub(super) fn untidy(&self, bytes_max: u64) -> Option<u64> {
        let is_short = |pack: &Pack| !pack.is_complete || pack.end < bytes_max / 2;
        let settled = self.packs.iter().filter(|(_, pack)| pack.is_settled());
        let (short, full): (Vec<_>, Vec<_>) = settled.partition(|(_, pack)| is_short(pack));
        let is_waste = |pack: &Pack| {
            let entries = pack.end - HEADER_BYTES;
            pack.live == 0 || !is_short(pack) && pack.live * 2 < entries
        };
        let mut all = short.iter().chain(&full);
        if let Some((number, _)) = all.find(|(_, pack)| is_waste(pack)) {
            return Some(**number);
        }
        if short.len() <= PACKS_SHORT_MAX {
            return None;
        }
        let least = short.iter().min_by_key(|(_, pack)| pack.live);
        least.map(|(number, _)| **number)
    }

    fn count(&mut self, place: Place, sign: i64) {
        if let Some(pack) = self.packs.get_mut(&place.pack) {
            let bytes = place.bytes() as i64 * sign;
            pack.live = pack.live.saturating_add_signed(bytes);
        }
    }
}

impl Pack {
    /// One that this process begins.
    pub(super) fn begun(file: &Arc<dyn DiskFile>) -> Self {
        Self {
            end: HEADER_BYTES,
            is_written: true,
            is_sure: true,
            file: Some(Arc::downgrade(file)),
            ..Self::default()
        }
    }

    /// One that was there.
    pub(super) fn found(scan: &Scan) -> Self {
        Self {
            end: scan.end,
            is_complete: scan.is_complete,
            is_sure: scan.is_complete,
            is_damaged: scan.fault.is_some(),
            ..Self::default()
        }
    }

    /// Bytes of the entries that count.
    pub(super) fn live(&self) -> u64 {
        self.live
    }

    /// Whether it can be tidied.
    fn is_settled(&self) -> bool {
        !self.is_written && !self.is_damaged
    }
}
