//! Changes of how a node stands in its swarm.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

use crate::cursor::DropCallback;
use crate::failure::{entry, entry_with, given, place, quiet, remember};
use crate::feed::{Feed, Pulled};
use crate::listening::{Heard, Listener};
use crate::standing::{Standing, standing, swarmlet_swarm_status_free};
use crate::status::Status;
use crate::text::missing;
use crate::users::User;
use crate::waiting::limit;

/// The status now, and then the newest whenever it has changed: who is slow misses what was in
/// between, and never more than one waits.
pub struct Changes(Arc<Feed<swarmlet_facade::Changes>>);

/// Is told of a status (`SWARMLET_STATUS_OK`), and in the end once of `SWARMLET_STATUS_END` or an
/// error, then with a status that is NULL. The status is freed after the callback returns. Called
/// on the one thread of the library, under no lock; it may call everything, also
/// `swarmlet_changes_cancel` and `swarmlet_changes_free` of its own changes.
pub type ChangeCallback =
    Option<extern "C" fn(user: *mut c_void, status: Status, standing: *const Standing)>;

impl Changes {
    /// Hands changes to C, which frees them.
    pub(crate) fn give(changes: swarmlet_facade::Changes) -> *mut Self {
        Box::into_raw(Box::new(Self(Feed::new(changes))))
    }
}

/// The newest status if it was not taken yet, and waits for a change at most `timeout_ms`, as
/// `swarmlet_cursor_next` does, and with the same answers. Free it with
/// `swarmlet_swarm_status_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_changes_next(
    changes: Option<&Changes>,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<*mut Standing>>,
) -> Status {
    entry_with("swarm.changes", || {
        let out = place(out, "out")?;
        out.write(std::ptr::null_mut());
        let pulled = given(changes, "changes")?.0.pull(1, limit(timeout_ms))?;
        Ok(match pulled {
            Pulled::Taken(status) => {
                out.write(standing(&status));
                Status::Ok
            }
            Pulled::Ended => Status::End,
            Pulled::Nothing => Status::Timeout,
        })
    })
}

/// A descriptor that can be read while there is a change, as `swarmlet_cursor_fd`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_changes_fd(
    changes: Option<&Changes>,
    out: Option<&mut MaybeUninit<c_int>>,
) -> Status {
    entry("swarm.changes", || {
        let (changes, out) = (given(changes, "changes")?, place(out, "out")?);
        out.write(changes.0.descriptor()?);
        Ok(())
    })
}

/// Has a callback called with the status now and whenever it has changed, as
/// `swarmlet_cursor_on_batch`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_changes_on_change(
    changes: Option<&Changes>,
    callback: ChangeCallback,
    user: *mut c_void,
    drop: DropCallback,
) -> Status {
    entry("swarm.changes", || {
        let changes = given(changes, "changes")?;
        let callback = callback.ok_or_else(|| missing("callback"))?;
        changes.0.listen(|| {
            let user = User::new(user, drop);
            Listener {
                max: 1,
                hear: Box::new(move |heard| tell(callback, &user, heard)),
            }
        })
    })
}

fn tell(
    callback: extern "C" fn(*mut c_void, Status, *const Standing),
    user: &User,
    heard: Heard<swarmlet::SwarmStatus>,
) {
    let user = user.pointer();
    match heard {
        Heard::Taken(status) => {
            let standing = standing(&status);
            callback(user, Status::Ok, standing);
            swarmlet_swarm_status_free(standing);
        }
        Heard::Ended => callback(user, Status::End, std::ptr::null()),
        Heard::Failed(failure) => {
            let status = remember("swarm.changes", failure);
            callback(user, status, std::ptr::null());
        }
    }
}

/// Ends the changes for everybody who waits for them. Never waits. Fine to call twice.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_changes_cancel(changes: Option<&Changes>) -> Status {
    entry("swarm.changes", || {
        given(changes, "changes")?.0.source.cancel()
    })
}

/// Cancels the changes and frees them, as `swarmlet_cursor_free`. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_changes_free(changes: Option<Box<Changes>>) {
    quiet((), || {
        if let Some(changes) = changes {
            changes.0.close();
        }
    });
}
