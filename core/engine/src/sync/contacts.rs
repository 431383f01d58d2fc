//! The contacts that a node knows, and which of them is dialled when. Pure.
//!
//! A member that does not answer at any of its addresses counts as down for a while, so that the
//! ring closes without it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::contact::{Address, Contact};
use super::limits::{
    CONTACT_BURST, CONTACT_PERIOD, CONTACTS_MAX, CROWDED_PAUSE, DIAL_PATIENCE, DOWN_PAUSE,
};
use crate::event::NodeId;

/// The contacts of other members.
#[derive(Debug, Default)]
pub(super) struct Contacts(BTreeMap<NodeId, Entry>);

#[derive(Debug)]
struct Entry {
    contact: Contact,
    /// Until then the changes so far are paid for, at one a period.
    paid_until: Duration,
    /// How many of its addresses were dialled since it was connected, or down.
    dialled: usize,
    /// Not before then it is dialled again.
    due: Duration,
    /// Until then it counts as down.
    down_until: Duration,
}

impl Contacts {
    /// Takes a contact; says whether it is news. A member that goes on changing its own faster
    /// than anybody moves is not followed; some changes may come at once, as they do after a cut.
    pub(super) fn learn(&mut self, contact: Contact, now: Duration) -> bool {
        let node = contact.node();
        let known = self.0.get(&node);
        let paid_until = known.map_or(now, |known| known.paid_until.max(now)) + CONTACT_PERIOD;
        match known {
            Some(known) if known.contact.version() >= contact.version() => return false,
            Some(_) if paid_until > now + CONTACT_PERIOD * CONTACT_BURST => return false,
            None if self.0.len() == CONTACTS_MAX => return false,
            _ => {}
        }
        let entry = Entry {
            contact,
            paid_until,
            dialled: 0,
            due: now,
            down_until: now,
        };
        self.0.insert(node, entry);
        true
    }

    /// Forgets those for whom `keep` is false.
    pub(super) fn retain(&mut self, keep: impl Fn(NodeId) -> bool) {
        self.0.retain(|node, _| keep(*node));
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Contact> {
        self.0.values().map(|entry| &entry.contact)
    }

    /// Who may answer when dialled.
    pub(super) fn reachable(&self, now: Duration) -> impl Iterator<Item = NodeId> {
        let is_up = move |(_, entry): &(&NodeId, &Entry)| now >= entry.down_until;
        self.0.iter().filter(is_up).map(|(node, _)| *node)
    }

    /// The address at which to dial `node` now, if it is time.
    pub(super) fn dial(&mut self, node: NodeId, now: Duration) -> Option<Address> {
        let entry = self.0.get_mut(&node).filter(|entry| now >= entry.due)?;
        entry.due = now + DIAL_PATIENCE;
        let address = entry.contact.addresses().get(entry.dialled).cloned();
        entry.dialled += 1;
        if address.is_none() {
            entry.rest(now + DOWN_PAUSE);
        }
        address
    }

    /// `node` is connected.
    pub(super) fn met(&mut self, node: NodeId, now: Duration) {
        if let Some(entry) = self.0.get_mut(&node) {
            entry.rest(now);
        }
    }

    /// `node` has too many connections.
    pub(super) fn crowded(&mut self, node: NodeId, now: Duration) {
        if let Some(entry) = self.0.get_mut(&node) {
            entry.rest(now + CROWDED_PAUSE);
        }
    }
}

impl Entry {
    fn rest(&mut self, until: Duration) {
        (self.dialled, self.due, self.down_until) = (0, until, until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{DeviceKey, Signer};

    const NOW: Duration = Duration::from_secs(100);

    fn contact(version: u64, addresses: &[&str]) -> Contact {
        let addresses = addresses.iter().map(|text| Address::new(text).unwrap());
        let signer = DeviceKey::from_seed(&[1; 32]);
        Contact::sign(version, addresses.collect(), &signer)
    }

    fn node() -> NodeId {
        DeviceKey::from_seed(&[1; 32]).node_id()
    }

    #[test]
    fn the_larger_version_counts() {
        let mut contacts = Contacts::default();
        assert!(contacts.learn(contact(5, &["a"]), NOW));
        assert!(!contacts.learn(contact(5, &["b"]), NOW + CONTACT_PERIOD));
        assert!(!contacts.learn(contact(4, &["b"]), NOW + CONTACT_PERIOD));
        assert!(contacts.learn(contact(6, &["b"]), NOW + CONTACT_PERIOD));
        assert_eq!(contacts.iter().count(), 1);
    }

    #[test]
    fn some_changes_may_come_at_once_and_then_one_a_period() {
        let mut contacts = Contacts::default();
        let burst = u64::from(CONTACT_BURST);
        for version in 0..burst {
            assert!(contacts.learn(contact(version, &["a"]), NOW));
        }
        assert!(!contacts.learn(contact(burst, &["a"]), NOW));
        let early = NOW + CONTACT_PERIOD - Duration::from_nanos(1);
        assert!(!contacts.learn(contact(burst, &["a"]), early));
        assert!(contacts.learn(contact(burst, &["a"]), NOW + CONTACT_PERIOD));
        assert!(!contacts.learn(contact(burst + 1, &["a"]), NOW + CONTACT_PERIOD));
    }

    #[test]
    fn each_address_is_dialled_once_and_then_the_node_is_down_for_a_while() {
        let mut contacts = Contacts::default();
        contacts.learn(contact(1, &["a", "b"]), NOW);
        let dial = |contacts: &mut Contacts, now| {
            let address = contacts.dial(node(), now);
            address.map(|address| address.as_str().to_owned())
        };
        assert_eq!(dial(&mut contacts, NOW).as_deref(), Some("a"));
        assert_eq!(dial(&mut contacts, NOW), None);
        let later = NOW + DIAL_PATIENCE;
        assert_eq!(dial(&mut contacts, later).as_deref(), Some("b"));
        let later = later + DIAL_PATIENCE;
        assert_eq!(contacts.reachable(later).count(), 1);
        assert_eq!(dial(&mut contacts, later), None);
        assert_eq!(contacts.reachable(later).count(), 0);
        let later = later + DOWN_PAUSE;
        assert_eq!(contacts.reachable(later).count(), 1);
        assert_eq!(dial(&mut contacts, later).as_deref(), Some("a"));
        contacts.met(node(), later);
        assert_eq!(dial(&mut contacts, later).as_deref(), Some("a"));
        contacts.crowded(node(), later);
        assert_eq!(contacts.reachable(later).count(), 0);
    }
}
