//! A query at work on the log: takes its events in, gives outputs.
//!
//! Queries that only select events pass them on as they are; all others run on a machine of the
//! query language. What the program does not do: decide which events to read and when. It reads the
//! log only for sub-queries, on the thread it is called on.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::Arc;

use swarmlet_aql::{self as aql, EventInput, EventReader, Machine};
use swarmlet_engine::event::{Event, EventKey, Offsets};
use swarmlet_engine::log::{LogReader, Order, Query};
use swarmlet_engine::{Error, ErrorKind, Result};

use super::input::{Inputs, LoggedEvent};
use super::output::{Item, Output, Row};
use super::translate;
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_EVENTS};

/// The state of one query.
pub(super) struct Program {
    work: Work,
    inputs: Inputs,
    /// The events that the query brings itself; it then sees no others.
    listed: Option<Vec<Arc<LoggedEvent>>>,
    /// What sub-queries see of the log.
    scope: Scope,
    monotonic: Option<Monotonic>,
    /// Whether events come oldest first and lead to nothing later, so that each of them settles
    /// what was before it.
    is_settling: bool,
    /// Whether something came in since results were let out.
    has_news: bool,
    is_failed: bool,
}

/// What happens to events.
pub(super) enum Work {
    /// They are the results, so many at most.
    Pass { left: Option<u64> },
    /// They go through the stages of a query.
    Run(Box<Machine>),
}

/// Offsets between which sub-queries look.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) lower: Offsets,
    pub(super) upper: Offsets,
}

/// Keeps the order of event keys: the greatest key that has come out.
#[derive(Debug, Default)]
pub(super) struct Monotonic {
    pub(super) latest: Option<EventKey>,
}

impl Program {
    pub(super) fn new(work: Work, scope: Scope) -> Self {
        Self {
            work,
            inputs: Inputs::default(),
            listed: None,
            scope,
            monotonic: None,
            is_settling: false,
            has_news: false,
            is_failed: false,
        }
    }

    /// With these events instead of those of the log.
    pub(super) fn with_listed(mut self, events: Vec<Event>) -> Self {
        let events = events.into_iter();
        self.listed = Some(events.map(|event| self.inputs.of(event)).collect());
        self
    }

    /// Ending when an event sorts before one that has come out.
    pub(super) fn monotonic(mut self) -> Self {
        self.monotonic = Some(Monotonic::default());
        self
    }

    /// Whether the order of keys is kept; then the newest event before the beginning is needed.
    pub(super) fn latest_mut(&mut self) -> Option<&mut Monotonic> {
        self.monotonic.as_mut()
    }

    /// Says how the events that follow come, and how far sub-queries look meanwhile.
    pub(super) fn begin_round(&mut self, order: Order, upper: &Offsets, is_live: bool) {
        self.is_settling = order != Order::Descending && !self.needs_flush();
        self.scope.upper = upper.clone();
        // That there is nothing yet is news, once.
        self.has_news |= !is_live;
        if let Work::Run(machine) = &mut self.work {
            machine.expect_order(if is_live {
                aql::Order::Stream
            } else {
                translate::order_of(order)
            });
        }
    }

    /// Runs what the query brings itself, to its end: values as they stand in the text, events in
    /// the order that the query wants.
    pub(super) fn run_own(
        &mut self,
        upper: &Offsets,
        log: &LogReader,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let order = match (&self.work, &self.listed) {
            (Work::Run(machine), Some(_)) if machine.selection().is_some() => {
                translate::order(machine.order())
            }
            _ => Order::Ascending,
        };
        self.begin_round(order, upper, false);
        if let Work::Run(machine) = &mut self.work {
            let reader = SubReader::new(log, &self.scope, self.listed.as_deref());
            let outputs = machine.start(&reader);
            extend(out, outputs);
            reader.outcome()?;
        }
        for event in self.selected_own() {
            if self.is_done() {
                break;
            }
            self.take_in(event, None, log, out)?;
        }
        self.flush(log, out)
    }

    /// Takes one event of the log in.
    pub(super) fn push(
        &mut self,
        event: Event,
        log: &LogReader,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let key = event.key;
        if let Some(monotonic) = &mut self.monotonic {
            if monotonic.latest >= Some(key) {
                self.is_failed = true;
                out.push(Output::new(Item::TimeTravel(key)));
                return Ok(());
            }
            monotonic.latest = Some(key);
        }
        let settled = self.is_settling.then_some(key);
        match &mut self.work {
            Work::Pass { left } => {
                if let Some(left) = left {
                    *left = left.saturating_sub(1);
                }
                out.push(Output {
                    item: Item::Row(Row::from(event)),
                    settled,
                });
                Ok(())
            }
            Work::Run(_) => {
                let input = self.inputs.of(event);
                self.take_in(input, settled, log, out)
            }
        }
    }

    /// Lets those results out that wait for the end of a round, if anything came in.
    pub(super) fn flush(&mut self, log: &LogReader, out: &mut Vec<Output>) -> Result<()> {
        if !std::mem::take(&mut self.has_news) {
            return Ok(());
        }
        let Work::Run(machine) = &mut self.work else {
            return Ok(());
        };
        let reader = SubReader::new(log, &self.scope, self.listed.as_deref());
        let outputs = machine.flush(&reader);
        extend(out, outputs);
        self.is_failed |= out.last().is_some_and(Output::is_last);
        reader.outcome()
    }

    /// How many events are of any use, at most.
    pub(super) fn events_max(&self) -> usize {
        match &self.work {
            Work::Pass { left: Some(left) } => usize::try_from(*left).unwrap_or(usize::MAX),
            Work::Pass { left: None } | Work::Run(_) => usize::MAX,
        }
    }

    /// Whether results come out at the end of a round only.
    pub(super) fn needs_flush(&self) -> bool {
        match &self.work {
            Work::Pass { .. } => false,
            Work::Run(machine) => machine.needs_flush(),
        }
    }

    /// Whether more events, in the order in which they come, change nothing.
    pub(super) fn is_done(&self) -> bool {
        self.is_failed
            || match &self.work {
                Work::Pass { left } => *left == Some(0),
                Work::Run(machine) => machine.is_done(),
            }
    }

    /// Whether it is done because nobody wants more, though there may be more: a result does not
    /// stand for what was not read.
    pub(super) fn is_cut_short(&self) -> bool {
        self.is_failed
            || match &self.work {
                Work::Pass { left } => *left == Some(0),
                Work::Run(machine) => machine.is_saturated(),
            }
    }

    /// Whether it is done with an error or with time travel.
    pub(super) fn is_failed(&self) -> bool {
        self.is_failed
    }

    /// The listed events that the query selects, in the order in which it wants them.
    fn selected_own(&self) -> Vec<Arc<LoggedEvent>> {
        let (Work::Run(machine), Some(listed)) = (&self.work, &self.listed) else {
            return Vec::new();
        };
        let Some(selection) = machine.selection() else {
            return Vec::new();
        };
        let is_selected = |event: &&Arc<LoggedEvent>| selection.matches(event.as_ref(), true);
        let mut events: Vec<_> = listed.iter().filter(is_selected).cloned().collect();
        if machine.order() == aql::Order::Descending {
            events.reverse();
        }
        events
    }

    fn take_in(
        &mut self,
        input: Arc<LoggedEvent>,
        settled: Option<EventKey>,
        log: &LogReader,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let Work::Run(machine) = &mut self.work else {
            return Ok(());
        };
        self.has_news = true;
        let reader = SubReader::new(log, &self.scope, self.listed.as_deref());
        let outputs = machine.push(input, &reader);
        if !outputs.is_empty() {
            extend(out, outputs);
            let last = out.last_mut().expect("something was just added");
            // An event at which the query ended in an error was not dealt with.
            last.settled = settled.filter(|_| !last.is_last());
            self.is_failed |= last.is_last();
        }
        reader.outcome()
    }
}

fn extend(out: &mut Vec<Output>, outputs: Vec<aql::Output>) {
    out.extend(outputs.into_iter().map(|output| Output::new(output.into())));
}

/// Reads for sub-queries, and remembers if that failed: a disk that cannot be read is no diagnostic
/// of a query.
struct SubReader<'a> {
    log: &'a LogReader,
    scope: &'a Scope,
    listed: Option<&'a [Arc<LoggedEvent>]>,
    failure: RefCell<Option<Error>>,
}

impl<'a> SubReader<'a> {
    fn new(log: &'a LogReader, scope: &'a Scope, listed: Option<&'a [Arc<LoggedEvent>]>) -> Self {
        Self {
            log,
            scope,
            listed,
            failure: RefCell::default(),
        }
    }

    fn outcome(self) -> Result<()> {
        self.failure.into_inner().map_or(Ok(()), Err)
    }

    fn read_log(
        &self,
        selection: &aql::Selection,
        order: aql::Order,
        take: &mut dyn FnMut(Arc<dyn EventInput>) -> ControlFlow<()>,
    ) -> Result<()> {
        let query = Query {
            selection: translate::selection(selection)?,
            lower: self.scope.lower.clone(),
            upper: Some(self.scope.upper.clone()),
            order: translate::order(order),
        };
        let mut inputs = Inputs::default();
        let mut cursor = self.log.query(&query)?;
        loop {
            let events = cursor.next_chunk(CHUNK_EVENTS, CHUNK_BYTES_MAX)?;
            if events.is_empty() {
                return Ok(());
            }
            for event in events {
                if take(inputs.of(event)).is_break() {
                    return Ok(());
                }
            }
        }
    }
}

impl EventReader for SubReader<'_> {
    fn read(
        &self,
        selection: &aql::Selection,
        order: aql::Order,
        take: &mut dyn FnMut(Arc<dyn EventInput>) -> ControlFlow<()>,
    ) -> Result<(), String> {
        let Some(listed) = self.listed else {
            return self.read_log(selection, order, take).map_err(|error| {
                let message = error.to_string();
                if error.kind() != ErrorKind::InvalidQuery {
                    self.failure.borrow_mut().get_or_insert(error);
                }
                message
            });
        };
        let selected = listed
            .iter()
            .filter(|event| selection.matches(event.as_ref(), true));
        let mut selected: Vec<_> = selected.cloned().collect();
        if order == aql::Order::Descending {
            selected.reverse();
        }
        for event in selected {
            if take(event).is_break() {
                break;
            }
        }
        Ok(())
    }
}
