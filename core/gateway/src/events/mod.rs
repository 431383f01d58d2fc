//! Events on the wire: requests in the predecessor's shapes in, answers in its shapes out.
//!
//! From bottom to top: `bounds` is the border between offsets as they are written and as they are
//! meant, `request` and `answer` are the shapes. `ask` puts a
//! request to the node and says no in the predecessor's words, `answers` are the results as they
//! come. `endpoint` is all of it over HTTP, in `ndjson` where there is more than one answer.

mod answer;
mod answers;
mod ask;
mod bounds;
pub(crate) mod endpoint;
mod ndjson;
mod request;

pub(crate) use answers::{Answers, Cut};
pub(crate) use ask::{Refusal, offsets, publish, query, subscribe, subscribe_monotonic};
pub(crate) use request::PublishRequest;
