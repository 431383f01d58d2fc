//! Events as the language sees them: the one thing it has to know of a log.

use std::any::Any;
use std::fmt::Debug;

use crate::syntax::StreamId;
use crate::value::Value;

/// Where an event stands among all events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    /// Logical time.
    pub lamport: u64,
    /// The stream the event is in.
    pub stream: StreamId,
    /// Its position in that stream.
    pub offset: u64,
}

/// An event of a log. Implemented by whoever owns the log; asked only for what a query needs. As
/// [`Any`], the owner finds its own events again in what comes out.
pub trait EventInput: Any + Debug + Send + Sync {
    /// Where it stands.
    fn key(&self) -> EventKey;

    /// When it was published, in microseconds since 1970.
    fn time_us(&self) -> i64;

    /// Its tags, sorted.
    fn tags(&self) -> Vec<&str>;

    /// The app that published it.
    fn app(&self) -> &str;

    /// Its payload. What the language has no value for becomes [`Value::Other`].
    fn payload(&self) -> Value;
}
