//! Pictures of invites.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use swarmlet_facade::{Result, qr_svg, qr_terminal};

use crate::failure::{entry, place};
use crate::status::Status;
use crate::text::{Text, string};

/// The QR code of a text as an SVG document; free it with `swarmlet_string_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_qr_svg(
    text: Text,
    out: Option<&mut MaybeUninit<*mut c_char>>,
) -> Status {
    picture("qr_svg", text, out, qr_svg)
}

/// The QR code of a text as lines for a terminal; free it with `swarmlet_string_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_qr_terminal(
    text: Text,
    out: Option<&mut MaybeUninit<*mut c_char>>,
) -> Status {
    picture("qr_terminal", text, out, qr_terminal)
}

fn picture(
    operation: &'static str,
    text: Text,
    out: Option<&mut MaybeUninit<*mut c_char>>,
    draw: fn(&str) -> Result<String>,
) -> Status {
    entry(operation, || {
        let out = place(out, "out")?;
        // SAFETY: the rules of the header hold for texts.
        let text = unsafe { text.read("text")? };
        out.write(string(&draw(text)?));
        Ok(())
    })
}
