//! What the node says about itself, collected for the logging of a language.
//!
//! Events of `tracing` become plain records in a bounded queue; a bell tells the binding to fetch
//! them. Spans are not followed. Whoever logs never waits: a record that finds the queue full, or
//! its lock taken for long, is counted instead. The latter is for ever so in a forked child whose
//! parent was logging at that moment.

use std::collections::VecDeque;
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, TryLockError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Records that wait to be fetched, at most: enough for a burst.
const RECORDS_MAX: usize = 1024;
/// Looks at a lock that is taken before it counts as lost.
const TRIES: usize = 10_000;

/// How bad it is; more is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Severity {
    /// Every step.
    Trace = 1,
    /// Steps of interest to developers.
    Debug = 2,
    /// What happens in the life of a node.
    Info = 3,
    /// Something failed and is made up for.
    Warning = 4,
    /// Something failed.
    Error = 5,
}

/// One record.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The module that said it.
    pub target: &'static str,
    /// What it said, with its values, in one line.
    pub message: String,
}

impl Diagnostic {
    /// The name of the logger, as languages divide them: by dots.
    #[must_use]
    pub fn logger(&self) -> String {
        self.target.replace("::", ".")
    }
}

struct Collector {
    records: Mutex<VecDeque<Diagnostic>>,
    lost: AtomicU64,
    least: AtomicU8,
    bell: Box<dyn Fn() + Send + Sync>,
}

static COLLECTOR: OnceLock<Collector> = OnceLock::new();

/// Collects records from `least` on, for the whole process. The bell rings, on any thread, when
/// the queue stops being empty; it must not block. Later calls change `least` only.
pub fn collect_diagnostics(least: Severity, bell: Box<dyn Fn() + Send + Sync>) {
    let collector = COLLECTOR.get_or_init(|| Collector {
        records: Mutex::default(),
        lost: AtomicU64::new(0),
        least: AtomicU8::new(least as u8),
        bell,
    });
    collector.least.store(least as u8, Ordering::Relaxed);
    // Somebody else's subscriber, in a process of Rust, keeps its place.
    let _ = tracing::subscriber::set_global_default(Front(collector));
    tracing::callsite::rebuild_interest_cache();
}

/// Fetches what was collected.
#[must_use]
pub fn take_diagnostics() -> Vec<Diagnostic> {
    COLLECTOR.get().map(Collector::take).unwrap_or_default()
}

impl Collector {
    fn take(&self) -> Vec<Diagnostic> {
        let mut taken: Vec<_> = self
            .records()
            .map(|mut all| all.drain(..).collect())
            .unwrap_or_default();
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            taken.push(Diagnostic {
                severity: Severity::Warning,
                target: module_path!(),
                message: format!("{lost} records were lost"),
            });
        }
        taken
    }

    fn add(&self, record: Diagnostic) {
        let is_first = match self.records() {
            Some(mut records) if records.len() < RECORDS_MAX => {
                records.push_back(record);
                records.len() == 1
            }
            _ => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                false
            }
        };
        if is_first {
            (self.bell)();
        }
    }

    fn records(&self) -> Option<MutexGuard<'_, VecDeque<Diagnostic>>> {
        for _ in 0..TRIES {
            match self.records.try_lock() {
                Ok(records) => return Some(records),
                Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
            }
        }
        None
    }
}

/// What `tracing` talks to.
struct Front(&'static Collector);

impl Subscriber for Front {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let least = self.0.least.load(Ordering::Relaxed);
        metadata.is_event() && severity(*metadata.level()) as u8 >= least
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match self.0.least.load(Ordering::Relaxed) {
            1 => LevelFilter::TRACE,
            2 => LevelFilter::DEBUG,
            3 => LevelFilter::INFO,
            4 => LevelFilter::WARN,
            _ => LevelFilter::ERROR,
        })
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.add(Diagnostic {
            severity: severity(*event.metadata().level()),
            target: event.metadata().target(),
            message: line.finish(),
        });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn severity(level: Level) -> Severity {
    match level {
        Level::ERROR => Severity::Error,
        Level::WARN => Severity::Warning,
        Level::INFO => Severity::Info,
        Level::DEBUG => Severity::Debug,
        Level::TRACE => Severity::Trace,
    }
}

/// The message and `name=value` for each other field.
#[derive(Default)]
struct Line {
    message: String,
    values: String,
}

impl Line {
    fn finish(self) -> String {
        (self.message + &self.values).replace('\n', " ")
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a text cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.values, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_collected_from_a_severity_on_and_bounded() {
        collect_diagnostics(Severity::Info, Box::new(|| ()));
        tracing::debug!("not of interest");
        tracing::info!(node = 7, "opened");
        tracing::warn!(error = %"a\nb", "late");
        let lines = |all: &[Diagnostic]| -> Vec<(Severity, String)> {
            all.iter()
                .map(|one| (one.severity, one.message.clone()))
                .collect()
        };
        let expected = [
            (Severity::Info, "opened node=7".to_owned()),
            (Severity::Warning, "late error=a b".to_owned()),
        ];
        assert_eq!(lines(&take_diagnostics()), expected);
        collect_diagnostics(Severity::Error, Box::new(|| ()));
        tracing::warn!("not of interest any more");
        for _ in 0..RECORDS_MAX + 2 {
            tracing::error!("again");
        }
        let taken = take_diagnostics();
        assert_eq!(taken.len(), RECORDS_MAX + 1);
        assert_eq!(taken[RECORDS_MAX].message, "2 records were lost");
    }
}
