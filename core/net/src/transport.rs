//! The transports, each ending in an admitted peer and a muxer; TCP is here, QUIC beside.
//!
//! TCP: dead man's timer, buffer, noise, admission, cork, yamux. Nothing is negotiated in clear,
//! and not a byte beyond the admission is said to who is not admitted. Who dialled begins in
//! everything.

use std::io;
use std::sync::Arc;

use futures::io::BufReader;
use futures::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::timeout::{TransportTimeout, TransportTimeoutError};
use libp2p::core::transport::{Boxed, OptionalTransport};
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p::identity::Keypair;
use libp2p::{PeerId, Transport, noise, tcp, yamux};
use tokio::time::timeout;

use crate::admission::{NotAdmitted, Refusal, exchange};
use crate::cork::Cork;
use crate::deadman::Deadman;
use crate::gate::Gate;
use crate::key::PeerKey;
use crate::limits;
use crate::options::Options;

/// Bound into the key exchange, so that nothing but this product completes one.
const PROLOGUE: &[u8] = b"swarmlet/1";

/// What an admission needs to know of its node.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) keypair: Keypair,
    pub(crate) own: PeerKey,
}

/// All transports that are enabled as one, whose errors hold a [`NotAdmitted`] where there was one.
pub(crate) fn build(options: &Options, desk: &Desk) -> Boxed<(PeerId, StreamMuxerBox)> {
    let tcp = match options.tcp {
        true => OptionalTransport::some(build_tcp(options, desk.clone())),
        false => OptionalTransport::none(),
    };
    #[cfg(feature = "quic")]
    if options.quic {
        return tcp
            .or_transport(crate::quic::build(options, desk.clone()))
            .map(|either, _| either.into_inner())
            .map_err(|either| either.into_inner())
            .boxed();
    }
    tcp.boxed()
}

fn build_tcp(options: &Options, desk: Desk) -> Boxed<(PeerId, StreamMuxerBox)> {
    let dead_after = options.dead_after;
    let sockets = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    TransportTimeout::with_outgoing_timeout(sockets, limits::DIAL_TIME)
        .and_then(move |socket, point| {
            let socket = Deadman::new(socket, dead_after);
            let socket = BufReader::with_capacity(limits::SOCKET_READ_BYTES, socket);
            admit_tcp(socket, desk, point.is_dialer())
        })
        .map_err(|either| either.either(tcp_error, io::Error::other))
        .boxed()
}

async fn admit_tcp<S>(
    socket: S,
    desk: Desk,
    is_dialler: bool,
) -> Result<(PeerId, StreamMuxerBox), NotAdmitted>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut peer = None;
    let admission = async {
        let (id, stream) = encrypt(socket, &desk.keypair, is_dialler).await?;
        let key = authenticated(&id, &desk)?;
        peer = Some(key);
        let stream = exchange(stream, desk.gate.begin(desk.own, key, is_dialler)).await?;
        Ok((id, stream))
    };
    let (id, stream) = in_time(admission)
        .await
        .map_err(|source| NotAdmitted { peer, source })?;
    let mut config = yamux::Config::default();
    config.set_max_num_streams(limits::STREAMS_MAX);
    let muxer = match is_dialler {
        true => config.upgrade_outbound(Cork::new(stream), "").await,
        false => config.upgrade_inbound(Cork::new(stream), "").await,
    };
    let muxer = muxer.map_err(|error| NotAdmitted {
        peer,
        source: error.into(),
    })?;
    Ok((id, StreamMuxerBox::new(muxer)))
}

async fn encrypt<S>(
    socket: S,
    keypair: &Keypair,
    is_dialler: bool,
) -> Result<(PeerId, noise::Output<S>), Refusal>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let failed = |error: noise::Error| match error {
        // It passes over what it holds when asked for its source.
        noise::Error::Io(error) => error.into(),
        other => Refusal::Connection(other.into()),
    };
    let config = noise::Config::new(keypair)
        .map_err(failed)?
        .with_prologue(PROLOGUE.to_vec());
    match is_dialler {
        true => config.upgrade_outbound(socket, "").await,
        false => config.upgrade_inbound(socket, "").await,
    }
    .map_err(failed)
}

pub(crate) fn authenticated(id: &PeerId, desk: &Desk) -> Result<PeerKey, Refusal> {
    match PeerKey::of(id) {
        None => Err(Refusal::Key),
        Some(key) if key == desk.own => Err(Refusal::Oneself),
        Some(key) => Ok(key),
    }
}

pub(crate) async fn in_time<T>(
    admission: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    timeout(limits::ADMISSION_TIME, admission)
        .await
        .unwrap_or(Err(Refusal::Time))
}

fn tcp_error(error: TransportTimeoutError<io::Error>) -> io::Error {
    match error {
        TransportTimeoutError::Other(error) => error,
        late => io::Error::new(io::ErrorKind::TimedOut, late),
    }
}
