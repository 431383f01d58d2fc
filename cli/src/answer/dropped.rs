//! What retention has dropped before it was read.

use std::collections::BTreeSet;

use swarmlet::{Offset, Offsets, Results, StreamId};

use crate::failure::Result;
use crate::wire::Link;

/// Says which events are missing from results because retention has dropped them; of each stream
/// once, however often it is asked. Nobody knows whether they would have matched.
#[derive(Default)]
pub(super) struct Dropped {
    told: BTreeSet<StreamId>,
}

impl Dropped {
    pub(super) async fn tell(&mut self, results: &Results, link: &mut Link) -> Result<()> {
        match self.news(results.skipped()) {
            Some(message) => link.note(message).await,
            None => Ok(()),
        }
    }

    /// What is to be said of the streams that nothing was said of yet: notes are few, however many
    /// these are.
    fn news(&mut self, skipped: &Offsets) -> Option<String> {
        let entries = skipped.iter();
        let new: Vec<_> = entries
            .filter(|(stream, _)| self.told.insert(*stream))
            .collect();
        let (stream, first) = *new.first()?;
        let message = message(stream, first);
        Some(match new.len() - 1 {
            0 => message,
            1 => format!("{message}, and of one other stream"),
            others => format!("{message}, and of {others} other streams"),
        })
    }
}

/// What has become of the beginning of a stream.
pub(super) fn message(stream: StreamId, first: Offset) -> String {
    format!("retention has dropped the events of the stream {stream} before offset {first}")
}

#[cfg(test)]
mod tests {
    use swarmlet::NodeId;

    use super::*;

    fn stream(number: u64) -> StreamId {
        let node = NodeId::from_bytes([7; 32]);
        format!("{node}-{number}").parse().unwrap()
    }

    fn skipped(entries: &[(u64, u64)]) -> Offsets {
        let entries = entries.iter();
        entries
            .map(|(number, first)| (stream(*number), Offset::new(*first).unwrap()))
            .collect()
    }

    #[test]
    fn each_stream_is_told_of_once() {
        let first = Offset::new(5).unwrap();
        let mut dropped = Dropped::default();
        assert_eq!(dropped.news(&Offsets::new()), None);
        let two = message(stream(2), first);
        assert_eq!(dropped.news(&skipped(&[(2, 5)])), Some(two));
        assert_eq!(dropped.news(&skipped(&[(2, 5)])), None);
        // Of what is told already, more may be dropped.
        assert_eq!(dropped.news(&skipped(&[(2, 9)])), None);
        let one = message(stream(1), first);
        assert_eq!(dropped.news(&skipped(&[(1, 5), (2, 9)])), Some(one));
        let others = skipped(&[(1, 5), (2, 9), (3, 5), (4, 5), (5, 5)]);
        let three = message(stream(3), first);
        assert_eq!(
            dropped.news(&others),
            Some(format!("{three}, and of 2 other streams"))
        );
        let others = skipped(&[(3, 6), (6, 5), (7, 5)]);
        let six = message(stream(6), first);
        assert_eq!(
            dropped.news(&others),
            Some(format!("{six}, and of one other stream"))
        );
    }
}
