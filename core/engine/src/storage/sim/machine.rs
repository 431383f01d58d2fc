//! The simulated disk as a machine without locks: names above contents, faults in between.
//!
//! Every operation begins by asking the faults, and this is the only place that knows what a
//! fault damages. Handles are file ids here; who may still use them is up to `disk`. Sits below
//! `disk`, above `names`, `content` and `faults`.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::super::{FileName, Folder};
use super::content::{Content, PAGE_BYTES};
use super::faults::{Fault, Faults, Operation, disk_full};
use super::names::{FileId, Names};
use super::outside::{Outside, OutsideFile};
use super::random::Random;

/// What was done on a simulated disk since it was made, across restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Operations that can be made to fail, failed ones included. Creating a file is four: make
    /// it, fill it, sync it, sync the folder.
    pub operations: u64,
    /// Operations that did fail because a fault was due.
    pub faults: u64,
    /// Reads of a file.
    pub reads: u64,
    /// Writes to a file.
    pub writes: u64,
    /// Syncs of a file, with those of creating one.
    pub syncs: u64,
    /// Syncs of a folder, with those of creating a file.
    pub folder_syncs: u64,
    /// Bytes handed to writes, with those of preallocation.
    pub bytes_written: u64,
    /// Bytes that syncs had to bring to the platter, in whole sectors, with preallocation.
    pub bytes_synced: u64,
}

/// The disk and the computer it is in.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) faults: Faults,
    pub(super) bytes_capacity: Option<u64>,
    pub(super) is_read_only: bool,
    pub(super) can_clone: bool,
    pub(super) outside: Outside,
    counters: Counters,
    /// How often it was restarted. What was opened before the last restart is dead.
    boot: u64,
    names: Names,
    contents: BTreeMap<FileId, Content>,
    /// How many handles each file has.
    handles: BTreeMap<FileId, u64>,
    files_made: u64,
    random: Random,
}

impl Machine {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            faults: Faults::new(seed),
            bytes_capacity: None,
            is_read_only: false,
            can_clone: false,
            outside: Outside::default(),
            counters: Counters::default(),
            boot: 0,
            names: Names::default(),
            contents: BTreeMap::new(),
            handles: BTreeMap::new(),
            files_made: 0,
            random: Random::new(seed),
        }
    }

    pub(super) fn create_unsynced(&mut self, name: &FileName) -> io::Result<FileId> {
        self.begin_change(Operation::Create)?;
        if self.names.find(name).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = FileId(self.files_made);
        self.files_made += 1;
        self.names.create(name.clone(), file);
        self.contents.insert(file, Content::default());
        self.handles.insert(file, 1);
        Ok(file)
    }

    pub(super) fn create(&mut self, name: &FileName, bytes: u64) -> io::Result<FileId> {
        let file = self.create_unsynced(name)?;
        let boot = self.boot;
        let filled = self
            .fill(file, bytes)
            .and_then(|()| self.sync_folder(name.folder()));
        if let Err(err) = filled {
            if self.boot == boot {
                self.abandon(name, file, &err);
            }
            return Err(err);
        }
        Ok(file)
    }

    pub(super) fn create_clone(
        &mut self,
        name: &FileName,
        of: &Path,
    ) -> io::Result<Option<FileId>> {
        self.begin(Operation::Look)?;
        let bytes = self.outside.find(of)?.bytes();
        if !self.can_clone {
            return Ok(None);
        }
        let file = self.create_unsynced(name)?;
        let boot = self.boot;
        let Err(err) = self.write(file, &bytes, 0) else {
            return Ok(Some(file));
        };
        if self.boot != boot {
            return Err(err);
        }
        self.names.remove(name.clone());
        self.close(file);
        Ok(None)
    }

    pub(super) fn open(&mut self, name: &FileName) -> io::Result<FileId> {
        self.begin(Operation::Look)?;
        let file = self.find(name)?;
        *self.handles.entry(file).or_default() += 1;
        Ok(file)
    }

    pub(super) fn open_outside(&mut self, path: &Path) -> io::Result<OutsideFile> {
        self.begin(Operation::Look)?;
        self.outside.find(path)
    }

    pub(super) fn len_outside(&mut self, file: &OutsideFile) -> io::Result<u64> {
        self.begin(Operation::Look)?;
        Ok(file.bytes().len() as u64)
    }

    pub(super) fn read_outside(
        &mut self,
        file: &OutsideFile,
        to: &mut [u8],
        offset: u64,
    ) -> io::Result<usize> {
        self.begin(Operation::Read)?;
        let bytes = file.bytes();
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(to.len());
        to[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    pub(super) fn close(&mut self, file: FileId) {
        let handles = self
            .handles
            .get_mut(&file)
            .expect("a file is closed once per handle");
        *handles -= 1;
        if *handles == 0 {
            self.handles.remove(&file);
            self.forget_unreachable();
        }
    }

    pub(super) fn list(&mut self, folder: Folder) -> io::Result<Vec<FileName>> {
        self.begin(Operation::Look)?;
        let names = self.names.visible().map(|(name, _)| name);
        Ok(names
            .filter(|name| name.folder() == folder)
            .cloned()
            .collect())
    }

    pub(super) fn rename(&mut self, from: &FileName, to: &FileName) -> io::Result<()> {
        self.begin_change(Operation::Rename)?;
        self.find(from)?;
        if from != to {
            self.names.rename(from.clone(), to.clone());
            self.forget_unreachable();
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &FileName) -> io::Result<()> {
        self.begin_change(Operation::Remove)?;
        self.find(name)?;
        self.names.remove(name.clone());
        self.forget_unreachable();
        Ok(())
    }

    pub(super) fn sync_folder(&mut self, folder: Folder) -> io::Result<()> {
        self.begin(Operation::SyncFolder)?;
        self.counters.folder_syncs += 1;
        self.names.sync(folder);
        self.forget_unreachable();
        Ok(())
    }

    pub(super) fn bytes_free(&mut self) -> io::Result<u64> {
        self.begin(Operation::Look)?;
        Ok(self.room())
    }

    pub(super) fn len(&mut self, file: FileId) -> io::Result<u64> {
        self.begin(Operation::Look)?;
        Ok(self.content(file).len())
    }

    pub(super) fn read(&mut self, file: FileId, to: &mut [u8], offset: u64) -> io::Result<usize> {
        self.begin(Operation::Read)?;
        self.counters.reads += 1;
        Ok(self.content(file).read(to, offset))
    }

    pub(super) fn write(&mut self, file: FileId, bytes: &[u8], offset: u64) -> io::Result<()> {
        if offset
            .checked_add(bytes.len() as u64)
            .is_none_or(|end| end > FILE_BYTES_MAX)
        {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.begin_change(Operation::Write {
            file,
            bytes,
            offset,
        })?;
        let fitting = self
            .len_max(file)
            .saturating_sub(offset)
            .min(bytes.len() as u64) as usize;
        self.write_some(file, &bytes[..fitting], offset);
        if fitting == bytes.len() {
            Ok(())
        } else {
            Err(disk_full())
        }
    }

    pub(super) fn sync(&mut self, file: FileId) -> io::Result<()> {
        self.begin(Operation::Sync { file })?;
        self.counters.syncs += 1;
        self.counters.bytes_synced += self.content(file).sync();
        Ok(())
    }

    /// Restarts after the power failed: what was not durable may be gone.
    pub(super) fn lose_power(&mut self) {
        let mut rate = || self.random.pick(&SURVIVAL_PER_MILLION);
        let (changes, sectors, lengths) = (rate(), rate(), rate());
        self.names.lose_power(changes, &mut self.random);
        self.restart();
        for content in self.contents.values_mut() {
            content.lose_power(sectors, lengths, &mut self.random);
        }
    }

    /// Restarts with everything that is visible still there, durable or not.
    pub(super) fn restart(&mut self) {
        self.boot += 1;
        self.faults.disarm();
        self.handles.clear();
        self.forget_unreachable();
    }

    pub(super) fn flip_bit(&mut self, name: &FileName, offset: u64, bit: u8) {
        let file = self
            .names
            .find(name)
            .expect("only a file that exists can be damaged");
        self.content(file).flip_bit(offset, bit);
    }

    pub(super) fn files(&self) -> BTreeMap<FileName, Vec<u8>> {
        let read = |(name, file): (&FileName, FileId)| {
            let content = &self.contents[&file];
            let mut bytes = vec![0; content.len() as usize];
            content.read(&mut bytes, 0);
            (name.clone(), bytes)
        };
        self.names.visible().map(read).collect()
    }

    pub(super) const fn boot(&self) -> u64 {
        self.boot
    }

    pub(super) const fn counters(&self) -> Counters {
        self.counters
    }

    fn begin_change(&mut self, operation: Operation<'_>) -> io::Result<()> {
        if self.is_read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        self.begin(operation)
    }

    /// Counts an operation and, if a fault is due, does its damage and fails.
    fn begin(&mut self, operation: Operation<'_>) -> io::Result<()> {
        self.counters.operations += 1;
        let Some(fault) = self.faults.strike(operation) else {
            return Ok(());
        };
        self.counters.faults += 1;
        match (fault, operation) {
            (Fault::PowerLoss, _) => self.lose_power(),
            (
                _,
                Operation::Write {
                    file,
                    bytes,
                    offset,
                },
            ) => {
                let leading = self.random.below(bytes.len() as u64 + 1) as usize;
                self.write_some(file, &bytes[..leading], offset);
            }
            (_, Operation::Sync { file }) => {
                let content = self.contents.get_mut(&file).expect(OPEN_FILE_EXISTS);
                content.fail_sync(&mut self.random);
            }
            _ => {}
        }
        Err(fault.error())
    }

    fn fill(&mut self, file: FileId, bytes: u64) -> io::Result<()> {
        self.begin(Operation::Create)?;
        let fitting = self.len_max(file).min(bytes);
        self.content(file).extend(fitting);
        self.counters.bytes_written += fitting;
        if fitting < bytes {
            return Err(disk_full());
        }
        self.begin(Operation::Create)?;
        self.content(file).sync();
        self.counters.syncs += 1;
        self.counters.bytes_synced += bytes;
        Ok(())
    }

    /// Removes a file that could not be completed, unless the device fails in this as well.
    fn abandon(&mut self, name: &FileName, file: FileId, reason: &io::Error) {
        if reason.kind() == io::ErrorKind::StorageFull || self.random.coin() {
            self.names.remove(name.clone());
        }
        self.close(file);
    }

    fn write_some(&mut self, file: FileId, bytes: &[u8], offset: u64) {
        self.counters.writes += 1;
        self.counters.bytes_written += bytes.len() as u64;
        let content = self.contents.get_mut(&file).expect(OPEN_FILE_EXISTS);
        content.write(bytes, offset, &mut self.random);
    }

    fn find(&self, name: &FileName) -> io::Result<FileId> {
        self.names
            .find(name)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn content(&mut self, file: FileId) -> &mut Content {
        self.contents.get_mut(&file).expect(OPEN_FILE_EXISTS)
    }

    /// How long a file can get before the disk is full.
    fn len_max(&self, file: FileId) -> u64 {
        self.contents[&file]
            .bytes_allocated()
            .saturating_add(self.room())
    }

    fn room(&self) -> u64 {
        let Some(capacity) = self.bytes_capacity else {
            return u64::MAX;
        };
        let named = self.names.visible().map(|(_, file)| file);
        let mut in_use: Vec<FileId> = named.chain(self.handles.keys().copied()).collect();
        in_use.sort_unstable();
        in_use.dedup();
        let used = in_use
            .iter()
            .map(|file| self.contents[file].bytes_allocated())
            .sum();
        (capacity / PAGE_BYTES * PAGE_BYTES).saturating_sub(used)
    }

    fn forget_unreachable(&mut self) {
        let reachable = self.names.reachable();
        let handles = &self.handles;
        self.contents
            .retain(|file, _| reachable.contains(file) || handles.contains_key(file));
    }
}

const OPEN_FILE_EXISTS: &str = "the content of a file is kept while it has a handle or a name";

/// What the operating system says of a file: positions are signed.
const FILE_BYTES_MAX: u64 = i64::MAX as u64;

/// How likely what was not durable survives a power failure, drawn anew for each: all, none,
/// and enough in between for every mixture.
const SURVIVAL_PER_MILLION: [u32; 5] = [0, 100_000, 500_000, 900_000, 1_000_000];
