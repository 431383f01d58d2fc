//! A data folder with any files in it: recovery takes what is a log, and says what is not.

#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use swarmlet_engine::segment::SegmentName;
use swarmlet_engine::storage::{FileName, Folder};
use swarmlet_fuzz::{inspect, log_image, read_back, sample, segment_image};

#[derive(Arbitrary, Debug)]
enum Number {
    Small(u8),
    Last(u8),
    Any(u64),
}

impl Number {
    fn get(&self) -> u64 {
        match self {
            Self::Small(number) => u64::from(*number % 8),
            Self::Last(number) => u64::MAX - u64::from(*number % 8),
            Self::Any(number) => *number,
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Content<'a> {
    Valid,
    Cut(u16),
    Bytes(&'a [u8]),
}

impl Content<'_> {
    fn of(&self, mut valid: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Valid => {}
            Self::Cut(len) => valid.truncate(usize::from(*len)),
            Self::Bytes(bytes) => return bytes.to_vec(),
        }
        valid
    }
}

#[derive(Arbitrary, Debug)]
enum File<'a> {
    Log(Number, Content<'a>),
    Segment(Number, Number, u32, Content<'a>),
    Half(Number, &'a [u8]),
    Other(u8, &'a str, &'a [u8]),
}

impl File<'_> {
    fn name_and_bytes(&self) -> Option<(FileName, Vec<u8>)> {
        Some(match self {
            Self::Log(number, content) => {
                let number = number.get();
                let valid = log_image::empty_file(number);
                (sample::log_file_name(number), content.of(valid))
            }
            Self::Segment(first, last, revision, content) => {
                let name = segment_name(first, last, *revision);
                (name.file_name(), content.of(segment_image::empty(name)))
            }
            Self::Half(number, bytes) => {
                let name = segment_name(number, number, 0);
                (name.temporary_file_name(), bytes.to_vec())
            }
            Self::Other(folder, name, bytes) => {
                let folder = Folder::ALL[usize::from(*folder) % Folder::ALL.len()];
                (FileName::new(folder, *name).ok()?, bytes.to_vec())
            }
        })
    }
}

fn segment_name(first: &Number, last: &Number, revision: u32) -> SegmentName {
    let (first, last) = (first.get(), last.get());
    SegmentName {
        first: first.min(last),
        last: first.max(last),
        revision,
    }
}

fuzz_target!(|files: Vec<File<'_>>| {
    let files = files.iter().take(8).filter_map(File::name_and_bytes);
    let files: BTreeMap<FileName, Vec<u8>> = files.collect();
    let disk = sample::disk_with(files);
    let is_sound = inspect::is_sound(&disk);
    let Ok(mut log) = sample::open(&disk) else {
        assert!(!is_sound, "a sound log does not open");
        return;
    };
    let events = read_back::log(&log.reader()).expect("a log that opened can be read");
    assert!(events.is_empty());
    let published = log.commit(&[sample::publish("com.example", 0..2, 16)], sample::NOW);
    if published.is_ok() {
        drop(log);
        let log = sample::open(&disk).expect("a log that was written opens again");
        let events = read_back::log(&log.reader()).expect("a log that opened can be read");
        assert_eq!(events.len(), 2);
    }
});
