//! Pictures of invites.

use pyo3::prelude::*;

use crate::failure::OrRaise;

/// The QR code of a text as an SVG document.
#[pyfunction]
pub(crate) fn qr_svg(py: Python<'_>, text: &str) -> PyResult<String> {
    swarmlet_facade::qr_svg(text).or_raise(py)
}

/// The QR code of a text as lines for a terminal.
#[pyfunction]
pub(crate) fn qr_terminal(py: Python<'_>, text: &str) -> PyResult<String> {
    swarmlet_facade::qr_terminal(text).or_raise(py)
}
