//! What a node that runs says: lines on the standard error, for a terminal or for the journal.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::failure::{Failure, Result};

/// Has all that is said from now on written, as the filter says: `info`, or `warn,swarmlet=debug`.
pub(crate) fn start(filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        let message = format!("`{filter}` does not say what to log: {error}");
        Failure::invalid(message).advise("write error, warn, info, debug or trace")
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && console::colors_enabled_stderr());
    // The journal has times of its own.
    if std::env::var_os("JOURNAL_STREAM").is_some() {
        lines.without_time().init();
    } else {
        lines.init();
    }
    Ok(())
}
