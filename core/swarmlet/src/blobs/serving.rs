//! What peers get: what is here of a blob, its pieces, and what is fetched for them.

use bytes::Bytes;
use swarmlet_engine::blobs::exchange::{Held, Input, Offer};
use swarmlet_engine::blobs::{Blob, BlobId, Piece};
use swarmlet_engine::event::NodeId;
use swarmlet_engine::sync::SessionId;
use swarmlet_engine::{Error, ErrorKind, Result};

use super::worker::{BlobWorker, is_damage};
use crate::limits::BLOBS_RELAYED_MAX;

impl BlobWorker {
    /// Says what a peer may have of a blob.
    pub(super) fn lookup(&mut self, session: SessionId, peer: NodeId, blob: BlobId) {
        let may_have = self.judge.may_have(peer, blob).unwrap_or_else(|error| {
            untold(blob, &error);
            false
        });
        let offer = match may_have {
            true => self.offer(blob),
            false => Ok(None),
        };
        let is_damaged = offer.as_ref().is_err_and(is_damage);
        let offer = offer.unwrap_or_else(|error| {
            untold(blob, &error);
            None
        });
        (self.answer)(Input::Offered {
            session,
            blob,
            offer,
        });
        if is_damaged {
            self.set_back(blob);
        }
    }

    fn offer(&mut self, blob: BlobId) -> Result<Option<Offer>> {
        if let Some(part) = self.keeper.part(blob) {
            let has = Held::Some(part.present());
            let size = part.size();
            return Ok(Some(Offer { size, has }));
        }
        let Some(whole) = self.whole(blob)? else {
            return Ok(None);
        };
        let (size, has) = (whole.proven_size()?, Held::All);
        Ok(Some(Offer { size, has }))
    }

    /// Reads a piece for a peer.
    pub(super) fn encode(&mut self, session: SessionId, blob: BlobId, piece: Piece) {
        let encoded = match self.keeper.part(blob) {
            Some(part) => part.encode(piece),
            None => self.encode_whole(blob, piece),
        };
        let is_damaged = encoded.as_ref().is_err_and(is_damage);
        let encoded = encoded.unwrap_or_else(|error| {
            untold(blob, &error);
            None
        });
        self.count_served(encoded.as_ref().map_or(0, Vec::len));
        (self.answer)(Input::Encoded {
            session,
            blob,
            piece,
            bytes: encoded.map(Bytes::from),
        });
        if is_damaged {
            self.set_back(blob);
        }
    }

    fn encode_whole(&mut self, blob: BlobId, piece: Piece) -> Result<Option<Vec<u8>>> {
        let whole = self.whole(blob)?;
        whole.map(|whole| whole.encode(piece)).transpose()
    }

    /// The blob, if all of it is here. What cannot be opened just now is not given to anybody, and
    /// not taken for damaged: perhaps too many files are open.
    fn whole(&mut self, blob: BlobId) -> Result<Option<&Blob>> {
        if self.opened.find(blob).is_none() {
            match self.keeper.store.expect_blob(blob) {
                Ok(Some(whole)) => self.opened.keep(whole),
                Ok(None) => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Corrupt => return Err(error),
                Err(error) => {
                    untold(blob, &error);
                    return Ok(None);
                }
            }
        }
        Ok(self.opened.find(blob))
    }

    /// Fetches a blob for a peer that may have it. It stays here as one that need not.
    pub(super) fn relay(&mut self, peer: NodeId, blob: BlobId) {
        if self.relayed.len() == BLOBS_RELAYED_MAX || self.relayed.contains(&blob) {
            return;
        }
        match self.judge.may_have(peer, blob) {
            Ok(true) => {
                self.relayed.insert(blob);
                self.want(blob);
            }
            Ok(false) => {}
            Err(error) => untold(blob, &error),
        }
    }
}

fn untold(blob: BlobId, error: &Error) {
    if error.kind() != ErrorKind::Closed {
        tracing::warn!(%error, %blob, "what is here of a blob could not be told, or given");
    }
}
