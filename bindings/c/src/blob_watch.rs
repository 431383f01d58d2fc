//! How much of a blob is here, each time that changes.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

use swarmlet_facade::{BlobStates, Result, Stream};

use crate::blob::{BlobState, state};
use crate::cursor::DropCallback;
use crate::failure::{entry, entry_with, given, place, quiet, remember};
use crate::feed::{Buffered, Fed, Feed, Pulled};
use crate::listening::{Heard, Listener};
use crate::status::Status;
use crate::text::missing;
use crate::users::User;
use crate::waiting::limit;

/// How much of a blob is on this device: now, and then the newest whenever it has changed; who is
/// slow misses what was in between.
pub struct BlobWatch(Arc<Feed<BlobStates>>);

/// Is told of a state (`SWARMLET_STATUS_OK`), which is there for as long as the call, and in the
/// end once of `SWARMLET_STATUS_END` or an error, then with a state that is NULL. Called on the one
/// thread of the library, under no lock; it may call everything, also `swarmlet_blob_watch_cancel`
/// and `swarmlet_blob_watch_free` of its own watch.
pub type BlobStateCallback =
    Option<extern "C" fn(user: *mut c_void, status: Status, state: *const BlobState)>;

impl BlobWatch {
    /// Hands a watch to C, which frees it.
    pub(crate) fn give(states: BlobStates) -> *mut Self {
        Box::into_raw(Box::new(Self(Feed::new(states))))
    }
}

impl Fed for BlobStates {
    type Buffer = <Self as Buffered>::Buffer;
    type Taken = swarmlet::BlobState;

    fn stream(&self) -> &Stream<Self::Buffer> {
        self
    }

    fn take(&self, _: usize) -> Result<Option<swarmlet::BlobState>> {
        self.take_one()
    }
}

/// The state if it was not taken yet, and waits for a change at most `timeout_ms`, as
/// `swarmlet_cursor_next` does, and with the same answers.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_watch_next(
    watch: Option<&BlobWatch>,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<BlobState>>,
) -> Status {
    entry_with("watch", || {
        let out = place(out, "out")?;
        let pulled = given(watch, "watch")?.0.pull(1, limit(timeout_ms))?;
        Ok(match pulled {
            Pulled::Taken(taken) => {
                out.write(state(taken));
                Status::Ok
            }
            Pulled::Ended => Status::End,
            Pulled::Nothing => Status::Timeout,
        })
    })
}

/// A descriptor that can be read while there is a change, as `swarmlet_cursor_fd`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_watch_fd(
    watch: Option<&BlobWatch>,
    out: Option<&mut MaybeUninit<c_int>>,
) -> Status {
    entry("watch", || {
        let (watch, out) = (given(watch, "watch")?, place(out, "out")?);
        out.write(watch.0.descriptor()?);
        Ok(())
    })
}

/// Has a callback called with the state now and whenever it has changed, as
/// `swarmlet_cursor_on_batch`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_watch_on_state(
    watch: Option<&BlobWatch>,
    callback: BlobStateCallback,
    user: *mut c_void,
    drop: DropCallback,
) -> Status {
    entry("watch", || {
        let watch = given(watch, "watch")?;
        let callback = callback.ok_or_else(|| missing("callback"))?;
        watch.0.listen(|| {
            let user = User::new(user, drop);
            Listener {
                max: 1,
                hear: Box::new(move |heard| tell(callback, &user, heard)),
            }
        })
    })
}

fn tell(
    callback: extern "C" fn(*mut c_void, Status, *const BlobState),
    user: &User,
    heard: Heard<swarmlet::BlobState>,
) {
    let user = user.pointer();
    match heard {
        Heard::Taken(taken) => callback(user, Status::Ok, &state(taken)),
        Heard::Ended => callback(user, Status::End, std::ptr::null()),
        Heard::Failed(failure) => {
            let status = remember("watch", failure);
            callback(user, status, std::ptr::null());
        }
    }
}

/// Ends the watch for everybody who waits for it. Never waits. Fine to call twice.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_watch_cancel(watch: Option<&BlobWatch>) -> Status {
    entry("watch", || given(watch, "watch")?.0.source.cancel())
}

/// Cancels the watch and frees it, as `swarmlet_cursor_free`. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_blob_watch_free(watch: Option<Box<BlobWatch>>) {
    quiet((), || {
        if let Some(watch) = watch {
            watch.0.close();
        }
    });
}
