//! More nodes than may be connected with each other: they stay one swarm.

use super::bench::Bench;

/// So many nodes with so many connections, of which all know the address of the first alone.
fn crowd(count: usize, most: usize) -> Bench {
    let mut bench = Bench::crowd(&vec!["*"; count], &vec!["rw:*"; count], most);
    bench.announce();
    // Whoever has no connection dials, every second, as the network does.
    for _ in 0..40 {
        for at in 1..count {
            if bench.degree(at) == 0 {
                bench.dial(at, 0);
            }
        }
        bench.pass(1_000);
    }
    bench
}

fn assert_one_swarm(bench: &Bench, most: usize) {
    let own = bench.groups[0];
    let group = bench.groups.iter().filter(|group| **group == own);
    assert_eq!(bench.reached(0), group.count(), "nodes of one swarm");
    for at in 0..bench.nodes.len() {
        assert!(
            bench.degree(at) <= most,
            "node {at} has too many connections"
        );
    }
}

#[test]
fn who_knows_one_member_finds_the_others() {
    let mut bench = crowd(20, 6);
    assert_one_swarm(&bench, 6);
    bench.publish(7, "x", 10);
    bench.pass(2_000);
    for at in 0..20 {
        assert_eq!(bench.count(at), [1], "node {at} has the event");
    }
}

#[test]
fn few_nodes_are_all_connected_and_none_is_asked_to_leave() {
    let bench = crowd(7, 6);
    assert_one_swarm(&bench, 6);
    assert!((0..7).all(|at| bench.degree(at) == 6));
    assert!(bench.nodes.iter().all(|node| node.closed.is_empty()));
}

#[test]
fn the_ring_closes_without_nodes_that_are_gone() {
    let mut bench = crowd(16, 4);
    let mut groups = vec![0; 16];
    for gone in [3, 4, 5, 9, 15] {
        groups[gone] = gone;
    }
    bench.part(&groups);
    bench.pass(30_000);
    assert_one_swarm(&bench, 4);
}

#[test]
fn halves_that_were_cut_apart_become_one_swarm_again() {
    let mut bench = crowd(16, 4);
    let groups: Vec<usize> = (0..16).map(|at| at % 2).collect();
    bench.part(&groups);
    bench.pass(60_000);
    assert_eq!(bench.reached(0), 8);
    assert_eq!(bench.reached(1), 8);
    bench.part(&[0; 16]);
    bench.pass(30_000);
    assert_one_swarm(&bench, 4);
}
