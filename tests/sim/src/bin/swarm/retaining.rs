//! Retention: a device keeps few of its events, and it or another one is away, from the beginning
//! or for a while, when the others are dropped.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, ensure};
use swarmlet_engine::event::{Event, Offset, StreamId};
use swarmlet_engine::sync::{Incident, Input};
use swarmlet_sim::random::Random;

use crate::copying::Copying;
use crate::met::Met;
use crate::network::Place;
use crate::world::World;

/// Who keeps little, and who is away when.
pub(crate) struct Retaining {
    place: Place,
    away: Place,
    from: Duration,
    until: Duration,
    is_gone: bool,
    /// Chance of its own, so that other seeds mean what they meant.
    random: Random,
}

impl World {
    /// Draws who keeps little, by chance of its own.
    pub(crate) fn draw_retaining(&mut self, seed: u64) {
        if let Some(copying) = self.copying {
            return self.draw_retaining_copied(seed, copying);
        }
        let mut random = Random::new(seed ^ RETAINING);
        if !random.percent(30) {
            return;
        }
        let count = self.devices.len() as u64;
        let place = random.below(count) as Place;
        let other = (place + 1 + random.below(count - 1) as Place) % self.devices.len();
        // While it is away itself, nobody has what it drops.
        let away = if random.percent(70) { place } else { other };
        let is_late = random.percent(50);
        let from = if is_late { 0 } else { random.below(1_000) };
        let from = Duration::from_millis(from);
        let until = from + Duration::from_millis(1_000 + random.below(3_000));
        self.begin_retaining(place, away, from..until, random);
    }

    /// Has a copied device keep little, and drop what its copy has before others have it. The copy
    /// keeps everything, so nothing that it wrote may be lost.
    fn draw_retaining_copied(&mut self, seed: u64, copying: Copying) {
        let mut random = Random::new(seed ^ RETAINING_COPIED);
        if !random.percent(90) {
            return;
        }
        let until = copying.at + Duration::from_millis(1_500 + random.below(3_000));
        let place = copying.place;
        self.begin_retaining(place, place, Duration::ZERO..until, random);
        self.devices[place].log_file_bytes = LOG_FILE_BYTES_OF_COPIED;
    }

    fn begin_retaining(
        &mut self,
        place: Place,
        away: Place,
        Range {
            start: from,
            end: until,
        }: Range<Duration>,
        mut random: Random,
    ) {
        self.devices[place].keep(1 + random.below(20));
        // What the others get is merged by then, and has fewer signatures: runs are longer.
        let others = self.devices.iter_mut().enumerate();
        let others = others.filter(|(at, _)| *at != place);
        others.for_each(|(_, device)| device.log_file_bytes = LOG_FILE_BYTES_OF_OTHERS);
        self.retaining = Some(Retaining {
            place,
            away,
            from,
            until,
            is_gone: false,
            random,
        });
    }

    /// Publishes enough to be sealed and dropped, and lets the other one go when it is time.
    pub(crate) fn retain(&mut self) -> Result<()> {
        let now = self.now;
        let Some(retaining) = &mut self.retaining else {
            return Ok(());
        };
        let (place, away) = (retaining.place, retaining.away);
        if now >= retaining.from && !std::mem::replace(&mut retaining.is_gone, true) {
            self.trace.line(format!("{now:?} {away} is away"));
            let running = self.devices[away].running.as_ref();
            let open = running.map(|running| running.connections.clone());
            for session in open.into_iter().flatten() {
                self.step(away, Input::Disconnected { session })?;
            }
            self.network.close_all(now, away);
        }
        let Some(retaining) = &mut self.retaining else {
            return Ok(());
        };
        if retaining.random.percent(30) {
            let size = |_| retaining.random.below(30_000) as usize;
            let sizes: Vec<usize> = (0..4).map(size).collect();
            self.devices[place].publish(&sizes, now)?;
        }
        Ok(())
    }

    /// Whether a device is not to be connected now.
    pub(crate) fn is_away(&self, place: Place) -> bool {
        let is_away = |retaining: &Retaining| {
            retaining.away == place && retaining.is_gone && self.now < retaining.until
        };
        self.retaining.as_ref().is_some_and(is_away)
    }

    /// Whether a device keeps few of its events.
    pub(crate) fn keeps_little(&self, place: Place) -> bool {
        let is_it = |retaining: &Retaining| retaining.place == place;
        self.retaining.as_ref().is_some_and(is_it)
    }

    /// The events that all devices must have, and no others: a stream begins nowhere later than at
    /// its author, and is the same from there on.
    pub(crate) fn kept_by_all(&mut self, logs: &mut [Vec<Event>]) -> Result<()> {
        for (place, log) in logs.iter_mut().enumerate() {
            for stream in self.streams() {
                let first = self.first(place, stream);
                let at_author = self.first_at_author(stream);
                ensure!(
                    first <= at_author,
                    "{stream} begins at {first} at {place}, and at {at_author} at its author"
                );
                if first > Offset::ZERO && self.devices[place].id != stream.node {
                    self.coverage.note(Met::Begun);
                }
            }
            log.retain(|event| event.key.offset >= self.first_at_author(event.key.stream));
        }
        for device in &self.devices {
            for incident in &device.incidents {
                if let Incident::Gap { stream, from, .. } = incident {
                    let is_own = stream.node == device.id;
                    ensure!(!is_own, "an author dropped its own {stream} up to {from}");
                    self.coverage.note(Met::Gap);
                }
            }
        }
        Ok(())
    }

    /// Where a stream begins at whoever writes it: it has dropped what was before.
    pub(crate) fn first_at_author(&self, stream: StreamId) -> Offset {
        let is_author = |place: &Place| self.devices[*place].id == stream.node;
        let author = (0..self.devices.len()).find(is_author);
        author.map_or(Offset::ZERO, |place| self.first(place, stream))
    }

    fn first(&self, place: Place, stream: StreamId) -> Offset {
        let running = self.devices[place].running.as_ref();
        running.map_or(Offset::ZERO, |running| running.reader.first(stream))
    }

    fn streams(&self) -> Vec<StreamId> {
        let running = self.devices[0].running.as_ref();
        let present = running.map(|running| running.reader.present());
        let streams = present.iter().flat_map(|present| present.iter());
        streams.map(|(stream, _)| stream).collect()
    }
}

/// Large enough for the longest run of a merged segment.
pub(crate) const LOG_FILE_BYTES_OF_OTHERS: u64 = 2 * 1024 * 1024;

/// Large enough for what is published again in one commit.
const LOG_FILE_BYTES_OF_COPIED: u64 = 1280 * 1024;

/// Sets the chance of retention apart from all other chance.
const RETAINING: u64 = 0x0000_7761;

/// The same where a device is copied.
const RETAINING_COPIED: u64 = 0x0011_0ba1;
