//! What the orchestrator does itself: files, and processes that are killed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::exemplar;
use crate::scenario::place;
use crate::template::{Saved, Text};

/// Something to do.
#[derive(Debug)]
pub(crate) enum Chore {
    Kill(usize),
    Write { path: Text, text: Text },
    Replace { path: Text, from: Text, to: Text },
    Truncate { path: Text, bytes: u64 },
    Mode { path: Text, mode: u32 },
    List { path: Text },
    Copy { from: Text, to: Text },
    Exemplar { to: Text },
    Occupy,
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
    pub(crate) fn parse(
        name: &str,
        given: &Map<String, Value>,
        processes: &[String],
    ) -> Result<Self> {
        let known: &[&str] = match name {
            "kill" => &["process"],
            "write" => &["path", "text"],
            "replace" => &["path", "from", "to"],
            "truncate" => &["path", "bytes"],
            "mode" => &["path", "mode"],
            "list" => &["path"],
            "copy" => &["from", "to"],
            "exemplar" => &["to"],
            "occupy" => &[],
            _ => bail!("the host cannot {name}"),
        };
        let is_complete =
            given.len() == known.len() && known.iter().all(|name| given.contains_key(*name));
        ensure!(is_complete, "{name} takes {known:?}");
        let text = |name: &str| Text::parse(given[name].as_str().context("a text")?);
        Ok(match name {
            "kill" => Self::Kill(place(
                given["process"].as_str().context("a text")?,
                processes,
            )?),
            "write" => Self::Write {
                path: text("path")?,
                text: text("text")?,
            },
            "replace" => Self::Replace {
                path: text("path")?,
                from: text("from")?,
                to: text("to")?,
            },
            "truncate" => {
                let bytes = given["bytes"].as_u64().context("bytes are a number")?;
                Self::Truncate {
                    path: text("path")?,
                    bytes,
                }
            }
            "mode" => {
                let mode = given["mode"].as_str().context("a mode is octal digits")?;
                Self::Mode {
                    path: text("path")?,
                    mode: u32::from_str_radix(mode, 8)?,
                }
            }
            "list" => Self::List {
                path: text("path")?,
            },
            "copy" => Self::Copy {
                from: text("from")?,
                to: text("to")?,
            },
            "exemplar" => Self::Exemplar { to: text("to")? },
            _ => Self::Occupy,
        })
    }

    /// The names of the saved values that it needs.
    pub(crate) fn names(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Kill(_) | Self::Occupy => {}
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

    /// Does it; killing is the matter of whoever has the processes.
    pub(crate) fn carry_out(&self, saved: &Saved, household: &mut Household) -> Result<Value> {
        let at = |path: &Text| Ok::<_, anyhow::Error>(saved.folder.join(path.resolve_text(saved)?));
        match self {
            Self::Kill(_) => {}
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
                fs::set_permissions(at(path)?, fs::Permissions::from_mode(*mode))?;
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
            Self::Occupy => {
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
