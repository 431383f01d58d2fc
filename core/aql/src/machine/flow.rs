//! Values walking through the stages of one pipeline.

use super::stage::State;
use crate::eval::{Bindings, Outside, Problem, Scope, Traced};
use crate::limits::VALUES_AT_ONCE_MAX;
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

/// Whether there are more signals than may walk at once. Who puts several out asks before each.
pub(super) fn is_overfull<T>(signals: &[T]) -> bool {
    signals.len() > VALUES_AT_ONCE_MAX
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
}

impl Flow {
    /// A flow that has seen nothing. `requested` is the order of input if the pipeline does not
    /// care. Fails if a `LIMIT` has no number.
    pub(super) fn new(
        pipeline: &Pipeline,
        requested: Order,
        outside: &Outside<'_>,
    ) -> Result<Self, Problem> {
        let states = pipeline.stages.iter();
        let states: Vec<State> = states
            .map(|stage| State::new(stage, outside))
            .collect::<Result<_, _>>()?;
        let demanded = match &pipeline.source {
            Source::Events { order, .. } => *order,
            // Values come as they are written.
            Source::Array(_) => Some(Order::Ascending),
        };
        let preferred = || states.iter().find_map(State::preferred_order);
        Ok(Self {
            order: demanded.or_else(preferred).unwrap_or(requested),
            states,
        })
    }

    /// The same for input whose order nobody chooses.
    pub(super) fn live(pipeline: &Pipeline, outside: &Outside<'_>) -> Result<Self, Problem> {
        Ok(Self {
            order: Order::Stream,
            ..Self::new(pipeline, Order::Stream, outside)?
        })
    }

    pub(super) fn order(&self) -> Order {
        self.order
    }

    pub(super) fn set_order(&mut self, order: Order) {
        self.order = order;
    }

    /// Whether more input in the order of the flow changes nothing.
    pub(super) fn is_done(&self) -> bool {
        self.states.iter().any(|state| state.is_done(self.order))
    }

    /// Whether results wait for a flush.
    pub(super) fn needs_flush(&self) -> bool {
        self.states.iter().any(State::needs_flush)
    }

    /// Whether a `LIMIT` lets nothing more through.
    pub(super) fn is_saturated(&self) -> bool {
        self.states.iter().any(State::is_saturated)
    }

    /// The order that lets the flow know its result first, if no stage minds which one it is.
    pub(super) fn order_to_catch_up(&self) -> Order {
        let mut remembering = self.states.iter().skip_while(|state| state.is_stateless());
        let first = remembering.next();
        first
            .and_then(State::preferred_order)
            .unwrap_or(Order::Ascending)
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
                if is_overfull(&next) {
                    return vec![Signal::Problem(Problem::TooManyValues)];
                }
            }
            if next.is_empty() {
                return next;
            }
            signals = next;
        }
        signals
    }
}
