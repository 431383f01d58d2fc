//! What the node says about itself, for whoever listens.
//!
//! Records belong to the process. Of several event loops the one that asked last is told of them.

use std::sync::{Mutex, PoisonError, Weak};

use napi_derive::napi;
use swarmlet_facade::{Failure, Severity, collect_diagnostics};

use crate::failure::called;
use crate::json;
use crate::port::{DIAGNOSTICS, Outcome, Port, Queue};

static LISTENER: Mutex<Weak<Queue>> = Mutex::new(Weak::new());

/// Collects records from a level on. When there are some, `port` answers under the token 0.
#[napi]
pub fn start_diagnostics(port: &Port, level: String) -> napi::Result<()> {
    called("forward_logs", || {
        let least = severity(&level)?;
        *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = port.queue();
        collect_diagnostics(least, Box::new(ring));
        // What was collected before, for somebody who is gone.
        ring();
        Ok(())
    })
}

fn ring() {
    let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(queue) = listener.upgrade() {
        drop(listener);
        queue.post(DIAGNOSTICS, Ok(Outcome::done(())));
    }
}

/// The records so far: level, module, text; as JSON.
#[napi]
pub fn take_diagnostics() -> String {
    let records = swarmlet_facade::take_diagnostics().into_iter();
    let rows = records.map(|record| {
        let name = record.logger();
        (level(record.severity), name, record.message)
    });
    json::text(&rows.collect::<Vec<_>>())
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Trace => "trace",
        Severity::Debug => "debug",
        Severity::Info => "info",
        Severity::Warning => "warn",
        Severity::Error => "error",
    }
}

fn severity(level: &str) -> swarmlet_facade::Result<Severity> {
    match level {
        "trace" => Ok(Severity::Trace),
        "debug" => Ok(Severity::Debug),
        "info" => Ok(Severity::Info),
        "warn" => Ok(Severity::Warning),
        "error" => Ok(Severity::Error),
        _ => {
            let message = "a level is 'trace', 'debug', 'info', 'warn' or 'error'";
            Err(Failure::invalid("forward_logs", message).with("given", level))
        }
    }
}
