//! Cursors: results of queries and subscriptions.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

use swarmlet_facade::{Failure, Result, Stream};

use crate::batch::{Batch, batch, swarmlet_batch_free};
use crate::failure::{entry, entry_with, given, place, quiet, remember};
use crate::feed::{Feed, Pulled};
use crate::listening::{Heard, Listener};
use crate::offsets::{Offsets, give};
use crate::status::Status;
use crate::text::missing;
use crate::users::User;
use crate::waiting::limit;

/// The results of a query or subscription, read ahead into a bounded buffer. A wait that times out
/// has taken nothing; whoever is slow loses nothing and costs no memory.
pub struct Cursor(Arc<Feed<Stream>>);

/// Is told of a batch (`SWARMLET_STATUS_OK`), and in the end once of `SWARMLET_STATUS_END` or an
/// error, then with a batch that is NULL. The batch is freed after the callback returns: retain it
/// to keep it. Called on the one thread of the library, under no lock: it may call everything,
/// also `swarmlet_cursor_cancel` and `swarmlet_cursor_free` of its own cursor.
pub type BatchCallback =
    Option<extern "C" fn(user: *mut c_void, status: Status, batch: *const Batch)>;

/// Is told that `user` is not used any more: exactly once, and last.
pub type DropCallback = Option<extern "C" fn(user: *mut c_void)>;

impl Cursor {
    /// Hands a cursor to C, which frees it.
    pub(crate) fn give(stream: Stream) -> *mut Self {
        Box::into_raw(Box::new(Self(Feed::new(stream))))
    }

    fn stream(&self) -> &Stream {
        &self.0.source
    }
}

/// To be called before anything else: outputs of all sorts come, in order: rows, rows taken back,
/// diagnostics, that a subscription has caught up, time travel. Else rows come, and a query that
/// ends with an error diagnostic fails with `SWARMLET_STATUS_INVALID_QUERY`, a monotonic
/// subscription that ends with time travel with `SWARMLET_STATUS_CLOSED`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_cursor_show_all(cursor: Option<&Cursor>) -> Status {
    entry("cursor.show_all", || {
        given(cursor, "cursor")?.stream().show_all()
    })
}

/// Takes at most `max` outputs of those that are there, and waits for some at most `timeout_ms`:
/// not at all for 0, without limit below 0. `SWARMLET_STATUS_OK`: a batch, to be freed with
/// `swarmlet_batch_free`. `SWARMLET_STATUS_END`: nothing will come any more.
/// `SWARMLET_STATUS_TIMEOUT`: nothing yet, and nothing was taken. An error comes after all that was
/// there before it, and stays. Otherwise than for OK, `*out` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_cursor_next(
    cursor: Option<&Cursor>,
    max: usize,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<*const Batch>>,
) -> Status {
    entry_with("cursor.next", || {
        let out = place(out, "out")?;
        out.write(std::ptr::null());
        check_max(max)?;
        let pulled = given(cursor, "cursor")?.0.pull(max, limit(timeout_ms))?;
        Ok(match pulled {
            Pulled::Taken(outputs) => {
                out.write(batch(items_of(outputs)));
                Status::Ok
            }
            Pulled::Ended => Status::End,
            Pulled::Nothing => Status::Timeout,
        })
    })
}

/// A descriptor that can be read while `swarmlet_cursor_next` would bring something, an end or an
/// error, for `poll`, `epoll` or `select`: take until it says TIMEOUT, then wait again. It belongs
/// to the cursor: do not read from it, do not close it, and forget it when the cursor is freed.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_cursor_fd(
    cursor: Option<&Cursor>,
    out: Option<&mut MaybeUninit<c_int>>,
) -> Status {
    entry("cursor.fd", || {
        let (cursor, out) = (given(cursor, "cursor")?, place(out, "out")?);
        out.write(cursor.0.descriptor()?);
        Ok(())
    })
}

/// Has a callback called with at most `max` outputs at once, from now to the end. There is one at
/// most for each cursor: `SWARMLET_STATUS_ALREADY_EXISTS`. If this fails, neither it nor `drop` is
/// ever called. `drop` may be NULL; it is called after the last callback, on the thread of the
/// library or within `swarmlet_cursor_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_cursor_on_batch(
    cursor: Option<&Cursor>,
    max: usize,
    callback: BatchCallback,
    user: *mut c_void,
    drop: DropCallback,
) -> Status {
    entry("cursor.on_batch", || {
        let cursor = given(cursor, "cursor")?;
        check_max(max)?;
        let callback = callback.ok_or_else(|| missing("callback"))?;
        cursor.0.listen(|| {
            let user = User::new(user, drop);
            Listener {
                max,
                hear: Box::new(move |heard| tell(callback, &user, heard)),
            }
        })
    })
}

fn items_of(outputs: Vec<swarmlet::Output>) -> impl Iterator<Item = swarmlet::Item> {
    outputs.into_iter().map(|output| output.item)
}

fn tell(
    callback: extern "C" fn(*mut c_void, Status, *const Batch),
    user: &User,
    heard: Heard<Vec<swarmlet::Output>>,
) {
    let user = user.pointer();
    match heard {
        Heard::Taken(outputs) => {
            let batch = batch(items_of(outputs));
            callback(user, Status::Ok, batch);
            swarmlet_batch_free(batch);
        }
        Heard::Ended => callback(user, Status::End, std::ptr::null()),
        Heard::Failed(failure) => {
            let status = remember("cursor.on_batch", failure);
            callback(user, status, std::ptr::null());
        }
    }
}

/// How far what was taken reaches: from there another cursor goes on. Free them with
/// `swarmlet_offsets_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_cursor_offsets(
    cursor: Option<&Cursor>,
    out: Option<&mut MaybeUninit<*mut Offsets>>,
) -> Status {
    entry("cursor.offsets", || {
        let (cursor, out) = (given(cursor, "cursor")?, place(out, "out")?);
        out.write(give(cursor.stream().offsets()?));
        Ok(())
    })
}

/// For streams whose start lies before what is still kept: the first offset that is. Free them with
/// `swarmlet_offsets_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_cursor_skipped(
    cursor: Option<&Cursor>,
    out: Option<&mut MaybeUninit<*mut Offsets>>,
) -> Status {
    entry("cursor.skipped", || {
        let (cursor, out) = (given(cursor, "cursor")?, place(out, "out")?);
        out.write(give(cursor.stream().skipped()?));
        Ok(())
    })
}

/// Ends the cursor for everybody who waits for it, and throws away what was not taken. Never waits;
/// a callback is told of the end. Fine to call twice.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_cursor_cancel(cursor: Option<&Cursor>) -> Status {
    entry("cursor.cancel", || {
        given(cursor, "cursor")?.stream().cancel()
    })
}

/// Cancels the cursor and frees it. NULL is fine. Nobody else may use it meanwhile. If its callback
/// runs, this waits for that; after this returns neither callback nor `drop` is called. Called from
/// its own callback it does not wait: then `drop` is called after the callback returns.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_cursor_free(cursor: Option<Box<Cursor>>) {
    quiet((), || {
        if let Some(cursor) = cursor {
            cursor.0.close();
        }
    });
}

/// How much is taken at once must be something.
pub(crate) fn check_max(max: usize) -> Result<()> {
    if max == 0 {
        return Err(Failure::invalid("", "max must be at least 1"));
    }
    Ok(())
}
