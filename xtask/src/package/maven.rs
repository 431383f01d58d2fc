//! What Maven and Gradle fetch: a repository in a folder, with the JAR, the AAR, their sources, and
//! a JAR with the native library of this platform.
//!
//! The native library is in a JAR of its own, told by its classifier: in that of the classes it
//! would end in every app for Android, which brings libraries for its own processors in the AAR.

use super::sbom;
use super::strip::copy_stripped;
use crate::cargo::Profile;
use crate::{kotlin, root, shell};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

const GROUP: &str = "io/github/swarmlet";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Where Maven leaves what it builds.
const BUILT: &str = "target/maven";

pub(super) fn make(profile: Profile, folder: &Path) -> Result<()> {
    let native = kotlin::prepare(profile)?;
    let words = ["mvn", "--quiet", "--offline", "--file", kotlin::MANIFEST];
    shell::run(shell::command(&words).args(["-DskipTests", "package"]))?;

    let parent = artifact(folder, "swarmlet-parent")?;
    copy(kotlin::MANIFEST, &parent.with_extension("pom"))?;

    let library = artifact(folder, "swarmlet")?;
    copy("android/lib/pom.xml", &library.with_extension("pom"))?;
    copy_built("swarmlet", "jar", &library)?;
    let sources = ["android/lib/src/main/kotlin", "target/kotlin/sources"];
    jar(&with_classifier(&library, "sources"), &sources)?;
    natives(folder, &library, &native)?;

    let android = artifact(folder, "swarmlet-android")?;
    copy_built("swarmlet-android", "aar", &android)?;
    copy_built("swarmlet-android", "pom", &android)?;
    jar(
        &with_classifier(&android, "sources"),
        &["android/aar/src/main/kotlin"],
    )?;
    sbom::write("swarmlet-uniffi", &folder.join("swarmlet-uniffi.cdx.json"))
}

/// The platform as JNA writes it, which is the folder it looks into: `linux-x86-64`.
pub(crate) fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    format!("{system}-{}", std::env::consts::ARCH.replace('_', "-"))
}

fn natives(folder: &Path, library: &Path, native: &Path) -> Result<()> {
    let name = native.file_name().context("a library has a name")?;
    let staged = folder.join("natives");
    let place = staged.join(platform());
    fs::create_dir_all(&place).context("cannot make a folder")?;
    copy_stripped(native, &place.join(name))?;
    let staged = staged.to_str().context("a path is not UTF-8")?;
    let classifier = format!("natives-{}", platform());
    jar(&with_classifier(library, &classifier), &[staged])?;
    fs::remove_dir_all(staged).context("cannot remove what was packed")
}

/// The path of an artifact in the repository, without its ending.
fn artifact(folder: &Path, name: &str) -> Result<std::path::PathBuf> {
    let place = folder.join(GROUP).join(name).join(VERSION);
    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
    // The dots of the version are no ending, and `with_extension` replaces what is behind this one.
    Ok(place.join(format!("{name}-{VERSION}.x")))
}

fn with_classifier(artifact: &Path, classifier: &str) -> std::path::PathBuf {
    let stem = artifact.file_stem().unwrap_or_default().to_string_lossy();
    artifact.with_file_name(format!("{stem}-{classifier}.jar"))
}

fn copy_built(name: &str, ending: &str, artifact: &Path) -> Result<()> {
    let from = format!("{BUILT}/{name}/{name}-{VERSION}.{ending}");
    copy(&from, &artifact.with_extension(ending))
}

fn copy(from: &str, to: &Path) -> Result<()> {
    fs::copy(root::path(from), to).with_context(|| format!("cannot copy {from}"))?;
    Ok(())
}

/// Packs everything below the folders.
fn jar(archive: &Path, folders: &[&str]) -> Result<()> {
    let mut jar = shell::command(&["jar", "--create", "--file"]);
    jar.arg(archive);
    for folder in folders {
        jar.args(["-C", folder, "."]);
    }
    shell::run(&mut jar)
}
