//! What the node says about itself, for the logging of the other side.
//!
//! A thread of that side waits here for records and takes them: threads of the node do not call it.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use swarmlet_facade::{Severity, collect_diagnostics, take_diagnostics};

/// How bad a record is.
#[derive(Clone, Copy, uniffi::Enum)]
pub(crate) enum RecordSeverity {
    /// Every step.
    Trace,
    /// Steps of interest to developers.
    Debug,
    /// What happens in the life of a node.
    Info,
    /// Something failed and is made up for.
    Warning,
    /// Something failed.
    Error,
}

/// One record.
#[derive(uniffi::Record)]
pub(crate) struct LogRecord {
    severity: RecordSeverity,
    /// The name of the logger, with dots between its parts.
    logger: String,
    text: String,
}

static IS_RUNG: Mutex<bool> = Mutex::new(false);
static RUNG: Condvar = Condvar::new();

/// Collects records from `least` on, for the whole process; a later call changes `least` only.
#[uniffi::export]
pub(crate) fn collect_logs(least: RecordSeverity) {
    collect_diagnostics(least.into(), Box::new(ring));
}

/// Blocks until there are records, but at most so long, and takes them.
#[uniffi::export]
pub(crate) fn wait_logs(timeout_micros: i64) -> Vec<LogRecord> {
    let timeout = Duration::from_micros(timeout_micros.try_into().unwrap_or(0));
    let deadline = Instant::now() + timeout;
    let mut is_rung = IS_RUNG.lock().unwrap_or_else(PoisonError::into_inner);
    while !*is_rung {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let waited = RUNG.wait_timeout(is_rung, left);
        is_rung = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    // Silenced before taking: what arrives after that rings again.
    *is_rung = false;
    drop(is_rung);
    let records = take_diagnostics().into_iter();
    let records = records.map(|record| LogRecord {
        severity: record.severity.into(),
        logger: record.logger(),
        text: record.message,
    });
    records.collect()
}

fn ring() {
    *IS_RUNG.lock().unwrap_or_else(PoisonError::into_inner) = true;
    RUNG.notify_one();
}

impl From<RecordSeverity> for Severity {
    fn from(severity: RecordSeverity) -> Self {
        match severity {
            RecordSeverity::Trace => Self::Trace,
            RecordSeverity::Debug => Self::Debug,
            RecordSeverity::Info => Self::Info,
            RecordSeverity::Warning => Self::Warning,
            RecordSeverity::Error => Self::Error,
        }
    }
}

impl From<Severity> for RecordSeverity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Trace => Self::Trace,
            Severity::Debug => Self::Debug,
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
        }
    }
}
