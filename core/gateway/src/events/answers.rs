//! The answers to a query or subscription, as they come and as they are asked for.

use swarmlet::{Item, Node, Offsets, Output, Results};
use tokio::sync::Semaphore;

use super::answer::Answer;
use crate::limits::{NEWEST_WAIT, RESULTS_AT_ONCE, RESULTS_BYTES_WANTED, RESULTS_FIRST};

/// Answers, in order. Nothing is read before it is asked for.
#[derive(Debug)]
pub(crate) struct Answers {
    source: Source,
    is_live: bool,
    /// How many results are asked for next.
    wanted: usize,
    /// Answers that were taken from the source and not handed out: who waits may give up meanwhile.
    taken: Vec<Answer>,
}

/// Why there will be no further answer though there could be.
#[derive(Debug)]
pub(crate) struct Cut;

#[derive(Debug)]
enum Source {
    /// This, and then nothing.
    Only(Option<Answer>),
    /// What there is up to these offsets, and in the end the offsets.
    Query(Box<Results>, Offsets),
    Subscription(Box<Results>),
    /// With the offsets where it began, and the node, which says how much there is.
    Monotonic(Box<Results>, Offsets, Node),
}

impl Answers {
    pub(super) fn only(answer: Answer) -> Self {
        Self::of(Source::Only(Some(answer)))
    }

    pub(super) fn query(results: Results, upper: Offsets) -> Self {
        Self::of(Source::Query(Box::new(results), upper))
    }

    pub(super) fn subscription(results: Results) -> Self {
        Self::of(Source::Subscription(Box::new(results)))
    }

    pub(super) fn monotonic(results: Results, lower: Offsets, node: Node) -> Self {
        Self::of(Source::Monotonic(Box::new(results), lower, node))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            is_live: false,
            wanted: RESULTS_FIRST,
            taken: Vec::new(),
        }
    }

    /// Waits for something to happen, if answers come for no other reason. Cancel-safe.
    pub(crate) async fn ready(&mut self) {
        if let (Source::Subscription(results) | Source::Monotonic(results, ..), true) =
            (&mut self.source, self.is_live && self.taken.is_empty())
        {
            // Who asks for the next ones is told what went wrong.
            let _ = results.ready().await;
        }
    }

    /// Waits for answers; none at the end. Cancel-safe.
    ///
    /// What is there is read in turns; what happens is not waited for in a turn, as nobody knows
    /// when it does.
    pub(crate) async fn next(&mut self, turns: &Semaphore) -> Result<Option<Vec<Answer>>, Cut> {
        if self.taken.is_empty() {
            let _turn = match self.is_live {
                true => None,
                false => turns.acquire().await.ok(),
            };
            let results = match &mut self.source {
                Source::Only(answer) => return Ok(answer.take().map(|answer| vec![answer])),
                Source::Query(results, _)
                | Source::Subscription(results)
                | Source::Monotonic(results, ..) => results,
            };
            let outputs = results.next_outputs(self.wanted).await.map_err(|error| {
                tracing::warn!(%error, "a stream of results ends early");
                Cut
            })?;
            let Some(outputs) = outputs else {
                return Ok(self.end());
            };
            self.wanted = wanted(&outputs);
            self.take(outputs);
        }
        self.mark_newest().await;
        Ok(Some(std::mem::take(&mut self.taken)))
    }

    fn take(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            let is_last = output.item.to_error().is_some();
            let answer = self.answer(output.item);
            self.taken.extend(answer);
            if is_last {
                self.source = Source::Only(None);
            }
        }
    }

    fn answer(&mut self, item: Item) -> Option<Answer> {
        Some(match item {
            Item::Row(row) => Answer::Event {
                row,
                is_caught_up: matches!(self.source, Source::Monotonic(..)).then_some(false),
            },
            Item::AntiRow(row) => Answer::AntiEvent(row),
            Item::Diagnostic(diagnostic) => Answer::Diagnostic(diagnostic),
            Item::CaughtUp(mut present) => {
                self.is_live = true;
                if let Source::Monotonic(_, lower, _) = &self.source {
                    for (stream, last) in lower.iter() {
                        present.advance(stream, last);
                    }
                }
                Answer::Offsets(present)
            }
            Item::TimeTravel(key) => Answer::TimeTravel(key),
            // What later releases of the node have to say clients do not know.
            _ => return None,
        })
    }

    /// Says of the last event whether there is nothing newer: apps look at their state then.
    ///
    /// Not knowing is no reason to say no, as nothing might come that could say yes.
    async fn mark_newest(&mut self) {
        let (Source::Monotonic(results, _, node), true) = (&mut self.source, self.is_live) else {
            return;
        };
        let Some(Answer::Event { is_caught_up, .. }) = self.taken.last_mut() else {
            return;
        };
        *is_caught_up = Some(if has_seen_all(results, node) {
            true
        } else {
            let more = tokio::time::timeout(NEWEST_WAIT, results.ready()).await;
            !matches!(more, Ok(Ok(true)))
        });
    }

    fn end(&mut self) -> Option<Vec<Answer>> {
        match std::mem::replace(&mut self.source, Source::Only(None)) {
            Source::Query(_, upper) => Some(vec![Answer::Offsets(upper)]),
            _ => None,
        }
    }
}

/// How many results like these are as large as what a stream should hold.
fn wanted(outputs: &[Output]) -> usize {
    let bytes = |output: &Output| match &output.item {
        Item::Row(row) | Item::AntiRow(row) => row.bytes(),
        _ => 0,
    };
    let bytes: usize = outputs.iter().map(bytes).sum();
    let each = bytes / outputs.len().max(1);
    (RESULTS_BYTES_WANTED / each.max(1)).clamp(1, RESULTS_AT_ONCE)
}

/// Whether everything that is there was looked at; then nothing newer can be there.
fn has_seen_all(results: &Results, node: &Node) -> bool {
    let seen = results.offsets();
    let present = node.offsets().map(|offsets| offsets.present);
    present.is_ok_and(|present| {
        present
            .iter()
            .all(|(stream, last)| seen.contains(stream, last))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;
    use std::time::Duration;
    use swarmlet::{NewEvent, Options, Payload, QueryOptions, SubscribeOptions, Tags};

    /// The sizes of chunks of answers to a query for so many events of so many bytes.
    async fn chunks(events: usize, bytes: usize) -> Vec<usize> {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::open(folder.path().join("node"), Options::new())
            .await
            .unwrap();
        let event = NewEvent {
            tags: Tags::new(["a"]).unwrap(),
            payload: Payload::from_serde(&"x".repeat(bytes)).unwrap(),
        };
        node.publish_many(vec![event; events]).await.unwrap();
        let results = node.query("FROM 'a'", QueryOptions::default()).unwrap();
        let mut answers = Answers::query(results, Offsets::new());
        let (turns, mut chunks) = (Semaphore::new(1), Vec::new());
        while let Some(chunk) = answers.next(&turns).await.unwrap() {
            chunks.push(chunk.len());
        }
        chunks
    }

    #[tokio::test]
    async fn who_gives_up_waiting_and_comes_back_misses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::open(folder.path().join("node"), Options::new())
            .await
            .unwrap();
        let results = node
            .subscribe("FROM 'a'", SubscribeOptions::default())
            .unwrap();
        let mut answers = Answers::monotonic(results, Offsets::new(), node.clone());
        let turns = Semaphore::new(1);
        while !answers.is_live {
            answers.next(&turns).await.unwrap();
        }
        let event = |tag| NewEvent {
            tags: Tags::new([tag]).unwrap(),
            payload: Payload::from_serde(&1).unwrap(),
        };
        node.publish_many(vec![event("a")]).await.unwrap();
        let Source::Monotonic(results, ..) = &mut answers.source else {
            panic!("the subscription ended");
        };
        results.ready().await.unwrap();
        // Whether this one matches is looked at before the first is handed out.
        node.publish_many(vec![event("b")]).await.unwrap();
        assert!(answers.next(&turns).now_or_never().is_none());
        let next = tokio::time::timeout(Duration::from_secs(20), answers.next(&turns));
        let next = next.await.unwrap().unwrap().unwrap();
        assert!(matches!(next.as_slice(), [Answer::Event { .. }]));
    }

    #[tokio::test]
    async fn large_results_come_one_by_one_and_small_ones_together() {
        let large = chunks(20, 100_000).await;
        assert_eq!(large[0], RESULTS_FIRST);
        assert!(large[1..].iter().all(|count| *count == 1), "{large:?}");
        let small = chunks(1000, 10).await;
        assert!(small.contains(&RESULTS_AT_ONCE), "{small:?}");
        assert_eq!(small.iter().sum::<usize>(), 1001);
    }
}
