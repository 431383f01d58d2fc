//! The runtime comes with the first open node and goes with the last.

use swarmlet::ErrorKind;

use super::{close, finished, opened, publish};

#[test]
fn handles_of_a_closed_node_say_so_while_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let first = opened(&folder.path().join("first"));
        let second = opened(&folder.path().join("second"));
        let scoped = first.scoped("com.example.other").unwrap();
        close(&first);
        close(&scoped);
        close(&first);
        let closed = finished(|completion| first.publish(Vec::new(), completion));
        assert_eq!(closed.unwrap_err().kind, ErrorKind::Closed);
        publish(&second, round..round + 1);
        close(&second);
    }
}

#[test]
fn a_failed_open_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "a file").unwrap();
    for _ in 0..20 {
        let options = swarmlet::Options::new();
        let failed =
            finished(|completion| swarmlet_facade::open(path.clone(), options, completion));
        assert_eq!(failed.err().unwrap().operation, "open");
    }
}

#[test]
fn dropping_without_closing_releases_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node");
    drop(opened(&path));
    let deadline = std::time::Instant::now() + super::LIMIT;
    loop {
        let options = swarmlet::Options::new();
        let again = finished(|completion| swarmlet_facade::open(path.clone(), options, completion));
        match again {
            Ok(node) => return close(&node),
            Err(failure) => assert_eq!(failure.kind, ErrorKind::Locked),
        }
        assert!(std::time::Instant::now() < deadline);
    }
}
