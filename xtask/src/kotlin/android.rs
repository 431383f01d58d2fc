//! The libraries for Android, one for each processor, with the linker of an NDK.

use super::native::{OUT, PACKAGE, built_by, copy};
use super::pages;
use crate::{root, shell};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// The oldest Android that the libraries run on, 8.0.
const API: u32 = 26;

/// What Android calls a processor, what Rust calls it, and what the compiler of the NDK calls it.
struct Abi {
    name: &'static str,
    target: &'static str,
    clang: &'static str,
}

const ABIS: &[Abi] = &[
    Abi {
        name: "arm64-v8a",
        target: "aarch64-linux-android",
        clang: "aarch64-linux-android",
    },
    Abi {
        name: "armeabi-v7a",
        target: "armv7-linux-androideabi",
        clang: "armv7a-linux-androideabi",
    },
    Abi {
        name: "x86",
        target: "i686-linux-android",
        clang: "i686-linux-android",
    },
    Abi {
        name: "x86_64",
        target: "x86_64-linux-android",
        clang: "x86_64-linux-android",
    },
];

/// Builds the library for all processors, for the AAR; says what is missing for that.
pub(crate) fn run() -> Result<()> {
    let tools = tools()?;
    for abi in ABIS {
        let library = build(abi, &tools)?;
        let bytes = fs::read(&library)?;
        pages::check(&bytes).with_context(|| format!("the library for {}", abi.name))?;
        copy(&library, &root::path(OUT).join("jni").join(abi.name))?;
        println!("{}: {} MiB", abi.name, bytes.len() >> 20);
    }
    Ok(())
}

/// The folder of the NDK's programs, if everything is there that the build needs.
fn tools() -> Result<PathBuf> {
    let mut missing = Vec::new();
    let tools = ndk().map(|ndk| {
        ndk.join("toolchains/llvm/prebuilt")
            .join(host())
            .join("bin")
    });
    match &tools {
        None => missing.push("an Android NDK, r27 or later, named by ANDROID_NDK_HOME".to_owned()),
        Some(tools) if !tools.is_dir() => {
            missing.push(format!("{}, a part of the NDK", tools.display()));
        }
        Some(_) => {}
    }
    let targets = ABIS.iter().map(|abi| abi.target);
    let absent: Vec<&str> = targets.filter(|target| !is_installed(target)).collect();
    if !absent.is_empty() {
        missing.push(format!(
            "the standard library of Rust: rustup target add {}",
            absent.join(" ")
        ));
    }
    match tools {
        Some(tools) if missing.is_empty() => Ok(tools),
        _ => bail!(
            "the libraries for Android cannot be built here; missing:\n  {}\n\
             the AAR is assembled without them by cargo xtask test --only kotlin",
            missing.join("\n  ")
        ),
    }
}

fn ndk() -> Option<PathBuf> {
    let names = ["ANDROID_NDK_HOME", "ANDROID_NDK_ROOT"];
    names.iter().find_map(std::env::var_os).map(PathBuf::from)
}

/// What the NDK calls the machine it runs on; there is one for Intel only, which Apple translates.
fn host() -> &'static str {
    if cfg!(target_os = "macos") {
        "darwin-x86_64"
    } else {
        "linux-x86_64"
    }
}

/// Whether the standard library of a target is there.
fn is_installed(target: &str) -> bool {
    library_folder(target).is_some_and(|folder| folder.is_dir())
}

/// Where the standard library of a target would be, asked of the compiler.
fn library_folder(target: &str) -> Option<PathBuf> {
    let words = ["--print", "target-libdir", "--target", target];
    let output = shell::command(&["rustc"]).args(words).output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

fn build(abi: &Abi, tools: &Path) -> Result<PathBuf> {
    let clang = tools.join(format!("{}{API}-clang", abi.clang));
    ensure!(clang.is_file(), "the NDK has no {}", clang.display());
    let words = ["cargo", "build", "--quiet", "--release", "-p", PACKAGE];
    let mut cargo = shell::command(&words);
    let variable = abi.target.replace('-', "_");
    cargo
        .args(["--target", abi.target])
        .env(format!("CC_{variable}"), &clang)
        .env(format!("AR_{variable}"), tools.join("llvm-ar"))
        .env(linker_variable(abi), &clang)
        // What ends in a phone has no symbols, and pages of 16 KiB.
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env(flags_variable(abi), FLAGS);
    built_by(&mut cargo)
}

/// Older NDKs make pages of 4 KiB unless they are told.
const FLAGS: &str = "-C link-arg=-Wl,-z,max-page-size=16384";

fn linker_variable(abi: &Abi) -> String {
    format!("CARGO_TARGET_{}_LINKER", upper(abi))
}

fn flags_variable(abi: &Abi) -> String {
    format!("CARGO_TARGET_{}_RUSTFLAGS", upper(abi))
}

fn upper(abi: &Abi) -> String {
    abi.target.to_uppercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_told_by_its_own_names() {
        let variable = linker_variable(&ABIS[0]);
        assert_eq!(variable, "CARGO_TARGET_AARCH64_LINUX_ANDROID_LINKER");
    }
}
