//! What crosses as CBOR: events to publish, and parameters of queries.

use swarmlet::{NewEvent, Parameter, Parameters, Payload, Tags, Timestamp};
use swarmlet_facade::{Failure, Item, PayloadReader, Result};

/// The events of a list of (tags, bytes of the payload).
pub(crate) fn new_events(cbor: &[u8]) -> Result<Vec<NewEvent>> {
    let mut reader = Pieces::new("publish", cbor);
    let count = reader.list()?;
    (0..count).map(|_| new_event(&mut reader)).collect()
}

fn new_event(reader: &mut Pieces<'_>) -> Result<NewEvent> {
    let count = reader.list()?;
    let tags: Result<Vec<&str>> = (0..count).map(|_| reader.text()).collect();
    Ok(NewEvent {
        tags: Tags::new(tags?).map_err(|error| error.during("publish"))?,
        payload: reader.payload()?,
    })
}

/// The parameters of a list of name and either the bytes of a value or a time in microseconds.
pub(crate) fn parameters(operation: &'static str, cbor: Option<&[u8]>) -> Result<Parameters> {
    let mut parameters = Parameters::new();
    let Some(cbor) = cbor else {
        return Ok(parameters);
    };
    let mut reader = Pieces::new(operation, cbor);
    for _ in 0..reader.list()? {
        let name = reader.text()?;
        let parameter = match reader.item()? {
            Item::Integer(micros) => {
                let micros = i64::try_from(micros).map_err(|_| reader.misfit())?;
                Parameter::Time(Timestamp::from_micros(micros))
            }
            Item::Bytes(value) => Parameter::Value(reader.checked(value)?),
            _ => return Err(reader.misfit()),
        };
        parameters = parameters.with_parameter(name, parameter);
    }
    Ok(parameters)
}

/// Reads pieces that the front has put together. What does not fit is its mistake.
struct Pieces<'a> {
    operation: &'static str,
    reader: PayloadReader<'a>,
}

impl<'a> Pieces<'a> {
    fn new(operation: &'static str, cbor: &'a [u8]) -> Self {
        Self {
            operation,
            reader: PayloadReader::new(cbor),
        }
    }

    fn item(&mut self) -> Result<Item<'a>> {
        self.reader.item().map_err(|_| self.misfit())
    }

    fn list(&mut self) -> Result<u64> {
        match self.item()? {
            Item::List(Some(count)) => Ok(count),
            _ => Err(self.misfit()),
        }
    }

    fn text(&mut self) -> Result<&'a str> {
        match self.item()? {
            Item::Text(text) => Ok(text),
            _ => Err(self.misfit()),
        }
    }

    fn payload(&mut self) -> Result<Payload> {
        match self.item()? {
            Item::Bytes(value) => self.checked(value),
            _ => Err(self.misfit()),
        }
    }

    fn checked(&self, cbor: &[u8]) -> Result<Payload> {
        let payload = Payload::from_cbor(cbor.to_vec());
        Ok(payload.map_err(|error| error.during(self.operation))?)
    }

    fn misfit(&self) -> Failure {
        Failure::invalid(self.operation, "what the front sent cannot be read")
    }
}
