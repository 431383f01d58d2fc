//! What can be asked of a node: plain data, the same whether the node runs as a service or is
//! opened for the command alone.
//!
//! Whatever needs the terminal, the files or the rights of the person is not in here; that stays in
//! `ask`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use swarmlet::{BlobId, Capabilities, Hold, Keep};

/// One command.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// How the node stands; waits until it is in sync, if a time is given.
    Status { wait: Option<Duration> },
    /// The connected devices.
    Peers,
    /// How far each stream is.
    Offsets,
    /// One event.
    Publish(Publish),
    /// Rows of what is here, or of all that comes as well.
    Query(Query),
    /// How a query is answered, and what that costs.
    Explain(Query),
    /// What comes after some place, and how far that is.
    Subscribe(Subscribe),
    /// All that there is of events, to be imported elsewhere.
    Export { aql: String },
    /// Events of a file, which follows as bytes, from a record on; a dump, if nothing is said, from
    /// the first on that is not in the log.
    Import { skip: Option<u64> },
    /// The node's place in its swarm.
    Swarm(Swarm),
    /// Large bytes.
    Blobs(Blobs),
    /// What the node is opened with; all of it, or what is at a path.
    SettingsGet { path: Option<String> },
    /// A link to the page for people.
    Page,
    /// Changes what is at a path.
    SettingsSet { path: String, value: Box<RawValue> },
}

impl Request {
    /// Whether it goes on until the person has enough.
    #[cfg(unix)]
    pub(crate) fn goes_on(&self) -> bool {
        match self {
            Self::Query(query) => query.follow,
            Self::Subscribe(_) => true,
            _ => false,
        }
    }

    /// Whether others of the swarm are needed for it. If not, a node that is opened for it alone
    /// leaves them alone: it would come and go within a moment.
    pub(crate) fn needs_others(&self) -> bool {
        match self {
            Self::Status { wait } => wait.is_some(),
            Self::Query(query) => query.follow,
            Self::Subscribe(_) => true,
            // An invite has addresses of the node in it.
            Self::Swarm(request) => !matches!(request, Swarm::Members | Swarm::Pending),
            Self::Blobs(request) => matches!(request, Blobs::Get { .. }),
            Self::Peers
            | Self::Offsets
            | Self::Publish(_)
            | Self::Explain(_)
            | Self::Export { .. }
            | Self::Import { .. }
            | Self::SettingsGet { .. }
            | Self::Page
            | Self::SettingsSet { .. } => false,
        }
    }
}

/// An event to publish.
#[derive(Serialize, Deserialize)]
pub(crate) struct Publish {
    /// In whose name.
    pub(crate) app: Option<String>,
    /// Its tags.
    pub(crate) tags: Vec<String>,
    /// Its payload.
    pub(crate) payload: Box<RawValue>,
}

/// What is looked for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Query {
    /// Who asks: what `appId(me)` means.
    pub(crate) app: Option<String>,
    /// The query.
    pub(crate) aql: String,
    /// What `$name` stands for.
    pub(crate) parameters: BTreeMap<String, Box<RawValue>>,
    /// In which order, unless the text says it.
    pub(crate) order: Order,
    /// Whether what comes is of interest as well.
    pub(crate) follow: bool,
}

/// In which order rows come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Oldest first, by event key.
    #[default]
    Asc,
    /// Newest first.
    Desc,
    /// Stream by stream.
    Stream,
}

/// What is waited for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Subscribe {
    /// Who asks, for what, and with which parameters.
    pub(crate) query: Query,
    /// After what it begins.
    pub(crate) from: From,
    /// What of it comes.
    pub(crate) wanted: Wanted,
}

/// After what a subscription begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum From {
    /// Nothing: everything comes.
    Start,
    /// What is here now.
    Now,
    /// These offsets, by stream.
    Offsets(BTreeMap<String, u64>),
}

/// What of a subscription comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    /// All of it.
    All,
    /// All of it by event key; it ends when that cannot be.
    Monotonic,
    /// The latest.
    Latest,
    /// The earliest.
    Earliest,
}

/// What the node does in its swarm.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Swarm {
    /// Founds one.
    Create { swarm: String, device: String },
    /// Makes a line of text that lets a device in.
    Invite(Terms),
    /// Takes one back.
    Withdraw { invite: String },
    /// Joins by one.
    Join {
        invite: String,
        device: String,
        within: Duration,
    },
    /// Asks to be let in without one, and waits for that.
    Ask {
        address: String,
        device: String,
        within: Duration,
    },
    /// Who waits to be let in.
    Pending,
    /// Lets a device in that waits.
    Approve { device: String, terms: Terms },
    /// Sends one away.
    Reject { device: String },
    /// All devices.
    Members,
    /// Puts a device out.
    Revoke { device: String, reason: String },
    /// Renews the certificate of a device.
    Renew { device: String },
    /// Makes this node an issuer.
    Promote { root_key: String },
}

/// What a device that is let in gets.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Terms {
    #[serde(with = "crate::text")]
    pub(crate) rights: Capabilities,
    pub(crate) name: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) uses: usize,
    pub(crate) valid: Duration,
}

/// What is done with large bytes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Blobs {
    /// Stores bytes, which follow.
    Put(Put),
    /// Stores the files of a folder, which follow, as a collection.
    PutFolder(Put),
    /// Gives bytes; of a collection its files, in one row, unless its own bytes are wanted.
    Get {
        blob: BlobName,
        within: Option<Duration>,
        is_raw: bool,
    },
    /// The records.
    Ls,
    /// The files of a collection.
    Files { blob: BlobName },
    /// All that is known of one.
    Stat { blob: BlobName },
    /// Keeps one here, whatever records say.
    Pin { blob: BlobName },
    /// Takes that back.
    Unpin { blob: BlobName },
    /// Takes the records of one back.
    Rm { blob: BlobName },
    /// How much room they take.
    Usage,
}

/// What is said of a blob that is stored.
#[derive(Serialize, Deserialize)]
pub(crate) struct Put {
    pub(crate) app: Option<String>,
    /// What it is called, because somebody said so.
    pub(crate) name: Option<String>,
    /// What the file is called: the name, if it can be one and there is no other.
    pub(crate) file_name: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) hold: Hold,
    pub(crate) keep: Keep,
}

/// Which blob is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BlobName {
    /// The one with this id.
    Id(#[serde(with = "crate::text")] BlobId),
    /// The newest of this name.
    Name(String),
}
