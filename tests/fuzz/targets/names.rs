//! Everything that has a text form: what parses prints as the text it was parsed from.

#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use swarmlet_engine::event::{AppId, NodeId, StreamId, StreamName, Tag, Tags};
use swarmlet_engine::segment::SegmentName;
use swarmlet_engine::storage::{FileName, Folder};

fn round_trips<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

fuzz_target!(|text: &str| {
    round_trips::<NodeId>(text);
    round_trips::<StreamId>(text);
    round_trips::<AppId>(text);
    if let Ok(name) = StreamName::new(text) {
        assert_eq!(name.as_str(), text);
    }
    if let Ok(tag) = Tag::new(text) {
        assert_eq!(Tag::new(tag.as_str()).expect("a tag is a tag"), tag);
    }
    if let Ok(tags) = Tags::new(text.split(' ')) {
        assert_eq!(Tags::new(&tags).expect("a set of tags is one"), tags);
        assert!(tags.iter().is_sorted());
    }
    for folder in Folder::ALL {
        let Ok(name) = FileName::new(folder, text) else {
            continue;
        };
        assert!(name.to_string().ends_with(text));
        if let Some(segment) = SegmentName::parse(&name) {
            assert_eq!(segment.file_name(), name);
            assert!(!SegmentName::is_temporary(&name));
        }
    }
});
