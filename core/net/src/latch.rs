//! A latch that ends what waits on a link, at once and for good.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;

/// Which half of a link waits.
#[derive(Clone, Copy)]
pub(crate) enum Half {
    Sender,
    Receiver,
}

/// Tripped once by the driver, watched by the two halves of a link.
#[derive(Default)]
pub(crate) struct Latch {
    is_tripped: AtomicBool,
    sender: AtomicWaker,
    receiver: AtomicWaker,
}

impl Latch {
    pub(crate) fn trip(&self) {
        self.is_tripped.store(true, Ordering::Release);
        self.sender.wake();
        self.receiver.wake();
    }

    /// Ready when tripped; otherwise this half is woken when that happens.
    pub(crate) fn poll(&self, half: Half, cx: &Context<'_>) -> Poll<()> {
        let waker = match half {
            Half::Sender => &self.sender,
            Half::Receiver => &self.receiver,
        };
        waker.register(cx.waker());
        if self.is_tripped.load(Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
