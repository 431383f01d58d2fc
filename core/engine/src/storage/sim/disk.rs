//! The simulated disk as its users hold it: shared, locked and dead after a restart.
//!
//! Everything that happens is decided in `machine`; this file takes the lock, refuses what was
//! opened before the last restart, and passes on. Sits on top of `sim`.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::{Disk, DiskFile, FileName, Folder};
use super::faults::{Fault, FaultPlan, power_lost};
use super::machine::{Counters, Machine};
use super::names::FileId;
use super::outside::OutsideFile;

/// A disk in memory that fails as told, and loses what a real one may lose.
///
/// A clone is the same disk. After [`power_loss`](SimDisk::power_loss) or
/// [`kill`](SimDisk::kill) the old disk and its files are dead, as the process that had them is:
/// every call on them fails and changes nothing. The disk that was returned goes on.
///
/// ```
/// use swarmlet_engine::storage::{Disk, FileName, Folder, SimDisk};
///
/// let disk = SimDisk::new(7);
/// let name = FileName::new(Folder::Log, "0000000000000001.wal")?;
/// let file = disk.create(&name, 4096)?;
/// file.write_at(b"kept", 0)?;
/// file.sync_data()?;
/// file.write_at(b"lost", 0)?;
///
/// let disk = disk.power_loss();
/// let found = disk.files()[&name][..4].to_vec();
/// assert!(found == b"kept" || found == b"lost");
/// assert!(file.sync_data().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SimDisk {
    machine: Arc<Mutex<Machine>>,
    /// The restart this disk was returned by.
    boot: u64,
}

impl SimDisk {
    /// An empty disk without bounds or faults. All chance comes from the seed: same seed and
    /// same calls in the same order, same outcome.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            machine: Arc::new(Mutex::new(Machine::new(seed))),
            boot: 0,
        }
    }

    /// Fails the power and returns the disk as the next start finds it.
    ///
    /// Of what was not durable, each 512-byte sector, each new length and each leading part of
    /// a folder's changes survives or not, by chance. Faults armed and not yet due are disarmed;
    /// the plan, the capacity and the read-only state stay. If the power failed already, by a
    /// [`Fault::PowerLoss`], this only returns the disk.
    #[must_use = "the old disk is dead"]
    pub fn power_loss(&self) -> Self {
        self.restarted_by(Machine::lose_power)
    }

    /// Kills the process and returns the disk as the next one finds it: everything visible is
    /// still there, and what was not durable can still be lost. The rest is as for
    /// [`power_loss`](SimDisk::power_loss).
    #[must_use = "the old disk is dead"]
    pub fn kill(&self) -> Self {
        self.restarted_by(Machine::restart)
    }

    /// Another disk with all files that are visible on this one, durable there: what somebody finds
    /// who copies the folder while it is in use. Faults are not copied.
    #[must_use]
    pub fn copied(&self, seed: u64) -> Self {
        let copy = Self::new(seed);
        for (name, bytes) in self.files() {
            let write = || -> io::Result<()> {
                let file = copy.create(&name, bytes.len() as u64)?;
                file.write_at(&bytes, 0)?;
                file.sync_data()?;
                copy.sync_folder(name.folder())
            };
            write().expect("a new disk without bounds has no faults");
        }
        copy
    }

    /// Makes the n-th operation from now fail, counted from one; [`Counters::operations`] says
    /// what counts.
    pub fn fail_nth_operation(&self, nth: u64, fault: Fault) {
        self.lock().faults.arm_operation(nth, fault);
    }

    /// Makes the n-th sync of a file from now fail, counted from one: some of its unsynced
    /// sectors arrive, all of them count as clean from then on, and the next sync succeeds
    /// without them. Syncs within `create` do not count.
    pub fn fail_next_sync(&self, nth: u64) {
        self.lock().faults.arm_sync(nth);
    }

    /// Makes operations fail by chance from now on; the default plan ends it.
    pub fn set_fault_plan(&self, plan: FaultPlan) {
        self.lock().faults.plan = plan;
    }

    /// Bounds the bytes all files take up together, in whole pages of 4 KiB; `None` is no bound.
    /// A removed file takes up its bytes until its last handle is dropped.
    pub fn set_bytes_capacity(&self, bytes: Option<u64>) {
        self.lock().bytes_capacity = bytes;
    }

    /// Makes every change fail with `ReadOnlyFilesystem`, or ends that.
    pub fn set_read_only(&self, is_read_only: bool) {
        self.lock().is_read_only = is_read_only;
    }

    /// Puts a file of the user beside the data folder, which no fault of this disk damages; one
    /// that was there has these bytes now, also for whoever has opened it.
    pub fn put_outside(&self, path: impl AsRef<Path>, bytes: &[u8]) {
        self.lock().outside.put(path.as_ref(), bytes);
    }

    /// Removes a file of the user.
    pub fn remove_outside(&self, path: impl AsRef<Path>) {
        self.lock().outside.remove(path.as_ref());
    }

    /// Whether files can be cloned on this disk; they cannot unless this says so.
    pub fn set_cloning(&self, can_clone: bool) {
        self.lock().can_clone = can_clone;
    }

    /// Flips one bit of a file, as a medium that decays does: from now on it reads so.
    ///
    /// # Panics
    ///
    /// If there is no such file, byte or bit.
    pub fn flip_bit(&self, name: &FileName, offset: u64, bit: u8) {
        self.lock().flip_bit(name, offset, bit);
    }

    /// Every file with its visible content. Counts as no operation and never fails.
    #[must_use]
    pub fn files(&self) -> BTreeMap<FileName, Vec<u8>> {
        self.lock().files()
    }

    /// What was done so far, before and after restarts.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.lock().counters()
    }

    fn restarted_by(&self, restart: fn(&mut Machine)) -> Self {
        let mut machine = self.lock();
        if machine.boot() == self.boot {
            restart(&mut machine);
        }
        Self {
            machine: Arc::clone(&self.machine),
            boot: machine.boot(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        // A test that panicked while it held the lock still wants to look at the disk.
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The machine, unless it was restarted since.
    fn running(&self) -> io::Result<MutexGuard<'_, Machine>> {
        let machine = self.lock();
        if machine.boot() == self.boot {
            Ok(machine)
        } else {
            Err(power_lost())
        }
    }

    fn handle(&self, file: FileId) -> Box<dyn DiskFile> {
        Box::new(SimFile {
            disk: self.clone(),
            file,
        })
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SimDisk")
            .field("boot", &self.boot)
            .finish_non_exhaustive()
    }
}

impl Disk for SimDisk {
    fn create(&self, name: &FileName, bytes_preallocated: u64) -> io::Result<Box<dyn DiskFile>> {
        let file = self.running()?.create(name, bytes_preallocated)?;
        Ok(self.handle(file))
    }

    fn create_unsynced(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        let file = self.running()?.create_unsynced(name)?;
        Ok(self.handle(file))
    }

    fn open(&self, name: &FileName) -> io::Result<Box<dyn DiskFile>> {
        let file = self.running()?.open(name)?;
        Ok(self.handle(file))
    }

    fn create_clone(&self, name: &FileName, of: &Path) -> io::Result<Option<Box<dyn DiskFile>>> {
        let file = self.running()?.create_clone(name, of)?;
        Ok(file.map(|file| self.handle(file)))
    }

    fn open_outside(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.running()?.open_outside(path)?;
        Ok(Box::new(SimOutsideFile {
            disk: self.clone(),
            file,
        }))
    }

    fn list(&self, folder: Folder) -> io::Result<Vec<FileName>> {
        self.running()?.list(folder)
    }

    fn rename(&self, from: &FileName, to: &FileName) -> io::Result<()> {
        self.running()?.rename(from, to)
    }

    fn remove(&self, name: &FileName) -> io::Result<()> {
        self.running()?.remove(name)
    }

    fn sync_folder(&self, folder: Folder) -> io::Result<()> {
        self.running()?.sync_folder(folder)
    }

    fn bytes_free(&self) -> io::Result<u64> {
        self.running()?.bytes_free()
    }
}

/// An open file of a [`SimDisk`].
#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    file: FileId,
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        self.disk.running()?.len(self.file)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.disk.running()?.read(self.file, buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk.running()?.write(self.file, bytes, offset)
    }

    /// Nothing outside is on this disk.
    fn clone_to(&self, _path: &Path) -> io::Result<bool> {
        self.disk.running().map(|_| false)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.running()?.sync(self.file)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.disk.running()?.sync(self.file)
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        if let Ok(mut machine) = self.disk.running() {
            machine.close(self.file);
        }
    }
}

/// An open file of the user.
#[derive(Debug)]
struct SimOutsideFile {
    disk: SimDisk,
    file: OutsideFile,
}

impl DiskFile for SimOutsideFile {
    fn len(&self) -> io::Result<u64> {
        self.disk.running()?.len_outside(&self.file)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut machine = self.disk.running()?;
        machine.read_outside(&self.file, buffer, offset)
    }

    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn clone_to(&self, _path: &Path) -> io::Result<bool> {
        self.disk.running().map(|_| false)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.running().map(drop)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }
}
