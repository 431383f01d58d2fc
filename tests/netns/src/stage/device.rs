//! A device at a host, and the verbs that scenarios are told with.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ChildStdout;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::network::Host;
use super::process::{Process, read_line};
use super::wait::PATIENCE;
use crate::ack::Ack;
use crate::orders::{Line, Opening, Order, Standing};

/// The last offset of each stream.
pub(crate) type Offsets = BTreeMap<String, u64>;

/// A process that has a data folder, or is about to make one.
pub(crate) struct Device<'a> {
    host: &'a Host<'a>,
    folder: PathBuf,
    session: Session,
    /// What was acknowledged to it, in all its lives.
    acked: Arc<Mutex<BTreeSet<Ack>>>,
}

/// One life of it.
struct Session {
    process: Process,
    answers: Receiver<Result<Value, String>>,
    reader: JoinHandle<()>,
}

impl<'a> Device<'a> {
    pub(super) fn new(host: &'a Host<'a>, folder: PathBuf) -> Result<Self> {
        let acked = Arc::default();
        Ok(Self {
            host,
            folder,
            session: Session::start(host, &acked)?,
            acked,
        })
    }

    /// Its host.
    pub(crate) fn host(&self) -> &'a Host<'a> {
        self.host
    }

    /// Its data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens its node; its identity.
    pub(crate) fn open(&mut self, opening: Opening) -> Result<String> {
        self.begin_open(opening)?;
        self.answer()
    }

    /// As [`Device::open`], without waiting for the answer.
    pub(crate) fn begin_open(&mut self, opening: Opening) -> Result<()> {
        let folder = self.folder.clone();
        self.begin(&Order::Open { folder, opening })
    }

    /// Joins the swarm of an issuer that invites it.
    pub(crate) fn join(&mut self, issuer: &mut Device<'_>) -> Result<()> {
        let invite = issuer.ask(&Order::Invite)?;
        self.ask(&Order::Join { invite })
    }

    /// Publishes so many events of so many random bytes.
    pub(crate) fn publish(&mut self, events: usize, bytes: usize) -> Result<()> {
        let acks: Vec<Ack> = self.ask(&Order::Publish { events, bytes })?;
        lock(&self.acked).extend(acks);
        Ok(())
    }

    /// What was acknowledged to it up to now.
    pub(crate) fn acked(&self) -> BTreeSet<Ack> {
        lock(&self.acked).clone()
    }

    /// Waits until it has everything that `offsets` names.
    pub(crate) fn await_present(&mut self, offsets: &Offsets) -> Result<()> {
        let offsets = offsets.clone();
        self.ask(&Order::AwaitPresent { offsets })
    }

    /// How far it is.
    pub(crate) fn present(&mut self) -> Result<Offsets> {
        self.ask(&Order::Present)
    }

    /// How it stands in the swarm.
    pub(crate) fn standing(&mut self) -> Result<Standing> {
        self.ask(&Order::Status)
    }

    /// All its events.
    pub(crate) fn events(&mut self) -> Result<BTreeSet<Ack>> {
        let events: Vec<Ack> = self.ask(&Order::Events)?;
        Ok(events.into_iter().collect())
    }

    /// Gives an order, and waits for the answer.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, order: &Order) -> Result<T> {
        self.begin(order)?;
        self.answer().with_context(|| order.name())
    }

    /// Gives an order.
    pub(crate) fn begin(&mut self, order: &Order) -> Result<()> {
        self.session.process.tell(&serde_json::to_string(order)?)
    }

    /// The answer to the oldest order without one.
    pub(crate) fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let answer = self.session.answers.recv_timeout(PATIENCE + PATIENCE / 4);
        let answer = answer.context("the process does not answer any more")?;
        let value = answer.map_err(|said| anyhow!("{said}"))?;
        Ok(serde_json::from_value(value)?)
    }

    /// Kills its process with signal 9, and starts another one with the same folder; no node is
    /// open in it yet.
    pub(crate) fn kill_and_start(&mut self) -> Result<()> {
        let next = Session::start(self.host, &self.acked)?;
        let killed = std::mem::replace(&mut self.session, next);
        killed.process.kill();
        // Whatever it had still said is known then.
        killed
            .reader
            .join()
            .map_err(|_| anyhow!("a reader has panicked"))
    }
}

impl Session {
    fn start(host: &Host<'_>, acked: &Arc<Mutex<BTreeSet<Ack>>>) -> Result<Self> {
        let (process, output) = Process::start(host, &["node"])?;
        let (tx, answers) = channel();
        let acked = Arc::clone(acked);
        let reader = std::thread::spawn(move || read(output, &tx, &acked));
        Ok(Self {
            process,
            answers,
            reader,
        })
    }
}

/// Reads whole lines until there are no more; what is cut off was not said.
fn read(
    mut output: BufReader<ChildStdout>,
    answers: &Sender<Result<Value, String>>,
    acked: &Mutex<BTreeSet<Ack>>,
) {
    while let Ok(text) = read_line(&mut output) {
        let answer = match serde_json::from_str(&text) {
            Ok(Line::Acked(acks)) => {
                lock(acked).extend(acks);
                continue;
            }
            Ok(Line::Done(value)) => Ok(value),
            Ok(Line::Failed(said)) => Err(said),
            Err(error) => Err(format!("{error}: {text}")),
        };
        if answers.send(answer).is_err() {
            return;
        }
    }
}

fn lock(acked: &Mutex<BTreeSet<Ack>>) -> std::sync::MutexGuard<'_, BTreeSet<Ack>> {
    acked.lock().unwrap_or_else(PoisonError::into_inner)
}
