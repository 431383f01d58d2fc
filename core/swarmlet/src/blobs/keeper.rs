//! The keeper: which blobs are here, which are being fetched, and who waits for what.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc,
};

use swarmlet_engine::blobs::limits::{COLLECTION_BYTES_MAX, PIECE_BYTES};
use swarmlet_engine::blobs::{
    BlobId, BlobRecord, BlobSize, BlobStore, Collection, MediaType, Part,
};
use swarmlet_engine::storage::Disk;
use swarmlet_engine::{Error, ErrorKind, Result};
use tokio::sync::mpsc::UnboundedSender;

use super::claims::{Judge, Look, Standing};
use super::moves::Moves;
use super::rights::Rights;
use super::room::Room;
use super::worker::Job;
use crate::state::State;

/// The blobs of a node, shared by users, peers and the worker.
#[derive(Debug)]
pub(crate) struct BlobKeeper {
    pub(super) store: BlobStore,
    inner: Mutex<Inner>,
    room: Mutex<Room>,
    /// Held for reading while a blob comes into the store and has no lease yet or is not counted,
    /// and for writing while one is removed or a sweep begins.
    unleased: RwLock<()>,
    /// Reads what the log says of blobs; there once the log is open.
    judge: OnceLock<Judge>,
    pub(super) moves: Moves,
}

#[derive(Debug, Default)]
struct Inner {
    /// What is being fetched. Nobody works on the disk while this is locked.
    parts: BTreeMap<BlobId, Arc<Part>>,
    /// Who waits for which bytes.
    waits: BTreeMap<BlobId, BTreeMap<u64, Range<u64>>>,
    next_wait: u64,
    /// Why what is waited for cannot be kept here, until whoever waits has learnt of it.
    failures: BTreeMap<BlobId, Error>,
    /// Whether there is a worker, or will be when the network can be used.
    is_expected: bool,
    /// There while the worker runs.
    jobs: Option<UnboundedSender<Vec<Job>>>,
    /// There while the collector runs: it is to look at a blob.
    suspects: Option<mpsc::Sender<BlobId>>,
    pins: BTreeSet<BlobId>,
    /// What must not be removed: it is whole, and its record is not there yet.
    leases: BTreeMap<BlobId, usize>,
}

/// While it is there a blob is not removed.
#[derive(Debug)]
pub(super) struct Lease {
    keeper: Arc<BlobKeeper>,
    id: BlobId,
}

/// Bytes on their way into the store; dropping it gives up their room.
#[derive(Debug)]
pub(super) struct Reserved {
    keeper: Arc<BlobKeeper>,
    bytes: u64,
}

/// Somebody waits for some bytes of a blob; dropping it gives up.
#[derive(Debug)]
pub(super) struct Wait {
    keeper: Arc<BlobKeeper>,
    id: BlobId,
    number: u64,
}

/// How much of a blob is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Here {
    Nothing,
    Part { size: BlobSize, missing: u32 },
    All(BlobSize),
}

impl BlobKeeper {
    /// Opens the store, which may take so many bytes.
    pub(crate) fn open(disk: Arc<dyn Disk>, bytes_max: Option<u64>) -> Result<Self> {
        let store = BlobStore::open(disk)?;
        for fault in store.faults() {
            tracing::warn!(%fault, "some small blobs cannot be read");
        }
        let mut room = Room::new(bytes_max);
        if bytes_max.is_some() {
            let ids = store.ids()?.into_iter();
            let found: Result<_> = ids.map(|id| Ok((id, store.bytes_of(id)?))).collect();
            room.end_sweep(&found?, BTreeSet::new());
        }
        let pins = store.pins()?;
        Ok(Self {
            store,
            inner: Mutex::new(Inner {
                pins,
                ..Inner::default()
            }),
            room: Mutex::new(room),
            unleased: RwLock::default(),
            judge: OnceLock::new(),
            moves: Moves::default(),
        })
    }

    /// From here on it is known what the log says of blobs. Said once, at opening.
    pub(crate) fn judge_by(&self, state: Arc<State>, rights: Arc<dyn Rights>) {
        let _ = self.judge.set(Judge { state, rights });
    }

    /// What the log says of blobs.
    pub(super) fn judge(&self) -> Result<&Judge> {
        self.judge.get().ok_or_else(crate::state::closed)
    }

    /// Whether a blob is whole here; if it is a collection, with all of its files.
    fn has_all_of(&self, record: &BlobRecord) -> bool {
        let has = |id| matches!(self.store.blob(id), Ok(Some(_)));
        let kind = record.media_type.as_ref().map(MediaType::as_str);
        if kind != Some(Collection::MEDIA_TYPE) {
            return has(record.id);
        }
        let files = self.collection(record.id);
        files.is_ok_and(|files| files.is_some_and(|files| files.into_iter().all(has)))
    }

    /// The files of a collection, if that is here.
    fn collection(&self, id: BlobId) -> Result<Option<BTreeSet<BlobId>>> {
        let Some(blob) = self.store.blob(id)? else {
            return Ok(None);
        };
        if blob.size().get() > COLLECTION_BYTES_MAX as u64 {
            return Ok(None);
        }
        let pieces = blob.size().pieces_of(0..u64::MAX);
        let bytes: Vec<Vec<u8>> = pieces
            .map(|piece| blob.read(piece))
            .collect::<Result<_>>()?;
        Collection::decode(&bytes.concat()).map(|collection| Some(collection.blobs()))
    }

    /// How a blob stands on this device.
    pub(super) fn standing(&self, id: BlobId) -> Result<Standing> {
        let has = |next: &BlobRecord| self.has_all_of(next);
        Look::new(self.judge()?, &has).standing(id)
    }

    /// How each of these stands, one after the other.
    pub(super) fn look_at(
        &self,
        ids: BTreeSet<BlobId>,
        mut see: impl FnMut(BlobId, Result<Standing>) -> ControlFlow<()>,
    ) -> Result<()> {
        let has = |next: &BlobRecord| self.has_all_of(next);
        let look = Look::new(self.judge()?, &has);
        let mut ids = ids.into_iter();
        // Whoever does not want to see more has said why.
        let _ = ids.try_for_each(|id| see(id, look.standing(id)));
        Ok(())
    }

    /// From here on whoever wants a blob waits until it can be fetched.
    pub(crate) fn expect(&self) {
        self.lock().is_expected = true;
    }

    /// From here on blobs can be fetched.
    pub(crate) fn connect(&self, jobs: UnboundedSender<Vec<Job>>) {
        let mut inner = self.lock();
        for id in inner.waits.keys() {
            // A worker that has ended needs nothing.
            let _ = jobs.send(vec![Job::Want(*id)]);
        }
        inner.jobs = Some(jobs);
    }

    /// From here on they cannot.
    pub(crate) fn disconnect(&self) {
        let mut inner = self.lock();
        inner.is_expected = false;
        inner.jobs = None;
        inner.parts.clear();
        drop(inner);
        self.note_moved();
    }

    /// Whether there can be somebody to fetch blobs from.
    pub(super) fn is_expected(&self) -> bool {
        self.lock().is_expected
    }

    /// Whoever waits is to look again.
    pub(crate) fn note_moved(&self) {
        self.moves.note();
    }

    /// Whoever follows how much is here is to look again, if pieces came.
    pub(crate) fn tell_of_pieces(&self) {
        self.moves.tell_of_pieces();
    }

    /// A blob is whole here now, other than by being fetched.
    pub(super) fn note_gained(&self, id: BlobId) {
        self.ask(Job::Gained(id));
        self.note_moved();
    }

    /// Asks the worker for something, if there is one.
    pub(super) fn ask(&self, job: Job) {
        self.lock().tell(job);
    }

    /// Wants some bytes of a blob, until what is returned is dropped.
    pub(super) fn want(self: &Arc<Self>, id: BlobId, bytes: Range<u64>) -> Wait {
        let mut inner = self.lock();
        let number = inner.next_wait;
        inner.next_wait += 1;
        inner.waits.entry(id).or_default().insert(number, bytes);
        inner.tell(Job::Want(id));
        Wait {
            keeper: self.clone(),
            id,
            number,
        }
    }

    /// The bytes that are waited for, those that were asked for first before others.
    pub(super) fn waits(&self, id: BlobId) -> Vec<Range<u64>> {
        let inner = self.lock();
        let waits = inner.waits.get(&id);
        waits.map_or_else(Vec::new, |waits| waits.values().cloned().collect())
    }

    /// How much of a blob is here.
    pub(super) fn here(&self, id: BlobId) -> Result<Here> {
        if let Some(part) = self.part(id) {
            return Ok(Here::Part {
                size: part.size(),
                missing: part.missing_count(),
            });
        }
        if let Some(blob) = self.store.blob(id)? {
            return Ok(Here::All(blob.size()));
        }
        Ok(Here::Nothing)
    }

    /// What is waited for could not be kept: whoever waits learns of it.
    pub(super) fn note_failure(&self, id: BlobId, error: Error) {
        let mut inner = self.lock();
        if inner.waits.contains_key(&id) {
            inner.failures.insert(id, error);
        }
        drop(inner);
        self.note_moved();
    }

    /// Why a blob could not be kept, once.
    pub(super) fn take_failure(&self, id: BlobId) -> Option<Error> {
        self.lock().failures.remove(&id)
    }

    /// Bytes that are still to come of the parts that are wanted.
    pub(super) fn promised(&self, is_wanted: impl Fn(BlobId) -> bool) -> u64 {
        let parts: Vec<Arc<Part>> = self.lock().parts.values().cloned().collect();
        let wanted = parts.iter().filter(|part| is_wanted(part.id()));
        let missing: u64 = wanted.map(|part| u64::from(part.missing_count())).sum();
        missing * PIECE_BYTES
    }

    /// What is being fetched of a blob.
    pub(super) fn part(&self, id: BlobId) -> Option<Arc<Part>> {
        self.lock().parts.get(&id).cloned()
    }

    /// Adds what is there of a blob.
    pub(super) fn add_part(&self, part: Part) -> Arc<Part> {
        let part = Arc::new(part);
        self.lock().parts.insert(part.id(), part.clone());
        part
    }

    /// Lets go of what is there; its files stay.
    pub(super) fn drop_part(&self, id: BlobId) {
        self.lock().parts.remove(&id);
    }

    /// From here on the collector is told of what may be removed.
    pub(super) fn collect_by(&self, suspects: mpsc::Sender<BlobId>) {
        self.lock().suspects = Some(suspects);
    }

    /// Ends the collector.
    pub(crate) fn stop_collecting(&self) {
        self.lock().suspects = None;
    }

    /// Waits for whoever changes the store at the moment; nobody begins to once the node closes.
    pub(crate) fn settle(&self) {
        drop(self.no_storing());
    }

    pub(super) fn is_collecting(&self) -> bool {
        self.lock().suspects.is_some()
    }

    /// A blob may have to go.
    pub(super) fn suspect(&self, id: BlobId) {
        if let Some(suspects) = &self.lock().suspects {
            // A collector that has ended removes it when the node is opened again.
            let _ = suspects.send(id);
        }
    }

    /// What is here when a sweep begins: whatever comes later is counted when it comes, and nothing
    /// is counted twice or not at all.
    pub(super) fn begin_sweep(&self) -> Result<BTreeSet<BlobId>> {
        let _nobody_stores = self.no_storing();
        self.room().begin_sweep();
        self.store.ids()
    }

    /// What stays whatever records say: what is pinned, and what is being stored. Of what was here
    /// and is not among these, whoever looks at the log from now on finds the record.
    pub(super) fn stays(&self) -> BTreeSet<BlobId> {
        let inner = self.lock();
        let stays = inner.pins.iter().chain(inner.leases.keys());
        stays.copied().collect()
    }

    fn no_storing(&self) -> RwLockWriteGuard<'_, ()> {
        let held = self.unleased.write();
        held.unwrap_or_else(PoisonError::into_inner)
    }

    /// While this is held nothing is removed, and no sweep begins. For what has no lease yet, or is
    /// not counted yet.
    pub(super) fn hold_removal(&self) -> RwLockReadGuard<'_, ()> {
        let held = self.unleased.read();
        held.unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a blob that is here until there is a record of it.
    pub(super) fn lease(self: &Arc<Self>, id: BlobId) -> Lease {
        *self.lock().leases.entry(id).or_default() += 1;
        let keeper = self.clone();
        Lease { keeper, id }
    }

    /// Removes a blob that stands so, unless somebody pins it, waits for it, or is about to record
    /// it; says whether it is gone.
    pub(super) fn remove_if(&self, id: BlobId, may: impl Fn(Standing) -> bool) -> Result<bool> {
        let _nobody_stores = self.no_storing();
        let is_needed = {
            let inner = self.lock();
            inner.pins.contains(&id)
                || inner.waits.contains_key(&id)
                || inner.leases.contains_key(&id)
        };
        if is_needed || !may(self.standing(id)?) {
            return Ok(false);
        }
        self.remove(id)?;
        Ok(true)
    }

    fn remove(&self, id: BlobId) -> Result<()> {
        let bytes = self.store.bytes_of(id)?;
        self.ask(Job::Gone(id));
        self.drop_part(id);
        self.room().remove(id, bytes);
        if let Err(error) = self.store.remove(id) {
            self.room().keep(bytes);
            return Err(error);
        }
        tracing::debug!(blob = %id, "a blob was removed");
        self.note_moved();
        Ok(())
    }

    /// Keeps a blob here whatever records say.
    pub(super) fn pin(&self, id: BlobId) -> Result<()> {
        // Not while it is being removed.
        let _held = self.hold_removal();
        self.store.pin(id)?;
        let mut inner = self.lock();
        inner.pins.insert(id);
        inner.tell(Job::Hold(id));
        Ok(())
    }

    /// Takes that back.
    pub(super) fn unpin(&self, id: BlobId) -> Result<()> {
        self.store.unpin(id)?;
        self.lock().pins.remove(&id);
        self.suspect(id);
        Ok(())
    }

    pub(super) fn is_pinned(&self, id: BlobId) -> bool {
        self.lock().pins.contains(&id)
    }

    pub(super) fn pins(&self) -> BTreeSet<BlobId> {
        self.lock().pins.clone()
    }

    /// Takes room for bytes on their way in: what nobody needs here gives way.
    ///
    /// # Errors
    ///
    /// `disk_full` if there is too little of it all the same.
    pub(super) fn reserve(&self, bytes: u64) -> Result<()> {
        loop {
            let mut room = self.room();
            if room.reserve(bytes) {
                return Ok(());
            }
            let (taken, max) = (room.bytes(), room.bytes_max().unwrap_or(u64::MAX));
            let spare = room.next_spare_for(bytes);
            let Some(spare) = spare else {
                let message = "blobs take all the room they may have on this device";
                return Err(Error::new(ErrorKind::DiskFull, message)
                    .with("bytes", bytes)
                    .with("taken", taken)
                    .with("may take", max));
            };
            drop(room);
            self.remove_if(spare, gives_way)?;
        }
    }

    /// Removes what need not be here and was not read for longest, where the disk is full; says
    /// whether there was something to look at.
    pub(super) fn give_way(&self) -> Result<bool> {
        let spare = self.room().next_spare();
        if let Some(spare) = spare {
            self.remove_if(spare, gives_way)?;
        }
        // What small blobs took is free only then; where that fails the disk is as full as it was.
        let is_tidied = self.tidy().unwrap_or(false);
        Ok(spare.is_some() || is_tidied)
    }

    /// Makes some of the room that removed small blobs have left; says whether there may be more.
    pub(super) fn tidy(&self) -> Result<bool> {
        let _nobody_closes = self.hold_removal();
        self.judge()?.state.check_open()?;
        self.store.tidy()
    }

    /// Reserved bytes did not come.
    pub(super) fn note_given_up(&self, bytes: u64) {
        self.room().release(bytes);
    }

    /// Somebody reads a blob.
    pub(super) fn note_use(&self, id: BlobId) {
        self.room().note_use(id);
    }

    /// What is known of the room that blobs take.
    pub(super) fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a blob that stands so goes where room is needed.
fn gives_way(standing: Standing) -> bool {
    matches!(standing, Standing::Spare | Standing::Unknown)
}

impl Inner {
    fn tell(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // A worker that has ended needs nothing.
            let _ = jobs.send(vec![job]);
        }
    }
}

impl Lease {
    pub(super) fn id(&self) -> BlobId {
        self.id
    }

    /// There is a record now.
    pub(super) fn note_gained(&self) {
        self.keeper.note_gained(self.id);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut inner = self.keeper.lock();
        if let Some(leases) = inner.leases.get_mut(&self.id) {
            *leases -= 1;
            if *leases == 0 {
                inner.leases.remove(&self.id);
            }
        }
    }
}

impl Reserved {
    /// None yet.
    pub(super) fn none(keeper: Arc<BlobKeeper>) -> Self {
        Self { keeper, bytes: 0 }
    }

    /// Takes room for more.
    pub(super) fn grow(&mut self, bytes: u64) -> Result<()> {
        self.keeper.reserve(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// What it was reserved for is here, and takes so many bytes that were not taken before.
    pub(super) fn keep(self, bytes: u64) {
        self.keeper.room().keep(bytes);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.keeper.note_given_up(self.bytes);
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut inner = self.keeper.lock();
        if let Some(waits) = inner.waits.get_mut(&self.id) {
            waits.remove(&self.number);
            if waits.is_empty() {
                inner.waits.remove(&self.id);
                inner.failures.remove(&self.id);
            }
        }
        inner.tell(Job::Unwait(self.id));
    }
}
