//! Queries that go on: what comes at catch-up and what comes later, what is taken back, and the
//! ways to follow a query other than `subscribe`.

use serde_json::json;
use swarmlet::{ErrorKind, Item, Node, Offsets, Options, Retention, Row, SubscribeOptions};

use crate::harness::{Place, collect, number, number_of, numbers, publish, receive, soon, tags};
use crate::language::{all, next, node_with, put, query, shown, subscribe, value};

#[tokio::test]
async fn aggregates_come_at_catch_up_and_whenever_they_have_changed() {
    let place = Place::new();
    let node = node_with(&place, [json!(1), json!(2)]).await;
    let mut subscription = subscribe(&node, "FROM 'a' AGGREGATE SUM(_)");
    let present = node.offsets().unwrap().present;
    let outputs = soon(subscription.next_outputs(9)).await.unwrap().unwrap();
    assert_eq!(shown(&outputs[0].item), "3");
    assert_eq!(outputs[1].item, Item::CaughtUp(present.clone()));
    assert_eq!(outputs.len(), 2);
    assert_eq!(*subscription.offsets(), present);
    put(&node, "a", &json!(4)).await;
    assert_eq!(next(&mut subscription, 2).await, ["-3", "7"]);
    assert_eq!(*subscription.offsets(), node.offsets().unwrap().present);
    // Nothing comes of what does not match or changes nothing but the range.
    put(&node, "b", &json!(100)).await;
    put(&node, "a", &json!(-1)).await;
    assert_eq!(next(&mut subscription, 2).await, ["-7", "6"]);
}

#[tokio::test]
async fn that_a_subscription_has_caught_up_is_said_once() {
    let place = Place::new();
    let node = place.open().await;
    for (aql, before) in [
        ("FROM 'a'", &[][..]),
        ("FROM 'a' AGGREGATE COUNT(_)", &["0"]),
        ("FROM 'a' AGGREGATE LAST(_)", &["warning: no value added"]),
        ("FROM 'a' GROUP BY _ AGGREGATE COUNT(_)", &[]),
    ] {
        let mut subscription = subscribe(&node, aql);
        let expected = [before, &["caught up"]].concat();
        assert_eq!(
            next(&mut subscription, expected.len()).await,
            expected,
            "{aql}"
        );
        assert_eq!(*subscription.offsets(), node.offsets().unwrap().present);
    }
    let mut subscription = subscribe(&node, "FROM 'a'");
    assert_eq!(next(&mut subscription, 1).await, ["caught up"]);
    for content in 0..10 {
        put(&node, "a", &json!(content)).await;
        assert_eq!(next(&mut subscription, 1).await, [content.to_string()]);
    }
    // An array as source has nothing to wait for.
    let mut subscription = subscribe(&node, "FROM [1, 2] SELECT _ + 1");
    assert_eq!(all(&mut subscription).await, ["2", "3", "caught up"]);
}

#[tokio::test]
async fn that_there_is_nothing_yet_is_said_once() {
    let place = Place::new();
    let node = place.open().await;
    let mut subscription = subscribe(&node, "FROM 'a' AGGREGATE LAST(_)");
    let nothing = ["warning: no value added", "caught up"];
    assert_eq!(next(&mut subscription, 2).await, nothing);
    for _ in 0..3 {
        put(&node, "b", &json!(0)).await;
        let waited = tokio::time::timeout(
            std::time::Duration::from_millis(50),
            subscription.next_outputs(1),
        );
        assert!(waited.await.is_err(), "what does not match says nothing");
    }
    put(&node, "a", &json!(1)).await;
    assert_eq!(next(&mut subscription, 1).await, ["1"]);
}

#[tokio::test]
async fn groups_are_replaced_one_by_one() {
    let place = Place::new();
    let node = node_with(&place, [json!("x"), json!("y"), json!("x")]).await;
    let aql = "FROM 'a' GROUP BY _ SELECT [group, COUNT(_)]";
    let mut subscription = subscribe(&node, aql);
    assert_eq!(
        next(&mut subscription, 3).await,
        [r#"["x",2]"#, r#"["y",1]"#, "caught up"]
    );
    put(&node, "a", &json!("x")).await;
    assert_eq!(
        next(&mut subscription, 2).await,
        [r#"-["x",2]"#, r#"["x",3]"#]
    );
    put(&node, "a", &json!("w")).await;
    assert_eq!(next(&mut subscription, 1).await, [r#"["w",1]"#]);
}

#[tokio::test]
async fn a_subscription_that_computes_resumes_exactly() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..50).await;
    let aql = "FROM 'a' FILTER _.number % 3 != 0 SELECT _.number, -1";
    let mut from = Offsets::new();
    let mut found = Vec::new();
    for round in 0..20 {
        let options = SubscribeOptions::after(from);
        let mut subscription = node.subscribe(aql, options).unwrap();
        let rows = soon(subscription.next_chunk(2 * (round % 4) + 2)).await;
        for row in rows.unwrap().unwrap() {
            found.push(value(&row));
        }
        from = subscription.offsets().clone();
        publish(&node, "a", [50 + round as u64]).await;
    }
    let expected = (0..).filter(|number| number % 3 != 0);
    let expected = expected.flat_map(|number| [json!(number), json!(-1)]);
    assert_eq!(found, expected.take(found.len()).collect::<Vec<_>>());
    assert!(found.len() > 80);
}

#[tokio::test]
async fn an_event_of_which_only_a_part_is_handed_out_comes_again() {
    let place = Place::new();
    let node = node_with(&place, [json!(1), json!(2)]).await;
    let aql = "FROM 'a' SELECT _, _ * 10, _ * 100";
    let mut subscription = subscribe(&node, aql);
    let rows = soon(subscription.next_chunk(2)).await.unwrap().unwrap();
    assert_eq!(rows.len(), 2);
    assert!(subscription.offsets().is_empty(), "the event is not done");
    let rows = soon(subscription.next_chunk(1)).await.unwrap().unwrap();
    assert_eq!(value(&rows[0]), json!(100));
    let from = subscription.offsets().clone();
    let mut subscription = node.subscribe(aql, SubscribeOptions::after(from)).unwrap();
    assert_eq!(
        next(&mut subscription, 4).await,
        ["2", "20", "200", "caught up"]
    );
}

/// Two streams, so that offsets can be behind in one and not in the other.
async fn node_with_two_streams(place: &Place) -> Node {
    let options = Options::new()
        .stream("one", Retention::keep_all())
        .route("'one'", "one");
    let node = place.open_with(options).await;
    publish(&node, "one a", [1]).await;
    publish(&node, "two a", [2]).await;
    publish(&node, "one a", [3]).await;
    node
}

#[tokio::test]
async fn a_monotonic_subscription_keeps_the_order_of_keys() {
    let place = Place::new();
    let node = node_with_two_streams(&place).await;
    let options = SubscribeOptions::default();
    let mut results = node.subscribe_monotonic("FROM 'a'", options).unwrap();
    assert_eq!(numbers(&receive(&mut results, 3).await), [1, 2, 3]);
    publish(&node, "two a", [4]).await;
    publish(&node, "one a", [5]).await;
    assert_eq!(numbers(&receive(&mut results, 2).await), [4, 5]);
}

#[tokio::test]
async fn a_monotonic_subscription_ends_with_time_travel() {
    let place = Place::new();
    let node = node_with_two_streams(&place).await;
    // Whoever has seen event 2 and not event 1 has missed something.
    let mut all_of_it = query(&node, "FROM 'a'");
    let second = collect(&mut all_of_it, 9).await.remove(1);
    let from = Offsets::from_iter([(second.key.stream, second.key.offset)]);
    let begin = |aql: &str| {
        let options = SubscribeOptions::after(from.clone());
        node.subscribe_monotonic(aql, options).unwrap()
    };
    assert_eq!(all(&mut begin("FROM 'a'")).await, ["time travel to 1"]);
    let error = soon(begin("FROM 'a'").next_chunk(9)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(error.operation(), "subscribe");
    // What was seen of other events does not count.
    assert_eq!(numbers(&receive(&mut begin("FROM 'one'"), 2).await), [1, 3]);
}

#[tokio::test]
async fn what_has_no_order_has_no_place_in_a_monotonic_subscription() {
    let place = Place::new();
    let node = place.open().await;
    let ask = |aql: &str| node.subscribe_monotonic(aql, SubscribeOptions::default());
    for (aql, feature) in [
        ("FROM 'a' LIMIT 1", "limit"),
        ("FROM 'a' AGGREGATE COUNT(_)", "aggregate"),
        ("FROM 'a' GROUP BY _ AGGREGATE COUNT(_)", "groupBy"),
        ("FROM [1, 2]", "fromArray"),
    ] {
        let error = ask(aql).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_eq!(
            error.message(),
            format!("Feature(s) `{feature}` are not supported on endpoint SubscribeMonotonic.")
        );
    }
    ask("FROM 'a' & TIME > 1h ago LET x := 1 FILTER TRUE SELECT x, `{x}`, ...[x] DISTINCT")
        .unwrap();
}

#[tokio::test]
async fn the_latest_is_found_at_once_and_then_followed() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..1000).await;
    let options = SubscribeOptions::default();
    let mut latest = node.observe_latest("FROM 'a'", options.clone()).unwrap();
    let outputs = soon(latest.next_outputs(9)).await.unwrap().unwrap();
    let items: Vec<Item> = outputs.into_iter().map(|output| output.item).collect();
    let [Item::Row(row), Item::CaughtUp(present)] = &items[..] else {
        panic!("{items:?}");
    };
    assert_eq!(row.event().unwrap().key.offset.get(), 999);
    assert_eq!(*present, node.offsets().unwrap().present);
    assert_eq!(latest.events_read(), 1);
    assert_eq!(*latest.offsets(), node.offsets().unwrap().present);
    for content in 1000..1010 {
        publish(&node, "b", [1]).await;
        publish(&node, "a", [content]).await;
        let rows = soon(latest.next_chunk(9)).await.unwrap().unwrap();
        assert_eq!(numbers(&rows), [content]);
    }
    // Of what the query makes, the latest.
    let aql = "FROM 'a' FILTER _.number < 7 SELECT _.number";
    let mut latest = node.observe_latest(aql, options).unwrap();
    assert_eq!(next(&mut latest, 2).await, ["6", "caught up"]);
    publish(&node, "a", [3]).await;
    assert_eq!(next(&mut latest, 2).await, ["-6", "3"]);
}

#[tokio::test]
async fn the_latest_of_nothing_is_the_first_that_comes() {
    let place = Place::new();
    let node = place.open().await;
    let options = SubscribeOptions::default();
    let mut latest = node.observe_latest("FROM 'a'", options).unwrap();
    let warning = "warning: no value added";
    assert_eq!(next(&mut latest, 2).await, [warning, "caught up"]);
    publish(&node, "a", [1]).await;
    assert_eq!(numbers(&receive(&mut latest, 1).await), [1]);
}

#[tokio::test]
async fn the_earliest_stays() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..1000).await;
    let options = SubscribeOptions::default();
    let mut earliest = node.observe_earliest("FROM 'a'", options).unwrap();
    let first = r#"{"number":0}"#;
    assert_eq!(next(&mut earliest, 2).await, [first, "caught up"]);
    assert_eq!(earliest.events_read(), 1);
}

#[tokio::test]
async fn waiting_is_over_with_what_is_present_or_comes() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..10).await;
    let wait = |aql: &'static str, least| {
        let node = node.clone();
        async move {
            let options = SubscribeOptions::default();
            let is_met = |row: &Row| row.event().is_none() || number_of(row) >= least;
            node.wait_for(aql, options, is_met).await
        }
    };
    let row = soon(wait("FROM 'a'", 5)).await.unwrap();
    assert_eq!(number_of(&row), 5);
    let waiting = tokio::spawn(wait("FROM 'a'", 12));
    let counting = tokio::spawn(wait("FROM 'a' AGGREGATE COUNT(_) FILTER _ >= 13", 0));
    for content in 10..14 {
        publish(&node, "a", [content]).await;
    }
    let row = soon(waiting).await.unwrap().unwrap();
    assert_eq!(number_of(&row), 12);
    let row = soon(counting).await.unwrap().unwrap();
    assert!(value(&row).as_u64().unwrap() >= 13);
    let error = soon(wait("FROM 'a' LIMIT 3", 100)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(error.operation(), "wait_for");
}

#[test]
fn waiting_without_a_runtime_ends_in_time() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    node.publish_blocking(tags("a"), number(3)).unwrap();
    let wait = |aql: &str, least| {
        let patience = Some(std::time::Duration::from_millis(20));
        let is_met = |row: &Row| number_of(row) >= least;
        node.wait_for_blocking(aql, SubscribeOptions::default(), patience, is_met)
    };
    assert_eq!(number_of(&wait("FROM 'a'", 3).unwrap()), 3);
    assert_eq!(wait("FROM 'a'", 4).unwrap_err().kind(), ErrorKind::Timeout);
    let error = wait("FROM 'a' LIMIT 1", 4).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn waiting_ends_in_time_though_other_rows_come_one_after_the_other() {
    let place = Place::new();
    let node = Node::open_blocking(place.path(), Options::new()).unwrap();
    for count in 0..4 {
        node.publish_blocking(tags("a"), number(count)).unwrap();
    }
    let mut judged = 0;
    let nothing = Some(std::time::Duration::ZERO);
    let waited = node.wait_for_blocking("FROM 'a'", SubscribeOptions::default(), nothing, |_| {
        judged += 1;
        false
    });
    let error = waited.unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Timeout, "wait_for")
    );
    assert!(judged <= 1, "{judged} rows were judged in no time");
}
