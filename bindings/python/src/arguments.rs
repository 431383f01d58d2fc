//! Arguments of calls, from Python to the types of the node, and offsets back.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyAny, PyDateTime, PyDict, PyString};
use swarmlet::{
    Durability, NewEvent, Offsets, Options, Order, Parameter, Parameters, Tags, Timestamp,
};
use swarmlet_facade as facade;
use swarmlet_facade::{Failure, Follow, Limits, Reach, Room, guarded, offsets_map, offsets_of};

use crate::failure::{OrRaise, exception};
use crate::payload::encode;

/// Limits of one stream: name, events, bytes, age in microseconds.
pub(crate) type StreamLimits<'py> = (
    String,
    Option<Bound<'py, PyAny>>,
    Option<Bound<'py, PyAny>>,
    Option<Bound<'py, PyAny>>,
);

/// How the network is used: addresses to listen at, to announce, to connect to, patterns of held
/// streams, whether there are discovery and exchange of addresses, connections at most.
pub(crate) type GivenNetwork<'py> = (
    Vec<String>,
    Vec<String>,
    Vec<String>,
    Vec<String>,
    Option<bool>,
    Option<bool>,
    Option<Bound<'py, PyAny>>,
);

/// How much room blobs may have: bytes at most, microseconds between two looks.
pub(crate) type GivenRoom<'py> = (Option<Bound<'py, PyAny>>, Option<Bound<'py, PyAny>>);

/// What a node is opened with, as Python gives it.
pub(crate) struct Settings<'py> {
    pub(crate) app_id: Option<String>,
    pub(crate) streams: Vec<StreamLimits<'py>>,
    pub(crate) routes: Vec<(String, String)>,
    pub(crate) durability: Durability,
    pub(crate) cache_bytes: Option<Bound<'py, PyAny>>,
    pub(crate) network: Option<GivenNetwork<'py>>,
    pub(crate) room: GivenRoom<'py>,
}

impl Settings<'_> {
    /// The options; values are checked by the node.
    pub(crate) fn to_options(&self) -> PyResult<Options> {
        let streams = self.streams.iter().map(|(name, events, bytes, age)| {
            let limits = Limits {
                events_max: count_of("events_max", events)?,
                bytes_max: count_of("bytes_max", bytes)?,
                age_max: count_of("age_max", age)?.map(Duration::from_micros),
            };
            Ok((name.clone(), limits))
        });
        let settings = facade::Settings {
            app_id: self.app_id.clone(),
            streams: streams.collect::<PyResult<_>>()?,
            routes: self.routes.clone(),
            durability: Some(self.durability),
            cache_bytes: count_of("cache_bytes", &self.cache_bytes)?,
            network: self.network.as_ref().map(reach).transpose()?,
            blobs: room(&self.room)?,
        };
        Ok(settings.into_options())
    }
}

fn reach(given: &GivenNetwork<'_>) -> PyResult<Reach> {
    let (listen, announce, peers, holds, discovery, exchange, connections_max) = given;
    Ok(Reach {
        listen: listen.clone(),
        announce: announce.clone(),
        peers: peers.clone(),
        holds: holds.clone(),
        discovery: *discovery,
        address_exchange: *exchange,
        connections_max: count_of("connections_max", connections_max)?,
    })
}

fn room(given: &GivenRoom<'_>) -> PyResult<Room> {
    let (bytes_max, sweep_period) = given;
    let sweep_period = count_of("blobs_sweep_period", sweep_period)?;
    Ok(Room {
        bytes_max: count_of("blobs_bytes_max", bytes_max)?,
        sweep_period: sweep_period.map(Duration::from_micros),
    })
}

/// A number that `open` was given.
fn count_of(name: &'static str, given: &Option<Bound<'_, PyAny>>) -> PyResult<Option<u64>> {
    let given = given.as_ref();
    given.map(|given| count("open", name, given)).transpose()
}

/// A limit in seconds; more of them than a duration holds are no limit.
pub(crate) fn time_limit(seconds: Option<f64>) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds?.max(0.0)).ok()
}

/// The durability of a name.
pub(crate) fn durability(py: Python<'_>, name: &str) -> PyResult<Durability> {
    match name {
        "synced" => Ok(Durability::Synced),
        "buffered" => Ok(Durability::Buffered),
        _ => Err(refused(
            py,
            "open",
            "durability must be 'synced' or 'buffered'",
            name,
        )),
    }
}

/// The order of a name.
pub(crate) fn order(py: Python<'_>, name: &str) -> PyResult<Order> {
    match name {
        "asc" => Ok(Order::Ascending),
        "desc" => Ok(Order::Descending),
        "stream" => Ok(Order::Stream),
        _ => Err(refused(
            py,
            "query",
            "order must be 'asc', 'desc' or 'stream'",
            name,
        )),
    }
}

/// What a subscription of that name follows.
pub(crate) fn follow(py: Python<'_>, name: &str) -> PyResult<Follow> {
    match name {
        "all" => Ok(Follow::All),
        "monotonic" => Ok(Follow::Monotonic),
        "latest" => Ok(Follow::Latest),
        "earliest" => Ok(Follow::Earliest),
        _ => Err(refused(
            py,
            "subscribe",
            "a subscription follows 'all', 'monotonic', 'latest' or 'earliest'",
            name,
        )),
    }
}

/// Parameters of a query from a mapping of name to value. A datetime is a time, and a naive one is
/// refused: nobody knows which time it means.
pub(crate) fn parameters(
    operation: &'static str,
    mapping: Option<&Bound<'_, PyAny>>,
) -> PyResult<Parameters> {
    let mut parameters = Parameters::new();
    let Some(mapping) = mapping else {
        return Ok(parameters);
    };
    let py = mapping.py();
    let copy = PyDict::new(py);
    copy.call_method1("update", (mapping,)).map_err(|_| {
        let message = "parameters must be a mapping from name to value";
        exception(py, Failure::invalid(operation, message))
    })?;
    for (name, value) in copy {
        let name: String = name.extract().map_err(|_| {
            let message = "the name of a parameter must be a str";
            exception(py, Failure::invalid(operation, message))
        })?;
        let parameter = match value.cast::<PyDateTime>() {
            Ok(time) => Parameter::Time(timestamp(operation, time)?),
            Err(_) => Parameter::Value(guarded(operation, || encode(&value)).or_raise(py)?),
        };
        parameters = parameters.with_parameter(&name, parameter);
    }
    Ok(parameters)
}

/// A time; a naive one is refused.
pub(crate) fn timestamp(
    operation: &'static str,
    time: &Bound<'_, PyDateTime>,
) -> PyResult<Timestamp> {
    static CONVERT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = time.py();
    if time.getattr("tzinfo")?.is_none() {
        let message = "a time must have a time zone";
        return Err(exception(py, Failure::invalid(operation, message)));
    }
    let convert = CONVERT.import(py, "swarmlet._types", "micros")?;
    Ok(Timestamp::from_micros(convert.call1((time,))?.extract()?))
}

/// The events of pairs of tags and payload.
pub(crate) fn new_events(pairs: &Bound<'_, PyAny>) -> PyResult<Vec<NewEvent>> {
    let mut events = Vec::with_capacity(pairs.len().unwrap_or(0));
    for pair in pairs.try_iter()? {
        events.push(new_event(&pair?)?);
    }
    Ok(events)
}

fn new_event(pair: &Bound<'_, PyAny>) -> PyResult<NewEvent> {
    let py = pair.py();
    let (tags, payload): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract().map_err(|_| {
        let message = "an event to publish must be a pair of tags and payload";
        exception(py, Failure::invalid("publish", message))
    })?;
    Ok(NewEvent {
        tags: self::tags("publish", &tags)?,
        payload: guarded("publish", || encode(&payload)).or_raise(py)?,
    })
}

/// Tags of what is stored: a text is one tag, not a sequence of letters.
pub(crate) fn tags(operation: &'static str, tags: &Bound<'_, PyAny>) -> PyResult<Tags> {
    let py = tags.py();
    let misfit = |_| {
        let message = "tags must be a str or an iterable of str";
        exception(py, Failure::invalid(operation, message))
    };
    let texts: Vec<String> = match tags.cast::<PyString>() {
        Ok(text) => vec![text.extract().map_err(misfit)?],
        Err(_) => {
            let items = tags.try_iter().map_err(misfit)?;
            let texts = items.map(|item| item?.extract());
            texts.collect::<PyResult<_>>().map_err(misfit)?
        }
    };
    Tags::new(texts.iter().map(String::as_str))
        .map_err(|error| Failure::from(error.during(operation)))
        .or_raise(py)
}

/// Offsets from a mapping of stream id to offset.
pub(crate) fn offsets(
    operation: &'static str,
    mapping: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<Offsets>> {
    let Some(mapping) = mapping else {
        return Ok(None);
    };
    let py = mapping.py();
    let copy = PyDict::new(py);
    copy.call_method1("update", (mapping,)).map_err(|_| {
        let message = "offsets must be a mapping from stream id to offset";
        exception(py, Failure::invalid(operation, message))
    })?;
    let entries = copy.iter().map(|(stream, offset)| {
        let text: String = stream.extract().map_err(|_| {
            let message = "a stream id must be a str";
            exception(py, Failure::invalid(operation, message))
        })?;
        Ok((text, count(operation, "offset", &offset)?))
    });
    let entries = entries.collect::<PyResult<Vec<_>>>()?;
    offsets_of(operation, entries).or_raise(py).map(Some)
}

/// Offsets as a dict of stream id and offset.
pub(crate) fn offsets_dict<'py>(
    py: Python<'py>,
    offsets: &Offsets,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (stream, offset) in offsets_map(offsets) {
        dict.set_item(stream, offset)?;
    }
    Ok(dict)
}

/// A number that must not be negative.
pub(crate) fn count(
    operation: &'static str,
    name: &'static str,
    value: &Bound<'_, PyAny>,
) -> PyResult<u64> {
    value.extract::<u64>().map_err(|_| {
        let py = value.py();
        let message = format!("{name} must be an integer from 0 to 2^64 - 1");
        refused(py, operation, &message, &shown(value))
    })
}

/// A value as Python shows it to people.
pub(crate) fn shown(value: &Bound<'_, PyAny>) -> String {
    let text = value.repr();
    text.map_or_else(|_| String::new(), |text| text.to_string())
}

/// What an argument is refused with: what it must be, and what it is.
pub(crate) fn refused(
    py: Python<'_>,
    operation: &'static str,
    message: &str,
    given: &str,
) -> PyErr {
    let failure = Failure::invalid(operation, format!("{message}, not {given}"));
    exception(py, failure.with("given", given))
}
