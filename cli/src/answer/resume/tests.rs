//! Dumps that are imported again, in groups that are small beside the log.

use swarmlet::{AppId, Options, Payload, Tags};

use super::*;

/// Few, so that a log has many times as many.
const GROUP: u64 = 8;

fn app() -> AppId {
    AppId::new("com.example.press").unwrap()
}

fn event(number: u64) -> NewEvent {
    NewEvent {
        tags: Tags::new(["a", "b"]).unwrap(),
        payload: Payload::from_serde(&number).unwrap(),
    }
}

/// The record of this number; one clock in ten begins at 1970.
fn record(number: u64) -> Stamped {
    let begun = if number % 10 == 3 {
        0
    } else {
        1_700_000_000_000_000
    };
    Stamped {
        number,
        bytes: 1,
        app: app(),
        event: event(number),
        time: Timestamp::from_micros(begun + number as i64),
    }
}

async fn opened(folder: &tempfile::TempDir) -> Node {
    Node::open(folder.path(), Options::new()).await.unwrap()
}

async fn publish(node: &Node, numbers: impl IntoIterator<Item = u64>) {
    let records = numbers.into_iter().map(record);
    let events = records.map(|record| (record.event, record.time)).collect();
    node.scoped(app()).publish_stamped(events).await.unwrap();
}

/// Which of these records are new, looked for in small groups.
async fn new_of(node: &Node, numbers: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let numbers: Vec<u64> = numbers.into_iter().collect();
    let mut resume = Resume::begin(node).unwrap();
    let mut new = Vec::new();
    for group in numbers.chunks(GROUP as usize) {
        let records: Vec<Stamped> = group.iter().copied().map(record).collect();
        let found = resume.find(&records).await.unwrap();
        assert_eq!(found.len(), group.len());
        let group_new = group.iter().zip(found).filter(|(_, is_in)| !is_in);
        new.extend(group_new.map(|(number, _)| *number));
    }
    new
}

#[tokio::test]
async fn records_are_found_behind_one_that_is_missing_however_long_the_log_is() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder).await;
    publish(&node, 1..100).await;
    // Retention may have dropped the first, and what follows is much more than a group.
    assert_eq!(
        new_of(&node, 0..110).await,
        [0, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109]
    );
    // Whole groups may be missing at the beginning.
    let late = (200..240).chain(50..100);
    assert_eq!(new_of(&node, late).await, (200..240).collect::<Vec<_>>());
    node.close().await.unwrap();
}

#[tokio::test]
async fn what_a_device_that_came_back_has_in_the_middle_is_new_and_the_rest_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder).await;
    publish(&node, (0..20).chain(60..80)).await;
    // Between two imports the device publishes more than a group of its own.
    for number in 0..3 * GROUP {
        let event = event(1_000 + number);
        node.publish(event.tags, event.payload).await.unwrap();
    }
    publish(&node, 80..100).await;
    assert_eq!(new_of(&node, 0..100).await, (20..60).collect::<Vec<_>>());
    node.close().await.unwrap();
}

#[tokio::test]
async fn an_event_stands_for_one_record_also_in_the_next_group() {
    let folder = tempfile::tempdir().unwrap();
    let node = opened(&folder).await;
    publish(&node, [7, 7, 8]).await;
    let twice = (0..8).chain([7, 7, 8]);
    assert_eq!(new_of(&node, twice).await, [0, 1, 2, 3, 4, 5, 6, 7]);
    // What is published meanwhile stands for none.
    let mut resume = Resume::begin(&node).unwrap();
    publish(&node, [9]).await;
    assert_eq!(
        resume.find(&[record(9), record(8)]).await.unwrap(),
        [false, true]
    );
    assert_eq!(resume.find(&[]).await.unwrap(), [false; 0]);
    node.close().await.unwrap();
}

#[test]
fn spans_leave_out_the_widest_gaps_and_no_time() {
    let far: Vec<i64> = (0..2 * RESUME_SPANS as i64)
        .map(|number| number * number)
        .collect();
    let shuffled = far.iter().rev().chain(&far).copied().collect();
    let found = spans(shuffled);
    assert_eq!(found.len(), RESUME_SPANS);
    for time in far {
        let holding = found
            .iter()
            .filter(|span| (span.first..=span.last).contains(&time));
        assert_eq!(holding.count(), 1, "{time}");
    }
    assert_eq!(spans(vec![i64::MAX, i64::MIN, i64::MAX]).len(), 2);
    assert_eq!(spans(vec![]), []);
}
