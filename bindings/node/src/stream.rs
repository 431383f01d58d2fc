//! Streams of results: look, take, and be told of a change.

use napi_derive::napi;
use swarmlet::{Item, Output};
use swarmlet_facade::{Buffer, Readiness, Result, Taken, offsets_map};

use crate::failure::called;
use crate::json;
use crate::output::chunk_text;
use crate::port::{Outcome, Port};

/// After so many bytes no further output is put into the same text, which may be larger by one
/// output and by what its spelling needs.
const CHUNK_BYTES: usize = 1024 * 1024;

/// What comes out of a query or a subscription: rows, unless all is asked for.
#[napi]
pub struct Stream {
    stream: swarmlet_facade::Stream,
    /// The outputs that were taken last, of which the front may not have handed out all yet.
    taken: Taken,
}

impl Stream {
    pub(crate) fn new(stream: swarmlet_facade::Stream) -> Self {
        Self {
            stream,
            taken: Taken::default(),
        }
    }
}

#[napi]
impl Stream {
    /// True: there is something; false: there will be none any more; null: nothing yet.
    #[napi]
    pub fn look(&self) -> napi::Result<Option<bool>> {
        called("look", || Ok(as_flag(self.stream.look()?)))
    }

    /// At most `max` outputs of those that are there, as JSON; fewer if they are large.
    #[napi]
    pub fn take(&self, max: u32) -> napi::Result<String> {
        called("take", || {
            let outputs = self
                .taken
                .take_by(&self.stream, |stream| take_some(stream, max))?;
            chunk_text(&outputs)
        })
    }

    /// From here on outputs of all sorts are shown.
    #[napi]
    pub fn show_all(&self) -> napi::Result<()> {
        called("outputs", || self.stream.show_all())
    }

    /// Answers at `port` when a look shows something.
    #[napi]
    pub fn watch(&self, port: &Port) -> napi::Result<i64> {
        called("ready", || watch_at(&self.stream, port))
    }

    /// Ends the stream.
    #[napi]
    pub fn cancel(&self) -> napi::Result<()> {
        called("cancel", || self.stream.cancel())
    }

    /// How far the first so many of the outputs that were taken last reach, as JSON.
    #[napi]
    pub fn offsets(&self, handed_out: u32) -> napi::Result<String> {
        called("offsets", || {
            let handed_out = usize::try_from(handed_out).unwrap_or(usize::MAX);
            let offsets = self.taken.offsets_at(&self.stream, handed_out)?;
            Ok(json::text(&offsets_map(&offsets)))
        })
    }

    /// For streams whose start lies before what is still kept: the first offset that is, as JSON.
    #[napi]
    pub fn skipped(&self) -> napi::Result<String> {
        called("skipped", || {
            Ok(json::text(&offsets_map(&self.stream.skipped()?)))
        })
    }
}

/// Takes one by one until there are enough.
fn take_some(stream: &swarmlet_facade::Stream, max: u32) -> Result<Vec<Output>> {
    let mut outputs = Vec::new();
    let mut bytes = 0;
    for _ in 0..max {
        let Some(output) = stream.take_one()? else {
            break;
        };
        if let Item::Row(row) | Item::AntiRow(row) = &output.item {
            bytes += row.bytes();
        }
        outputs.push(output);
        if bytes >= CHUNK_BYTES {
            break;
        }
    }
    Ok(outputs)
}

/// Answers at `port` when a look at the stream shows something.
pub(crate) fn watch_at<B: Buffer>(stream: &swarmlet_facade::Stream<B>, port: &Port) -> Result<i64> {
    let (token, completion) = port.completion(Outcome::done);
    // It is called once, also when the stream ends, so there is nothing to forget.
    stream.watch(Box::new(move || completion(Ok(()))))?;
    Ok(token)
}

/// A look as the front sees it.
pub(crate) fn as_flag(readiness: Readiness) -> Option<bool> {
    match readiness {
        Readiness::Ready => Some(true),
        Readiness::Ended => Some(false),
        Readiness::Waiting => None,
    }
}
