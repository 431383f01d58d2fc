//! Libraries without what only debuggers read.

use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Takes debug information out of a library, or leaves it in with a line that says so.
pub(super) fn strip(library: &Path) -> Result<()> {
    if !shell::works(&["strip", "--version"]) {
        println!(
            "no strip here: {} keeps its debug information",
            library.display()
        );
        return Ok(());
    }
    shell::run(shell::command(&["strip", "-S"]).arg(library))
}

/// A copy without debug information.
pub(crate) fn copy_stripped(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    strip(to)
}
