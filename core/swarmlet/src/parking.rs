//! Cursors of readers that are not reading: kept for a while, then given up.
//!
//! A cursor holds on to the files and the memory of the log as it was when the cursor began. A
//! reader who takes its time would hold them for as long as it likes, so a cursor that is not used
//! is dropped, and the reader begins a new one where it is. Nothing here reads.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use swarmlet_engine::log::Cursor;

use crate::clock::Stopwatch;

/// Where all readers of a node leave their cursors.
#[derive(Debug, Default)]
pub(crate) struct Parking {
    spots: Mutex<Vec<Weak<Spot>>>,
}

/// The place of one reader.
#[derive(Debug, Default)]
pub(crate) struct Spot(Mutex<Option<Parked>>);

#[derive(Debug)]
struct Parked {
    cursor: Box<Cursor>,
    since: Stopwatch,
}

impl Parking {
    /// A place for a new reader.
    pub(crate) fn spot(&self) -> Arc<Spot> {
        let spot = Arc::new(Spot::default());
        let mut spots = self.spots.lock().unwrap_or_else(PoisonError::into_inner);
        spots.push(Arc::downgrade(&spot));
        spot
    }

    /// Drops cursors that were not used for so long, and forgets readers that are gone.
    pub(crate) fn clear(&self, unused: Duration) {
        let mut spots = self.spots.lock().unwrap_or_else(PoisonError::into_inner);
        spots.retain(|spot| match spot.upgrade() {
            Some(spot) => {
                spot.clear(unused);
                true
            }
            None => false,
        });
    }
}

impl Spot {
    /// Leaves a cursor here.
    pub(crate) fn leave(&self, cursor: Box<Cursor>) {
        let since = Stopwatch::start();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Parked { cursor, since });
    }

    /// Takes the cursor back, unless it was given up.
    pub(crate) fn take(&self) -> Option<Box<Cursor>> {
        let parked = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        parked.map(|parked| parked.cursor)
    }

    fn clear(&self, unused: Duration) {
        let mut parked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parked.take_if(|parked| parked.since.elapsed() >= unused);
    }
}
