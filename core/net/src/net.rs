//! The handle of a running node.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::driver::{Command, Driver};
use crate::endpoint::Endpoint;
use crate::error::NetError;
use crate::event::NetEvent;
use crate::gate::Gate;
use crate::key::PeerKey;
use crate::options::Options;

/// A running node. Cloned freely; when the last clone is dropped, everything stops.
///
/// ```
/// use std::sync::Arc;
/// use swarmlet_net::{Gate, Handshake, Net, NetEvent, Options, PeerKey, Step, Then};
///
/// /// Admits everybody without a word.
/// struct Open;
///
/// impl Gate for Open {
///     fn begin(&self, _: PeerKey, _: PeerKey, _: bool) -> Box<dyn Handshake> {
///         Box::new(Open)
///     }
///     fn label(&self) -> String {
///         "nothing-to-see".to_owned()
///     }
///     fn is_ours(&self, _: &str) -> bool {
///         false
///     }
/// }
///
/// impl Handshake for Open {
///     fn step(&mut self, _: Option<&[u8]>) -> Step {
///         Step { send: None, then: Then::Admit }
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let quiet = |seed| Options {
///     listen: vec!["tcp://127.0.0.1:0".parse().expect("it is an endpoint")],
///     mdns: false,
///     ..Options::new([seed; 32])
/// };
/// let (left, mut left_events) = Net::start(quiet(1), Arc::new(Open)).await?;
/// let (_right, mut right_events) = Net::start(quiet(2), Arc::new(Open)).await?;
/// _right.dial(left.listening()[0]);
///
/// let connected = |event| match event {
///     Some(NetEvent::Connected(link)) => Some(link),
///     _ => None,
/// };
/// let mut to_left = loop {
///     if let Some(link) = connected(right_events.recv().await) {
///         break link;
///     }
/// };
/// let mut to_right = loop {
///     if let Some(link) = connected(left_events.recv().await) {
///         break link;
///     }
/// };
/// to_left.sender.send(&["hello".into()]).await?;
/// assert_eq!(to_right.receiver.receive().await?.as_deref(), Some(b"hello".as_slice()));
/// left.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Net {
    own: PeerKey,
    announce: Arc<[Endpoint]>,
    listening: watch::Receiver<Vec<Endpoint>>,
    owner: Arc<Owner>,
}

/// Stops the driver when dropped.
struct Owner {
    commands: mpsc::UnboundedSender<Command>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        // An error says that it has stopped already.
        let _ = self.commands.send(Command::Stop);
    }
}

impl Net {
    /// Starts a node on the current tokio runtime, which needs its I/O and time enabled.
    ///
    /// Returns when it listens on every address asked for. The events must be taken: while many
    /// wait, nothing is accepted or dialled; when their receiver is dropped, the node stops.
    ///
    /// # Errors
    /// [`NetError::Options`], [`NetError::Listen`] or [`NetError::Discovery`]; nothing is left
    /// running.
    pub async fn start(
        options: Options,
        gate: Arc<dyn Gate>,
    ) -> Result<(Self, mpsc::Receiver<NetEvent>), NetError> {
        options.check()?;
        let (commands, inbox) = mpsc::unbounded_channel();
        let (listening_tx, listening) = watch::channel(Vec::new());
        let announce = options.announce.clone().into();
        let owner = Arc::new(Owner {
            commands: commands.clone(),
        });
        let mut driver = Driver::new(&options, gate, commands, listening_tx)?;
        driver.listen(&options.listen).await?;
        let own = driver.own();
        let (events_tx, events) = mpsc::channel(1);
        tokio::spawn(driver.run(inbox, events_tx));
        Ok((
            Self {
                own,
                announce,
                listening,
                owner,
            },
            events,
        ))
    }

    /// The key of this node.
    pub fn own(&self) -> PeerKey {
        self.own
    }

    /// The addresses listened on, with their ports; one of each network for an unspecified one.
    pub fn listening(&self) -> Vec<Endpoint> {
        self.listening.borrow().clone()
    }

    /// The addresses to tell to peers: [`Options::announce`], or where this node listens.
    pub fn announced(&self) -> Vec<Endpoint> {
        if self.announce.is_empty() {
            self.listening()
        } else {
            self.announce.to_vec()
        }
    }

    /// Dials a learnt address, soon and again if it fails, until it has failed for ten minutes.
    ///
    /// Does nothing if it is known already, or if too many are.
    pub fn dial(&self, endpoint: Endpoint) {
        self.command(Command::Dial(endpoint));
    }

    /// As [`Net::dial`], once and at once, however many connections there are.
    pub fn reach(&self, endpoint: Endpoint) {
        self.command(Command::Reach(endpoint));
    }

    /// As [`Net::disconnect`], and its addresses are dialled again only after a minute, unless
    /// they are to be reached.
    pub fn leave(&self, peer: PeerKey) {
        self.command(Command::Leave(peer));
    }

    /// Closes the connections to a peer at once: its link fails with [`NetError::Closed`].
    ///
    /// Its addresses stay known and are dialled again; to keep it away is for the gate.
    pub fn disconnect(&self, peer: PeerKey) {
        self.command(Command::Disconnect(peer));
    }

    /// Dials all addresses without a connection at once, as if none had ever failed, and starts
    /// the announcements anew. To be called when the device has changed networks.
    pub fn network_changed(&self) {
        self.command(Command::NetworkChanged);
    }

    /// Closes all connections and stops listening; done when that is done, within two seconds.
    pub async fn close(&self) {
        self.command(Command::Stop);
        self.owner.commands.closed().await;
    }

    fn command(&self, command: Command) {
        // A node that has stopped has nothing to do any more.
        let _ = self.owner.commands.send(command);
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Net({})", self.own)
    }
}
