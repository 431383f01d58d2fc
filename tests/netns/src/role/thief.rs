//! A device with a copied certificate: it knows the swarm and speaks its language, but does not
//! have the key that the certificate belongs to. It is no node, since no node would do this.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use redb::{Database, ReadableDatabase, TableDefinition};
use swarmlet_engine::event::{DeviceKey, NodeId, Signer};
use swarmlet_engine::membership::{
    Authority, Chain, Door, Handshake, Revocations, RootSet, Then, TimeFloor,
};
use swarmlet_net::{self as net, Link, Net, NetEvent, PeerKey};

use super::random::Random;
use crate::orders::{Guise, Loot};

/// A thief at work, until the process ends.
pub(super) struct Thief {
    loot: Arc<Mutex<Loot>>,
}

impl Thief {
    /// Goes at `peers` with the certificate that `folder` holds.
    pub(super) fn start(folder: &Path, peers: &[String], guise: Guise) -> Result<Self> {
        let mut random = Random::new()?;
        let papers = Papers {
            roots: read(folder, "root set", |bytes| RootSet::decode(bytes).ok())?,
            chain: read(folder, "chain", |bytes| Chain::decode(bytes).ok())?,
            key: DeviceKey::from_seed(&random.array()),
            guise,
        };
        let peers: Result<_, _> = peers.iter().map(|peer| peer.parse()).collect();
        let options = net::Options {
            peers: peers?,
            ..net::Options::new(random.array())
        };
        let loot = Arc::new(Mutex::new(Loot::default()));
        let bag = Arc::clone(&loot);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::spawn(move || runtime.block_on(work(options, papers, bag)));
        Ok(Self { loot })
    }

    pub(super) fn loot(&self) -> Loot {
        lock(&self.loot).clone()
    }
}

/// Something that a node keeps in its folder, as the vault of the node writes it.
fn read<T>(folder: &Path, name: &str, decode: impl Fn(&[u8]) -> Option<T>) -> Result<T> {
    let database = Database::open(folder.join("local.redb"))?;
    let table = database.begin_read()?.open_table(TABLE)?;
    let value = table.get(name)?.context("the folder is in no swarm")?;
    decode(value.value()).with_context(|| format!("the {name} cannot be read"))
}

async fn work(options: net::Options, papers: Papers, loot: Arc<Mutex<Loot>>) -> Result<()> {
    let (_net, mut events) = Net::start(options, Arc::new(ThiefGate(Arc::new(papers)))).await?;
    while let Some(event) = events.recv().await {
        match event {
            NetEvent::Connected(link) => {
                lock(&loot).admissions += 1;
                tokio::spawn(carry_away(link, Arc::clone(&loot)));
            }
            NetEvent::Refused { reason, .. } => {
                let refusals = &mut lock(&loot).refusals;
                if !refusals.contains(&reason) {
                    refusals.push(reason);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

async fn carry_away(mut link: Link, loot: Arc<Mutex<Loot>>) {
    while let Ok(Some(_)) = link.receiver.receive().await {
        lock(&loot).frames += 1;
    }
}

fn lock(loot: &Mutex<Loot>) -> std::sync::MutexGuard<'_, Loot> {
    loot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thief shows and what it really has.
struct Papers {
    roots: RootSet,
    chain: Chain,
    key: DeviceKey,
    guise: Guise,
}

struct ThiefGate(Arc<Papers>);

impl net::Gate for ThiefGate {
    fn begin(&self, own: PeerKey, peer: PeerKey, _: bool) -> Box<dyn net::Handshake> {
        Box::new(Attempt {
            papers: Arc::clone(&self.0),
            ends: (own, peer),
            handshake: None,
        })
    }

    fn label(&self) -> String {
        "nothing-to-see".to_owned()
    }

    fn is_ours(&self, _: &str) -> bool {
        false
    }
}

/// One try to be let in.
struct Attempt {
    papers: Arc<Papers>,
    ends: (PeerKey, PeerKey),
    handshake: Option<Handshake>,
}

impl net::Handshake for Attempt {
    fn step(&mut self, received: Option<&[u8]>) -> net::Step {
        match (received, self.handshake.is_some()) {
            (None, _) => net::Step {
                send: Some(self.introduction()),
                then: net::Then::Receive,
            },
            (Some(introduction), false) => self.begin(introduction),
            (message, true) => self.go_on(message),
        }
    }
}

impl Attempt {
    fn introduction(&self) -> Vec<u8> {
        let (own, peer) = self.ends;
        let message = [INTRODUCTION, own.as_bytes(), peer.as_bytes()].concat();
        let claimed = match self.papers.guise {
            Guise::Oneself => self.papers.key.node_id(),
            Guise::Owner => self.papers.chain.device(),
        };
        let signature = self.papers.key.sign(&message);
        [claimed.as_bytes().as_slice(), signature.as_bytes()].concat()
    }

    fn begin(&mut self, introduction: &[u8]) -> net::Step {
        let node = introduction
            .first_chunk()
            .map(|bytes| NodeId::from_bytes(*bytes));
        let Some(node) = node else {
            return refuse("no introduction");
        };
        self.handshake = Some(Handshake::new(node, self.papers.chain.clone()));
        self.go_on(None)
    }

    fn go_on(&mut self, message: Option<&[u8]>) -> net::Step {
        let Some(handshake) = &mut self.handshake else {
            return refuse("nothing was said yet");
        };
        let roots = self.papers.roots.clone();
        let authority = Authority::new(roots, Revocations::new(), TimeFloor::default());
        let door = Door {
            authority: &authority,
            registrar: None,
            signer: &self.papers.key,
            wall_secs: 0,
            random: [0; 32],
        };
        let judged = handshake.step(message, door);
        let then = match judged.then {
            Then::Receive => net::Then::Receive,
            Then::Admit(_) => net::Then::Admit,
            Then::Refuse(denial) => net::Then::Refuse(denial.text().to_owned()),
            _ => net::Then::Refuse("a thief does not join".to_owned()),
        };
        net::Step {
            send: judged.send,
            then,
        }
    }
}

fn refuse(why: &str) -> net::Step {
    net::Step {
        send: None,
        then: net::Then::Refuse(why.to_owned()),
    }
}

const INTRODUCTION: &[u8] = b"swarmlet/connection/1";
const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("swarm");
