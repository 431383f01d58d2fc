//! What the parent and its processes say to each other: one JSON object a line, orders on the
//! standard input, one answer to each on the standard output.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::figures::Tally;
use crate::latency::Percentiles;
use crate::machine::STATIONS;
use crate::present::Present;

/// One of the processes, and the device that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Role {
    /// Founds the swarm and lets the others in; the dashboard and the line app run here.
    Office,
    /// The first machines of the floor.
    #[value(name = "line-1")]
    Line1,
    /// The last ones; this is the device that is cut off for a while.
    #[value(name = "line-2")]
    Line2,
}

/// What the parent asks of a process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Make an invite. Answer: [`Answer::Invite`].
    Invite,
    /// Join by an invite. Answer: [`Answer::Listening`].
    Join(String),
    /// Say where the node listens. Answer: [`Answer::Listening`].
    Address,
    /// Subscribe to everything that is published from now on. Answer: [`Answer::Done`].
    Follow,
    /// Switch the machines on. Answer: [`Answer::Done`].
    Work,
    /// Say how things are. Answer: [`Answer::Report`].
    Tell,
    /// Measure no latency of events of these devices, until told otherwise. Answer:
    /// [`Answer::Done`].
    Disregard(BTreeSet<String>),
    /// Note when everything of this is there. Answer, at once: [`Answer::Done`].
    Reach(Present),
    /// Switch the machines off. Answer, when all they published is acknowledged: [`Answer::Done`].
    Stop,
    /// Digest the newest events, in their total order. Answer: [`Answer::Digest`].
    Compare,
    /// Draw the floor and store the picture, for everyone to hold. Answer: [`Answer::Stored`].
    Share,
    /// Read a blob, and save it as well if there is a path. Answer: [`Answer::Read`].
    Read { blob: String, path: Option<PathBuf> },
    /// Close the node and end. Answer, when it is closed: [`Answer::Done`].
    Close,
}

/// What a process says: [`Answer::Opened`] once it runs, then one answer to each order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Opened { node: String, is_member: bool },
    Invite(String),
    Listening(String),
    Report(Box<Report>),
    Digest { events: u64, digest: u64 },
    Stored(Stored),
    Read(Content),
    Done,
}

/// A blob that was stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    /// Its id.
    pub(crate) blob: String,
    /// What was to be stored.
    pub(crate) content: Content,
    /// When it was, in microseconds since 1970.
    pub(crate) at: i64,
}

/// Bytes, as a process has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) bytes: u64,
    pub(crate) hash: String,
}

/// How things are in one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// What the log holds.
    pub(crate) present: Present,
    /// The connected peers, as the node sees them.
    pub(crate) peers: Vec<PeerFigures>,
    /// Since when some peer is connected, in microseconds since 1970; nothing while none is.
    pub(crate) connected_at: Option<i64>,
    /// What people should know of: forks, clones, refused events.
    pub(crate) incidents: Vec<String>,
    /// Events that this device has published.
    pub(crate) acknowledged: u64,
    /// Events that its subscription was given, of all devices.
    pub(crate) delivered: u64,
    /// For each station, parts and rejects that the subscription was given.
    pub(crate) machines: [Tally; STATIONS.len()],
    /// Packed parts that the line app was told of, and boxes that it has filled.
    pub(crate) packed: u64,
    pub(crate) boxes: u64,
    /// From the call of publish until the events are durable.
    pub(crate) publish: Percentiles,
    /// From the timestamp of an event until the subscription has it, by the device it comes from.
    pub(crate) heard: BTreeMap<String, Percentiles>,
    /// When everything of the last [`Order::Reach`] was there, in microseconds since 1970.
    pub(crate) reached_at: Option<i64>,
    /// What there is of the newest picture that it was told of.
    pub(crate) picture: Option<PictureFigures>,
    /// The size of the data folder.
    pub(crate) disk_bytes: u64,
}

/// A picture that somebody stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PictureFigures {
    /// Its id.
    pub(crate) blob: String,
    /// How much of it is here, of a hundred.
    pub(crate) percent: u64,
    /// When all of it was here, in microseconds since 1970.
    pub(crate) whole_at: Option<i64>,
}

/// A connected peer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PeerFigures {
    /// Events that it has and this node lacks.
    pub(crate) behind: u64,
    /// How long a frame and its answer took last.
    pub(crate) round_trip: Option<Duration>,
}

impl Role {
    pub(crate) const ALL: [Self; 3] = [Self::Office, Self::Line1, Self::Line2];

    /// The name of the device, of its folder, on the command line, and on the screen.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Line1 => "line-1",
            Self::Line2 => "line-2",
        }
    }
}
