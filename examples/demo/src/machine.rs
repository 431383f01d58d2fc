//! What the machines do: parts and sensor readings, decided by the seed alone.
//!
//! Nothing here waits, reads a clock or publishes. A machine is told how far its time has come and
//! answers with the events that are due, so what it says never depends on how fast the disk is.

use serde::Serialize;
use swarmlet::{NewEvent, Payload, Result, Tags};

use crate::random::Random;

/// One kind of machine on the floor.
#[derive(Debug)]
pub(crate) struct Station {
    /// Its name on the screen and in the tag `machine:<name>`.
    pub(crate) name: &'static str,
    /// The app that publishes for it.
    pub(crate) app_id: &'static str,
    cycle_micros: u64,
    rejects_per_mille: u64,
    celsius_max: f64,
}

/// The floor, in the order in which a part passes it. Cycles are those of a floor in fast motion.
pub(crate) const STATIONS: [Station; 5] = [
    Station {
        name: "turning-1",
        app_id: "com.example.shop.turning",
        cycle_micros: 3_000,
        rejects_per_mille: 12,
        celsius_max: 68.0,
    },
    Station {
        name: "milling-1",
        app_id: "com.example.shop.milling",
        cycle_micros: 3_200,
        rejects_per_mille: 15,
        celsius_max: 74.0,
    },
    Station {
        name: "grinding-1",
        app_id: "com.example.shop.grinding",
        cycle_micros: 3_600,
        rejects_per_mille: 8,
        celsius_max: 61.0,
    },
    Station {
        name: "quality-check-1",
        app_id: "com.example.shop.quality-check",
        cycle_micros: 3_800,
        rejects_per_mille: 40,
        celsius_max: 24.0,
    },
    Station {
        name: "packing-1",
        app_id: PACKING,
        cycle_micros: 4_000,
        rejects_per_mille: 0,
        celsius_max: 33.0,
    },
];

/// The app of the last station, to which the line app listens.
pub(crate) const PACKING: &str = "com.example.shop.packing";

/// A machine at work.
#[derive(Debug)]
pub(crate) struct Machine {
    station: &'static Station,
    random: Random,
    serial: u64,
    celsius: f64,
    part_at: u64,
    readings_at: u64,
}

#[derive(Serialize)]
struct Part {
    serial: u64,
    order: u64,
    cycle_ms: f64,
    good: bool,
}

#[derive(Serialize)]
struct Reading {
    sensor: &'static str,
    celsius: f64,
}

impl Machine {
    /// The machine of `station`; machines of one seed differ by their station's app.
    pub(crate) fn new(station: &'static Station, seed: u64) -> Self {
        let name = station.app_id.bytes();
        let own = name.fold(seed, |mixed, byte| {
            Random::new(mixed ^ u64::from(byte)).bits()
        });
        Self {
            station,
            random: Random::new(own),
            serial: 0,
            celsius: 21.0,
            part_at: station.cycle_micros,
            readings_at: READINGS_EVERY_MICROS,
        }
    }

    /// When the next event is due, in microseconds since the machine was switched on.
    pub(crate) fn next_at(&self) -> u64 {
        self.part_at.min(self.readings_at)
    }

    /// The events that are due at `now`, in their order; the rest of a long list the next time.
    pub(crate) fn due(&mut self, now: u64) -> Result<Vec<NewEvent>> {
        let mut events = Vec::new();
        while self.next_at() <= now && events.len() < DUE_EVENTS_MAX {
            if self.part_at <= self.readings_at {
                events.push(self.finish_part()?);
            } else {
                self.read_sensors(&mut events)?;
            }
        }
        Ok(events)
    }

    fn finish_part(&mut self) -> Result<NewEvent> {
        let cycle = self.station.cycle_micros * (80 + self.random.below(41)) / 100;
        let part = Part {
            serial: self.serial,
            order: FIRST_ORDER + self.serial / PARTS_PER_ORDER,
            cycle_ms: cycle as f64 / 1e3,
            good: self.random.below(1_000) >= self.station.rejects_per_mille,
        };
        self.serial += 1;
        self.part_at += cycle;
        let machine = format!("machine:{}", self.station.name);
        let order = format!("order:{}", part.order);
        let verdict = if part.good { "good" } else { "rejected" };
        Ok(NewEvent {
            tags: Tags::new(["part", &machine, &order, verdict])?,
            payload: Payload::from_serde(&part)?,
        })
    }

    fn read_sensors(&mut self, events: &mut Vec<NewEvent>) -> Result<()> {
        self.readings_at += READINGS_EVERY_MICROS;
        self.celsius += (self.station.celsius_max - self.celsius) * 0.01;
        let machine = format!("machine:{}", self.station.name);
        for sensor in SENSORS {
            let celsius = self.celsius + self.random.around_zero(0.8);
            let reading = Reading {
                sensor,
                celsius: (celsius * 10.0).round() / 10.0,
            };
            events.push(NewEvent {
                tags: Tags::new(["sensor", &machine])?,
                payload: Payload::from_serde(&reading)?,
            });
        }
        Ok(())
    }
}

const SENSORS: [&str; 4] = ["spindle", "bearing", "coolant", "cabinet"];
const READINGS_EVERY_MICROS: u64 = 10_000;
const FIRST_ORDER: u64 = 4_711;
const PARTS_PER_ORDER: u64 = 250;
/// Keeps one publish small when a machine has to catch up after the computer slept.
const DUE_EVENTS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn all_until(seed: u64, end: u64, step: u64) -> Vec<NewEvent> {
        let mut machine = Machine::new(&STATIONS[3], seed);
        let mut events = Vec::new();
        for now in (0..=end).step_by(usize::try_from(step).unwrap()) {
            events.extend(machine.due(now).unwrap());
        }
        events
    }

    #[test]
    fn a_seed_decides_everything_and_the_pace_nothing() {
        let slow = all_until(7, 400_000, 40_000);
        assert_eq!(slow, all_until(7, 400_000, 1_000));
        assert_ne!(slow, all_until(8, 400_000, 40_000));
    }

    #[test]
    fn some_parts_of_the_quality_check_are_rejected() {
        let events = all_until(7, 4_000_000, 40_000);
        let count = |tag| events.iter().filter(|new| new.tags.contains(tag)).count();
        assert!((900..1_200).contains(&count("part")));
        assert!((20..80).contains(&count("rejected")));
        assert_eq!(count("good") + count("rejected"), count("part"));
        assert_eq!(count("sensor"), 400 * SENSORS.len());
    }

    #[test]
    fn a_machine_far_behind_catches_up_in_pieces() {
        let mut machine = Machine::new(&STATIONS[0], 1);
        let first = machine.due(60_000_000).unwrap();
        assert!(first.len() < DUE_EVENTS_MAX + SENSORS.len());
        assert!(machine.next_at() < 60_000_000);
    }
}
