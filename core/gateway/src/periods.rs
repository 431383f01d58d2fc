//! How long a gateway waits for its clients. Host programs have no say in it; tests are impatient.

use std::time::Duration;

use crate::limits::{
    ANSWER_TIME_MAX, BODY_TIME_MAX, HEAD_TIME_MAX, KEEP_ALIVE, PUBLISH_WAIT_MAX,
    SOCKET_SILENCE_MAX, SPARE_TIME_MAX, WRITE_TIME_MAX,
};

/// The periods of a gateway; those of `limits` unless a test says otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Periods {
    /// For the head of a request.
    pub(crate) head: Duration,
    /// For the body of a request that is read whole, and for others without a byte.
    pub(crate) body: Duration,
    /// For room to publish.
    pub(crate) publish: Duration,
    /// For a large answer to be taken, beside what its size needs.
    pub(crate) answer: Duration,
    /// For a stream of results without any.
    pub(crate) alive: Duration,
    /// For a client that takes nothing.
    pub(crate) write: Duration,
    /// For a socket that says nothing.
    pub(crate) silence: Duration,
    /// For a connection that is only there because all seats are taken.
    pub(crate) spare: Duration,
}

impl Default for Periods {
    fn default() -> Self {
        Self {
            head: HEAD_TIME_MAX,
            body: BODY_TIME_MAX,
            publish: PUBLISH_WAIT_MAX,
            answer: ANSWER_TIME_MAX,
            alive: KEEP_ALIVE,
            write: WRITE_TIME_MAX,
            silence: SOCKET_SILENCE_MAX,
            spare: SPARE_TIME_MAX,
        }
    }
}
