//! Pictures of invites.

use crate::failure::Result;

/// The QR code of a text as an SVG document.
#[uniffi::export]
pub(crate) fn qr_svg(text: String) -> Result<String> {
    Ok(swarmlet_facade::qr_svg(&text)?)
}

/// The QR code of a text as lines for a terminal.
#[uniffi::export]
pub(crate) fn qr_terminal(text: String) -> Result<String> {
    Ok(swarmlet_facade::qr_terminal(&text)?)
}
