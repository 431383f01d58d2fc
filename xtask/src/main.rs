//! `cargo xtask`: everything a developer or the build server runs, in one program.
//!
//! One module per command. Commands read and write the source tree and start other programs; they
//! never become part of what is published, and no other crate imports them.

#![expect(
    clippy::print_stdout,
    reason = "a command line program talks to its user"
)]

mod bench;
mod cargo;
mod deny;
mod generate;
mod kotlin;
mod package;
mod root;
mod setup;
mod shell;
mod swift;
mod test;
mod tidy;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Setup, tests, checks, generated files and benchmarks of Swarmlet.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install everything that the tests need; quick when nothing is missing.
    Setup,
    /// Run the checks: all of them, the quick ones, or single ones.
    Test(test::Arguments),
    /// Run what the build server runs: every check.
    Ci,
    /// Write the files that are generated from tables, or check that they are current.
    Gen(generate::Arguments),
    /// Check the rules of docs/STYLE.md that a program can check.
    Tidy,
    /// Check licences and sources of what we depend on.
    Deny,
    /// Build the library for Kotlin and the sources that belong to it, for Maven and IDEs.
    Kotlin,
    /// Build the libraries for Android; needs an NDK, and says so.
    Android,
    /// Build the library for Swift and the sources that belong to it, for SwiftPM and Xcode.
    Swift,
    /// Make what is published into target/package, with bills of materials and sums.
    Package(package::Arguments),
    /// Measure beside the peers; prints a table and writes target/bench/NAME.jsonl.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    run(&Arguments::parse().command).unwrap_or_else(|error| {
        println!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(command: &Command) -> Result<ExitCode> {
    let done = match command {
        Command::Test(arguments) => return test::run(arguments),
        Command::Ci => return test::everything(),
        Command::Setup => setup::run(),
        Command::Gen(arguments) => generate::run(arguments),
        Command::Tidy => tidy::run(),
        Command::Deny => deny::run(),
        Command::Kotlin => kotlin::prepare(cargo::Profile::Dev).map(|_| ()),
        Command::Android => kotlin::android(),
        Command::Swift => swift::prepare(cargo::Profile::Dev).map(|_| ()),
        Command::Package(arguments) => package::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
    };
    done.map(|()| ExitCode::SUCCESS)
}
