//! Finds the node of a folder: the one that runs, or one that is opened for the command.

use std::path::Path;

use swarmlet::ErrorKind;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::answer::{Host, Standing};
use crate::failure::{Failure, Result};
use crate::service;

/// A stream of bytes in both directions.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Who answers.
pub(super) enum Reached {
    /// The node that runs.
    Running(Box<dyn Stream>),
    /// A node of our own, to be closed after the command.
    Opened(Box<Host>),
}

/// Reaches the node of `folder`, which is made if that is wanted. A folder that is taken may be so
/// by another command, or by a node that is starting: for a moment it is waited.
pub(super) async fn reach(
    folder: &Path,
    makes_folder: bool,
    needs_others: bool,
) -> Result<Reached> {
    let attempt = async || {
        if let Some(stream) = service::connect(folder).await? {
            return Ok(Reached::Running(Box::new(stream)));
        }
        if !makes_folder && !service::is_data_folder(folder) {
            return Err(no_folder(folder));
        }
        let host = service::open(folder, Standing::Command, needs_others).await?;
        Ok(Reached::Opened(Box::new(host)))
    };
    service::while_locked(attempt).await
}

fn no_folder(folder: &Path) -> Failure {
    let message = format!("there is no device in {}", folder.display());
    Failure::new(ErrorKind::NotFound, message).advise(
        "name its folder with --folder or SWARMLET_FOLDER, or make one: `swarmlet run`, \
         `swarmlet swarm create` and `swarmlet publish` do",
    )
}
