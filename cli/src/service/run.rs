//! From the folder to a node that others can use, and back.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use serde::Serialize;
use swarmlet::ErrorKind;

use super::{gateway, log, open::open, open::while_locked, signals::Signals, socket};
use crate::answer::{Host, Standing};
use crate::failure::{Failure, Result};
use crate::show::{Fields, Format, Layout, Printer};

/// A node that can be used from now on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunsRow {
    node: String,
    folder: String,
    /// Where apps find it.
    gateway: Vec<String>,
    has_page: bool,
}

/// Runs the node in `folder` until a signal says to stop, then closes it.
pub(crate) async fn run(folder: &Path, filter: &str, format: Format) -> Result<()> {
    log::start(filter)?;
    // First of all: who is told to stop while it opens has to close as well.
    let mut stop = Signals::new()?;
    let Some(mut host) = open_unless_stopped(folder, &mut stop).await? else {
        return Ok(());
    };
    let node = host.node.clone();
    let served = match gateway::open(&mut host).await {
        Ok(gateway) => {
            let served = serve(Arc::new(host), &mut stop, format).await;
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

/// Opens the node in `folder`; nothing if a signal has come first. A log that is being recovered
/// cannot be left in the middle, so the node is then opened and closed at once; a second signal
/// leaves it as a kill would.
async fn open_unless_stopped(folder: &Path, stop: &mut Signals) -> Result<Option<Host>> {
    let open = async || match socket::connect(folder).await? {
        Some(_) => Ok(None),
        None => open(folder, Standing::Service, true).await.map(Some),
    };
    let mut opening = pin!(while_locked(open));
    let opened = tokio::select! {
        opened = &mut opening => Some(opened),
        name = stop.next() => {
            tracing::info!(signal = name, "stopping as soon as the folder is open");
            notify(Moment::Stopping);
            None
        }
    };
    let is_stopped = opened.is_none();
    let opened = match opened {
        Some(opened) => opened,
        None => tokio::select! {
            opened = opening => opened,
            _ = stop.next() => {
                let message = "interrupted while the folder was being opened";
                return Err(Failure::new(ErrorKind::Cancelled, message));
            }
        },
    };
    let Some(host) = opened? else {
        let message = format!("a node runs in {} already", folder.display());
        return Err(Failure::new(ErrorKind::Locked, message)
            .advise("use it, or stop it first; another node needs another folder"));
    };
    if is_stopped {
        host.node.close().await?;
        tracing::info!("closed");
    }
    Ok((!is_stopped).then_some(host))
}

/// Opens the socket for commands, says that all doors of the node are open, and waits for the
/// signal.
#[cfg(unix)]
async fn serve(
    host: Arc<Host>,
    stop: &mut Signals,
    format: Format,
) -> Result<super::commands::Commands> {
    let socket = socket::Socket::bind(&host.folder)?;
    let mut commands = super::commands::Commands::new(host.clone());
    announce(&host, format)?;
    tokio::select! {
        () = commands.take(&socket) => {}
        () = keep_watchdog() => {}
        name = stop.next() => tracing::info!(signal = name, "stopping"),
    }
    Ok(commands)
}

/// No door but the network: there is no socket here that belongs to a folder.
#[cfg(not(unix))]
async fn serve(host: Arc<Host>, stop: &mut Signals, format: Format) -> Result<Nothing> {
    announce(&host, format)?;
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
fn announce(host: &Host, format: Format) -> Result<()> {
    tracing::info!(node = %host.node.id(), folder = %host.folder.display(), "runs");
    let mut printer = Printer::new(format, false, Layout::Text(runs));
    printer.print(&RunsRow {
        node: host.node.id().to_string(),
        folder: host.folder.display().to_string(),
        gateway: host.gateway.addresses().to_vec(),
        has_page: host.gateway.page().is_some(),
    })?;
    printer.close()?;
    notify(Moment::Ready);
    Ok(())
}

fn runs(row: &Fields) -> String {
    let mut text = format!("node {} runs", row.text("node"));
    for address in row.list("gateway") {
        text += &format!("\napps find it at {address}");
    }
    if row.is("hasPage") {
        text += "\npeople find it by the link that `swarmlet page` prints";
    }
    text
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
