//! The `swarmlet` command: a node as a service, and everything that people ask of one.
//!
//! Each command becomes one [`request::Request`], plain data. `answer` carries it out on an open
//! node and gives rows; `wire` brings both across, to the node that runs as a service or to one
//! that is opened for the command alone, with the same bytes; `show` makes text of rows. So there
//! is one handler, one protocol, and one place that knows of terminals.
//!
//! From below: `limits`, `failure`, `background` (threads that wait), `place`, `settings` (values),
//! `request`, `wire`, `answer`, `show`, `service` (the node that runs), `ask` (the side of the
//! person), `doctor`, `inspect` and `demo` (what needs no handler), `arguments` (the words).

#![forbid(unsafe_code)]

mod answer;
mod arguments;
mod ask;
mod background;
mod demo;
mod doctor;
mod failure;
mod inspect;
mod limits;
mod place;
mod request;
mod service;
mod settings;
mod show;
mod text;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    match arguments::read() {
        Ok(arguments) => ask::run(arguments),
        Err(code) => code,
    }
}
