//! One query from its first event to its last output.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::flow::{Flow, Signal, Surroundings};
use super::output::{Diagnostic, Output, Severity};
use super::reader::{EventReader, NoEvents};
use super::sub_query::SubQueryRunner;
use crate::eval::{Bindings, EventInput, Outside, Problem, Scope, Traced, items};
use crate::limits::VALUES_AT_ONCE_MAX;
use crate::plan::{PlanError, Selection, select};
use crate::syntax::{AppId, Name, Order, Query, Source};
use crate::value::Value;

/// What a query is run with.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The time that `5m ago` counts from, in microseconds since 1970.
    pub now_us: i64,
    /// The app that `appId(me)` stands for.
    pub me: Option<AppId>,
    /// What `$name` stands for. Those that the query does not name have no effect.
    pub parameters: BTreeMap<String, Value>,
}

/// How events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Those there are, once, in the order that the machine says; in this one if it does not care.
    Bounded(Order),
    /// As they come. No order can be relied on, so nothing but `LIMIT` ends such a query.
    Live,
}

/// A query at work: takes events, gives results.
///
/// ```
/// use std::sync::Arc;
/// use swarmlet_aql::{Context, Machine, Mode, NoEvents, Order, Output, Query, Value};
///
/// let query = Query::parse("FROM [1, 2, 3] FILTER _ > 1 AGGREGATE SUM(_ * 10)").unwrap();
/// let mode = Mode::Bounded(Order::Ascending);
/// let mut machine = Machine::new(query, Context::default(), mode).unwrap();
/// let mut outputs = machine.start(&NoEvents);
/// outputs.extend(machine.flush(&NoEvents));
/// assert!(matches!(&outputs[..], [Output::Result(sum)] if sum.value == Value::from(50_u64)));
/// ```
pub struct Machine {
    query: Query,
    context: Context,
    selection: Option<Selection>,
    flow: Flow,
    is_failed: bool,
}

impl Machine {
    /// A machine that has seen nothing.
    ///
    /// Fails if a parameter or the calling app is needed and not there, if that of a `LIMIT` is no
    /// positive integer, or if the tags of the query cannot be computed. Tags are computed without
    /// events, so no sub-query finds any.
    pub fn new(query: Query, context: Context, mode: Mode) -> Result<Self, PlanError> {
        let runner = SubQueryRunner(&NoEvents);
        let outside = context.outside(&runner);
        query.check_parameters(&outside)?;
        let flow = match mode {
            Mode::Bounded(requested) => Flow::new(&query.pipeline, requested, &outside)?,
            Mode::Live => Flow::live(&query.pipeline, &outside)?,
        };
        let selection = match &query.pipeline.source {
            Source::Events { events, .. } => {
                let scope = Scope::new(outside, Bindings::default());
                Some(select(events, &scope)?)
            }
            Source::Array(_) => None,
        };
        Ok(Self {
            query,
            context,
            selection,
            flow,
            is_failed: false,
        })
    }

    /// Which events to push; nothing if the query brings its own values.
    #[must_use]
    pub fn selection(&self) -> Option<&Selection> {
        self.selection.as_ref()
    }

    /// In which order to push events: that of the `ORDER` clause, or the one in which aggregators
    /// know their result first, or the one asked for. Always `Stream` for live input.
    #[must_use]
    pub fn order(&self) -> Order {
        self.flow.order()
    }

    /// Whether pushing more events changes nothing; a flush may still give results.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_failed || self.flow.is_done()
    }

    /// Whether results wait for a flush; if not, all that an event leads to comes out at once.
    #[must_use]
    pub fn needs_flush(&self) -> bool {
        self.flow.needs_flush()
    }

    /// Whether a `LIMIT` lets nothing more through.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        self.flow.is_saturated()
    }

    /// In which order to push the events that are there when a live query begins: mostly ascending,
    /// and descending if the query only wants to know the last one.
    #[must_use]
    pub fn order_to_catch_up(&self) -> Order {
        self.flow.order_to_catch_up()
    }

    /// What is pushed from here on comes in that order, which [`Machine::is_done`] goes by.
    pub fn expect_order(&mut self, order: Order) {
        self.flow.set_order(order);
    }

    /// Runs the values that the query brings, if it does. To be called once, before the flush.
    ///
    /// The first value that cannot be computed ends the query; what nobody waits for is not
    /// computed.
    pub fn start(&mut self, reader: &dyn EventReader) -> Vec<Output> {
        let Source::Array(members) = &self.query.pipeline.source else {
            return Vec::new();
        };
        let runner = SubQueryRunner(reader);
        let bindings = Bindings::default();
        let around = Surroundings::new(self.context.outside(&runner), &bindings);
        let scope = Scope::new(around.outside, bindings.clone());
        let mut outputs = Outputs::default();
        for member in members {
            if self.flow.is_done() || outputs.is_failed {
                break;
            }
            let values = match items(member, &scope) {
                Ok(values) => values,
                Err(problem) => {
                    self.is_failed = true;
                    outputs.push(Signal::Problem(problem));
                    break;
                }
            };
            for value in values {
                if self.flow.is_done() || outputs.is_failed {
                    break;
                }
                let signal = around.entering(value, false);
                outputs.extend(self.flow.feed(&self.query.pipeline.stages, signal, &around));
            }
        }
        self.is_failed |= outputs.is_failed;
        outputs.list
    }

    /// Takes one event in.
    pub fn push(&mut self, event: Arc<dyn EventInput>, reader: &dyn EventReader) -> Vec<Output> {
        self.feed(Fed::Event(event), reader)
    }

    /// Takes back an event that was pushed.
    pub fn retract(&mut self, event: Arc<dyn EventInput>, reader: &dyn EventReader) -> Vec<Output> {
        self.feed(Fed::AntiEvent(event), reader)
    }

    /// Gives the results that wait for the end of the input, or of a burst of it. May be called as
    /// often as there are bursts: results that changed since are taken back.
    pub fn flush(&mut self, reader: &dyn EventReader) -> Vec<Output> {
        self.feed(Fed::Flush, reader)
    }

    fn feed(&mut self, fed: Fed, reader: &dyn EventReader) -> Vec<Output> {
        let mut outputs = Outputs::default();
        if self.is_failed {
            return outputs.list;
        }
        let runner = SubQueryRunner(reader);
        let bindings = Bindings::default();
        let around = Surroundings::new(self.context.outside(&runner), &bindings);
        let signal = match fed {
            Fed::Event(event) => around.entering(Traced::of_event(event), false),
            Fed::AntiEvent(event) => around.entering(Traced::of_event(event), true),
            Fed::Flush => Signal::Flush,
        };
        outputs.extend(self.flow.feed(&self.query.pipeline.stages, signal, &around));
        self.is_failed = outputs.is_failed;
        outputs.list
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Machine({})", self.query)
    }
}

enum Fed {
    Event(Arc<dyn EventInput>),
    AntiEvent(Arc<dyn EventInput>),
    Flush,
}

/// Outputs up to the first error, which is the last of them. To be too many is one.
#[derive(Default)]
struct Outputs {
    list: Vec<Output>,
    is_failed: bool,
}

impl Outputs {
    fn extend(&mut self, signals: Vec<Signal>) {
        for signal in signals {
            self.push(signal);
        }
    }

    fn push(&mut self, mut signal: Signal) {
        if self.is_failed {
            return;
        }
        if self.list.len() == VALUES_AT_ONCE_MAX {
            signal = Signal::Problem(Problem::TooManyValues);
        }
        self.list.push(match signal {
            Signal::Value(output) if output.is_anti => Output::AntiResult(output.traced),
            Signal::Value(output) => Output::Result(output.traced),
            Signal::Problem(problem) => {
                let diagnostic = Diagnostic::from(problem);
                self.is_failed = diagnostic.severity == Severity::Error;
                Output::Diagnostic(diagnostic)
            }
            Signal::Flush => return,
        });
    }
}

impl Context {
    fn outside<'a>(&'a self, runner: &'a SubQueryRunner<'_>) -> Outside<'a> {
        Outside {
            now_us: self.now_us,
            me: self.me.as_ref(),
            parameters: &self.parameters,
            sub_queries: runner,
        }
    }
}

impl Query {
    /// The names of the parameters that the query needs, sorted, each once.
    #[must_use]
    pub fn parameters(&self) -> Vec<&str> {
        let found = self.pipeline.parameters();
        let mut names: Vec<&str> = found.all.into_iter().map(Name::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Those of sub-queries too, which else would be missed only when they run.
    fn check_parameters(&self, outside: &Outside<'_>) -> Result<(), Problem> {
        let found = self.pipeline.parameters();
        for name in found.all {
            outside.parameter(name)?;
        }
        for name in found.limits {
            outside.parameter(name)?.as_positive()?;
        }
        Ok(())
    }
}
