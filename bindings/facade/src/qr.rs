//! Pictures of invites.

use swarmlet::QrCode;

use crate::failure::Result;

/// The QR code of a text as an SVG document.
pub fn qr_svg(text: &str) -> Result<String> {
    code(text).map(|code| code.svg())
}

/// The QR code of a text as lines for a terminal.
pub fn qr_terminal(text: &str) -> Result<String> {
    code(text).map(|code| code.terminal())
}

fn code(text: &str) -> Result<QrCode> {
    QrCode::of(text).map_err(Into::into)
}
