//! The door to the packs of a store.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use super::commit::{Item, Writing};
use super::file::PackedFile;
use super::format::{HEAD_BYTES, REMOVED, name_of};
use super::index::{Index, Pack, Place};
use super::scan::Scan;
use crate::blobs::store::files::Files;
use crate::blobs::store::names::found;
use crate::blobs::tree::Tree;
use crate::blobs::{BlobId, BlobSize};
use crate::error::{Error, Result};
use crate::storage::{Disk, DiskFile};

/// The small blobs of a data folder. Threads share it; whoever locks both locks `writing` first.
#[derive(Debug)]
pub(in super::super) struct Packs {
    pub(super) disk: Arc<dyn Disk>,
    /// How large they become.
    pub(super) bytes_max: u64,
    pub(super) index: Mutex<Index>,
    pub(super) writing: Mutex<Writing>,
    /// A sync of a pack has ended.
    pub(super) synced: Condvar,
    /// Held by whoever tidies.
    pub(super) tidying: Mutex<()>,
    faults: Vec<Error>,
}

impl Packs {
    /// Reads what is in the packs with these numbers; the next one has the number `next`, and is of
    /// so many bytes at most. One that cannot be read is left alone.
    pub(in super::super) fn open(
        disk: Arc<dyn Disk>,
        numbers: &BTreeSet<u64>,
        next: u64,
        bytes_max: u64,
    ) -> Self {
        let mut packs = Self {
            disk,
            bytes_max,
            index: Mutex::default(),
            writing: Mutex::new(Writing::from(next)),
            synced: Condvar::new(),
            tidying: Mutex::default(),
            faults: Vec::new(),
        };
        for number in numbers {
            if let Err(fault) = packs.take_up(*number) {
                packs.faults.push(fault.with("file", name_of(*number)));
            }
        }
        packs
    }

    fn take_up(&self, number: u64) -> Result<()> {
        let failed = |error| Error::io("cannot read a pack of blobs", error);
        let file = self.disk.open(&name_of(number)).map_err(failed)?;
        let scan = Scan::of(file.as_ref(), number)?;
        let mut index = self.index();
        index.add_pack(number, Pack::found(&scan));
        for (id, place) in scan.entries {
            // An earlier entry of the same blob may be the one that is durable: it stays.
            index.insert(id, place);
        }
        scan.fault.map_or(Ok(()), Err)
    }

    /// What was found wrong when they were opened.
    pub(in super::super) fn faults(&self) -> &[Error] {
        &self.faults
    }

    /// The blobs that are here, in the order of their ids.
    pub(in super::super) fn ids(&self) -> Vec<BlobId> {
        self.index().ids().collect()
    }

    /// Bytes that a blob takes, if it is here.
    pub(in super::super) fn bytes_of(&self, id: BlobId) -> Option<u64> {
        self.index().place(id).map(Place::bytes)
    }

    /// Whether a blob is here and outlives a power failure.
    pub(in super::super) fn is_sure(&self, id: BlobId) -> bool {
        let index = self.index();
        index.place(id).is_some_and(|place| index.is_sure(place))
    }

    /// A blob as a file, if it is here.
    pub(in super::super) fn open_blob(&self, id: BlobId) -> Result<Option<Files>> {
        let failed = |error| Error::io("cannot read a blob", error).with("blob", id);
        loop {
            let place = self.index().place(id);
            let Some(place) = place else {
                return Ok(None);
            };
            if let Some(file) = found(self.file(place)).map_err(failed)? {
                let size = BlobSize::new(place.len.into())?;
                return Ok(Some(Files {
                    id,
                    tree: Tree::new(id, size),
                    content: Box::new(file),
                    hashes: None,
                }));
            }
            if self.index().place(id) == Some(place) {
                // Somebody else has removed the pack.
                return Ok(None);
            }
            // It was tidied meanwhile.
        }
    }

    /// Keeps blobs, durably. What is here already, certainly and right, is not kept twice.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`: some of them may be kept.
    pub(in super::super) fn keep(&self, blobs: &[(BlobId, &[u8])]) -> Result<()> {
        let mut seen = BTreeSet::new();
        let new = blobs
            .iter()
            .filter(|(id, _)| seen.insert(*id) && !self.is_kept(*id));
        let items = new.map(|(id, content)| Item {
            id: *id,
            content,
            from: None,
        });
        let items: Vec<Item<'_>> = items.collect();
        self.append(&items)
    }

    fn is_kept(&self, id: BlobId) -> bool {
        let place = {
            let index = self.index();
            index.place(id).filter(|place| index.is_sure(*place))
        };
        place.is_some_and(|place| matches!(self.read(id, place), Ok(Some(_))))
    }

    /// Forgets a blob; says whether it was here. It may be here again after a power failure.
    pub(in super::super) fn remove(&self, id: BlobId) -> bool {
        let removed = self.index().remove(id);
        if let Some(place) = removed {
            self.mark_removed(place);
        }
        removed.is_some()
    }

    /// Forgets a blob if it is damaged; says whether it was here.
    ///
    /// # Errors
    ///
    /// `storage` if it cannot be looked at: too many files may be open.
    pub(in super::super) fn set_back(&self, id: BlobId) -> Result<bool> {
        let Some(place) = self.index().place(id) else {
            return Ok(false);
        };
        let file = found(self.file(place))
            .map_err(|error| Error::io("cannot set a blob back", error).with("blob", id))?;
        let read = file.as_ref().map(|file| proven(id, file));
        if matches!(read, Some(Ok(Some(_)))) {
            // Somebody has stored it again.
            return Ok(true);
        }
        let mut index = self.index();
        if index.place(id) == Some(place) {
            index.remove(id);
        }
        drop(index);
        if matches!(read, Some(Ok(None))) {
            self.mark_removed(place);
        }
        Ok(true)
    }

    /// The bytes of a blob; `None` if they are not what they were.
    pub(super) fn read(&self, id: BlobId, place: Place) -> io::Result<Option<Vec<u8>>> {
        proven(id, &self.file(place)?)
    }

    /// Notes in the pack that an entry does not count, so that the next opening does not find it.
    pub(super) fn mark_removed(&self, place: Place) {
        // What cannot be noted is as after a power failure: it is there again.
        let _ = self
            .pack_file(place.pack)
            .and_then(|file| file.write_at(&[REMOVED], place.at.into()));
    }

    fn file(&self, place: Place) -> io::Result<PackedFile> {
        Ok(PackedFile {
            pack: self.pack_file(place.pack)?,
            start: u64::from(place.at) + HEAD_BYTES,
            len: place.len.into(),
        })
    }

    /// A pack; all who read it at the same time share one open file.
    pub(super) fn pack_file(&self, number: u64) -> io::Result<Arc<dyn DiskFile>> {
        let open = self.index().pack(number).and_then(|pack| pack.file.clone());
        if let Some(file) = open.as_ref().and_then(Weak::upgrade) {
            return Ok(file);
        }
        let file: Arc<dyn DiskFile> = Arc::from(self.disk.open(&name_of(number))?);
        if let Some(pack) = self.index().pack(number) {
            pack.file = Some(Arc::downgrade(&file));
        }
        Ok(file)
    }

    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        locked(&self.index)
    }
}

impl Drop for Packs {
    fn drop(&mut self) {
        self.end();
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All bytes of a file, if they are those of a blob.
fn proven(id: BlobId, file: &PackedFile) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; file.len as usize];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok((BlobId::of(&bytes) == id).then_some(bytes))
}
