//! The policy, as cargo-deny has it.

use anyhow::{Context, Result};
use serde::Deserialize;
use spdx::Licensee;

/// What is allowed and what is not.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) licences: Vec<Licensee>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) ignored: Vec<Ignored>,
}

/// An advisory that is no finding.
#[derive(Debug, Deserialize)]
pub(crate) struct Ignored {
    pub(crate) id: String,
    #[expect(
        dead_code,
        reason = "for whoever reads the policy, which must give one"
    )]
    pub(crate) reason: String,
}

/// A crate that is not to be used, but by these.
#[derive(Debug, Deserialize)]
pub(crate) struct Refused {
    #[serde(rename = "crate")]
    pub(crate) name: String,
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) wrappers: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    advisories: Advisories,
    licenses: Licences,
    bans: Bans,
}

#[derive(Default, Deserialize)]
struct Advisories {
    #[serde(default)]
    ignore: Vec<Ignored>,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Refused>,
}

impl Policy {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text).context("the policy does not parse")?;
        let licences = file.licenses.allow.iter().map(|name| {
            let parsed = Licensee::parse(name);
            parsed.with_context(|| format!("`{name}` is not a licence of SPDX"))
        });
        Ok(Self {
            licences: licences.collect::<Result<_>>()?,
            refused: file.bans.deny,
            ignored: file.advisories.ignore,
        })
    }
}
