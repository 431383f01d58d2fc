//! Waiting for one row of a subscription.

use std::ffi::c_void;
use std::mem::MaybeUninit;

use swarmlet::{Item, Row};

use crate::batch::{Batch, batch, swarmlet_batch_free};
use crate::failure::{entry, given, place};
use crate::node::Node;
use crate::query::{GivenSubscription, subscribe_options};
use crate::status::Status;
use crate::text::Text;
use crate::waiting::limit;

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
        let row = node
            .facade()
            .wait_for_blocking(aql, options, limit(timeout_ms), |row| {
                condition.is_none_or(|condition| {
                    let row = single(row.clone());
                    let is_met = condition(user, row);
                    swarmlet_batch_free(row);
                    is_met
                })
            });
        out.write(single(row?));
        Ok(())
    })
}

/// A row as a batch of its own.
fn single(row: Row) -> *const Batch {
    batch([Item::Row(row)])
}
