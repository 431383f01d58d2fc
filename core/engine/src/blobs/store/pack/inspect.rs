//! Looking at packs without opening a store.

use super::format::{HEAD_BYTES, number_of};
use super::scan::Scan;
use crate::blobs::BlobId;
use crate::error::{Error, Result};
use crate::storage::{Disk, DiskFile, FileName, Folder};

/// A pack of small blobs, and what is wrong with it.
#[derive(Debug)]
pub struct PackReport {
    /// Its name.
    pub file: FileName,
    /// Its length.
    pub bytes: u64,
    /// The first thing that is wrong. What a power failure left of blobs that were not acknowledged
    /// is none.
    pub fault: Option<Error>,
}

impl PackReport {
    /// The packs of a data folder, by name.
    ///
    /// # Errors
    ///
    /// `storage` if the folder cannot be read.
    pub fn files(disk: &dyn Disk) -> Result<Vec<FileName>> {
        let listed = disk.list(Folder::Blobs);
        let listed = listed.map_err(|error| Error::io("cannot list the blobs", error))?;
        let is_pack = |name: &FileName| number_of(name.name()).is_some();
        Ok(listed.into_iter().filter(is_pack).collect())
    }

    /// Reads all of a pack and checks it. Nothing is written.
    #[must_use]
    pub fn of(disk: &dyn Disk, file: &FileName) -> Self {
        let mut report = Self {
            file: file.clone(),
            bytes: 0,
            fault: None,
        };
        if let Err(fault) = report.look(disk) {
            report.fault = Some(fault.with("file", file));
        }
        report
    }

    fn look(&mut self, disk: &dyn Disk) -> Result<()> {
        let failed = |error| Error::io("cannot read a pack of blobs", error);
        let file = disk.open(&self.file).map_err(failed)?;
        self.bytes = file.len().map_err(failed)?;
        let scan = Scan::of(file.as_ref(), 0)?;
        for (id, place) in scan.entries {
            let mut content = vec![0; place.len.into()];
            let start = u64::from(place.at) + HEAD_BYTES;
            let read = DiskFile::read_at(file.as_ref(), &mut content, start).map_err(failed)?;
            if BlobId::of(&content[..read]) != id {
                let damaged = Error::corrupt("a blob is not what its name says");
                return Err(damaged.with("blob", id).with("position", place.at));
            }
        }
        scan.fault.map_or(Ok(()), Err)
    }
}
