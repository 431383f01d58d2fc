//! QUIC: its own encryption and dead man's timer, admission on the first stream.
//!
//! The dialler opens that stream; libp2p sees the connection only after it.

use std::future::poll_fn;
use std::io;

use futures::AsyncWriteExt;
use libp2p::core::muxing::{StreamMuxerBox, StreamMuxerExt};
use libp2p::core::transport::Boxed;
use libp2p::{PeerId, Transport, quic};

use crate::admission::{NotAdmitted, Refusal, exchange};
use crate::limits;
use crate::options::Options;
use crate::transport::{Desk, authenticated, in_time};

/// The transport, whose errors hold a [`NotAdmitted`] where there was one.
pub(crate) fn build(options: &Options, desk: Desk) -> Boxed<(PeerId, StreamMuxerBox)> {
    let mut config = quic::Config::new(&desk.keypair);
    config.handshake_timeout = limits::DIAL_TIME;
    config.max_idle_timeout = u32::try_from(options.dead_after.as_millis()).unwrap_or(u32::MAX);
    config.keep_alive_interval = options.pulse_every();
    config.max_concurrent_stream_limit = limits::STREAMS_MAX as u32;
    config.max_stream_data = limits::QUIC_STREAM_BYTES;
    config.max_connection_data = limits::QUIC_CONNECTION_BYTES;
    quic::tokio::Transport::new(config)
        .and_then(move |(id, connection), point| admit(id, connection, desk, point.is_dialer()))
        .map_err(|either| either.either(quic_error, io::Error::other))
        .boxed()
}

async fn admit(
    id: PeerId,
    mut connection: quic::Connection,
    desk: Desk,
    is_dialler: bool,
) -> Result<(PeerId, StreamMuxerBox), NotAdmitted> {
    let mut peer = None;
    let admission = async {
        let key = authenticated(&id, &desk)?;
        peer = Some(key);
        let stream = match is_dialler {
            true => poll_fn(|cx| connection.poll_outbound_unpin(cx)).await,
            false => poll_fn(|cx| connection.poll_inbound_unpin(cx)).await,
        };
        let stream = stream.map_err(|error| Refusal::Connection(error.into()))?;
        let handshake = desk.gate.begin(desk.own, key, is_dialler);
        exchange(stream, handshake).await?.close().await?;
        Ok(())
    };
    in_time(admission)
        .await
        .map_err(|source| NotAdmitted { peer, source })?;
    Ok((id, StreamMuxerBox::new(connection)))
}

fn quic_error(error: quic::Error) -> io::Error {
    match error {
        quic::Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
