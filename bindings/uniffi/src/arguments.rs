//! Arguments of calls, from plain data to the types of the node, and offsets back.

use std::collections::HashMap;
use std::time::Duration;

use swarmlet::{
    Durability, NewEvent, Offset, Offsets, Options, Order, Parameter, Parameters, Payload,
    QueryOptions, Retention, SubscribeOptions, Tags, Timestamp,
};
use swarmlet_facade::{Failure, Follow, Terms};

use crate::failure::{Result, during};

/// For each stream id the last offset.
pub(crate) type OffsetMap = HashMap<String, i64>;

/// What a node is opened with; what is not given is for the node to decide.
#[derive(uniffi::Record)]
pub(crate) struct GivenOptions {
    app_id: Option<String>,
    streams: Vec<GivenStream>,
    routes: Vec<GivenRoute>,
    durability: Option<GivenDurability>,
    cache_bytes: Option<i64>,
    network: Option<GivenNetwork>,
}

/// A stream and how much of it is kept.
#[derive(uniffi::Record)]
pub(crate) struct GivenStream {
    name: String,
    events_max: Option<i64>,
    bytes_max: Option<i64>,
    age_max_micros: Option<i64>,
}

/// A tag expression and the stream that matching events go to.
#[derive(uniffi::Record)]
pub(crate) struct GivenRoute {
    tags: String,
    stream: String,
}

/// When a publish is done.
#[derive(uniffi::Enum)]
pub(crate) enum GivenDurability {
    /// After the disk confirmed it.
    Synced,
    /// After it was handed to the operating system.
    Buffered,
}

/// How the network is used.
#[derive(uniffi::Record)]
pub(crate) struct GivenNetwork {
    listen: Vec<String>,
    announce: Vec<String>,
    peers: Vec<String>,
    holds: Vec<String>,
    discovery: Option<bool>,
    address_exchange: Option<bool>,
    connections_max: Option<i64>,
}

/// An event to publish. The payload is CBOR.
#[derive(uniffi::Record)]
pub(crate) struct GivenEvent {
    tags: Vec<String>,
    payload: Vec<u8>,
}

/// What a query is asked with.
#[derive(uniffi::Record)]
pub(crate) struct GivenQuery {
    lower: Option<OffsetMap>,
    upper: Option<OffsetMap>,
    order: GivenOrder,
    parameters: HashMap<String, GivenParameter>,
}

/// In which order events are read.
#[derive(uniffi::Enum)]
pub(crate) enum GivenOrder {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
    /// Stream by stream.
    Stream,
}

/// What a name stands for in a query.
#[derive(uniffi::Enum)]
pub(crate) enum GivenParameter {
    /// A value in CBOR.
    Value {
        /// The value.
        cbor: Vec<u8>,
    },
    /// A time.
    Time {
        /// Microseconds since 1970-01-01 UTC.
        micros: i64,
    },
}

/// What a subscription follows.
#[derive(uniffi::Enum)]
pub(crate) enum Following {
    /// All results.
    All,
    /// All results in the order of event keys, up to one that comes too late.
    Monotonic,
    /// The latest result.
    Latest,
    /// The earliest result.
    Earliest,
}

/// What a device is granted.
#[derive(uniffi::Record)]
pub(crate) struct GivenTerms {
    capabilities: Option<String>,
    name: Option<String>,
    labels: HashMap<String, String>,
    uses: Option<i64>,
    valid_micros: Option<i64>,
}

impl GivenOptions {
    pub(crate) fn into_options(self) -> Result<Options> {
        let mut options = Options::new();
        if let Some(app_id) = &self.app_id {
            options = options.app_id(app_id.as_str());
        }
        for stream in &self.streams {
            options = options.stream(stream.name.as_str(), stream.retention()?);
        }
        for route in &self.routes {
            options = options.route(route.tags.as_str(), route.stream.as_str());
        }
        options = match self.durability {
            None => options,
            Some(GivenDurability::Synced) => options.durability(Durability::Synced),
            Some(GivenDurability::Buffered) => options.durability(Durability::Buffered),
        };
        if let Some(bytes) = self.cache_bytes {
            options = options.cache_bytes(count("open", "cache_bytes", bytes)?);
        }
        if let Some(network) = &self.network {
            options = options.network(network.to_network()?);
        }
        Ok(options)
    }
}

impl GivenStream {
    fn retention(&self) -> Result<Retention> {
        let mut retention = Retention::keep_all();
        if let Some(events) = self.events_max {
            retention = retention.events(count("open", "events_max", events)?);
        }
        if let Some(bytes) = self.bytes_max {
            retention = retention.bytes(count("open", "bytes_max", bytes)?);
        }
        if let Some(age) = self.age_max_micros {
            retention = retention.age(Duration::from_micros(count("open", "age_max", age)?));
        }
        Ok(retention)
    }
}

impl GivenNetwork {
    fn to_network(&self) -> Result<swarmlet::Network> {
        let mut network = swarmlet::Network::new();
        if let Some(is_on) = self.discovery {
            network = network.discovery(is_on);
        }
        if let Some(is_on) = self.address_exchange {
            network = network.address_exchange(is_on);
        }
        network = self.listen.iter().fold(network, swarmlet::Network::listen);
        network = self
            .announce
            .iter()
            .fold(network, swarmlet::Network::announce);
        network = self.peers.iter().fold(network, swarmlet::Network::peer);
        network = self.holds.iter().fold(network, swarmlet::Network::hold);
        if let Some(connections) = self.connections_max {
            let connections = count("open", "connections_max", connections)?;
            network = network.connections_max(usize::try_from(connections).unwrap_or(usize::MAX));
        }
        Ok(network)
    }
}

impl GivenEvent {
    pub(crate) fn into_event(self) -> Result<NewEvent> {
        let tags = Tags::new(self.tags.iter().map(String::as_str));
        Ok(NewEvent {
            tags: tags.map_err(|error| during("publish", error))?,
            payload: payload("publish", self.payload)?,
        })
    }
}

impl GivenQuery {
    pub(crate) fn into_options(self, operation: &'static str) -> Result<QueryOptions> {
        let upper = self.upper.map(|upper| offsets(operation, upper));
        Ok(QueryOptions {
            lower: offsets(operation, self.lower.unwrap_or_default())?,
            upper: upper.transpose()?,
            order: match self.order {
                GivenOrder::Ascending => Order::Ascending,
                GivenOrder::Descending => Order::Descending,
                GivenOrder::Stream => Order::Stream,
            },
            parameters: parameters(operation, self.parameters)?,
        })
    }
}

impl From<Following> for Follow {
    fn from(following: Following) -> Self {
        match following {
            Following::All => Self::All,
            Following::Monotonic => Self::Monotonic,
            Following::Latest => Self::Latest,
            Following::Earliest => Self::Earliest,
        }
    }
}

impl GivenTerms {
    pub(crate) fn into_terms(self, operation: &'static str) -> Result<Terms> {
        let number = |name, value: Option<i64>| {
            let value = value.map(|value| count(operation, name, value));
            value.transpose()
        };
        Ok(Terms {
            capabilities: self.capabilities,
            name: self.name,
            labels: self.labels.into_iter().collect(),
            uses: number("uses", self.uses)?,
            valid: number("valid", self.valid_micros)?.map(Duration::from_micros),
        })
    }
}

/// What a subscription is asked with.
pub(crate) fn subscribe_options(
    from: Option<OffsetMap>,
    given: HashMap<String, GivenParameter>,
) -> Result<SubscribeOptions> {
    Ok(SubscribeOptions {
        from: offsets("subscribe", from.unwrap_or_default())?,
        parameters: parameters("subscribe", given)?,
    })
}

/// A limit of time; a negative one is over at once.
pub(crate) fn time_limit(micros: Option<i64>) -> Option<Duration> {
    micros.map(|micros| Duration::from_micros(micros.try_into().unwrap_or(0)))
}

/// Offsets for the other side.
pub(crate) fn offset_map(offsets: &Offsets) -> OffsetMap {
    let entries = offsets.iter();
    entries
        .map(|(stream, offset)| (stream.to_string(), number(offset.get())))
        .collect()
}

/// A count for the other side; no node counts further than `i64`.
pub(crate) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn offsets(operation: &'static str, map: OffsetMap) -> Result<Offsets> {
    let entries = map.into_iter().map(|(stream, offset)| {
        let offset = count(operation, "offset", offset)?;
        let entry = || -> swarmlet::Result<_> { Ok((stream.parse()?, Offset::new(offset)?)) };
        entry().map_err(|error| during(operation, error))
    });
    entries.collect()
}

fn parameters(
    operation: &'static str,
    given: HashMap<String, GivenParameter>,
) -> Result<Parameters> {
    let mut parameters = Parameters::new();
    for (name, value) in given {
        let parameter = match value {
            GivenParameter::Value { cbor } => Parameter::Value(payload(operation, cbor)?),
            GivenParameter::Time { micros } => Parameter::Time(Timestamp::from_micros(micros)),
        };
        parameters = parameters.with_parameter(&name, parameter);
    }
    Ok(parameters)
}

fn payload(operation: &'static str, cbor: Vec<u8>) -> Result<Payload> {
    Payload::from_cbor(cbor).map_err(|error| during(operation, error))
}

/// A number that must not be negative.
fn count(operation: &'static str, name: &'static str, given: i64) -> Result<u64> {
    let refused = |_| {
        let message = format!("{name} must be an integer from 0 to 2^63 - 1, not {given}");
        Failure::invalid(operation, message).with("given", given.to_string())
    };
    Ok(u64::try_from(given).map_err(refused)?)
}
