//! What a device does with blobs: between its sync, its log and its blobs.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use swarmlet_engine::blobs::{BlobId, BlobRecord, Hold, Keep};
use swarmlet_engine::event::{AppId, Content, Tag, Tags};
use swarmlet_engine::log::{LogReader, Publish};
use swarmlet_engine::sync::{Input, Output, SessionId};
use swarmlet_engine::{Error, blobs::exchange};
use swarmlet_sim::random::Random;

use super::folder::BlobFolder;
use super::side::{BlobSide, Importing, Job, Said};
use super::there::There;
use super::worker::{Desk, records};
use crate::device::{Device, Wish};
use crate::met::Met;

impl Device {
    /// Opens the folder of blobs; whether that went well. The disk may fail in it.
    pub(crate) fn open_blobs(&mut self, random: &mut Random) -> Result<Opened> {
        let Some(folder) = &mut self.blobs else {
            return Ok(Opened::None);
        };
        let Some(store) = folder.open().context("at opening")? else {
            return Ok(Opened::Failed);
        };
        let pieces = There::on(&folder.disk)?.pieces(&folder.shelf);
        if !pieces.is_empty() {
            folder.met.insert(Met::BlobGoneOnWith);
        }
        let random = Random::new(random.next());
        Ok(Opened::Open(Box::new(BlobSide::new(store, pieces, random))))
    }

    /// Something has happened to the exchange.
    pub(crate) fn note_blobs(&mut self, input: exchange::Input) {
        let running = self.running.as_mut();
        if let Some(side) = running.and_then(|running| running.blobs.as_mut()) {
            side.note(input);
        }
    }

    /// Tells the exchange of what sync has heard.
    pub(crate) fn pass_on(&mut self, output: &Output) {
        match output {
            Output::Introduced { session, peer } => self.note_blobs(exchange::Input::Connected {
                session: *session,
                peer: *peer,
            }),
            Output::Blobs { session, frame } => self.note_blobs(exchange::Input::Received {
                session: *session,
                frame: frame.clone(),
            }),
            Output::Close { session, .. } => {
                self.note_blobs(exchange::Input::Disconnected { session: *session });
            }
            _ => {}
        }
    }

    /// Tells the exchange of what has happened to sync.
    pub(crate) fn tell_blobs(&mut self, happened: Happened) {
        match happened {
            Happened::Ticked => self.note_blobs(exchange::Input::Tick),
            Happened::Gone(session) => {
                self.note_blobs(exchange::Input::Disconnected { session });
            }
            Happened::Sent(session) => {
                let running = self.running.as_ref();
                let unsent = running.map_or(0, |running| running.sync.unsent(session));
                self.note_blobs(exchange::Input::Sent { session, unsent });
            }
            Happened::Other => {}
        }
    }

    /// Carries out what the exchange makes of what has happened.
    pub(crate) fn settle_blobs(&mut self, now: Duration, wishes: &mut Vec<Wish>) {
        while let Some(said) = self.next_said(now) {
            let input = match said {
                Said::Send { session, frame } => Input::SendBlobs { session, frame },
                Said::Close { session, what } => Input::Misbehaved { session, what },
            };
            self.step_sync(now, input, wishes);
        }
    }

    fn next_said(&mut self, now: Duration) -> Option<Said> {
        let side = self.running.as_mut()?.blobs.as_mut()?;
        side.next(self.blobs.as_mut()?, now)
    }

    /// Does some of what is to be done on the disk.
    pub(crate) fn work_on_blobs(&mut self, now: Duration, jobs: u64) -> Result<Vec<Wish>> {
        for _ in 0..jobs {
            self.at_desk(|side, desk| side.work(desk));
        }
        self.at_desk(|side, desk| side.look(now, desk));
        self.settled(now)
    }

    /// What is to be sent, and what was found wrong.
    pub(super) fn settled(&mut self, now: Duration) -> Result<Vec<Wish>> {
        let mut wishes = Vec::new();
        self.settle_blobs(now, &mut wishes);
        let running = self.running.as_mut();
        let side = running.and_then(|running| running.blobs.as_mut());
        match side.and_then(|side| side.findings.pop()) {
            Some(finding) => Err(finding),
            None => Ok(wishes),
        }
    }

    /// Does something with the blobs of a running node.
    pub(super) fn at_desk<T>(
        &mut self,
        work: impl FnOnce(&mut BlobSide, &mut Desk<'_>) -> T,
    ) -> Option<T> {
        let running = self.running.as_mut()?;
        let side = running.blobs.as_mut()?;
        let mut desk = Desk {
            folder: self.blobs.as_mut()?,
            log: &running.reader,
            sync: &running.sync,
        };
        Some(work(side, &mut desk))
    }

    /// Whether the power has failed while something was done on the disk of the blobs.
    pub(crate) fn has_lost_power(&mut self) -> bool {
        let folder = self.blobs.as_mut();
        folder.is_some_and(BlobFolder::has_lost_power)
    }

    /// Begins to store a blob.
    pub(super) fn begin_import(&mut self, id: BlobId, hold: Hold) {
        self.at_desk(|side, _| {
            if side.importing.is_some() {
                return;
            }
            side.importing = Some(Importing {
                import: side.store.import(),
                id,
                written: 0,
                hold,
            });
        });
    }

    /// Goes on with it, and publishes its record once it is here. Says whether it did that.
    pub(super) fn import_some(&mut self, bytes: usize, now: Duration) -> Result<bool> {
        let stored = self.at_desk(|side, desk| {
            let importing = side.importing.take()?;
            let id = importing.id;
            match import_some(importing, bytes, desk) {
                Ok(Progress::Whole(id, hold)) => {
                    side.jobs.push_back(Job::Gained(id));
                    desk.folder.note_stored(id);
                    Some((id, hold))
                }
                Ok(Progress::Some(importing)) => {
                    side.importing = Some(*importing);
                    None
                }
                Err(error) => {
                    // Of a small blob what a failed sync was to write can be seen in its pack.
                    if desk.folder.is_small(id) {
                        desk.folder.doubted.insert(id);
                    }
                    side.judge(&error, None, desk.folder);
                    None
                }
            }
        });
        let Some((id, hold)) = stored.flatten() else {
            return Ok(false);
        };
        if self.has_lost_power() {
            return Ok(false);
        }
        self.publish_record(id, hold, now)?;
        Ok(true)
    }

    fn publish_record(&mut self, id: BlobId, hold: Hold, now: Duration) -> Result<()> {
        let folder = self.blobs.as_ref();
        let content = folder.and_then(|folder| folder.shelf.find(id));
        let record = BlobRecord {
            id,
            size: content.expect("what is stored is on the shelf").size,
            name: None,
            media_type: None,
            hold,
            keep: Keep::Forever,
            of: None,
        };
        let content = Content::new(&record.tags(&Tags::default())?, &record.payload()?);
        let call = Publish::new(AppId::new("com.example.sim")?, vec![content])?;
        self.commit_own(call, now)
    }

    /// The blobs that records in its log tell of, and whether it is to hold them.
    pub(super) fn recorded(&self) -> Result<BTreeMap<BlobId, bool>> {
        let mut recorded = BTreeMap::new();
        if let Some(running) = &self.running {
            let log: &LogReader = &running.reader;
            for record in records(log, Tag::new(BlobRecord::TAG)?, Default::default()) {
                let holds = recorded.entry(record.id).or_default();
                *holds |= record.hold == Hold::Everyone;
            }
        }
        Ok(recorded)
    }

    /// The pieces that a peer was asked for on this connection and has not answered.
    pub(super) fn asked(&self, session: SessionId) -> u64 {
        let side = self.side();
        let peer = side.and_then(|side| side.sessions.get(&session));
        peer.map_or(0, |peer| peer.asked)
    }

    /// What the exchange was told and said since this was asked last.
    pub(crate) fn blob_notes(&mut self) -> Vec<String> {
        let running = self.running.as_mut();
        let side = running.and_then(|running| running.blobs.as_mut());
        side.map_or_else(Vec::new, |side| std::mem::take(&mut side.notes))
    }

    pub(super) fn side(&self) -> Option<&BlobSide> {
        self.running.as_ref()?.blobs.as_ref()
    }
}

/// What concerns blobs of what happens to sync.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Happened {
    Ticked,
    Sent(SessionId),
    Gone(SessionId),
    Other,
}

impl Happened {
    pub(crate) fn of(input: &Input) -> Self {
        match input {
            Input::Tick => Self::Ticked,
            Input::Sent { session, .. } => Self::Sent(*session),
            Input::Disconnected { session } => Self::Gone(*session),
            _ => Self::Other,
        }
    }
}

/// What became of opening the blobs of a device.
pub(crate) enum Opened {
    /// There are none in this run.
    None,
    Open(Box<BlobSide>),
    /// The disk has failed.
    Failed,
}

/// What became of an import.
enum Progress {
    Some(Box<Importing>),
    Whole(BlobId, Hold),
}

fn import_some(mut importing: Importing, bytes: usize, desk: &Desk<'_>) -> Result<Progress, Error> {
    let content = desk.folder.shelf.find(importing.id);
    let content = content.expect("what is stored is on the shelf");
    let end = content.bytes.len().min(importing.written + bytes);
    let next = &content.bytes[importing.written..end];
    importing.import.write(next)?;
    importing.written = end;
    if end < content.bytes.len() {
        return Ok(Progress::Some(Box::new(importing)));
    }
    let blob = importing.import.complete()?;
    assert_eq!(blob.id(), importing.id, "a blob is named by its bytes");
    Ok(Progress::Whole(blob.id(), importing.hold))
}
