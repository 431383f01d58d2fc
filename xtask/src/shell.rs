//! Other programs, started in the repository with their output passed through.

use crate::root;
use anyhow::{Context, Result, ensure};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder of the Python environment that tests run in.
pub(crate) const VENV: &str = "target/venv";

/// A program with its arguments, to be run in the root of the repository without standard input.
pub(crate) fn command(words: &[&str]) -> Command {
    let (program, arguments) = words
        .split_first()
        .expect("a command has at least a program");
    let mut command = self::program(Path::new(program));
    command.args(arguments);
    command
}

/// A program without arguments, to be run as [`command`] says.
pub(crate) fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.current_dir(root::folder()).stdin(Stdio::null());
    command
}

/// Runs the command; an unsuccessful end is an error that names it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let text = text_of(command);
    println!("$ {text}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{text}`"))?;
    ensure!(status.success(), "`{text}` ended with {status}");
    Ok(())
}

/// Whether the program can be started and is content with its arguments. Says nothing.
pub(crate) fn works(words: &[&str]) -> bool {
    let mut command = command(words);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A program of the Python environment.
pub(crate) fn venv_program(name: &str) -> PathBuf {
    root::path(VENV).join("bin").join(name)
}

/// A program of the Python environment with its arguments, as [`command`] makes them.
pub(crate) fn venv_command(name: &str, arguments: &[&str]) -> Command {
    let program = venv_program(name);
    let program = program
        .to_str()
        .expect("the path of the repository is UTF-8");
    let mut command = command(&[&[program], arguments].concat());
    command.env("VIRTUAL_ENV", root::path(VENV));
    command
}

/// Where programs are looked for, those of the Python environment first.
pub(crate) fn venv_path() -> Result<OsString> {
    let bin = root::path(VENV).join("bin");
    let rest = env::var_os("PATH").unwrap_or_default();
    let places = std::iter::once(bin).chain(env::split_paths(&rest));
    env::join_paths(places).context("a folder of PATH cannot be named")
}

/// The command as one would type it, with paths relative to the repository.
fn text_of(command: &Command) -> String {
    let root = root::folder();
    let program = Path::new(command.get_program());
    let program = program
        .strip_prefix(&root)
        .unwrap_or(program)
        .display()
        .to_string();
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned());
    [program]
        .into_iter()
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_typed() {
        assert_eq!(
            text_of(&command(&["cargo", "fmt", "--check"])),
            "cargo fmt --check"
        );
        assert_eq!(
            text_of(&venv_command("pytest", &["-q"])),
            "target/venv/bin/pytest -q"
        );
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run(&mut command(&["false"])).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`false` ended with exit status: 1"),
            "{error}"
        );
        assert!(!works(&["false"]) && works(&["true"]));
    }
}
