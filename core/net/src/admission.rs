//! The exchange that comes before everything else on a new connection.
//!
//! Runs over an encrypted stream whose peer's key is authenticated, carries the messages of a
//! [`Handshake`] without reading them, and ends well only when both sides admitted each other.
//!
//! On the wire each side first sends one byte, the version of this exchange. Then come messages:
//! a u32 big-endian length, which counts what follows it, one byte for the kind, and the payload.
//! Kinds are 0 (a message of the handshake), 1 (this side admits) and 2 (this side refuses); the
//! latter two have no payload. Nothing is read beyond the last of them.

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use thiserror::Error;
use tokio::time::timeout;

use crate::gate::{Handshake, Then};
use crate::key::PeerKey;
use crate::limits;

const VERSION: u8 = 1;
const MESSAGE: u8 = 0;
const ADMIT: u8 = 1;
const REFUSE: u8 = 2;

/// Why a connection was not admitted.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    ByUs(String),
    #[error("it is over as it should be; another connection follows")]
    Parted,
    #[error("the peer refused without a reason")]
    ByPeer,
    #[error("the peer speaks version {0} of the admission, this node {VERSION}")]
    Version(u8),
    #[error("the peer broke the rules of the admission: {0}")]
    Rules(&'static str),
    #[error("no end of the admission within {} s", limits::ADMISSION_TIME.as_secs())]
    Time,
    #[error("the peer's key is not an ed25519 key")]
    Key,
    #[error("the address leads to this node itself, or to another one with the same key")]
    Oneself,
    /// Usually a superfluous connection, which the peer closed as soon as it could.
    #[error("the peer went away after it had been admitted")]
    Gone(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the connection failed during encryption or admission")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Connection(error.into())
    }
}

impl Refusal {
    /// Whether the peer did not say in time what it had to.
    pub(crate) fn is_late(&self) -> bool {
        match self {
            Self::Time => true,
            Self::Connection(error) => has_timed_out(error.as_ref()),
            _ => false,
        }
    }
}

fn has_timed_out(error: &(dyn std::error::Error + 'static)) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
        || error.source().is_some_and(has_timed_out)
}

/// A refusal, and of whom, on its way through libp2p's errors.
#[derive(Debug, Error)]
#[error("connection was not admitted")]
pub(crate) struct NotAdmitted {
    pub(crate) peer: Option<PeerKey>,
    pub(crate) source: Refusal,
}

/// Runs a handshake to its end.
pub(crate) async fn exchange<S>(stream: S, handshake: Box<dyn Handshake>) -> Result<S, Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut exchange = Exchange {
        stream,
        handshake,
        unsent: vec![VERSION],
        sent: 0,
        received: 0,
        is_admitting: false,
    };
    let outcome = exchange.run().await;
    if !outcome.as_ref().is_err_and(Refusal::is_late) {
        exchange.handshake.ended();
    }
    match outcome {
        Ok(()) => Ok(exchange.stream),
        Err(Refusal::Connection(error)) if exchange.is_admitting => Err(Refusal::Gone(error)),
        Err(refusal) => Err(refusal),
    }
}

struct Exchange<S> {
    stream: S,
    handshake: Box<dyn Handshake>,
    unsent: Vec<u8>,
    sent: usize,
    received: usize,
    is_admitting: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Exchange<S> {
    async fn run(&mut self) -> Result<(), Refusal> {
        self.step(None).await?;
        self.receive_version().await?;
        let mut is_admitted = false;
        while !(self.is_admitting && is_admitted) {
            match self.receive().await? {
                (ADMIT, payload) if payload.is_empty() => is_admitted = true,
                (REFUSE, _) => return Err(Refusal::ByPeer),
                (MESSAGE, payload) if !is_admitted || !self.is_admitting => {
                    self.step(Some(&payload)).await?;
                }
                _ => return Err(Refusal::Rules("unknown kind of message")),
            }
        }
        Ok(())
    }

    async fn step(&mut self, received: Option<&[u8]>) -> Result<(), Refusal> {
        let step = self.handshake.step(received);
        if let Some(message) = step.send {
            self.sent += 1;
            let bytes = message.len();
            if self.sent > limits::ADMISSION_MESSAGES_MAX
                || bytes > limits::ADMISSION_MESSAGE_BYTES_MAX
            {
                let reason = format!("own message {} of {bytes} bytes is too much", self.sent);
                return Err(Refusal::ByUs(reason));
            }
            self.queue(MESSAGE, &message);
        }
        match step.then {
            Then::Admit if !self.is_admitting => {
                self.is_admitting = true;
                self.queue(ADMIT, &[]);
            }
            Then::Receive | Then::Admit => {}
            Then::Refuse(reason) => return Err(self.refuse(Refusal::ByUs(reason)).await),
            Then::Part => return Err(self.refuse(Refusal::Parted).await),
        }
        self.flush().await?;
        Ok(())
    }

    /// Closes the connection once the peer has been told; why, for this node.
    async fn refuse(&mut self, why: Refusal) -> Refusal {
        self.queue(REFUSE, &[]);
        self.part().await;
        why
    }

    fn queue(&mut self, kind: u8, payload: &[u8]) {
        let length = u32::try_from(payload.len() + 1).expect("messages are bounded to 32 KiB");
        self.unsent.extend_from_slice(&length.to_be_bytes());
        self.unsent.push(kind);
        self.unsent.extend_from_slice(payload);
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.unsent).await?;
        self.unsent.clear();
        self.stream.flush().await
    }

    async fn receive_version(&mut self) -> Result<(), Refusal> {
        let mut version = [0];
        self.stream.read_exact(&mut version).await?;
        if version == [VERSION] {
            Ok(())
        } else {
            Err(Refusal::Version(version[0]))
        }
    }

    async fn receive(&mut self) -> Result<(u8, Vec<u8>), Refusal> {
        self.received += 1;
        // One more than the messages, for the verdict.
        if self.received > limits::ADMISSION_MESSAGES_MAX + 1 {
            return Err(Refusal::Rules("too many messages"));
        }
        let mut head = [0; 5];
        self.stream.read_exact(&mut head).await?;
        let [a, b, c, d, kind] = head;
        let length = u32::from_be_bytes([a, b, c, d]);
        let bytes = usize::try_from(length).unwrap_or(usize::MAX);
        if bytes == 0 || bytes > limits::ADMISSION_MESSAGE_BYTES_MAX + 1 {
            return Err(Refusal::Rules("a message is empty or too large"));
        }
        let mut payload = vec![0; bytes - 1];
        self.stream.read_exact(&mut payload).await?;
        Ok((kind, payload))
    }

    /// Sends what is left and waits for the peer to go, since closing a connection with unread
    /// bytes can destroy what the peer has not read yet: the reason.
    async fn part(&mut self) {
        let farewell = async {
            self.flush().await?;
            self.stream.close().await?;
            let mut buffer = [0; 1024];
            let mut bytes = 0;
            while bytes < limits::ADMISSION_LINGER_BYTES {
                match self.stream.read(&mut buffer).await? {
                    0 => break,
                    read => bytes += read,
                }
            }
            io::Result::Ok(())
        };
        // Whether the peer reads it is its own affair.
        let _ = timeout(limits::ADMISSION_LINGER, farewell).await;
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join;
    use tokio_duplex::duplex;

    use super::*;
    use crate::gate::Step;

    /// Two ends of a pipe, as futures streams.
    mod tokio_duplex {
        use std::io;
        use std::pin::Pin;
        use std::task::{Context, Poll};

        use futures::channel::mpsc;
        use futures::stream::TryStreamExt;
        use futures::{AsyncRead, AsyncWrite, Stream};

        pub(super) struct End {
            receive: futures::stream::IntoAsyncRead<Chunks>,
            send: mpsc::UnboundedSender<Vec<u8>>,
        }

        struct Chunks(mpsc::UnboundedReceiver<Vec<u8>>);

        impl Stream for Chunks {
            type Item = io::Result<Vec<u8>>;

            fn poll_next(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<Option<Self::Item>> {
                Pin::new(&mut self.0)
                    .poll_next(cx)
                    .map(|chunk| chunk.map(Ok))
            }
        }

        pub(super) fn duplex() -> (End, End) {
            let (left_tx, left_rx) = mpsc::unbounded();
            let (right_tx, right_rx) = mpsc::unbounded();
            let end = |rx, send| End {
                receive: Chunks(rx).into_async_read(),
                send,
            };
            (end(left_rx, right_tx), end(right_rx, left_tx))
        }

        impl AsyncRead for End {
            fn poll_read(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.receive).poll_read(cx, buffer)
            }
        }

        impl AsyncWrite for End {
            fn poll_write(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
                buffer: &[u8],
            ) -> Poll<io::Result<usize>> {
                let sent = self.send.unbounded_send(buffer.to_vec());
                Poll::Ready(sent.map(|()| buffer.len()).map_err(io::Error::other))
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.send.close_channel();
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Follows a list of steps and notes what it received.
    struct Script(Vec<Step>);

    impl Handshake for Script {
        fn step(&mut self, _: Option<&[u8]>) -> Step {
            self.0.remove(0)
        }
    }

    fn step(send: Option<&str>, then: Then) -> Step {
        Step {
            send: send.map(|text| text.as_bytes().to_vec()),
            then,
        }
    }

    async fn meet(left: Vec<Step>, right: Vec<Step>) -> (Result<(), Refusal>, Result<(), Refusal>) {
        let (left_end, right_end) = duplex();
        let (left, right) = join(
            exchange(left_end, Box::new(Script(left))),
            exchange(right_end, Box::new(Script(right))),
        )
        .await;
        (left.map(drop), right.map(drop))
    }

    #[tokio::test]
    async fn both_admit() {
        let left = vec![step(Some("who"), Then::Receive), step(None, Then::Admit)];
        let right = vec![step(None, Then::Receive), step(Some("me"), Then::Admit)];
        let (left, right) = meet(left, right).await;
        left.unwrap();
        right.unwrap();
    }

    #[tokio::test]
    async fn one_who_admitted_hears_why_the_other_does_not() {
        let told = Then::Refuse("told: no".to_owned());
        let left = vec![step(Some("me"), Then::Admit), step(None, told)];
        let right = vec![
            step(None, Then::Receive),
            step(Some("no"), Then::Refuse("do not like it".to_owned())),
        ];
        let (left, right) = meet(left, right).await;
        assert_eq!(left.unwrap_err().to_string(), "told: no");
        assert_eq!(right.unwrap_err().to_string(), "do not like it");
    }

    #[tokio::test]
    async fn who_parts_is_not_refused() {
        let left = vec![step(Some("come again"), Then::Part)];
        let right = vec![step(None, Then::Receive), step(None, Then::Part)];
        let (left, right) = meet(left, right).await;
        assert!(matches!(left, Err(Refusal::Parted)));
        assert!(matches!(right, Err(Refusal::Parted)));
    }

    #[tokio::test]
    async fn refusal_without_a_message_is_one_too() {
        let left = vec![step(None, Then::Admit)];
        let right = vec![step(None, Then::Refuse(String::new()))];
        assert!(matches!(meet(left, right).await.0, Err(Refusal::ByPeer)));
    }

    #[tokio::test]
    async fn own_message_one_byte_too_large_is_not_sent() {
        let large = "x".repeat(limits::ADMISSION_MESSAGE_BYTES_MAX + 1);
        let (left, _right) = duplex();
        let script = vec![step(Some(&large), Then::Admit)];
        let refused = exchange(left, Box::new(Script(script))).await;
        assert!(matches!(refused, Err(Refusal::ByUs(_))));
    }

    #[tokio::test]
    async fn wrong_bytes_break_the_rules() {
        for (bytes, expected) in [
            (vec![9], "version 9"),
            (vec![1, 0, 0, 0, 0, 0], "empty or too large"),
            (vec![1, 255, 0, 0, 0, 0], "empty or too large"),
            (vec![1, 0, 0, 0, 1, 7], "unknown kind"),
        ] {
            let (left, mut right) = duplex();
            right.write_all(&bytes).await.unwrap();
            let script = vec![step(None, Then::Receive)];
            let Err(refusal) = exchange(left, Box::new(Script(script))).await else {
                panic!("admitted after {bytes:?}");
            };
            assert!(refusal.to_string().contains(expected), "{refusal}");
        }
    }

    /// Waits for what never comes, and tells if it hears of the end.
    struct Patient(std::sync::mpsc::Sender<()>);

    impl Handshake for Patient {
        fn step(&mut self, _: Option<&[u8]>) -> Step {
            step(None, Then::Receive)
        }

        fn ended(&mut self) {
            self.0.send(()).unwrap();
        }
    }

    #[tokio::test]
    async fn a_handshake_hears_of_its_end_unless_the_peer_is_late() {
        let (ended, endings) = std::sync::mpsc::channel();
        let (left, right) = duplex();
        drop(right);
        let broken = exchange(left, Box::new(Patient(ended.clone()))).await;
        assert!(broken.is_err_and(|refusal| !refusal.is_late()));
        assert!(endings.try_recv().is_ok());

        let (left, mut right) = duplex();
        right.write_all(&[VERSION]).await.unwrap();
        let handshake = Box::new(Patient(ended));
        assert!(timeout(SHORT, exchange(left, handshake)).await.is_err());
        assert!(endings.try_recv().is_err());

        assert!(Refusal::Time.is_late());
        let silence = io::Error::from(io::ErrorKind::TimedOut);
        assert!(Refusal::from(silence).is_late());
    }

    const SHORT: std::time::Duration = std::time::Duration::from_millis(10);
}
