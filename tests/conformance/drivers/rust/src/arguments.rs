//! The arguments of a request, each taken as the type that the crate wants.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;
use swarmlet::{
    NewEvent, Offset, Offsets, Order, Parameter, Parameters, QueryOptions, SubscribeOptions, Tags,
    Timestamp,
};

use crate::trouble::Trouble;
use crate::values;

/// The arguments of a request.
pub(crate) struct Arguments(Value);

type Taken<T> = Result<T, Trouble>;

impl Arguments {
    pub(crate) fn new(arguments: Value) -> Self {
        Self(arguments)
    }

    /// The argument of that name, if it was given.
    pub(crate) fn given(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    fn needed(&self, name: &str) -> Taken<&Value> {
        let missing = || Trouble::broken(format!("there is no argument {name}"));
        self.given(name).ok_or_else(missing)
    }

    pub(crate) fn text(&self, name: &str) -> Taken<&str> {
        as_text(self.needed(name)?)
    }

    /// A text that is parsed into a value of the crate.
    pub(crate) fn parsed<T: FromStr<Err = swarmlet::Error>>(&self, name: &str) -> Taken<T> {
        self.text(name)?.parse().map_err(Trouble::Value)
    }

    /// Bytes, in the notation of the protocol.
    pub(crate) fn bytes(&self, name: &str) -> Taken<Vec<u8>> {
        let given = self.needed(name)?;
        let misfit = || Trouble::type_of("bytes", given);
        let digits = given
            .get("$bytes")
            .and_then(Value::as_str)
            .ok_or_else(misfit)?;
        let byte = |at| {
            digits
                .get(at..at + 2)
                .and_then(|two| u8::from_str_radix(two, 16).ok())
        };
        let bytes = (0..digits.len())
            .step_by(2)
            .map(byte)
            .collect::<Option<_>>();
        bytes.ok_or_else(misfit)
    }

    pub(crate) fn text_given(&self, name: &str) -> Taken<Option<&str>> {
        self.given(name).map(as_text).transpose()
    }

    pub(crate) fn number_given(&self, name: &str) -> Taken<Option<u64>> {
        self.given(name).map(as_number).transpose()
    }

    pub(crate) fn count(&self, name: &str) -> Taken<usize> {
        Ok(as_number(self.needed(name)?)? as usize)
    }

    pub(crate) fn duration(&self, name: &str) -> Taken<Duration> {
        as_duration(self.needed(name)?)
    }

    pub(crate) fn duration_given(&self, name: &str) -> Taken<Option<Duration>> {
        self.given(name).map(as_duration).transpose()
    }

    /// A map from text to text.
    pub(crate) fn labels_given(&self, name: &str) -> Taken<BTreeMap<String, String>> {
        let Some(value) = self.given(name) else {
            return Ok(BTreeMap::new());
        };
        let labels = as_map(value)?.iter();
        let label = |(key, value): (&String, &Value)| Ok((key.clone(), as_text(value)?.to_owned()));
        labels.map(label).collect()
    }

    /// One event, from its parts.
    pub(crate) fn event(&self) -> Taken<NewEvent> {
        event(
            self.needed("tags")?,
            self.given("payload").unwrap_or(&Value::Null),
        )
    }

    /// Events, as pairs.
    pub(crate) fn events(&self) -> Taken<Vec<NewEvent>> {
        let events = as_list(self.needed("events")?)?.iter();
        let parsed = events.map(|pair| match as_list(pair)?.as_slice() {
            [tags, payload] => event(tags, payload),
            _ => Err(Trouble::type_of("a pair", pair)),
        });
        parsed.collect()
    }

    pub(crate) fn query_options(&self) -> Taken<QueryOptions> {
        let order = self.given("order").map(|order| match order.as_str() {
            Some("asc") => Ok(Order::Ascending),
            Some("desc") => Ok(Order::Descending),
            Some("stream") => Ok(Order::Stream),
            _ => Err(Trouble::type_of("an order", order)),
        });
        Ok(QueryOptions {
            lower: self
                .given("lower")
                .map(offsets)
                .transpose()?
                .unwrap_or_default(),
            upper: self.given("upper").map(offsets).transpose()?,
            order: order.transpose()?.unwrap_or_default(),
            parameters: self.parameters()?,
        })
    }

    pub(crate) fn subscribe_options(&self) -> Taken<SubscribeOptions> {
        Ok(SubscribeOptions {
            from: self
                .given("from")
                .map(offsets)
                .transpose()?
                .unwrap_or_default(),
            parameters: self.parameters()?,
        })
    }

    fn parameters(&self) -> Taken<Parameters> {
        let mut parameters = Parameters::new();
        let Some(given) = self.given("parameters") else {
            return Ok(parameters);
        };
        for (name, value) in as_map(given)? {
            let parameter = match value.get("$time").and_then(Value::as_i64) {
                Some(micros) => Parameter::Time(Timestamp::from_micros(micros)),
                None => Parameter::Value(values::payload(value)?),
            };
            parameters = parameters.with_parameter(name, parameter);
        }
        Ok(parameters)
    }
}

fn event(tags: &Value, payload: &Value) -> Taken<NewEvent> {
    let tags = as_list(tags)?.iter().map(as_text);
    Ok(NewEvent {
        tags: Tags::new(tags.collect::<Taken<Vec<_>>>()?).map_err(Trouble::Value)?,
        payload: values::payload(payload)?,
    })
}

fn offsets(value: &Value) -> Taken<Offsets> {
    let parse = |(stream, last): (&String, &Value)| {
        let stream = stream.parse().map_err(Trouble::Value)?;
        let last = Offset::new(as_number(last)?).map_err(Trouble::Value)?;
        Ok((stream, last))
    };
    as_map(value)?.iter().map(parse).collect()
}

pub(crate) fn as_text(value: &Value) -> Taken<&str> {
    value
        .as_str()
        .ok_or_else(|| Trouble::type_of("&str", value))
}

pub(crate) fn as_number(value: &Value) -> Taken<u64> {
    value.as_u64().ok_or_else(|| Trouble::type_of("u64", value))
}

pub(crate) fn as_duration(value: &Value) -> Taken<Duration> {
    as_number(value).map(Duration::from_millis)
}

pub(crate) fn as_list(value: &Value) -> Taken<&Vec<Value>> {
    value
        .as_array()
        .ok_or_else(|| Trouble::type_of("a slice", value))
}

pub(crate) fn as_map(value: &Value) -> Taken<&serde_json::Map<String, Value>> {
    value
        .as_object()
        .ok_or_else(|| Trouble::type_of("a map", value))
}
