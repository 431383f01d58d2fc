//! What is there after the process or the power ended, or the disk failed.

use super::bench::{Bench, routed};
use crate::error::ErrorKind;
use crate::log::{Durability, LogOptions};
use crate::storage::sim::Fault;
use crate::storage::{Folder, SimDisk};

#[test]
fn what_was_acknowledged_survives_power_loss() {
    for seed in 0..20 {
        let mut bench = Bench::on(SimDisk::new(seed), LogOptions::default()).unwrap();
        bench.publish(&["x", "y"], 700).unwrap();
        let events = bench.events();
        let bench = bench.power_loss();
        assert_eq!(bench.events(), events);
    }
}

#[test]
fn several_streams_of_one_publish_are_all_there_or_none() {
    let (mut whole, mut none) = (0, 0);
    for seed in 0..40 {
        let mut options = routed();
        options.durability = Durability::Buffered;
        let mut bench = Bench::on(SimDisk::new(seed), options).unwrap();
        bench.publish(&["a", "b", "c"], 900).unwrap();
        match bench.power_loss().events().len() {
            3 => whole += 1,
            0 => none += 1,
            other => panic!("{other} of 3 events"),
        }
    }
    assert!(whole > 0 && none > 0);
}

#[test]
fn buffered_events_survive_a_kill() {
    let options = LogOptions {
        durability: Durability::Buffered,
        ..LogOptions::default()
    };
    let mut bench = Bench::with(options);
    bench.publish(&["x"], 10).unwrap();
    assert_eq!(bench.kill().events().len(), 1);
}

#[test]
fn buffered_events_are_lost_from_the_end_only() {
    for seed in 0..60 {
        let options = LogOptions {
            durability: Durability::Buffered,
            ..LogOptions::default()
        };
        let mut bench = Bench::on(SimDisk::new(seed), options).unwrap();
        for _ in 0..6 {
            bench.publish(&["x"], 400).unwrap();
        }
        let events = bench.events();
        let mut bench = bench.power_loss();
        let kept = bench.events();
        assert_eq!(kept, events[..kept.len()]);
        // The same length again: what outlived the lost ones must not be taken for successors.
        bench.publish(&["y"], 400).unwrap();
        let bench = bench.power_loss();
        assert!(bench.events().len() <= kept.len() + 1);
    }
}

#[test]
fn sync_makes_buffered_events_durable() {
    for seed in 0..10 {
        let options = LogOptions {
            durability: Durability::Buffered,
            ..LogOptions::default()
        };
        let mut bench = Bench::on(SimDisk::new(seed), options).unwrap();
        bench.publish(&["x"], 400).unwrap();
        bench.log.sync().unwrap();
        assert_eq!(bench.power_loss().events().len(), 1);
    }
}

#[test]
fn after_a_failed_sync_nothing_is_written_until_opened_again() {
    let mut bench = Bench::new();
    bench.publish(&["x"], 10).unwrap();
    bench.disk.fail_next_sync(1);
    assert_eq!(
        bench.publish(&["y"], 10).unwrap_err().kind(),
        ErrorKind::Storage
    );
    let refused = bench.publish(&["z"], 10).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Storage);
    assert!(refused.to_string().contains("open again"), "{refused}");
    assert!(bench.log.sync().is_err());
    assert_eq!(bench.events().len(), 1);
    let mut bench = bench.kill();
    bench.publish(&["z"], 10).unwrap();
}

#[test]
fn what_a_failed_sync_left_in_memory_is_written_again_when_opened() {
    for seed in 0..30 {
        let mut bench = Bench::on(SimDisk::new(seed), LogOptions::default()).unwrap();
        bench.publish(&["x"], 1500).unwrap();
        bench.disk.fail_next_sync(1);
        assert!(bench.publish(&["y"], 1500).is_err());
        let mut bench = bench.kill();
        bench.publish(&["z"], 1500).unwrap();
        let events = bench.events();
        assert_eq!(bench.power_loss().events(), events, "seed {seed}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_space_is_the_cure() {
    let mut bench = Bench::new();
    bench.publish(&["x"], 10).unwrap();
    bench.disk.set_bytes_capacity(Some(0));
    let mut acknowledged = 1;
    let error = loop {
        match bench.publish(&["x"], 3000) {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::DiskFull);
    assert_eq!(
        bench.publish(&["x"], 3000).unwrap_err().kind(),
        ErrorKind::DiskFull
    );
    assert_eq!(bench.events().len(), acknowledged);
    bench.disk.set_bytes_capacity(None);
    bench.publish(&["x"], 3000).unwrap();
    assert_eq!(bench.reopen().events().len(), acknowledged + 1);
}

#[test]
fn a_disk_that_can_only_be_read_is_a_typed_error() {
    let mut bench = Bench::new();
    bench.publish(&["x"], 10).unwrap();
    bench.disk.set_read_only(true);
    let error = bench.publish(&["y"], 10).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(bench.events().len(), 1);
    bench.disk.set_read_only(false);
    bench.publish(&["y"], 10).unwrap();
}

#[test]
fn a_torn_tail_is_set_aside_and_the_log_goes_on() {
    let mut seen = 0;
    for seed in 0..30 {
        let mut bench = Bench::on(SimDisk::new(seed), LogOptions::default()).unwrap();
        bench.publish(&["x"], 700).unwrap();
        let operations = bench.disk.counters().operations;
        bench.publish(&["x"], 700).unwrap();
        let sync = bench.disk.counters().operations - operations;
        bench.disk.fail_nth_operation(sync, Fault::PowerLoss);
        assert!(bench.publish(&["torn"], 5000).is_err());
        let mut bench = bench.power_loss();
        let kept = bench.events().len();
        assert!(kept == 2 || kept == 3, "{kept}");
        let aside = bench.names(Folder::Aside).len();
        assert_eq!(aside > 0, bench.reader().stats().bytes_set_aside > 0);
        seen += aside;
        bench.publish(&["y"], 700).unwrap();
        let mut bench = bench.kill();
        assert_eq!(bench.events().len(), kept + 1);
        assert_eq!(bench.names(Folder::Aside).len(), aside);
        bench.fill_files(2);
        bench.maintain();
    }
    assert!(seen > 0);
}

#[test]
fn every_failing_operation_of_a_publish_leaves_a_log_that_opens() {
    for fault in [Fault::Eio, Fault::Enospc, Fault::PowerLoss] {
        for nth in 1..40 {
            let mut bench = Bench::on(SimDisk::new(nth), LogOptions::default()).unwrap();
            bench.fill_files(1);
            let keys = |bench: &Bench| -> Vec<_> {
                bench.events().into_iter().map(|event| event.key).collect()
            };
            let mut acknowledged = keys(&bench);
            bench.disk.fail_nth_operation(nth, fault);
            for _ in 0..12 {
                if let Ok(published) = bench.publish(&["x"], 3000) {
                    acknowledged.extend(published.into_iter().map(|event| event.key));
                }
                let _ = bench.step();
            }
            let found = keys(&bench.power_loss());
            assert_eq!(found[..acknowledged.len()], acknowledged, "{fault:?} {nth}");
            assert!(found.len() <= acknowledged.len() + 1);
        }
    }
}
