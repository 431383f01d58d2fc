//! Streams of results: look or wait, which takes nothing, and then take.

use swarmlet_facade::Taken;

use crate::arguments::{OffsetMap, offset_map};
use crate::failure::Result;
use crate::output::StreamItem;
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
    /// The chunk that was taken last, of which the other side may not have handed out all yet.
    taken: Taken,
}

/// How a node stands in its swarm, the newest whenever it has changed.
#[derive(uniffi::Object)]
pub(crate) struct Changes(swarmlet_facade::Changes);

impl Stream {
    pub(crate) fn new(stream: swarmlet_facade::Stream) -> Self {
        Self {
            stream,
            taken: Taken::default(),
        }
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

    /// From here on outputs of all sorts are shown.
    pub(crate) fn show_all(&self) -> Result<()> {
        Ok(self.stream.show_all()?)
    }

    /// Takes at most `max` outputs of those that are there. Never waits.
    pub(crate) fn take(&self, max: u32) -> Result<Vec<StreamItem>> {
        let outputs = self.taken.take(&self.stream, index(max))?;
        let items = outputs.into_iter().map(|output| output.item.into());
        Ok(items.collect())
    }

    /// How far the first so many of the outputs that were taken last reach.
    pub(crate) fn offsets(&self, handed: u32) -> Result<OffsetMap> {
        let offsets = self.taken.offsets_at(&self.stream, index(handed))?;
        Ok(offset_map(&offsets))
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

fn index(given: u32) -> usize {
    usize::try_from(given).unwrap_or(usize::MAX)
}
