//! Pictures of invites.

use napi_derive::napi;

use crate::failure::called;

/// The QR code of a text as an SVG document.
#[napi]
pub fn qr_svg(text: String) -> napi::Result<String> {
    called("qr_svg", || swarmlet_facade::qr_svg(&text))
}

/// The QR code of a text as lines for a terminal.
#[napi]
pub fn qr_terminal(text: String) -> napi::Result<String> {
    called("qr_terminal", || swarmlet_facade::qr_terminal(&text))
}
