//! Values that are too large, too many or empty: refused where they are made, with typed errors.

use serde_json::json;
use swarmlet::{
    AppId, ErrorKind, NewEvent, Node, Offset, Options, Payload, Retention, StreamName, Tag, Tags,
};

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

#[tokio::test]
async fn a_node_has_at_most_1024_streams_with_the_default_one() {
    let declared = |count: usize| {
        let names = (0..count).map(|number| format!("s{number}"));
        names.fold(Options::new(), |options, name| {
            options.stream(&name, Retention::keep_all())
        })
    };
    let place = Place::new();
    let error = Node::open(place.path(), declared(1024)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);

    let tags_all: Vec<String> = (0..1023).map(|number| format!("t{number}")).collect();
    let routes = tags_all.iter().enumerate();
    let options = routes.fold(declared(1023), |options, (number, tag)| {
        options.route(format!("'{tag}'"), format!("s{number}"))
    });
    let node = place.open_with(options).await;
    let mut events = vec![event("default", 0)];
    events.extend(tags_all.iter().map(|tag| event(tag, 1)));
    assert_eq!(node.publish_many(events).await.unwrap().len(), 1024);
    assert_eq!(node.streams().unwrap().len(), 1024);
}
