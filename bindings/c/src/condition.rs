//! Waiting for one row of a subscription.

use std::ffi::c_void;
use std::mem::MaybeUninit;

use swarmlet::{ErrorKind, Output};
use swarmlet_facade::{Failure, Follow};

use crate::batch::{Batch, batch, swarmlet_batch_free};
use crate::failure::{entry, given, place};
use crate::feed::{Feed, Pulled};
use crate::node::Node;
use crate::query::{GivenSubscription, subscribe_options};
use crate::status::Status;
use crate::text::Text;
use crate::waiting::{Deadline, limit};

/// Says whether a row is the one that is waited for: the one row of the batch, which is freed after
/// the callback returns. Called on the thread that waits, under no lock; it may call everything.
pub type ConditionCallback = Option<extern "C" fn(user: *mut c_void, row: *const Batch) -> bool>;

/// The first row of a subscription for which the condition holds, or the first one where
/// `condition` is NULL; waits for it at most `timeout_ms`, without limit below 0. `options` may be
/// NULL. It comes as a batch of one, to be freed with `swarmlet_batch_free`.
/// `SWARMLET_STATUS_CANCELLED` if the query ends without such a row.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_node_wait_for(
    node: Option<&Node>,
    aql: Text,
    options: *const GivenSubscription,
    condition: ConditionCallback,
    user: *mut c_void,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<*const Batch>>,
) -> Status {
    entry("wait_for", || {
        let (node, out) = (given(node, "node")?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts and options.
        let (aql, options) = unsafe { (aql.read("aql")?, subscribe_options(options)?) };
        let feed = Feed::new(node.facade().subscribe(aql, options, Follow::All)?);
        let deadline = Deadline::after(limit(timeout_ms));
        let found = loop {
            match feed.pull(1, deadline.left()) {
                Ok(Pulled::Taken(outputs)) => {
                    if let Some(row) = met(outputs, condition, user) {
                        break Ok(row);
                    }
                    // Others could come for ever.
                    if deadline.has_passed() {
                        break Err(late());
                    }
                }
                Ok(Pulled::Ended) => break Err(ended()),
                Ok(Pulled::Nothing) => break Err(late()),
                Err(failure) => break Err(failure),
            }
        };
        feed.close();
        out.write(found?);
        Ok(())
    })
}

/// The row as a batch of its own, if it is the one.
fn met(
    outputs: Vec<Output>,
    condition: ConditionCallback,
    user: *mut c_void,
) -> Option<*const Batch> {
    let row = batch(outputs);
    if condition.is_none_or(|condition| condition(user, row)) {
        return Some(row);
    }
    swarmlet_batch_free(row);
    None
}

fn ended() -> Failure {
    let message = "the query ended before the condition was met";
    Failure::new(ErrorKind::Cancelled, "", message)
}

fn late() -> Failure {
    Failure::new(ErrorKind::Timeout, "", "no such row came in time")
}
