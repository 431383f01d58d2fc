//! The exchange of blobs, as the sync thread drives it: what it says goes over the connections of
//! sync, what it wants of the disk to the worker, which has a thread of its own.

use std::collections::VecDeque;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use swarmlet_engine::blobs::BlobId;
use swarmlet_engine::blobs::exchange::{Exchange, Input, Output};
use swarmlet_engine::event::NodeId;
use swarmlet_engine::sync::SessionId;
use swarmlet_engine::{Error, Result};
use tokio::sync::mpsc;

use super::happening::Happening;
use super::thread::Shared;
use crate::blobs::{BlobWorker, Job};
use crate::limits::BLOBS_WAKE_PERIOD;

/// The exchange and its worker.
pub(super) struct BlobSide {
    exchange: Exchange,
    /// What has happened to it, and what came of that: each is carried out before the next.
    inputs: VecDeque<Input>,
    outputs: VecDeque<Output>,
    /// What the worker is to be asked, and where. It is asked for all of it at once: waking a
    /// thread takes as long as hashing a piece.
    asked: Vec<Job>,
    jobs: mpsc::UnboundedSender<Vec<Job>>,
    worker: Option<JoinHandle<()>>,
    /// The position of the log when the worker was asked last to look for records.
    looked_at: Option<u64>,
    /// When it was told last that what nobody had may be had now.
    woken: Duration,
}

/// What the sync thread is to do.
pub(super) enum Passed {
    Send {
        session: SessionId,
        frame: Bytes,
    },
    Close {
        session: SessionId,
        what: &'static str,
    },
    Lied {
        peer: NodeId,
        blob: BlobId,
    },
}

impl BlobSide {
    /// Starts the worker.
    pub(super) fn start(shared: &Shared) -> Result<Self> {
        let (jobs, todo) = mpsc::unbounded_channel();
        let notes = shared.notes.clone();
        let answer = move |input| {
            // A thread that has ended needs no answer.
            let _ = notes.send(Happening::Blobs(input));
        };
        let worker = BlobWorker::new(shared.blobs.clone(), Box::new(answer))?;
        let started = std::thread::Builder::new()
            .name("swarmlet-blobs".into())
            .spawn(move || worker.run(todo));
        let worker = started.map_err(|error| Error::io("cannot start the blob thread", error))?;
        shared.blobs.connect(jobs.clone());
        Ok(Self {
            exchange: Exchange::new(),
            inputs: VecDeque::new(),
            outputs: VecDeque::new(),
            asked: Vec::new(),
            jobs,
            worker: Some(worker),
            looked_at: None,
            woken: Duration::ZERO,
        })
    }

    /// Something has happened. It is looked at when all that happened before was, so that frames
    /// are sent in the order in which they were numbered.
    pub(super) fn note(&mut self, input: Input) {
        if matches!(input, Input::Connected { .. }) {
            // It may have what nobody had.
            self.ask(Job::Wake);
        }
        self.inputs.push_back(input);
    }

    /// Members or their rights have changed.
    pub(super) fn regroup(&mut self) {
        self.ask(Job::Regroup);
        self.inputs.push_back(Input::RightsChanged);
    }

    /// What is to be done next.
    pub(super) fn next(&mut self, now: Duration) -> Option<Passed> {
        loop {
            while let Some(output) = self.outputs.pop_front() {
                if let Some(passed) = self.pass(output) {
                    return Some(passed);
                }
            }
            let Some(input) = self.inputs.pop_front() else {
                self.ask_all();
                return None;
            };
            let mut outputs = Vec::new();
            self.exchange.step(now, input, &mut outputs);
            self.outputs.extend(outputs);
        }
    }

    /// Has the worker look for records if the log has grown, and again for what nobody had, from
    /// time to time.
    pub(super) fn look(&mut self, now: Duration, position: u64) {
        if now >= self.woken + BLOBS_WAKE_PERIOD {
            self.woken = now;
            self.ask(Job::Wake);
        } else if self.looked_at != Some(position) {
            self.ask(Job::Look);
        }
        self.looked_at = Some(position);
    }

    /// Ends the worker, and waits until it has.
    pub(super) fn end(&mut self, shared: &Shared) {
        shared.blobs.disconnect();
        self.jobs = mpsc::unbounded_channel().0;
        if let Some(worker) = self.worker.take() {
            let ended = worker.join();
            debug_assert!(ended.is_ok(), "the blob thread does not panic");
        }
    }

    fn pass(&mut self, output: Output) -> Option<Passed> {
        match output {
            Output::Send { session, frame } => return Some(Passed::Send { session, frame }),
            Output::Close { session, reason } => {
                return Some(Passed::Close {
                    session,
                    what: reason,
                });
            }
            Output::Lied { peer, blob } => return Some(Passed::Lied { peer, blob }),
            Output::Lookup {
                session,
                peer,
                blob,
            } => self.ask(Job::Lookup {
                session,
                peer,
                blob,
            }),
            Output::Encode {
                session,
                blob,
                piece,
            } => self.ask(Job::Encode {
                session,
                blob,
                piece,
            }),
            Output::Store {
                blob,
                size,
                piece,
                bytes,
            } => self.ask(Job::Store {
                blob,
                size,
                piece,
                bytes,
            }),
            Output::Sought { peer, blob } => self.ask(Job::Sought { peer, blob }),
            Output::Unsought { blob } => self.ask(Job::Unsought(blob)),
            Output::Unavailable { blob } => self.ask(Job::Unavailable(blob)),
            Output::Crowded { blob } => self.ask(Job::Crowded(blob)),
            // Whoever waits learns of it from the worker, which wrote the pieces.
            Output::Progress { .. } | Output::Done { .. } => {}
        }
        None
    }

    fn ask(&mut self, job: Job) {
        self.asked.push(job);
    }

    fn ask_all(&mut self) {
        if !self.asked.is_empty() {
            // A worker that has ended has nothing to do.
            let _ = self.jobs.send(std::mem::take(&mut self.asked));
        }
    }
}
