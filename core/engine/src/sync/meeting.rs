//! Meeting others: telling each other who is where, dialling those who are to be neighbours, and
//! making room when there are too many.

use std::collections::BTreeSet;
use std::time::Duration;

use super::contact::Contact;
use super::frame::Frame;
use super::incident::CloseReason;
use super::input::{Output, SessionId};
use super::limits::{CONTACTS_PER_FRAME_MAX, CROWDED_TIME, MEETING_PERIOD};
use super::machine::Sync;
use super::overlay::neighbours;
use super::session::Session;
use crate::event::NodeId;

impl Sync {
    /// The contacts of other members that are known, to be kept for the next start.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.iter()
    }

    /// This node can be reached elsewhere.
    pub(super) fn announced(&mut self, contact: Contact, now: Duration, out: &mut Vec<Output>) {
        debug_assert_eq!(contact.node(), self.own);
        self.own_contact = Some(contact.clone());
        self.tell(None, &[contact], now, out);
    }

    /// Tells a new peer all contacts that are known.
    pub(super) fn tell_contacts(&mut self, id: SessionId, now: Duration, out: &mut Vec<Output>) {
        let all = self.own_contact.iter().chain(self.contacts.iter());
        let all: Vec<Contact> = all.cloned().collect();
        if let Some(session) = self.sessions.get_mut(&id) {
            self.contacts.met(session.peer, now);
            if self.options.is_meeting {
                session.send_contacts(&all, now, out);
            }
        }
    }

    /// A peer tells where others are; what is news is passed on.
    pub(super) fn hear_contacts(
        &mut self,
        id: SessionId,
        contacts: Vec<Contact>,
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        if !self.options.is_meeting {
            return;
        }
        let mut news = Vec::new();
        for contact in contacts {
            let node = contact.node();
            let is_known = node != self.own && self.members.directory().of(node).is_some();
            if is_known && self.contacts.learn(contact.clone(), now) {
                news.push(contact);
            }
        }
        if !news.is_empty() {
            out.push(Output::ContactsChanged);
            self.tell(Some(id), &news, now, out);
        }
    }

    /// Tells everybody but `from`.
    fn tell(
        &mut self,
        from: Option<SessionId>,
        contacts: &[Contact],
        now: Duration,
        out: &mut Vec<Output>,
    ) {
        if !self.options.is_meeting {
            return;
        }
        let others = self.sessions.values_mut();
        for session in others.filter(|session| session.is_introduced && Some(session.id) != from) {
            session.send_contacts(contacts, now, out);
        }
    }

    /// Dials who is to be a neighbour, and asks others to leave if there are too many.
    pub(super) fn meet(&mut self, now: Duration, out: &mut Vec<Output>) {
        if now < self.met + MEETING_PERIOD {
            return;
        }
        self.met = now;
        let directory = self.members.directory();
        self.contacts.retain(|node| directory.of(node).is_some());
        let connected: BTreeSet<NodeId> = self.sessions.values().map(|open| open.peer).collect();
        let mut others = connected.clone();
        others.extend(self.contacts.reachable(now));
        others.remove(&self.own);
        let wanted = neighbours(self.own, &others, self.options.connections_max);
        for node in wanted.difference(&connected) {
            if let Some(address) = self.contacts.dial(*node, now) {
                out.push(Output::Dial(address));
            }
        }
        self.make_room(&wanted, now, out);
    }

    /// Asks the newest of those who are no neighbours to leave, as many as there are too many.
    /// They were told where others are.
    fn make_room(&mut self, wanted: &BTreeSet<NodeId>, now: Duration, out: &mut Vec<Output>) {
        let is_overdue = |session: &Session| {
            let since = session.leaving_since;
            since.is_some_and(|since| now >= since + CROWDED_TIME)
        };
        let overdue = self.sessions.values().filter(|session| is_overdue(session));
        let overdue: Vec<SessionId> = overdue.map(|session| session.id).collect();
        for id in overdue {
            self.close(id, CloseReason::Crowded, now, out);
        }
        let staying = self.sessions.values();
        let staying = staying.filter(|session| session.leaving_since.is_none());
        let excess = staying.count().saturating_sub(self.options.connections_max);
        let others = self.sessions.values_mut().rev();
        let others = others.filter(|session| {
            let is_told = session.is_introduced && session.leaving_since.is_none();
            is_told && !wanted.contains(&session.peer)
        });
        for session in others.take(excess) {
            session.leaving_since = Some(now);
            session.send(&Frame::Crowded, now, out);
        }
    }

    /// A peer has too many connections, and asks us to leave.
    pub(super) fn leave(&mut self, id: SessionId, now: Duration, out: &mut Vec<Output>) {
        if let Some(session) = self.sessions.get(&id) {
            self.contacts.crowded(session.peer, now);
            self.close(id, CloseReason::Crowded, now, out);
        }
    }
}

impl Session {
    fn send_contacts(&mut self, contacts: &[Contact], now: Duration, out: &mut Vec<Output>) {
        let peer = self.peer;
        let others: Vec<Contact> = contacts
            .iter()
            .filter(|contact| contact.node() != peer)
            .cloned()
            .collect();
        for contacts in others.chunks(CONTACTS_PER_FRAME_MAX) {
            self.send(&Frame::Contacts(contacts.to_vec()), now, out);
        }
    }
}
