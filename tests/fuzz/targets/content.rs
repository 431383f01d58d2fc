//! Content, tags and payload of an event: what decodes is exactly what its parts encode to.

#![no_main]

use libfuzzer_sys::fuzz_target;
use swarmlet_engine::event::batch::Records;
use swarmlet_engine::event::codec::Reader;
use swarmlet_engine::event::{Content, Payload, Tags};

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::new(bytes);
    if let Ok(content) = Content::decode(&mut reader) {
        assert_eq!(content.as_bytes(), &bytes[..reader.position()]);
        let tags = Tags::new(content.tags().iter()).expect("tags were checked");
        assert_eq!(tags, content.tags());
        assert_eq!(tags.len(), tags.iter().count());
        assert!(tags.iter().all(|tag| tags.contains(tag)));
        let payload = content.payload().as_cbor().to_vec();
        let payload = Payload::from_cbor(payload).expect("the payload was checked");
        assert_eq!(Content::new(&tags, &payload), content);
        assert!(!format!("{content:?}").is_empty());
    }
    let mut records = Records::new(bytes);
    while let Ok(Some(record)) = records.read_next() {
        assert_eq!(
            record.content.to_content().tags().len(),
            record.content.tags().count()
        );
    }
});
