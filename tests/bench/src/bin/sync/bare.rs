//! The floor: 300 bytes over a bare socket, after a file with them was synced. This is the least
//! that an event costs which its author must not forget.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::receiver::{Phase, micros, parse, percentiles};

const MESSAGE_BYTES: usize = 300;

/// With a sync for each message there are not many more.
pub(crate) const RATE_MAX: u64 = 1_000;

/// Sends `rate` messages a second to a process of its own.
pub(crate) fn measure(folder: &Path, rate: u64, seconds: u64) -> Result<Phase> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let process = Command::new(std::env::current_exe()?)
        .arg("receive-bare")
        .arg(listener.local_addr()?.to_string())
        .stdout(std::process::Stdio::piped())
        .spawn()?;
    let (mut socket, _) = listener.accept()?;
    socket.set_nodelay(true)?;
    let mut file = File::create(folder.join("bare"))?;
    for _ in 0..rate * seconds {
        std::thread::sleep(Duration::from_secs(1) / rate as u32);
        let mut message = [0; MESSAGE_BYTES];
        message[..8].copy_from_slice(&micros().to_le_bytes());
        file.write_all(&message)?;
        file.sync_data()?;
        socket.write_all(&message)?;
    }
    drop(socket);
    let output = process.wait_with_output()?;
    parse(String::from_utf8(output.stdout)?.trim())
}

/// Receives until the socket is closed.
pub(crate) fn receive(address: &str) -> Result<()> {
    let mut socket = TcpStream::connect(address)?;
    let mut latencies = Vec::new();
    let mut message = [0; MESSAGE_BYTES];
    while socket.read_exact(&mut message).is_ok() {
        let sent = message.first_chunk().context("the message is longer")?;
        latencies.push(micros().saturating_sub(u64::from_le_bytes(*sent)));
    }
    println!("{}", serde_json::to_string(&percentiles(latencies))?);
    Ok(())
}
