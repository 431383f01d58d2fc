//! The package of each language, built as it is published, with the program that measures it.

use crate::cargo::{self, Profile};
use crate::package::copy_stripped;
use crate::test::{c, node, python};
use crate::{kotlin, root, setup, shell, swift};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// A language as it can be measured.
struct Language {
    name: &'static str,
    /// How its program is started.
    command: String,
    /// What users install.
    artifact: PathBuf,
}

/// Builds every language, and says so in the words of the benchmark.
pub(super) fn words() -> Result<Vec<String>> {
    setup::run()?;
    let mut languages = vec![in_python()?, in_node()?, in_kotlin()?, in_c()?];
    languages.extend(in_swift()?);
    let words = languages.iter().map(|language| {
        let Language {
            name,
            command,
            artifact,
        } = language;
        let artifact = format!("--artifact={name}={}", artifact.display());
        [format!("--language={name}={command}"), artifact]
    });
    Ok(words.flatten().collect())
}

fn in_python() -> Result<Language> {
    let artifact = python::install(Profile::Release)?;
    let program = shell::venv_program("python");
    Ok(Language {
        name: "python",
        command: format!("{} python/bench/rates.py", program.display()),
        artifact,
    })
}

fn in_node() -> Result<Language> {
    Ok(Language {
        name: "node",
        command: "node node/bench/rates.mjs".to_owned(),
        artifact: as_published("node", &node::build(Profile::Release)?)?,
    })
}

fn in_kotlin() -> Result<Language> {
    let artifact = as_published("kotlin", &kotlin::build_programs(Profile::Release)?)?;
    // The programs are made for short runs; this is a long one.
    let long = "-XX:TieredStopAtLevel=4 -Xmx1g";
    let command = format!(
        "java {} {long} io.github.swarmlet.bench.Rates",
        kotlin::PROGRAMS
    );
    Ok(Language {
        name: "kotlin",
        command,
        artifact,
    })
}

/// Nothing where there is no compiler, which is said.
fn in_swift() -> Result<Option<Language>> {
    if !swift::build_programs(Profile::Release)? {
        return Ok(None);
    }
    let library = root::path("target/swift").join(cargo::library("swarmlet_uniffi"));
    Ok(Some(Language {
        name: "swift",
        command: [swift::PROGRAMS, &["release/Rates"]].concat().join(" "),
        artifact: as_published("swift", &library)?,
    }))
}

fn in_c() -> Result<Language> {
    let prefix = root::path("target/bench/c");
    c::install(Profile::Release, &prefix)?;
    let program = root::path("target/bench/rates");
    let compiler = ["cc", "-std=c11", "-O2", "-D_XOPEN_SOURCE=700", "-pthread"];
    c::compile(
        &prefix,
        "c-include/bench/rates.c",
        &compiler,
        true,
        &program,
    )?;
    Ok(Language {
        name: "c",
        command: program.display().to_string(),
        artifact: as_published("c", &prefix.join("lib/libswarmlet.so"))?,
    })
}

/// A library without what only a debugger needs, as it is packed.
fn as_published(name: &str, library: &Path) -> Result<PathBuf> {
    let folder = root::path("target/bench/published");
    fs::create_dir_all(&folder).context("cannot make a folder")?;
    let published = folder.join(name);
    copy_stripped(library, &published)?;
    Ok(published)
}
