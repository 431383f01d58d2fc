//! What is said of words that are no command, and of those that ask for help.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::Error;

use super::front::Arguments;
use crate::failure::Failure;
use crate::show::complain;

/// The words that this program was started with; how it ends, if they are no command.
pub(crate) fn read() -> Result<Arguments, ExitCode> {
    Arguments::try_parse().map_err(|error| {
        if error.use_stderr() && wants_json(std::env::args_os()) {
            complain(&failure(&error), true);
        } else {
            // There is nobody else to tell.
            let _ = error.print();
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(u8::MAX))
    })
}

/// Whether JSON is asked for, as far as words can be understood that are no command.
fn wants_json(words: impl Iterator<Item = OsString>) -> bool {
    let mut options = words.take_while(|word| word != "--");
    options.any(|word| word == "--json")
}

/// The first paragraph of what is wrong is that, the others are what to do.
fn failure(error: &Error) -> Failure {
    let text = error.to_string();
    let paragraphs = text.split("\n\n").map(in_one_line);
    let mut paragraphs = paragraphs.filter(|paragraph| !paragraph.is_empty());
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let advice: Vec<String> = paragraphs.collect();
    Failure::invalid(message).advise(advice.join("; "))
}

fn in_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(words: &[&str]) -> Failure {
        let words = ["swarmlet"].iter().chain(words);
        failure(&Arguments::try_parse_from(words).err().unwrap())
    }

    #[test]
    fn what_is_wrong_and_what_to_do_are_told_apart() {
        let unknown = refused(&["status", "--jason"]);
        assert_eq!(unknown.message, "unexpected argument '--jason' found");
        assert!(
            unknown.advice.contains("'--json'") && unknown.advice.contains("Usage: "),
            "{}",
            unknown.advice
        );
        let missing = refused(&["blobs", "stat"]).message;
        assert!(missing.contains("not provided: <BLOB>"), "{missing}");
        let value = refused(&["blobs", "put", "x", "--hold", "somebody"]).message;
        assert!(value.contains("write everyone"), "{value}");
        assert!(!refused(&["--json"]).message.is_empty());
    }

    #[test]
    fn json_is_asked_for_by_the_option_and_by_nothing_behind_it() {
        let wants = |words: &[&str]| wants_json(words.iter().map(OsString::from));
        assert!(wants(&["swarmlet", "nothing", "--json"]));
        assert!(!wants(&["swarmlet", "publish", "--", "--json"]));
        assert!(!wants(&["swarmlet", "publish", "json"]));
    }
}
