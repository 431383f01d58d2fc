//! Writes the committed seeds of the fuzz targets again: `cargo run --example seeds`.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use swarmlet_engine::event::Batch;
use swarmlet_engine::event::codec::Reader;
use swarmlet_engine::segment::{BlockCache, Segment};
use swarmlet_engine::storage::{Disk, FileName, Folder, SimDisk};
use swarmlet_fuzz::{log_image, sample, segment_image};

/// The files of a log with two streams and several groups, over at least two files.
fn log(events: u64, bytes: usize) -> SimDisk {
    let disk = SimDisk::new(0);
    let mut log = sample::open(&disk).expect("the disk is empty");
    for number in 0..events {
        let app = ["com.example.press", "com.example.robot"][(number % 2) as usize];
        let publish = sample::publish(app, number * 4..number * 4 + 4, bytes);
        sample::make_small_spare(&disk);
        log.commit(&[publish], sample::NOW)
            .expect("the disk has no faults");
        if number % 4 == 1 {
            log.mark_idle().expect("the disk has no faults");
        }
    }
    log.close().expect("the disk has no faults");
    disk
}

/// The segment made of the first log file.
fn sealed(disk: &SimDisk) -> Vec<u8> {
    let mut log = sample::open(disk).expect("it was just written");
    let mut maintenance = log.maintenance().expect("nobody else asked for it");
    assert!(
        maintenance.is_behind(),
        "the log has too few events for a full file"
    );
    maintenance
        .step(sample::NOW)
        .expect("the disk has no faults");
    let file = disk.files().remove(&sample::SEGMENT.file_name());
    let file = file.expect("it was just sealed");
    let plain = segment_image::with_plain_directory(&file, sample::SEGMENT);
    assert_whole(&plain);
    plain
}

/// A seed that is refused at the door would be of no use.
fn assert_whole(segment: &[u8]) {
    let disk = sample::disk_with([(sample::SEGMENT.file_name(), segment.to_vec())]);
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let segment = Segment::open(&disk, sample::SEGMENT, Arc::new(BlockCache::new(0)));
    let segment = Arc::new(segment.expect("the seed can be opened"));
    segment.verify().expect("the seed is whole");
}

fn frames(disk: &SimDisk) -> Vec<u8> {
    let files = disk.files();
    let is_log = |name: &&FileName| name.folder() == Folder::Log && name.name().ends_with(".wal");
    let names = files.keys().filter(is_log);
    log_image::frames_of(names.map(|name| files[name].as_slice()))
}

/// The first batch of a log: behind the fixed part of the first frame, and the count.
fn batch(frames: &[u8]) -> Vec<u8> {
    let bytes = &frames[33..];
    let mut reader = Reader::new(bytes);
    Batch::decode(&mut reader).expect("it was just written");
    bytes[..reader.position()].to_vec()
}

/// Any bytes: what happens to the exchange of blobs, most of it possible.
fn noise(name: &str, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    let hasher = blake3::Hasher::new_derive_key(name);
    hasher.finalize_xof().fill(&mut noise);
    noise
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    fs::create_dir_all(&folder).expect("the folder can be made");
    fs::write(folder.join(name), bytes).expect("the seed can be written");
}

fn main() {
    let (small, large) = (log(4, 24), log(24, 120));
    write("log", "one-file", &frames(&small));
    write("log", "two-files", &frames(&large));
    write("batch", "first", &batch(&frames(&small)));
    write("content", "plain", sample::content(0, 24).as_bytes());
    let content = sample::content(1, 8);
    write("payload", "map", content.payload().as_cbor());
    write(
        "payload",
        "open",
        &[0xbf, 0x61, b'a', 0x9f, 0xf9, 0x3c, 0, 0xf6, 0xff, 0xff],
    );
    for (name, query) in QUERIES {
        write("query", name, query.as_bytes());
    }
    for (name, query) in MACHINES {
        let events = b"\x03\0\0\x05".iter().cycle().take(200);
        let bytes = query.bytes().chain([0]).chain(events.copied());
        write("machine", name, &bytes.collect::<Vec<_>>());
    }
    for (name, text) in NAMES {
        write("names", name, text.as_bytes());
    }
    for (name, steps) in [("short", 200), ("longer", 1000), ("long", 4000)] {
        write("blobs", name, &noise(name, steps));
    }
    write("segment", "plain", &sealed(&large));
    write("segment", "compressed", &sealed(&log(40, 1)));
    let empty = segment_image::empty(sample::SEGMENT);
    assert_whole(&empty);
    write("segment", "empty", &empty);
}

const QUERIES: &[(&str, &str)] = &[
    ("tags", "FROM ('a' | \"b\") & 'c:1' ORDER DESC LIMIT 7 END"),
    (
        "atoms",
        "FROM isLocal & appId(me) | allEvents & appId(com.example.press)",
    ),
    (
        "time",
        "FROM from(2021-07-20T10:00:30.123+02:00) & TIME < 5m ago",
    ),
    (
        "key",
        "FROM KEY >= 7/...........................................-0 & to(9)",
    ),
    (
        "pragma",
        "PRAGMA features := a b\nFEATURES(c) FROM 'x' -- note\n",
    ),
];

/// Queries with something behind them that events can be made of.
const MACHINES: &[(&str, &str)] = &[
    (
        "aggregate",
        "AGGREGATE { a: SUM(_.x), b: [LAST(_), COUNT(_)] }",
    ),
    (
        "group",
        "GROUP BY _.k SELECT group, MAX(_.v), AVG(_.v) LIMIT $n",
    ),
    ("distinct", "LET x := _ FILTER IsDefined(x[0]) DISTINCT"),
    (
        "spread",
        "SELECT ..._, _.x ?? 1, `{_}` LIMIT 5 AGGREGATE FIRST(_)",
    ),
    (
        "case",
        "SELECT CASE _.x * 2 > 1 => -1 CASE TRUE => KEY(_) ENDCASE",
    ),
    (
        "sub-query",
        "FROM 'a' | $tag SELECT (FROM `{_.x}` ORDER DESC LIMIT $n SELECT _ ^ 2 END)[0]",
    ),
    (
        "array",
        "FROM [1, ...FROM 'b' END, 2.5] FILTER _ != 2 SELECT TIME(_), TAGS(_)",
    ),
    (
        "time",
        "FROM TIME > 5m ago & TIME < $to | KEY > 3 AGGREGATE PRODUCT(_) % 7",
    ),
];

const NAMES: &[(&str, &str)] = &[
    ("stream", "...........................................-17"),
    ("node", "..........................................U"),
    ("app", "com.example.press-1"),
    ("segment", "0000000000000001-0000000000000008-00000000.seg"),
    ("tags", "machine:1 part e\u{301}"),
];
