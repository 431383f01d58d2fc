//! Callbacks of a feed: one at a time, on the one thread, and after the last one the listener is
//! dropped, which tells its user that it is not called any more.

use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use swarmlet::ErrorKind;
use swarmlet_facade::{Buffer, Failure, Readiness, Result, Stream};

use crate::callbacks;
use crate::feed::{Feed, Take, Taken};

/// What a listener is told.
pub(crate) enum Heard<T> {
    /// Something came.
    Taken(T),
    /// Nothing will come any more.
    Ended,
    /// It broke off.
    Failed(Failure),
}

/// Who is told. Dropped after the last time.
pub(crate) struct Listener<T> {
    pub(crate) max: usize,
    pub(crate) hear: Box<dyn FnMut(Heard<T>) + Send>,
}

/// Where the listening of a feed is.
#[derive(Default)]
pub(crate) enum Phase<T> {
    /// Nobody listens, or not yet.
    #[default]
    Unheard,
    /// The listener waits for its next call.
    Idle(Listener<T>),
    /// It is being called; the flag says that this is the last time.
    Running { is_last: bool },
    /// It was dropped.
    Over,
}

impl<B: Buffer> Feed<B>
where
    Stream<B>: Take,
{
    /// Tells a listener of everything from now on. There is one at most; it is made when nothing
    /// can go wrong any more.
    pub(crate) fn listen(
        self: &Arc<Self>,
        listener: impl FnOnce() -> Listener<Taken<B>>,
    ) -> Result<()> {
        self.stream.check_own()?;
        callbacks::start()?;
        {
            let mut phase = self.phase();
            if !matches!(*phase, Phase::Unheard) {
                let message = "there is a callback already";
                return Err(Failure::new(ErrorKind::AlreadyExists, "", message));
            }
            *phase = Phase::Idle(listener());
        }
        self.expect()
    }

    /// Nobody is told any more: after this returns the listener is gone, unless this was called by
    /// the listener itself, which is then gone after it returns.
    pub(crate) fn stop_listening(&self) {
        let mut phase = self.phase();
        loop {
            match std::mem::replace(&mut *phase, Phase::Over) {
                Phase::Running { .. } => {
                    *phase = Phase::Running { is_last: true };
                    if callbacks::is_here() {
                        return;
                    }
                    let waited = self.quiet.wait(phase);
                    phase = waited.unwrap_or_else(PoisonError::into_inner);
                }
                gone @ (Phase::Unheard | Phase::Idle(_) | Phase::Over) => {
                    drop(phase);
                    return drop(gone);
                }
            }
        }
    }

    /// Has the next thing told when it is there.
    fn expect(self: &Arc<Self>) -> Result<()> {
        let weak = Arc::downgrade(self);
        let watcher = Box::new(move || {
            callbacks::post(Box::new(move || {
                if let Some(feed) = Weak::upgrade(&weak) {
                    feed.tell();
                }
            }));
        });
        self.stream.watch(watcher).map(drop)
    }

    /// On the thread of callbacks: tells what is there, once.
    fn tell(self: &Arc<Self>) {
        let Some(mut listener) = self.begin() else {
            return;
        };
        let goes_on = match self.found(listener.max) {
            Ok(None) => true,
            Ok(Some(heard)) => {
                let goes_on = matches!(heard, Heard::Taken(_));
                (listener.hear)(heard);
                goes_on
            }
            Err(failure) => {
                (listener.hear)(Heard::Failed(failure));
                false
            }
        };
        self.finish(listener, goes_on);
    }

    fn found(&self, max: usize) -> Result<Option<Heard<Taken<B>>>> {
        Ok(match self.stream.look()? {
            Readiness::Ready => Take::take(&self.stream, max)?.map(Heard::Taken),
            Readiness::Ended => Some(Heard::Ended),
            Readiness::Waiting => None,
        })
    }

    fn begin(&self) -> Option<Listener<Taken<B>>> {
        let mut phase = self.phase();
        match std::mem::replace(&mut *phase, Phase::Running { is_last: false }) {
            Phase::Idle(listener) => Some(listener),
            other => {
                *phase = other;
                None
            }
        }
    }

    fn finish(self: &Arc<Self>, listener: Listener<Taken<B>>, goes_on: bool) {
        let gone = {
            let mut phase = self.phase();
            if goes_on && matches!(*phase, Phase::Running { is_last: false }) {
                *phase = Phase::Idle(listener);
                None
            } else {
                Some(listener)
            }
        };
        if gone.is_none() {
            // It fails in a forked child only, which has no thread of callbacks to be here.
            let _ = self.expect();
            return;
        }
        // First the user is told, then whoever waits for that.
        drop(gone);
        *self.phase() = Phase::Over;
        self.quiet.notify_all();
    }

    fn phase(&self) -> MutexGuard<'_, Phase<Taken<B>>> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
