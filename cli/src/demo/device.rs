//! One device of a demo: a node, and the doors for apps and for commands that one has that runs as
//! a service.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use swarmlet::InviteOptions;
use swarmlet_gateway::Gateway;

use crate::answer::{Host, Standing};
use crate::failure::Result;
use crate::limits::{DEMO_JOIN_WITHIN, DEMO_PERIOD};
use crate::service;
use crate::settings::Settings;

/// A node that is open, and can be asked by commands.
pub(super) struct Device {
    pub(super) name: String,
    pub(super) host: Arc<Host>,
    /// There always is one, as the system chooses its port.
    gateway: Option<Gateway>,
    _door: Door,
}

impl Device {
    /// Opens a device that neither looks for others nor can be found from another machine.
    pub(super) async fn open(folder: PathBuf, name: String, peers: Vec<String>) -> Result<Self> {
        let settings = json!({
            "network": { "listen": ["tcp://127.0.0.1:0"], "discovery": false, "peers": peers },
            "gateway": { "listen": ["127.0.0.1:0"] },
        });
        let settings = Settings::parse(&settings.to_string())?;
        let host = service::open_with(&folder, Standing::Service, settings).await?;
        let node = host.node.clone();
        let opened = Self::open_doors(name, host).await;
        if opened.is_err() {
            // Its folder may be removed next. What went wrong before is what is told.
            let _ = node.close().await;
        }
        opened
    }

    /// Has it found the swarm, unless it is in one.
    pub(super) fn found(&self) -> Result<()> {
        let swarm = self.host.node.swarm();
        if swarm.id().is_none() {
            // The root key is gone with this: nobody is let in without this device.
            tokio::task::block_in_place(|| swarm.create("demo", &self.name))?;
        }
        Ok(())
    }

    /// Has it let in by the first, unless it is.
    pub(super) async fn join(&self, first: &Self) -> Result<()> {
        let swarm = self.host.node.swarm();
        if swarm.id().is_none() {
            let (issuer, options) = (first.host.node.swarm(), InviteOptions::default());
            let invite = tokio::task::block_in_place(|| issuer.invite(&options))?;
            swarm.join(&invite, &self.name, DEMO_JOIN_WITHIN).await?;
        }
        Ok(())
    }

    /// Where others find it.
    pub(super) fn listening(&self) -> Vec<String> {
        self.host.node.swarm().status().listening
    }

    async fn open_doors(name: String, mut host: Host) -> Result<Self> {
        let gateway = service::open_gateway(&mut host).await?;
        let host = Arc::new(host);
        Ok(Self {
            name,
            gateway,
            _door: Door::open(&host)?,
            host,
        })
    }

    /// Where apps find it.
    pub(super) fn addresses(&self) -> &[String] {
        self.host.gateway.addresses()
    }

    /// Closes all of it.
    pub(super) async fn close(mut self) -> Result<()> {
        if let Some(gateway) = self.gateway.take() {
            gateway.close().await;
        }
        Ok(self.host.node.close().await?)
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
