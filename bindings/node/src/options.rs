//! Options as the front sends them, JSON in the words of JavaScript, parsed into those of the node.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize as Parse;
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer};
use swarmlet::{Durability, Hold, Keep, Offsets, Options, Order, QueryOptions, Tags, Timestamp};
use swarmlet_facade::{
    BlobOptions, Failure, Follow, Limits, Reach, Result, Room, Settings, Terms, offsets_of,
};

/// What a node is opened with.
#[derive(Parse)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenOptions {
    app_id: Option<String>,
    #[serde(default)]
    streams: Vec<(String, Option<GivenRetention>)>,
    #[serde(default)]
    routes: Vec<(String, String)>,
    durability: Option<GivenDurability>,
    cache_bytes: Option<Count>,
    network: Option<GivenNetwork>,
    blobs_bytes_max: Option<Count>,
    blobs_sweep_period_ms: Option<Count>,
}

#[derive(Default, Parse)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GivenRetention {
    events_max: Option<Count>,
    bytes_max: Option<Count>,
    age_ms_max: Option<Count>,
}

#[derive(Parse)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GivenNetwork {
    #[serde(default)]
    listen: Vec<String>,
    #[serde(default)]
    announce: Vec<String>,
    #[serde(default)]
    peers: Vec<String>,
    #[serde(default)]
    holds: Vec<String>,
    discovery: Option<bool>,
    address_exchange: Option<bool>,
    connections_max: Option<Count>,
}

#[derive(Parse)]
#[serde(rename_all = "camelCase")]
enum GivenDurability {
    Synced,
    Buffered,
}

#[derive(Parse)]
#[serde(rename_all = "camelCase")]
enum GivenOrder {
    Asc,
    Desc,
    Stream,
}

#[derive(Parse)]
#[serde(rename_all = "camelCase")]
enum GivenFollow {
    All,
    Monotonic,
    Latest,
    Earliest,
}

/// What a query is asked with.
#[derive(Parse)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenQuery {
    #[serde(default)]
    lower: BTreeMap<String, Count>,
    upper: Option<BTreeMap<String, Count>>,
    order: Option<GivenOrder>,
}

/// What a subscription is asked with.
#[derive(Parse)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenSubscription {
    #[serde(default)]
    from: BTreeMap<String, Count>,
    follow: GivenFollow,
}

/// What a device is granted.
#[derive(Parse)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenTerms {
    capabilities: Option<String>,
    name: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    uses: Option<Count>,
    valid_ms: Option<Count>,
}

/// How long is waited for others.
#[derive(Parse)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenWait {
    timeout_ms: Option<f64>,
}

/// What is said of a blob when it is stored.
#[derive(Parse)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenPut {
    name: Option<String>,
    media_type: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    hold: Option<GivenHold>,
    keep: Option<GivenKeep>,
    #[serde(default)]
    reference: bool,
}

#[derive(Parse)]
#[serde(rename_all = "camelCase")]
enum GivenHold {
    Everyone,
    OnDemand,
    Copies(u16),
    Labels(BTreeMap<String, String>),
}

/// A time is in microseconds.
#[derive(Parse)]
#[serde(rename_all = "camelCase")]
enum GivenKeep {
    Forever,
    Until(i64),
    UntilNext(Vec<String>),
    WhileReferenced,
}

/// Which bytes of a blob are read.
#[derive(Parse)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenRange {
    start: Option<Count>,
    end: Option<Count>,
}

/// How many bytes are read at most.
#[derive(Parse)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GivenRead {
    bytes_max: Count,
}

/// A number that is not negative, and exact in JavaScript.
struct Count(u64);

const COUNT_MAX: u64 = (1 << 53) - 1;

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Count;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an integer from 0 to 2^53 - 1")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Count, E> {
                if number > COUNT_MAX {
                    return Err(E::invalid_value(de::Unexpected::Unsigned(number), &self));
                }
                Ok(Count(number))
            }
        }

        deserializer.deserialize_u64(Visitor)
    }
}

/// Parses what the front has made JSON of.
pub(crate) fn parsed<T: DeserializeOwned>(operation: &'static str, given: &str) -> Result<T> {
    serde_json::from_str(given).map_err(|error| {
        // The column is one of a text that the caller has not written.
        let text = error.to_string();
        let text = text.split(" at line ").next().unwrap_or_default();
        let failure = Failure::invalid(operation, format!("the options cannot be used: {text}"));
        failure.with("given", given)
    })
}

impl GivenOptions {
    /// The options; values are checked by the node.
    pub(crate) fn into_options(self) -> Options {
        let streams = self.streams.into_iter();
        let settings = Settings {
            app_id: self.app_id,
            streams: streams
                .map(|(name, kept)| (name, kept.unwrap_or_default().into_limits()))
                .collect(),
            routes: self.routes,
            durability: self.durability.map(|durability| match durability {
                GivenDurability::Synced => Durability::Synced,
                GivenDurability::Buffered => Durability::Buffered,
            }),
            cache_bytes: number(self.cache_bytes),
            network: self.network.map(GivenNetwork::into_reach),
            blobs: Room {
                bytes_max: number(self.blobs_bytes_max),
                sweep_period: number(self.blobs_sweep_period_ms).map(Duration::from_millis),
            },
        };
        settings.into_options()
    }
}

impl GivenRetention {
    fn into_limits(self) -> Limits {
        Limits {
            events_max: number(self.events_max),
            bytes_max: number(self.bytes_max),
            age_max: number(self.age_ms_max).map(Duration::from_millis),
        }
    }
}

impl GivenNetwork {
    fn into_reach(self) -> Reach {
        Reach {
            listen: self.listen,
            announce: self.announce,
            peers: self.peers,
            holds: self.holds,
            discovery: self.discovery,
            address_exchange: self.address_exchange,
            connections_max: number(self.connections_max),
        }
    }
}

impl GivenQuery {
    /// The options, without parameters.
    pub(crate) fn into_options(self, operation: &'static str) -> Result<QueryOptions> {
        let mut options = QueryOptions {
            lower: offsets(operation, self.lower)?,
            ..QueryOptions::default()
        };
        if let Some(upper) = self.upper {
            options.upper = Some(offsets(operation, upper)?);
        }
        if let Some(order) = self.order {
            options.order = match order {
                GivenOrder::Asc => Order::Ascending,
                GivenOrder::Desc => Order::Descending,
                GivenOrder::Stream => Order::Stream,
            };
        }
        Ok(options)
    }
}

impl GivenSubscription {
    /// Where it begins, and what it follows.
    pub(crate) fn into_parts(self) -> Result<(Offsets, Follow)> {
        let follow = match self.follow {
            GivenFollow::All => Follow::All,
            GivenFollow::Monotonic => Follow::Monotonic,
            GivenFollow::Latest => Follow::Latest,
            GivenFollow::Earliest => Follow::Earliest,
        };
        Ok((offsets("subscribe", self.from)?, follow))
    }
}

impl GivenTerms {
    /// The terms; values are checked by the node.
    pub(crate) fn into_terms(self) -> Terms {
        Terms {
            capabilities: self.capabilities,
            name: self.name,
            labels: self.labels,
            uses: number(self.uses),
            valid: number(self.valid_ms).map(Duration::from_millis),
        }
    }
}

impl GivenPut {
    /// The options; most values are checked by the node.
    pub(crate) fn into_options(self) -> Result<BlobOptions> {
        let hold = self.hold.map(|hold| match hold {
            GivenHold::Everyone => Hold::Everyone,
            GivenHold::OnDemand => Hold::OnDemand,
            GivenHold::Copies(copies) => Hold::Copies(copies),
            GivenHold::Labels(labels) => Hold::Labels(labels),
        });
        Ok(BlobOptions {
            name: self.name,
            media_type: self.media_type,
            tags: tags(&self.tags)?,
            hold: hold.unwrap_or_default(),
            keep: self
                .keep
                .map(GivenKeep::into_keep)
                .transpose()?
                .unwrap_or_default(),
            is_reference: self.reference,
        })
    }
}

impl GivenKeep {
    fn into_keep(self) -> Result<Keep> {
        Ok(match self {
            Self::Forever => Keep::Forever,
            Self::Until(micros) => Keep::Until(Timestamp::from_micros(micros)),
            Self::UntilNext(next) => Keep::UntilNext(tags(&next)?),
            Self::WhileReferenced => Keep::WhileReferenced,
        })
    }
}

impl GivenRange {
    /// Where it begins, and where it ends if it does.
    pub(crate) fn into_bounds(self) -> (u64, Option<u64>) {
        (number(self.start).unwrap_or_default(), number(self.end))
    }
}

impl GivenRead {
    /// The bound.
    pub(crate) fn into_bytes_max(self) -> usize {
        usize::try_from(self.bytes_max.0).unwrap_or(usize::MAX)
    }
}

impl GivenWait {
    /// The limit; more than a duration holds is none.
    pub(crate) fn into_limit(self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.timeout_ms?.max(0.0) / 1000.0).ok()
    }
}

fn number(count: Option<Count>) -> Option<u64> {
    count.map(|count| count.0)
}

fn offsets(operation: &'static str, given: BTreeMap<String, Count>) -> Result<Offsets> {
    let entries = given.into_iter();
    offsets_of(
        operation,
        entries.map(|(stream, offset)| (stream, offset.0)),
    )
}

fn tags(given: &[String]) -> Result<Tags> {
    Ok(Tags::new(given.iter().map(String::as_str))?)
}
