//! The query language at work on a node: where rows come from, what is said in between, parameters,
//! sub-queries, and where offsets stand meanwhile.

use std::sync::Arc;

use serde_json::{Value, json};
use swarmlet::{
    ErrorKind, Item, Node, Offset, Offsets, Options, Order, Origin, Parameters, Payload,
    QueryOptions, Results, Row, SubscribeOptions, Tags, Timestamp,
};

use crate::harness::{
    HandClock, Place, ask, collect, number, numbers, publish, receive, soon, tags,
};

pub(crate) async fn node_with(place: &Place, payloads: impl IntoIterator<Item = Value>) -> Node {
    let node = place.open().await;
    for payload in payloads {
        put(&node, "a", &payload).await;
    }
    node
}

pub(crate) async fn put(node: &Node, names: &str, payload: &Value) {
    let payload = Payload::from_serde(payload).unwrap();
    node.publish(tags(names), payload).await.unwrap();
}

pub(crate) fn query(node: &Node, aql: &str) -> Results {
    node.query(aql, QueryOptions::default()).unwrap()
}

pub(crate) fn subscribe(node: &Node, aql: &str) -> Results {
    node.subscribe(aql, SubscribeOptions::default()).unwrap()
}

pub(crate) fn value(row: &Row) -> Value {
    row.payload().to_serde().unwrap()
}

/// An output in one line: `-` in front of what is taken back.
pub(crate) fn shown(item: &Item) -> String {
    match item {
        Item::Row(row) => value(row).to_string(),
        Item::AntiRow(row) => format!("-{}", value(row)),
        Item::Diagnostic(diagnostic) => diagnostic.to_string(),
        Item::CaughtUp(_) => "caught up".to_owned(),
        Item::TimeTravel(key) => format!("time travel to {}", key.lamport),
        other => format!("{other:?}"),
    }
}

/// Everything up to the end.
pub(crate) async fn all(results: &mut Results) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(outputs) = soon(results.next_outputs(7)).await.unwrap() {
        found.extend(outputs.iter().map(|output| shown(&output.item)));
    }
    found
}

/// The next so many outputs, which are all there are.
pub(crate) async fn next(results: &mut Results, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    while found.len() < count {
        let outputs = soon(results.next_outputs(count)).await.unwrap();
        let outputs = outputs.expect("it goes on");
        found.extend(outputs.iter().map(|output| shown(&output.item)));
    }
    assert!(results.take(usize::MAX).is_empty(), "there is more");
    found
}

fn with_parameters(parameters: Parameters) -> QueryOptions {
    QueryOptions {
        parameters,
        ..QueryOptions::default()
    }
}

// Rows and what is said in between.

#[tokio::test]
async fn rows_know_the_events_they_come_from() {
    let place = Place::new();
    let node = node_with(&place, [json!({"x": 1}), json!({"x": 2}), json!({"x": 3})]).await;
    let aql = "FROM 'a' FILTER _.x != 2 SELECT _, _.x, 'none'";
    let rows = query(&node, aql).next_chunk(100).await.unwrap().unwrap();
    let values: Vec<Value> = rows.iter().map(value).collect();
    let expected = [json!({"x": 1}), json!(1), json!("none")];
    assert_eq!(values[..3], expected);
    assert_eq!(values[3..], [json!({"x": 3}), json!(3), json!("none")]);
    for (row, offset) in rows.iter().zip([0, 0, 9, 2, 2, 9]) {
        match row.event() {
            Some(event) => {
                assert_eq!(event.key.offset.get(), offset);
                assert_eq!(event.tags().iter().collect::<Vec<_>>(), ["a"]);
            }
            None => assert_eq!((row.origin(), offset), (&Origin::Synthetic, 9)),
        }
    }
}

#[tokio::test]
async fn aggregates_know_from_where_to_where_their_events_lie() {
    let place = Place::new();
    let clock = Arc::new(HandClock::at(0));
    let node = place.open_with(Options::new().clock(clock.clone())).await;
    // The clock goes back in between: times are no order.
    for (micros, content) in [(50, 1), (70, 2), (30, 3)] {
        clock.set(micros);
        publish(&node, "a", [content]).await;
    }
    let mut results = query(&node, "FROM 'a' AGGREGATE SUM(_.number)");
    let rows = results.next_chunk(10).await.unwrap().unwrap();
    assert_eq!(value(&rows[0]), json!(6));
    let Origin::Range(range) = rows[0].origin() else {
        panic!("the sum comes from several events");
    };
    assert_eq!(
        (range.from.offset.get(), range.to.offset.get()),
        (0, 2),
        "smallest and greatest key"
    );
    let times = (range.from_time.micros(), range.to_time.micros());
    assert_eq!(times, (30, 70));
    // Of one event alone, that event is known.
    let mut results = query(&node, "FROM 'a' AGGREGATE MAX(_.number)");
    let rows = results.next_chunk(10).await.unwrap().unwrap();
    assert_eq!(rows[0].event().unwrap().key.offset.get(), 2);
}

#[tokio::test]
async fn warnings_come_in_their_place_and_rows_do_without_them() {
    let place = Place::new();
    let node = node_with(
        &place,
        [json!(1), json!("x"), json!(3), json!(null), json!(5)],
    )
    .await;
    let aql = "FROM 'a' FILTER _ > 0";
    let warning =
        |kind| format!("warning: binary operation > cannot be applied to {kind} and Number");
    assert_eq!(
        all(&mut query(&node, aql)).await,
        [
            "1".to_owned(),
            warning("String"),
            "3".to_owned(),
            warning("Null"),
            "5".to_owned()
        ]
    );
    let mut results = query(&node, aql);
    let mut rows = Vec::new();
    while let Some(chunk) = results.next_chunk(2).await.unwrap() {
        assert!(!chunk.is_empty(), "a chunk has rows");
        rows.extend(chunk.iter().map(value));
    }
    assert_eq!(rows, [json!(1), json!(3), json!(5)]);
    assert_eq!(*results.offsets(), node.offsets().unwrap().present);
}

#[tokio::test]
async fn an_error_is_the_last_output_and_fails_those_who_look_at_rows() {
    let place = Place::new();
    let node = node_with(&place, [json!(1)]).await;
    let aql = "FROM 'a' AGGREGATE SUM(_) AGGREGATE MAX(_)";
    let mut subscription = subscribe(&node, aql);
    assert_eq!(next(&mut subscription, 2).await, ["1", "caught up"]);
    put(&node, "a", &json!(2)).await;
    let error = "error: anti-input cannot be processed in MAX()";
    assert_eq!(all(&mut subscription).await, [error]);

    let mut subscription = subscribe(&node, aql);
    let rows = soon(subscription.next_chunk(10)).await.unwrap().unwrap();
    assert_eq!(value(&rows[0]), json!(3));
    put(&node, "a", &json!(4)).await;
    let error = soon(subscription.next_chunk(10)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    assert_eq!(error.message(), "anti-input cannot be processed in MAX()");
    assert_eq!(error.operation(), "subscribe");
    assert_eq!(soon(subscription.next_chunk(10)).await.unwrap(), None);
}

#[tokio::test]
async fn what_the_language_lacks_passes_as_it_is() {
    let place = Place::new();
    let node = place.open().await;
    // A big integer, bytes, an undefined, a half-precision float and an array without length, in
    // an order of keys that no encoder of ours would choose.
    let cbor = b"\xa3\x61z\xc2\x42\x01\x00\x61a\x9f\xf7\xf9\x3c\x00\xff\x61m\x41\xff".to_vec();
    let payload = Payload::from_cbor(cbor.clone()).unwrap();
    node.publish(tags("a"), payload).await.unwrap();
    for aql in [
        "FROM 'a'",
        "FROM 'a' FILTER IsDefined(_.z)",
        "FROM 'a' LET x := _ SELECT x",
        "FROM 'a' AGGREGATE LAST(_)",
        "FROM 'a' FILTER _.a[1] = 1 DISTINCT LIMIT 1",
    ] {
        let rows = query(&node, aql).next_chunk(1).await.unwrap().unwrap();
        assert_eq!(rows[0].payload().as_cbor(), cbor, "{aql}");
    }
    assert_eq!(
        all(&mut query(&node, "FROM 'a' SELECT _.z + 1")).await,
        ["warning: Not supported: BigInteger"]
    );
}

#[tokio::test]
async fn a_row_larger_than_a_payload_is_a_warning() {
    let place = Place::new();
    let node = node_with(&place, [json!("x".repeat(600_000)), json!("small")]).await;
    let outputs = all(&mut query(&node, "FROM 'a' SELECT [_, _]")).await;
    assert!(outputs[0].starts_with("warning: the result cannot be handed out"));
    assert_eq!(outputs[1..], [json!(["small", "small"]).to_string()]);
}

#[tokio::test]
async fn a_filter_that_drops_everything_settles_all_of_it() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..1000).await;
    let present = node.offsets().unwrap().present;
    let mut results = query(&node, "FROM 'a' FILTER _.number > 5000");
    assert_eq!(results.next_chunk(10).await.unwrap(), None);
    assert_eq!(*results.offsets(), present);
    assert_eq!(results.events_read(), 1000);

    let mut subscription = subscribe(&node, "FROM 'a' FILTER _.number > 5000");
    assert_eq!(next(&mut subscription, 1).await, ["caught up"]);
    assert_eq!(*subscription.offsets(), present);
    publish(&node, "a", [1, 9000]).await;
    assert_eq!(numbers(&receive(&mut subscription, 1).await), [9000]);
    assert_eq!(*subscription.offsets(), node.offsets().unwrap().present);
}

#[tokio::test]
async fn a_query_with_a_limit_settles_what_it_read() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..1000).await;
    let mut results = query(&node, "FROM 'a' FILTER _.number % 10 = 9 LIMIT 3");
    assert_eq!(numbers(&collect(&mut results, 10).await), [9, 19, 29]);
    let (_, last) = results.offsets().iter().next().unwrap();
    assert_eq!(last.get(), 29);
    let lower = results.offsets().clone();
    let options = QueryOptions {
        lower,
        ..QueryOptions::default()
    };
    let mut results = node
        .query("FROM 'a' FILTER _.number % 10 = 9 LIMIT 1", options)
        .unwrap();
    assert_eq!(numbers(&collect(&mut results, 10).await), [39]);
}

#[tokio::test]
async fn the_last_of_many_costs_one_event() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..1000).await;
    let mut results = query(&node, "FROM 'a' AGGREGATE LAST(_.number)");
    assert_eq!(all(&mut results).await, ["999"]);
    assert_eq!(results.events_read(), 1);
    assert_eq!(*results.offsets(), node.offsets().unwrap().present);
    let mut results = query(&node, "FROM 'a' AGGREGATE FIRST(_.number)");
    assert_eq!(all(&mut results).await, ["0"]);
    assert_eq!(results.events_read(), 1);
}

// Parameters.

#[tokio::test]
async fn a_parameter_is_never_part_of_the_text() {
    let place = Place::new();
    let node = place.open().await;
    let nasty = "it's 7' | allEvents --";
    let payload = number(7);
    node.publish(Tags::new([nasty]).unwrap(), payload)
        .await
        .unwrap();
    publish(&node, "a", [1, 2]).await;
    let parameters = Parameters::new().with("tag", nasty).unwrap();
    for aql in [
        "FROM $tag",
        "FROM `{$tag}`",
        "FROM allEvents FILTER (TAGS(_))[0] = $tag",
    ] {
        let mut results = node
            .query(aql, with_parameters(parameters.clone()))
            .unwrap();
        assert_eq!(numbers(&collect(&mut results, 9).await), [7], "{aql}");
    }
}

#[tokio::test]
async fn parameters_are_values_times_and_numbers() {
    let place = Place::new();
    let clock = Arc::new(HandClock::at(0));
    let node = place.open_with(Options::new().clock(clock.clone())).await;
    for content in 0..5 {
        clock.set(content * 1_000_000);
        publish(&node, "a", [content.unsigned_abs()]).await;
    }
    let parameters = Parameters::new()
        .with_time("since", Timestamp::from_micros(2_000_000))
        .with("not", &json!({"number": 3}))
        .unwrap()
        .with("most", &1)
        .unwrap()
        .with("unused", "it has no effect")
        .unwrap();
    for (aql, expected) in [
        ("FROM 'a' & TIME > $since", &[3, 4][..]),
        ("FROM 'a' FILTER (TIME(_))[0] <= $since", &[0, 1, 2]),
        ("FROM 'a' & TIME >= $since FILTER _ != $not", &[2, 4]),
        ("FROM 'a' ORDER DESC LIMIT $most", &[4]),
    ] {
        let mut results = node
            .query(aql, with_parameters(parameters.clone()))
            .unwrap();
        assert_eq!(numbers(&collect(&mut results, 9).await), expected, "{aql}");
    }
    let options = SubscribeOptions {
        parameters,
        ..SubscribeOptions::default()
    };
    let mut subscription = node.subscribe("FROM 'a' & TIME > $since", options).unwrap();
    assert_eq!(numbers(&receive(&mut subscription, 2).await), [3, 4]);
}

#[tokio::test]
async fn parameters_that_are_missing_or_of_no_use_are_refused_at_once() {
    let place = Place::new();
    let node = place.open().await;
    let parameters = Parameters::new().with("seven", &7).unwrap();
    for (aql, message) in [
        ("FROM 'a' FILTER _ = $nope", "parameter `nope` is not bound"),
        ("FROM `a{$nope}`", "parameter `nope` is not bound"),
        (
            "FROM 'a' SELECT FROM 'b' FILTER _ = $nope END",
            "parameter `nope` is not bound",
        ),
        ("FROM $seven", "`7` is not of type String"),
        ("FROM TIME > $seven", "`7` is not of type Timestamp"),
        ("FROM 'a' LIMIT $nope", "parameter `nope` is not bound"),
    ] {
        let options = with_parameters(parameters.clone());
        let error = node.query(aql, options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert_eq!((error.message(), error.operation()), (message, "query"));
        let options = SubscribeOptions {
            parameters: parameters.clone(),
            ..SubscribeOptions::default()
        };
        let error = node.subscribe(aql, options).unwrap_err();
        assert_eq!((error.message(), error.operation()), (message, "subscribe"));
    }
}

// Events that the query brings, and sub-queries.

#[tokio::test]
async fn a_query_can_bring_its_events() {
    let place = Place::new();
    let node = node_with(&place, [json!("in the log")]).await;
    let events = "PRAGMA events
        {\"payload\": 1, \"tags\": [\"a\"], \"time\": \"2024-03-01Z\"}
        {\"payload\": 2, \"tags\": [\"a\", \"b\"], \"appId\": \"com.example.other\"}
        {\"payload\": 3, \"tags\": [\"b\"], \"timestamp\": 7}
        ENDPRAGMA\n";
    for (aql, expected) in [
        ("FROM 'a'", &["1", "2"][..]),
        ("FROM 'a' ORDER DESC", &["2", "1"]),
        ("FROM 'a' ORDER DESC LIMIT 1", &["2"]),
        ("FROM [...FROM allEvents END] AGGREGATE LAST(_)", &["3"]),
        ("FROM 'a' ORDER DESC AGGREGATE FIRST(_)", &["1"]),
        ("FROM appId(com.example.other)", &["2"]),
        ("FROM TIME >= 2024-03-01Z & 'a' & appId(me)", &["1"]),
        (
            "FROM 'b' FILTER TIME(_) = [TIME(1970-01-01T00:00:00.000007Z)]",
            &["3"],
        ),
        ("FROM 'a' LIMIT 1 SELECT FROM 'b' SELECT _ + 1", &["[3,4]"]),
        ("FROM allEvents AGGREGATE COUNT(_)", &["3"]),
        ("FROM 'a' SELECT (KEY(_))[0][0]", &["1", "2"]),
    ] {
        let mut results = query(&node, &format!("{events}{aql}"));
        assert_eq!(all(&mut results).await, expected, "{aql}");
        assert_eq!(results.events_read(), 0, "the log is left alone");
    }
    // A subscription sees the log.
    let mut subscription = subscribe(&node, &format!("{events}FROM 'a'"));
    assert_eq!(
        next(&mut subscription, 2).await,
        ["\"in the log\"", "caught up"]
    );
    let bad = "PRAGMA events := {\"tags\": []}\nFROM 'a'";
    let error = node.query(bad, QueryOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    assert!(
        error.message().contains("missing field `payload`"),
        "{error}"
    );
}

#[tokio::test]
async fn sub_queries_look_between_the_bounds_of_the_query() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", [1]).await;
    publish(&node, "b", [10, 11]).await;
    publish(&node, "a", [2]).await;
    let aql = "FROM 'a' SELECT [_.number, ...FROM 'b' SELECT _.number END]";
    assert_eq!(
        all(&mut query(&node, aql)).await,
        ["[1,10,11]", "[2,10,11]"]
    );
    let stream = node.streams().unwrap()[0].id;
    let at = |offset| Offsets::from_iter([(stream, Offset::new(offset).unwrap())]);
    let options = QueryOptions {
        lower: at(1),
        ..QueryOptions::default()
    };
    let mut results = node.query(aql, options).unwrap();
    assert_eq!(all(&mut results).await, ["[2,11]"]);
    let options = QueryOptions {
        upper: Some(at(1)),
        ..QueryOptions::default()
    };
    let mut results = node.query(aql, options).unwrap();
    assert_eq!(all(&mut results).await, ["[1,10]"]);
    // That the query itself matches nothing does not keep sub-queries from looking.
    let mut results = query(&node, "FROM [7] SELECT _, ...FROM 'b' SELECT _.number END");
    assert_eq!(all(&mut results).await, ["7", "10", "11"]);
}

#[tokio::test]
async fn sub_queries_of_a_subscription_see_what_is_present() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "b", [10]).await;
    publish(&node, "a", [1]).await;
    let aql = "FROM 'a' SELECT [_.number, ...FROM 'b' SELECT _.number END]";
    let mut subscription = subscribe(&node, aql);
    assert_eq!(next(&mut subscription, 2).await, ["[1,10]", "caught up"]);
    publish(&node, "b", [11]).await;
    publish(&node, "a", [2]).await;
    assert_eq!(next(&mut subscription, 1).await, ["[2,10,11]"]);
}

#[tokio::test]
async fn an_explanation_counts_what_was_read_and_what_came_out() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..100).await;
    publish(&node, "b", 0..10).await;
    let explain = |aql: &str| {
        let explained = node.explain_blocking(aql, QueryOptions::default());
        explained.unwrap()
    };
    let explained = explain("FROM 'a' & KEY >= 1 FILTER _.number > 89 SELECT _.number, _.nope");
    assert_eq!(explained.events_read, 100);
    assert_eq!((explained.rows, explained.diagnostics), (10, 10));
    assert_eq!(
        explained.stages,
        ["FILTER _.number > 89", "SELECT _.number, _.nope"]
    );
    let explained = explain("FROM 'a' AGGREGATE LAST(_)");
    assert_eq!((explained.events_read, explained.rows), (1, 1));
    assert_eq!(explained.order, Order::Descending);
    let (file, term) = (&explained.sources[0], &explained.sources[0].terms[0]);
    assert_eq!((file.events, file.is_sealed), (110, false));
    assert_eq!((term.term.as_str(), term.events), ("'a'", 100));
    let options = QueryOptions::default();
    let again = node.explain("FROM 'a' AGGREGATE LAST(_)", options).await;
    assert_eq!(again.unwrap(), explained);
    let explained = explain("FROM [1, 2]");
    assert_eq!((explained.events_read, explained.rows), (0, 2));
    assert_eq!(explained.selection, None);
    let explained = explain("PRAGMA events := {\"payload\": 1}\nFROM allEvents");
    assert_eq!(explained.rows, 1);
    assert!(explained.sources.is_empty(), "no file was asked");
    assert_eq!(ask(&node, "FROM 'b' LIMIT 1").await, [0]);
}

#[tokio::test]
async fn events_that_the_index_rules_out_are_not_read() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..100).await;
    let aql = "FROM 'a' & TIME > 2100-01-01Z";
    let explained = node.explain(aql, QueryOptions::default()).await.unwrap();
    let file = &explained.sources[0];
    // A file that is not sealed knows the times of its events.
    assert_eq!(
        (file.candidates, explained.events_read, explained.rows),
        (0, 0, 0)
    );
    let explained = node.explain("FROM 'a' LIMIT 3", QueryOptions::default());
    let explained = explained.await.unwrap();
    assert_eq!((explained.events_read, explained.rows), (3, 3));
}
