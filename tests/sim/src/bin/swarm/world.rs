//! One run: devices, the network between them, chance, and what must hold.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use swarmlet_engine::event::{Event, NodeId, Offset, Offsets, StreamId};
use swarmlet_engine::sync::{Incident, Input, SessionId};
use swarmlet_sim::coverage::Coverage;
use swarmlet_sim::random::Random;
use swarmlet_sim::seeds;
use swarmlet_sim::trace::Trace;

use crate::blobs::Blobbing;
use crate::certified;
use crate::copying::Copying;
use crate::device::{Device, Wish};
use crate::evil::{Evil, evil_id};
use crate::found::FOUND;
use crate::met::Met;
use crate::network::{Arrival, Network, Place, Weather};
use crate::retaining::Retaining;

/// A run in progress.
pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) now: Duration,
    pub(crate) devices: Vec<Device>,
    pub(crate) network: Network,
    evil: Option<Evil>,
    pub(crate) copying: Option<Copying>,
    pub(crate) retaining: Option<Retaining>,
    pub(crate) blobbing: Option<Blobbing>,
    pub(crate) trace: Trace,
    pub(crate) coverage: Coverage<Met>,
}

impl seeds::World for World {
    type Met = Met;
    const MET: &'static [Met] = Met::ALL;
    const FOUND: &'static [(u64, &'static str)] = FOUND;
    const COMMAND: &'static str = "cargo run -p swarmlet-sim --bin swarm --";

    fn new(seed: u64, is_traced: bool) -> Self {
        let mut random = Random::new(seed);
        let count = 2 + random.below(4);
        let mut coverage = Coverage::default();
        let mut devices = Vec::new();
        for number in 0..count {
            let is_skewed = random.percent(30);
            let skew = if is_skewed {
                random.below(20 * YEAR_MICROS) as i64 - 10 * YEAR_MICROS as i64
            } else {
                0
            };
            if is_skewed {
                coverage.note(Met::Skewed);
            }
            devices.push(Device::new(seed, number as u8 + 1, skew));
        }
        let mut world = Self {
            random,
            now: Duration::ZERO,
            devices,
            network: Network::default(),
            evil: None,
            copying: None,
            retaining: None,
            blobbing: None,
            trace: Trace::new(is_traced),
            coverage,
        };
        world.certify();
        world.draw_weather();
        world.draw_topology();
        if world.random.percent(40) {
            world.coverage.note(Met::Evil);
            world.evil = Some(Evil::new(&mut world.random));
        }
        world.draw_copying(seed);
        world.draw_retaining(seed);
        world.draw_blobs(seed);
        world
    }

    /// Some bad time, then quiet; in the end all have the same.
    fn run(&mut self) -> Result<()> {
        for place in 0..self.devices.len() {
            self.devices[place].start(&mut self.random)?;
        }
        self.draw_backlog()?;
        let bad_until = Duration::from_millis(500 + self.random.below(4_000));
        while self.now < bad_until {
            self.befall()?;
            self.copy_if_due()?;
            self.retain()?;
            self.shake_blobs()?;
            self.pass(Duration::from_millis(10))?;
        }
        self.calm_down()?;
        let quiet_from = self.now;
        while !self.is_converged() {
            let waited = self.now - quiet_from;
            ensure!(
                waited < CONVERGENCE_MAX,
                "no convergence: {}",
                self.differences()
            );
            self.pass(Duration::from_millis(10))?;
        }
        self.trace
            .line(format!("converged after {:?}", self.now - quiet_from));
        // Offsets are equal; whether heads are too is known once all have told each other.
        let settled_at = self.now + self.settled_after();
        while self.now < settled_at {
            self.pass(Duration::from_millis(10))?;
        }
        ensure!(
            self.is_converged(),
            "converged, but did not stay so: {}",
            self.differences()
        );
        self.check()?;
        self.finish_blobs()
    }

    fn trace(&self) -> &Trace {
        &self.trace
    }

    fn coverage(&self) -> &Coverage<Met> {
        &self.coverage
    }

    fn events(&self) -> u64 {
        let devices = self.devices.iter();
        devices.map(|device| device.acknowledged.len() as u64).sum()
    }
}

impl World {
    /// Everybody may do everything, but for the evil one.
    fn certify(&mut self) {
        let devices = self.devices.iter().map(|device| (device.id, "rw:default"));
        let all: Vec<_> = devices.chain([(evil_id(), "r:*,w:default")]).collect();
        let members = certified::swarm(&all);
        for device in &mut self.devices {
            device.members = Some(members.clone());
        }
    }

    fn draw_weather(&mut self) {
        let random = &mut self.random;
        let mut rate = |percent| match random.percent(percent) {
            true => random.up_to(20),
            false => 0,
        };
        let (loss, repeat, reorder) = (rate(30), rate(30), rate(30));
        self.network.weather = Weather {
            delay_ms_max: self.random.skewed(100),
            loss_per_mille: loss,
            repeat_per_mille: repeat,
            reorder_per_mille: reorder,
        };
        let drawn = [
            (loss, Met::Loss),
            (repeat, Met::Repeated),
            (reorder, Met::Reordered),
        ];
        let drawn = drawn.iter().filter(|(rate, _)| *rate > 0);
        for (_, met) in drawn {
            self.coverage.note(*met);
        }
    }

    /// All can reach all, or they form a line, so that those at its ends need the others.
    fn draw_topology(&mut self) {
        if self.devices.len() > 2 && self.random.percent(40) {
            self.coverage.note(Met::Apart);
            for left in 0..self.devices.len() {
                for right in left + 2..self.devices.len() {
                    self.network.separate(left, right);
                }
            }
        }
    }

    /// What a device has already when it meets the others.
    fn draw_backlog(&mut self) -> Result<()> {
        if self.random.percent(25) {
            self.coverage.note(Met::Backlog);
            let place = self.random.below(self.devices.len() as u64) as Place;
            for _ in 0..self.random.up_to(30) {
                let sizes = vec![self.random.skewed(60_000) as usize; 3];
                self.devices[place].publish(&sizes, self.now)?;
            }
        }
        Ok(())
    }

    /// Something happens, or not.
    fn befall(&mut self) -> Result<()> {
        let count = self.devices.len() as u64;
        let place = self.random.below(count) as Place;
        let other = self.random.below(count) as Place;
        match self.random.below(100) {
            0..25 => {
                let events = self.random.up_to(4);
                let sizes: Vec<usize> = (0..events)
                    .map(|_| self.random.skewed(3_000) as usize)
                    .collect();
                self.trace
                    .line(format!("{:?} {place} publishes {sizes:?}", self.now));
                self.devices[place].publish(&sizes, self.now)?;
            }
            25..27 if self.devices[place].running.is_some() => {
                let is_power_loss = self.random.percent(50);
                let met = if is_power_loss {
                    Met::PowerLoss
                } else {
                    Met::Kill
                };
                self.coverage.note(met);
                self.trace.line(format!("{:?} {place} {met:?}", self.now));
                self.crash(place, is_power_loss)?;
            }
            27..32 if self.devices[place].running.is_none() => {
                self.trace.line(format!("{:?} {place} starts", self.now));
                self.devices[place].start(&mut self.random)?;
            }
            32..34 if place != other => {
                self.coverage.note(Met::Cut);
                self.trace
                    .line(format!("{:?} cut {place} {other}", self.now));
                self.note_cut(place, other);
                self.network.cut(place, other);
                self.network.cut(other, place);
            }
            34..36 if place != other => {
                self.coverage.note(Met::CutOneWay);
                self.trace
                    .line(format!("{:?} cut {place} to {other}", self.now));
                self.note_cut(place, other);
                self.network.cut(place, other);
            }
            36..40 if self.network.is_cut() => {
                self.trace.line(format!("{:?} heal", self.now));
                self.network.heal();
            }
            40..46 if self.evil.is_some() => self.do_evil(place)?,
            46 if self.evil.is_some() && self.random.percent(30) => {
                self.coverage.note(Met::Revoked);
                self.trace
                    .line(format!("{:?} {place} revokes evil", self.now));
                let revocation = certified::revocation(evil_id(), &self.devices[place].seen);
                let wishes = self.devices[place].revoke(revocation, self.now)?;
                self.fulfil(place, wishes);
            }
            _ => {}
        }
        Ok(())
    }

    /// A device ends, in the middle of whatever it does.
    pub(crate) fn crash(&mut self, place: Place, is_power_loss: bool) -> Result<()> {
        self.note_end(place, is_power_loss);
        if self.devices[place].crash(is_power_loss)? > 0 {
            self.coverage.note(Met::ShownUnsynced);
        }
        self.network.close_all(self.now, place);
        Ok(())
    }

    fn calm_down(&mut self) -> Result<()> {
        self.trace.line(format!("{:?} quiet", self.now));
        self.network.heal();
        self.network.weather = Weather {
            delay_ms_max: self.network.weather.delay_ms_max,
            ..Weather::default()
        };
        self.evil = None;
        self.calm_blobs()?;
        for device in &mut self.devices {
            if device.running.is_none() {
                device.start(&mut self.random)?;
            }
        }
        Ok(())
    }

    /// Lets time pass: frames arrive, runs are committed, machines tick, connections are made.
    pub(crate) fn pass(&mut self, span: Duration) -> Result<()> {
        let until = self.now + span;
        while let Some(at) = self.network.next_at().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            while let Some(arrival) = self.network.arrived(self.now) {
                self.arrive(arrival)?;
            }
            self.commit_some(50)?;
            self.work_on_blobs()?;
        }
        self.now = until;
        self.commit_some(50)?;
        self.work_on_blobs()?;
        self.use_blobs()?;
        self.connect_some()?;
        for place in 0..self.devices.len() {
            self.step(place, Input::Tick)?;
            self.devices[place].check_done()?;
        }
        Ok(())
    }

    fn arrive(&mut self, arrival: Arrival) -> Result<()> {
        let (to, session, input) = match arrival {
            Arrival::Frame {
                to,
                connection: session,
                bytes: frame,
            } => (to, session, Input::Received { session, frame }),
            Arrival::Closed {
                to,
                connection: session,
            } => (to, session, Input::Disconnected { session }),
            Arrival::Written {
                to,
                connection: session,
                bytes,
            } => (to, session, Input::Sent { session, bytes }),
        };
        if to == EVIL {
            return self.evil_hears(session, input);
        }
        let is_open = self.devices[to]
            .running
            .as_ref()
            .is_some_and(|running| running.connections.contains(&session));
        if is_open {
            self.step(to, input)?;
        }
        Ok(())
    }

    pub(crate) fn commit_some(&mut self, percent: u64) -> Result<()> {
        for place in 0..self.devices.len() {
            if self.devices[place].is_busy() && self.random.percent(percent) {
                let wishes = self.devices[place].commit(self.now)?;
                self.fulfil(place, wishes);
            }
        }
        Ok(())
    }

    fn connect_some(&mut self) -> Result<()> {
        for left in 0..self.devices.len() {
            for right in left + 1..self.devices.len() {
                let are_running = [left, right].map(|place| self.devices[place].running.is_some());
                if are_running != [true, true]
                    || self.is_on_the_way(right)
                    || self.is_away(left)
                    || self.is_away(right)
                    || self.network.is_connected(left, right)
                    || !self.random.percent(20)
                {
                    continue;
                }
                if self.devices[left].id == self.devices[right].id {
                    self.meet_clone(left, right);
                    continue;
                }
                if let Some(session) = self.network.connect(left, right) {
                    for (place, other) in [(left, right), (right, left)] {
                        let peer = self.devices[other].id;
                        self.step(place, Input::Connected { session, peer })?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn step(&mut self, place: Place, input: Input) -> Result<()> {
        let wishes = self.devices[place].step(self.now, input);
        self.fulfil(place, wishes);
        Ok(())
    }

    pub(crate) fn fulfil(&mut self, place: Place, wishes: Vec<Wish>) {
        for note in self.devices[place].blob_notes() {
            self.trace.line(format_args!("{place}: {note}"));
        }
        let mut written = Vec::new();
        for wish in wishes {
            match wish {
                Wish::Send(session, frame) => {
                    self.trace.bytes(&frame);
                    // A link that takes its time says itself when it has taken a frame.
                    if self.network.bytes_per_second.is_none() {
                        written.push((session, frame.len()));
                    }
                    self.network
                        .send(self.now, place, session, frame, &mut self.random);
                }
                Wish::Close(session) => {
                    self.trace
                        .line(format!("{:?} {place} closes {}", self.now, session.0));
                    self.network.close(self.now, place, session);
                }
            }
        }
        // The connection takes what is sent at once; what follows is sent behind all of it.
        for (session, bytes) in written {
            let wishes = self.devices[place].step(self.now, Input::Sent { session, bytes });
            self.fulfil(place, wishes);
        }
    }

    /// The evil member connects to a device, or says something to it.
    fn do_evil(&mut self, place: Place) -> Result<()> {
        let Some(evil) = &mut self.evil else {
            return Ok(());
        };
        let session = match evil.session(place) {
            Some(session) => session,
            None => {
                let Some(session) = self.network.connect(EVIL, place) else {
                    return Ok(());
                };
                evil.connected(place, session);
                let peer = evil.id();
                if self.devices[place].running.is_none() {
                    return Ok(());
                }
                self.step(place, Input::Connected { session, peer })?;
                session
            }
        };
        let streams = self.devices[place].seen.clone();
        let Some(evil) = &mut self.evil else {
            return Ok(());
        };
        let (strategy, frames) = evil.speak(place, &streams, &mut self.random);
        self.trace
            .line(format!("{:?} evil: {strategy:?} to {place}", self.now));
        for frame in frames {
            self.network
                .send(self.now, EVIL, session, frame, &mut self.random);
        }
        Ok(())
    }

    fn evil_hears(&mut self, session: SessionId, input: Input) -> Result<()> {
        let Some(evil) = &mut self.evil else {
            return Ok(());
        };
        if matches!(input, Input::Disconnected { .. }) {
            evil.disconnected(session);
            self.coverage.note(Met::EvilRefused);
        }
        Ok(())
    }

    fn is_converged(&self) -> bool {
        let is_quiet = self.devices.iter().all(|device| !device.is_busy());
        let parted = self.parted();
        let present = |device: &Device| {
            let running = device.running.as_ref()?;
            let present = running.reader.present();
            let is_whole = |stream: &(StreamId, Offset)| !parted.contains(&stream.0);
            Some(present.iter().filter(is_whole).collect::<Vec<_>>())
        };
        let first = present(&self.devices[0]);
        is_quiet && self.devices.iter().all(|device| present(device) == first)
    }

    /// Longer than it takes to announce heads, to ask for proof, and to be answered; and to publish
    /// a megabyte again.
    fn settled_after(&self) -> Duration {
        match (&self.copying, &self.retaining) {
            (Some(_), Some(_)) => Duration::from_secs(6),
            _ => Duration::from_secs(2),
        }
    }

    /// Streams of which somebody has seen two branches.
    fn forked(&self) -> BTreeSet<StreamId> {
        let incidents = self.devices.iter().flat_map(|device| &device.incidents);
        let forked = incidents.filter_map(|incident| match incident {
            Incident::Forked { stream, .. } => Some(*stream),
            _ => None,
        });
        forked.collect()
    }

    /// Streams of which not all have the same: there are two branches, or their author has a part
    /// that others had not, and has published it again.
    fn parted(&self) -> BTreeSet<StreamId> {
        let rescued = self.devices.iter().flat_map(|device| device.rescued.keys());
        let mut parted = self.forked();
        parted.extend(rescued);
        parted
    }

    fn differences(&self) -> String {
        let count = |device: &Device| {
            let running = device.running.as_ref();
            let present = running.map(|running| running.reader.present());
            let streams = present.iter().flat_map(|present| {
                let texts = present.iter().map(|(stream, last)| {
                    let first =
                        running.map_or(Offset::ZERO, |running| running.reader.first(stream));
                    format!("{}:{first}-{last}", &stream.to_string()[..6])
                });
                texts.collect::<Vec<_>>()
            });
            streams.collect::<Vec<_>>().join(" ")
        };
        let counts: Vec<String> = self.devices.iter().map(count).collect();
        counts.join(" | ")
    }

    /// Equal logs, and everything acknowledged is in them.
    fn check(&mut self) -> Result<()> {
        let logs = self.devices.iter().map(Device::events);
        let mut logs = logs.collect::<Result<Vec<_>>>()?;
        self.check_marks(&logs)?;
        self.kept_by_all(&mut logs)?;
        let (forked, parted) = (self.forked(), self.parted());
        let whole = |log: &Vec<Event>| {
            let is_whole = |event: &&Event| !parted.contains(&event.key.stream);
            log.iter().filter(is_whole).cloned().collect::<Vec<_>>()
        };
        let Some(first) = logs.first().map(whole) else {
            bail!("no devices");
        };
        for log in &logs {
            ensure!(whole(log) == first, "logs differ though offsets are equal");
        }
        let copied = self.copying.map(|copying| self.devices[copying.place].id);
        for stream in &forked {
            let is_known = stream.node == evil_id() || Some(stream.node) == copied;
            ensure!(is_known, "{stream} is forked, though its author is honest");
        }
        for device in &self.devices {
            if !device.rescued.is_empty() {
                self.coverage.note(Met::Rescued);
            }
            if device.rescued.values().any(|from| *from == Offset::ZERO) {
                self.coverage.note(Met::GapOfOwn);
            }
            let whole = device.acknowledged.iter();
            for published in whole.filter(|event| !parted.contains(&event.key.stream)) {
                if published.key.offset < self.first_at_author(published.key.stream) {
                    continue;
                }
                let found = first.binary_search_by_key(&published.key, |event| event.key);
                let index = found.map_err(|_| anyhow::anyhow!("{published:?} is lost"))?;
                ensure!(
                    first[index].timestamp == published.timestamp,
                    "another time"
                );
            }
            if !device.refused.is_empty() {
                self.coverage.note(Met::SessionRefused);
            }
        }
        self.check_shown(&first, copied)?;
        self.trace.line(format!("{} events", first.len()));
        Ok(())
    }

    /// What readers saw is everywhere, also if the power went off before it was durable.
    fn check_shown(&self, log: &[Event], copied: Option<NodeId>) -> Result<()> {
        let keys = log.iter().map(|event| event.key);
        let offsets: Offsets = keys.map(|key| (key.stream, key.offset)).collect();
        for (stream, last) in self.devices.iter().flat_map(|device| device.shown.iter()) {
            // Of two branches somebody may have seen the one that nobody else has.
            let has_branches = stream.node == evil_id() || Some(stream.node) == copied;
            let is_there = has_branches || offsets.contains(stream, last);
            ensure!(is_there, "{stream} {last} was shown and is lost");
        }
        Ok(())
    }
}

/// The place of the evil member.
pub(crate) const EVIL: Place = usize::MAX;

/// Longer than five nodes in a row wait, one after the other, before they begin behind a gap.
const CONVERGENCE_MAX: Duration = Duration::from_secs(240);

const YEAR_MICROS: u64 = 365 * 24 * 3600 * 1_000_000;
