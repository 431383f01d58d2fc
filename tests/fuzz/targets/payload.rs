//! Payloads: accepted exactly if RFC 8949 calls them well-formed within our bounds, and no integer
//! is below -2^63.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use swarmlet_engine::event::Payload;
use swarmlet_engine::limits::PAYLOAD_DEPTH_MAX;
use swarmlet_fuzz::cbor::is_well_formed;

fuzz_target!(|bytes: &[u8]| {
    let payload = Payload::from_cbor(bytes.to_vec());
    // Whether an integer is too small is looked at only where one may be.
    if payload.is_ok() || !bytes.contains(&NEGATIVE_OF_EIGHT_BYTES) {
        assert_eq!(payload.is_ok(), is_well_formed(bytes, PAYLOAD_DEPTH_MAX));
    }
    let Ok(payload) = payload else {
        return;
    };
    let mut decoder = minicbor::Decoder::new(bytes);
    assert!(decoder.skip().is_ok());
    assert_eq!(decoder.position(), bytes.len());
    assert!(!format!("{payload:?}").is_empty());
    if let Ok(value) = payload.to_serde::<Value>() {
        let again = Payload::from_serde(&value).expect("a value that was read can be written");
        assert_eq!(
            again.to_serde::<Value>().expect("it was just written"),
            value
        );
    }
});

/// The head of the integers that can be below -2^63.
const NEGATIVE_OF_EIGHT_BYTES: u8 = 0x3b;
