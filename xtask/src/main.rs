//! `cargo xtask`: everything a developer or the build server runs, in one program.
//!
//! One module per command. Commands read and write the source tree and start other programs; they
//! never become part of what is published, and no other crate imports them.

#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to its user"
)]

mod generate;
mod root;
mod tidy;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Setup, tests, checks, generated files and benchmarks of Swarmlet.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the files that are generated from tables, or check that they are current.
    Gen(generate::Arguments),
    /// Check the rules of docs/STYLE.md that a program can check.
    Tidy,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Gen(arguments) => generate::run(arguments),
        Command::Tidy => tidy::run(),
    }
}
