//! Readers: users who read a blob, piece after piece, from wherever it comes.

use std::collections::btree_map::Entry;
use std::ops::Range;

use anyhow::{Result, ensure};
use swarmlet_engine::Error;
use swarmlet_engine::blobs::BlobId;

use super::folder::BlobFolder;
use super::side::{BlobSide, Job};
use super::worker::is_damage;
use crate::device::Device;
use crate::met::Met;
use crate::network::Place;

/// Somebody who reads some bytes of a blob on a device.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) place: Place,
    pub(super) number: u64,
    pub(super) blob: BlobId,
    /// What is still to be read.
    pub(super) range: Range<u64>,
    /// Whether it reads all of the blob.
    pub(super) is_of_all: bool,
    /// Whether it is waiting for something to come.
    has_waited: bool,
}

/// How a reader gets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// It has read something.
    Some,
    /// What it wants is not here yet.
    Waits,
    /// It was told why it cannot be read, and may try again.
    Failed,
    /// It has read everything.
    All,
}

impl Reader {
    pub(super) fn new(place: Place, number: u64, blob: BlobId, range: Range<u64>) -> Self {
        Self {
            place,
            number,
            blob,
            is_of_all: range == (0..u64::MAX),
            range,
            has_waited: false,
        }
    }

    /// Reads on, and checks that it is what it should be.
    pub(super) fn read(&mut self, device: &mut Device) -> Result<Read> {
        let (blob, number, range) = (self.blob, self.number, self.range.clone());
        let read = device.at_desk(|side, desk| {
            let read = side.read(blob, number, range.clone(), desk.folder);
            if let Err(error) = &read {
                side.judge(error, Some(blob), desk.folder);
            }
            let content = desk.folder.shelf.find(blob);
            (read, content.map(|content| content.bytes.clone()))
        });
        let Some((read, Some(content))) = read else {
            return Ok(Read::Waits);
        };
        match read {
            Ok(Some(bytes)) if bytes.is_empty() => {
                let end = self.range.end.min(content.len() as u64);
                ensure!(self.range.start >= end, "{blob} ended early");
                if self.has_waited {
                    device.at_desk(|_, desk| desk.folder.met.insert(Met::BlobRead));
                }
                Ok(Read::All)
            }
            Ok(Some(bytes)) => {
                let start = self.range.start as usize;
                let right = content.get(start..start + bytes.len());
                ensure!(right == Some(&bytes[..]), "{blob}: wrong bytes at {start}");
                self.range.start += bytes.len() as u64;
                Ok(Read::Some)
            }
            Ok(None) => {
                self.has_waited = true;
                Ok(Read::Waits)
            }
            Err(_) => Ok(Read::Failed),
        }
    }

    /// Gives up.
    pub(super) fn end(&self, device: &mut Device) {
        device.at_desk(|side, _| side.unwait(self.blob, self.number));
    }
}

impl BlobSide {
    /// The first bytes of `range`, up to the end of their piece: none at the end, and nothing if
    /// they are not here yet.
    fn read(
        &mut self,
        blob: BlobId,
        number: u64,
        range: Range<u64>,
        folder: &mut BlobFolder,
    ) -> Result<Option<Vec<u8>>, Error> {
        if range.is_empty() {
            return Ok(Some(Vec::new()));
        }
        if let Some(part) = self.parts.get(&blob)
            && let Some(bytes) = part.read_range(&range)?
        {
            return Ok(Some(bytes));
        }
        if let Some(whole) = self.store.blob(blob)? {
            let read = whole.read_range(&range);
            if read.as_ref().is_err_and(is_damage) {
                let set_back = self.store.set_back(blob);
                set_back.inspect_err(|_| folder.note_torn(blob))?;
                self.jobs.push_back(Job::Damaged(blob));
                self.unwait(blob, number);
            }
            return read.map(Some);
        }
        if let Some(failure) = self.failures.remove(&blob) {
            self.unwait(blob, number);
            return Err(failure);
        }
        let waits = self.waits.entry(blob).or_default();
        if let Entry::Vacant(place) = waits.entry(number) {
            place.insert(range);
            self.jobs.push_back(Job::Want(blob));
        }
        Ok(None)
    }

    fn unwait(&mut self, blob: BlobId, number: u64) {
        if let Some(waits) = self.waits.get_mut(&blob) {
            waits.remove(&number);
            if waits.is_empty() {
                self.waits.remove(&blob);
                self.failures.remove(&blob);
            }
            self.jobs.push_back(Job::Unwait(blob));
        }
    }
}
