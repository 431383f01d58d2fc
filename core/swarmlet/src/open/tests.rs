//! The running node over a simulated disk: what failing syncs, a full disk and failing background
//! work look like from outside.

use std::time::Duration;

use swarmlet_engine::event::{AppId, Content, DeviceKey, Offsets, Payload, Tags};
use swarmlet_engine::log::{LogStats, Order, Publish, Query};
use swarmlet_engine::select::Selection;
use swarmlet_engine::storage::SimDisk;

use super::*;
use crate::clock::Stopwatch;
use crate::options::Options;
use crate::park::block_on;
use crate::query::{Asker, Item, QueryOptions};

struct Sim {
    disk: Arc<SimDisk>,
    running: Running,
}

impl Sim {
    fn start(seed: u64) -> Self {
        Self::restart(SimDisk::new(seed))
    }

    fn restart(disk: SimDisk) -> Self {
        let disk = Arc::new(disk);
        let key = Arc::new(DeviceKey::from_seed(&[7; 32]));
        let settings = Options::new().check().unwrap();
        let running = Running::start(disk.clone(), key, settings, None).unwrap();
        Self { disk, running }
    }

    fn publish(&self, bytes: usize) -> Result<()> {
        let writer = &self.running.writer;
        let published = writer.publish_blocking(publish(bytes), &Arc::default());
        published.map(drop)
    }

    fn count(&self) -> usize {
        let log = self.running.state.log().unwrap();
        let query = Query {
            selection: Selection::All,
            lower: Offsets::new(),
            upper: None,
            order: Order::Ascending,
        };
        let mut cursor = log.query(&query).unwrap();
        let mut count = 0;
        loop {
            match cursor.next_chunk(100, 1 << 20).unwrap().len() {
                0 => return count,
                more => count += more,
            }
        }
    }

    fn stats(&self) -> LogStats {
        self.running.state.log_stats()
    }

    fn metrics(&self) -> Metrics {
        self.running.metrics()
    }

    fn close(&self) -> Result<()> {
        self.running.writer.begin_close();
        block_on(self.running.state.closed())
    }
}

fn publish(bytes: usize) -> Publish {
    let payload = Payload::from_serde(&"x".repeat(bytes)).unwrap();
    let content = Content::new(&Tags::new(["a"]).unwrap(), &payload);
    Publish::new(AppId::new("com.example.app").unwrap(), vec![content]).unwrap()
}

/// Waits for what other threads bring about.
fn until(mut is_so: impl FnMut() -> bool) {
    let waited = Stopwatch::start();
    while !is_so() {
        assert!(
            waited.elapsed() < Duration::from_secs(60),
            "it happens within the deadline"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn after_a_failed_sync_nothing_is_accepted_and_reading_goes_on() {
    let sim = Sim::start(1);
    sim.publish(10).unwrap();
    assert_eq!(sim.metrics().fault(), None);
    sim.disk.fail_next_sync(1);
    assert_eq!(sim.publish(10).unwrap_err().kind(), ErrorKind::Storage);
    assert_eq!(sim.publish(10).unwrap_err().kind(), ErrorKind::Storage);
    let fault = sim.metrics().fault().unwrap();
    assert!(fault.contains("until it is opened again"), "{fault}");
    assert_eq!(sim.count(), 1);
    assert_eq!(sim.metrics().publish_failures, 2);
    assert!(sim.stats().is_read_only);
    assert!(
        sim.close().is_err(),
        "closing says that the last write failed"
    );
    sim.close().unwrap();

    let sim = Sim::restart(sim.disk.power_loss());
    sim.publish(10).unwrap();
    assert!((2..=3).contains(&sim.count()));
}

#[test]
fn everybody_in_a_group_is_told_that_it_failed() {
    let sim = Sim::start(2);
    sim.publish(10).unwrap();
    sim.disk.fail_next_sync(1);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..16).map(|_| scope.spawn(|| sim.publish(10))).collect();
        for caller in callers {
            let error = caller.join().unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Storage);
            assert_eq!(error.message(), "the publish was not acknowledged");
        }
    });
    assert_eq!(sim.count(), 1);
}

#[test]
fn a_full_disk_means_errors_until_there_is_space_again() {
    let sim = Sim::start(3);
    sim.publish(10).unwrap();
    sim.disk.set_bytes_capacity(Some(0));
    let mut published = 1;
    let error = loop {
        match sim.publish(500_000) {
            Ok(()) => published += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::DiskFull);
    assert_eq!(sim.count(), published);
    sim.disk.set_bytes_capacity(None);
    until(|| sim.publish(500_000).is_ok());
    assert_eq!(sim.count(), published + 1);
    sim.close().unwrap();
}

#[test]
fn failing_maintenance_shows_in_the_metrics_and_recovers() {
    let sim = Sim::start(4);
    sim.publish(10).unwrap();
    // The file that is appended to has its bytes already; only maintenance takes more.
    sim.disk.set_bytes_capacity(Some(0));
    until(|| {
        let _ = sim.publish(500_000);
        sim.metrics().maintenance_failures > 0
    });
    assert!(sim.metrics().maintenance_error.is_some());
    sim.disk.set_bytes_capacity(None);
    until(|| sim.publish(500_000).is_ok() && sim.metrics().maintenance_error.is_none());
    let count = sim.count();
    sim.close().unwrap();
    assert_eq!(Sim::restart(sim.disk.power_loss()).count(), count);
}

#[test]
fn publishers_wait_for_sealing_and_lose_nothing() {
    let sim = Sim::start(5);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..40).for_each(|_| sim.publish(500_000).unwrap()));
        }
    });
    assert_eq!(sim.count(), 160);
    assert!(sim.stats().seals > 0);
    sim.close().unwrap();
    assert_eq!(Sim::restart(sim.disk.power_loss()).count(), 160);
}

#[test]
fn calls_are_queued_in_the_order_of_their_first_polls_also_when_the_queue_is_full() {
    let disk = Arc::new(SimDisk::new(6));
    let key = Arc::new(DeviceKey::from_seed(&[7; 32]));
    let settings = Options::new().queue_bytes(64 * 1024).check().unwrap();
    let running = Running::start(disk, key, settings, None).unwrap();
    let (writer, app) = (&running.writer, Arc::default());
    let mut calls: Vec<_> = (0..200)
        .map(|_| Box::pin(writer.publish(publish(10_000), &app)))
        .collect();
    let mut answers: Vec<_> = vec![None; calls.len()];
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut is_first = true;
    while answers.iter().any(Option::is_none) {
        let mut order: Vec<usize> = (0..calls.len()).collect();
        if !is_first {
            order.reverse();
        }
        is_first = false;
        for index in order
            .into_iter()
            .filter(|index| answers[*index].is_none())
            .collect::<Vec<_>>()
        {
            if let std::task::Poll::Ready(answer) = calls[index].as_mut().poll(&mut context) {
                answers[index] = Some(answer.unwrap()[0].key);
            }
        }
        std::thread::yield_now();
    }
    assert!(answers.is_sorted());
}

#[test]
fn who_waits_for_room_is_told_when_the_node_closes() {
    let sim = Sim::start(7);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let (writer, app) = (&sim.running.writer, Arc::default());
    let mut calls: Vec<_> = (0..400)
        .map(|_| Box::pin(writer.publish(publish(500_000), &app)))
        .collect();
    let mut published = 0;
    let mut refused = 0;
    calls.retain_mut(|call| match call.as_mut().poll(&mut context) {
        std::task::Poll::Ready(answer) => {
            published += answer.unwrap().len();
            false
        }
        std::task::Poll::Pending => true,
    });
    let close = sim.close();
    for call in calls {
        match block_on(call) {
            Ok(answer) => published += answer.len(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Closed);
                refused += 1;
            }
        }
    }
    close.unwrap();
    assert_eq!(published + refused, 400);
    assert_eq!(Sim::restart(sim.disk.power_loss()).count(), published);
}

#[test]
fn a_reader_goes_on_exactly_when_its_cursor_was_given_up() {
    let sim = Sim::start(8);
    for _ in 0..100 {
        sim.publish(10).unwrap();
    }
    let upper = sim.running.state.log().unwrap().present();
    let app_id = AppId::new("com.example.app").unwrap();
    let read = |aql: &str, order, unused: Option<Duration>| {
        let asker = Asker {
            state: &sim.running.state,
            app_id: &app_id,
            app: &Arc::default(),
        };
        let options = QueryOptions {
            upper: Some(upper.clone()),
            order,
            ..QueryOptions::default()
        };
        let mut results = asker.query(aql, options).unwrap();
        let mut rows = Vec::new();
        // Chunks of the disk are larger than what is taken, so cursors are given up in between.
        while let Some(outputs) = results.next_outputs_blocking(3).unwrap() {
            rows.extend(outputs.into_iter().map(|output| match output.item {
                Item::Row(row) => row,
                other => panic!("{other:?} is no row"),
            }));
            if let Some(unused) = unused {
                sim.running.state.parking.clear(unused);
            }
        }
        rows
    };
    for order in [Order::Ascending, Order::Descending, Order::Stream] {
        for (aql, count) in [
            ("FROM allEvents", 100),
            ("FROM allEvents LIMIT 50", 50),
            ("FROM allEvents SELECT _, KEY(_)", 200),
            (
                "FROM allEvents LET k := (KEY(_))[0] FILTER k[3] % 7 = 1",
                15,
            ),
            ("FROM allEvents DISTINCT", 1),
            ("FROM allEvents AGGREGATE COUNT(_)", 1),
            (
                "FROM allEvents GROUP BY (KEY(_))[0][3] % 7 SELECT [group, LAST(_)]",
                7,
            ),
            ("FROM allEvents AGGREGATE LAST(_)", 1),
        ] {
            let expected = read(aql, order, None);
            assert_eq!(expected.len(), count, "{aql}");
            assert_eq!(read(aql, order, Some(Duration::ZERO)), expected, "{aql}");
        }
    }
}
