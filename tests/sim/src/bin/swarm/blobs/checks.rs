//! What must hold of blobs when the network is quiet: whoever is to have one has it, nothing else
//! is left, and events came through meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use swarmlet_engine::blobs::exchange::limits::OUTSTANDING_MAX;
use swarmlet_engine::blobs::limits::PIECE_BYTES;
use swarmlet_engine::blobs::{BlobId, Hold};
use swarmlet_engine::event::{Offset, StreamId};
use swarmlet_engine::sync::SessionId;

use super::folder::BlobFolder;
use super::lying::Nature;
use super::there::There;
use crate::device::Device;
use crate::met::Met;
use crate::network::Place;
use crate::world::World;

impl World {
    /// Ends all trouble of blobs, and all lies that end.
    pub(crate) fn calm_blobs(&mut self) -> Result<()> {
        self.heal_disks(true);
        for place in 0..self.devices.len() {
            let folder = self.devices[place].blobs.as_ref();
            if folder.is_some_and(BlobFolder::needs_restart) {
                self.crash(place, true)?;
            }
        }
        let liar = self.blobbing.as_ref().and_then(|blobbing| blobbing.liar);
        if let Some(liar) = liar.filter(|liar| !liar.is_for_good) {
            // Others do not trust it any more in its sessions.
            self.crash(liar.place, false)?;
            let folders = self.devices.iter_mut().flat_map(|device| &mut device.blobs);
            folders.for_each(|folder| folder.nature = Nature::HONEST);
        }
        Ok(())
    }

    /// Everything that is damaged is read: nobody would find it otherwise.
    fn begin_last_readers(&mut self) {
        for place in 0..self.devices.len() {
            let folder = self.devices[place].blobs.as_ref();
            let flipped = folder.map(|folder| folder.flipped.clone());
            for blob in flipped.into_iter().flatten() {
                self.add_reader(place, blob, 0..u64::MAX);
            }
        }
    }

    /// Waits until everybody has what it is to have, and checks that.
    pub(crate) fn finish_blobs(&mut self) -> Result<()> {
        if self.blobbing.is_none() {
            return Ok(());
        }
        self.begin_last_readers();
        self.share_among_events()?;
        let expected = self.expected()?;
        let from = self.now;
        while let Some(what) = self.lacking(&expected) {
            ensure!(self.now - from < SETTLED_MAX, "{what}");
            self.pass(TICK)?;
        }
        self.trace.line(format_args!(
            "all blobs are there after {:?}",
            self.now - from
        ));
        self.check_blobs(&expected.whole)?;
        self.check_idle(&expected.whole)?;
        self.restart_blobs(&expected.whole)?;
        self.check_tally()
    }

    /// Who is to have which blobs: those that records say it holds, or readers read all of, if a
    /// neighbour has it, or is to have it, and may tell of it.
    fn expected(&self) -> Result<Expected> {
        let mut has = BTreeSet::new();
        let readers = || self.blobbing.iter().flat_map(|blobbing| &blobbing.readers);
        let of_all = readers().filter(|reader| reader.is_of_all);
        let mut wants: BTreeSet<(Place, BlobId)> =
            of_all.map(|reader| (reader.place, reader.blob)).collect();
        let mut serves = BTreeSet::new();
        for (place, device) in self.devices.iter().enumerate() {
            let (Some(folder), Some(side)) = (&device.blobs, device.side()) else {
                continue;
            };
            let there = There::on(&folder.disk)?;
            let recorded = device.recorded()?;
            for content in &folder.shelf.contents {
                let id = content.id;
                if there.has(content) {
                    has.insert((place, id));
                }
                if recorded.contains_key(&id) && folder.nature == Nature::HONEST {
                    serves.insert((place, id));
                }
                let is_held = recorded.get(&id).is_some_and(|holds| *holds);
                if is_held || side.holds.contains(&id) || side.resting.contains(&id) {
                    wants.insert((place, id));
                }
            }
        }
        let mut whole = has.clone();
        loop {
            let is_near = |(place, id): &(Place, BlobId)| {
                let mut others = 0..self.devices.len();
                others.any(|other| {
                    let key = (other, *id);
                    whole.contains(&key) && serves.contains(&key) && self.can_meet(*place, other)
                })
            };
            let new = wants.iter().filter(|key| !whole.contains(*key));
            let new: Vec<_> = new.filter(|key| is_near(key)).copied().collect();
            if new.is_empty() {
                let read = readers().map(|reader| (reader.place, reader.blob));
                let read = read.filter(|key| whole.contains(key) || is_near(key));
                let read = read.collect();
                return Ok(Expected { whole, read });
            }
            whole.extend(new);
        }
    }

    fn can_meet(&self, left: Place, right: Place) -> bool {
        let are_two = left != right && self.devices[left].id != self.devices[right].id;
        are_two && self.network.is_open(left, right)
    }

    /// What somebody waits for that is to come.
    fn lacking(&self, expected: &Expected) -> Option<String> {
        let readers = self.blobbing.iter().flat_map(|blobbing| &blobbing.readers);
        for reader in readers {
            if expected.read.contains(&(reader.place, reader.blob)) {
                return Some(format!("{reader:?} waits"));
            }
        }
        for (place, blob) in &expected.whole {
            let side = self.devices[*place].side();
            let is_open = |blob: &BlobId| {
                side.is_none_or(|side| side.is_wanted(*blob) || side.resting.contains(blob))
            };
            if is_open(blob) {
                return Some(format!("{place} lacks {blob}"));
            }
        }
        let mut sides = self.devices.iter().filter_map(Device::side);
        let is_busy = sides.any(|side| !side.is_quiet());
        is_busy.then(|| "there is something left to do".to_owned())
    }

    fn check_blobs(&mut self, expected: &BTreeSet<(Place, BlobId)>) -> Result<()> {
        for place in 0..self.devices.len() {
            let Some(folder) = &mut self.devices[place].blobs else {
                continue;
            };
            let there = There::on(&folder.disk)?;
            folder
                .check(&there)
                .with_context(|| format!("at {place}"))?;
            let expected = expected.iter().filter(|(at, _)| *at == place);
            for (_, blob) in expected {
                let content = folder.shelf.find(*blob).context("a blob on the shelf")?;
                ensure!(there.has(content), "{place} has not got {blob}");
            }
        }
        Ok(())
    }

    /// Nobody remembers anything of what is done, once sessions have ended that were cut.
    fn check_idle(&mut self, expected: &BTreeSet<(Place, BlobId)>) -> Result<()> {
        self.end_all_readers();
        let from = self.now;
        while let Some(what) = self.remembering(expected) {
            ensure!(self.now - from < IDLE_MAX, "{what}");
            self.pass(TICK)?;
        }
        Ok(())
    }

    /// What is remembered of what is done.
    fn remembering(&self, expected: &BTreeSet<(Place, BlobId)>) -> Option<String> {
        let sides = || self.devices.iter().filter_map(Device::side);
        let is_waited = sides().any(|side| !side.holds.is_empty() || !side.resting.is_empty());
        for (place, side) in self.devices.iter().map(Device::side).enumerate() {
            let Some(side) = side else {
                return Some(format!("{place} does not run"));
            };
            let mut wanted = side.holds.union(&side.resting);
            if wanted.any(|blob| expected.contains(&(place, *blob))) {
                return Some(format!("{place} still wants what it has"));
            }
            let held = side.exchange.holding();
            let moving = held.flying + held.storing + held.lookups + held.fetches + held.encoding;
            let is_idle = moving == 0 && held.wanted == side.holds.len();
            // What nobody has is asked for all the time.
            let remembered = held.sources + held.watches + held.unanswered;
            let is_free = remembered == 0 || is_waited;
            if !(is_idle && is_free || self.is_lied_to()) {
                return Some(format!("{place} remembers {held:?}"));
            }
        }
        None
    }

    /// Whether somebody lies to the end.
    fn is_lied_to(&self) -> bool {
        let liar = self.blobbing.as_ref().and_then(|blobbing| blobbing.liar);
        liar.is_some_and(|liar| liar.is_for_good)
    }

    fn end_all_readers(&mut self) {
        let Some(blobbing) = &mut self.blobbing else {
            return;
        };
        for reader in std::mem::take(&mut blobbing.readers) {
            reader.end(&mut self.devices[reader.place]);
        }
    }

    /// After a restart everything is still there, nothing else is, and nothing is fetched again.
    fn restart_blobs(&mut self, expected: &BTreeSet<(Place, BlobId)>) -> Result<()> {
        for place in 0..self.devices.len() {
            let is_power_loss = self.random.percent(50);
            self.crash(place, is_power_loss)?;
            self.devices[place].start(&mut self.random)?;
            let folder = self.devices[place].blobs.as_mut().context("blobs")?;
            There::on(&folder.disk)?.check_tidy()?;
        }
        self.check_blobs(expected)?;
        let stored = |world: &Self| -> u64 {
            let folders = world.devices.iter().flat_map(|device| &device.blobs);
            folders.map(|folder| folder.tally.stored).sum()
        };
        let before = stored(self);
        let until = self.now + Duration::from_secs(1);
        while self.now < until {
            self.pass(TICK)?;
        }
        let more = stored(self) - before;
        // A liar gives a piece now and then.
        ensure!(
            more == 0 || self.is_lied_to(),
            "{more} pieces are fetched again"
        );
        Ok(())
    }

    /// A large blob is stored, and while it is fetched events are published: they come through.
    fn share_among_events(&mut self) -> Result<()> {
        let Some(blobbing) = &mut self.blobbing else {
            return Ok(());
        };
        let Some(large) = blobbing.shelf.contents.last().map(|content| content.id) else {
            return Ok(());
        };
        if !blobbing.random.percent(60) {
            return Ok(());
        }
        let place = blobbing.random.below(self.devices.len() as u64) as Place;
        self.begin_import(place, large, Hold::Everyone);
        let until = self.now + Duration::from_secs(3);
        let mut probe: Option<Probe> = None;
        while self.now < until || probe.is_some() {
            self.pass(TICK)?;
            // It is not looked how long disks take.
            self.commit_some(100)?;
            probe = match probe {
                None => self.begin_probe(place)?,
                Some(probe) => self.look_for(probe)?,
            };
        }
        Ok(())
    }

    /// Publishes an event if pieces are on their way from there.
    fn begin_probe(&mut self, place: Place) -> Result<Option<Probe>> {
        let sessions = self.network.sessions(place).into_iter();
        let is_asking = |(session, other): &(SessionId, Place)| {
            let other = self.devices.get(*other);
            other.is_some_and(|other| other.asked(*session) > 0)
        };
        let missing = sessions.filter(is_asking).map(|(_, other)| other);
        let missing: Vec<Place> = missing.collect();
        if missing.is_empty() {
            return Ok(None);
        }
        let device = &mut self.devices[place];
        device.publish(&[50], self.now)?;
        let event = device.acknowledged.last().context("it was published")?;
        self.trace
            .line(format_args!("{:?} {place} publishes among blobs", self.now));
        Ok(Some(Probe {
            stream: event.key.stream,
            offset: event.key.offset,
            at: self.now,
            missing,
        }))
    }

    /// Looks who has an event by now; gives it back if somebody has not.
    fn look_for(&mut self, mut probe: Probe) -> Result<Option<Probe>> {
        let waited = self.now - probe.at;
        ensure!(
            waited <= self.event_patience(),
            "an event takes {waited:?} among blobs"
        );
        probe.missing.retain(|place| {
            let running = self.devices[*place].running.as_ref();
            let present = running.map(|running| running.reader.present());
            !present.is_some_and(|present| present.contains(probe.stream, probe.offset))
        });
        if probe.missing.is_empty() {
            self.coverage.note(Met::BlobAmongEvents);
            return Ok(None);
        }
        Ok(Some(probe))
    }

    /// How long an event may take to a neighbour.
    fn event_patience(&self) -> Duration {
        let rate = self.network.bytes_per_second.unwrap_or(u64::MAX);
        let queue = Duration::from_micros(QUEUE_BYTES * 1_000_000 / rate);
        let way = Duration::from_millis(self.network.weather.delay_ms_max);
        queue + way + COMMITS_MAX
    }

    /// Hardly anything came that was not needed.
    fn check_tally(&mut self) -> Result<()> {
        for (place, device) in self.devices.iter().enumerate() {
            if let Some(folder) = &device.blobs {
                let tally = folder.tally;
                self.trace.line(format_args!("{place}: {tally:?}"));
                let is_little = tally.received <= 2 * tally.stored + WASTED_MAX;
                ensure!(is_little, "too much came to {place}: {tally:?}");
                folder.met.iter().for_each(|met| self.coverage.note(*met));
            }
        }
        Ok(())
    }
}

/// What is to come.
struct Expected {
    /// Who is to have which blobs, all of them.
    whole: BTreeSet<(Place, BlobId)>,
    /// Who is to have what somebody there reads of which blobs.
    read: BTreeSet<(Place, BlobId)>,
}

/// An event that is on its way among blobs.
struct Probe {
    stream: StreamId,
    offset: Offset,
    at: Duration,
    /// Who has not got it.
    missing: Vec<Place>,
}

const TICK: Duration = Duration::from_millis(10);

/// Longer than all that is waited for: peers that refused or did not answer are asked again.
const SETTLED_MAX: Duration = Duration::from_secs(240);

/// Longer than a session is silent until it ends.
const IDLE_MAX: Duration = Duration::from_secs(8);

/// Pieces that come in vain, at most: what was on its way at two cuts. Of each piece that is late,
/// or among the last ones, two may come.
const WASTED_MAX: u64 = 2 * OUTSTANDING_MAX as u64;

/// Bytes that may be before an event on a link: less than two pieces, and one more.
const QUEUE_BYTES: u64 = 3 * PIECE_BYTES;

/// How long it may take until it is looked at, at both ends.
const COMMITS_MAX: Duration = Duration::from_millis(50);
