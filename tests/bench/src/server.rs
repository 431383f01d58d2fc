//! Servers that are measured: programs of their own, started, waited for and ended.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A program that runs until this is dropped.
#[derive(Debug)]
pub struct Server(Child);

impl Server {
    /// Starts a server that writes what it says to `log`, and waits until it listens at `address`.
    ///
    /// # Errors
    ///
    /// When it cannot be started, ends, or does not listen for twenty seconds.
    pub fn start(command: &mut Command, address: SocketAddr, log: &Path) -> Result<Self> {
        let output = fs::File::create(log)?;
        let errors = output.try_clone()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn();
        let mut server = Self(child.with_context(|| format!("cannot start {command:?}"))?);
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(address).is_err() {
            let ended = server.0.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                bail!("{command:?} does not listen: {}", fs::read_to_string(log)?);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port of loopback that nobody listens on now.
///
/// # Errors
///
/// When there is none.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}
