//! What queries and subscriptions are asked with.

use swarmlet::{Order, Parameters, Timestamp};
use swarmlet_facade::Result;

use crate::event::payload;
use crate::extensible::{Extensible, options};
use crate::offsets::Offsets;
use crate::options::unknown;
use crate::text::{Bytes, Text, slice};

/// In which order results come.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultOrder {
    /// Oldest first.
    Asc = 0,
    /// Newest first.
    Desc = 1,
    /// Stream by stream.
    Stream = 2,
}

/// How the value of a parameter is given.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// JSON text in `value`.
    Json = 0,
    /// CBOR in `value`.
    Cbor = 1,
    /// A time in `time`.
    Time = 2,
}

/// What `$name` stands for in a query. Values never become part of the text of the query.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Parameter {
    /// The name, without `$`.
    pub name: Text,
    /// A `swarmlet_parameter_kind`.
    pub kind: u32,
    /// The value, for JSON and CBOR.
    pub value: Bytes,
    /// The time, in microseconds since 1970-01-01 UTC.
    pub time: i64,
}

/// From where to where a query looks, in which order, and with which parameters.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct GivenQuery {
    /// `sizeof(swarmlet_query_options)`.
    pub size: usize,
    /// Only events after these offsets; NULL for all from the beginning.
    pub lower: *const Offsets,
    /// Only events up to these offsets, and none of streams that they do not name; NULL for
    /// everything present.
    pub upper: *const Offsets,
    /// A `swarmlet_order`, unless the text says it.
    pub order: u32,
    /// What `$name` stands for in the text.
    pub parameters: *const Parameter,
    /// How many parameters there are.
    pub parameter_count: usize,
}

/// Where a subscription starts, and with which parameters.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct GivenSubscription {
    /// `sizeof(swarmlet_subscribe_options)`.
    pub size: usize,
    /// Only events after these offsets; NULL for all from the beginning.
    pub from: *const Offsets,
    /// What `$name` stands for in the text.
    pub parameters: *const Parameter,
    /// How many parameters there are.
    pub parameter_count: usize,
}

// SAFETY: a `usize` first, then integers and pointers.
unsafe impl Extensible for GivenQuery {
    const NAME: &'static str = "swarmlet_query_options";
}

// SAFETY: a `usize` first, then integers and pointers.
unsafe impl Extensible for GivenSubscription {
    const NAME: &'static str = "swarmlet_subscribe_options";
}

/// The options of a query.
///
/// # Safety
///
/// As for [`crate::extensible::options`], and the same holds for what the options point to.
pub(crate) unsafe fn query_options(given: *const GivenQuery) -> Result<swarmlet::QueryOptions> {
    // SAFETY: what this function asks for; handles that are not freed are references.
    let (given, lower, upper) = unsafe {
        let given = options(given)?;
        (given, given.lower.as_ref(), given.upper.as_ref())
    };
    Ok(swarmlet::QueryOptions {
        lower: lower.map(Offsets::copy).unwrap_or_default(),
        upper: upper.map(Offsets::copy),
        order: order(given.order)?,
        // SAFETY: what this function asks for.
        parameters: unsafe { parameters(given.parameters, given.parameter_count)? },
    })
}

/// The options of a subscription.
///
/// # Safety
///
/// As for [`query_options`].
pub(crate) unsafe fn subscribe_options(
    given: *const GivenSubscription,
) -> Result<swarmlet::SubscribeOptions> {
    // SAFETY: what this function asks for; handles that are not freed are references.
    let (given, from) = unsafe {
        let given = options(given)?;
        (given, given.from.as_ref())
    };
    Ok(swarmlet::SubscribeOptions {
        from: from.map(Offsets::copy).unwrap_or_default(),
        // SAFETY: what this function asks for.
        parameters: unsafe { parameters(given.parameters, given.parameter_count)? },
    })
}

/// # Safety
///
/// As for [`query_options`].
unsafe fn parameters(data: *const Parameter, count: usize) -> Result<Parameters> {
    let mut all = Parameters::new();
    // SAFETY: what this function asks for.
    for given in unsafe { slice(data, count, "parameters")? } {
        // SAFETY: what this function asks for.
        let (name, value) = unsafe { (given.name.read("the name of a parameter")?, given.read()?) };
        all = all.with_parameter(name, value);
    }
    Ok(all)
}

impl Parameter {
    /// # Safety
    ///
    /// As for [`query_options`].
    unsafe fn read(&self) -> Result<swarmlet::Parameter> {
        const JSON: u32 = ParameterKind::Json as u32;
        const CBOR: u32 = ParameterKind::Cbor as u32;
        const TIME: u32 = ParameterKind::Time as u32;
        match self.kind {
            JSON | CBOR => {
                // The two kinds have the numbers of the formats.
                // SAFETY: what this function asks for.
                let value = unsafe { payload(self.kind, self.value)? };
                Ok(swarmlet::Parameter::Value(value))
            }
            TIME => Ok(swarmlet::Parameter::Time(Timestamp::from_micros(self.time))),
            other => Err(unknown("kind", "swarmlet_parameter_kind", other)),
        }
    }
}

fn order(number: u32) -> Result<Order> {
    const ASC: u32 = ResultOrder::Asc as u32;
    const DESC: u32 = ResultOrder::Desc as u32;
    const STREAM: u32 = ResultOrder::Stream as u32;
    match number {
        ASC => Ok(Order::Ascending),
        DESC => Ok(Order::Descending),
        STREAM => Ok(Order::Stream),
        other => Err(unknown("order", "swarmlet_order", other)),
    }
}

/// The order as C names it.
pub(crate) fn order_of(order: Order) -> ResultOrder {
    match order {
        Order::Ascending => ResultOrder::Asc,
        Order::Descending => ResultOrder::Desc,
        Order::Stream => ResultOrder::Stream,
    }
}
