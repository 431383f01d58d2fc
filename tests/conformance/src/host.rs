//! What the orchestrator does itself with files and addresses.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::num::ParseIntError;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::exemplar;
use crate::template::{Saved, Text};

/// Something to do, written as its name and its arguments.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Chore {
    Write { path: Text, text: Text },
    Replace { path: Text, from: Text, to: Text },
    Truncate { path: Text, bytes: u64 },
    Mode { path: Text, mode: Mode },
    List { path: Text },
    Copy { from: Text, to: Text },
    Exemplar { to: Text },
    Occupy {},
}

/// Access rights, written as octal digits.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Mode(u32);

impl TryFrom<String> for Mode {
    type Error = ParseIntError;

    fn try_from(digits: String) -> Result<Self, ParseIntError> {
        u32::from_str_radix(&digits, 8).map(Self)
    }
}

/// What chores need to know, and what they hold until the scenario ends.
#[derive(Debug)]
pub(crate) struct Household {
    exemplar: PathBuf,
    occupied: Vec<TcpListener>,
}

impl Household {
    pub(crate) fn new(exemplar: &Path) -> Self {
        Self {
            exemplar: exemplar.to_owned(),
            occupied: Vec::new(),
        }
    }
}

impl Chore {
    pub(crate) fn parse(name: &str, given: &Map<String, Value>) -> Result<Self> {
        let parsed = serde_json::from_value(json!({ name: given }));
        parsed.with_context(|| format!("the host cannot {name} so"))
    }

    /// The names of the saved values that it needs.
    pub(crate) fn names(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Occupy {} => {}
            Self::Write { path, text } => [path, text].iter().for_each(|text| text.names(names)),
            Self::Replace { path, from, to } => {
                [path, from, to].iter().for_each(|text| text.names(names));
            }
            Self::Truncate { path, .. } | Self::Mode { path, .. } | Self::List { path } => {
                path.names(names);
            }
            Self::Copy { from, to } => [from, to].iter().for_each(|text| text.names(names)),
            Self::Exemplar { to } => to.names(names),
        }
    }

    /// Does it.
    pub(crate) fn carry_out(&self, saved: &Saved, household: &mut Household) -> Result<Value> {
        let at = |path: &Text| Ok::<_, anyhow::Error>(saved.folder.join(path.resolve_text(saved)?));
        match self {
            Self::Write { path, text } => {
                let path = at(path)?;
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::write(path, text.resolve_text(saved)?)?;
            }
            Self::Replace { path, from, to } => {
                let (from, to) = (from.resolve_text(saved)?, to.resolve_text(saved)?);
                replace(&at(path)?, from.as_bytes(), to.as_bytes())?;
            }
            Self::Truncate { path, bytes } => {
                let file = fs::OpenOptions::new().write(true).open(at(path)?)?;
                file.set_len(*bytes)?;
            }
            Self::Mode { path, mode } => {
                fs::set_permissions(at(path)?, fs::Permissions::from_mode(mode.0))?;
            }
            Self::List { path } => return list(&at(path)?),
            Self::Copy { from, to } => copy(&at(from)?, &at(to)?)?,
            Self::Exemplar { to } => {
                let (store, to) = (&household.exemplar, at(to)?);
                ensure!(
                    store.is_dir(),
                    "there is no exemplar: make it as README.md says"
                );
                copy(store, &to)?;
                exemplar::furnish(&to)?;
            }
            Self::Occupy {} => {
                let listener = TcpListener::bind("127.0.0.1:0")?;
                let address = listener.local_addr()?;
                household.occupied.push(listener);
                return Ok(json!(format!("tcp://{address}")));
            }
        }
        Ok(Value::Null)
    }
}

/// Replaces the first of the bytes; the file may be more than text.
fn replace(path: &Path, from: &[u8], to: &[u8]) -> Result<()> {
    let mut bytes = fs::read(path)?;
    let place = bytes.windows(from.len()).position(|window| window == from);
    let place = place.with_context(|| format!("{} has no such text", path.display()))?;
    bytes.splice(place..place + from.len(), to.iter().copied());
    Ok(fs::write(path, bytes)?)
}

fn list(folder: &Path) -> Result<Value> {
    let entries = fs::read_dir(folder)?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(json!(names))
}

/// Copies a folder with the rights of everything in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chores_take_their_arguments_and_no_others() {
        let parse = |name, given: Value| Chore::parse(name, given.as_object().unwrap());
        parse("occupy", json!({})).unwrap();
        parse("truncate", json!({"path": "a/${b}", "bytes": 7})).unwrap();
        let mode = parse("mode", json!({"path": "a", "mode": "644"})).unwrap();
        assert!(matches!(
            mode,
            Chore::Mode {
                mode: Mode(0o644),
                ..
            }
        ));
        for (name, given) in [
            ("burn", json!({})),
            ("occupy", json!({"path": "a"})),
            ("list", json!({})),
            ("list", json!({"path": "${"})),
            ("list", json!({"path": 1})),
            ("copy", json!({"from": "a"})),
            ("copy", json!({"from": "a", "to": "b", "path": "c"})),
            ("mode", json!({"path": "a", "mode": "8"})),
            ("mode", json!({"path": "a", "mode": 420})),
            ("truncate", json!({"path": "a", "bytes": -1})),
        ] {
            assert!(parse(name, given.clone()).is_err(), "{name} {given}");
        }
    }
}
