//! A node of a folder and its settings.

use std::path::Path;
use std::time::Instant;

use swarmlet::{ErrorKind, Network, Node};

use crate::answer::{Host, Standing};
use crate::failure::{Failure, Result};
use crate::limits::{FOLDER_LOOK, FOLDER_WAIT};
use crate::settings::Settings;

/// Opens the node in `folder` with the folder's settings; out of reach of others, if they are not
/// needed.
pub(crate) async fn open(folder: &Path, standing: Standing, needs_others: bool) -> Result<Host> {
    check_owner(folder)?;
    let settings = Settings::load(folder)?;
    let mut options = settings.to_options()?;
    if !needs_others {
        options = options.network(out_of_reach());
    }
    let node = Node::open(folder, options).await?;
    Ok(host(node, folder, standing, settings))
}

/// Opens the node in `folder` with settings that are not those of the folder.
pub(crate) async fn open_with(
    folder: &Path,
    standing: Standing,
    settings: Settings,
) -> Result<Host> {
    check_owner(folder)?;
    let node = Node::open(folder, settings.to_options()?).await?;
    Ok(host(node, folder, standing, settings))
}

fn host(node: Node, folder: &Path, standing: Standing, settings: Settings) -> Host {
    Host {
        node,
        folder: folder.to_owned(),
        settings,
        standing,
        gateway: Default::default(),
        changing: Default::default(),
        importing: Default::default(),
    }
}

/// Looks for nobody, and can be found by nobody.
fn out_of_reach() -> Network {
    Network::new()
        .listen("tcp://127.0.0.1:0")
        .discovery(false)
        .address_exchange(false)
}

/// Refuses the folder of another user, which root could open: the files that are made then would
/// not be that user's, whose node could not use them any more.
#[cfg(unix)]
fn check_owner(folder: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    let own = rustix::process::geteuid().as_raw();
    match std::fs::metadata(folder) {
        Ok(metadata) if metadata.uid() != own => {
            let (folder, owner) = (folder.display(), metadata.uid());
            let message = format!("{folder} belongs to another user, whose number is {owner}");
            Err(Failure::new(ErrorKind::PermissionDenied, message).advise(format!(
                "do it as that user: sudo --user='#{owner}' swarmlet ...; a node that runs may be \
                 asked by root as well"
            )))
        }
        // What else is wrong with it says the node.
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_owner(_folder: &Path) -> Result<()> {
    Ok(())
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
