//! A cable of this machine: a TCP relay on loopback that can be cut and mended.
//!
//! While it is cut, nothing passes and nobody is told, as with a cable that was pulled: connections
//! stay open at both ends until the ends give them up. It forwards bytes and reads none of them.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What cuts all relays that were started with it, and mends them.
#[derive(Debug)]
pub(crate) struct Switch(watch::Sender<bool>);

/// A relay. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    address: SocketAddr,
    target: watch::Sender<Option<SocketAddr>>,
    _serving: JoinSet<()>,
}

impl Switch {
    /// A switch that is cut.
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn cut(&self) {
        self.0.send_replace(false);
    }

    pub(crate) fn mend(&self) {
        self.0.send_replace(true);
    }
}

impl Relay {
    /// Listens at a free port; passes nothing on before it has a target.
    pub(crate) async fn start(switch: &Switch) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("a relay cannot listen on loopback")?;
        let address = listener.local_addr()?;
        let target = watch::Sender::new(None);
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, target.subscribe(), switch.0.subscribe()));
        Ok(Self {
            address,
            target,
            _serving: serving,
        })
    }

    /// Where the relay listens, as the address of a node.
    pub(crate) fn endpoint(&self) -> String {
        format!("tcp://{}", self.address)
    }

    /// Passes everything on to the node at `endpoint` from now on.
    pub(crate) fn lead_to(&self, endpoint: &str) -> Result<()> {
        let address = endpoint.strip_prefix("tcp://").unwrap_or(endpoint);
        let address = address
            .parse()
            .with_context(|| format!("not an address to relay to: {endpoint}"))?;
        self.target.send_replace(Some(address));
        Ok(())
    }
}

async fn serve(
    listener: TcpListener,
    mut target: watch::Receiver<Option<SocketAddr>>,
    mut is_whole: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    while let Some(target) = led_to(&mut target).await {
        if !mended(&mut is_whole).await {
            return;
        }
        // Errors are those of single connections, which whoever dialled notices.
        let Ok((inbound, _)) = listener.accept().await else {
            continue;
        };
        while connections.try_join_next().is_some() {}
        if connections.len() < CONNECTIONS_MAX {
            connections.spawn(connect(inbound, target, is_whole.clone()));
        }
    }
}

/// Waits for the target; nothing if there will be none.
async fn led_to(target: &mut watch::Receiver<Option<SocketAddr>>) -> Option<SocketAddr> {
    let target = target.wait_for(Option::is_some).await;
    target.ok().and_then(|target| *target)
}

/// Waits until the cable is whole; false if it never will be.
async fn mended(is_whole: &mut watch::Receiver<bool>) -> bool {
    is_whole.wait_for(|is_whole| *is_whole).await.is_ok()
}

/// Connects to the target and passes on both ways until both ends have closed.
async fn connect(inbound: TcpStream, target: SocketAddr, is_whole: watch::Receiver<bool>) {
    let Ok(outbound) = TcpStream::connect(target).await else {
        return;
    };
    // A relay must not add the delay of its own kernel buffers; without it, it only works worse.
    let _ = (inbound.set_nodelay(true), outbound.set_nodelay(true));
    let (from_inbound, to_inbound) = inbound.into_split();
    let (from_outbound, to_outbound) = outbound.into_split();
    tokio::join!(
        pass(from_inbound, to_outbound, is_whole.clone()),
        pass(from_outbound, to_inbound, is_whole),
    );
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut is_whole: watch::Receiver<bool>,
) {
    let mut bytes = vec![0; 64 * 1024];
    // An end that has failed is an end that has closed.
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if !mended(&mut is_whole).await || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
    if mended(&mut is_whole).await {
        let _ = to.shutdown().await;
    }
}

/// More than two nodes ever open to each other, dials that were given up included.
const CONNECTIONS_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn what_is_sent_while_it_is_cut_arrives_when_it_is_mended() {
        let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let switch = Switch::new();
        let relay = Relay::start(&switch).await.unwrap();
        relay
            .lead_to(&format!("tcp://{}", target.local_addr().unwrap()))
            .unwrap();
        switch.mend();
        let mut near = TcpStream::connect(relay.address).await.unwrap();
        let (mut far, _) = target.accept().await.unwrap();
        let mut byte = [0];
        near.write_all(b"1").await.unwrap();
        far.read_exact(&mut byte).await.unwrap();

        switch.cut();
        near.write_all(b"2").await.unwrap();
        let silence = Duration::from_millis(100);
        let read = tokio::time::timeout(silence, far.read_exact(&mut byte)).await;
        assert!(read.is_err(), "a byte came through a cut cable");

        switch.mend();
        let read = tokio::time::timeout(SOON, far.read_exact(&mut byte)).await;
        read.unwrap().unwrap();
        assert_eq!(byte, *b"2");
        drop(near);
        let closed = tokio::time::timeout(SOON, far.read(&mut byte)).await;
        assert_eq!(closed.unwrap().unwrap(), 0);
    }

    #[tokio::test]
    async fn only_addresses_are_led_to() {
        let relay = Relay::start(&Switch::new()).await.unwrap();
        assert!(relay.lead_to("tcp://127.0.0.1:1").is_ok());
        assert!(relay.lead_to("quic://127.0.0.1:1").is_err());
    }
}
