//! Callbacks of a feed: one at a time, on the one thread, and after the last one the listener is
//! dropped, which tells its user that it is not called any more.

use std::sync::{Arc, MutexGuard, PoisonError, Weak};

use swarmlet::ErrorKind;
use swarmlet_facade::{Failure, Readiness, Result, guarded};

use crate::callbacks;
use crate::failure::quiet;
use crate::feed::{Fed, Feed};

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

impl<S: Fed> Feed<S> {
    /// Tells a listener of everything from now on. There is one at most; it is made when nothing
    /// can go wrong any more.
    pub(crate) fn listen(
        self: &Arc<Self>,
        listener: impl FnOnce() -> Listener<S::Taken>,
    ) -> Result<()> {
        self.stream().check_own()?;
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
        self.stream().watch(watcher).map(drop)
    }

    /// On the thread of callbacks: tells what is there, once.
    fn tell(self: &Arc<Self>) {
        let Some(mut listener) = self.begin() else {
            return;
        };
        // Whoever frees the feed waits for the end of this: a panic must not pass it by.
        let goes_on = guarded("", || self.hear(&mut listener)).unwrap_or_else(|failure| {
            quiet((), || (listener.hear)(Heard::Failed(failure)));
            false
        });
        self.finish(listener, goes_on);
    }

    /// Tells what is there; whether more may come.
    fn hear(&self, listener: &mut Listener<S::Taken>) -> Result<bool> {
        let Some(heard) = self.found(listener.max)? else {
            return Ok(true);
        };
        let goes_on = matches!(heard, Heard::Taken(_));
        (listener.hear)(heard);
        Ok(goes_on)
    }

    fn found(&self, max: usize) -> Result<Option<Heard<S::Taken>>> {
        Ok(match self.stream().look()? {
            Readiness::Ready => self.source.take(max)?.map(Heard::Taken),
            Readiness::Ended => Some(Heard::Ended),
            Readiness::Waiting => None,
        })
    }

    fn begin(&self) -> Option<Listener<S::Taken>> {
        let mut phase = self.phase();
        match std::mem::replace(&mut *phase, Phase::Running { is_last: false }) {
            Phase::Idle(listener) => Some(listener),
            other => {
                *phase = other;
                None
            }
        }
    }

    fn finish(self: &Arc<Self>, listener: Listener<S::Taken>, goes_on: bool) {
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

    fn phase(&self) -> MutexGuard<'_, Phase<S::Taken>> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use swarmlet::{NewEvent, Options, Output, Payload, SubscribeOptions, Tags};
    use swarmlet_facade::{Follow, Node, open};

    use super::*;
    use crate::waiting::wait_for;

    const LIMIT: Duration = Duration::from_secs(60);

    /// Says when it is dropped.
    struct Gone(Sender<()>);

    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }

    /// A listener that cannot stand events, what it is told of them, and whether it is gone.
    fn panicking() -> (Listener<Vec<Output>>, Receiver<ErrorKind>, Receiver<()>) {
        let (told, hears) = channel();
        let (gone, goes) = channel();
        let gone = Gone(gone);
        let hear = move |heard| {
            let _ = &gone;
            match heard {
                Heard::Taken(_) => panic!("cannot be told"),
                Heard::Ended => {}
                Heard::Failed(failure) => told.send(failure.kind).unwrap(),
            }
        };
        let listener = Listener {
            max: 1,
            hear: Box::new(hear),
        };
        (listener, hears, goes)
    }

    fn publish(node: &Node) {
        let event = NewEvent {
            tags: Tags::new(["n"]).unwrap(),
            payload: Payload::from_serde(&7).unwrap(),
        };
        wait_for(|completion| node.publish(vec![event], completion)).unwrap();
    }

    #[test]
    fn a_listener_that_panics_is_told_so_and_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let node = wait_for(|completion| open(path, Options::default(), completion)).unwrap();
        let stream = node.subscribe("FROM 'n'", SubscribeOptions::default(), Follow::All);
        let feed = Feed::new(stream.unwrap());
        let (listener, hears, goes) = panicking();
        feed.listen(|| listener).unwrap();
        publish(&node);
        assert_eq!(hears.recv_timeout(LIMIT), Ok(ErrorKind::Internal));
        assert_eq!(goes.recv_timeout(LIMIT), Ok(()));
        let (closed, closes) = channel();
        std::thread::spawn(move || {
            feed.close();
            closed.send(()).unwrap();
        });
        assert_eq!(closes.recv_timeout(LIMIT), Ok(()));
        wait_for(|completion| node.close(completion)).unwrap();
    }
}
