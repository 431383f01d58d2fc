//! The answers to a query or subscription, as they come and as they are asked for.

use swarmlet::{Item, Node, Offsets, Output, Results};

use super::answer::Answer;
use crate::limits::{NEWEST_KEPT_BYTES_MAX, RESULTS_AT_ONCE, RESULTS_BYTES_WANTED, RESULTS_FIRST};

/// Answers, in order. Nothing is read before it is asked for.
#[derive(Debug)]
pub(crate) struct Answers {
    source: Source,
    is_live: bool,
    /// How many results are asked for next.
    wanted: usize,
    /// An event of which nobody knows yet whether there is something newer.
    kept: Option<Answer>,
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
            kept: None,
        }
    }

    /// Waits until there may be further answers, and reads nothing. Cancel-safe.
    pub(crate) async fn changed(&mut self) {
        match &mut self.source {
            Source::Only(_) => {}
            _ if self.kept.is_some() => {}
            Source::Query(results, _)
            | Source::Subscription(results)
            | Source::Monotonic(results, ..) => results.changed().await,
        }
    }

    /// Reads once and hands out what came of it: possibly no answers, as what happened need not be
    /// what was asked for; nothing at the end. It waits for nothing to happen.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Answer>>, Cut> {
        let results = match &mut self.source {
            Source::Only(answer) => return Ok(answer.take().map(|answer| vec![answer])),
            Source::Query(results, _)
            | Source::Subscription(results)
            | Source::Monotonic(results, ..) => results,
        };
        let outputs = results.read_outputs(self.wanted).await.map_err(|error| {
            tracing::warn!(%error, "a stream of results ends early");
            Cut
        })?;
        let mut answers: Vec<Answer> = self.kept.take().into_iter().collect();
        let Some(outputs) = outputs else {
            mark_newest(&mut answers);
            return Ok(match answers.is_empty() {
                true => self.end(),
                false => Some(answers),
            });
        };
        let is_news = !outputs.is_empty();
        self.wanted = wanted(&outputs).unwrap_or(self.wanted);
        self.answer_all(outputs, &mut answers);
        self.judge_newest(is_news, &mut answers);
        Ok(Some(answers))
    }

    fn answer_all(&mut self, outputs: Vec<Output>, answers: &mut Vec<Answer>) {
        for output in outputs {
            let is_last = output.item.to_error().is_some();
            answers.extend(self.answer(output.item));
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

    /// Says of the last event whether there is nothing newer: apps look at their state then. If
    /// there is more that was not looked at, the event is kept for one more read, which tells.
    ///
    /// Not knowing is no reason to say no, as nothing might come that could say yes.
    fn judge_newest(&mut self, is_news: bool, answers: &mut Vec<Answer>) {
        let (Source::Monotonic(results, _, node), true) = (&self.source, self.is_live) else {
            return;
        };
        let Some(Answer::Event { row, .. }) = answers.last() else {
            return;
        };
        let is_small = row.bytes() <= NEWEST_KEPT_BYTES_MAX;
        if is_news && is_small && !has_seen_all(results, node) {
            self.kept = answers.pop();
        } else {
            mark_newest(answers);
        }
    }

    fn end(&mut self) -> Option<Vec<Answer>> {
        match std::mem::replace(&mut self.source, Source::Only(None)) {
            Source::Query(_, upper) => Some(vec![Answer::Offsets(upper)]),
            _ => None,
        }
    }
}

/// Says of the last event that there is nothing newer.
fn mark_newest(answers: &mut [Answer]) {
    if let Some(Answer::Event {
        is_caught_up: Some(is_caught_up),
        ..
    }) = answers.last_mut()
    {
        *is_caught_up = true;
    }
}

/// How many results like these are as large as what a stream should hold, if there are some.
fn wanted(outputs: &[Output]) -> Option<usize> {
    let bytes = |output: &Output| match &output.item {
        Item::Row(row) | Item::AntiRow(row) => Some(row.bytes()),
        _ => None,
    };
    let bytes: Vec<usize> = outputs.iter().filter_map(bytes).collect();
    let each = bytes.iter().sum::<usize>().checked_div(bytes.len())?;
    Some((RESULTS_BYTES_WANTED / each.max(1)).clamp(1, RESULTS_AT_ONCE))
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
        let mut chunks = Vec::new();
        while let Some(chunk) = answers.next().await.unwrap() {
            chunks.push(chunk.len());
        }
        chunks.retain(|count| *count > 0);
        chunks
    }

    #[tokio::test]
    async fn the_last_event_of_many_says_that_there_is_nothing_newer() {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::open(folder.path().join("node"), Options::new())
            .await
            .unwrap();
        let results = node
            .subscribe("FROM 'a'", SubscribeOptions::default())
            .unwrap();
        let mut answers = Answers::monotonic(results, Offsets::new(), node.clone());
        while !answers.is_live {
            answers.changed().await;
            answers.next().await.unwrap();
        }
        let event = |tag| NewEvent {
            tags: Tags::new([tag]).unwrap(),
            payload: Payload::from_serde(&1).unwrap(),
        };
        for tag in ["b", "a"] {
            node.publish_many(vec![event("a"); 3 * RESULTS_AT_ONCE])
                .await
                .unwrap();
            node.publish_many(vec![event(tag)]).await.unwrap();
            let (mut seen, count) = (Vec::new(), 3 * RESULTS_AT_ONCE + usize::from(tag == "a"));
            while seen.len() < count {
                let changed = tokio::time::timeout(Duration::from_secs(20), answers.changed());
                changed.await.unwrap();
                for answer in answers.next().await.unwrap().unwrap() {
                    let Answer::Event { is_caught_up, .. } = answer else {
                        panic!("only events were published");
                    };
                    seen.push(is_caught_up);
                }
            }
            let (last, before) = seen.split_last().unwrap();
            assert_eq!(*last, Some(true));
            assert!(before.iter().all(|is_newest| *is_newest == Some(false)));
            assert!(answers.changed().now_or_never().is_none());
        }
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
