//! What comes out of streams as one text of JSON for many: tables of streams and apps, which repeat
//! all the time, and the outputs, each a list that begins with what it is.
//!
//! | output | list |
//! |---|---|
//! | row of an event | 0, lamport, stream, offset, timestamp, app, tags, payload, special |
//! | row of the record of a blob | the same, and what it says |
//! | row of several | 1, from, to, from time, to time, payload, special |
//! | row of none | 2, payload, special |
//! | row taken back | 3, row |
//! | diagnostic | 4, severity, message |
//! | caught up | 5, offsets |
//! | time travel | 6, key |
//!
//! A stream or app is its place in the table, a key is lamport, stream, offset. `special` says
//! whether the payload has anything that JSON does not know.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use swarmlet::{
    BlobInfo, Event, EventKey, Explanation, Item, Order, Origin, Output, Published, Row, Severity,
    StreamId,
};
use swarmlet_facade::{Result, offsets_map};

use crate::{json, payload, records};

/// The outputs as JSON.
pub(crate) fn chunk_text(outputs: &[Output]) -> Result<String> {
    let mut writer = Writer::default();
    writer.out.extend_from_slice(b"{\"outputs\":[");
    for (index, output) in outputs.iter().enumerate() {
        if index > 0 {
            writer.out.push(b',');
        }
        writer.item(&output.item)?;
    }
    writer.out.extend_from_slice(b"],\"streams\":");
    json::push(&mut writer.out, &writer.streams.texts);
    writer.out.extend_from_slice(b",\"apps\":");
    json::push(&mut writer.out, &writer.apps.texts);
    writer.out.push(b'}');
    Ok(json::finish(writer.out))
}

/// Texts that are written once, and where they are.
struct Table<K> {
    texts: Vec<String>,
    places: BTreeMap<K, usize>,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self {
            texts: Vec::new(),
            places: BTreeMap::new(),
        }
    }
}

impl<K: Ord + ToString> Table<K> {
    fn place(&mut self, key: K) -> usize {
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        let place = self.texts.len();
        self.texts.push(key.to_string());
        self.places.insert(key, place);
        place
    }
}

#[derive(Default)]
struct Writer<'a> {
    out: Vec<u8>,
    streams: Table<StreamId>,
    apps: Table<&'a str>,
}

impl<'a> Writer<'a> {
    fn item(&mut self, item: &'a Item) -> Result<()> {
        match item {
            Item::Row(row) => self.row(row)?,
            Item::AntiRow(row) => {
                self.out.extend_from_slice(b"[3,");
                self.row(row)?;
                self.out.push(b']');
            }
            Item::Diagnostic(diagnostic) => {
                let severity = match diagnostic.severity {
                    Severity::Warning => "warning",
                    Severity::Error => "error",
                };
                json::push(&mut self.out, &(4, severity, &diagnostic.message));
            }
            Item::CaughtUp(offsets) => json::push(&mut self.out, &(5, offsets_map(offsets))),
            Item::TimeTravel(key) => {
                let key = self.key(*key);
                json::push(&mut self.out, &(6, key));
            }
            // What this release of the package does not know.
            _ => self.out.extend_from_slice(b"[7]"),
        }
        Ok(())
    }

    fn row(&mut self, row: &'a Row) -> Result<()> {
        let mut info = None;
        match row.origin() {
            Origin::Event(event) => info = self.event(event),
            Origin::Range(range) => {
                let (from, to) = (self.key(range.from), self.key(range.to));
                let times = (range.from_time.micros(), range.to_time.micros());
                self.begin(&(1, from, to, times.0, times.1));
            }
            Origin::Synthetic => self.begin(&(2,)),
        }
        let is_special = payload::push(&mut self.out, row.payload().as_cbor())?;
        let end: &[u8] = if is_special { b",1" } else { b",0" };
        self.out.extend_from_slice(end);
        if let Some(info) = info {
            self.out.push(b',');
            json::push(&mut self.out, &records::info(&info));
        }
        self.out.push(b']');
        Ok(())
    }

    /// Begins an event, and gives what it says of a blob, if it is a record.
    fn event(&mut self, event: &'a Event) -> Option<BlobInfo> {
        let (lamport, stream, offset) = self.key(event.key);
        let app = self.apps.place(event.app_id.as_str());
        let tags = event.tags();
        let tags: Vec<&str> = tags.iter().collect();
        let time = event.timestamp.micros();
        // Few events are records, so the tag is looked at first.
        let is_tagged = tags.contains(&"blob");
        self.begin(&(0, lamport, stream, offset, time, app, tags));
        is_tagged.then(|| BlobInfo::from_event(event)).flatten()
    }

    /// A list to which something is added, so without its end.
    fn begin<T: serde::Serialize>(&mut self, list: &T) {
        json::push(&mut self.out, list);
        self.out.pop();
        self.out.push(b',');
    }

    fn key(&mut self, key: EventKey) -> (u64, usize, u64) {
        let stream = self.streams.place(key.stream);
        (key.lamport.get(), stream, key.offset.get())
    }
}

/// Receipts: for each lamport, stream, offset, timestamp.
pub(crate) fn published_text(published: &[Published]) -> String {
    let receipts: Vec<_> = published
        .iter()
        .map(|each| {
            let (key, time) = (each.key, each.timestamp.micros());
            let stream = key.stream.to_string();
            (key.lamport.get(), stream, key.offset.get(), time)
        })
        .collect();
    json::text(&receipts)
}

/// How a query was answered.
pub(crate) fn explanation_text(explained: &Explanation) -> String {
    let order = match explained.order {
        Order::Ascending => "asc",
        Order::Descending => "desc",
        Order::Stream => "stream",
    };
    let sources: Vec<Value> = explained
        .sources
        .iter()
        .map(|source| {
            let terms = source.terms.iter();
            let terms: Vec<Value> = terms
                .map(|term| json!({"term": term.term, "events": term.events}))
                .collect();
            json!({
                "name": source.name,
                "isSealed": source.is_sealed,
                "events": source.events,
                "terms": terms,
                "candidates": source.candidates,
                "isChecked": source.is_checked,
            })
        })
        .collect();
    json::text(&json!({
        "text": explained.to_string(),
        "query": explained.query,
        "selection": explained.selection,
        "order": order,
        "stages": explained.stages,
        "sources": sources,
        "eventsRead": explained.events_read,
        "rows": explained.rows,
        "diagnostics": explained.diagnostics,
    }))
}
