//! Operations on streams of results.

use std::time::Duration;

use serde_json::{Value, json};
use swarmlet::{Offsets, Results};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, timeout, timeout_at};

use crate::arguments::Arguments;
use crate::handles::Handles;
use crate::shapes;
use crate::trouble::Trouble;

/// An open query or subscription.
pub(crate) struct Reading {
    state: Mutex<State>,
    cancelled: watch::Sender<bool>,
}

/// In Rust a stream is cancelled by dropping it; what is asked later is remembered.
enum State {
    Open(Box<Results>),
    Cancelled { offsets: Offsets, skipped: Offsets },
}

impl Reading {
    pub(crate) fn new(results: Results) -> Self {
        Self {
            state: Mutex::new(State::Open(Box::new(results))),
            cancelled: watch::Sender::new(false),
        }
    }

    /// Ends it, also for those who wait for it: they let go of the lock.
    pub(crate) async fn cancel(&self) {
        self.cancelled.send_replace(true);
        let mut state = self.state.lock().await;
        if let State::Open(results) = &*state {
            *state = State::Cancelled {
                offsets: results.offsets().clone(),
                skipped: results.skipped().clone(),
            };
        }
    }

    /// Does one wait with the results, unless they are cancelled; nothing if they are or the time
    /// is over.
    async fn wait<T>(
        &self,
        deadline: Instant,
        work: impl AsyncFnOnce(&mut Results) -> T,
    ) -> Waited<T> {
        let mut cancelled = self.cancelled.subscribe();
        let mut state = self.state.lock().await;
        let State::Open(results) = &mut *state else {
            return Waited::Cancelled;
        };
        tokio::select! {
            biased;
            _ = cancelled.wait_for(|is_cancelled| *is_cancelled) => Waited::Cancelled,
            done = timeout_at(deadline, work(results)) => done.map_or(Waited::Late, Waited::Done),
        }
    }
}

enum Waited<T> {
    Done(T),
    Late,
    Cancelled,
}

pub(crate) async fn perform(
    op: &str,
    arguments: &Arguments,
    handles: &Handles,
) -> Result<Value, Trouble> {
    let reading = handles.stream(arguments.text("stream")?)?;
    match op {
        "position" => {
            let state = reading.state.lock().await;
            let (offsets, skipped) = match &*state {
                State::Open(results) => (results.offsets(), results.skipped()),
                State::Cancelled { offsets, skipped } => (offsets, skipped),
            };
            return Ok(json!({
                "offsets": shapes::offsets(offsets),
                "skipped": shapes::offsets(skipped),
            }));
        }
        "cancel" => {
            reading.cancel().await;
            return Ok(Value::Null);
        }
        _ => {}
    }
    let deadline = Instant::now() + arguments.duration("timeout_ms")?;
    match op {
        "next" => next(&reading, arguments.count("count")?, deadline).await,
        "next_impatient" => {
            let patience = arguments.duration("patience_ms")?;
            next_impatient(&reading, arguments.count("count")?, patience, deadline).await
        }
        "batch" => batch(&reading, arguments.count("max")?, deadline).await,
        _ => outputs(&reading, arguments.count("count")?, deadline).await,
    }
}

async fn next(reading: &Reading, count: usize, deadline: Instant) -> Result<Value, Trouble> {
    let (mut rows, mut is_ended) = (Vec::new(), false);
    while rows.len() < count {
        match reading
            .wait(deadline, async |results| results.next_chunk(1).await)
            .await
        {
            Waited::Done(chunk) => match chunk? {
                Some(chunk) => rows.extend(chunk),
                None => is_ended = true,
            },
            Waited::Cancelled => is_ended = true,
            Waited::Late => break,
        }
        if is_ended {
            break;
        }
    }
    Ok(json!({"rows": shapes::rows(&rows)?, "is_ended": is_ended}))
}

async fn next_impatient(
    reading: &Reading,
    count: usize,
    patience: Duration,
    deadline: Instant,
) -> Result<Value, Trouble> {
    let (mut rows, mut is_ended, mut given_up) = (Vec::new(), false, 0_u64);
    while rows.len() < count && !is_ended && Instant::now() < deadline {
        let wait = async |results: &mut Results| timeout(patience, results.next_chunk(1)).await;
        match reading.wait(deadline, wait).await {
            Waited::Done(Ok(chunk)) => match chunk? {
                Some(chunk) => rows.extend(chunk),
                None => is_ended = true,
            },
            Waited::Done(Err(_)) | Waited::Late => given_up += 1,
            Waited::Cancelled => is_ended = true,
        }
    }
    let rows = shapes::rows(&rows)?;
    Ok(json!({"rows": rows, "is_ended": is_ended, "given_up": given_up}))
}

async fn batch(reading: &Reading, max: usize, deadline: Instant) -> Result<Value, Trouble> {
    let waited = reading
        .wait(deadline, async |results| results.next_chunk(max).await)
        .await;
    let (rows, is_ended) = match waited {
        Waited::Done(chunk) => match chunk? {
            Some(rows) => (rows, false),
            None => (Vec::new(), true),
        },
        Waited::Cancelled => (Vec::new(), true),
        Waited::Late => (Vec::new(), false),
    };
    Ok(json!({"rows": shapes::rows(&rows)?, "is_ended": is_ended}))
}

async fn outputs(reading: &Reading, count: usize, deadline: Instant) -> Result<Value, Trouble> {
    let (mut outputs, mut is_ended) = (Vec::new(), false);
    while outputs.len() < count {
        let left = count - outputs.len();
        match reading
            .wait(deadline, async |results| results.next_outputs(left).await)
            .await
        {
            Waited::Done(chunk) => match chunk? {
                Some(chunk) => outputs.extend(chunk),
                None => is_ended = true,
            },
            Waited::Cancelled => is_ended = true,
            Waited::Late => break,
        }
        if is_ended {
            break;
        }
    }
    Ok(json!({"outputs": shapes::outputs(&outputs)?, "is_ended": is_ended}))
}
