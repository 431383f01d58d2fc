//! The queue through which threads of Rust answer one event loop, which is rung when there is
//! something in it.
//!
//! Ringing keeps no process alive: the front holds it while somebody waits. When the environment
//! ends, say because a worker is terminated, the nodes that were opened in it are closed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;
use swarmlet_facade::{Completion, Failure, Pending};

use crate::failure::{called, told};
use crate::json;
use crate::node::Node;

/// How long an environment waits for its nodes when it ends; writing what is queued takes less.
const CLOSING_MAX: Duration = Duration::from_secs(5);
/// The token under which there is no call: somebody should fetch what the node says about itself.
pub(crate) const DIAGNOSTICS: i64 = 0;

type Bell = ThreadsafeFunction<(), (), (), Status, false, true>;

/// What a call brought.
pub(crate) enum Outcome {
    Opened(Arc<swarmlet_facade::Node>),
    /// JSON.
    Text(String),
}

impl Outcome {
    /// Of a call that brings nothing.
    pub(crate) fn done((): ()) -> Self {
        Self::Text("null".to_owned())
    }

    /// Of a call that brings a text, or whether something was so.
    pub(crate) fn plain<T: serde::Serialize>(value: T) -> Self {
        Self::Text(json::text(&value))
    }
}

/// Where the answers to the calls of one event loop arrive.
#[napi]
pub struct Port(Arc<Queue>);

pub(crate) struct Queue {
    answers: Mutex<Answers>,
    bell: Bell,
}

#[derive(Default)]
struct Answers {
    arrived: Vec<(i64, Result<Outcome, Failure>)>,
    /// Nodes that were opened and not fetched yet.
    opened: BTreeMap<i64, Arc<swarmlet_facade::Node>>,
    /// All that were opened here.
    nodes: Vec<Weak<swarmlet_facade::Node>>,
    tokens: i64,
}

#[napi]
impl Port {
    /// `wake` is called in the event loop when there are answers.
    #[napi(constructor)]
    pub fn new(env: Env, wake: Function<'_, (), ()>) -> napi::Result<Self> {
        let builder = wake.build_threadsafe_function::<()>();
        let bell = builder.callee_handled::<false>().weak::<true>().build()?;
        let queue = Arc::new(Queue {
            answers: Mutex::default(),
            bell,
        });
        env.add_env_cleanup_hook(Arc::downgrade(&queue), |queue| {
            if let Some(queue) = queue.upgrade() {
                queue.close_nodes();
            }
        })?;
        Ok(Self(queue))
    }

    /// The answers so far, as a list of (token, value) or (token, null, failure).
    #[napi]
    pub fn drain(&self) -> String {
        let mut out = vec![b'['];
        for (token, result) in self.0.take() {
            let text = match result {
                Ok(Outcome::Text(text)) => format!("[{token},{text}],"),
                Ok(Outcome::Opened(node)) => {
                    self.0.answers().opened.insert(token, node);
                    format!("[{token},null],")
                }
                Err(failure) => format!("[{token},null,{}],", told(&failure)),
            };
            out.extend_from_slice(text.as_bytes());
        }
        if out.last() == Some(&b',') {
            out.pop();
        }
        out.push(b']');
        json::finish(out)
    }

    /// The node that was opened under this token.
    #[napi]
    pub fn opened(&self, token: i64) -> napi::Result<Node> {
        called("open", || {
            let node = self.0.answers().opened.remove(&token);
            let missing = || Failure::invalid("open", "a node is fetched once");
            node.map(Node::new).ok_or_else(missing)
        })
    }
}

impl Port {
    /// A token and the completion that answers under it.
    pub(crate) fn completion<T>(
        &self,
        outcome: impl FnOnce(T) -> Outcome + Send + 'static,
    ) -> (i64, Completion<T>) {
        let token = self.0.token();
        let queue = self.0.clone();
        let completion = move |result: Result<T, Failure>| queue.post(token, result.map(outcome));
        (token, Box::new(completion))
    }

    /// The queue behind it, for whoever rings without being asked.
    pub(crate) fn queue(&self) -> Weak<Queue> {
        Arc::downgrade(&self.0)
    }
}

impl Queue {
    fn token(&self) -> i64 {
        let mut answers = self.answers();
        answers.tokens += 1;
        answers.tokens
    }

    pub(crate) fn post(&self, token: i64, result: Result<Outcome, Failure>) {
        let was_empty = {
            let mut answers = self.answers();
            if let Ok(Outcome::Opened(node)) = &result {
                answers.nodes.retain(|node| node.strong_count() > 0);
                answers.nodes.push(Arc::downgrade(node));
            }
            answers.arrived.push((token, result));
            answers.arrived.len() == 1
        };
        if was_empty {
            // An environment that is ending hears nothing any more.
            self.bell.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    fn take(&self) -> Vec<(i64, Result<Outcome, Failure>)> {
        std::mem::take(&mut self.answers().arrived)
    }

    fn close_nodes(&self) {
        let nodes = std::mem::take(&mut self.answers().nodes);
        let deadline = Instant::now() + CLOSING_MAX;
        let closing: Vec<_> = nodes
            .iter()
            .filter_map(Weak::upgrade)
            .map(|node| Pending::start(|completion| node.close(completion)))
            .collect();
        for pending in closing {
            // Nobody is left to be told how it went.
            let _ = pending.wait(deadline.saturating_duration_since(Instant::now()));
        }
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
