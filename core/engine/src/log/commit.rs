//! The writer: one group of publishes becomes durable, visible, and then acknowledged.

use std::sync::Arc;

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
use super::unsealed::Unsealed;
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
        let published = self.published.iter().map(|call| call.len() as u64);
        published.sum::<u64>() + self.received.iter().map(|one| one.events()).sum::<u64>()
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
    /// cannot be taken is answered, not an error, and hinders nothing else.
    pub fn commit_with(
        &mut self,
        requests: &[Publish],
        runs: &[Run],
        now: Timestamp,
    ) -> Result<Committed> {
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
        if !group.is_empty() {
            self.commit_group(&group)?;
        }
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

    fn commit_group(&mut self, group: &Group) -> Result<()> {
        let payload = group.encode();
        let events = group.events();
        let active = self.file_with_room(payload.len())?;
        let payload_at = active.append(FrameKind::Group, &payload)?;
        if self.shared.options.durability == Durability::Synced {
            self.sync()?;
        }
        let batches = decode_group(&payload, payload_at).expect("it was encoded a moment ago");
        let file = self
            .shared
            .snapshot()
            .files
            .last()
            .cloned()
            .expect("one file is active");
        file.apply(&batches)
            .expect("the records were encoded a moment ago");
        self.shared.publish(&group.changed, events);
        let counters = &self.shared.counters;
        Counters::add(&counters.events_committed, events);
        Counters::add(&counters.bytes_committed, payload.len() as u64);
        Counters::add(&counters.groups_committed, 1);
        Ok(())
    }

    /// The active file, or the next one if the group does not fit.
    fn file_with_room(&mut self, payload_len: usize) -> Result<&mut LogFile> {
        let goes_on = self.active.as_ref().is_some_and(|active| {
            let has_room =
                active.has_room_for(payload_len) && self.index_bytes() <= LOG_FILE_INDEX_BYTES_MAX;
            // An empty file is not ended for another one that has no more room.
            has_room || active.is_empty()
        });
        if !goes_on {
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
        }
        synced
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Log")
            .field("own", &self.shared.own)
            .finish_non_exhaustive()
    }
}
