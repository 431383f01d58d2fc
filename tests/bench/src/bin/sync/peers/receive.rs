//! The receiving side of a peer: a process that measures what arrives, and tells it in one line.

use anyhow::{Context, Result, ensure};

use super::contract::Kind;
use crate::receiver::{Phase, micros, percentiles};

/// As large as our own events.
pub(crate) const MESSAGE_BYTES: usize = 300;

/// What a message is for; its ninth byte, after the time when it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mark {
    /// To see whether something arrives.
    Probe = 0,
    Measured = 1,
    /// The last one.
    End = 2,
}

/// Receives until the end, and tells what it was like.
pub(crate) fn receive(kind: Kind, address: &str) -> Result<()> {
    let mut subscriber = kind.subscribe(address)?;
    let mut latencies = Vec::new();
    let mut is_ready = false;
    loop {
        let message = subscriber.next()?;
        let now = micros();
        ensure!(message.len() == MESSAGE_BYTES, "{} bytes", message.len());
        let sent = message.first_chunk().context("a message is too short")?;
        match message[8] {
            mark if mark == Mark::Measured as u8 => {
                latencies.push(now.saturating_sub(u64::from_le_bytes(*sent)));
            }
            mark if mark == Mark::End as u8 => break,
            _ if !is_ready => {
                is_ready = true;
                println!("ready");
            }
            _ => {}
        }
    }
    let phase = Phase {
        events: latencies.len() as u64,
        ..percentiles(latencies)
    };
    println!("{}", serde_json::to_string(&phase)?);
    Ok(())
}
