//! What queries and subscriptions are asked with.

use std::collections::BTreeMap;

use serde::Serialize;
use swarmlet_engine::Result;
use swarmlet_engine::event::{Offsets, Payload, Timestamp};
use swarmlet_engine::log::Order;

/// From where to where a query looks, in which order, and with which parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryOptions {
    /// Only events after these offsets; streams that are absent from their beginning.
    pub lower: Offsets,
    /// Only events up to these offsets, nothing of streams that are absent; `None` for everything
    /// present.
    pub upper: Option<Offsets>,
    /// The order, unless the query text has an `ORDER` clause or its aggregators prefer one.
    pub order: Order,
    /// What `$name` stands for in the text.
    pub parameters: Parameters,
}

/// Where a subscription starts, and with which parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscribeOptions {
    /// Only events after these offsets; empty for everything from the beginning.
    pub from: Offsets,
    /// What `$name` stands for in the text.
    pub parameters: Parameters,
}

impl SubscribeOptions {
    /// Only what comes after these offsets.
    #[must_use]
    pub fn after(from: Offsets) -> Self {
        Self {
            from,
            ..Self::default()
        }
    }
}

/// Values for the `$name`s of a query: they never become part of its text, so nothing in them can
/// change what the query means. Names that the query does not use have no effect.
///
/// ```
/// use swarmlet::{Parameters, Timestamp};
///
/// let parameters = Parameters::new()
///     .with("id", "it's 7")?
///     .with_time("since", Timestamp::from_micros(0));
/// # assert_eq!(parameters, parameters.clone());
/// # Ok::<(), swarmlet::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, Parameter>);

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// What a payload could be.
    Value(Payload),
    /// A time, for `TIME > $name` and for comparing with `TIME(_)`.
    Time(Timestamp),
}

impl Parameters {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These and one more, whose value is encoded through serde; of equal names the last counts.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for what cannot be a payload.
    pub fn with<T: Serialize + ?Sized>(self, name: &str, value: &T) -> Result<Self> {
        Ok(self.with_parameter(name, Parameter::Value(Payload::from_serde(value)?)))
    }

    /// These and one more, which is a time.
    #[must_use]
    pub fn with_time(self, name: &str, time: Timestamp) -> Self {
        self.with_parameter(name, Parameter::Time(time))
    }

    /// These and one more.
    #[must_use]
    pub fn with_parameter(mut self, name: &str, value: Parameter) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}
