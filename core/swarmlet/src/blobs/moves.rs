//! Moves: what wakes whoever waits for something of a blob.
//!
//! What has moved is not said: whoever is woken looks again, so nothing of it can be lost. Whoever
//! waits for a piece is woken by each. Whoever only follows how much is here is not: at a thousand
//! pieces a second that would be a thousand looks, and as many changes from one thread to another.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// The moves of all blobs of a node.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// Changes with everything that somebody may wait for.
    all: watch::Sender<()>,
    /// Changes with everything but single pieces, and now and then for these together.
    paced: watch::Sender<()>,
    /// Whether pieces came for which that is still to do.
    is_due: AtomicBool,
}

impl Moves {
    /// Something to wait on for anything to have moved.
    pub(super) fn watch(&self) -> watch::Receiver<()> {
        self.all.subscribe()
    }

    /// As [`Moves::watch`], but pieces are told of together.
    pub(super) fn watch_paced(&self) -> watch::Receiver<()> {
        self.paced.subscribe()
    }

    /// Something has moved.
    pub(super) fn note(&self) {
        self.all.send_replace(());
        self.paced.send_replace(());
    }

    /// A piece has come.
    pub(super) fn note_piece(&self) {
        self.all.send_replace(());
        self.is_due.store(true, Ordering::Release);
    }

    /// Tells of the pieces that came since this was done last.
    pub(super) fn tell_of_pieces(&self) {
        if self.is_due.swap(false, Ordering::Acquire) {
            self.paced.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_follows_is_told_of_pieces_together_and_of_all_else_at_once() {
        let moves = Moves::default();
        let (mut all, mut paced) = (moves.watch(), moves.watch_paced());
        let mut have_moved = || {
            let moved = [&mut all, &mut paced].map(|moved| {
                let has_changed = moved.has_changed().unwrap();
                moved.mark_unchanged();
                has_changed
            });
            (moved[0], moved[1])
        };
        assert_eq!(have_moved(), (false, false));
        moves.note();
        assert_eq!(have_moved(), (true, true));
        moves.note_piece();
        moves.note_piece();
        assert_eq!(have_moved(), (true, false));
        moves.tell_of_pieces();
        assert_eq!(have_moved(), (false, true));
        moves.tell_of_pieces();
        assert_eq!(have_moved(), (false, false));
    }
}
