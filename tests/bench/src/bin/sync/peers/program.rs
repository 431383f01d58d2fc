//! Programs of other people: found, installed where that is possible, started and ended.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// A program and the package of Debian that has it; both have the same name.
pub(crate) struct Program(&'static str);

/// A program that runs until this is dropped.
pub(crate) struct Server(Child);

impl Program {
    pub(crate) const NATS: Self = Self("nats-server");
    pub(crate) const MOSQUITTO: Self = Self("mosquitto");

    /// Makes sure that the program is there.
    pub(crate) fn prepare(&self) -> Result<()> {
        if self.path().is_some() {
            return Ok(());
        }
        let name = self.0;
        let can_install = is_root() && found("apt-get").is_some();
        ensure!(
            can_install,
            "{name} is not installed and cannot be by this user: apt-get install {name}"
        );
        let status = Command::new("apt-get")
            .args(["install", "--yes", "--no-install-recommends", name])
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null())
            .status()?;
        ensure!(
            status.success() && self.path().is_some(),
            "{name} cannot be installed: apt-get ended with {status}; apt-get update may help"
        );
        Ok(())
    }

    pub(crate) fn command(&self) -> Result<Command> {
        let path = self.path();
        let path = path.with_context(|| format!("{} is not installed", self.0))?;
        Ok(Command::new(path))
    }

    fn path(&self) -> Option<PathBuf> {
        found(self.0)
    }
}

impl Server {
    /// Starts a server and waits until it listens at `address`.
    pub(crate) fn start(command: &mut Command, address: SocketAddr, log: &Path) -> Result<Self> {
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
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?)
}

/// Where the shell would find a program; servers are often where only the administrator looks.
fn found(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    folders.push("/usr/local/sbin".into());
    let mut files = folders.iter().map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}
