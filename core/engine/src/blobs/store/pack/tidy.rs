//! Tidying: what counts moves out of packs of which too little does, and those are removed.
//!
//! An entry goes with its pack only if its blob was removed, or is elsewhere for certain. Whoever
//! reads one meanwhile reads on.

use std::collections::BTreeSet;

use super::commit::Item;
use super::format::name_of;
use super::index::Place;
use super::packs::{Packs, locked};
use super::scan::Scan;
use crate::blobs::BlobId;
use crate::blobs::limits::PACK_TIDY_SHARE;
use crate::blobs::store::names::found;
use crate::error::{Error, Result};

impl Packs {
    /// Tidies a little; says whether there may be more to do.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`: nothing is lost, and the next call tries it again.
    pub(in super::super) fn tidy(&self) -> Result<bool> {
        let _one_at_a_time = locked(&self.tidying);
        let Some(number) = self.index().untidy(self.bytes_max) else {
            return Ok(false);
        };
        let failed = |error| Error::io("cannot tidy a pack of blobs", error);
        let told = |error: Error| error.with("file", name_of(number));
        let file = self.pack_file(number).map_err(failed).map_err(told)?;
        let scan = Scan::of(file.as_ref(), number).map_err(told)?;
        let Some(needed) = self.needed(number, &scan) else {
            return Ok(self.leave(number));
        };
        let mut moving = Vec::new();
        let mut bytes = 0;
        for (id, place) in &needed {
            if bytes >= self.bytes_max / PACK_TIDY_SHARE {
                break;
            }
            let Some(content) = self.read(*id, *place).map_err(failed).map_err(told)? else {
                return Ok(self.leave(number));
            };
            bytes += place.bytes();
            moving.push((*id, *place, content));
        }
        let items = moving.iter().map(|(id, from, content)| Item {
            id: *id,
            content,
            from: Some(*from),
        });
        let items: Vec<Item<'_>> = items.collect();
        self.append(&items).map_err(told)?;
        if items.len() == needed.len() {
            // Should it be there again after a power failure, it is found so again.
            found(self.disk.remove(&name_of(number)))
                .map_err(failed)
                .map_err(told)?;
            self.index().remove_pack(number);
        }
        Ok(true)
    }

    /// The blobs that a pack cannot go without, and where they are: in it, or elsewhere but not for
    /// certain. Nothing if something in it that counts is not found again.
    fn needed(&self, number: u64, scan: &Scan) -> Option<Vec<(BlobId, Place)>> {
        let mut index = self.index();
        let ids: BTreeSet<BlobId> = scan.entries.iter().map(|(id, _)| *id).collect();
        let places = ids
            .into_iter()
            .filter_map(|id| Some((id, index.place(id)?)));
        let is_needed = |place: &Place| place.pack == number || !index.is_sure(*place);
        let needed: Vec<_> = places.filter(|(_, place)| is_needed(place)).collect();
        let own = needed.iter().filter(|(_, place)| place.pack == number);
        let found: u64 = own.map(|(_, place)| place.bytes()).sum();
        (index.pack(number)?.live() == found).then_some(needed)
    }

    /// Leaves a damaged pack as it is: whoever reads what is damaged finds out and fetches it
    /// again. There may be others to tidy.
    fn leave(&self, number: u64) -> bool {
        if let Some(pack) = self.index().pack(number) {
            pack.is_damaged = true;
        }
        true
    }
}
