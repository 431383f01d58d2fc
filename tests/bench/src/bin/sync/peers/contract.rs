//! What a peer has to do to be compared, and the list of those that do.

use std::path::Path;

use anyhow::Result;
use swarmlet_bench::report::Target;
use swarmlet_bench::server::Server;

use super::program::Program;
use super::{ax, mosquitto, nats, zenoh};

/// A kind of peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// A broker that stores messages: JetStream.
    Nats,
    /// A broker for MQTT, at quality of service 1.
    Mosquitto,
    /// A bus without a broker, which stores nothing; needs the feature `peers`.
    Zenoh,
    /// The predecessor, of crates.io.
    Ax,
}

/// What a peer is started with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    /// Where it may keep files.
    pub(crate) folder: &'a Path,
    /// The program of the predecessor.
    pub(crate) ax: Option<&'a Path>,
}

/// The side that sends.
pub(crate) trait Publisher {
    /// Sends messages; returns when all are acknowledged, where the peer acknowledges.
    fn publish(&mut self, messages: &[Vec<u8>]) -> Result<()>;
}

/// The side that receives.
pub(crate) trait Subscriber {
    /// The next message; fails if none comes for half a minute.
    fn next(&mut self) -> Result<Vec<u8>>;
}

/// A peer that is there for the run.
pub(crate) struct Running {
    /// The name in tables, with how durable it is.
    pub(crate) name: String,
    /// Where both sides connect to.
    pub(crate) address: String,
    pub(crate) publisher: Box<dyn Publisher>,
    pub(crate) _server: Option<Server>,
}

impl Kind {
    /// Fails, with what to do about it, if the peer cannot be measured here.
    pub(crate) fn prepare(self, setting: &Setting<'_>) -> Result<()> {
        match self {
            Self::Nats => Program::NATS.prepare(),
            Self::Mosquitto => Program::MOSQUITTO.prepare(),
            Self::Zenoh => zenoh::prepare(),
            Self::Ax => ax::prepare(setting),
        }
    }

    /// What our median is to be, beside the peer's.
    pub(crate) fn target(self) -> Target {
        match self {
            Self::Zenoh => Target::RatioMax(3.0),
            Self::Nats | Self::Mosquitto | Self::Ax => Target::Open,
        }
    }

    pub(crate) fn start(self, setting: &Setting<'_>) -> Result<Running> {
        match self {
            Self::Nats => nats::start(setting.folder),
            Self::Mosquitto => mosquitto::start(setting.folder),
            Self::Zenoh => zenoh::start(),
            Self::Ax => ax::start(setting),
        }
    }

    pub(crate) fn subscribe(self, address: &str) -> Result<Box<dyn Subscriber>> {
        match self {
            Self::Nats => nats::subscribe(address),
            Self::Mosquitto => mosquitto::subscribe(address),
            Self::Zenoh => zenoh::subscribe(address),
            Self::Ax => ax::subscribe(address),
        }
    }
}
