//! What went wrong, and what is missing, on the standard error.

use std::io::Write as _;

use console::Style;

use super::column::printable;
use crate::failure::Failure;

/// Says it: as one JSON object, or as lines for people.
pub(crate) fn complain(failure: &Failure, is_json: bool) {
    let text = match is_json {
        true => serde_json::to_string(&serde_json::json!({ "error": failure })).ok(),
        false => Some(lines(failure)),
    };
    // There is nobody else to tell.
    let _ = writeln!(std::io::stderr(), "{}", text.unwrap_or_default());
}

/// Says what is missing: as one JSON object, or as a line for people.
pub(super) fn warn(message: &str, is_json: bool) {
    let yellow = Style::new().for_stderr().yellow().bold();
    let text = match is_json {
        true => serde_json::json!({ "warning": { "message": message } }).to_string(),
        false => format!("{} {}", yellow.apply_to("warning:"), printable(message)),
    };
    // There is nobody else to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn lines(failure: &Failure) -> String {
    let red = Style::new().for_stderr().red().bold();
    let bold = Style::new().for_stderr().bold();
    let mut text = format!("{} {}", red.apply_to("error:"), printable(&failure.message));
    if let Some(picture) = &failure.picture {
        text += "\n";
        text += picture.trim_end();
    }
    if !failure.advice.is_empty() {
        text += &format!(
            "\n{} {}",
            bold.apply_to("to do:"),
            printable(&failure.advice)
        );
    }
    text
}
