//! How much of a blob is here, each time that changes.

use std::sync::Arc;
use std::time::Duration;

use swarmlet_engine::blobs::BlobId;
use swarmlet_engine::{Error, ErrorKind, Result};
use tokio::sync::watch;

use super::info::BlobState;
use super::keeper::BlobKeeper;
use crate::clock::Stopwatch;
use crate::park::block_on_for;
use crate::state::State;

/// How much of a blob is on this device: first as it is, then when it has changed. That it is whole
/// is told at once, pieces that came some twenty times a second; who looks seldom gets the newest
/// only. It makes nobody fetch the blob.
#[derive(Debug)]
pub struct BlobWatch {
    keeper: Arc<BlobKeeper>,
    state: Arc<State>,
    id: BlobId,
    told: Option<BlobState>,
    moved: watch::Receiver<()>,
}

impl BlobWatch {
    pub(super) fn new(keeper: Arc<BlobKeeper>, state: Arc<State>, id: BlobId) -> Self {
        let moved = keeper.moves.watch_paced();
        Self {
            keeper,
            state,
            id,
            told: None,
            moved,
        }
    }

    /// Waits until there is something else to tell. Cancel-safe.
    ///
    /// # Errors
    ///
    /// `storage`, `closed`.
    pub async fn next(&mut self) -> Result<BlobState> {
        loop {
            if let Some(state) = self.news()? {
                return Ok(state);
            }
            // The keeper is there as long as this is.
            let _ = self.moved.changed().await;
        }
    }

    /// As [`BlobWatch::next`], for callers without a runtime; `timeout` if it takes longer.
    ///
    /// # Errors
    ///
    /// As [`BlobWatch::next`].
    pub fn next_blocking(&mut self, timeout: Option<Duration>) -> Result<BlobState> {
        let waited = Stopwatch::start();
        loop {
            if let Some(state) = self.news()? {
                return Ok(state);
            }
            let left = timeout.map(|timeout| timeout.saturating_sub(waited.elapsed()));
            if block_on_for(self.moved.changed(), left).is_none() {
                let message = "nothing of a blob has changed in time";
                return Err(Error::new(ErrorKind::Timeout, message).with("blob", self.id));
            }
        }
    }

    fn news(&mut self) -> Result<Option<BlobState>> {
        self.moved.mark_unchanged();
        self.state.check_open()?;
        let state = BlobState::of(self.keeper.here(self.id)?);
        let is_news = self.told != Some(state);
        self.told = Some(state);
        Ok(is_news.then_some(state))
    }
}
