//! The writer: one group of publishes and received runs becomes durable, visible, and acknowledged.
//!
//! In two steps. Written is enough to show what was received, because its author has it durable.
//! What is our own is shown after the sync: until then its offsets could be used again.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::append::decode_group;
use super::assemble::{Author, Group, assemble};
use super::frame::FrameKind;
use super::log_file::LogFile;
use super::maintenance::Maintenance;
use super::options::{Durability, LogOptions};
use super::publish::{Publish, Published};
use super::reader::LogReader;
use super::receive::Received;
use super::recover::{Recovered, recover};
use super::shared::Shared;
use super::stats::Counters;
use super::unsealed::{PlacedBatch, Unsealed};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Incarnation, Run, Signer, Timestamp};
use crate::limits::LOG_FILE_INDEX_BYTES_MAX;
use crate::storage::Disk;

/// What a commit answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// For each publish what became of its events, in order.
    pub published: Vec<Vec<Published>>,
    /// For each run what became of it.
    pub received: Vec<Received>,
}

impl Committed {
    /// How many events are in the log now that were not before.
    #[must_use]
    pub fn events(&self) -> u64 {
        let received = self.received.iter().map(|one| one.events());
        self.published_events() + received.sum::<u64>()
    }

    /// How many of them are our own.
    #[must_use]
    pub fn published_events(&self) -> u64 {
        self.published.iter().map(|call| call.len() as u64).sum()
    }
}

/// The writing end of a log; there is one for each open log.
pub struct Log {
    shared: Arc<Shared>,
    signer: Arc<dyn Signer>,
    incarnation: Incarnation,
    active: Option<LogFile>,
    next_sequence: u64,
    /// Set when a sync failed: nobody knows what is on disk, so nothing more is written.
    poison: Option<String>,
    maintenance: Option<Maintenance>,
    /// Written, not yet synced.
    appended: Option<Appended>,
}

/// A group in the active file.
struct Appended {
    group: Group,
    payload: Vec<u8>,
    payload_at: u64,
}

impl Appended {
    /// Its batches: as many as are our own, then received ones.
    fn batches(&self) -> Vec<PlacedBatch<'_>> {
        decode_group(&self.payload, self.payload_at).expect("it was encoded a moment ago")
    }
}

impl Log {
    /// Opens the log on `disk`, or begins one, as the author `signer`.
    ///
    /// Everything that was acknowledged is there when it returns, and durable; a write that had
    /// not completed is set aside. Damage is an error that names file and position; nothing is
    /// changed then.
    pub fn open(disk: Arc<dyn Disk>, signer: Arc<dyn Signer>, options: LogOptions) -> Result<Self> {
        let Recovered {
            shared,
            active,
            next_sequence,
        } = recover(disk, signer.node_id(), options)?;
        let incarnation = shared.options.incarnation;
        let shared = Arc::new(shared);
        let maintenance = Some(Maintenance::new(shared.clone()));
        Ok(Self {
            shared,
            signer,
            incarnation,
            active,
            next_sequence,
            poison: None,
            maintenance,
            appended: None,
        })
    }

    /// A reading end; cheap, any number.
    #[must_use]
    pub fn reader(&self) -> LogReader {
        LogReader::new(self.shared.clone())
    }

    /// The background work of this log; there is one, so only the first call gets it.
    pub fn maintenance(&mut self) -> Option<Maintenance> {
        self.maintenance.take()
    }

    /// Whether there is room for another group, or sealing must catch up first.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.shared.has_room()
    }

    /// Whether a group of about so many bytes is written without waiting for a sync.
    #[must_use]
    pub fn has_space_for(&self, bytes: usize) -> bool {
        let active = self.active.as_ref();
        let has_space = active.is_some_and(|active| self.goes_on(active, bytes + GROUP_OVERHEAD));
        has_space && self.has_room()
    }

    /// Commits all events of all `requests` together and answers each in their order.
    ///
    /// When it returns, the events are durable (or, if `buffered` was chosen, written) and
    /// visible to readers. After an error none of them is acknowledged; if a sync failed, all
    /// later commits are refused until the log is opened again, because only reading back tells
    /// what the disk has kept.
    pub fn commit(&mut self, requests: &[Publish], now: Timestamp) -> Result<Vec<Vec<Published>>> {
        let committed = self.commit_with(requests, &[], now)?;
        Ok(committed.published)
    }

    /// As [`Log::commit`], together with `runs` that other nodes sent, in the same sync. A run that
    /// cannot be taken is answered, not an error, and hinders nothing else. What was received is
    /// visible as soon as it is written, until the sync fails.
    pub fn commit_with(
        &mut self,
        requests: &[Publish],
        runs: &[Run],
        now: Timestamp,
    ) -> Result<Committed> {
        self.append(requests, runs, now)?;
        self.complete()
    }

    /// The first step of a commit: writes all of it, and shows readers what was received. Returns
    /// how many events they see now that they did not before. [`Log::complete`] must follow before
    /// anything else is written. After an error nothing of it is visible.
    pub fn append(&mut self, requests: &[Publish], runs: &[Run], now: Timestamp) -> Result<u64> {
        assert!(self.appended.is_none(), "a commit was not completed");
        self.refuse_if_poisoned()?;
        let author = Author {
            signer: self.signer.as_ref(),
            own: self.shared.own,
            incarnation: self.incarnation,
            routes: &self.shared.options.routes,
        };
        let group = self.shared.heads(|heads| {
            let mut group = assemble(requests, heads, &author, now)?;
            group.receive(runs, heads, &author)?;
            Ok(group)
        })?;
        let mut appended = Appended {
            group,
            payload: Vec::new(),
            payload_at: 0,
        };
        let mut shown = 0;
        if !appended.group.is_empty() {
            appended.payload = appended.group.encode();
            let active = self.file_with_room(appended.payload.len())?;
            appended.payload_at = active.append(FrameKind::Group, &appended.payload)?;
            shown = self.show_received(&appended, runs);
        }
        self.appended = Some(appended);
        Ok(shown)
    }

    /// The second step of a commit: makes what was appended durable and visible, and answers. After
    /// an error nothing of it is acknowledged, and nothing more is written.
    pub fn complete(&mut self) -> Result<Committed> {
        let Some(appended) = self.appended.take() else {
            return Ok(Committed::default());
        };
        if !appended.group.is_empty() {
            if self.shared.options.durability == Durability::Synced {
                self.sync()?;
            }
            self.publish(&appended);
        }
        let group = appended.group;
        Ok(Committed {
            published: group.published,
            received: group.received,
        })
    }

    /// From here on events are published into streams of `incarnation`, and none is received into
    /// them. Who calls it has made sure that the next opening says the same.
    pub fn begin_incarnation(&mut self, incarnation: Incarnation) {
        self.incarnation = incarnation;
    }

    /// Makes everything written durable. Only `buffered` logs need it.
    pub fn sync(&mut self) -> Result<()> {
        self.refuse_if_poisoned()?;
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        let synced = active.sync();
        self.poison_if_failed(synced)
    }

    /// Notes in the log, without a sync, that all before it was synced. To be called when there is
    /// nothing to do: it lets recovery tell damage to the last group from a torn write.
    pub fn mark_idle(&mut self) -> Result<()> {
        self.refuse_if_poisoned()?;
        match self.active.as_mut().filter(|active| active.wants_mark()) {
            Some(active) => active.append(FrameKind::Mark, &[]).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Syncs and marks the end. Dropping the log without it loses nothing that was acknowledged,
    /// unless `buffered` was chosen and the power fails.
    pub fn close(mut self) -> Result<()> {
        self.sync()?;
        self.mark_idle()?;
        self.sync()
    }

    /// Shows what of the group was received; says how many events that are.
    fn show_received(&self, appended: &Appended, runs: &[Run]) -> u64 {
        let group = &appended.group;
        if group.received_events() > 0 {
            // Before the heads, so that no reader takes what follows a gap for what follows.
            if !group.floors.is_empty() {
                self.shared
                    .update(|snapshot| snapshot.floors.raise_all(&group.floors));
            }
            self.index(&appended.batches()[group.batches.len()..]);
            self.shared.show(&group.received_heads(runs));
        }
        group.received_events()
    }

    /// Says of the group that it is durable, and shows what of it is our own.
    fn publish(&self, appended: &Appended) {
        let group = &appended.group;
        let own = group.batches.len();
        if own > 0 {
            self.index(&appended.batches()[..own]);
        }
        if !group.floors.is_empty() {
            self.shared
                .update(|snapshot| snapshot.durable_floors.raise_all(&group.floors));
        }
        let events = group.published_events() + group.received_events();
        self.shared.publish(&group.changed, events);
        let counters = &self.shared.counters;
        Counters::add(&counters.events_committed, events);
        Counters::add(&counters.bytes_committed, appended.payload.len() as u64);
        Counters::add(&counters.groups_committed, 1);
    }

    /// Adds batches of the active file to its index.
    fn index(&self, batches: &[PlacedBatch<'_>]) {
        let snapshot = self.shared.snapshot();
        let file = snapshot.files.last().expect("one file is active");
        file.apply(batches)
            .expect("the records were encoded a moment ago");
    }

    /// The active file, or the next one if the group does not fit.
    fn file_with_room(&mut self, payload_len: usize) -> Result<&mut LogFile> {
        let active = self.active.as_ref();
        // An empty file is not ended for another one that has no more room.
        let goes_on = |active| self.goes_on(active, payload_len) || active.is_empty();
        if !active.is_some_and(goes_on) {
            self.rotate()?;
        }
        let active = self
            .active
            .as_mut()
            .expect("a file was there or was just started");
        if active.has_room_for(payload_len) {
            Ok(active)
        } else {
            Err(Error::invalid("the group is larger than a log file").with("bytes", payload_len))
        }
    }

    /// Whether `active` takes another group of this length.
    fn goes_on(&self, active: &LogFile, payload_len: usize) -> bool {
        active.has_room_for(payload_len) && self.index_bytes() <= LOG_FILE_INDEX_BYTES_MAX
    }

    fn index_bytes(&self) -> usize {
        let snapshot = self.shared.snapshot();
        let active = snapshot.files.last();
        active.map_or(0, |file| file.index().memory_bytes())
    }

    /// Ends the active file and starts the next one. If it fails half-way, the next call goes on.
    fn rotate(&mut self) -> Result<()> {
        // The end frame says of all groups that they were synced, so it comes after a sync.
        self.sync()?;
        if let Some(active) = &mut self.active {
            active.append(FrameKind::End, &[])?;
            let synced = active.sync();
            self.poison_if_failed(synced)?;
            self.active = None;
            // The full file may be sealed, which frees a file, even if the next one cannot start.
            self.shared.activate(self.next_sequence);
        }
        let started = LogFile::start(self.shared.disk.as_ref(), self.next_sequence)?;
        let unsealed = Unsealed::new(started.sequence(), started.file().clone());
        self.shared
            .update(|snapshot| snapshot.files.push(Arc::new(unsealed)));
        self.shared.activate(started.sequence());
        self.next_sequence = started.sequence() + 1;
        self.active = Some(started);
        Ok(())
    }

    fn refuse_if_poisoned(&self) -> Result<()> {
        match &self.poison {
            Some(cause) => Err(Error::new(
                ErrorKind::Storage,
                "an earlier sync failed, so writing was stopped; close and open again",
            )
            .with("cause", cause)),
            None => Ok(()),
        }
    }

    fn poison_if_failed(&mut self, synced: Result<()>) -> Result<()> {
        if let Err(error) = &synced {
            self.poison = Some(error.to_string());
            self.shared.counters.is_read_only.store(true, Relaxed);
            self.shared.show_durable();
        }
        synced
    }
}

/// Bytes of a group beside its batches, at most.
const GROUP_OVERHEAD: usize = 16;

impl std::fmt::Debug for Log {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Log")
            .field("own", &self.shared.own)
            .finish_non_exhaustive()
    }
}
