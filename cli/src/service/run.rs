//! From the folder to a node that others can use, and back.

use std::path::Path;
use std::sync::Arc;

use swarmlet::ErrorKind;
use swarmlet_gateway::Gateway;

use super::{gateway, log, open::open, open::while_locked, signals::Signals, socket};
use crate::answer::{Host, Standing};
use crate::failure::{Failure, Result};

/// Runs the node in `folder` until a signal says to stop, then closes it.
pub(crate) async fn run(folder: &Path, filter: &str) -> Result<()> {
    log::start(filter)?;
    let open = async || match socket::connect(folder).await? {
        Some(_) => Ok(None),
        None => open(folder, Standing::Service, true).await.map(Some),
    };
    let Some(mut host) = while_locked(open).await? else {
        let message = format!("a node runs in {} already", folder.display());
        return Err(Failure::new(ErrorKind::Locked, message)
            .advise("use it, or stop it first; another node needs another folder"));
    };
    let node = host.node.clone();
    let served = match gateway::open(&mut host).await {
        Ok(gateway) => {
            let served = serve(Arc::new(host), gateway.as_ref()).await;
            notify(Moment::Stopping);
            if let Some(gateway) = gateway {
                gateway.close().await;
            }
            served
        }
        Err(failure) => Err(failure),
    };
    let closed = node.close().await;
    served?.end().await;
    tracing::info!("closed");
    Ok(closed?)
}

/// Opens the socket for commands, says that all doors of the node are open, and waits for the
/// signal.
#[cfg(unix)]
async fn serve(host: Arc<Host>, gateway: Option<&Gateway>) -> Result<super::commands::Commands> {
    let mut stop = Signals::new()?;
    let socket = socket::Socket::bind(&host.folder)?;
    let mut commands = super::commands::Commands::new(host.clone());
    announce(&host, gateway)?;
    tokio::select! {
        () = commands.take(&socket) => {}
        () = keep_watchdog() => {}
        name = stop.next() => tracing::info!(signal = name, "stopping"),
    }
    Ok(commands)
}

/// No door but the network: there is no socket here that belongs to a folder.
#[cfg(not(unix))]
async fn serve(host: Arc<Host>, gateway: Option<&Gateway>) -> Result<Nothing> {
    let mut stop = Signals::new()?;
    announce(&host, gateway)?;
    tracing::info!(signal = stop.next().await, "stopping");
    Ok(Nothing)
}

#[cfg(not(unix))]
struct Nothing;

#[cfg(not(unix))]
impl Nothing {
    async fn end(self) {}
}

/// Says that the node can be used from now on.
fn announce(host: &Host, gateway: Option<&Gateway>) -> Result<()> {
    use std::io::Write as _;

    tracing::info!(node = %host.node.id(), folder = %host.folder.display(), "runs");
    let mut out = std::io::stdout().lock();
    let mut say = || -> std::io::Result<()> {
        writeln!(out, "node {} runs", host.node.id())?;
        for address in gateway.iter().flat_map(|gateway| gateway.local_addrs()) {
            writeln!(out, "apps find it at http://{address}")?;
        }
        if host.gateway.page().is_some() {
            writeln!(
                out,
                "people find it by the link that `swarmlet page` prints"
            )?;
        }
        out.flush()
    };
    let written = say();
    written.map_err(|error| Failure::io("cannot say that the node runs", error))?;
    notify(Moment::Ready);
    Ok(())
}

/// What a service manager is told.
#[derive(Clone, Copy)]
enum Moment {
    Ready,
    Stopping,
}

/// Tells systemd, if it is what started this.
#[cfg(unix)]
fn notify(moment: Moment) {
    use sd_notify::NotifyState;

    let state = match moment {
        Moment::Ready => NotifyState::Ready,
        Moment::Stopping => NotifyState::Stopping,
    };
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "cannot tell the service manager");
    }
}

#[cfg(not(unix))]
fn notify(_moment: Moment) {}

/// Tells systemd twice in each of its periods that this is alive, if it wants to know.
#[cfg(unix)]
async fn keep_watchdog() {
    let Some(period) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let mut beats = tokio::time::interval((period / 2).max(crate::limits::FOLDER_LOOK));
    loop {
        beats.tick().await;
        if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]) {
            tracing::warn!(%error, "cannot tell the service manager");
        }
    }
}
