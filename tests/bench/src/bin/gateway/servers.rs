//! The servers that are compared: how each is started.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use swarmlet_bench::server::{Server, free_address};

/// A server, by its program.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `swarmlet run`.
    Ours(PathBuf),
    /// `ax run`.
    Ax(PathBuf),
}

impl Kind {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ours(_) => "swarmlet",
            Self::Ax(_) => "ax",
        }
    }

    /// Starts it with an empty folder; says where its API is.
    pub(crate) fn start(&self, folder: &Path) -> Result<(Server, SocketAddr)> {
        let address = free_address()?;
        let data = folder.join("data");
        let mut command = match self {
            Self::Ours(program) => ours(program, &data, address)?,
            Self::Ax(program) => ax(program, &data, address),
        };
        let server = Server::start(&mut command, address, &folder.join("log"))?;
        Ok((server, address))
    }
}

fn ours(program: &Path, data: &Path, address: SocketAddr) -> Result<Command> {
    let listen = format!("[\"{address}\"]");
    let status = Command::new(program)
        .arg("--folder")
        .arg(data)
        .args(["--quiet", "settings", "set", "gateway.listen", &listen])
        .stdout(Stdio::null())
        .status()?;
    ensure!(status.success(), "settings cannot be set: {status}");
    let mut command = Command::new(program);
    command.arg("--folder").arg(data).arg("run");
    Ok(command)
}

fn ax(program: &Path, data: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new(program);
    command
        .arg("run")
        .arg("--working-dir")
        .arg(data)
        .args(["--bind-admin", "127.0.0.1:0", "--bind-swarm", "127.0.0.1:0"])
        .args(["--bind-api", &address.to_string()]);
    command
}
