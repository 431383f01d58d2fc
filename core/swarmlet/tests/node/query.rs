//! Queries: selection, order, bounds, paging, and texts that mean nothing.

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use swarmlet::{
    ErrorKind, Node, Offset, Offsets, Options, Order, QueryOptions, StreamId, query_mistake,
};

use crate::harness::{
    HandClock, Place, ask, collect, detail, number_of, numbers, publish, take_events,
};

async fn node_with_events(place: &Place) -> Node {
    let node = place.open().await;
    publish(&node, "odd", [1]).await;
    publish(&node, "even", [2]).await;
    publish(&node, "odd prime", [3]).await;
    publish(&node, "even", [4]).await;
    publish(&node, "odd prime", [5]).await;
    node
}

#[tokio::test]
async fn tag_expressions_select() {
    let place = Place::new();
    let node = node_with_events(&place).await;
    for (aql, expected) in [
        ("FROM allEvents", &[1, 2, 3, 4, 5][..]),
        ("FROM isLocal", &[1, 2, 3, 4, 5]),
        ("FROM 'odd'", &[1, 3, 5]),
        ("FROM 'odd' & 'prime'", &[3, 5]),
        ("FROM 'even' | 'prime'", &[2, 3, 4, 5]),
        ("FROM ('even' | 'prime') & 'odd'", &[3, 5]),
        ("FROM 'even' & 'odd'", &[]),
        ("FROM 'unheard of'", &[]),
        ("FROM appId(com.example.app)", &[1, 2, 3, 4, 5]),
        ("FROM appId(com.example.other)", &[]),
        ("FROM allEvents & KEY >= 2 & KEY < 4", &[2, 3]),
        ("FROM 'odd' LIMIT 2", &[1, 3]),
        ("FROM 'odd' ORDER DESC LIMIT 2", &[5, 3]),
        ("FROM 'odd' ORDER STREAM", &[1, 3, 5]),
        ("FROM allEvents LIMIT 100", &[1, 2, 3, 4, 5]),
    ] {
        assert_eq!(ask(&node, aql).await, expected, "{aql}");
    }
}

#[tokio::test]
async fn times_are_compared_with_the_clock_of_the_node() {
    let place = Place::new();
    let clock = std::sync::Arc::new(HandClock::at(0));
    let node = place.open_with(Options::new().clock(clock.clone())).await;
    for (hour, content) in [(0, 0), (1, 1), (2, 2)] {
        clock.set(hour * 3_600_000_000);
        publish(&node, "a", [content]).await;
    }
    assert_eq!(ask(&node, "FROM 'a' & TIME >= 1h ago").await, [1, 2]);
    assert_eq!(
        ask(&node, "FROM 'a' & TIME < 1970-01-01T01:00:00Z").await,
        [0]
    );
}

#[tokio::test]
async fn the_order_clause_goes_before_the_order_of_the_options() {
    let place = Place::new();
    let node = node_with_events(&place).await;
    let backward = QueryOptions {
        order: Order::Descending,
        ..QueryOptions::default()
    };
    let mut results = node.query("FROM 'even'", backward.clone()).unwrap();
    assert_eq!(numbers(&collect(&mut results, 1).await), [4, 2]);
    let mut results = node.query("FROM 'even' ORDER ASC", backward).unwrap();
    assert_eq!(numbers(&collect(&mut results, 1).await), [2, 4]);
}

#[tokio::test]
async fn bounds_are_exclusive_below_and_inclusive_above() {
    let place = Place::new();
    let node = node_with_events(&place).await;
    let stream = node.streams().unwrap()[0].id;
    let at = |offset| Offsets::from_iter([(stream, Offset::new(offset).unwrap())]);
    let options = QueryOptions {
        lower: at(0),
        upper: Some(at(3)),
        ..QueryOptions::default()
    };
    let mut results = node.query("FROM allEvents", options).unwrap();
    assert_eq!(numbers(&collect(&mut results, 10).await), [2, 3, 4]);
    // Nothing of a stream that the upper bound does not name.
    let options = QueryOptions {
        upper: Some(Offsets::new()),
        ..QueryOptions::default()
    };
    let mut results = node.query("FROM allEvents", options).unwrap();
    assert_eq!(results.next_chunk(10).await.unwrap(), None);
}

#[tokio::test]
async fn upper_bounds_beyond_what_is_present_are_refused() {
    let place = Place::new();
    let node = node_with_events(&place).await;
    let own = node.streams().unwrap()[0].id;
    let unknown: StreamId = format!("{}-7", node.id()).parse().unwrap();
    for (stream, offset, present) in [(own, 5, "4"), (unknown, 0, "nothing")] {
        let upper = Offsets::from_iter([(stream, Offset::new(offset).unwrap())]);
        let options = QueryOptions {
            upper: Some(upper),
            ..QueryOptions::default()
        };
        let error = node.query("FROM allEvents", options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.operation(), "query");
        assert_eq!(detail(&error, "stream").unwrap(), stream.to_string());
        assert_eq!(detail(&error, "present").unwrap(), present);
    }
    // A lower bound may name what is not here: there is nothing of it to deliver.
    let lower = Offsets::from_iter([(unknown, Offset::new(9).unwrap())]);
    let options = QueryOptions {
        lower,
        ..QueryOptions::default()
    };
    let mut results = node.query("FROM allEvents", options).unwrap();
    assert_eq!(collect(&mut results, 10).await.len(), 5);
}

#[tokio::test]
async fn a_query_sees_what_was_present_when_it_began() {
    let place = Place::new();
    let node = node_with_events(&place).await;
    let mut results = node
        .query("FROM allEvents", QueryOptions::default())
        .unwrap();
    publish(&node, "odd", [7]).await;
    assert_eq!(collect(&mut results, 2).await.len(), 5);
    assert_eq!(results.next_chunk(2).await.unwrap(), None);
}

#[tokio::test]
async fn a_query_continues_from_the_offsets_of_the_one_before() {
    let place = Place::new();
    let node = node_with_events(&place).await;
    let mut lower = Offsets::new();
    let mut found = Vec::new();
    loop {
        let options = QueryOptions {
            lower: lower.clone(),
            ..QueryOptions::default()
        };
        let mut results = node.query("FROM 'odd'", options).unwrap();
        let Some(events) = results.next_chunk(1).await.unwrap() else {
            break;
        };
        found.extend(numbers(&events));
        lower = results.offsets().clone();
    }
    assert_eq!(found, [1, 3, 5]);
}

#[tokio::test]
async fn the_offsets_of_a_query_reach_its_upper_bound_at_the_end_only() {
    let place = Place::new();
    let node = node_with_events(&place).await;
    let present = node.offsets().unwrap().present;
    let mut results = node.query("FROM 'even'", QueryOptions::default()).unwrap();
    assert!(results.offsets().is_empty());
    assert!(results.ready().await.unwrap());
    assert!(results.offsets().is_empty(), "nothing was handed out");
    let first = take_events(&mut results, 1);
    assert_eq!(
        results.offsets().last(first[0].key.stream),
        Some(first[0].key.offset)
    );
    assert_eq!(take_events(&mut results, 9).len(), 1);
    assert_eq!(*results.offsets(), present, "event 5 does not match");

    let mut limited = node
        .query("FROM 'even' LIMIT 1", QueryOptions::default())
        .unwrap();
    collect(&mut limited, 10).await;
    assert_eq!(limited.offsets().iter().next().unwrap().1.get(), 1);

    let mut backward = node
        .query("FROM 'even' ORDER DESC", QueryOptions::default())
        .unwrap();
    backward.next_chunk(1).await.unwrap();
    assert!(backward.offsets().is_empty());
    collect(&mut backward, 10).await;
    assert_eq!(*backward.offsets(), present);
}

#[tokio::test]
async fn a_malformed_query_says_where_and_what_was_expected() {
    let place = Place::new();
    let node = place.open().await;
    let aql = "FROM 'a'\n  AND 'b'";
    let error = node.query(aql, QueryOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    assert_eq!(detail(&error, "line").unwrap(), "2");
    assert_eq!(detail(&error, "column").unwrap(), "3");
    assert_eq!(detail(&error, "offset").unwrap(), "11");
    assert_eq!(detail(&error, "found").unwrap(), "`AND`");
    assert!(detail(&error, "expected").unwrap().contains('&'));
    assert!(!error.to_string().contains('\n'));
    assert!(
        query_mistake(aql)
            .unwrap()
            .contains("  AND 'b'\n  |   ^---")
    );
    assert_eq!(query_mistake("FROM 'a'"), None);
}

#[tokio::test]
async fn queries_that_mean_nothing_are_invalid() {
    let place = Place::new();
    let node = place.open().await;
    let long_tag = format!("FROM '{}'", "x".repeat(1025));
    let long_text = format!("FROM 'a'{}", " ".repeat(70_000));
    for aql in [
        "",
        "FROM",
        "FROM ''",
        "SELECT *",
        "FROM 'a' LIMIT 0",
        "FROM 'a' FILTER _.x > $least",
        "FROM 'a' FILTER _.x >",
        "FROM 'a' ORDER SIDEWAYS",
        "FROM KEY > 9007199254740992",
        &long_tag,
        &long_text,
    ] {
        let error = node.query(aql, QueryOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery, "{error}");
        assert_eq!(error.operation(), "query");
    }
}

#[tokio::test]
async fn results_are_a_stream_of_events() {
    let place = Place::new();
    let node = node_with_events(&place).await;
    let mut results = pin!(node.query("FROM 'odd'", QueryOptions::default()).unwrap());
    let mut found = Vec::new();
    while let Some(event) = std::future::poll_fn(|cx| results.as_mut().poll_next(cx)).await {
        found.push(number_of(&event.unwrap()));
    }
    assert_eq!(found, [1, 3, 5]);
}

#[tokio::test]
async fn dropped_reads_lose_nothing() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..1000).await;
    let mut results = node.query("FROM 'a'", QueryOptions::default()).unwrap();
    let mut found = Vec::new();
    loop {
        // A first poll begins a read, and the future is dropped with the read under way.
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let dropped = Box::pin(results.next_chunk(7)).as_mut().poll(&mut context);
        match dropped {
            Poll::Ready(Ok(Some(events))) => found.extend(numbers(&events)),
            Poll::Ready(Ok(None)) => break,
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => tokio::time::sleep(Duration::from_micros(50)).await,
        }
    }
    assert_eq!(found, (0..1000).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_blocking_twin_can_go_on_where_the_async_one_stopped() {
    let place = Place::new();
    let node = place.open().await;
    publish(&node, "a", 0..100).await;
    let mut results = node.query("FROM 'a'", QueryOptions::default()).unwrap();
    let mut found = numbers(&results.next_chunk(10).await.unwrap().unwrap());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    if let Poll::Ready(events) = Box::pin(results.next_chunk(10)).as_mut().poll(&mut context) {
        found.extend(numbers(&events.unwrap().unwrap()));
    }
    while let Some(events) = results.next_chunk_blocking(33).unwrap() {
        found.extend(numbers(&events));
    }
    assert_eq!(found, (0..100).collect::<Vec<_>>());
}

#[test]
fn async_reads_without_a_runtime_are_an_error_and_the_blocking_twin_still_works() {
    let place = Place::used();
    let node = place.try_open().unwrap();
    let mut results = node.query("FROM 'kept'", QueryOptions::default()).unwrap();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = Box::pin(results.next_chunk(10)).as_mut().poll(&mut context);
    let Poll::Ready(Err(error)) = polled else {
        panic!("there is nothing to wait for");
    };
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        numbers(&results.next_chunk_blocking(10).unwrap().unwrap()),
        [0]
    );
}
