//! From what is asked for to a reading of the log: checks everything, reads nothing.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::Arc;

use swarmlet_aql::{self as aql, Context, Endpoint, Feature, FeatureError, Machine, Mode};
use swarmlet_aql::{PlanError, Query, Value};
use swarmlet_engine::event::{AppId, Event, Offsets, StreamId, StreamNumber};
use swarmlet_engine::log::{self, Order};
use swarmlet_engine::select::Selection;
use swarmlet_engine::{Error, Result};

use super::listed::{self, Defaults};
use super::options::{Parameter, Parameters, QueryOptions, SubscribeOptions};
use super::program::{Program, Scope, Work};
use super::pull::{Pull, Reading};
use super::results::{Results, Sort};
use super::{translate, value};
use crate::metrics::AppRecorder;
use crate::state::State;

/// Who asks.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) state: &'a Arc<State>,
    pub(crate) app_id: &'a AppId,
    /// What is counted of it.
    pub(crate) app: &'a Arc<AppRecorder>,
}

/// What a subscription delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All results.
    All,
    /// All results in the order of event keys, or none.
    Monotonic,
    /// The latest one, whenever it is another.
    Latest,
    /// The earliest one.
    Earliest,
}

/// What a query became: which events it reads, and what happens to them.
struct Compiled {
    /// Nothing if it brings its own values.
    selection: Option<Selection>,
    /// The same in the words of the language.
    shown: Option<aql::Selection>,
    order: Order,
    work: Work,
}

/// A query that has begun, and how it goes about it.
pub(super) struct Begun {
    pub(super) results: Results,
    /// What it reads of the log; nothing if it brings its own values or events.
    pub(super) reads: Option<log::Query>,
    /// Which events that are, in the words of the language.
    pub(super) shown: Option<aql::Selection>,
    pub(super) order: Order,
}

impl Asker<'_> {
    /// Results of what is present now.
    pub(crate) fn query(self, aql: &str, options: QueryOptions) -> Result<Results> {
        Ok(self.begin(translate::query(aql)?, options)?.results)
    }

    /// Begins a query that has been understood.
    pub(super) fn begin(self, query: Query, options: QueryOptions) -> Result<Begun> {
        let log = self.state.log()?;
        let upper = match options.upper {
            Some(upper) => {
                check_present(&upper, &log.present())?;
                upper
            }
            None => log.present(),
        };
        let mode = Mode::Bounded(translate::order_of(options.order));
        let listed = query.events().map(|lines| self.listed(lines)).transpose()?;
        let compiled = self.compile(query, &options.parameters, mode)?;
        let scope = Scope {
            lower: options.lower.clone(),
            upper: upper.clone(),
        };
        let program = Program::new(compiled.work, scope);
        let (program, selection) = match listed {
            Some(events) => (program.with_listed(events), None),
            None => (program, compiled.selection),
        };
        let reads = selection.clone().map(|selection| log::Query {
            selection,
            lower: options.lower.clone(),
            upper: Some(upper.clone()),
            order: compiled.order,
        });
        let reading = Reading {
            selection,
            order: compiled.order,
            lower: options.lower,
            upper: Some(upper),
            program,
        };
        let pull = Pull::new(self.state.clone(), self.app.clone(), reading);
        Ok(Begun {
            results: Results::new(pull, Sort::Query),
            reads,
            shown: compiled.shown,
            order: compiled.order,
        })
    }

    /// Results of what is present and what comes.
    pub(crate) fn subscribe(
        self,
        aql: &str,
        options: SubscribeOptions,
        wanted: Wanted,
    ) -> Result<Results> {
        let query = translate::query(aql)?;
        self.state.check_open()?;
        if wanted == Wanted::Monotonic {
            check_monotonic(&query)?;
        }
        let query = match wanted {
            Wanted::All | Wanted::Monotonic => query,
            Wanted::Latest => query.latest(),
            Wanted::Earliest => query.earliest(),
        };
        if query.order() == Some(aql::Order::Descending) {
            let message = "a subscription goes forward: ORDER DESC is for queries";
            return Err(translate::invalid(message));
        }
        let compiled = self.compile(query, &options.parameters, Mode::Live)?;
        let mut program = Program::new(compiled.work, Scope::default());
        if wanted == Wanted::Monotonic {
            program = program.monotonic();
        }
        let reading = Reading {
            selection: compiled.selection,
            order: compiled.order,
            lower: options.from,
            upper: None,
            program,
        };
        let pull = Pull::new(self.state.clone(), self.app.clone(), reading);
        Ok(Results::new(pull, Sort::Subscription))
    }

    /// Queries that only select events need no machine.
    fn compile(self, query: Query, parameters: &Parameters, mode: Mode) -> Result<Compiled> {
        let now_us = self.state.clock.now().micros();
        let parameters = values(parameters);
        match query.plan_with(now_us, Some(self.app_id.as_str()), &parameters) {
            Ok(plan) => {
                let requested = match mode {
                    Mode::Bounded(order) => plan.order.unwrap_or(order),
                    Mode::Live => aql::Order::Ascending,
                };
                let left = plan.limit.map(NonZeroU64::get);
                Ok(Compiled {
                    selection: Some(translate::selection(&plan.selection)?),
                    shown: Some(plan.selection),
                    order: translate::order(requested),
                    work: Work::Pass { left },
                })
            }
            Err(PlanError::NeedsMachine(_)) => {
                let context = Context {
                    now_us,
                    me: aql::AppId::new(self.app_id.as_str()),
                    parameters,
                };
                let machine = Machine::new(query, context, mode);
                let machine = machine.map_err(|error| translate::refused(&error))?;
                let order = match mode {
                    Mode::Bounded(_) => machine.order(),
                    Mode::Live => machine.order_to_catch_up(),
                };
                Ok(Compiled {
                    selection: machine.selection().map(translate::selection).transpose()?,
                    shown: machine.selection().cloned(),
                    order: translate::order(order),
                    work: Work::Run(Box::new(machine)),
                })
            }
            Err(error) => Err(translate::refused(&error)),
        }
    }

    fn listed(self, lines: &str) -> Result<Vec<Event>> {
        let defaults = Defaults {
            app_id: self.app_id,
            now: self.state.clock.now(),
            stream: StreamId::new(self.state.id, StreamNumber::new(0)?),
        };
        listed::events(lines, &defaults)
    }
}

fn values(parameters: &Parameters) -> BTreeMap<String, Value> {
    let value = |parameter: &Parameter| match parameter {
        Parameter::Value(payload) => value::decode(payload),
        Parameter::Time(time) => Value::Timestamp(time.micros()),
    };
    let pairs = parameters.iter();
    pairs
        .map(|(name, parameter)| (name.to_owned(), value(parameter)))
        .collect()
}

/// What has no place in a sequence of events in order.
fn check_monotonic(query: &Query) -> Result<()> {
    let endpoint = Endpoint::SubscribeMonotonic;
    let is_out_of_place = |feature: &Feature| match feature {
        Feature::FromArray => true,
        // They need a query only because of how the predecessor ran them.
        Feature::MultiEmission | Feature::SubQuery => false,
        feature => !feature.is_allowed_on(endpoint),
    };
    match query.used_features().into_iter().find(is_out_of_place) {
        Some(feature) => {
            let error = FeatureError::Unsupported { feature, endpoint };
            Err(translate::invalid(error.to_string()))
        }
        None => Ok(()),
    }
}

/// A query has a snapshot of the log to itself, so its bound has to lie within what is present.
fn check_present(upper: &Offsets, present: &Offsets) -> Result<()> {
    let Some((stream, bound)) = upper
        .iter()
        .find(|(stream, offset)| !present.contains(*stream, *offset))
    else {
        return Ok(());
    };
    let message = "the upper bound lies beyond what is present, or names an unknown stream";
    let error = Error::invalid(message)
        .with("stream", stream)
        .with("bound", bound);
    Err(match present.last(stream) {
        Some(last) => error.with("present", last),
        None => error.with("present", "nothing"),
    })
}
