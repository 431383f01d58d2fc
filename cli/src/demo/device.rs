//! One device of a demo: a node, and the door for commands that one has that runs as a service.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use swarmlet::InviteOptions;

use crate::answer::{Host, Standing};
use crate::failure::Result;
use crate::limits::{DEMO_JOIN_WITHIN, DEMO_PERIOD};
use crate::service;
use crate::settings::Settings;

/// A node that is open, and can be asked by commands.
pub(super) struct Device {
    pub(super) name: String,
    pub(super) host: Arc<Host>,
    _door: Door,
}

impl Device {
    /// Opens the first device of a folder. It founds the swarm, unless it is in one.
    pub(super) async fn first(place: &Path, name: &str) -> Result<Self> {
        let device = Self::open(place, name, &[]).await?;
        let swarm = device.host.node.swarm();
        if swarm.id().is_none() {
            // The root key is gone with this: nobody is let in without the first device.
            tokio::task::block_in_place(|| swarm.create("demo", name))?;
        }
        Ok(device)
    }

    /// Opens another one, and has it let in by the first, unless it is.
    pub(super) async fn further(place: &Path, name: &str, first: &Self) -> Result<Self> {
        let swarm = first.host.node.swarm();
        let device = Self::open(place, name, &swarm.status().listening).await?;
        if device.host.node.swarm().id().is_none() {
            let options = InviteOptions::default();
            let invite = tokio::task::block_in_place(|| swarm.invite(&options))?;
            let joining = device.host.node.swarm();
            joining.join(&invite, name, DEMO_JOIN_WITHIN).await?;
        }
        Ok(device)
    }

    /// Opens a device that neither looks for others nor can be found from another machine.
    async fn open(place: &Path, name: &str, peers: &[String]) -> Result<Self> {
        let settings = json!({
            "network": { "listen": ["tcp://127.0.0.1:0"], "discovery": false, "peers": peers },
            "gateway": { "listen": ["127.0.0.1:0"] },
        });
        let settings = Settings::parse(&settings.to_string())?;
        let folder = place.join(name);
        let opening = service::open_with(&folder, Standing::Service, settings);
        let host = Arc::new(opening.await?);
        Ok(Self {
            name: name.to_owned(),
            _door: Door::open(&host)?,
            host,
        })
    }

    /// Whether it has met others, and neither it nor they have lacked anything for as long as the
    /// figures are apart: events come all the time, so there is always one under way.
    pub(super) fn is_in_sync(&self) -> bool {
        let peers = self.host.node.swarm().status().peers;
        !peers.is_empty() && peers.iter().all(|peer| peer.lag < DEMO_PERIOD)
    }
}

/// Answers commands until it is dropped.
#[cfg(unix)]
struct Door(tokio::task::JoinHandle<()>);

#[cfg(unix)]
impl Door {
    fn open(host: &Arc<Host>) -> Result<Self> {
        let socket = service::Socket::bind(&host.folder)?;
        let mut commands = service::Commands::new(host.clone());
        Ok(Self(tokio::spawn(async move {
            commands.take(&socket).await;
        })))
    }
}

#[cfg(unix)]
impl Drop for Door {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// There is no socket here that belongs to a folder.
#[cfg(not(unix))]
struct Door;

#[cfg(not(unix))]
impl Door {
    fn open(_host: &Arc<Host>) -> Result<Self> {
        Ok(Self)
    }
}
