//! What befalls the blobs of a run: who stores and reads which, and what fails meanwhile.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use swarmlet_engine::blobs::limits::{FREE_BYTES_KEPT, PIECE_BYTES};
use swarmlet_engine::blobs::{BlobId, Hold};
use swarmlet_engine::storage::sim::{Fault, FaultPlan};
use swarmlet_engine::storage::{FileName, Folder};
use swarmlet_sim::random::Random;

use super::folder::BlobFolder;
use super::lying::Nature;
use super::reading::{Read, Reader};
use super::shelf::Shelf;
use super::there::There;
use crate::met::Met;
use crate::network::Place;
use crate::world::World;

/// The blobs of a run, and who reads them.
pub(crate) struct Blobbing {
    /// Chance of its own, so that other seeds mean what they meant.
    pub(super) random: Random,
    pub(super) shelf: Arc<Shelf>,
    pub(super) readers: Vec<Reader>,
    readers_made: u64,
    /// What can go wrong in this run.
    troubles: Vec<Trouble>,
    pub(super) liar: Option<Liar>,
}

/// Who lies, and whether it does so in the end too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Liar {
    pub(super) place: Place,
    pub(super) is_for_good: bool,
}

/// What goes wrong on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Full,
    Faults,
    FailedSync,
    PowerLoss,
    Flip,
}

impl World {
    /// Draws what there is of blobs.
    pub(crate) fn draw_blobs(&mut self, seed: u64) {
        let mut random = Random::new(seed ^ BLOBS);
        if !random.percent(BLOBS_PERCENT) {
            return;
        }
        self.coverage.note(Met::Blobs);
        let shelf = Shelf::draw(&mut random);
        for device in &mut self.devices {
            device.blobs = Some(BlobFolder::new(random.next(), shelf.clone()));
        }
        // Who keeps little publishes more than a slow link takes.
        if self.retaining.is_none() {
            self.network.bytes_per_second = Some(*random.pick(&BYTES_PER_SECOND));
        }
        let all = [
            Trouble::Full,
            Trouble::Faults,
            Trouble::FailedSync,
            Trouble::PowerLoss,
            Trouble::Flip,
        ];
        let troubles = all.into_iter().filter(|_| random.percent(50)).collect();
        let liar = random.percent(75).then(|| self.draw_liar(&mut random));
        self.blobbing = Some(Blobbing {
            random,
            shelf,
            readers: Vec::new(),
            readers_made: 0,
            troubles,
            liar,
        });
    }

    fn draw_liar(&mut self, random: &mut Random) -> Liar {
        let place = random.below(self.devices.len() as u64) as Place;
        let nature = Nature::draw(random);
        let id = self.devices[place].id;
        for (at, device) in self.devices.iter_mut().enumerate() {
            if let Some(folder) = &mut device.blobs {
                folder.liar = Some(id);
                if at == place {
                    folder.nature = nature;
                }
            }
        }
        // Whoever needs it to reach others must be able to rely on it in the end.
        let is_for_good = !nature.is_noisy() && !self.network.is_apart() && random.percent(50);
        Liar { place, is_for_good }
    }

    /// Something happens to blobs, or not.
    pub(crate) fn shake_blobs(&mut self) -> Result<()> {
        let Some(blobbing) = &mut self.blobbing else {
            return Ok(());
        };
        let place = blobbing.random.below(self.devices.len() as u64) as Place;
        let what = blobbing.random.below(100);
        let trouble = match blobbing.troubles.is_empty() {
            true => None,
            false => Some(*blobbing.random.pick(&blobbing.troubles)),
        };
        let blob = blobbing.random.pick(&blobbing.shelf.contents).id;
        match what {
            0..8 => {
                let hold = match blobbing.random.percent(60) {
                    true => Hold::Everyone,
                    false => Hold::OnDemand,
                };
                self.begin_import(place, blob, hold);
            }
            8..16 => self.begin_reader(place, blob),
            16 => self.end_reader(),
            17..22 => {
                if let Some(trouble) = trouble {
                    self.trouble(place, trouble)?;
                }
            }
            22 if self.chance(50) => self.end_source(place)?,
            _ => {}
        }
        self.heal_disks(false);
        Ok(())
    }

    /// A device ends, if somebody fetches from it.
    fn end_source(&mut self, place: Place) -> Result<()> {
        if self.is_source(place) {
            let is_power_loss = self.chance(30);
            self.trace.line(format_args!(
                "{:?} {place} ends, power loss: {is_power_loss}",
                self.now
            ));
            self.crash(place, is_power_loss)?;
        }
        Ok(())
    }

    /// Whether pieces are on their way from a device.
    fn is_source(&self, place: Place) -> bool {
        let sessions = self.network.sessions(place).into_iter();
        let asked = sessions.map(|(session, other)| {
            let other = self.devices.get(other);
            other.map_or(0, |other| other.asked(session))
        });
        asked.sum::<u64>() > 0
    }

    /// A device begins to store a blob.
    pub(super) fn begin_import(&mut self, place: Place, blob: BlobId, hold: Hold) {
        self.trace.line(format_args!(
            "{:?} {place} stores {blob} for {hold:?}",
            self.now
        ));
        self.devices[place].begin_import(blob, hold);
    }

    /// Somebody begins to read all of a blob, or a part.
    fn begin_reader(&mut self, place: Place, blob: BlobId) {
        let Some(blobbing) = &mut self.blobbing else {
            return;
        };
        if self.devices[place].running.is_none() || blobbing.readers.len() == READERS_MAX {
            return;
        }
        let start = match blobbing.random.percent(60) {
            true => 0,
            false => blobbing.random.below(10 * PIECE_BYTES),
        };
        let end = match blobbing.random.percent(70) {
            true => u64::MAX,
            false => start + blobbing.random.below(5 * PIECE_BYTES),
        };
        self.add_reader(place, blob, start..end);
    }

    /// Somebody begins to read these bytes.
    pub(super) fn add_reader(&mut self, place: Place, blob: BlobId, range: Range<u64>) {
        if let Some(blobbing) = &mut self.blobbing {
            self.trace
                .line(format_args!("{:?} {place} reads {blob}", self.now));
            blobbing.readers_made += 1;
            let reader = Reader::new(place, blobbing.readers_made, blob, range);
            blobbing.readers.push(reader);
        }
    }

    fn end_reader(&mut self) {
        let Some(blobbing) = &mut self.blobbing else {
            return;
        };
        if !blobbing.readers.is_empty() {
            let at = blobbing.random.below(blobbing.readers.len() as u64) as usize;
            let reader = blobbing.readers.swap_remove(at);
            reader.end(&mut self.devices[reader.place]);
        }
    }

    fn trouble(&mut self, place: Place, trouble: Trouble) -> Result<()> {
        let now = self.now;
        if trouble == Trouble::Flip {
            return self.flip(place);
        }
        let Some((blobbing, folder)) = self
            .blobbing
            .as_mut()
            .zip(self.devices[place].blobs.as_mut())
        else {
            return Ok(());
        };
        let random = &mut blobbing.random;
        self.trace
            .line(format_args!("{now:?} {trouble:?} at {place}"));
        match trouble {
            Trouble::Full => {
                let pages = |bytes: &Vec<u8>| bytes.len().div_ceil(4096) as u64 * 4096;
                let used: u64 = folder.disk.files().values().map(pages).sum();
                let kept = if random.percent(70) {
                    FREE_BYTES_KEPT
                } else {
                    0
                };
                let more = random.skewed(20 * PIECE_BYTES);
                folder.disk.set_bytes_capacity(Some(used + kept + more));
                folder.is_full = true;
            }
            Trouble::Faults => {
                let mut rate = |rate| *random.pick(&[0, rate / 8, rate]);
                folder.plan(FaultPlan {
                    read_eio_per_million: rate(40_000),
                    write_eio_per_million: rate(40_000),
                    sync_eio_per_million: rate(200_000),
                    enospc_per_million: rate(40_000),
                    power_loss_per_million: 0,
                });
            }
            Trouble::FailedSync => {
                folder.arm();
                folder.disk.fail_next_sync(random.up_to(3));
            }
            Trouble::PowerLoss => {
                let nth = random.up_to(200);
                folder.arm();
                folder.disk.fail_nth_operation(nth, Fault::PowerLoss);
            }
            Trouble::Flip => {}
        }
        if matches!(trouble, Trouble::Full | Trouble::Faults) {
            let span = Duration::from_millis(100 + random.below(1_500));
            folder.well_at = Some(now + span);
        }
        Ok(())
    }

    /// Flips a bit of something that others have whole.
    fn flip(&mut self, place: Place) -> Result<()> {
        let there = self.devices.iter().map(|device| {
            let folder = device.blobs.as_ref();
            folder.map_or_else(|| Ok(There::default()), |folder| There::on(&folder.disk))
        });
        let there = there.collect::<Result<Vec<_>>>()?;
        let Some(blobbing) = &mut self.blobbing else {
            return Ok(());
        };
        let is_liar = |at: Place| blobbing.liar.is_some_and(|liar| liar.place == at);
        let is_elsewhere = |id: &BlobId| {
            let content = blobbing.shelf.find(*id);
            let mut others = there.iter().enumerate();
            let has = |there: &There| content.is_some_and(|content| there.has(content));
            let is_certain = |at: Place| {
                let folder = self.devices[at].blobs.as_ref();
                folder.is_some_and(|folder| folder.is_certain_of(*id))
            };
            others.any(|(at, there)| at != place && !is_liar(at) && has(there) && is_certain(at))
        };
        let is_elsewhere = |id: &&BlobId| is_elsewhere(id);
        let There {
            whole,
            parts,
            packed,
            ..
        } = &there[place];
        let whole: Vec<&BlobId> = whole.keys().filter(is_elsewhere).collect();
        let parts: Vec<&BlobId> = parts.keys().filter(is_elsewhere).collect();
        let (ids, suffix, met) = match parts.is_empty() {
            true => (whole, "blob", Met::BlobFlipped),
            false => (parts, "part", Met::BlobPartFlipped),
        };
        let folder = self.devices[place].blobs.as_mut();
        let Some(folder) = folder.filter(|_| !ids.is_empty()) else {
            return Ok(());
        };
        let random = &mut blobbing.random;
        let id = **random.pick(&ids);
        let hashes = if random.percent(20) { ".hash" } else { "" };
        let name = FileName::new(Folder::Blobs, format!("{id}.{suffix}{hashes}"))?;
        let (name, range) = packed.get(&id).cloned().unwrap_or_else(|| {
            let len = folder.disk.files().get(&name).map_or(0, Vec::len);
            (name, 0..len)
        });
        if !range.is_empty() {
            let at = range.start as u64 + random.below(range.len() as u64);
            self.trace.line(format_args!(
                "{:?} {name} at {place} decays at {at}",
                self.now
            ));
            folder.disk.flip_bit(&name, at, random.below(8) as u8);
            folder.flip(id);
            folder.met.insert(met);
        }
        Ok(())
    }

    /// Makes those disks well that are to be, or all of them.
    pub(super) fn heal_disks(&mut self, all: bool) {
        let now = self.now;
        let folders = self.devices.iter_mut().flat_map(|device| &mut device.blobs);
        for folder in folders {
            if all || folder.well_at.is_some_and(|at| at <= now) {
                folder.heal();
            }
        }
    }

    /// Stores and reads on.
    pub(crate) fn use_blobs(&mut self) -> Result<()> {
        if self.blobbing.is_none() {
            return Ok(());
        }
        for place in 0..self.devices.len() {
            if self.chance(50) && self.devices[place].import_some(IMPORT_BYTES, self.now)? {
                self.trace
                    .line(format_args!("{:?} {place} has stored it", self.now));
            }
            let wishes = self.devices[place].settled(self.now)?;
            self.fulfil(place, wishes);
            self.end_if_power_failed(place)?;
        }
        let Some(blobbing) = &mut self.blobbing else {
            return Ok(());
        };
        let readers = std::mem::take(&mut blobbing.readers);
        let mut left = Vec::new();
        for mut reader in readers {
            let device = &mut self.devices[reader.place];
            let mut read = Read::Waits;
            for _ in 0..READS_AT_ONCE {
                read = reader.read(device)?;
                if read != Read::Some {
                    break;
                }
            }
            match read {
                Read::All => reader.end(device),
                Read::Some | Read::Waits | Read::Failed => left.push(reader),
            }
        }
        if let Some(blobbing) = &mut self.blobbing {
            blobbing.readers = left;
        }
        for place in 0..self.devices.len() {
            self.end_if_power_failed(place)?;
        }
        Ok(())
    }

    /// Does some of what is to be done on the disks.
    pub(crate) fn work_on_blobs(&mut self) -> Result<()> {
        if self.blobbing.is_none() {
            return Ok(());
        }
        for place in 0..self.devices.len() {
            if self.devices[place].side().is_none() || !self.chance(60) {
                continue;
            }
            let jobs = self
                .blobbing
                .as_mut()
                .map_or(1, |some| some.random.up_to(4));
            let wishes = self.devices[place].work_on_blobs(self.now, jobs)?;
            self.fulfil(place, wishes);
            self.end_if_power_failed(place)?;
        }
        Ok(())
    }

    fn chance(&mut self, percent: u64) -> bool {
        let blobbing = self.blobbing.as_mut();
        blobbing.is_some_and(|blobbing| blobbing.random.percent(percent))
    }

    fn end_if_power_failed(&mut self, place: Place) -> Result<()> {
        if self.devices[place].has_lost_power() {
            self.trace
                .line(format_args!("{:?} {place} loses power", self.now));
            self.coverage.note(Met::BlobPowerLoss);
            self.crash(place, true)?;
        }
        Ok(())
    }

    /// A device ends: those who fetch from it lose their source, and its readers are gone.
    pub(crate) fn note_end(&mut self, place: Place, is_power_loss: bool) {
        if self.is_source(place) {
            self.coverage.note(match is_power_loss {
                true => Met::BlobSourcePowerLoss,
                false => Met::BlobSourceKilled,
            });
        }
        if let Some(blobbing) = &mut self.blobbing {
            blobbing.readers.retain(|reader| reader.place != place);
        }
    }

    /// The way between two is cut, while one fetches from the other.
    pub(crate) fn note_cut(&mut self, left: Place, right: Place) {
        for (session, other) in self.network.sessions(left) {
            let ends = [left, right].into_iter();
            let asked: u64 = ends.map(|place| self.devices[place].asked(session)).sum();
            if other == right && asked > 0 {
                self.coverage.note(Met::BlobCut);
            }
        }
    }
}

/// Sets the chance of blobs apart from all other chance.
const BLOBS: u64 = 0xb10b_0001;

/// How many of a hundred runs have blobs.
const BLOBS_PERCENT: u64 = 35;

/// How fast links are: the slow ones are cut in the middle of a blob.
const BYTES_PER_SECOND: [u64; 4] = [1_000_000, 2_000_000, 6_000_000, 40_000_000];

/// Bytes that are stored in one go.
const IMPORT_BYTES: usize = 300_000;

const READERS_MAX: usize = 8;

/// Pieces that a reader takes in one go, if they are here.
const READS_AT_ONCE: usize = 8;
