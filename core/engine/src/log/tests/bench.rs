//! The harness: a log on a simulated disk, and short words for what tests do to it.

use std::sync::Arc;

use super::small_files::SmallFiles;
use crate::error::Result;
use crate::event::codec::checksum;
use crate::event::{
    AppId, Content, DeviceKey, Event, Offsets, Payload, StreamName, Tag, Tags, Timestamp,
};
use crate::log::{
    Log, LogOptions, LogReader, Maintenance, Order, Publish, Published, Query, Route,
};
use crate::select::Selection;
use crate::storage::{Disk, FileName, Folder, SimDisk};

/// A log on a simulated disk whose log files are small, so that they are full soon.
pub(super) struct Bench {
    pub(super) disk: SimDisk,
    pub(super) options: LogOptions,
    pub(super) log: Log,
    pub(super) maintenance: Maintenance,
    pub(super) now: i64,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(LogOptions::default())
    }

    pub(super) fn with(options: LogOptions) -> Self {
        Self::on(SimDisk::new(1), options).unwrap()
    }

    pub(super) fn on(disk: SimDisk, options: LogOptions) -> Result<Self> {
        let shared: Arc<dyn Disk> = Arc::new(SmallFiles::new(disk.clone()));
        let mut log = Log::open(shared, signer(), options.clone())?;
        let maintenance = log.maintenance().expect("it was just opened");
        Ok(Self {
            disk,
            options,
            log,
            maintenance,
            now: 1_000,
        })
    }

    /// Publishes one call of events with these tags, each with a payload of so many bytes.
    pub(super) fn publish(
        &mut self,
        tags: &[&str],
        payload_bytes: usize,
    ) -> Result<Vec<Published>> {
        let call = call("com.example", tags, payload_bytes);
        self.now += 1;
        let now = Timestamp::from_micros(self.now);
        Ok(self.log.commit(&[call], now)?.remove(0))
    }

    /// Publishes until so many log files are full and the next one is begun.
    pub(super) fn fill_files(&mut self, count: u64) {
        let files = |bench: &Self| bench.log.reader().stats().log_files;
        if files(self) == 0 {
            self.publish(&["fill"], 100).unwrap();
        }
        let wanted = files(self) + count;
        while files(self) < wanted {
            self.publish(&["fill"], 3000).unwrap();
        }
    }

    /// As [`Bench::fill_files`], for one file and with events that hardly compress.
    pub(super) fn fill_file_with_noise(&mut self) {
        let wanted = self.reader().stats().log_files.max(1) + 1;
        while self.reader().stats().log_files < wanted {
            self.publish_noise();
        }
    }

    /// Publishes an event of about 1.7 KB that hardly compresses.
    pub(super) fn publish_noise(&mut self) {
        self.now += 1;
        let noise = (0..187u64).map(|word| checksum(&[&self.now.to_le_bytes(), &[word as u8]]));
        let payload = Payload::from_serde(&noise.collect::<Vec<_>>()).unwrap();
        let contents = vec![Content::new(&Tags::new(["fill"]).unwrap(), &payload)];
        let call = Publish::new(AppId::new("com.example").unwrap(), contents).unwrap();
        let now = Timestamp::from_micros(self.now);
        self.log.commit(&[call], now).unwrap();
    }

    /// Leaves so many free bytes on the disk.
    pub(super) fn fill_disk_but(&mut self, bytes: u64) {
        let pages = |bytes: Vec<u8>| bytes.len().div_ceil(4096) as u64 * 4096;
        let used: u64 = self.disk.files().into_values().map(pages).sum();
        self.disk.set_bytes_capacity(Some(used + bytes));
    }

    /// Does all work there is.
    pub(super) fn maintain(&mut self) {
        while self.step().unwrap() {}
    }

    pub(super) fn step(&mut self) -> Result<bool> {
        let now = Timestamp::from_micros(self.now);
        Ok(self.maintenance.step(now)?.is_some())
    }

    pub(super) fn reader(&self) -> LogReader {
        self.log.reader()
    }

    pub(super) fn events(&self) -> Vec<Event> {
        read(&self.reader(), &everything()).unwrap()
    }

    /// Closes the log and opens it again.
    pub(super) fn reopen(self) -> Self {
        self.log.close().unwrap();
        Self::on(self.disk, self.options).unwrap()
    }

    /// Ends the process and starts it again.
    pub(super) fn kill(self) -> Self {
        let disk = self.disk.kill();
        Self::on(disk, self.options).unwrap()
    }

    /// Fails the power and starts again.
    pub(super) fn power_loss(self) -> Self {
        let disk = self.disk.power_loss();
        Self::on(disk, self.options).unwrap()
    }

    pub(super) fn names(&self, folder: Folder) -> Vec<String> {
        let names = self.disk.files().into_keys();
        let names = names.filter(|name| name.folder() == folder);
        names.map(|name| name.name().to_owned()).collect()
    }
}

pub(super) fn signer() -> Arc<DeviceKey> {
    Arc::new(DeviceKey::from_seed(&[7; 32]))
}

pub(super) fn call(app: &str, tags: &[&str], payload_bytes: usize) -> Publish {
    let payload = Payload::from_serde(&"x".repeat(payload_bytes)).unwrap();
    let contents = tags
        .iter()
        .map(|tag| Content::new(&Tags::new([*tag]).unwrap(), &payload));
    Publish::new(AppId::new(app).unwrap(), contents.collect()).unwrap()
}

pub(super) fn route(tag_text: &str, into: &str) -> Route {
    Route {
        selection: Selection::Tag(tag(tag_text)),
        into: StreamName::new(into).unwrap(),
    }
}

pub(super) fn tag(text: &str) -> Tag {
    Tag::new(text).unwrap()
}

/// Options that send the tags `a` and `b` to streams of their own.
pub(super) fn routed() -> LogOptions {
    LogOptions {
        routes: vec![route("a", "alarms"), route("b", "sensors")],
        ..LogOptions::default()
    }
}

pub(super) fn everything() -> Query {
    Query {
        selection: Selection::All,
        lower: Offsets::new(),
        upper: None,
        order: Order::Ascending,
    }
}

pub(super) fn read(reader: &LogReader, query: &Query) -> Result<Vec<Event>> {
    let mut cursor = reader.query(query)?;
    let mut events = Vec::new();
    loop {
        let chunk = cursor.next_chunk(7, usize::MAX)?;
        if chunk.is_empty() {
            return Ok(events);
        }
        events.extend(chunk);
    }
}

pub(super) fn log_file(sequence: u64) -> FileName {
    crate::log::log_file::file_name(sequence)
}
