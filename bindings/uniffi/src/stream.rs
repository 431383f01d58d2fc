//! Streams of results: look or wait, which takes nothing, and then take.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use swarmlet::Offsets;

use crate::arguments::{OffsetMap, offset_map};
use crate::failure::Result;
use crate::output::{StreamOutput, outputs};
use crate::status::SwarmState;

/// What a look at a stream shows.
#[derive(uniffi::Enum)]
pub(crate) enum Readiness {
    /// There is something to take.
    Ready,
    /// There will be nothing any more.
    Ended,
    /// Nothing yet.
    Waiting,
}

/// What comes out of a query or a subscription: rows, unless all is asked for. One reader takes.
#[derive(uniffi::Object)]
pub(crate) struct Stream {
    stream: swarmlet_facade::Stream,
    /// How far what was taken reached before the chunk that was taken last.
    before: Mutex<Offsets>,
}

/// How a node stands in its swarm, the newest whenever it has changed.
#[derive(uniffi::Object)]
pub(crate) struct Changes(swarmlet_facade::Changes);

impl Stream {
    pub(crate) fn new(stream: swarmlet_facade::Stream) -> Self {
        Self {
            stream,
            before: Mutex::default(),
        }
    }

    fn before(&self) -> MutexGuard<'_, Offsets> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Changes {
    pub(crate) fn new(changes: swarmlet_facade::Changes) -> Self {
        Self(changes)
    }
}

#[uniffi::export]
impl Stream {
    /// Looks without waiting.
    pub(crate) fn look(&self) -> Result<Readiness> {
        Ok(self.stream.look()?.into())
    }

    /// Waits until there is something to take (true) or nothing will come any more (false). Takes
    /// nothing, so a wait that is dropped loses nothing.
    pub(crate) async fn ready(&self) -> Result<bool> {
        Ok(self.stream.ready().await?)
    }

    /// Looks, and blocks at most so long while there is nothing to see.
    pub(crate) fn ready_blocking(&self, timeout_micros: i64) -> Result<Readiness> {
        let timeout = Duration::from_micros(timeout_micros.try_into().unwrap_or(0));
        Ok(self.stream.ready_blocking(timeout)?.into())
    }

    /// From here on outputs of all sorts are shown.
    pub(crate) fn show_all(&self) -> Result<()> {
        Ok(self.stream.show_all()?)
    }

    /// Takes at most `max` outputs of those that are there. Never waits.
    pub(crate) fn take(&self, max: u32) -> Result<Vec<StreamOutput>> {
        let mut before = self.before();
        *before = self.stream.offsets()?;
        let taken = self
            .stream
            .take(usize::try_from(max).unwrap_or(usize::MAX))?;
        drop(before);
        Ok(outputs(taken))
    }

    /// How far what was taken reaches.
    pub(crate) fn offsets(&self) -> Result<OffsetMap> {
        Ok(offset_map(&self.stream.offsets()?))
    }

    /// How far what was taken reached before the last chunk. Who hands the chunk on one by one adds
    /// what each output of it settles.
    pub(crate) fn offsets_before(&self) -> OffsetMap {
        offset_map(&self.before())
    }

    /// For streams whose start lies before what is still kept: the first offset that is.
    pub(crate) fn skipped(&self) -> Result<OffsetMap> {
        Ok(offset_map(&self.stream.skipped()?))
    }

    /// Ends the stream.
    pub(crate) fn cancel(&self) -> Result<()> {
        Ok(self.stream.cancel()?)
    }
}

#[uniffi::export]
impl Changes {
    /// Waits until there is something to take (true) or nothing will come any more (false). Takes
    /// nothing.
    pub(crate) async fn ready(&self) -> Result<bool> {
        Ok(self.0.ready().await?)
    }

    /// The newest status if it was not taken yet. Never waits.
    pub(crate) fn take(&self) -> Result<Option<SwarmState>> {
        Ok(self.0.take()?.map(SwarmState::from))
    }

    /// Ends the stream.
    pub(crate) fn cancel(&self) -> Result<()> {
        Ok(self.0.cancel()?)
    }
}

impl From<swarmlet_facade::Readiness> for Readiness {
    fn from(readiness: swarmlet_facade::Readiness) -> Self {
        match readiness {
            swarmlet_facade::Readiness::Ready => Self::Ready,
            swarmlet_facade::Readiness::Ended => Self::Ended,
            swarmlet_facade::Readiness::Waiting => Self::Waiting,
        }
    }
}
