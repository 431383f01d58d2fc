//! Which packages are made, and where they are left.

use super::{c, command, maven, node, python, sums, swift};
use crate::cargo::Profile;
use crate::root;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::Path;

/// Where packages are left, one folder for each kind.
pub(crate) const FOLDER: &str = "target/package";

/// What `cargo xtask package` can be asked for.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How what is packed is built.
    #[arg(long, value_enum, default_value = "release")]
    profile: Profile,
    /// Only these kinds: python, npm, c, maven, swift, command.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    only: Vec<String>,
}

/// A kind of package.
struct Kind {
    name: &'static str,
    /// Leaves packages in the folder, which is there and empty.
    make: fn(Profile, &Path) -> Result<()>,
}

const KINDS: &[Kind] = &[
    Kind {
        name: "python",
        make: python::make,
    },
    Kind {
        name: "npm",
        make: node::make,
    },
    Kind {
        name: "c",
        make: c::make,
    },
    Kind {
        name: "maven",
        make: maven::make,
    },
    Kind {
        name: "swift",
        make: swift::make,
    },
    Kind {
        name: "command",
        make: command::make,
    },
];

/// Makes what was asked for, and lists it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    make(arguments.profile, &chosen(&arguments.only)?)
}

/// Makes every kind.
pub(crate) fn make_all(profile: Profile) -> Result<()> {
    make(profile, &chosen(&[])?)
}

fn chosen(names: &[String]) -> Result<Vec<&'static Kind>> {
    for name in names {
        if !KINDS.iter().any(|kind| kind.name == name) {
            let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            bail!(
                "there are no packages `{name}`; there are {}",
                known.join(", ")
            );
        }
    }
    let is_chosen = |kind: &&Kind| names.is_empty() || names.iter().any(|name| name == kind.name);
    Ok(KINDS.iter().filter(is_chosen).collect())
}

fn make(profile: Profile, kinds: &[&Kind]) -> Result<()> {
    let folder = root::path(FOLDER);
    for kind in kinds {
        let own = folder.join(kind.name);
        if own.exists() {
            fs::remove_dir_all(&own).with_context(|| format!("cannot empty {}", own.display()))?;
        }
        fs::create_dir_all(&own).with_context(|| format!("cannot make {}", own.display()))?;
        (kind.make)(profile, &own).with_context(|| format!("the packages of {}", kind.name))?;
    }
    let list = sums::write(&folder)?;
    ensure!(!list.is_empty(), "nothing was packed");
    println!("in {FOLDER}:\n{list}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_chosen_by_name() {
        let names = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            chosen(&words).map(|kinds| kinds.iter().map(|kind| kind.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["c", "npm"]).unwrap(), ["npm", "c"]);
        assert_eq!(names(&[]).unwrap().len(), KINDS.len());
        let error = names(&["rpm"]).unwrap_err().to_string();
        assert!(
            error.contains("python, npm, c, maven, swift, command"),
            "{error}"
        );
    }
}
