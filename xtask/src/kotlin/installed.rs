//! What `mvn install` leaves for the apps: an AAR, and a project file that says so.
//!
//! Gradle takes what the project file names. If that is a JAR, the app gets the classes, and
//! neither the permissions nor the native libraries nor the rules for R8.

use crate::shell;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

const ARTIFACT: &str = "io/github/swarmlet/swarmlet-android";
/// What an AAR has to have, and this one has beside the native libraries.
const PARTS: &[&str] = &[
    "AndroidManifest.xml",
    "classes.jar",
    "R.txt",
    "proguard.txt",
];

/// Fails unless an app that asks a repository for the artifact gets the whole AAR.
pub(super) fn check(repository: &Path) -> Result<()> {
    let files = files(&repository.join(ARTIFACT))?;
    let of = |ending: &str| {
        let mut found = files
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == ending));
        (found.next(), found.next())
    };
    let (Some(project), None) = of("pom") else {
        anyhow::bail!("the AAR was installed without its project file");
    };
    check_project(&fs::read_to_string(project)?)?;
    ensure!(
        of("jar") == (None, None),
        "a JAR was installed where the AAR is"
    );
    let (Some(archive), None) = of("aar") else {
        anyhow::bail!("no AAR was installed");
    };
    check_parts(&listed(archive)?)
}

/// The files of all versions.
fn files(artifact: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let versions = fs::read_dir(artifact).context("nothing was installed for Android")?;
    for version in versions {
        let version = version?.path();
        if version.is_dir() {
            let entries = fs::read_dir(version)?.map(|entry| Ok(entry?.path()));
            files.extend(entries.collect::<Result<Vec<_>>>()?);
        }
    }
    Ok(files)
}

fn check_project(text: &str) -> Result<()> {
    ensure!(
        text.contains("<packaging>aar</packaging>"),
        "the installed project file does not say that it is of an AAR"
    );
    Ok(())
}

/// The names in an archive; an AAR is one as a JAR is.
fn listed(archive: &Path) -> Result<String> {
    let output = shell::command(&["jar", "--list", "--file"])
        .arg(archive)
        .output()
        .context("cannot start jar")?;
    ensure!(output.status.success(), "the AAR cannot be read");
    String::from_utf8(output.stdout).context("a name in the AAR is not UTF-8")
}

fn check_parts(names: &str) -> Result<()> {
    for part in PARTS {
        ensure!(
            names.lines().any(|name| name == *part),
            "the AAR has no {part}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_file_without_packaging_is_that_of_a_jar() {
        check_project("<project><packaging>aar</packaging></project>").unwrap();
        assert!(check_project("<project><type>aar</type></project>").is_err());
    }

    #[test]
    fn a_missing_part_is_named() {
        let all = PARTS.join("\n");
        check_parts(&all).unwrap();
        let error = check_parts(&all.replace("proguard.txt", "jni/")).unwrap_err();
        assert_eq!(error.to_string(), "the AAR has no proguard.txt");
    }
}
