//! Streams, order, bounds, and readers that go on while files come and go.

use super::bench::{Bench, everything, read, routed};
use crate::error::ErrorKind;
use crate::event::{NodeId, Offset, Offsets, StreamId, StreamNumber};
use crate::log::{LogOptions, Order, Query};

#[test]
fn lamports_order_all_streams_in_the_order_of_publishing() {
    let mut bench = Bench::with(routed());
    for tags in [&["a", "c"][..], &["b"], &["c", "a", "b"]] {
        bench.publish(tags, 10).unwrap();
    }
    let lamports: Vec<u64> = bench
        .events()
        .iter()
        .map(|event| event.key.lamport.get())
        .collect();
    assert_eq!(lamports, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn streams_keep_name_and_number_across_reopening_and_sealing() {
    let mut bench = Bench::with(routed());
    bench.publish(&["b"], 10).unwrap();
    bench.publish(&["a"], 10).unwrap();
    bench.fill_files(2);
    bench.maintain();
    let streams = |bench: &Bench| -> Vec<(String, u64)> {
        let streams = bench.reader().streams().into_iter();
        streams
            .map(|info| (info.name.as_str().to_owned(), info.id.number.get()))
            .collect()
    };
    let expected = [("default", 0), ("sensors", 1), ("alarms", 2)];
    let expected = expected.map(|(name, number)| (name.to_owned(), number));
    assert_eq!(streams(&bench), expected);
    let mut bench = bench.reopen();
    assert_eq!(streams(&bench), expected);
    let published = bench.publish(&["a", "b"], 10).unwrap();
    assert_eq!(published[0].key.stream.number.get(), 2);
    assert_eq!(published[1].key.offset.get(), 1);
}

#[test]
fn an_upper_bound_beyond_what_is_present_is_refused() {
    let mut bench = Bench::new();
    let key = bench.publish(&["x", "y"], 10).unwrap()[1].key;
    let query = |stream, offset| Query {
        upper: Some([(stream, offset)].into_iter().collect()),
        ..everything()
    };
    let reader = bench.reader();
    assert_eq!(
        read(&reader, &query(key.stream, key.offset)).unwrap().len(),
        2
    );
    let unknown = StreamId::new(NodeId::from_bytes([3; 32]), StreamNumber::DEFAULT);
    let beyond = key.offset.advanced(1).unwrap();
    for (stream, offset) in [(key.stream, beyond), (unknown, Offset::ZERO)] {
        let error = reader.query(&query(stream, offset)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn a_lower_bound_of_an_unknown_stream_changes_nothing() {
    let mut bench = Bench::new();
    bench.publish(&["x"], 10).unwrap();
    let unknown = StreamId::new(NodeId::from_bytes([3; 32]), StreamNumber::DEFAULT);
    let query = Query {
        lower: [(unknown, Offset::MAX)].into_iter().collect::<Offsets>(),
        ..everything()
    };
    assert_eq!(read(&bench.reader(), &query).unwrap().len(), 1);
}

#[test]
fn a_reader_keeps_reading_a_file_that_was_sealed_and_used_again() {
    for order in [Order::Ascending, Order::Descending, Order::Stream] {
        let mut bench = Bench::with(routed());
        for _ in 0..4 {
            bench.publish(&["a", "b", "c"], 50).unwrap();
        }
        bench.fill_files(1);
        let query = Query {
            order,
            ..everything()
        };
        let expected = read(&bench.reader(), &query).unwrap();
        let mut cursor = bench.reader().query(&query).unwrap();
        let mut events = cursor.next_chunk(2, usize::MAX).unwrap();
        for _ in 0..3 {
            bench.maintain();
            bench.fill_files(1);
        }
        loop {
            let chunk = cursor.next_chunk(1, usize::MAX).unwrap();
            if chunk.is_empty() {
                break;
            }
            events.extend(chunk);
        }
        assert_eq!(events, expected, "{order:?}");
    }
}

#[test]
fn a_read_that_failed_goes_on_without_a_gap() {
    let mut bench = Bench::with(LogOptions {
        cache_bytes: 0,
        ..routed()
    });
    for _ in 0..20 {
        bench.publish(&["a", "b", "c"], 300).unwrap();
    }
    bench.fill_files(2);
    bench.maintain();
    for order in [Order::Ascending, Order::Descending, Order::Stream] {
        let query = Query {
            order,
            ..everything()
        };
        let expected = read(&bench.reader(), &query).unwrap();
        for nth in 1..30 {
            let mut cursor = bench.reader().query(&query).unwrap();
            bench
                .disk
                .fail_nth_operation(nth, crate::storage::sim::Fault::Eio);
            let mut events = Vec::new();
            let mut failures = 0;
            loop {
                match cursor.next_chunk(5, usize::MAX) {
                    Ok(chunk) if chunk.is_empty() => break,
                    Ok(chunk) => events.extend(chunk),
                    Err(_) => failures += 1,
                }
                assert!(failures < 3);
            }
            assert_eq!(events, expected, "{order:?} {nth}");
        }
    }
}

#[test]
fn position_and_present_grow_with_every_commit() {
    let mut bench = Bench::new();
    let reader = bench.reader();
    let mut before = reader.position();
    for _ in 0..3 {
        let key = bench.publish(&["x", "y"], 10).unwrap()[1].key;
        assert_eq!(reader.position(), before + 2);
        assert_eq!(reader.present().last(key.stream), Some(key.offset));
        before = reader.position();
    }
}

#[test]
fn a_call_without_events_changes_nothing() {
    let mut bench = Bench::new();
    assert!(bench.publish(&[], 0).unwrap().is_empty());
    assert_eq!(bench.reader().stats().log_files, 0);
}

#[test]
fn a_group_that_fits_no_log_file_is_refused_and_costs_no_file() {
    let mut bench = Bench::new();
    bench.publish(&["x"], 10).unwrap();
    for _ in 0..3 {
        let error = bench
            .publish(&["x"], super::small_files::SMALL_FILE_BYTES as usize)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    assert!(bench.reader().stats().log_files <= 2);
    bench.publish(&["x"], 10).unwrap();
    bench.maintain();
    assert_eq!(bench.reopen().events().len(), 2);
}
