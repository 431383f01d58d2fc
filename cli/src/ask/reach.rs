//! Finds the node of a folder: the one that runs, or one that is opened for the command.

use std::path::{Path, PathBuf};

use swarmlet::{Collection, ErrorKind};

use super::converse::{Conversation, Stream};
use crate::answer::{Host, Standing, answer};
use crate::failure::{Failure, Result};
use crate::limits::PIPE_BYTES;
use crate::{service, wire};

/// Who answers.
pub(super) enum Reached {
    /// The node that runs in a folder, and the first connection to it.
    Running(PathBuf, Option<Box<dyn Stream>>),
    /// A node of our own, to be closed after the command.
    Opened(Box<Host>),
}

impl Reached {
    /// Holds a conversation, by the same handler and the same bytes whoever answers.
    pub(super) async fn hold(&mut self, conversation: Conversation) -> Result<Option<Collection>> {
        match self {
            Self::Running(folder, stream) => {
                let stream: Box<dyn Stream> = match stream.take() {
                    Some(stream) => stream,
                    None => Box::new(service::connect(folder).await?.ok_or_else(gone)?),
                };
                conversation.hold(stream).await
            }
            Self::Opened(host) => {
                let host: &Host = host;
                let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
                let served = wire::serve(theirs, |request, link| answer(host, request, link));
                // Whoever is done first ends the other: the end of the answer, or its reader.
                let (held, _) = tokio::join!(conversation.hold(ours), served);
                held
            }
        }
    }

    /// Closes what was opened for the command. Given up before, it closes by itself.
    pub(super) async fn close(self) -> Result<()> {
        match self {
            Self::Running(..) => Ok(()),
            Self::Opened(host) => Ok(host.node.close().await?),
        }
    }
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
            return Ok(Reached::Running(folder.to_owned(), Some(Box::new(stream))));
        }
        if !makes_folder && !service::is_data_folder(folder) {
            return Err(no_folder(folder));
        }
        let host = service::open(folder, Standing::Command, needs_others).await?;
        Ok(Reached::Opened(Box::new(host)))
    };
    service::while_locked(attempt).await
}

fn gone() -> Failure {
    Failure::new(ErrorKind::Closed, "the node has gone while it answered")
}

fn no_folder(folder: &Path) -> Failure {
    let message = format!("there is no device in {}", folder.display());
    Failure::new(ErrorKind::NotFound, message).advise(
        "name its folder with --folder or SWARMLET_FOLDER, or make one: `swarmlet run`, \
         `swarmlet swarm create` and `swarmlet publish` do",
    )
}
