//! Where sub-queries get their events from.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::eval::EventInput;
use crate::plan::Selection;
use crate::syntax::Order;

/// Reads events for sub-queries.
pub trait EventReader {
    /// Hands the selected events, within the bounds of the query that asks, to `take` in that
    /// order, which is never [`Order::Stream`], until it breaks.
    ///
    /// An error ends the sub-query; its text becomes a diagnostic of the query.
    fn read(
        &self,
        selection: &Selection,
        order: Order,
        take: &mut dyn FnMut(Arc<dyn EventInput>) -> ControlFlow<()>,
    ) -> Result<(), String>;
}

/// A reader that finds nothing, for queries without sub-queries.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventReader for NoEvents {
    fn read(
        &self,
        _: &Selection,
        _: Order,
        _: &mut dyn FnMut(Arc<dyn EventInput>) -> ControlFlow<()>,
    ) -> Result<(), String> {
        Ok(())
    }
}
