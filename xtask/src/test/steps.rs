//! The table of steps. A step is one entry; what it needs must be in the tree, else it is skipped.

use super::{browser, c, clients, conformance, fuzz, node, package, python};
use crate::cargo::{self, Profile};
use crate::{deny, generate, kotlin, setup, shell, swift, tidy};
use anyhow::Result;

/// A check with a name.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) part: Part,
    /// The file or folder without which there is nothing to check.
    pub(crate) needs: &'static str,
    pub(crate) work: Work,
}

/// When a step is run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Always,
    /// Only with `--quick`: what the full run checks by something larger.
    Quick,
    /// Only without `--quick`.
    Full,
}

/// What a step does.
pub(crate) enum Work {
    /// Commands, one after the other; a word of the form `NAME=value` before the program is set in
    /// its environment.
    Commands(&'static [&'static [&'static str]]),
    /// Programs of the workspace with their arguments, one after the other.
    Programs(&'static [&'static [&'static str]]),
    Function(fn() -> Result<()>),
}

use Part::{Always, Full, Quick};
use Work::{Commands, Function, Programs};

/// Everything, in the order in which it is run: first what fails fastest.
pub(crate) const STEPS: &[Step] = &[
    step("setup", Always, ".", Function(setup::run)),
    step(
        "fmt",
        Always,
        ".",
        Commands(&[&["cargo", "fmt", "--all", "--check"]]),
    ),
    step("tidy", Always, ".", Function(tidy::run)),
    step(
        "gen-check",
        Always,
        "core/engine/errors.toml",
        Function(generate::check),
    ),
    step("deny", Always, ".cargo/deny.toml", Function(deny::run)),
    step("clippy", Always, ".", Commands(CLIPPY)),
    step(
        "unit",
        Quick,
        ".",
        Commands(&[&["cargo", "test", "--workspace", "--lib", "--bins"]]),
    ),
    step("rust", Full, ".", Commands(RUST)),
    step("doc", Full, ".", Commands(DOC)),
    step("sim", Full, "tests/sim/Cargo.toml", Programs(SIM)),
    step("oracle", Full, "tests/oracle/Cargo.toml", Programs(ORACLE)),
    step("crash", Full, "tests/crash/Cargo.toml", Programs(CRASH)),
    step("netns", Full, "tests/netns/Cargo.toml", Programs(NETNS)),
    step("fuzz", Full, fuzz::MANIFEST, Function(fuzz::run)),
    step("python", Full, python::MANIFEST, Function(python::run)),
    step("node", Full, node::MANIFEST, Function(node::run)),
    step("c", Full, c::MANIFEST, Function(c::run)),
    step("kotlin", Full, kotlin::MANIFEST, Function(kotlin::test)),
    step("swift", Full, swift::MANIFEST, Function(swift::test)),
    step("package", Full, package::NEEDS, Function(package::run)),
    step(
        "conformance",
        Full,
        conformance::MANIFEST,
        Function(conformance::run),
    ),
    step("clients", Full, clients::MANIFEST, Function(clients::run)),
    step("browser", Full, browser::MANIFEST, Function(browser::run)),
    step(
        "demo",
        Full,
        "examples/demo",
        Commands(&[&["cargo", "demo"]]),
    ),
];

const CLIPPY: &[&[&str]] = &[&[
    "cargo",
    "clippy",
    "--workspace",
    "--all-targets",
    "--",
    "-D",
    "warnings",
]];
const RUST: &[&[&str]] = &[&[
    "cargo",
    "test",
    "--workspace",
    "--lib",
    "--bins",
    "--tests",
    "--examples",
    "--no-fail-fast",
]];
const DOC: &[&[&str]] = &[
    &["cargo", "test", "--workspace", "--doc"],
    &[
        "RUSTDOCFLAGS=-D warnings",
        "cargo",
        "doc",
        "--workspace",
        "--no-deps",
    ],
];
const SIM: &[&[&str]] = &[
    &["swarmlet-sim", "--seeds", "2000"],
    &["swarm", "--seeds", "2000"],
];
const ORACLE: &[&[&str]] = &[&["swarmlet-oracle", "--cases", "20000"]];
const CRASH: &[&[&str]] = &[
    &["swarmlet-crash", "--rounds", "60"],
    &["swarmlet-crash", "blobs", "--rounds", "2"],
    &["swarmlet-crash", "disks"],
];
const NETNS: &[&[&str]] = &[&["swarmlet-netns"]];

const fn step(name: &'static str, part: Part, needs: &'static str, work: Work) -> Step {
    Step {
        name,
        part,
        needs,
        work,
    }
}

impl Step {
    /// Carries the step out.
    pub(crate) fn run(&self) -> Result<()> {
        match &self.work {
            Function(function) => function(),
            Commands(commands) => commands.iter().try_for_each(|words| run_words(words)),
            Programs(programs) => run_programs(programs),
        }
    }
}

fn run_programs(programs: &[&[&str]]) -> Result<()> {
    cargo::build_programs()?;
    programs.iter().try_for_each(|words| {
        let (name, arguments) = words.split_first().expect("a program has a name");
        let program = cargo::built(Profile::Dev).join(name);
        let mut command = shell::program(&program);
        shell::run(command.args(arguments))
    })
}

fn run_words(words: &[&str]) -> Result<()> {
    let is_setting = |word: &&&str| word.contains('=') && !word.starts_with('-');
    let settings = words.iter().take_while(is_setting).count();
    let mut command = shell::command(&words[settings..]);
    command.envs(
        words[..settings]
            .iter()
            .filter_map(|word| word.split_once('=')),
    );
    shell::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_once() {
        let mut names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn setup_comes_first() {
        assert_eq!(STEPS[0].name, "setup");
    }

    #[test]
    fn settings_before_the_program_reach_it() {
        run_words(&["A=b c", "sh", "-c", "test \"$A\" = 'b c'"]).unwrap();
        run_words(&["sh", "-c", "test \"$A\" = 'b c'"]).unwrap_err();
    }
}
