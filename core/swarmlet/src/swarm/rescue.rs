//! Rescue: publishing again, in streams of the current incarnation, what this device wrote into a
//! stream of which others have another branch. So nothing of a cloned device is lost.
//!
//! What is to be done is kept before it is begun, and how far it is after each commit: a power loss
//! in between has some events published twice, none not at all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use swarmlet_engine::event::{Offset, StreamId};
use swarmlet_engine::{Error, ErrorKind, Result};

use super::branches::{Branch, Branches};
use super::gatehouse::Gatehouse;
use super::vault::Kept;
use crate::state::State;
use crate::writer::Writer;

/// Publishes branches again, on a thread of its own while there is one.
#[derive(Debug)]
pub(super) struct Rescuer {
    house: Arc<Gatehouse>,
    state: Arc<State>,
    branches: Mutex<Option<Branches>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Rescuer {
    pub(super) fn new(house: Arc<Gatehouse>, state: Arc<State>) -> Self {
        Self {
            house,
            state,
            branches: Mutex::new(None),
            thread: Mutex::new(None),
        }
    }

    /// Others have another branch of `stream` from `from` on.
    pub(super) fn add(self: &Arc<Self>, writer: &Arc<Writer>, stream: StreamId, from: Offset) {
        let added = self.check_left(stream);
        let added = added.and_then(|()| self.change(|branches| branches.add(stream.number, from)));
        if let Err(error) = added {
            // Whoever has the other branch will say so again.
            tracing::error!(%error, %stream, "a branch cannot be published again");
            return;
        }
        self.resume(writer);
    }

    /// Goes on with what is left, if there is something.
    pub(super) fn resume(self: &Arc<Self>, writer: &Arc<Writer>) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) || !self.has_work() {
            return;
        }
        let (rescuer, writer) = (self.clone(), writer.clone());
        let run = move || {
            if let Err(error) = rescuer.run(&writer)
                && error.kind() != ErrorKind::Closed
            {
                tracing::error!(%error, "a branch is not published again yet");
            }
        };
        let builder = std::thread::Builder::new().name("swarmlet-rescue".into());
        match builder.spawn(run) {
            Ok(started) => *thread = Some(started),
            Err(error) => tracing::error!(%error, "a branch is not published again yet"),
        }
    }

    /// Waits for the thread, which ends when the node closes.
    pub(super) fn join(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let ended = thread.join();
            debug_assert!(ended.is_ok(), "the rescue thread does not panic");
        }
    }

    /// A branch of a stream that is written still would have no end.
    fn check_left(&self, stream: StreamId) -> Result<()> {
        if self.house.incarnation()?.has(stream.number) {
            let message = "the stream is written still, as no new incarnation was begun";
            return Err(Error::new(ErrorKind::Storage, message));
        }
        Ok(())
    }

    fn run(&self, writer: &Writer) -> Result<()> {
        while let Some(branch) = self.look(Branches::next)? {
            match self.publish_again(writer, branch)? {
                Some(last) => self.change(|branches| branches.advance(branch, last))?,
                None => self.change(|branches| branches.finish(branch))?,
            }
        }
        Ok(())
    }

    /// Publishes some events of a branch again; the last offset, or nothing if none is left.
    fn publish_again(&self, writer: &Writer, branch: Branch) -> Result<Option<Offset>> {
        let stream = StreamId::new(self.state.id, branch.number);
        let again = {
            let log = self.state.log()?;
            let head = log.head(stream).map(|head| head.last);
            match branch.end.or(head).filter(|last| *last >= branch.next) {
                Some(last) => log.read_again(stream, branch.next, last)?,
                None => None,
            }
        };
        let Some((publish, last)) = again else {
            return Ok(None);
        };
        let app = self.state.recorders.apps.of(publish.app_id());
        writer.publish_blocking(publish, &app)?;
        Ok(Some(last))
    }

    fn has_work(&self) -> bool {
        let next = self.look(Branches::next);
        next.is_ok_and(|next| next.is_some())
    }

    fn look<T>(&self, look: impl FnOnce(&Branches) -> T) -> Result<T> {
        let mut branches = self.lock();
        self.load(&mut branches).map(look)
    }

    /// Changes what is to be done; durable when it returns.
    fn change(&self, change: impl FnOnce(&mut Branches)) -> Result<()> {
        let mut branches = self.lock();
        let mut changed = self.load(&mut branches)?.clone();
        change(&mut changed);
        self.house
            .keep_for_later(Kept::Branches, changed.encode())?;
        *branches = Some(changed);
        Ok(())
    }

    fn load<'a>(&self, branches: &'a mut Option<Branches>) -> Result<&'a Branches> {
        if branches.is_none() {
            let bytes = self.house.recall(Kept::Branches)?;
            let damaged = |_| Error::corrupt("the list of branches cannot be read");
            *branches = Some(Branches::decode(&bytes).map_err(damaged)?);
        }
        Ok(branches.as_ref().expect("it was just loaded"))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Branches>> {
        self.branches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
