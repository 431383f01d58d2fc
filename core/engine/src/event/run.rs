//! Runs: consecutive batches of one stream that its author's last signature vouches for.
//!
//! What nodes send each other, and the unit of checking: a run holds as a whole or not at all.
//! On the wire it is its batches one after the other, as in docs/format/batch.md. A [`Run`] has
//! been checked, so whoever holds one never checks it again.

use std::ops::Range;

use bytes::Bytes;
use thiserror::Error;

use super::batch::{Batch, BatchHash, BatchHeader};
use super::codec::{Malformed, Reader};
use super::sequence::{Lamport, Offset};
use super::sign::Signature;
use super::stream::{StreamId, StreamName};
use crate::limits::RUN_BYTES_MAX;

/// A run whose hashes, chain and signature hold.
#[derive(Clone, Debug)]
pub struct Run {
    bytes: Bytes,
    stream: StreamId,
    batches: Vec<RunBatch>,
    /// Where its stream goes on here, if it may be taken with a gap before it.
    begins_behind: Option<u64>,
}

/// One batch of a run.
#[derive(Clone, Debug)]
pub struct RunBatch {
    /// Its encoded bytes in those of the run.
    pub span: Range<usize>,
    /// What it says of itself.
    pub header: BatchHeader,
    /// Hash of its header.
    pub hash: BatchHash,
    /// Lamport of its first event.
    pub first_lamport: Lamport,
}

/// Why bytes are not taken as a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// They are not laid out as a run, or do not hold together.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The last batch has no signature, or one that is not of its author.
    #[error(transparent)]
    Unsigned(Malformed),
}

impl From<Unfit> for Malformed {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Malformed(malformed) | Unfit::Unsigned(malformed) => malformed,
        }
    }
}

impl Run {
    /// Checks everything about a run but whether it continues what is here.
    ///
    /// # Errors
    ///
    /// If it is empty, too long, of several streams, has a gap, a wrong hash, lamports that do not
    /// grow, or if its last batch lacks its author's signature.
    pub fn check(bytes: Bytes) -> Result<Self, Unfit> {
        let (run, signature) = Self::read(bytes)?;
        let is_authors = |signature| run.hash().is_signed(run.stream.node, &signature);
        if !signature.is_some_and(is_authors) {
            let what = "a run does not end with its author's signature";
            let at = run.bytes.len();
            return Err(Unfit::Unsigned(Malformed { what, at }));
        }
        Ok(run)
    }

    /// A run that holds together, and the signature at its end, which was not checked.
    fn read(bytes: Bytes) -> Result<(Self, Option<Signature>), Malformed> {
        let mut reader = Reader::new(&bytes);
        if bytes.len() > RUN_BYTES_MAX {
            return Err(reader.malformed("a run is too long"));
        }
        let mut batches: Vec<RunBatch> = Vec::new();
        let mut signature = None;
        let mut name: Option<StreamName> = None;
        while !reader.is_at_end() {
            let start = reader.position();
            let batch = Batch::decode(&mut reader)?;
            batch.check_body()?;
            let next = RunBatch {
                span: start..reader.position(),
                hash: batch.header.hash(),
                first_lamport: batch.first_lamport()?,
                header: batch.header,
            };
            name = name.or_else(|| next.header.name.clone());
            if next.header.name.is_some() && next.header.name != name {
                return Err(reader.malformed("a run gives its stream two names"));
            }
            if let Some(before) = batches.last() {
                check_follows(before, &next).map_err(|what| Malformed { what, at: start })?;
            }
            signature = batch.signature;
            batches.push(next);
        }
        let last = batches
            .last()
            .ok_or_else(|| reader.malformed("a run has no batch"))?;
        let stream = last.header.stream;
        let run = Self {
            bytes,
            stream,
            batches,
            begins_behind: None,
        };
        Ok((run, signature))
    }

    /// The same, to be taken though what is before it is missing: its stream goes on at `next`
    /// here, 0 if nothing of it is here, and nobody has what follows there. `None` if its first
    /// batch does not say the name of the stream, which it must to begin one.
    #[must_use]
    pub fn beginning_behind(self, next: u64) -> Option<Self> {
        self.batches[0].header.name.is_some().then_some(Self {
            begins_behind: Some(next),
            ..self
        })
    }

    /// Where its stream must go on for it to be taken with a gap before it.
    #[must_use]
    pub fn begins_behind(&self) -> Option<u64> {
        self.begins_behind
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// The name of the stream, unless the run was written by an early version and does not begin
    /// the stream.
    #[must_use]
    pub fn name(&self) -> Option<&StreamName> {
        let mut names = self.batches.iter().map(|batch| batch.header.name.as_ref());
        names.find_map(|name| name)
    }

    /// Offset of its first event.
    #[must_use]
    pub fn first(&self) -> Offset {
        self.batches[0].header.first_offset
    }

    /// Offset of its last event.
    #[must_use]
    pub fn last(&self) -> Offset {
        self.end().header.last_offset()
    }

    /// Hash of its last header.
    #[must_use]
    pub fn hash(&self) -> BatchHash {
        self.end().hash
    }

    /// Lamport of its last event, the largest.
    #[must_use]
    pub fn lamport(&self) -> Lamport {
        self.end().header.lamport
    }

    /// Number of its events.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.last().get() - self.first().get() + 1
    }

    /// Its batches, at least one, in offset order.
    #[must_use]
    pub fn batches(&self) -> &[RunBatch] {
        &self.batches
    }

    /// Its encoded bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    fn end(&self) -> &RunBatch {
        self.batches.last().expect("a run has at least one batch")
    }
}

/// Whether `next` is what its author wrote after `before`, as far as the two tell.
fn check_follows(before: &RunBatch, next: &RunBatch) -> Result<(), &'static str> {
    if next.header.stream != before.header.stream {
        return Err("a run has batches of several streams");
    }
    if next.header.first_offset.get() != before.header.last_offset().get() + 1 {
        return Err("a run has a gap");
    }
    if next.header.previous != before.hash {
        return Err("a batch does not continue the chain of its run");
    }
    if next.first_lamport <= before.header.lamport {
        return Err("lamports of a run do not grow");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::batch::{BatchPlace, BodyBuilder};
    use crate::event::{AppId, Content, DeviceKey, Payload, Signer, StreamNumber, Tags, Timestamp};

    fn signer() -> DeviceKey {
        DeviceKey::from_seed(&[3; 32])
    }

    /// The batch after `before`, with one event of this lamport, unsigned.
    fn batch(lamport: u64, before: Option<&Batch>) -> Batch {
        let content = Content::new(&Tags::default(), &Payload::from_serde(&lamport).unwrap());
        let mut body = BodyBuilder::new();
        let lamport = Lamport::new(lamport).unwrap();
        body.push(lamport, Timestamp::from_micros(0), content.as_bytes());
        let place = BatchPlace {
            stream: StreamId::new(signer().node_id(), StreamNumber::DEFAULT),
            name: StreamName::default_name(),
            first_offset: before.map_or(Offset::ZERO, |before| {
                before.header.last_offset().advanced(1).unwrap()
            }),
            previous: before.map_or(BatchHash::GENESIS, |before| before.header.hash()),
        };
        body.finish(place, AppId::new("com.example").unwrap())
    }

    fn signed(mut batch: Batch) -> Batch {
        batch.signature = Some(batch.header.hash().signed_by(&signer()));
        batch
    }

    fn check(batches: &[&Batch]) -> Result<Run, &'static str> {
        let mut bytes = Vec::new();
        batches.iter().for_each(|batch| batch.encode(&mut bytes));
        Run::check(bytes.into()).map_err(|unfit| Malformed::from(unfit).what)
    }

    #[test]
    fn the_last_signature_vouches_for_all_batches() {
        let first = batch(3, None);
        let second = signed(batch(5, Some(&first)));
        let run = check(&[&first, &second]).unwrap();
        assert_eq!(
            (run.first().get(), run.last().get(), run.events()),
            (0, 1, 2)
        );
        assert_eq!(run.lamport().get(), 5);
        assert_eq!(run.name(), Some(&StreamName::default_name()));
    }

    #[test]
    fn what_does_not_hold_together_is_refused() {
        let first = batch(3, None);
        let second = batch(5, Some(&first));
        let end = signed(second.clone());
        let late = signed(batch(3, Some(&first)));
        let mut foreign = end.clone();
        foreign.signature = Some(end.header.hash().signed_by(&DeviceKey::from_seed(&[4; 32])));
        let other = signed(batch(4, None));
        for (batches, what) in [
            (&[][..], "a run has no batch"),
            (
                &[&first, &second],
                "a run does not end with its author's signature",
            ),
            (
                &[&first, &foreign],
                "a run does not end with its author's signature",
            ),
            (&[&first, &other], "a run has a gap"),
            (&[&first, &late], "lamports of a run do not grow"),
            (
                &[&other, &end],
                "a batch does not continue the chain of its run",
            ),
        ] {
            assert_eq!(check(batches).unwrap_err(), what);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_run_or_refused(bytes: Vec<u8>) {
            let _ = Run::check(bytes.into());
        }

        #[test]
        fn every_flipped_bit_is_noticed(bit in 0..8 * 500usize) {
            let first = batch(3, None);
            let second = signed(batch(5, Some(&first)));
            let mut bytes = Vec::new();
            [&first, &second].iter().for_each(|batch| batch.encode(&mut bytes));
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(Run::check(bytes.into()).is_err());
        }
    }
}
