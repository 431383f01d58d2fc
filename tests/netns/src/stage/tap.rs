//! A wiretap at a host.

use std::io::BufReader;
use std::process::ChildStdout;

use anyhow::{Context, Result};

use super::network::Host;
use super::process::{Process, read_line};
use crate::orders::Overheard;

/// Counts what arrives at a host, until it is dropped.
pub(crate) struct Tap {
    process: Process,
    output: BufReader<ChildStdout>,
}

impl Tap {
    pub(super) fn new(host: &Host<'_>) -> Result<Self> {
        let address = host.address().to_string();
        let (process, output) = Process::start(host, &["wiretap", &address])?;
        let mut tap = Self { process, output };
        tap.read().context("the wiretap does not work")?;
        Ok(tap)
    }

    /// What it has counted up to now.
    pub(crate) fn overheard(&mut self) -> Result<Overheard> {
        self.process.tell("")?;
        self.read()
    }

    fn read(&mut self) -> Result<Overheard> {
        Ok(serde_json::from_str(&read_line(&mut self.output)?)?)
    }
}
