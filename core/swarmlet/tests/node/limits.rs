//! Values that are too large, too many or empty: refused where they are made, with typed errors.

use serde_json::json;
use swarmlet::{AppId, ErrorKind, NewEvent, Offset, Payload, StreamName, Tag, Tags};

use crate::harness::{Place, event, tags};

#[test]
fn values_that_cannot_be_are_refused() {
    let refused = [
        Tag::new("").unwrap_err(),
        Tags::new(["a", ""]).unwrap_err(),
        Tag::new(&"x".repeat(1025)).unwrap_err(),
        Payload::from_serde(&json!("x".repeat(1024 * 1024))).unwrap_err(),
        Payload::from_cbor(vec![0x82, 0x01]).unwrap_err(),
        AppId::new("Com.Example").unwrap_err(),
        StreamName::new("").unwrap_err(),
        Offset::new(1 << 53).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
}

#[tokio::test]
async fn a_call_has_at_most_16384_events_and_4_mib() {
    let place = Place::new();
    let node = place.open().await;
    let many = |count: u64| {
        (0..count)
            .map(|content| event("a", content))
            .collect::<Vec<_>>()
    };
    assert_eq!(node.publish_many(many(16_384)).await.unwrap().len(), 16_384);
    let error = node.publish_many(many(16_385)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(error.operation(), "publish");

    let large = |count: usize| -> Vec<NewEvent> {
        let payload = Payload::from_serde(&"x".repeat(1_000_000)).unwrap();
        vec![
            NewEvent {
                tags: tags("b"),
                payload
            };
            count
        ]
    };
    assert_eq!(node.publish_many(large(4)).await.unwrap().len(), 4);
    let error = node.publish_many(large(5)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    // Nothing of a refused call is there.
    assert_eq!(node.metrics().log.events_committed, 16_388);
}
