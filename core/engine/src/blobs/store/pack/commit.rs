//! Appending: whoever comes writes behind the others, and one sync is for all who wrote before it.
//!
//! Whoever finds that nobody syncs does it for all; the others wait, and so do those who come
//! meanwhile, for the next one. After a failed sync nobody knows what of the pack is durable, and
//! no later one tells: nothing that waited counts, and the pack is not appended to any more.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::format::{
    END_AT, HEADER_BYTES, encode_end, encode_entry, encode_header, name_of, temporary_name_of,
};
use super::index::{Pack, Place};
use super::packs::{Packs, locked};
use crate::blobs::BlobId;
use crate::error::{Error, Result};
use crate::storage::{DiskFile, Folder};

/// A blob that is to be kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) id: BlobId,
    pub(super) content: &'a [u8],
    /// Where it is now, if it moves: it counts then unless it was removed meanwhile.
    pub(super) from: Option<Place>,
}

/// The packs that are appended to, or waited for.
#[derive(Debug)]
pub(super) struct Writing {
    /// The one that is appended to.
    current: Option<u64>,
    next_number: u64,
    packs: BTreeMap<u64, Open>,
}

/// A pack of this process.
#[derive(Debug)]
struct Open {
    file: Arc<dyn DiskFile>,
    /// Where the next entry begins, and what is durable of those before.
    end: u64,
    synced: u64,
    /// Whether it has its name, durably.
    is_named: bool,
    is_syncing: bool,
    /// Why no sync of it can be believed any more.
    failure: Option<Arc<io::Error>>,
    /// How many wait for a sync, or have not noted yet what it brought.
    waiting: usize,
}

/// What somebody has written and waits for.
#[derive(Debug)]
struct Ticket {
    pack: u64,
    end: u64,
    /// Each blob, where it was, and where it is.
    entries: Vec<(BlobId, Option<Place>, Place)>,
}

impl Writing {
    /// Nothing yet; packs have numbers from this one on.
    pub(super) fn from(next_number: u64) -> Self {
        Self {
            current: None,
            next_number,
            packs: BTreeMap::new(),
        }
    }
}

impl Packs {
    /// Appends entries; durable when it returns, and known to all.
    pub(super) fn append(&self, items: &[Item<'_>]) -> Result<()> {
        let failed = |error| Error::io("cannot keep small blobs", error);
        let mut rest = items;
        while !rest.is_empty() {
            let ticket = self.write_some(&mut rest).map_err(failed)?;
            let superseded = self.wait(&ticket).map_err(failed)?;
            superseded
                .into_iter()
                .for_each(|place| self.mark_removed(place));
        }
        Ok(())
    }

    /// Writes as many as there is room for in the pack that is appended to, or a new one.
    fn write_some(&self, rest: &mut &[Item<'_>]) -> io::Result<Ticket> {
        let mut writing = locked(&self.writing);
        let first = rest.first().map_or(0, |item| item.place(0, 0).bytes());
        let number = self.pack_with_room(&mut writing, first)?;
        let pack = writing.packs.get_mut(&number).expect(OPEN);
        let (mut bytes, mut entries) = (Vec::new(), Vec::new());
        let mut behind = *rest;
        while let Some((item, more)) = behind.split_first() {
            let at = pack.end + bytes.len() as u64;
            let place = item.place(number, at);
            if at + place.bytes() > self.bytes_max {
                break;
            }
            encode_entry(item.id, item.content, &mut bytes);
            entries.push((item.id, item.from, place));
            behind = more;
        }
        // What an error leaves there the next one overwrites.
        if let Err(error) = pack.file.write_at(&bytes, pack.end) {
            if pack.end == HEADER_BYTES {
                writing.current = None;
                self.settle(&mut writing, number);
            }
            return Err(error);
        }
        pack.end += bytes.len() as u64;
        pack.waiting += 1;
        *rest = behind;
        let end = pack.end;
        Ok(Ticket {
            pack: number,
            end,
            entries,
        })
    }

    /// Waits until what was written is durable, and makes it known; says which entries do not count
    /// any more for that.
    fn wait(&self, ticket: &Ticket) -> io::Result<Vec<Place>> {
        let number = ticket.pack;
        let mut writing = locked(&self.writing);
        let outcome = loop {
            let pack = writing.packs.get_mut(&number).expect(OPEN);
            if pack.synced >= ticket.end {
                // While this is locked the pack cannot be taken for one that nobody needs.
                break Ok(self.note(ticket));
            }
            if let Some(failure) = &pack.failure {
                break Err(io::Error::new(failure.kind(), failure.clone()));
            }
            writing = match pack.is_syncing {
                true => {
                    let woken = self.synced.wait(writing);
                    woken.unwrap_or_else(PoisonError::into_inner)
                }
                false => self.sync_for_all(writing, number),
            };
        };
        writing.packs.get_mut(&number).expect(OPEN).waiting -= 1;
        self.settle(&mut writing, number);
        outcome
    }

    /// Syncs what all have written so far, while others write on.
    fn sync_for_all<'a>(
        &'a self,
        mut writing: MutexGuard<'a, Writing>,
        number: u64,
    ) -> MutexGuard<'a, Writing> {
        let pack = writing.packs.get_mut(&number).expect(OPEN);
        pack.is_syncing = true;
        let (file, end, is_named) = (pack.file.clone(), pack.end, pack.is_named);
        drop(writing);
        let outcome = file.sync_data().and_then(|()| match is_named {
            true => Ok(()),
            false => self.give_name(number),
        });
        let mut writing = locked(&self.writing);
        let pack = writing.packs.get_mut(&number).expect(OPEN);
        pack.is_syncing = false;
        match outcome {
            Ok(()) => {
                pack.synced = end;
                pack.is_named = true;
            }
            Err(error) => {
                pack.failure = Some(Arc::new(error));
                if writing.current == Some(number) {
                    writing.current = None;
                }
            }
        }
        self.synced.notify_all();
        writing
    }

    /// A pack gets its name when its header is durable.
    fn give_name(&self, number: u64) -> io::Result<()> {
        let (from, to) = (temporary_name_of(number), name_of(number));
        self.disk.rename(&from, &to)?;
        self.disk.sync_folder(Folder::Blobs)
    }

    fn note(&self, ticket: &Ticket) -> Vec<Place> {
        let mut index = self.index();
        let mut superseded = Vec::new();
        for (id, from, to) in &ticket.entries {
            match from {
                None => superseded.extend(index.insert(*id, *to)),
                // What moves leaves its pack to be removed.
                Some(from) => {
                    let other = index.relocate(*id, *from, *to);
                    superseded.extend(other.filter(|other| other != from));
                }
            }
        }
        if let Some(pack) = index.pack(ticket.pack) {
            pack.end = pack.end.max(ticket.end);
        }
        superseded
    }

    /// The pack to append so many bytes to.
    fn pack_with_room(&self, writing: &mut Writing, bytes: u64) -> io::Result<u64> {
        if let Some(number) = writing.current {
            let end = writing.packs.get(&number).expect(OPEN).end;
            if end + bytes <= self.bytes_max {
                return Ok(number);
            }
            writing.current = None;
            self.settle(writing, number);
        }
        self.begin_pack(writing)
    }

    fn begin_pack(&self, writing: &mut Writing) -> io::Result<u64> {
        let number = writing.next_number;
        // One that could not be begun may be there all the same.
        writing.next_number += 1;
        let name = temporary_name_of(number);
        let file: Arc<dyn DiskFile> = Arc::from(self.disk.create_unsynced(&name)?);
        if let Err(error) = file.write_at(&encode_header(), 0) {
            // What stays is removed when the store is opened.
            let _ = self.disk.remove(&name);
            return Err(error);
        }
        self.index().add_pack(number, Pack::begun(&file));
        let open = Open {
            file,
            end: HEADER_BYTES,
            synced: 0,
            is_named: false,
            is_syncing: false,
            failure: None,
            waiting: 0,
        };
        writing.packs.insert(number, open);
        writing.current = Some(number);
        Ok(number)
    }

    /// Lets go of a pack if it is not appended to any more and nobody waits for it.
    fn settle(&self, writing: &mut Writing, number: u64) {
        let pack = writing.packs.get(&number);
        let is_needed = pack.is_some_and(|pack| pack.waiting > 0 || pack.is_syncing);
        if is_needed || writing.current == Some(number) {
            return;
        }
        let Some(pack) = writing.packs.remove(&number) else {
            return;
        };
        let mut index = self.index();
        if !pack.is_named {
            // Nothing in it counts. What stays is removed, or found, when the store is opened.
            let _ = self.disk.remove(&temporary_name_of(number));
            let _ = self.disk.remove(&name_of(number));
            index.remove_pack(number);
            return;
        }
        let is_complete = pack.complete();
        if let Some(known) = index.pack(number) {
            known.is_written = false;
            known.is_complete = is_complete;
        }
    }

    /// Ends the pack that is appended to: the next opening need not prove what is in it.
    pub(super) fn end(&self) {
        let mut writing = locked(&self.writing);
        if let Some(number) = writing.current.take() {
            self.settle(&mut writing, number);
        }
    }
}

impl Open {
    /// Notes in it where it ends, if all of it is durable; says whether it did.
    fn complete(&self) -> bool {
        let is_durable = self.failure.is_none() && self.synced == self.end;
        is_durable && self.file.write_at(&encode_end(self.end), END_AT).is_ok()
    }
}

impl Item<'_> {
    /// Where it is when it begins here.
    fn place(&self, pack: u64, at: u64) -> Place {
        Place {
            pack,
            at: u32::try_from(at).expect("a pack is not so large"),
            len: u16::try_from(self.content.len()).expect("only small blobs are packed"),
        }
    }
}

const OPEN: &str = "a pack stays while it is appended to or somebody waits";
