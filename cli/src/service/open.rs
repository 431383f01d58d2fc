//! A node of a folder and its settings.

use std::path::Path;
use std::time::Instant;

use swarmlet::{ErrorKind, Node};

use crate::answer::{Host, Standing};
use crate::failure::Result;
use crate::limits::{FOLDER_LOOK, FOLDER_WAIT};
use crate::settings::Settings;

/// Opens the node in `folder` with the folder's settings.
pub(crate) async fn open(folder: &Path, standing: Standing) -> Result<Host> {
    let settings = Settings::load(folder)?;
    let node = Node::open(folder, settings.to_options()?).await?;
    Ok(Host {
        node,
        folder: folder.to_owned(),
        settings,
        standing,
        changing: Default::default(),
    })
}

/// Whether there is a device in `folder`.
pub(crate) fn is_data_folder(folder: &Path) -> bool {
    folder.join("FORMAT").exists()
}

/// Attempts something again as long as the folder is locked, for a moment: by another command that
/// is about to end, or by a node that is starting and has no socket yet.
pub(crate) async fn while_locked<T>(mut attempt: impl AsyncFnMut() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match attempt().await {
            Err(failure) if failure.is(ErrorKind::Locked) && begun.elapsed() < FOLDER_WAIT => {
                tokio::time::sleep(FOLDER_LOOK).await;
            }
            outcome => return outcome,
        }
    }
}
