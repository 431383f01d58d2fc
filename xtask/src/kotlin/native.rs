//! The library as cargo builds it, and the sources that belong to it, those of Kotlin above all.

use crate::cargo::Profile;
use crate::{root, shell};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Maven finds what cargo made.
pub(super) const OUT: &str = "target/kotlin";
pub(super) const PACKAGE: &str = "swarmlet-uniffi";
const GENERATOR: &str = "swarmlet-uniffi-bindgen";
const CONFIG: &str = "bindings/uniffi/uniffi.toml";

/// Builds the library for this machine, and writes the sources that belong to it. Says where Maven
/// finds the library.
pub(crate) fn prepare(profile: Profile) -> Result<PathBuf> {
    let library = build(profile)?;
    generate("kotlin", &library, &root::path(OUT).join("sources"))?;
    copy(&library, &root::path(OUT))
}

/// Builds the library for this machine, and what writes sources for it.
pub(crate) fn build(profile: Profile) -> Result<PathBuf> {
    // Both at once: alone, each would have its dependencies built with other features.
    let words = ["cargo", "build", "--quiet", "-p", PACKAGE, "-p", GENERATOR];
    built_by(&mut shell::command(&[&words, profile.options()].concat()))
}

/// Writes the sources of a language that belong to a library.
pub(crate) fn generate(language: &str, library: &Path, sources: &Path) -> Result<()> {
    let config = root::path(CONFIG);
    let program = library.with_file_name(GENERATOR);
    let program = program
        .to_str()
        .context("the path of the build is not UTF-8")?;
    let mut generator = shell::command(&[program, language, "--library"]);
    generator.arg(library).arg("--config").arg(config);
    shell::run(generator.arg("--out").arg(sources))
}

/// Runs a build of the library, and says where that is.
pub(super) fn built_by(cargo: &mut Command) -> Result<PathBuf> {
    cargo.arg("--message-format=json-render-diagnostics");
    println!("$ cargo build -p {PACKAGE}");
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "building {PACKAGE} failed");
    let messages = String::from_utf8(output.stdout).context("cargo wrote no text")?;
    library_in(&messages).context("cargo named no shared library")
}

/// Puts a library into a folder, and says where it is then.
pub(crate) fn copy(library: &Path, folder: &Path) -> Result<PathBuf> {
    let name = library.file_name().context("a library has a name")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let to = folder.join(name);
    fs::copy(library, &to).with_context(|| format!("cannot write {}", to.display()))?;
    Ok(to)
}

/// The shared library among what cargo says it made.
fn library_in(messages: &str) -> Option<PathBuf> {
    let artifacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "swarmlet_uniffi");
    let mut files = artifacts.flat_map(|message| {
        let names = message["filenames"].as_array().cloned();
        names.unwrap_or_default()
    });
    let is_shared = |name: &str| {
        [".so", ".dylib", ".dll"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    files.find_map(|name| Some(PathBuf::from(name.as_str().filter(|name| is_shared(name))?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_in_what_cargo_says() {
        let messages = r#"{"target":{"name":"other"},"filenames":["/t/libother.so"]}
not json
{"target":{"name":"swarmlet_uniffi"},"filenames":["/t/a.rlib","/t/libswarmlet_uniffi.so"]}"#;
        let found = library_in(messages);
        assert_eq!(found, Some(PathBuf::from("/t/libswarmlet_uniffi.so")));
        assert_eq!(library_in("{}"), None);
    }
}
