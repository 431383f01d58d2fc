//! What can go wrong, sorted by what the caller would do about it.

use std::io;

use thiserror::Error;

use crate::endpoint::Endpoint;

/// What went wrong.
#[derive(Debug, Error)]
pub enum NetError {
    /// The options contradict each other; nothing was started.
    #[error("wrong option: {reason}")]
    Options {
        /// Which, and why.
        reason: String,
    },
    /// An address could not be listened on; nothing was started.
    #[error("cannot listen on {endpoint}")]
    Listen {
        /// The address asked for.
        endpoint: Endpoint,
        /// What the system said.
        source: io::Error,
    },
    /// Other nodes cannot be discovered, because the multicast sockets cannot be opened; nothing
    /// was started. Starting without `mdns` would work.
    #[error("cannot announce this node by mdns")]
    Discovery {
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A frame is larger than allowed. When received, the link is of no more use; when sent,
    /// nothing of the call was sent.
    #[error("frame of {bytes} bytes, at most {bytes_max} are allowed")]
    FrameTooLarge {
        /// The length of the frame.
        bytes: u64,
        /// The bound of this node.
        bytes_max: usize,
    },
    /// This node closed the link: by `disconnect`, by `close`, because a second connection to the
    /// same peer replaced it, or because an earlier `send` was cancelled half way.
    #[error("link is closed")]
    Closed,
    /// The connection broke, or the peer closed it without a farewell.
    #[error("link is lost")]
    Lost {
        /// What the system said.
        source: io::Error,
    },
}
