//! A payload as a value of Python. The engine bounds its depth, so this may recurse.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyList, PyString};
use swarmlet_facade::{Item, PayloadReader};

use crate::failure::OrRaise;

/// The value of well-formed CBOR.
pub(crate) fn decode(py: Python<'_>, cbor: &[u8]) -> PyResult<Py<PyAny>> {
    let mut reader = PayloadReader::new(cbor);
    let item = reader.item().or_raise(py)?;
    Ok(value(py, &mut reader, item)?.unbind())
}

fn value<'py>(
    py: Python<'py>,
    reader: &mut PayloadReader<'_>,
    item: Item<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(match item {
        Item::Null | Item::Break => py.None().into_bound(py),
        Item::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Item::Integer(value) => integer(py, value)?,
        Item::Float(value) => PyFloat::new(py, value).into_any(),
        Item::Text(value) => PyString::new(py, value).into_any(),
        Item::LongText(value) => PyString::new(py, &value).into_any(),
        Item::Bytes(value) => PyBytes::new(py, value).into_any(),
        Item::LongBytes(value) => PyBytes::new(py, &value).into_any(),
        Item::List(len) => list(py, reader, len)?,
        Item::Map(len) => map(py, reader, len)?,
    })
}

fn integer(py: Python<'_>, value: i128) -> PyResult<Bound<'_, PyAny>> {
    Ok(match i64::try_from(value) {
        Ok(small) => small.into_pyobject(py)?.into_any(),
        Err(_) => value.into_pyobject(py)?.into_any(),
    })
}

fn list<'py>(
    py: Python<'py>,
    reader: &mut PayloadReader<'_>,
    len: Option<u64>,
) -> PyResult<Bound<'py, PyAny>> {
    let list = PyList::empty(py);
    let mut left = len;
    while let Some(item) = reader.next_of(&mut left).or_raise(py)? {
        list.append(value(py, reader, item)?)?;
    }
    Ok(list.into_any())
}

fn map<'py>(
    py: Python<'py>,
    reader: &mut PayloadReader<'_>,
    len: Option<u64>,
) -> PyResult<Bound<'py, PyAny>> {
    let map = PyDict::new(py);
    let mut left = len;
    while let Some(item) = reader.next_of(&mut left).or_raise(py)? {
        let key = match item {
            // The same few names in every event: kept once.
            Item::Text(name) => PyString::intern(py, name).into_any(),
            other => value(py, reader, other)?,
        };
        let item = reader.item().or_raise(py)?;
        map.set_item(key, value(py, reader, item)?)?;
    }
    Ok(map.into_any())
}
