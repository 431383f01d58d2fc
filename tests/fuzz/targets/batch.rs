//! Batches: what decodes encodes to the same bytes, and what passes the check can be rebuilt.

#![no_main]

use libfuzzer_sys::fuzz_target;
use swarmlet_engine::event::batch::{BatchPlace, BatchRef, BodyBuilder, Records};
use swarmlet_engine::event::codec::Reader;
use swarmlet_engine::event::{Batch, StreamName};
use swarmlet_fuzz::log_image::repair_batch;

fn owned(batch: &BatchRef<'_>) -> Batch {
    Batch {
        header: batch.header.clone(),
        signature: batch.signature,
        body: batch.body.to_vec().into(),
    }
}

fn rebuilt(batch: &BatchRef<'_>) -> Batch {
    let mut records = Records::new(batch.body);
    let mut body = BodyBuilder::new();
    while let Some(record) = records.read_next().expect("the body was checked") {
        let at = body.push(record.lamport, record.timestamp, record.content.as_bytes());
        assert_eq!(at, record.content_at);
    }
    let header = &batch.header;
    let name = header.name.clone();
    let place = BatchPlace {
        stream: header.stream,
        name: name.unwrap_or_else(StreamName::default_name),
        first_offset: header.first_offset,
        previous: header.previous,
    };
    let mut batch_again = body.finish(place, header.app_id.clone());
    batch_again.header.name.clone_from(&header.name);
    batch_again.signature = batch.signature;
    batch_again
}

fn check(bytes: &[u8]) {
    let mut reader = Reader::new(bytes);
    let Ok(batch) = Batch::decode(&mut reader) else {
        return;
    };
    let mut encoded = Vec::new();
    owned(&batch).encode(&mut encoded);
    assert_eq!(encoded, bytes[..reader.position()]);
    assert!(batch.header.last_offset() >= batch.header.first_offset);
    if let Some(signature) = &batch.signature {
        let author = batch.header.stream.node;
        let _ = batch.header.hash().is_signed(author, signature);
    }
    if batch.check_body().is_ok() {
        assert_eq!(rebuilt(&batch), owned(&batch));
    }
}

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let mut repaired = bytes.to_vec();
    repair_batch(&mut repaired, None);
    check(&repaired);
});
