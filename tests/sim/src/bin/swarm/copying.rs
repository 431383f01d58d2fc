//! Copied folders: a device and its copy write on, and nothing of either is lost.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use swarmlet_engine::event::Event;
use swarmlet_sim::random::Random;

use crate::met::Met;
use crate::network::Place;
use crate::retaining::LOG_FILE_BYTES_OF_OTHERS;
use crate::world::World;

/// A device whose folder is copied while it is in use; the copy is the last one.
#[derive(Clone, Copy)]
pub(crate) struct Copying {
    pub(crate) place: Place,
    pub(crate) at: Duration,
    /// When the copy, started at once, is connected.
    pub(crate) connected: Duration,
}

impl World {
    /// The folder of a device is copied while it is in use, and the copy is started. All can reach
    /// all then: who has one branch must meet the device that wrote the other.
    ///
    /// Drawn by chance of its own, so that other seeds mean what they meant.
    pub(crate) fn draw_copying(&mut self, seed: u64) {
        let mut random = Random::new(seed ^ COPYING);
        if !random.percent(15) || self.devices.len() < 3 {
            return;
        }
        let place = random.below(self.devices.len() as u64) as Place;
        let at = Duration::from_millis(random.below(1_500));
        let connected = at + Duration::from_millis(random.below(3_000));
        self.copying = Some(Copying {
            place,
            at,
            connected,
        });
        self.network.unite();
        for (place, device) in self.devices.iter_mut().enumerate() {
            device.mark_events(&format!("from {place}"));
        }
    }

    /// Copies the folder when it is time.
    pub(crate) fn copy_if_due(&mut self) -> Result<()> {
        let count = self.devices.len();
        let due = self.copying.filter(|copying| copying.at <= self.now);
        let Some(Copying { place, .. }) = due.filter(|_| self.copy().is_none()) else {
            return Ok(());
        };
        self.coverage.note(Met::Copied);
        self.trace
            .line(format!("{:?} {place} is copied to {count}", self.now));
        let mut copy = self.devices[place].copied(self.random.below(u64::MAX));
        copy.mark_events("from the copy");
        if self.retaining.is_some() {
            copy.log_file_bytes = LOG_FILE_BYTES_OF_OTHERS;
        }
        copy.start(&mut self.random)?;
        self.devices.push(copy);
        Ok(())
    }

    /// The copy, if it was made.
    fn copy(&self) -> Option<Place> {
        let Copying { place, .. } = self.copying?;
        let last = self.devices.len() - 1;
        let is_copy = last != place && self.devices[last].id == self.devices[place].id;
        is_copy.then_some(last)
    }

    /// Whether it is a copy that is not connected yet.
    pub(crate) fn is_on_the_way(&self, place: Place) -> bool {
        let is_early = |copying: Copying| self.now < copying.connected;
        self.copying.is_some_and(is_early) && self.copy() == Some(place)
    }

    /// A device and its copy refuse each other, and know.
    pub(crate) fn meet_clone(&mut self, left: Place, right: Place) {
        if self.network.is_open(left, right) {
            self.coverage.note(Met::Clones);
            for place in [left, right] {
                let wishes = self.devices[place].met_clone(self.now);
                self.fulfil(place, wishes);
            }
        }
    }

    /// Where a device was copied, all others have what it and its copy have acknowledged, whatever
    /// stream it is in; but for what a device has dropped that keeps little.
    pub(crate) fn check_marks(&self, logs: &[Vec<Event>]) -> Result<()> {
        let Some(copying) = self.copying else {
            return Ok(());
        };
        let id = self.devices[copying.place].id;
        for (device, log) in self.devices.iter().zip(logs) {
            if device.id == id {
                continue;
            }
            // What is no text is from the evil one.
            let texts = log.iter().map(|event| event.payload().to_serde::<String>());
            let texts: Vec<String> = texts.flatten().collect();
            let marks = texts.iter().map(|text| text.trim_end_matches('x'));
            let marks: BTreeSet<&str> = marks.collect();
            let authors = self.devices.iter().enumerate();
            let authors = authors.filter(|(place, _)| !self.keeps_little(*place));
            let acknowledged = authors.flat_map(|(_, device)| &device.marks);
            for mark in acknowledged {
                ensure!(marks.contains(mark.as_str()), "`{mark}` is lost");
            }
        }
        Ok(())
    }
}

/// Sets the chance of copies apart from all other chance.
const COPYING: u64 = 0x00c0_9132;
