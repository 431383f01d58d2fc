//! What an event takes on disk, on data such as machines send.

use serde_json::json;

use super::super::Floors;
use super::super::sizes::Sizes;
use super::model::{Bench, key, name};
use crate::event::batch::{BatchPlace, BodyBuilder};
use crate::event::{
    AppId, Batch, BatchHash, Content, Lamport, Offset, Payload, Signer, StreamId, StreamNumber,
    Tags, Timestamp,
};

/// Numbers that only have to look alive.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695);
        (self.0 >> 33) % sides
    }
}

/// About 250 bytes of JSON, with two tags.
fn content(index: u64, dice: &mut Dice) -> Content {
    let words = [
        "feed", "spindle", "coolant", "tool", "changed", "within", "limits", "door", "closed",
        "cycle", "started", "by", "operator", "after", "check", "ok",
    ];
    let activities = [
        "turning", "milling", "drilling", "welding", "coating", "packing",
    ];
    let activity = activities[dice.roll(6) as usize];
    let machine = format!("m{:02}", dice.roll(100));
    let note: Vec<&str> = (0..20).map(|_| words[dice.roll(16) as usize]).collect();
    let payload = json!({
        "machine": machine,
        "activity": activity,
        "order": 4_500_000 + index / 2_000,
        "part": index / 100,
        "duration_ms": 12_000 + dice.roll(9_000),
        "temperature": (400 + dice.roll(300)) as f64 / 10.0,
        "good": dice.roll(20) > 0,
        "operator": format!("p{:02}", dice.roll(40)),
        "note": note.join(" "),
    });
    let tags = [format!("machine:{machine}"), format!("activity:{activity}")];
    let tags = Tags::new(tags.iter().map(String::as_str)).unwrap();
    Content::new(&tags, &Payload::from_serde(&payload).unwrap())
}

/// Events in batches of one, spread over three streams, from the log file with this number.
fn batches(number: u64, heads: &mut [(u64, BatchHash)], dice: &mut Dice) -> Vec<Batch> {
    const EVENTS: u64 = 12_000;
    let mut batches: Vec<Batch> = Vec::new();
    for index in number * EVENTS..(number + 1) * EVENTS {
        let author = dice.roll(heads.len() as u64) as usize;
        let time = 1_700_000_000_000_000 + index as i64 * 5_000;
        let mut body = BodyBuilder::new();
        let lamport = Lamport::new(index + 1).unwrap();
        let content = content(index, dice);
        body.push(lamport, Timestamp::from_micros(time), content.as_bytes());
        let (next, previous) = heads[author];
        let place = BatchPlace {
            stream: StreamId::new(key(author).node_id(), StreamNumber::DEFAULT),
            name: name(),
            first_offset: Offset::new(next).unwrap(),
            previous,
        };
        let mut batch = body.finish(place, AppId::new("com.example.floor").unwrap());
        let hash = batch.header.hash();
        if index % 100 == 0 || (number + 1) * EVENTS - index < 100 {
            batch.signature = Some(hash.signed_by(&key(author)));
        }
        heads[author] = (next + 1, hash);
        batches.push(batch);
    }
    batches
}

#[test]
fn an_event_of_250_bytes_takes_less_than_70_on_disk() {
    let bench = Bench::new();
    let mut dice = Dice(7);
    let mut heads = [(0, BatchHash::GENESIS); 3];
    let segments: Vec<_> = (0..2)
        .map(|number| {
            let batches = batches(number, &mut heads, &mut dice);
            bench.seal_one(&batches, number + 1, Sizes::STANDARD)
        })
        .collect();
    let merged = bench.merge(&segments, &Floors::new(), Sizes::STANDARD);
    merged.verify().unwrap();
    for segment in segments.iter().chain([&merged]) {
        let bytes = segment.file_bytes() / u64::from(segment.events_count());
        assert!(
            bytes < 70,
            "{bytes} bytes for each event of {}",
            segment.name()
        );
    }
}
