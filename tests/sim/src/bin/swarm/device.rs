//! A simulated device: a real log on a simulated disk, and a real sync machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use swarmlet_engine::event::{
    AppId, Content, DeviceKey, Event, Incarnation, NodeId, Offset, Offsets, Payload, Run, Signer,
    StreamId, StreamName, Tags, Timestamp,
};
use swarmlet_engine::log::{
    Log, LogOptions, LogReader, Maintenance, Order, Publish, Published, Query, Retention,
};
use swarmlet_engine::membership::Revocation;
use swarmlet_engine::select::Selection;
use swarmlet_engine::storage::SimDisk;
use swarmlet_engine::sync::{
    CloseReason, Incident, Input, Members, Output, Receipt, SessionId, Sync, SyncOptions,
};
use swarmlet_sim::disk::SmallFiles;
use swarmlet_sim::random::Random;

use crate::blobs::{BlobFolder, BlobSide, Happened, Opened};

/// A device, running or not.
pub(crate) struct Device {
    pub(crate) id: NodeId,
    signer: Arc<DeviceKey>,
    pub(crate) disk: SimDisk,
    pub(crate) running: Option<Running>,
    /// What it knows of the swarm; a restart does not forget it.
    pub(crate) members: Option<Members>,
    /// How far its wall clock is off, in microseconds.
    pub(crate) skew: i64,
    /// What it acknowledged.
    pub(crate) acknowledged: Vec<Published>,
    /// How far it was when it was looked at last.
    pub(crate) seen: Offsets,
    /// How far its readers were when the power went off; some of it may not have been durable.
    pub(crate) shown: Offsets,
    pub(crate) incidents: Vec<Incident>,
    /// Connections that it closed because of its peer.
    pub(crate) refused: Vec<&'static str>,
    /// Whose streams it writes; a restart does not forget it.
    incarnation: Incarnation,
    /// From where on it published streams again; a restart does not forget it.
    pub(crate) rescued: BTreeMap<StreamId, Offset>,
    /// Marks its events from all others, in runs with a copied device.
    mark: Option<String>,
    /// The marks of the events that it acknowledged.
    pub(crate) marks: Vec<String>,
    pub(crate) log_file_bytes: u64,
    /// How many of its events it keeps at least, if not all; a restart does not change it.
    keeps: Option<u64>,
    /// What failed while a step was taken.
    failures: Vec<anyhow::Error>,
    /// Its blobs, in runs that have them.
    pub(crate) blobs: Option<BlobFolder>,
}

/// An open log, its upkeep, and its sync.
pub(crate) struct Running {
    log: Log,
    pub(crate) reader: LogReader,
    maintenance: Maintenance,
    pub(crate) sync: Sync,
    pub(crate) connections: BTreeSet<SessionId>,
    storing: Vec<(Receipt, Run)>,
    /// Whether there are commits that the machine has not heard of: it hears of them on another
    /// thread.
    is_news: bool,
    instance: [u8; 16],
    has_met_clone: bool,
    pub(crate) blobs: Option<BlobSide>,
}

/// What a device wants from the network.
pub(crate) enum Wish {
    Send(SessionId, bytes::Bytes),
    Close(SessionId),
}

impl Device {
    pub(crate) fn new(seed: u64, number: u8, skew: i64) -> Self {
        let signer = Arc::new(DeviceKey::from_seed(&[number; 32]));
        Self {
            id: signer.node_id(),
            signer,
            disk: SimDisk::new(seed.wrapping_add(u64::from(number))),
            running: None,
            members: None,
            skew,
            acknowledged: Vec::new(),
            seen: Offsets::new(),
            shown: Offsets::new(),
            incidents: Vec::new(),
            refused: Vec::new(),
            incarnation: Incarnation::FIRST,
            rescued: BTreeMap::new(),
            mark: None,
            marks: Vec::new(),
            log_file_bytes: LOG_FILE_BYTES,
            keeps: None,
            failures: Vec::new(),
            blobs: None,
        }
    }

    /// It keeps at least so many of its events from its next start on.
    pub(crate) fn keep(&mut self, events_max: u64) {
        self.keeps = Some(events_max);
    }

    /// Marks its events from here on.
    pub(crate) fn mark_events(&mut self, mark: &str) {
        self.mark = Some(mark.to_owned());
    }

    /// Another device, to which its folder was copied as it is now.
    pub(crate) fn copied(&self, seed: u64) -> Self {
        Self {
            id: self.id,
            signer: self.signer.clone(),
            disk: self.disk.copied(seed),
            running: None,
            members: self.members.clone(),
            skew: self.skew,
            acknowledged: Vec::new(),
            seen: Offsets::new(),
            shown: Offsets::new(),
            incidents: Vec::new(),
            refused: Vec::new(),
            incarnation: self.incarnation,
            rescued: self.rescued.clone(),
            mark: None,
            marks: Vec::new(),
            log_file_bytes: LOG_FILE_BYTES,
            keeps: None,
            failures: Vec::new(),
            blobs: self.blobs.as_ref().map(|blobs| blobs.copied(seed)),
        }
    }

    /// Another device proved that it has the same identity.
    pub(crate) fn met_clone(&mut self, now: Duration) -> Vec<Wish> {
        let Some(running) = &mut self.running else {
            return Vec::new();
        };
        if std::mem::replace(&mut running.has_met_clone, true) {
            return Vec::new();
        }
        self.begin_incarnation(now)
    }

    fn begin_incarnation(&mut self, now: Duration) -> Vec<Wish> {
        let Some(running) = &mut self.running else {
            return Vec::new();
        };
        // What the operating system gives is other bits each time; the instance is that too.
        let [a, b, c, d, e, f, g, h, ..] = running.instance;
        let random = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let random = random.wrapping_add(self.incarnation.get());
        self.incarnation = Incarnation::from_random(random);
        running.log.begin_incarnation(self.incarnation);
        self.step(now, Input::Incarnation(self.incarnation))
    }

    /// Publishes a branch of a stream again.
    fn rescue(&mut self, stream: StreamId, from: Offset, now: Duration) -> Result<()> {
        let timestamp = self.wall(now);
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let head = running.reader.head(stream).map(|head| head.last);
        let end = match self.rescued.get(&stream) {
            Some(rescued) if from >= *rescued => return Ok(()),
            Some(rescued) => Some(Offset::new(rescued.get() - 1)?),
            None => head,
        };
        let mut next = from;
        while let Some(end) = end.filter(|end| *end >= next)
            && let Some((publish, last)) = running.reader.read_again(stream, next, end)?
        {
            running.log.commit(&[publish], timestamp)?;
            running.is_news = true;
            next = last.advanced(1)?;
        }
        self.rescued.insert(stream, from);
        Ok(())
    }

    /// Opens the folder, and checks that nothing is gone that was seen before. It does not run yet
    /// if the disk of the blobs fails.
    pub(crate) fn start(&mut self, random: &mut Random) -> Result<()> {
        let blobs = match self.open_blobs(random)? {
            Opened::None => None,
            Opened::Open(side) => Some(*side),
            Opened::Failed => {
                if self.has_lost_power() {
                    self.crash(true)?;
                }
                return Ok(());
            }
        };
        let disk = Arc::new(SmallFiles {
            disk: self.disk.clone(),
            log_file_bytes: self.log_file_bytes,
            is_recycling: Arc::default(),
        });
        let retention = Retention {
            events_max: self.keeps,
            ..Retention::default()
        };
        let options = LogOptions {
            incarnation: self.incarnation,
            streams: [(StreamName::default_name(), retention)].into(),
            ..LogOptions::default()
        };
        let mut log = Log::open(disk, self.signer.clone(), options)?;
        let reader = log.reader();
        let members = self.members.clone();
        let members = members.ok_or_else(|| anyhow!("the device is no member"))?;
        let mut instance = [0; 16];
        instance.copy_from_slice(&random.bytes(16));
        let options = SyncOptions {
            instance,
            holds: vec!["*".parse().expect("a star is a pattern")],
            incarnation: self.incarnation,
            connections_max: usize::MAX,
            // Who is connected with whom is decided by the network of the simulation.
            is_meeting: false,
        };
        self.running = Some(Running {
            maintenance: log.maintenance().expect("the log was just opened"),
            sync: Sync::new(self.id, reader.clone(), members, options),
            reader,
            log,
            connections: BTreeSet::new(),
            storing: Vec::new(),
            is_news: false,
            instance,
            has_met_clone: false,
            blobs,
        });
        self.look()
    }

    /// Ends the process, or the power, in the middle of a commit: what was received is written and
    /// shown to readers, an event of its own is written, and nothing of it is synced. Says how many
    /// events were shown.
    pub(crate) fn crash(&mut self, is_power_loss: bool) -> Result<u64> {
        let mut shown = 0;
        if let Some(mut running) = self.running.take() {
            let runs: Vec<Run> = running.storing.drain(..).map(|(_, run)| run).collect();
            let durable = running.reader.durable();
            let own = call(&[String::new()])?;
            shown = running.log.append(&[own], &runs, Timestamp::MIN)?;
            for (stream, last) in running.reader.present().iter() {
                let is_own = stream.node == self.id && self.incarnation.has(stream.number);
                let is_early = is_own && durable.last(stream) != Some(last);
                ensure!(!is_early, "{stream} {last} was shown before its sync");
                self.shown.advance(stream, last);
            }
        }
        self.disk = match is_power_loss {
            true => self.disk.power_loss(),
            false => self.disk.kill(),
        };
        if let Some(blobs) = &mut self.blobs {
            blobs.crash(is_power_loss);
        }
        Ok(shown)
    }

    /// Publishes events of these sizes.
    pub(crate) fn publish(&mut self, sizes: &[usize], now: Duration) -> Result<()> {
        if self.running.is_none() {
            return Ok(());
        }
        let marks = sizes.iter().zip(self.marks.len()..);
        let marks = marks.filter_map(|(_, number)| {
            let mark = self.mark.as_ref()?;
            Some(format!("{mark} {number}"))
        });
        let marks: Vec<String> = marks.collect();
        let text = |(index, size): (usize, &usize)| {
            let mark = marks.get(index).map_or("", String::as_str);
            format!("{mark}{}", "x".repeat(*size))
        };
        let texts: Vec<String> = sizes.iter().enumerate().map(text).collect();
        self.commit_own(call(&texts)?, now)?;
        self.marks.extend(marks);
        Ok(())
    }

    /// Commits events of its own.
    pub(crate) fn commit_own(&mut self, call: Publish, now: Duration) -> Result<()> {
        let timestamp = self.wall(now);
        if let Some(running) = &mut self.running {
            let published = running.log.commit(&[call], timestamp)?;
            running.is_news = true;
            self.acknowledged.extend(published.into_iter().flatten());
        }
        Ok(())
    }

    /// Takes one step of the machine and does what it asks for.
    pub(crate) fn step(&mut self, now: Duration, input: Input) -> Vec<Wish> {
        let Some(running) = &mut self.running else {
            return Vec::new();
        };
        match &input {
            Input::Connected { session, .. } => drop(running.connections.insert(*session)),
            Input::Disconnected { session } => drop(running.connections.remove(session)),
            _ => {}
        }
        let happened = Happened::of(&input);
        let mut wishes = Vec::new();
        self.step_sync(now, input, &mut wishes);
        self.tell_blobs(happened);
        self.settle_blobs(now, &mut wishes);
        wishes
    }

    /// The step without what the exchange of blobs makes of it.
    pub(crate) fn step_sync(&mut self, now: Duration, input: Input, wishes: &mut Vec<Wish>) {
        let Some(running) = &mut self.running else {
            return;
        };
        let mut outputs = Vec::new();
        running.sync.step(now, input, &mut outputs);
        if let Some(what) = running.sync.holding().excess() {
            self.failures.push(anyhow!("too much memory: {what}"));
        }
        for output in outputs {
            self.pass_on(&output);
            self.carry_out(output, now, wishes);
        }
    }

    fn carry_out(&mut self, output: Output, now: Duration, wishes: &mut Vec<Wish>) {
        let Some(running) = &mut self.running else {
            return;
        };
        match output {
            Output::Send { session, frame } => wishes.push(Wish::Send(session, frame)),
            Output::Store { receipt, run } => running.storing.push((receipt, run)),
            Output::Close { session, reason } => {
                running.connections.remove(&session);
                if let CloseReason::Misbehaved(what) = reason {
                    self.refused.push(what);
                }
                wishes.push(Wish::Close(session));
            }
            Output::MembersChanged => self.members = Some(running.sync.members().clone()),
            Output::Dial(_)
            | Output::ContactsChanged
            | Output::Introduced { .. }
            | Output::Blobs { .. } => {}
            Output::NewIncarnation => wishes.extend(self.begin_incarnation(now)),
            Output::Rescue { stream, from } => {
                if let Err(error) = self.rescue(stream, from, now) {
                    self.failures.push(error);
                }
            }
            Output::Incident(incident) => self.incidents.push(incident),
        }
    }

    /// Learns that a device is out.
    pub(crate) fn revoke(&mut self, revocation: Revocation, now: Duration) -> Result<Vec<Wish>> {
        let Some(running) = &mut self.running else {
            return Ok(Vec::new());
        };
        let members = running.sync.members_mut();
        let revoked = members.revoke(revocation);
        revoked.map_err(|denial| anyhow!("{denial}"))?;
        self.members = Some(members.clone());
        Ok(self.step(now, Input::MembersChanged))
    }

    /// Commits what was received, and tells the machine.
    pub(crate) fn commit(&mut self, now: Duration) -> Result<Vec<Wish>> {
        let timestamp = self.wall(now);
        let Some(running) = &mut self.running else {
            return Ok(Vec::new());
        };
        let mut inputs = Vec::new();
        for (receipt, run) in std::mem::take(&mut running.storing) {
            let committed = running.log.commit_with(&[], &[run], timestamp);
            let outcome = committed.map(|committed| committed.received[0]);
            inputs.push(Input::Stored { receipt, outcome });
        }
        while running.maintenance.step(timestamp)?.is_some() {}
        running.is_news = false;
        inputs.push(Input::Committed);
        let wishes = inputs.into_iter().flat_map(|input| self.step(now, input));
        let wishes = wishes.collect();
        self.look()?;
        Ok(wishes)
    }

    /// Whether runs wait to be committed, or commits to be heard of.
    pub(crate) fn is_busy(&self) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| running.is_news || !running.storing.is_empty())
    }

    /// Checks that nothing has failed that was to be done.
    pub(crate) fn check_done(&mut self) -> Result<()> {
        self.failures.pop().map_or(Ok(()), Err)
    }

    /// Checks that no head has fallen.
    fn look(&mut self) -> Result<()> {
        self.check_done()?;
        let Some(running) = &self.running else {
            return Ok(());
        };
        let present = running.reader.present();
        let revocations = running.sync.members().authority().revocations();
        for (stream, last) in self.seen.iter() {
            let may_fall = revocations.is_revoked(stream.node);
            let has_fallen = !may_fall && !present.contains(stream, last);
            ensure!(!has_fallen, "{stream} fell below {last}");
            let name = running.reader.head(stream).map(|head| head.name);
            let is_secret = name.is_some_and(|name| name.as_str() == SECRET);
            ensure!(
                !is_secret,
                "{stream} was taken, though its author may not write it"
            );
        }
        self.seen = present;
        Ok(())
    }

    /// All events in their order, checked to be in it and without gap from where streams begin.
    pub(crate) fn events(&self) -> Result<Vec<Event>> {
        let Some(running) = &self.running else {
            return Ok(Vec::new());
        };
        let mut cursor = running.reader.query(&Query {
            selection: Selection::All,
            lower: Offsets::new(),
            upper: None,
            order: Order::Ascending,
        })?;
        let mut events: Vec<Event> = Vec::new();
        let mut offsets = Offsets::new();
        loop {
            let chunk = cursor.next_chunk(1000, usize::MAX)?;
            if chunk.is_empty() {
                return Ok(events);
            }
            for event in chunk {
                let key = event.key;
                ensure!(
                    events.last().is_none_or(|last| last.key < key),
                    "out of order"
                );
                let next = match offsets.last(key.stream) {
                    Some(last) => last.get() + 1,
                    None => running.reader.first(key.stream).get(),
                };
                ensure!(next == key.offset.get(), "gap at {key:?}");
                offsets.set(key.stream, key.offset);
                events.push(event);
            }
        }
    }

    fn wall(&self, now: Duration) -> Timestamp {
        Timestamp::from_micros(START_MICROS + self.skew + now.as_micros() as i64)
    }
}

/// Log files large enough for a run, small enough to be sealed in a run of the simulation.
const LOG_FILE_BYTES: u64 = 768 * 1024;

/// The year 2026.
const START_MICROS: i64 = 1_780_000_000_000_000;

/// A stream that nobody may write.
pub(crate) const SECRET: &str = "secret";

/// A call that publishes these texts.
fn call(texts: &[String]) -> Result<Publish> {
    let content = |(index, text): (usize, &String)| {
        let tags = Tags::new(["sim", if index == 0 { "first" } else { "other" }])?;
        Ok(Content::new(&tags, &Payload::from_serde(text)?))
    };
    let events = texts.iter().enumerate().map(content);
    let events = events.collect::<Result<Vec<_>>>()?;
    Ok(Publish::new(AppId::new("com.example.sim")?, events)?)
}
