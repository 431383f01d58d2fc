//! What the node says about itself, for `logging`.

use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use swarmlet_facade::{Severity, collect_diagnostics};

/// Collects records from a level of `logging` on. Returns the descriptor from which a byte can be
/// read, and waited for, when there are some; the same one for the whole process.
#[pyfunction]
pub(crate) fn start_diagnostics(py: Python<'_>, level: u32) -> PyResult<RawFd> {
    static EAR: PyOnceLock<UnixStream> = PyOnceLock::new();
    let least = severity(level);
    let Some(ear) = EAR.get(py) else {
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        let ring = move || {
            // A bell that cannot take another byte rings already.
            let _ = (&bell).write(&[1]);
        };
        collect_diagnostics(least, Box::new(ring));
        return Ok(EAR.get_or_init(py, || ear).as_raw_fd());
    };
    collect_diagnostics(least, Box::new(|| ()));
    Ok(ear.as_raw_fd())
}

/// The records so far: level, name of the logger, text.
#[pyfunction]
pub(crate) fn take_diagnostics() -> Vec<(u32, String, String)> {
    let records = swarmlet_facade::take_diagnostics().into_iter();
    let rows = records.map(|record| {
        let name = record.logger();
        (level(record.severity), name, record.message)
    });
    rows.collect()
}

/// The numbers of `logging`; it has none for steps finer than debugging.
fn level(severity: Severity) -> u32 {
    match severity {
        Severity::Trace => 5,
        Severity::Debug => 10,
        Severity::Info => 20,
        Severity::Warning => 30,
        Severity::Error => 40,
    }
}

fn severity(level: u32) -> Severity {
    match level {
        0..10 => Severity::Trace,
        10..20 => Severity::Debug,
        20..30 => Severity::Info,
        30..40 => Severity::Warning,
        _ => Severity::Error,
    }
}
