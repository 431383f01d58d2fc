//! A gateway: opening its sockets, and closing them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use swarmlet::{Error, ErrorKind, Node, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::desk::Desk;
use crate::limits::CLOSE_TIME_MAX;
use crate::page::Page;
use crate::settings::{Addresses, Settings, USUAL};
use crate::{routes, serving};

/// A gateway to a node, open until it is closed or dropped. It does not close the node.
#[derive(Debug)]
pub struct Gateway {
    desk: Arc<Desk>,
    addresses: Vec<SocketAddr>,
    serving: Vec<JoinHandle<()>>,
}

impl Gateway {
    /// Opens the sockets and serves them on the runtime of the caller.
    ///
    /// # Errors
    ///
    /// `network` if an address cannot be listened on, with the address; `unsupported` without a
    /// tokio runtime.
    pub async fn bind(node: Node, settings: Settings) -> Result<Self> {
        let during = |error: Error| error.during("gateway.bind");
        check_runtime().map_err(during)?;
        let listeners = listeners(&settings.addresses).await.map_err(during)?;
        let port = listeners.first().map_or(0, |(address, _)| address.port());
        let desk = Arc::new(Desk::new(node, settings, port));
        let router = routes::router(desk.clone());
        let (mut addresses, mut serving) = (Vec::new(), Vec::new());
        for (address, listener) in listeners {
            addresses.push(address);
            let serve = serving::serve(listener, router.clone(), desk.clone());
            serving.push(tokio::spawn(serve));
        }
        tracing::info!(?addresses, "the gateway is open");
        Ok(Self {
            desk,
            addresses,
            serving,
        })
    }

    /// Whether its sockets could be opened now; they are closed again.
    ///
    /// # Errors
    ///
    /// As [`Gateway::bind`].
    pub async fn probe(settings: &Settings) -> Result<()> {
        let during = |error: Error| error.during("gateway.probe");
        check_runtime().map_err(during)?;
        listeners(&settings.addresses).await.map_err(during)?;
        Ok(())
    }

    /// Where it listens; the first address if there are several.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses it listens on.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The page for people, if the settings say that there is one.
    #[must_use]
    pub fn page(&self) -> Option<Page> {
        let has_page = self.desk.settings.has_page;
        has_page.then(|| Page::new(self.desk.clone(), &self.addresses))
    }

    /// Takes no further connection, ends streams of results and sockets, lets requests that are
    /// being answered be answered, for at most five seconds, and closes the sockets.
    pub async fn close(mut self) {
        self.desk.begin_close();
        for serving in std::mem::take(&mut self.serving) {
            // A panic of it has been reported where it happened.
            let _ = serving.await;
        }
        let _ = tokio::time::timeout(CLOSE_TIME_MAX, self.desk.sockets_ended()).await;
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.desk.begin_close();
    }
}

fn check_runtime() -> Result<()> {
    let runtime = tokio::runtime::Handle::try_current();
    runtime.map(drop).map_err(|error| {
        Error::new(ErrorKind::Unsupported, "a gateway needs a tokio runtime").because(error)
    })
}

/// Where it is listened, and how.
async fn listeners(addresses: &Addresses) -> Result<Vec<(SocketAddr, TcpListener)>> {
    let (wanted, is_usual) = match addresses {
        Addresses::Usual => (USUAL.as_slice(), true),
        Addresses::These(addresses) => (addresses.as_slice(), false),
    };
    let mut listeners = Vec::new();
    for address in wanted {
        match listen(*address).await {
            Ok(listener) => listeners.push(listener),
            // Machines without that version of IP have the other one.
            Err(err) if is_usual && err.kind() == io::ErrorKind::AddrNotAvailable => {
                tracing::debug!(%address, "this machine has no such address");
            }
            Err(err) => return Err(refused(*address, err)),
        }
    }
    match listeners.is_empty() {
        true => Err(refused(USUAL[0], io::ErrorKind::AddrNotAvailable.into())),
        false => Ok(listeners),
    }
}

async fn listen(address: SocketAddr) -> io::Result<(SocketAddr, TcpListener)> {
    let listener = TcpListener::bind(address).await?;
    Ok((listener.local_addr()?, listener))
}

fn refused(address: SocketAddr, err: io::Error) -> Error {
    Error::new(ErrorKind::Network, "the gateway cannot listen there")
        .with("address", address)
        .because(err)
}

#[cfg(test)]
mod tests;
