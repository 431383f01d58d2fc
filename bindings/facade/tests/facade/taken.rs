//! Offsets within a chunk: exact for each output that was handed out, whatever was taken ahead.

use swarmlet::{Item, Offsets, Output, QueryOptions};
use swarmlet_facade::{Node, Readiness, Stream, Taken};

use super::{LIMIT, close, numbers, opened, publish, subscribed};

/// Takes outputs once there are some, so many at most.
fn chunk(stream: &Stream, taken: &Taken, max: usize) -> Vec<Output> {
    let mut outputs = Vec::new();
    while outputs.is_empty() {
        assert_eq!(stream.ready_blocking(LIMIT).unwrap(), Readiness::Ready);
        outputs = taken.take(stream, max).unwrap();
    }
    outputs
}

/// The offset of the one stream of this node, if there is something of it.
fn reached(offsets: &Offsets) -> Option<u64> {
    offsets.iter().next().map(|(_, offset)| offset.get())
}

fn from(node: &Node, lower: Offsets) -> Vec<u64> {
    let options = QueryOptions {
        lower,
        ..QueryOptions::default()
    };
    let stream = node.query("FROM 'n'", options).unwrap();
    let mut seen = Vec::new();
    while stream.ready_blocking(LIMIT).unwrap() == Readiness::Ready {
        seen.extend(numbers(&stream.take(100).unwrap()));
    }
    seen
}

#[test]
fn offsets_are_those_of_what_was_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    publish(&node, 0..20);
    let (stream, taken) = (subscribed(&node), Taken::default());
    assert_eq!(taken.offsets_at(&stream, 0).unwrap(), Offsets::default());
    let mut seen = 0;
    while seen < 20 {
        let outputs = chunk(&stream, &taken, 7);
        for handed in 0..=outputs.len() {
            let offsets = taken.offsets_at(&stream, handed).unwrap();
            let next = from(&node, offsets);
            assert_eq!(next, (seen + handed as u64..20).collect::<Vec<_>>());
        }
        seen += outputs.len() as u64;
    }
    close(&node);
}

#[test]
fn outputs_that_settle_nothing_count_among_the_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    publish(&node, 0..3);
    let aql = "FROM 'n' SELECT _.missing, 7";
    let stream = node.query(aql, QueryOptions::default()).unwrap();
    stream.show_all().unwrap();
    let taken = Taken::default();
    let outputs = chunk(&stream, &taken, 6);
    let mut expected = None;
    let mut silent = 0;
    for (index, output) in outputs.iter().enumerate().take(outputs.len() - 1) {
        match output.settled {
            Some(key) => expected = Some(key.offset.get()),
            None => silent += 1,
        }
        let offsets = taken.offsets_at(&stream, index + 1).unwrap();
        assert_eq!(reached(&offsets), expected, "after {}", index + 1);
    }
    assert!(silent > 0, "all {} settle something", outputs.len());
    assert!(matches!(outputs[0].item, Item::Diagnostic(_)));
    close(&node);
}

#[test]
fn a_chunk_that_is_handed_out_reaches_as_far_as_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    publish(&node, 0..10);
    let (stream, taken) = (subscribed(&node), Taken::default());
    let count = chunk(&stream, &taken, 4).len();
    for handed in [count, count + 1, usize::MAX] {
        let offsets = taken.offsets_at(&stream, handed).unwrap();
        assert_eq!(offsets, stream.offsets().unwrap());
    }
    // An empty chunk takes the place of the one before.
    stream.cancel().unwrap();
    assert!(taken.take(&stream, 4).unwrap().is_empty());
    let offsets = taken.offsets_at(&stream, 0).unwrap();
    assert_eq!(offsets, stream.offsets().unwrap());
    close(&node);
}

#[test]
fn who_has_bounds_of_its_own_takes_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder.path().join("node"));
    publish(&node, 0..10);
    let (stream, taken) = (subscribed(&node), Taken::default());
    assert_eq!(stream.ready_blocking(LIMIT).unwrap(), Readiness::Ready);
    let two = |stream: &Stream| {
        let outputs = [stream.take_one()?, stream.take_one()?];
        Ok(outputs.into_iter().flatten().collect())
    };
    let outputs = taken.take_by(&stream, two).unwrap();
    assert_eq!(numbers(&outputs), [0, 1]);
    let first = taken.offsets_at(&stream, 1).unwrap();
    assert_eq!(reached(&first), Some(0));
    close(&node);
}
