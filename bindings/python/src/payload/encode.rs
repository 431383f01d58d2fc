//! A value of Python as a payload. What does not fit is named with its place.

use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyMemoryView,
    PySequence, PyString, PyTuple,
};
use swarmlet::Payload;
use swarmlet_facade::{Failure, PayloadWriter};

/// Whoever calls says for what the value is.
const OPERATION: &str = "";

/// What cannot be written, and where; the place is put together on the way out.
struct Misfit {
    failure: Failure,
    place: Vec<String>,
}

type Written = Result<(), Misfit>;

impl From<Failure> for Misfit {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            place: Vec::new(),
        }
    }
}

impl From<PyErr> for Misfit {
    fn from(error: PyErr) -> Self {
        Failure::invalid(OPERATION, format!("the payload cannot be read: {error}")).into()
    }
}

impl Misfit {
    fn inside(mut self, place: impl FnOnce() -> String) -> Self {
        self.place.push(place());
        self
    }

    /// Deep values have long places; the outer steps are enough to find them.
    fn into_failure(self) -> Failure {
        const STEPS_SHOWN: usize = 8;
        if self.place.is_empty() {
            return self.failure;
        }
        let steps = self.place.iter().rev().take(STEPS_SHOWN).cloned();
        let more = if self.place.len() > STEPS_SHOWN {
            "..."
        } else {
            ""
        };
        let place = format!("payload{}{more}", steps.collect::<String>());
        let mut failure = self.failure;
        failure.message = format!("{} (at {place})", failure.message);
        failure.with("at", place)
    }
}

/// The payload of a value: None, bool, int, float, str, bytes, sequences, and mappings with str
/// keys.
pub(crate) fn encode(value: &Bound<'_, PyAny>) -> Result<Payload, Failure> {
    let mut writer = PayloadWriter::new();
    write(&mut writer, value).map_err(Misfit::into_failure)?;
    writer.finish()
}

fn write(writer: &mut PayloadWriter, value: &Bound<'_, PyAny>) -> Written {
    if let Ok(text) = value.cast::<PyString>() {
        writer.text(&text_of(text)?)?;
    } else if let Ok(map) = value.cast::<PyDict>() {
        write_dict(writer, map)?;
    } else if value.is_none() {
        writer.null();
    } else if let Ok(flag) = value.cast::<PyBool>() {
        writer.bool(flag.is_true());
    } else if let Ok(integer) = value.cast::<PyInt>() {
        write_integer(writer, integer)?;
    } else if let Ok(float) = value.cast::<PyFloat>() {
        writer.float(float.value());
    } else if let Ok(list) = value.cast::<PyList>() {
        write_items(writer, list.len(), list.iter().map(Ok))?;
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        write_items(writer, tuple.len(), tuple.iter().map(Ok))?;
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        writer.bytes(bytes.as_bytes())?;
    } else {
        write_uncommon(writer, value)?;
    }
    Ok(())
}

fn write_uncommon(writer: &mut PayloadWriter, value: &Bound<'_, PyAny>) -> Written {
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        writer.bytes(&bytes.to_vec())?;
    } else if value.cast::<PyMemoryView>().is_ok() {
        let bytes = value.call_method0("tobytes")?;
        writer.bytes(&bytes.extract::<Vec<u8>>()?)?;
    } else if let Ok(map) = value.cast::<PyMapping>() {
        // A copy: code of the user runs while it is read.
        let copy = PyDict::new(value.py());
        copy.update(map)?;
        write_dict(writer, &copy)?;
    } else if let Ok(sequence) = value.cast::<PySequence>() {
        let items = sequence.to_list()?;
        write_items(writer, items.len(), items.iter().map(Ok))?;
    } else {
        let name = value.get_type().fully_qualified_name()?;
        let message = format!("a payload cannot hold a value of type {name}");
        return Err(Failure::invalid(OPERATION, message).into());
    }
    Ok(())
}

fn write_integer(writer: &mut PayloadWriter, integer: &Bound<'_, PyInt>) -> Written {
    if let Ok(value) = integer.extract::<i64>() {
        writer.integer(value);
    } else if let Ok(value) = integer.extract::<u64>() {
        writer.unsigned(value);
    } else {
        let message = "an integer in a payload must be from -2^63 to 2^64 - 1";
        return Err(Failure::invalid(OPERATION, message).into());
    }
    Ok(())
}

fn write_items<'py>(
    writer: &mut PayloadWriter,
    len: usize,
    items: impl Iterator<Item = PyResult<Bound<'py, PyAny>>>,
) -> Written {
    writer.begin_list(len)?;
    for (index, item) in items.enumerate() {
        write(writer, &item?).map_err(|misfit| misfit.inside(|| format!("[{index}]")))?;
    }
    writer.end();
    Ok(())
}

fn write_dict(writer: &mut PayloadWriter, map: &Bound<'_, PyDict>) -> Written {
    writer.begin_map(map.len())?;
    for (key, value) in map {
        let Ok(name) = key.cast::<PyString>() else {
            let message = format!("a key of a payload must be str, not {}", key.get_type());
            return Err(Failure::invalid(OPERATION, message).into());
        };
        let name = text_of(name)?;
        writer.text(&name)?;
        write(writer, &value).map_err(|misfit| misfit.inside(|| format!("['{name}']")))?;
    }
    writer.end();
    Ok(())
}

fn text_of<'a>(text: &'a Bound<'_, PyString>) -> Result<std::borrow::Cow<'a, str>, Failure> {
    text.to_cow().map_err(|_| {
        let message = "a text in a payload must be valid Unicode, without lone surrogates";
        Failure::invalid(OPERATION, message)
    })
}
