//! What the node says about itself, for the logs of its user.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swarmlet_facade::{Diagnostic, Failure, collect_diagnostics, take_diagnostics};

use crate::batch::Severity;
use crate::callbacks;
use crate::cursor::DropCallback;
use crate::failure::{entry, quiet};
use crate::kept::Shelf;
use crate::status::Status;
use crate::text::Text;
use crate::users::User;

/// Is told of what the node says about itself: how bad it is, which part said it, and one line of
/// text. The texts are freed after it returns. Called on the one thread of the library, under no
/// lock.
pub type LogCallback =
    Option<extern "C" fn(user: *mut c_void, severity: Severity, target: Text, message: Text)>;

struct Logger {
    callback: extern "C" fn(*mut c_void, Severity, Text, Text),
    user: User,
}

// SAFETY: the callback and its user are used on the thread of callbacks alone.
unsafe impl Sync for Logger {}

static LOGGER: Mutex<Option<Arc<Logger>>> = Mutex::new(None);

/// Has a callback called for records of a `swarmlet_severity` and worse, for the whole process. It
/// takes the place of one that was set before, of which `drop` is then called once it is not called
/// any more; a callback that is NULL takes nothing in its place. `drop` may be NULL. A forked child
/// sets none: what its parent set is the parent's.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_set_logger(
    least: u32,
    callback: LogCallback,
    user: *mut c_void,
    drop: DropCallback,
) -> Status {
    entry("set_logger", || {
        let least = severity(least)?;
        callbacks::start()?;
        let logger = callback.map(|callback| {
            Arc::new(Logger {
                callback,
                user: User::new(user, drop),
            })
        });
        let before = std::mem::replace(&mut *current(), logger);
        // On the thread where it is called, so that it is not called any more.
        callbacks::post(Box::new(move || std::mem::drop(before)));
        collect_diagnostics(least, Box::new(|| callbacks::post(Box::new(pass_on))));
        Ok(())
    })
}

fn pass_on() {
    let records = take_diagnostics();
    let logger = current().clone();
    if let Some(logger) = logger {
        for record in records {
            quiet((), || tell(&logger, &record));
        }
    }
}

fn tell(logger: &Logger, record: &Diagnostic) {
    let mut shelf = Shelf::default();
    let target = shelf.text(record.target);
    let message = shelf.text(&record.message);
    (logger.callback)(
        logger.user.pointer(),
        shown(record.severity),
        target,
        message,
    );
}

fn current() -> MutexGuard<'static, Option<Arc<Logger>>> {
    LOGGER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn severity(number: u32) -> Result<swarmlet_facade::Severity, Failure> {
    use swarmlet_facade::Severity as Of;
    [Of::Trace, Of::Debug, Of::Info, Of::Warning, Of::Error]
        .into_iter()
        .find(|severity| *severity as u32 == number)
        .ok_or_else(|| {
            let message = "least must be one of swarmlet_severity, and not none";
            Failure::invalid("", message).with("given", number.to_string())
        })
}

fn shown(severity: swarmlet_facade::Severity) -> Severity {
    match severity {
        swarmlet_facade::Severity::Trace => Severity::Trace,
        swarmlet_facade::Severity::Debug => Severity::Debug,
        swarmlet_facade::Severity::Info => Severity::Info,
        swarmlet_facade::Severity::Warning => Severity::Warning,
        swarmlet_facade::Severity::Error => Severity::Error,
    }
}
