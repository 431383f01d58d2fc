//! A cable that can be cut: a proxy that stops forwarding without closing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::Arc;

use swarmlet_net::{Endpoint, Protocol};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;

pub(crate) struct Proxy {
    /// What to dial instead of the target.
    pub(crate) endpoint: Endpoint,
    is_cut: watch::Sender<bool>,
}

impl Proxy {
    pub(crate) async fn start(target: Endpoint) -> Self {
        match target.protocol {
            Protocol::Tcp => Self::start_tcp(target.address).await,
            Protocol::Quic => Self::start_udp(target.address).await,
        }
    }

    async fn start_tcp(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (is_cut, watching) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(target).await else {
                    continue;
                };
                near.set_nodelay(true).expect("it is open");
                far.set_nodelay(true).expect("it is open");
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                tokio::spawn(forward(near_in, far_out, watching.clone()));
                tokio::spawn(forward(far_in, near_out, watching.clone()));
            }
        });
        Self {
            endpoint: Endpoint::tcp(address),
            is_cut,
        }
    }

    async fn start_udp(target: SocketAddr) -> Self {
        let near = Arc::new(UdpSocket::bind("127.0.0.1:0").await.expect("a free port"));
        let address = near.local_addr().expect("it is bound");
        let (is_cut, watching) = watch::channel(false);
        tokio::spawn(async move {
            let mut buffer = vec![0; 1 << 16];
            let mut clients: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
            while let Ok((length, client)) = near.recv_from(&mut buffer).await {
                if *watching.borrow() {
                    continue;
                }
                if let Entry::Vacant(vacant) = clients.entry(client) {
                    let far = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
                    far.connect(target).await.expect("the loopback");
                    let far = Arc::new(far);
                    let back = (Arc::clone(&far), Arc::clone(&near), watching.clone());
                    tokio::spawn(give_back(back.0, back.1, client, back.2));
                    vacant.insert(far);
                }
                // A datagram that is lost is what the protocol is made for.
                let _ = clients[&client].send(&buffer[..length]).await;
            }
        });
        Self {
            endpoint: Endpoint::quic(address),
            is_cut,
        }
    }

    /// What is sent from now on is swallowed, until it is mended.
    pub(crate) fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    pub(crate) fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}

/// Forwards; a connection that lost bytes in a cut stays silent for ever, as one would that the
/// other end has given up. That it has is not forwarded either: who notices a cut first must not
/// tell the other end, which would then have another reason.
async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_cut: watch::Receiver<bool>) {
    let mut buffer = vec![0; 1 << 16];
    let mut has_lost = false;
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        has_lost |= *is_cut.borrow();
        match (read, has_lost) {
            (0, true) => return std::future::pending().await,
            (0, false) => return,
            (_, true) => {}
            (_, false) if to.write_all(&buffer[..read]).await.is_err() => return,
            (_, false) => {}
        }
    }
}

async fn give_back(
    far: Arc<UdpSocket>,
    near: Arc<UdpSocket>,
    client: SocketAddr,
    is_cut: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length) = far.recv(&mut buffer).await {
        if !*is_cut.borrow() {
            let _ = near.send_to(&buffer[..length], client).await;
        }
    }
}
