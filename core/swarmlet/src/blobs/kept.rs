//! The door for users, second half: what is here of blobs, what stays, and what goes.

use std::collections::{BTreeSet, HashMap};

use swarmlet_engine::blobs::{BlobDeletion, BlobId};
use swarmlet_engine::event::{Content, EventKey, Tags};
use swarmlet_engine::{Error, ErrorKind, Result};

use super::claims::{Claim, Standing};
use super::handle::Blobs;
use super::info::{BlobInfo, BlobStat, BlobUsage};

impl Blobs {
    /// All that is known of a blob: how much of it is here, and the records that tell of it.
    ///
    /// # Errors
    ///
    /// `storage`, `closed`.
    pub fn stat(&self, id: BlobId) -> Result<BlobStat> {
        let keeper = self.keeper();
        let stat = || {
            let claims = keeper.judge()?.claims(id)?;
            let info =
                |claim: &Claim| BlobInfo::new(claim.record.clone(), &claim.event, claim.tags());
            Ok(BlobStat {
                state: self.state(id)?,
                is_pinned: keeper.is_pinned(id),
                records: claims.live().map(info).collect(),
            })
        };
        stat().map_err(|error: Error| error.during("stat"))
    }

    /// How much of this device blobs take. Looks at every file, so it takes a while where there are
    /// many.
    ///
    /// # Errors
    ///
    /// `storage`, `closed`.
    pub fn usage(&self) -> Result<BlobUsage> {
        let usage = || {
            self.check_open()?;
            let keeper = self.keeper();
            let ids = keeper.store.ids()?;
            let blobs = ids.len() as u64;
            let bytes: Result<u64> = ids.into_iter().map(|id| keeper.store.bytes_of(id)).sum();
            let room = keeper.room();
            Ok(BlobUsage {
                blobs,
                bytes: bytes?,
                spare_bytes: room.spare_bytes(),
                bytes_max: room.bytes_max(),
            })
        };
        usage().map_err(|error: Error| error.during("usage"))
    }

    /// Takes back the records of a blob that this device may take back: its own, and those in
    /// streams on which it has the right `admin`. Says how many others there are.
    ///
    /// Every device that gets to know of it removes the blob, unless another record keeps it, it is
    /// pinned there, or somebody waits for it. A device that is away learns of it when it is back.
    /// Who records the same bytes again later has a blob again.
    ///
    /// The files of a collection go with it, at the second look.
    ///
    /// What no record tells of is removed from this device only. Durable when it returns; the
    /// bytes themselves go in the background.
    ///
    /// # Errors
    ///
    /// `permission_denied` if there are records, and none that this device may take back;
    /// `storage`, `closed`.
    pub async fn delete(&self, id: BlobId) -> Result<u64> {
        let blobs = self.clone();
        self.in_background(move || blobs.delete_blocking(id)).await
    }

    /// As [`Blobs::delete`], for callers without a runtime.
    ///
    /// # Errors
    ///
    /// As [`Blobs::delete`].
    pub fn delete_blocking(&self, id: BlobId) -> Result<u64> {
        self.take_back(id).map_err(|error| error.during("delete"))
    }

    fn take_back(&self, id: BlobId) -> Result<u64> {
        self.check_open()?;
        let keeper = self.keeper();
        let judge = keeper.judge()?;
        let claims = judge.claims(id)?;
        let (own, others): (Vec<&Claim>, Vec<&Claim>) =
            claims.live().partition(|claim| judge.may_delete(claim));
        if own.is_empty() && !others.is_empty() {
            let message = "a record of a blob can be taken back by its author, or by who has the \
                           right admin on its stream";
            return Err(Error::new(ErrorKind::PermissionDenied, message).with("blob", id));
        }
        // Each way that records went a deletion of them goes.
        let mut ways: HashMap<Tags, BTreeSet<EventKey>> = HashMap::new();
        for claim in &own {
            let way = BlobDeletion::tags(&claim.tags())?;
            ways.entry(way).or_default().insert(claim.event.key);
        }
        let content = |(tags, records)| {
            let payload = BlobDeletion { id, records }.payload()?;
            Ok(Content::new(&tags, &payload))
        };
        let contents: Vec<Content> = ways.into_iter().map(content).collect::<Result<_>>()?;
        if !contents.is_empty() {
            self.publish_all(contents)?;
        }
        if own.is_empty() {
            keeper.remove_if(id, |standing| standing == Standing::Unknown)?;
        } else {
            keeper.suspect(id);
        }
        Ok(others.len() as u64)
    }

    /// Keeps a blob on this device whatever records say, and fetches what of it is not here.
    /// Durable when it returns; other devices do not learn of it.
    ///
    /// # Errors
    ///
    /// `disk_full`, `storage`, `closed`.
    pub fn pin(&self, id: BlobId) -> Result<()> {
        let pinned = self.check_open().and_then(|()| self.keeper().pin(id));
        pinned.map_err(|error| error.during("pin"))
    }

    /// Takes that back: from here on records say whether the blob stays.
    ///
    /// # Errors
    ///
    /// `storage`, `closed`.
    pub fn unpin(&self, id: BlobId) -> Result<()> {
        let unpinned = self.check_open().and_then(|()| self.keeper().unpin(id));
        unpinned.map_err(|error| error.during("unpin"))
    }

    /// The blobs that are pinned on this device, in the order of their ids.
    ///
    /// # Errors
    ///
    /// `closed`.
    pub fn pinned(&self) -> Result<Vec<BlobId>> {
        self.check_open().map_err(|error| error.during("pinned"))?;
        Ok(self.keeper().pins().into_iter().collect())
    }
}
