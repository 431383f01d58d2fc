//! Which nodes keep a connection with each other when all with all would be too many. Pure.
//!
//! The nodes form a ring in the order of their ids, and each is connected with those 1, b, b^2, ...
//! places before and after it. All who know the same nodes choose the same connections, so no two
//! of them disagree; the ring is part of it, so it hangs together; and b is chosen so that an event
//! needs few hops. It is the finger table of Chord (Stoica et al., 2001) by rank instead of by
//! distance, in both directions, which rules out that one node is wanted by many.

use std::collections::BTreeSet;

use super::limits::CONNECTIONS_SPARE;
use crate::event::NodeId;

/// With whom of `others` `own` keeps a connection, of which there should be `most` at most, two or
/// more: with one each there is no ring.
pub(super) fn neighbours(own: NodeId, others: &BTreeSet<NodeId>, most: usize) -> BTreeSet<NodeId> {
    if others.len() <= most {
        return others.clone();
    }
    let after = others.range(own..).copied();
    let ring: Vec<NodeId> = after.chain(others.range(..own).copied()).collect();
    let a_side = most.saturating_sub(CONNECTIONS_SPARE).max(2) / 2;
    let steps = steps(ring.len() + 1, a_side);
    steps
        .flat_map(|step| [ring[step - 1], ring[ring.len() - step]])
        .collect()
}

/// `count` powers of the smallest base that reaches around the half of a ring of `len`.
fn steps(len: usize, count: usize) -> impl Iterator<Item = usize> {
    let reaches = |base: &usize| {
        let mut reach: usize = 1;
        (0..count).any(|_| {
            reach = reach.saturating_mul(*base);
            reach >= len
        })
    };
    let base = (2..len).find(reaches).unwrap_or(len);
    let powers = std::iter::successors(Some(1_usize), move |power| power.checked_mul(base));
    powers.take(count).take_while(move |step| step * 2 <= len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> BTreeSet<NodeId> {
        let id = |number: usize| {
            // Spread unevenly, as the order of ids says nothing of their distance.
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&(number * number).to_be_bytes());
            NodeId::from_bytes(bytes)
        };
        (0..count).map(id).collect()
    }

    fn neighbours_of(own: NodeId, all: &BTreeSet<NodeId>, most: usize) -> BTreeSet<NodeId> {
        let mut others = all.clone();
        others.remove(&own);
        neighbours(own, &others, most)
    }

    /// How many hops the farthest node is away; `None` if one cannot be reached.
    fn hops(from: NodeId, all: &BTreeSet<NodeId>, most: usize) -> Option<usize> {
        let mut seen = BTreeSet::from([from]);
        let mut edge = seen.clone();
        for hops in 0.. {
            if edge.is_empty() {
                return (seen.len() == all.len()).then(|| hops - 1);
            }
            let next = edge.iter().flat_map(|node| neighbours_of(*node, all, most));
            edge = next.filter(|node| seen.insert(*node)).collect();
        }
        None
    }

    #[test]
    fn few_nodes_are_all_connected() {
        let all = ids(13);
        for own in &all {
            assert_eq!(neighbours_of(*own, &all, 12).len(), 12);
        }
        assert!(neighbours_of(*ids(14).first().unwrap(), &ids(14), 12).len() <= 10);
    }

    #[test]
    fn whom_a_node_wants_wants_it() {
        for (count, most) in [(14, 12), (30, 12), (101, 12), (9, 4), (40, 4), (5, 1)] {
            let all = ids(count);
            for own in &all {
                for other in neighbours_of(*own, &all, most) {
                    let theirs = neighbours_of(other, &all, most);
                    assert!(theirs.contains(own), "{count} nodes, at most {most}");
                }
            }
        }
    }

    #[test]
    fn a_large_swarm_hangs_together_in_few_hops() {
        let measured = [14, 30, 100, 1_000].map(|count| {
            let all = ids(count);
            let own = *all.iter().nth(count / 3).unwrap();
            let kept = neighbours_of(own, &all, 12).len();
            assert!(kept <= 12 - CONNECTIONS_SPARE);
            (count, hops(own, &all, 12).unwrap())
        });
        assert_eq!(measured, [(14, 3), (30, 3), (100, 5), (1_000, 7)]);
    }

    #[test]
    fn every_size_hangs_together() {
        for count in 2..80 {
            for most in [1, 2, 3, 4, 7, 12] {
                let all = ids(count);
                assert!(hops(*all.first().unwrap(), &all, most).is_some());
            }
        }
    }
}
