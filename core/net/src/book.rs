//! The addresses that a node knows, and when each is dialled; pure.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::endpoint::Endpoint;
use crate::key::PeerKey;
use crate::limits;

/// Where an address comes from; the first is kept for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Static,
    Discovered,
    Learnt,
}

/// The addresses, and which peers are connected. Time is passed in, chance is a seed.
pub(crate) struct Book {
    entries: BTreeMap<Endpoint, Entry>,
    connected: BTreeMap<PeerKey, Instant>,
    groups: u64,
    chance: u64,
}

struct Entry {
    origin: Origin,
    /// Addresses that were said to be of one node have the same number.
    group: u64,
    /// Who answered last, here or at an address of the same group.
    peer: Option<PeerKey>,
    is_own: bool,
    /// To be dialled once without room.
    is_urgent: bool,
    dials: u32,
    due: Instant,
    failing_since: Option<Instant>,
    last_reason: Option<String>,
}

impl Book {
    pub(crate) fn new(chance: u64) -> Self {
        Self {
            entries: BTreeMap::new(),
            connected: BTreeMap::new(),
            groups: 0,
            chance,
        }
    }

    /// Adds an address, to be dialled at once; whether it was not known.
    pub(crate) fn add(&mut self, endpoint: Endpoint, origin: Origin, now: Instant) -> bool {
        !self.add_all(&[endpoint], origin, now).is_empty()
    }

    /// Adds addresses that are said to be of one node, to be dialled one after the other from a
    /// time on; those that were not known.
    pub(crate) fn add_all(
        &mut self,
        endpoints: &[Endpoint],
        origin: Origin,
        mut due: Instant,
    ) -> Vec<Endpoint> {
        self.groups += 1;
        let mut added = Vec::new();
        for endpoint in endpoints {
            if let Some(entry) = self.entries.get_mut(endpoint) {
                if origin == Origin::Static {
                    entry.origin = origin;
                }
            } else if endpoint.is_dialable() && self.make_room(origin) {
                self.entries
                    .insert(*endpoint, Entry::new(origin, self.groups, due));
                added.push(*endpoint);
                due += limits::REDIAL_STAGGER;
            }
        }
        added
    }

    /// Adds addresses that were announced just now. Known ones that fail are dialled from `due` on:
    /// their node is there again, however long it was not. Those that were not known.
    pub(crate) fn sighted(&mut self, endpoints: &[Endpoint], due: Instant) -> Vec<Endpoint> {
        let mut again = due;
        for endpoint in endpoints {
            if let Some(entry) = self.entries.get_mut(endpoint)
                && entry.failing_since.is_some()
            {
                entry.due = entry.due.min(again);
                again += limits::REDIAL_STAGGER;
            }
        }
        self.add_all(endpoints, Origin::Discovered, due)
    }

    /// Has an address dialled at once, and this one time without room for it.
    pub(crate) fn reach(&mut self, endpoint: Endpoint, now: Instant) {
        self.add(endpoint, Origin::Learnt, now);
        if let Some(entry) = self.entries.get_mut(&endpoint) {
            (entry.is_urgent, entry.due) = (true, now);
        }
    }

    /// Forgets the address that fails longest if the book is full; false if there is none.
    fn make_room(&mut self, origin: Origin) -> bool {
        if origin == Origin::Static || self.entries.len() < limits::BOOK_ENDPOINTS_MAX {
            return true;
        }
        let worst = self
            .entries
            .iter()
            .filter(|(_, entry)| !entry.is_static() && entry.dials == 0)
            .filter_map(|(endpoint, entry)| Some((entry.failing_since?, *endpoint)))
            .min();
        worst.is_some_and(|(_, endpoint)| self.entries.remove(&endpoint).is_some())
    }

    /// The addresses to dial now, counted as being dialled; at most `room` that are neither static
    /// nor urgent.
    pub(crate) fn take_due(&mut self, now: Instant, mut room: usize) -> Vec<Endpoint> {
        let mut open: usize = self
            .entries
            .values()
            .map(|entry| entry.dials as usize)
            .sum();
        let mut due = Vec::new();
        for is_privileged in [true, false] {
            for (endpoint, entry) in &mut self.entries {
                let is_due = entry.is_wanted(&self.connected) && entry.due <= now;
                let has_room = open < limits::DIALS_MAX && (is_privileged || room > 0);
                if !is_due || !has_room || entry.is_privileged() != is_privileged {
                    continue;
                }
                open += 1;
                room -= usize::from(!is_privileged);
                entry.is_urgent = false;
                entry.dials += 1;
                entry.due = now + limits::DIAL_AGAIN.max(entry.delay(now));
                due.push(*endpoint);
            }
        }
        due
    }

    /// When to ask again, unless something happens before; `room` as before.
    pub(crate) fn next_due(&self, room: usize) -> Option<Instant> {
        let open: usize = self
            .entries
            .values()
            .map(|entry| entry.dials as usize)
            .sum();
        if open >= limits::DIALS_MAX {
            return None;
        }
        let entries = self
            .entries
            .values()
            .filter(|entry| entry.is_privileged() || room > 0);
        entries
            .filter(|entry| entry.is_wanted(&self.connected))
            .map(|entry| entry.due)
            .min()
    }

    /// Dials that are open to addresses that are not static.
    pub(crate) fn dials(&self) -> usize {
        let others = self.entries.values().filter(|entry| !entry.is_static());
        others.map(|entry| entry.dials as usize).sum()
    }

    /// A dial reached a peer; nothing is said yet about whether the connection is of use.
    pub(crate) fn reached(&mut self, endpoint: Endpoint, peer: PeerKey) {
        let Some(entry) = self.entries.get_mut(&endpoint) else {
            return;
        };
        entry.dials = entry.dials.saturating_sub(1);
        entry.peer = Some(peer);
        let group = entry.group;
        for other in self
            .entries
            .values_mut()
            .filter(|other| other.group == group)
        {
            other.peer.get_or_insert(peer);
        }
    }

    /// A dial failed; whether the reason is news.
    pub(crate) fn failed(&mut self, endpoint: Endpoint, reason: &str, now: Instant) -> bool {
        let Some(entry) = self.entries.get_mut(&endpoint) else {
            return true;
        };
        entry.dials = entry.dials.saturating_sub(1);
        let is_news = entry.last_reason.as_deref() != Some(reason);
        if is_news {
            entry.last_reason = Some(reason.to_owned());
        }
        self.unfit(endpoint, now);
        is_news
    }

    /// An address led to no link; it is dialled later, or no more.
    pub(crate) fn unfit(&mut self, endpoint: Endpoint, now: Instant) {
        let chance = self.draw();
        let Some(entry) = self.entries.get_mut(&endpoint) else {
            return;
        };
        let since = *entry.failing_since.get_or_insert(now);
        entry.due = now + jittered(entry.delay(now), chance);
        if !entry.is_static() && now - since >= limits::FORGET_AFTER {
            self.entries.remove(&endpoint);
        }
    }

    /// A dial reached this very node.
    pub(crate) fn is_own(&mut self, endpoint: Endpoint) {
        if let Some(entry) = self.entries.get_mut(&endpoint) {
            entry.dials = entry.dials.saturating_sub(1);
            entry.is_own = true;
        }
    }

    /// A link to a peer is open: its addresses rest.
    pub(crate) fn connected(&mut self, peer: PeerKey, now: Instant) {
        self.connected.insert(peer, now);
        for entry in self
            .entries
            .values_mut()
            .filter(|entry| entry.peer == Some(peer))
        {
            entry.last_reason = None;
        }
    }

    /// The link to a peer ended: its addresses are due at once, one after the other, or later if
    /// the link did not last.
    pub(crate) fn lost(&mut self, peer: PeerKey, now: Instant) {
        let Some(since) = self.connected.remove(&peer) else {
            return;
        };
        let was_stable = now - since >= limits::LINK_STABLE_AFTER;
        let mut chance = self.draw();
        let mut wait = Duration::ZERO;
        for entry in self
            .entries
            .values_mut()
            .filter(|entry| entry.peer == Some(peer))
        {
            if was_stable {
                entry.failing_since = None;
                entry.due = now + wait;
            } else {
                entry.failing_since.get_or_insert(now);
                entry.due = now + wait + jittered(entry.delay(now), chance);
            }
            wait += limits::REDIAL_STAGGER;
            chance = chance.rotate_left(7);
        }
    }

    /// The addresses of a peer rest for long, however its link ended.
    pub(crate) fn leave(&mut self, peer: PeerKey, now: Instant) {
        let chance = self.draw();
        let of_peer = |entry: &&mut Entry| entry.peer == Some(peer);
        for entry in self.entries.values_mut().filter(of_peer) {
            entry.due = now + jittered(limits::LEAVE_PAUSE, chance);
        }
    }

    /// Forgets all failures: every address is due at once, even what was this node itself.
    pub(crate) fn reset(&mut self, now: Instant) {
        for entry in self.entries.values_mut() {
            entry.due = now;
            entry.failing_since = None;
            entry.is_own = false;
        }
    }

    /// Peers with a link.
    pub(crate) fn connected_count(&self) -> usize {
        self.connected.len()
    }

    /// A random number that needs no secrecy (splitmix64).
    fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Entry {
    fn new(origin: Origin, group: u64, due: Instant) -> Self {
        Self {
            origin,
            group,
            peer: None,
            is_own: false,
            is_urgent: false,
            dials: 0,
            due,
            failing_since: None,
            last_reason: None,
        }
    }

    fn is_static(&self) -> bool {
        self.origin == Origin::Static
    }

    fn is_privileged(&self) -> bool {
        self.is_static() || self.is_urgent
    }

    fn is_wanted(&self, connected: &BTreeMap<PeerKey, Instant>) -> bool {
        !self.is_own
            && self.dials < limits::DIALS_PER_ENDPOINT_MAX
            && !self.peer.is_some_and(|peer| connected.contains_key(&peer))
    }

    fn delay(&self, now: Instant) -> Duration {
        let outage = self
            .failing_since
            .map_or(Duration::ZERO, |since| now - since);
        (outage / limits::REDIAL_DIVISOR).clamp(limits::REDIAL_MIN, limits::REDIAL_MAX)
    }
}

/// Three to five quarters of a delay, so that nodes started together part.
fn jittered(delay: Duration, chance: u64) -> Duration {
    let share = (chance % 512) as u32;
    delay * 3 / 4 + delay / 1024 * share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(port: u16) -> Endpoint {
        Endpoint::tcp(([127, 0, 0, 1], port).into())
    }

    fn key(byte: u8) -> PeerKey {
        PeerKey::new([byte; 32])
    }

    fn book(origin: Origin) -> (Book, Instant) {
        let now = Instant::now();
        let mut book = Book::new(1);
        book.add(endpoint(1), origin, now);
        (book, now)
    }

    #[test]
    fn failing_address_is_dialled_ever_more_rarely() {
        let (mut book, start) = book(Origin::Static);
        let mut now = start;
        let mut delays = Vec::new();
        while now < start + Duration::from_secs(120) {
            assert_eq!(book.take_due(now, 0), [endpoint(1)]);
            book.failed(endpoint(1), "no", now);
            let due = book.next_due(1).unwrap();
            delays.push(due - now);
            now = due;
        }
        assert!(delays[0] < Duration::from_millis(320));
        assert!(*delays.last().unwrap() > Duration::from_millis(3_700));
        assert!(
            delays
                .iter()
                .all(|delay| *delay <= Duration::from_millis(6_250))
        );
    }

    #[test]
    fn open_dial_does_not_keep_the_next_from_starting() {
        let (mut book, now) = book(Origin::Static);
        assert_eq!(book.take_due(now, 0).len(), 1);
        assert_eq!(book.take_due(now + limits::DIAL_AGAIN / 2, 0).len(), 0);
        for turn in 1..limits::DIALS_PER_ENDPOINT_MAX {
            assert_eq!(book.take_due(now + limits::DIAL_AGAIN * turn, 0).len(), 1);
        }
        assert_eq!(book.take_due(now + limits::DIAL_AGAIN * 9, 0).len(), 0);
    }

    #[test]
    fn address_of_a_connected_peer_rests_until_it_is_lost() {
        let (mut book, now) = book(Origin::Learnt);
        book.take_due(now, 1);
        book.reached(endpoint(1), key(2));
        book.connected(key(2), now);
        assert_eq!(book.next_due(1), None);
        let later = now + limits::LINK_STABLE_AFTER;
        book.lost(key(2), later);
        assert_eq!(book.next_due(1), Some(later));
        assert_eq!(book.take_due(later, 1), [endpoint(1)]);
    }

    #[test]
    fn link_that_did_not_last_is_a_failure() {
        let (mut book, now) = book(Origin::Learnt);
        book.take_due(now, 1);
        book.reached(endpoint(1), key(2));
        book.connected(key(2), now);
        book.lost(key(2), now);
        assert!(book.next_due(1).unwrap() > now + limits::REDIAL_MIN / 2);
    }

    #[test]
    fn only_static_addresses_are_kept_for_ever() {
        for (origin, is_kept) in [(Origin::Static, true), (Origin::Discovered, false)] {
            let (mut book, now) = book(origin);
            book.failed(endpoint(1), "no", now);
            book.failed(endpoint(1), "no", now + limits::FORGET_AFTER);
            assert_eq!(book.next_due(1).is_some(), is_kept);
        }
    }

    #[test]
    fn full_book_forgets_what_fails_longest() {
        let (mut book, now) = book(Origin::Static);
        for port in 2..=limits::BOOK_ENDPOINTS_MAX as u16 {
            assert!(book.add(endpoint(port), Origin::Learnt, now));
        }
        assert!(
            !book.add(endpoint(999), Origin::Learnt, now),
            "nothing fails yet"
        );
        book.failed(endpoint(1), "no", now);
        book.failed(endpoint(7), "no", now + Duration::from_secs(1));
        book.failed(endpoint(8), "no", now + Duration::from_secs(2));
        assert!(book.add(endpoint(999), Origin::Learnt, now));
        assert!(!book.entries.contains_key(&endpoint(7)));
        assert!(book.entries.contains_key(&endpoint(1)));
    }

    #[test]
    fn static_addresses_need_no_room() {
        let (mut book, now) = book(Origin::Static);
        book.add(endpoint(2), Origin::Learnt, now);
        assert_eq!(book.take_due(now, 0), [endpoint(1)]);
    }

    #[test]
    fn an_urgent_address_needs_no_room_once() {
        let now = Instant::now();
        let mut book = Book::new(1);
        book.add(endpoint(1), Origin::Learnt, now);
        book.reach(endpoint(2), now);
        assert_eq!(book.take_due(now, 0), [endpoint(2)]);
        book.failed(endpoint(2), "no", now);
        assert_eq!(book.next_due(0), None);
        book.reach(endpoint(2), now);
        assert_eq!(book.next_due(0), Some(now));
    }

    #[test]
    fn who_has_no_place_for_us_is_left_alone_for_long() {
        let (mut book, now) = book(Origin::Static);
        book.take_due(now, 1);
        book.reached(endpoint(1), key(2));
        book.connected(key(2), now);
        book.lost(key(2), now);
        book.leave(key(2), now);
        let due = book.next_due(1).unwrap();
        assert!(due >= now + limits::LEAVE_PAUSE * 3 / 4);
        book.reach(endpoint(1), now);
        assert_eq!(book.take_due(now, 0), [endpoint(1)]);
    }

    #[test]
    fn addresses_of_one_node_are_dialled_one_after_the_other() {
        let now = Instant::now();
        let mut book = Book::new(1);
        let added = book.add_all(&[endpoint(1), endpoint(2)], Origin::Discovered, now);
        assert_eq!(added.len(), 2);
        assert_eq!(book.take_due(now, 9), [endpoint(1)]);
        assert_eq!(book.next_due(0), None);
        assert_eq!(book.next_due(9), Some(now + limits::REDIAL_STAGGER));
        book.reached(endpoint(1), key(2));
        book.connected(key(2), now);
        assert_eq!(
            book.next_due(9),
            None,
            "the other address is the same peer's"
        );
    }

    #[test]
    fn address_that_fails_for_long_is_dialled_when_it_is_announced_again() {
        let (mut book, start) = book(Origin::Discovered);
        book.failed(endpoint(1), "no", start);
        let now = start + Duration::from_secs(20);
        book.failed(endpoint(1), "no", now);
        let soon = now + Duration::from_millis(100);
        assert!(book.next_due(1).unwrap() > now + Duration::from_secs(1));
        assert!(book.sighted(&[endpoint(1)], soon).is_empty());
        assert_eq!(book.next_due(1), Some(soon));
        assert!(
            book.sighted(&[endpoint(1)], soon + Duration::from_secs(9))
                .is_empty()
        );
        assert_eq!(book.next_due(1), Some(soon), "it is never later for that");
        assert_eq!(book.take_due(soon, 1), [endpoint(1)]);
    }

    #[test]
    fn same_reason_is_news_once() {
        let (mut book, now) = book(Origin::Static);
        assert!(book.failed(endpoint(1), "no", now));
        assert!(!book.failed(endpoint(1), "no", now));
        assert!(book.failed(endpoint(1), "never", now));
    }

    #[test]
    fn reset_makes_everything_due() {
        let (mut book, now) = book(Origin::Static);
        book.failed(endpoint(1), "no", now);
        book.add(endpoint(2), Origin::Learnt, now);
        book.is_own(endpoint(2));
        book.reset(now);
        assert_eq!(book.take_due(now, 9).len(), 2);
    }
}
