//! What is counted for each app.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swarmlet_engine::event::AppId;

use super::histogram::Recorder;
use super::named::Named;
use super::snapshot::AppMetrics;
use crate::limits::APPS_NAMED_MAX;

/// All apps: the first ones by name, the others together.
#[derive(Debug)]
pub(crate) struct Apps(Named<AppId, AppRecorder>);

/// What is counted of an app.
#[derive(Debug, Default)]
pub(crate) struct AppRecorder {
    events_published: AtomicU64,
    bytes_published: AtomicU64,
    query: Recorder,
    events_read: AtomicU64,
    followings: Mutex<Vec<Arc<Following>>>,
}

/// How far a subscription is.
#[derive(Debug, Default)]
pub(crate) struct Following {
    /// The position of the log when its round began: what came later is not in it.
    seen: AtomicU64,
    /// Events of the round that were not taken or passed over.
    left: AtomicU64,
}

impl Default for Apps {
    fn default() -> Self {
        Self(Named::new(APPS_NAMED_MAX))
    }
}

impl Apps {
    pub(crate) fn of(&self, app_id: &AppId) -> Arc<AppRecorder> {
        self.0.of(app_id)
    }

    /// All of them, where the log is at `position`; the others last, if there are any.
    pub(super) fn snapshot(&self, position: u64) -> Vec<AppMetrics> {
        self.0.snapshot(|app_id, recorder| AppMetrics {
            app: app_id.cloned(),
            ..recorder.snapshot(position)
        })
    }
}

impl AppRecorder {
    pub(crate) fn note_published(&self, events: u64, bytes: u64) {
        self.events_published.fetch_add(events, Relaxed);
        self.bytes_published.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn note_read(&self, taken: std::time::Duration, events: u64) {
        self.query.record(taken);
        self.events_read.fetch_add(events, Relaxed);
    }

    /// A subscription begins where the log is at `position`, with so many events before it.
    pub(crate) fn follow(&self, position: u64, left: u64) -> Arc<Following> {
        let following = Arc::<Following>::default();
        following.begin(position, left);
        self.followings().push(following.clone());
        following
    }

    /// A subscription is held no more.
    pub(crate) fn unfollow(&self, following: &Arc<Following>) {
        self.followings()
            .retain(|other| !Arc::ptr_eq(other, following));
    }

    fn snapshot(&self, position: u64) -> AppMetrics {
        let followings = self.followings();
        let lags = followings.iter().map(|following| following.lag(position));
        AppMetrics {
            app: None,
            events_published: self.events_published.load(Relaxed),
            bytes_published: self.bytes_published.load(Relaxed),
            query: self.query.snapshot(),
            events_read: self.events_read.load(Relaxed),
            subscriptions: followings.len() as u64,
            subscription_lag: lags.max().unwrap_or_default(),
        }
    }

    fn followings(&self) -> MutexGuard<'_, Vec<Arc<Following>>> {
        self.followings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Following {
    /// A round begins at `position` of the log, of so many events.
    pub(crate) fn begin(&self, position: u64, left: u64) {
        self.left.store(left, Relaxed);
        self.seen.store(position, Relaxed);
    }

    /// So many of the round were taken or passed over.
    pub(crate) fn advance(&self, events: u64) {
        let left = self.left.load(Relaxed);
        // One thread at a time reads for a subscription.
        self.left.store(left.saturating_sub(events), Relaxed);
    }

    /// It takes no more, whatever comes.
    pub(crate) fn end(&self) {
        self.begin(u64::MAX, 0);
    }

    fn lag(&self, position: u64) -> u64 {
        let came = position.saturating_sub(self.seen.load(Relaxed));
        self.left.load(Relaxed).saturating_add(came)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(number: usize) -> AppId {
        AppId::new(&format!("com.example.a{number}")).unwrap()
    }

    #[test]
    fn one_app_too_many_is_counted_with_the_others() {
        let apps = Apps::default();
        for number in 0..APPS_NAMED_MAX + 2 {
            apps.of(&app(number)).note_published(1, 10);
        }
        apps.of(&app(0)).note_published(1, 10);
        let told = apps.snapshot(0);
        assert_eq!(told.len(), APPS_NAMED_MAX + 1);
        assert_eq!(told.iter().map(|app| app.events_published).sum::<u64>(), 67);
        let others = told.last().unwrap();
        assert_eq!((others.app.as_ref(), others.events_published), (None, 2));
        assert_eq!(others.bytes_published, 20);
    }

    #[test]
    fn the_lag_is_what_is_left_of_a_round_and_what_came_since() {
        let recorder = AppRecorder::default();
        let (slow, quick) = (recorder.follow(10, 5), recorder.follow(10, 0));
        let lag = |position| recorder.snapshot(position).subscription_lag;
        assert_eq!((lag(10), lag(11)), (5, 6));
        slow.advance(2);
        quick.begin(14, 0);
        assert_eq!((lag(10), lag(14)), (3, 7));
        recorder.unfollow(&slow);
        assert_eq!((lag(14), lag(15)), (0, 1));
        quick.end();
        assert_eq!(lag(15), 0);
        assert_eq!(recorder.snapshot(15).subscriptions, 1);
    }
}
