//! Queries inside expressions: run once for each value around them, all at once.

use std::ops::ControlFlow;

use super::flow::{Flow, Signal, Surroundings};
use super::reader::EventReader;
use crate::eval::{Problem, Scope, SubQueries, Traced, items};
use crate::limits::VALUE_BYTES_MAX;
use crate::plan::{Selection, select};
use crate::syntax::{Item, Order, Pipeline, Source, TagExpr};
use crate::value::{Value, ValueError};

/// Runs sub-queries with the events of a reader.
pub(super) struct SubQueryRunner<'a>(pub(super) &'a dyn EventReader);

impl SubQueries for SubQueryRunner<'_> {
    fn run(&self, pipeline: &Pipeline, scope: &Scope<'_>) -> Result<Vec<Traced>, Problem> {
        let mut run = Run {
            pipeline,
            flow: Flow::new(pipeline, Order::Ascending, &scope.outside)?,
            around: Surroundings::new(scope.outside, &scope.bindings),
            results: Vec::new(),
        };
        match &pipeline.source {
            Source::Events { events, .. } => run.events(self.0, events, scope)?,
            Source::Array(members) => run.array(members, scope)?,
        }
        run.feed(Signal::Flush)?;
        Ok(run.results)
    }
}

struct Run<'a> {
    pipeline: &'a Pipeline,
    flow: Flow,
    around: Surroundings<'a>,
    results: Vec<Traced>,
}

impl Run<'_> {
    fn events(
        &mut self,
        reader: &dyn EventReader,
        events: &TagExpr,
        scope: &Scope<'_>,
    ) -> Result<(), Problem> {
        let selection = select(events, scope)?;
        if selection == Selection::Nothing {
            return Ok(());
        }
        if self.flow.order() != Order::Descending {
            self.flow.set_order(Order::Ascending);
        }
        let order = self.flow.order();
        let mut outcome = Ok(());
        let read = reader.read(&selection, order, &mut |event| {
            outcome = self.feed(self.around.entering(Traced::of_event(event), false));
            if outcome.is_err() || self.flow.is_done() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        outcome?;
        read.map_err(Problem::Reading)
    }

    fn array(&mut self, members: &[Item], scope: &Scope<'_>) -> Result<(), Problem> {
        for member in members {
            for value in items(member, scope)? {
                self.feed(self.around.entering(value, false))?;
                if self.flow.is_done() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The first problem is the problem of the whole.
    fn feed(&mut self, signal: Signal) -> Result<(), Problem> {
        for signal in self.flow.feed(&self.pipeline.stages, signal, &self.around) {
            match signal {
                Signal::Value(output) => self.results.push(output.traced),
                Signal::Problem(problem) => return Err(problem),
                Signal::Flush => {}
            }
        }
        if self.results.len() > VALUE_BYTES_MAX / size_of::<Value>() {
            return Err(ValueError::TooLarge.into());
        }
        Ok(())
    }
}
