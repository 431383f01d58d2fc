//! What the program says to its devices, and they to it: lines of JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ack::Ack;

/// How a node is opened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Opening {
    /// Where to listen; any free port of each network if empty.
    pub(crate) listen: Vec<String>,
    /// Whom to dial.
    pub(crate) peers: Vec<String>,
    pub(crate) discovery: bool,
    /// By how much the clock of the device is wrong.
    pub(crate) clock_ahead_secs: i64,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            peers: Vec::new(),
            discovery: true,
            clock_ahead_secs: 0,
        }
    }
}

/// What a device is to do. Each order gets one answer, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Opens the node of a folder; the answer is its identity.
    Open {
        folder: PathBuf,
        opening: Opening,
    },
    Close,
    Create,
    /// The answer is the text of the invite.
    Invite,
    Join {
        invite: String,
    },
    /// Asks to be let in without an invite; the answer is the number to compare.
    Ask {
        address: String,
    },
    Revoke {
        device: String,
    },
    /// Publishes so many events of so many random bytes; the answer is their [`Ack`]s.
    Publish {
        events: usize,
        bytes: usize,
    },
    /// Publishes in the background until told to stop; each [`Ack`] is told as it is known.
    Load {
        pause_ms: u64,
    },
    StopLoad,
    AwaitPeers {
        count: usize,
    },
    /// Waits until it has at least these.
    AwaitPresent {
        offsets: BTreeMap<String, u64>,
    },
    /// The answer is the last offset of each stream that is here.
    Present,
    /// The answer is a [`Standing`].
    Status,
    /// The answer is the [`Ack`]s of all events that are here.
    Events,
    /// Stores so many random bytes that nobody is to fetch by itself; the answer is their id.
    Store {
        bytes: usize,
    },
    /// Begins to save a blob to a file, in the background.
    Fetch {
        blob: String,
        file: PathBuf,
    },
    /// The answer is about how many bytes of what is fetched are here.
    Fetched,
    /// Waits until all of it is saved.
    AwaitFetched,
    /// Whether something answers at an address, with a connection or the refusal of one.
    Reach {
        address: String,
    },
    /// Goes at others with the certificate of `folder`, and a key that does not belong to it.
    Steal {
        folder: PathBuf,
        peers: Vec<String>,
        guise: Guise,
    },
    /// The answer is what the thief has got: a [`Loot`].
    Loot,
}

impl Order {
    /// What kind of order it is, without what is ordered.
    pub(crate) fn name(&self) -> String {
        let text = format!("{self:?}");
        text.split(' ').next().unwrap_or_default().to_owned()
    }
}

/// As whom a thief introduces itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Guise {
    /// As who it is, and then presents the certificate of another device.
    Oneself,
    /// As the device that the certificate belongs to.
    Owner,
}

/// What a device says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// The answer to an order.
    Done(Value),
    /// The order could not be carried out, and why.
    Failed(String),
    /// These were acknowledged to the load.
    Acked(Vec<Ack>),
}

/// How a node stands in the swarm.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) listening: Vec<String>,
    /// Identity and address of each.
    pub(crate) peers: Vec<(String, String)>,
    pub(crate) refused: Vec<(String, String)>,
    pub(crate) incidents: Vec<String>,
}

/// What a thief has got.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Loot {
    /// How often it was let in.
    pub(crate) admissions: u64,
    /// Frames that were sent to it.
    pub(crate) frames: u64,
    /// Why it was not let in.
    pub(crate) refusals: Vec<String>,
}

/// What a wiretap has counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Overheard {
    /// Bytes of whole frames that came from others.
    pub(crate) frame_bytes: u64,
    pub(crate) flows: Vec<Flow>,
}

/// One direction of a connection: what came from one port to one port.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Flow {
    /// `tcp`, or `udp`.
    pub(crate) protocol: String,
    pub(crate) from: String,
    pub(crate) to_port: u16,
    /// What was carried, without headers.
    pub(crate) bytes: u64,
}
