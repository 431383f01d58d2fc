//! Pictures of invites: QR codes (ISO/IEC 18004) that the camera of a device reads.

use std::fmt;

use qrcode::render::{svg, unicode};
use swarmlet_engine::{Error, Result};

/// A QR code of a text, say an invite. With medium error correction: a smudge does no harm.
///
/// ```
/// use swarmlet::QrCode;
///
/// let code = QrCode::of("swarmlet-invite")?;
/// assert!(code.svg().contains("<svg"));
/// println!("{}", code.terminal());
/// # Ok::<(), swarmlet::Error>(())
/// ```
pub struct QrCode(qrcode::QrCode);

impl QrCode {
    /// The code of `text`; invites always fit.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for a text of more than 2 331 bytes.
    pub fn of(text: &str) -> Result<Self> {
        let code = qrcode::QrCode::new(text);
        let too_long = |error| {
            Error::invalid("the text is too long for a QR code")
                .with("bytes", text.len())
                .because(error)
        };
        code.map(Self).map_err(too_long)
    }

    /// As a document to show or to print, with the quiet zone that readers need.
    #[must_use]
    pub fn svg(&self) -> String {
        self.0.render::<svg::Color<'_>>().build()
    }

    /// As lines of text for a terminal: two modules a character, dark on a light ground whatever
    /// colours the terminal has.
    #[must_use]
    pub fn terminal(&self) -> String {
        // A light module is drawn, so that on the usual dark ground the code is not inverted.
        let (dark, light) = (unicode::Dense1x2::Light, unicode::Dense1x2::Dark);
        let mut render = self.0.render::<unicode::Dense1x2>();
        render.dark_color(dark).light_color(light).build()
    }
}

impl fmt::Debug for QrCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("QrCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules as a camera sees them: `true` is dark.
    fn modules_of_terminal(text: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in text.lines() {
            let halves = line.chars().map(|shown| match shown {
                '\u{2588}' => (false, false),
                '\u{2580}' => (false, true),
                '\u{2584}' => (true, false),
                _ => (true, true),
            });
            let (upper, lower): (Vec<bool>, Vec<bool>) = halves.unzip();
            rows.extend([upper, lower]);
        }
        rows
    }

    #[test]
    fn the_terminal_shows_the_modules_with_a_quiet_zone() {
        let code = QrCode::of("swarmlet").unwrap();
        let rows = modules_of_terminal(&code.terminal());
        let width = code.0.width();
        assert_eq!(rows[0].len(), width + 8);
        assert!(rows[..4].iter().flatten().all(|dark| !dark));
        let colors = code.0.to_colors();
        for (at, color) in colors.iter().enumerate() {
            let dark = rows[4 + at / width][4 + at % width];
            assert_eq!(dark, *color == qrcode::Color::Dark, "module {at}");
        }
    }

    #[test]
    fn a_text_of_any_length_is_a_code_or_refused() {
        assert!(QrCode::of(&"x".repeat(2_331)).is_ok());
        assert!(QrCode::of(&"x".repeat(2_332)).is_err());
        let svg = QrCode::of("swarmlet").unwrap().svg();
        assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>"), "{svg}");
    }
}
