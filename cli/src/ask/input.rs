//! What people write on the command line, or keep in a file: `@FILE`, and `@-` for the standard
//! input.

use std::fs::File;
use std::io::{self, Read};

use crate::failure::{Failure, Result};
use crate::limits::TEXT_BYTES_MAX;

/// The text itself, or that of the file it names.
pub(crate) fn text(given: String) -> Result<String> {
    let Some(name) = given.strip_prefix('@') else {
        return Ok(given);
    };
    if name == "-" {
        return read(io::stdin().lock(), "the standard input");
    }
    let file = File::open(name);
    let file = file.map_err(|error| Failure::io(format!("cannot open {name}"), error))?;
    read(file, name)
}

fn read(from: impl Read, name: &str) -> Result<String> {
    let mut text = String::new();
    let read = from.take(TEXT_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::io(format!("cannot read {name}"), error))?;
    if text.len() as u64 > TEXT_BYTES_MAX {
        let message = format!("{name} has more than {TEXT_BYTES_MAX} bytes");
        return Err(Failure::invalid(message).advise("store what is large as a blob"));
    }
    Ok(text)
}
