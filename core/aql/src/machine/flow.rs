//! Values walking through the stages of one pipeline.

use super::stage::State;
use crate::eval::{Bindings, Outside, Problem, Scope, Traced};
use crate::syntax::{Name, Order, Pipeline, Source, Stage};

/// What walks from stage to stage.
pub(super) enum Signal {
    /// A value, or the end of one.
    Value(Input),
    /// No value, and why; stages let it pass.
    Problem(Problem),
    /// The end of a burst of input: those who wait for it give their results.
    Flush,
}

/// A value with the names that earlier stages gave to others.
pub(super) struct Input {
    pub(super) traced: Traced,
    pub(super) bindings: Bindings,
    /// Whether an earlier value is taken back.
    pub(super) is_anti: bool,
}

impl Input {
    /// The same with another value.
    pub(super) fn with(&self, traced: Traced) -> Self {
        Self {
            traced,
            bindings: self.bindings.clone(),
            is_anti: self.is_anti,
        }
    }
}

/// What surrounds a pipeline while it runs.
pub(super) struct Surroundings<'a> {
    pub(super) outside: Outside<'a>,
    /// Names from outside of the pipeline.
    pub(super) bindings: &'a Bindings,
    pub(super) current: Name,
}

impl<'a> Surroundings<'a> {
    pub(super) fn new(outside: Outside<'a>, bindings: &'a Bindings) -> Self {
        Self {
            outside,
            bindings,
            current: Name::current(),
        }
    }

    /// The scope in which an expression sees that input.
    pub(super) fn scope(&self, input: &Input) -> Scope<'a> {
        let bindings = input
            .bindings
            .with(self.current.clone(), input.traced.clone());
        Scope::new(self.outside, bindings)
    }

    /// A value that enters the pipeline.
    pub(super) fn entering(&self, traced: Traced, is_anti: bool) -> Signal {
        Signal::Value(Input {
            traced,
            bindings: self.bindings.clone(),
            is_anti,
        })
    }
}

/// The states of the stages of one pipeline, which is passed in with every call.
pub(super) struct Flow {
    states: Vec<State>,
    order: Order,
    is_done: bool,
}

impl Flow {
    /// A flow that has seen nothing. `requested` is the order of input if the pipeline does not
    /// care.
    pub(super) fn new(pipeline: &Pipeline, requested: Order) -> Self {
        let states: Vec<State> = pipeline.stages.iter().map(State::new).collect();
        let demanded = match &pipeline.source {
            Source::Events { order, .. } => *order,
            Source::Array(_) => None,
        };
        let preferred = || states.iter().find_map(State::preferred_order);
        Self {
            order: demanded.or_else(preferred).unwrap_or(requested),
            states,
            is_done: false,
        }
    }

    /// The same for input whose order nobody chooses.
    pub(super) fn live(pipeline: &Pipeline) -> Self {
        Self {
            order: Order::Stream,
            ..Self::new(pipeline, Order::Stream)
        }
    }

    pub(super) fn order(&self) -> Order {
        self.order
    }

    pub(super) fn set_order(&mut self, order: Order) {
        self.order = order;
    }

    /// Whether more input changes nothing.
    pub(super) fn is_done(&self) -> bool {
        self.is_done
    }

    /// Lets one signal walk through all stages; returns what arrives at the end.
    pub(super) fn feed(
        &mut self,
        stages: &[Stage],
        signal: Signal,
        around: &Surroundings<'_>,
    ) -> Vec<Signal> {
        let mut signals = vec![signal];
        for (stage, state) in stages.iter().zip(&mut self.states) {
            let mut next = Vec::with_capacity(signals.len());
            for signal in signals {
                match signal {
                    Signal::Value(input) => state.apply(stage, input, around, &mut next),
                    Signal::Problem(problem) => next.push(Signal::Problem(problem)),
                    Signal::Flush => {
                        state.flush(stage, around, &mut next);
                        next.push(Signal::Flush);
                    }
                }
            }
            self.is_done |= state.is_done(self.order);
            if next.is_empty() {
                return next;
            }
            signals = next;
        }
        signals
    }
}
