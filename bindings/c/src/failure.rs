//! Failures as C sees them: a status that is returned, and the rest kept for the thread.

use std::cell::RefCell;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;

use swarmlet_facade::{Failure, Result, guarded};

use crate::kept::Shelf;
use crate::status::{Advice, Status};
use crate::text::{Text, constant, missing};

/// One name and value that help to understand an error.
#[repr(C)]
pub struct Detail {
    /// The name.
    pub name: Text,
    /// The value.
    pub value: Text,
}

/// What a call failed with.
#[repr(C)]
pub struct LastError {
    /// What the call returned.
    pub status: Status,
    /// What the caller should do.
    pub advice: Advice,
    /// The call in which it happened; empty if not known.
    pub operation: Text,
    /// The whole story in one line.
    pub message: Text,
    /// Names and values.
    pub details: *const Detail,
    /// How many details there are.
    pub detail_count: usize,
}

struct Remembered {
    public: LastError,
    _shelf: Shelf,
}

thread_local! {
    static LAST: RefCell<Option<Box<Remembered>>> = const { RefCell::new(None) };
}

/// What the last call that failed on this thread failed with; NULL if none has. Valid until the
/// next call on this thread fails. In a callback with a status it is what that status is about.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_last_error() -> *const LastError {
    let last = LAST.try_with(|last| {
        let last = last.try_borrow().ok()?;
        last.as_ref().map(|kept| ptr::from_ref(&kept.public))
    });
    last.ok().flatten().unwrap_or(ptr::null())
}

/// The text of the last error of this thread, never NULL, for a line that a person reads. Valid
/// until the next call on this thread fails.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_last_error_message() -> *const c_char {
    let last = swarmlet_last_error();
    if last.is_null() {
        return constant(c"");
    }
    // SAFETY: it was just taken from this thread, on which nothing has failed since.
    unsafe { (*last).message.data }
}

/// Runs the inside of a call: a failure, and a panic too, is kept for the thread, and its status
/// returned.
pub(crate) fn entry(operation: &'static str, call: impl FnOnce() -> Result<()>) -> Status {
    entry_with(operation, || call().map(|()| Status::Ok))
}

/// The same for a call that can end in more than one good way.
pub(crate) fn entry_with(operation: &'static str, call: impl FnOnce() -> Result<Status>) -> Status {
    match guarded(operation, call) {
        Ok(status) => status,
        Err(failure) => remember(operation, failure),
    }
}

/// Runs the inside of a function that cannot fail; should it panic, the answer is `otherwise`.
pub(crate) fn quiet<T>(otherwise: T, call: impl FnOnce() -> T) -> T {
    guarded("", || Ok(call())).unwrap_or(otherwise)
}

/// Keeps a failure for the thread.
pub(crate) fn remember(operation: &'static str, failure: Failure) -> Status {
    let failure = failure.during(operation);
    let status = Status::of(failure.kind);
    let mut shelf = Shelf::default();
    let details = failure.details.iter().map(|(name, value)| Detail {
        name: shelf.text(name),
        value: shelf.text(value),
    });
    let details = details.collect();
    let details = shelf.list(details);
    let public = LastError {
        status,
        advice: Advice::of(failure.advice),
        operation: shelf.text(failure.operation),
        message: shelf.text(&failure.message),
        details: details.data,
        detail_count: details.len,
    };
    let kept = Box::new(Remembered {
        public,
        _shelf: shelf,
    });
    // A thread that is ending has no place for it any more.
    let _ = LAST.try_with(|last| last.replace(Some(kept)));
    status
}

/// The place of an answer, which has to be there.
pub(crate) fn place<'a, T>(
    out: Option<&'a mut MaybeUninit<T>>,
    name: &str,
) -> Result<&'a mut MaybeUninit<T>> {
    out.ok_or_else(|| missing(name))
}

/// A handle, which has to be there.
pub(crate) fn given<'a, T>(handle: Option<&'a T>, name: &str) -> Result<&'a T> {
    handle.ok_or_else(|| missing(name))
}

#[cfg(test)]
mod tests {
    use swarmlet::ErrorKind;

    use super::*;

    fn last_message() -> &'static str {
        // SAFETY: the message of the library is a text of this thread that nothing replaces.
        unsafe { (*swarmlet_last_error()).message.read("message").unwrap() }
    }

    #[test]
    fn a_panic_becomes_a_status_with_its_text() {
        let status = entry("publish", || panic!("index {} is gone", 7));
        assert_eq!(status, Status::Internal);
        assert!(last_message().contains("index 7 is gone"));
        assert_eq!(quiet(7, || panic!("again")), 7);
    }

    #[test]
    fn what_failed_stays_until_something_else_fails() {
        let failing = || Err(Failure::invalid("open", "no").with("given", "7"));
        assert_eq!(entry("x", failing), Status::InvalidArgument);
        assert_eq!(entry("x", || Ok(())), Status::Ok);
        assert!(last_message().ends_with("no"), "{}", last_message());
        let locked = || Err(Failure::new(ErrorKind::Locked, "", "used"));
        assert_eq!(entry("open", locked), Status::Locked);
        assert!(last_message().ends_with("used"));
    }

    #[test]
    fn every_kind_has_its_number() {
        for kind in ErrorKind::ALL {
            assert_eq!(Status::of(*kind) as i32, i32::from(kind.number()));
        }
    }
}
