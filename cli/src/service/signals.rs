//! The signals that say to stop.

use crate::failure::{Failure, Result};

/// Waits for one of them.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let begin =
            |kind| signal(kind).map_err(|error| Failure::io("cannot wait for signals", error));
        Ok(Self {
            interrupt: begin(SignalKind::interrupt())?,
            terminate: begin(SignalKind::terminate())?,
        })
    }

    /// The name of the next.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// Waits for Ctrl+C: there is nothing else here.
#[cfg(not(unix))]
pub(crate) struct Signals(tokio::signal::windows::CtrlC);

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn new() -> Result<Self> {
        let begun = tokio::signal::windows::ctrl_c();
        begun
            .map(Self)
            .map_err(|error| Failure::io("cannot wait for Ctrl+C", error))
    }

    /// The name of the next.
    pub(crate) async fn next(&mut self) -> &'static str {
        let _ = self.0.recv().await;
        "Ctrl+C"
    }
}
