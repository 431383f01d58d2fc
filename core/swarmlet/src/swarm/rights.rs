//! What members may do with blobs, and which of them are about.

use std::collections::BTreeMap;
use std::time::Duration;

use swarmlet_engine::event::{NodeId, StreamName};
use swarmlet_engine::membership::{Chain, Right};

use super::gatehouse::{Gatehouse, Standing};
use super::membership::Membership;
use crate::blobs::Rights;
use crate::clock::Stopwatch;
use crate::limits::{BLOB_HOLDER_AWAY_MAX, BLOB_HOLDER_UNMET_MAX};

/// Which members were met, and when they went.
#[derive(Debug)]
pub(super) struct Company {
    opened: Stopwatch,
    /// How many sessions there are with each.
    here: BTreeMap<NodeId, usize>,
    left: BTreeMap<NodeId, Stopwatch>,
}

impl Company {
    pub(super) fn new() -> Self {
        Self {
            opened: Stopwatch::start(),
            here: BTreeMap::new(),
            left: BTreeMap::new(),
        }
    }

    pub(super) fn note_met(&mut self, node: NodeId) {
        *self.here.entry(node).or_default() += 1;
    }

    pub(super) fn note_left(&mut self, node: NodeId) {
        let Some(sessions) = self.here.get_mut(&node) else {
            return;
        };
        *sessions -= 1;
        if *sessions == 0 {
            self.here.remove(&node);
            self.left.insert(node, Stopwatch::start());
        }
    }

    /// Whether a member is here, or has not been away for long. Who was not met since the node was
    /// opened may have been away long before.
    fn is_about(&self, node: NodeId, [unmet_max, away_max]: [Duration; 2]) -> bool {
        self.here.contains_key(&node)
            || match self.left.get(&node) {
                Some(left) => left.elapsed() < away_max,
                None => self.opened.elapsed() < unmet_max,
            }
    }
}

impl Rights for Gatehouse {
    fn may_read(&self, node: NodeId, name: &StreamName) -> bool {
        self.as_member(|membership| membership.members.may_read(node, name))
    }

    fn may_delete(&self, node: NodeId, name: &StreamName) -> bool {
        self.as_member(|membership| {
            // What was deleted before its author was revoked stays deleted.
            let members = &membership.members;
            members.directory().may(node, Right::Admin, name)
        })
    }

    fn labels(&self, node: NodeId) -> BTreeMap<String, String> {
        self.as_member(|membership| {
            let chain = membership.members.directory().of(node);
            let labels = chain
                .map(|chain| &chain.claims().labels)
                .into_iter()
                .flatten();
            labels
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect()
        })
    }

    fn readers(&self, name: &StreamName) -> Vec<NodeId> {
        let mut readers: Vec<NodeId> = self.as_member(|membership| {
            let members = &membership.members;
            let devices = members.directory().iter().map(Chain::device);
            devices
                .filter(|node| members.may_read(*node, name))
                .collect()
        });
        let company = self.company();
        readers.retain(|node| *node == self.own || company.is_about(*node, PATIENCE));
        readers
    }
}

impl Gatehouse {
    /// Looks at the membership; what follows from none if there is none.
    fn as_member<T: Default>(&self, look: impl FnOnce(&Membership) -> T) -> T {
        self.with(|standing| match standing {
            Standing::Member(membership) => look(membership),
            Standing::Alone | Standing::Joining(..) => T::default(),
        })
    }
}

/// For whom was not met since the node was opened, and for whom has left.
const PATIENCE: [Duration; 2] = [BLOB_HOLDER_UNMET_MAX, BLOB_HOLDER_AWAY_MAX];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_left_is_about_for_a_while() {
        let (one, other) = (NodeId::from_bytes([1; 32]), NodeId::from_bytes([2; 32]));
        let mut company = Company::new();
        let never = [Duration::ZERO; 2];
        let is_about = |company: &Company, node| company.is_about(node, never);
        company.note_left(other);
        company.note_met(one);
        company.note_met(one);
        company.note_left(one);
        assert!(is_about(&company, one), "there is another session");
        company.note_left(one);
        assert!(!is_about(&company, one));
        assert!(!is_about(&company, other), "it was never met");
        assert!(company.is_about(other, PATIENCE));
        let only_left = [Duration::ZERO, Duration::MAX];
        assert!(company.is_about(one, only_left) && !company.is_about(other, only_left));
    }
}
