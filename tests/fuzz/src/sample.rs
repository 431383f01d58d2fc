//! A known device, its events, and logs and segments of them: what fuzzing starts from.

use std::sync::Arc;

use swarmlet_engine::event::{
    AppId, Content, DeviceKey, Payload, StreamName, Tag, Tags, Timestamp,
};
use swarmlet_engine::log::{Log, LogOptions, Publish, Route};
use swarmlet_engine::segment::SegmentName;
use swarmlet_engine::select::Selection;
use swarmlet_engine::storage::{Disk, FileName, Folder, SimDisk};
use swarmlet_engine::{Error, ErrorKind};

/// The time of everything that happens here.
pub const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// The segment that fuzzing works on.
pub const SEGMENT: SegmentName = SegmentName {
    first: 1,
    last: 1,
    revision: 0,
};

/// A disk with these files.
///
/// # Panics
///
/// If a name is there twice.
#[must_use]
pub fn disk_with(files: impl IntoIterator<Item = (FileName, Vec<u8>)>) -> SimDisk {
    let disk = SimDisk::new(0);
    for (name, bytes) in files {
        let file = disk.create(&name, 0).expect("names differ");
        file.write_at(&bytes, 0).expect("the disk has no faults");
        file.sync_all().expect("the disk has no faults");
    }
    disk
}

/// The name of the log file with this number.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn log_file_name(sequence: u64) -> FileName {
    FileName::new(Folder::Log, format!("{sequence:016x}.wal")).expect("hex digits are valid")
}

/// Opens the log on `disk` as the known device. A spare file is made first that is much smaller
/// than the real one, so that opening again is quick.
///
/// # Panics
///
/// If bytes on the disk lead to an error that does not say so.
pub fn open(disk: &SimDisk) -> Result<Log, Error> {
    make_small_spare(disk);
    let sensors = StreamName::new("sensors").expect("a plain word is valid");
    let route = Route {
        selection: Selection::Tag(tag("sensor")),
        into: sensors,
    };
    let options = LogOptions {
        routes: vec![route],
        ..LogOptions::default()
    };
    let signer = Arc::new(DeviceKey::from_seed(&[7; 32]));
    let opened = Log::open(Arc::new(disk.clone()), signer, options);
    if let Err(error) = &opened {
        let kind = error.kind();
        assert!(
            matches!(kind, ErrorKind::Corrupt | ErrorKind::Incompatible),
            "bytes on disk are to blame, and nothing else: {error:?}"
        );
    }
    opened
}

/// Makes the spare file, unless it is there.
pub fn make_small_spare(disk: &SimDisk) {
    let spare = FileName::new(Folder::Log, "spare").expect("a plain word is valid");
    let _ = disk.create(&spare, SPARE_BYTES);
}

/// Event `number`: tags and a payload of about `bytes` that do not compress.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn content(number: u64, bytes: usize) -> Content {
    let kind = if number.is_multiple_of(3) {
        "sensor"
    } else {
        "machine"
    };
    let own = format!("{kind}:{}", number % 5);
    let tags = Tags::new([kind, own.as_str()]).expect("the tags are valid");
    let mut noise = vec![0; bytes];
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(&number.to_le_bytes())
        .finalize_xof()
        .fill(&mut noise);
    let text: String = noise
        .iter()
        .map(|byte| char::from(b' ' + byte % 90))
        .collect();
    let payload = serde_json::json!({ "n": number, "text": text });
    let payload = Payload::from_serde(&payload).expect("the value is small");
    Content::new(&tags, &payload)
}

/// A publish of the events with these numbers by the app with this name.
///
/// # Panics
///
/// If there are too many.
#[must_use]
pub fn publish(app: &str, numbers: std::ops::Range<u64>, bytes: usize) -> Publish {
    let app_id = AppId::new(app).expect("the app id is valid");
    let events = numbers.map(|number| content(number, bytes)).collect();
    Publish::new(app_id, events).expect("the events are few")
}

/// A tag.
///
/// # Panics
///
/// If it is not valid.
#[must_use]
pub fn tag(text: &str) -> Tag {
    Tag::new(text).expect("the tag is valid")
}

const SPARE_BYTES: u64 = 16 * 1024;
