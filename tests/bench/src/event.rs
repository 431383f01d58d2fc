//! The events that all stores are given: a shop floor of a hundred machines.
//!
//! Deterministic: the same index gives the same event on every machine and in every run. Payloads
//! are JSON of exactly 250 bytes, as repetitive and as varied as what machines send.

use std::sync::Arc;

/// Machines, each with a tag of its own: the events of one are one per cent.
pub const MACHINES: u64 = 100;
/// Streams the events are spread over.
pub const STREAMS: u64 = 8;
/// The size of every payload.
pub const PAYLOAD_BYTES: usize = 250;
/// The app that publishes.
pub const APP: &str = "com.example.floor";

/// The machines send one event each in turn, 5 ms apart.
const INTERVAL_US: u64 = 5_000;
const START_US: u64 = 1_700_000_000_000_000;
const ACTIVITIES: [&str; 8] = [
    "turning",
    "milling",
    "drilling",
    "grinding",
    "welding",
    "coating",
    "packing",
    "inspection",
];
const WORDS: [&str; 16] = [
    "feed", "spindle", "coolant", "tool", "changed", "within", "limits", "door", "closed", "cycle",
    "started", "by", "operator", "after", "check", "ok",
];

/// One event, with the key that a store of the peers has to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which of the [`STREAMS`].
    pub stream: u32,
    /// Gapless in its stream.
    pub offset: u64,
    /// Increasing over all streams.
    pub lamport: u64,
    /// Microseconds since 1970.
    pub time_us: u64,
    /// Two tags: machine and activity.
    pub tags: [Arc<str>; 2],
    /// JSON of [`PAYLOAD_BYTES`].
    pub payload: Arc<[u8]>,
    /// The same as a value, for stores that encode values themselves.
    pub document: Arc<serde_json::Value>,
}

/// The tag of a machine.
#[must_use]
pub fn machine_tag(machine: u64) -> String {
    format!("machine:m{machine:02}")
}

/// The event of an index, its payload unlike any other.
#[must_use]
pub fn event(index: u64) -> Event {
    let mut random = Random(index);
    let machine = random.below(MACHINES);
    let activity = ACTIVITIES[random.below(8) as usize];
    let mut payload = format!(
        "{{\"machine\":\"m{machine:02}\",\"activity\":\"{activity}\",\"order\":{},\"part\":{},\
         \"duration_ms\":{},\"temperature\":{}.{},\"good\":{},\"operator\":\"p{:02}\",\"note\":\"",
        4_500_000 + index / 2_000,
        index / MACHINES,
        12_000 + random.below(9_000),
        40 + random.below(30),
        random.below(10),
        random.below(20) > 0,
        random.below(40),
    );
    while payload.len() < PAYLOAD_BYTES {
        payload += WORDS[random.below(16) as usize];
        payload.push(' ');
    }
    payload.truncate(PAYLOAD_BYTES - 2);
    payload += "\"}";
    let tags = [
        machine_tag(machine).into(),
        format!("activity:{activity}").into(),
    ];
    let document = serde_json::from_str(&payload).expect("the text above is JSON");
    place(index, tags, payload.into_bytes().into(), Arc::new(document))
}

fn place(
    index: u64,
    tags: [Arc<str>; 2],
    payload: Arc<[u8]>,
    document: Arc<serde_json::Value>,
) -> Event {
    Event {
        stream: (index % STREAMS) as u32,
        offset: index / STREAMS,
        lamport: index + 1,
        time_us: START_US + index * INTERVAL_US,
        tags,
        payload,
        document,
    }
}

/// Events made beforehand, so that a rate is that of the store and not of the generator.
pub struct Pool {
    made: Vec<Event>,
}

impl Pool {
    /// Makes 4096 events.
    #[must_use]
    pub fn new() -> Pool {
        Pool {
            made: (0..4_096).map(event).collect(),
        }
    }

    /// The event of an index; only its key is unlike any other.
    #[must_use]
    pub fn event(&self, index: u64) -> Event {
        let made = &self.made[index as usize % self.made.len()];
        let document = Arc::clone(&made.document);
        place(
            index,
            made.tags.clone(),
            Arc::clone(&made.payload),
            document,
        )
    }
}

impl Default for Pool {
    fn default() -> Pool {
        Pool::new()
    }
}

/// SplitMix64: enough for data that only has to look alive.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_json_of_the_promised_size() {
        for index in (0..50).chain(1_000_000..1_000_050) {
            let event = event(index);
            assert_eq!(event.payload.len(), PAYLOAD_BYTES);
            serde_json::from_slice::<serde_json::Value>(&event.payload).unwrap();
        }
    }

    #[test]
    fn one_machine_sends_about_one_per_cent() {
        let tag = machine_tag(7);
        let count = (0..100_000)
            .filter(|index| *event(*index).tags[0] == *tag)
            .count();
        assert!((900..1_100).contains(&count), "{count}");
    }

    #[test]
    fn offsets_are_gapless_and_lamports_increase() {
        let events: Vec<Event> = (0..32).map(|index| Pool::new().event(index)).collect();
        assert!(
            events
                .windows(2)
                .all(|pair| pair[0].lamport < pair[1].lamport)
        );
        let offsets: Vec<u64> = events
            .iter()
            .filter(|event| event.stream == 3)
            .map(|event| event.offset)
            .collect();
        assert_eq!(offsets, [0, 1, 2, 3]);
    }
}
