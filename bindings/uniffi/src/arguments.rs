//! Arguments of calls, from plain data to the types of the node, and offsets back.

use std::collections::HashMap;
use std::time::Duration;

use swarmlet::{
    Durability, NewEvent, Offsets, Options, Order, Parameter, Parameters, Payload, QueryOptions,
    SubscribeOptions, Tags, Timestamp,
};
use swarmlet_facade::{
    Failure, Follow, Limits, Reach, Room, Settings, Terms, offsets_map, offsets_of,
};

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
    blobs_bytes_max: Option<i64>,
    blobs_sweep_micros: Option<i64>,
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
        let sweep_micros = count_of("blobs_sweep_period", self.blobs_sweep_micros)?;
        let blobs = Room {
            bytes_max: count_of("blobs_bytes_max", self.blobs_bytes_max)?,
            sweep_period: sweep_micros.map(Duration::from_micros),
        };
        let streams = self.streams.into_iter().map(GivenStream::into_limits);
        let routes = self.routes.into_iter();
        let settings = Settings {
            app_id: self.app_id,
            streams: streams.collect::<Result<_>>()?,
            routes: routes.map(|route| (route.tags, route.stream)).collect(),
            durability: self.durability.map(|durability| match durability {
                GivenDurability::Synced => Durability::Synced,
                GivenDurability::Buffered => Durability::Buffered,
            }),
            cache_bytes: count_of("cache_bytes", self.cache_bytes)?,
            network: self.network.map(GivenNetwork::into_reach).transpose()?,
            blobs,
        };
        Ok(settings.into_options())
    }
}

impl GivenStream {
    fn into_limits(self) -> Result<(String, Limits)> {
        let limits = Limits {
            events_max: count_of("events_max", self.events_max)?,
            bytes_max: count_of("bytes_max", self.bytes_max)?,
            age_max: count_of("age_max", self.age_max_micros)?.map(Duration::from_micros),
        };
        Ok((self.name, limits))
    }
}

impl GivenNetwork {
    fn into_reach(self) -> Result<Reach> {
        Ok(Reach {
            listen: self.listen,
            announce: self.announce,
            peers: self.peers,
            holds: self.holds,
            discovery: self.discovery,
            address_exchange: self.address_exchange,
            connections_max: count_of("connections_max", self.connections_max)?,
        })
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

/// How many bytes may cross in one piece.
pub(crate) fn byte_limit(operation: &'static str, given: i64) -> Result<usize> {
    let limit = count(operation, "bytes_max", given)?.min(PIECE_BYTES_MAX);
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Offsets for the other side.
pub(crate) fn offset_map(offsets: &Offsets) -> OffsetMap {
    let entries = offsets_map(offsets).into_iter();
    entries
        .map(|(stream, offset)| (stream, number(offset)))
        .collect()
}

/// A count for the other side; no node counts further than `i64`.
pub(crate) fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn offsets(operation: &'static str, map: OffsetMap) -> Result<Offsets> {
    let entries = map
        .into_iter()
        .map(|(stream, offset)| Ok((stream, count(operation, "offset", offset)?)));
    let entries = entries.collect::<Result<Vec<_>>>()?;
    Ok(offsets_of(operation, entries)?)
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

/// A number that `open` was given.
fn count_of(name: &'static str, given: Option<i64>) -> Result<Option<u64>> {
    given.map(|given| count("open", name, given)).transpose()
}

/// A number that must not be negative.
pub(crate) fn count(operation: &'static str, name: &'static str, given: i64) -> Result<u64> {
    let refused = |_| {
        let message = format!("{name} must be an integer from 0 to 2^63 - 1, not {given}");
        Failure::invalid(operation, message).with("given", given.to_string())
    };
    Ok(u64::try_from(given).map_err(refused)?)
}

/// uniffi counts bytes by `i32`, and arrays of the JVM have a little less than that.
const PIECE_BYTES_MAX: u64 = 0x7fff_ff00;
