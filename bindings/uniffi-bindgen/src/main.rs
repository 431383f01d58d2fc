//! Writes the internal Kotlin or Swift sources that belong to a library of `bindings/uniffi`.
//!
//! A program of its own, since a library that could write its sources itself would be three times
//! as large. It reads what the library says about itself, so sources and library always belong
//! together; the library must not be stripped.

mod kotlin;
mod swift;

use anyhow::{Context, Result, ensure};
use camino::Utf8PathBuf;
use clap::{Parser, ValueEnum};
use std::fs;
use uniffi::{GenerateOptions, TargetLanguage, generate};

/// What to write, and where.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The language.
    language: Language,
    /// The shared library, as cargo built it.
    #[arg(long)]
    library: Utf8PathBuf,
    /// Names in the sources: `bindings/uniffi/uniffi.toml`.
    #[arg(long)]
    config: Utf8PathBuf,
    /// The folder of the sources.
    #[arg(long)]
    out: Utf8PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Language {
    Kotlin,
    Swift,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let library = &arguments.library;
    ensure!(library.is_file(), "there is no library {library}");
    generate(GenerateOptions {
        languages: vec![match arguments.language {
            Language::Kotlin => TargetLanguage::Kotlin,
            Language::Swift => TargetLanguage::Swift,
        }],
        source: library.clone(),
        out_dir: arguments.out.clone(),
        config_override: Some(arguments.config),
        ..GenerateOptions::default()
    })?;
    let (path, adapt): (_, fn(&str) -> Result<String>) = match arguments.language {
        Language::Kotlin => (kotlin::PATH, |source| Ok(kotlin::internal(source))),
        Language::Swift => (swift::PATH, swift::adapted),
    };
    let path = arguments.out.join(path);
    let source = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    fs::write(&path, adapt(&source)?).with_context(|| format!("cannot write {path}"))?;
    Ok(())
}
