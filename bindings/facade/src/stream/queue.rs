//! A bounded queue between a task that reads ahead and the front that takes: things of one kind,
//! one after the other. Nothing is read before somebody looks. Knows no runtime.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Notify;

use super::pump::Ending;
use super::shown::{Buffer, Locked, Look, Shown};
use crate::completion::Stop;
use crate::failure::Result;
use crate::guard::within;
use crate::runtime::Lease;

/// Bytes read ahead; what is read in one go can be there beyond.
pub(crate) const QUEUE_BYTES_MAX: usize = 1024 * 1024;

/// What can wait in a queue.
pub trait Weigh: Send + 'static {
    /// About how much memory it takes.
    fn bytes(&self) -> usize;

    /// How far it reaches in what it is a part of, if it is part of something.
    fn reaches(&self) -> u64 {
        0
    }
}

/// Where things come from.
pub(crate) trait Source: Send + 'static {
    type Item: Weigh;

    /// What comes next, one or several; nothing at the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<Self::Item>>>> + Send;
}

/// What is there.
pub struct Line<T> {
    items: VecDeque<T>,
    bytes: usize,
    /// How far what was taken reaches.
    reached: u64,
    /// Whether somebody has looked.
    is_begun: bool,
    /// Whether the reader waits until it may go on.
    is_held_up: bool,
    end: Option<Result<()>>,
}

/// Things that were read ahead; shared by the reading task and the handle.
pub struct Queue<T> {
    line: Shown<Line<T>>,
    room: Notify,
    /// For what else is done with what is read.
    stop: Stop,
}

impl<T: Weigh> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            line: Shown::new(Line {
                items: VecDeque::new(),
                bytes: 0,
                reached: 0,
                is_begun: false,
                is_held_up: false,
                end: None,
            }),
            room: Notify::new(),
            stop: Stop::new(),
        }
    }

    /// Waits until somebody has looked and there is room; for the one reading task.
    async fn room(&self) {
        loop {
            {
                let mut line = self.line.lock();
                line.is_held_up = !line.is_begun || line.bytes >= QUEUE_BYTES_MAX;
                if !line.is_held_up {
                    return;
                }
            }
            self.room.notified().await;
        }
    }

    /// Adds what was read.
    fn push(&self, items: Vec<T>) {
        let mut line = self.line.lock();
        if line.end.is_none() {
            line.bytes += items.iter().map(Weigh::bytes).sum::<usize>();
            line.items.extend(items);
            line.wake();
        }
    }

    /// Takes at most `max` of what is there; never waits.
    pub(super) fn take(&self, max: usize) -> Vec<T> {
        let mut line = self.line.lock();
        let count = line.items.len().min(max);
        let taken: Vec<T> = line.items.drain(..count).collect();
        line.bytes -= taken.iter().map(Weigh::bytes).sum::<usize>();
        if let Some(last) = taken.last() {
            line.reached = last.reaches();
        }
        self.make_room(line);
        taken
    }

    /// How far what was taken reaches; 0 while nothing was.
    pub(super) fn reached(&self) -> u64 {
        self.line.lock().reached
    }

    /// Ends, when this is cancelled, what else is done with what is read.
    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Everything counts as taken, also what was not read.
    pub(super) fn take_all(&self) {
        let mut line = self.line.lock();
        line.clear();
        line.reached = u64::MAX;
        line.wake();
    }

    /// Lets the reader go on once half of the room is free: waking it for each thing costs more.
    fn make_room(&self, mut line: Locked<'_, Line<T>>) {
        if line.is_held_up && line.is_begun && line.bytes <= QUEUE_BYTES_MAX / 2 {
            line.is_held_up = false;
            drop(line);
            self.room.notify_one();
        }
    }
}

impl<T: Weigh> Line<T> {
    fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
        self.end = Some(Ok(()));
    }
}

impl<T: Weigh> Buffer for Queue<T> {
    type State = Line<T>;

    fn shown(&self) -> &Shown<Line<T>> {
        &self.line
    }

    fn begin(&self) {
        let mut line = self.line.lock();
        if !line.is_begun {
            line.is_begun = true;
            self.make_room(line);
        }
    }

    fn end(&self, result: Result<()>) {
        let mut line = self.line.lock();
        line.end.get_or_insert(result);
        line.wake();
    }

    fn cancel(&self) {
        self.stop.stop();
        let mut line = self.line.lock();
        line.clear();
        line.wake();
    }
}

impl<T> Look for Line<T> {
    fn has_something(&self) -> bool {
        !self.items.is_empty()
    }

    fn end(&self) -> Option<&Result<()>> {
        self.end.as_ref()
    }
}

/// Reads until the end, a failure, or until the task is dropped with its runtime.
pub(super) fn fill<S: Source>(
    operation: &'static str,
    mut source: S,
    queue: Arc<Queue<S::Item>>,
    lease: Arc<Lease>,
) -> impl Future<Output = ()> + Send {
    let ending = Ending::new(operation, queue);
    async move {
        let queue = &ending.buffer;
        let result = within(operation, async {
            loop {
                queue.room().await;
                match source.next().await? {
                    Some(items) => queue.push(items),
                    None => return Ok(()),
                }
            }
        });
        let result: Result<()> = result.await;
        queue.end(result.map_err(|failure| lease.judged(failure)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Piece;

    impl Weigh for Piece {
        fn bytes(&self) -> usize {
            QUEUE_BYTES_MAX / 16
        }
    }

    /// Has no end.
    struct Spring(Arc<AtomicUsize>);

    impl Source for Spring {
        type Item = Piece;

        async fn next(&mut self) -> Result<Option<Vec<Piece>>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Some(vec![Piece]))
        }
    }

    /// How much was read when nothing goes on any more.
    async fn settled(read: &AtomicUsize) -> usize {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        read.load(Ordering::Relaxed)
    }

    #[test]
    fn nothing_is_read_before_somebody_looks_and_then_no_more_than_there_is_room_for() {
        let (read, queue) = (Arc::new(AtomicUsize::new(0)), Arc::new(Queue::new()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let lease = Arc::new(Lease::take().unwrap());
            tokio::spawn(fill("read", Spring(read.clone()), queue.clone(), lease));
            assert_eq!(settled(&read).await, 0);
            queue.begin();
            assert_eq!(settled(&read).await, 16);
            assert_eq!(queue.take(7).len(), 7);
            assert_eq!(settled(&read).await, 16);
            assert_eq!(queue.take(1).len(), 1);
            assert_eq!(settled(&read).await, 24);
            assert_eq!(queue.take(99).len(), 16);
        });
        queue.cancel();
        assert!(queue.take(1).is_empty());
    }
}
