//! A node for the predecessor's library: `swarmlet run` as a process of its own.

use std::path::Path;
use std::process::Stdio;

use actyx_sdk::{AppManifest, HttpClient, app_id};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use url::Url;

/// A running node and its folder. Dropping it kills the node.
pub struct Node {
    folder: TempDir,
    running: Running,
}

/// The process.
struct Running {
    process: Child,
    address: Url,
    /// Somebody listens to it, as a service manager does.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Node {
    /// Starts one in a folder of its own, in no swarm.
    ///
    /// # Errors
    ///
    /// If it ends before apps can find it.
    pub async fn start() -> Result<Self> {
        let folder = TempDir::new()?;
        for [name, value] in [
            ["gateway.listen", "[\"127.0.0.1:0\"]"],
            ["network.listen", "[\"tcp://127.0.0.1:0\"]"],
            ["network.discovery", "false"],
        ] {
            set(folder.path(), name, value).await?;
        }
        let running = run(folder.path()).await?;
        Ok(Self { folder, running })
    }

    /// Kills it, as a power failure would, and starts it again.
    ///
    /// # Errors
    ///
    /// As [`Node::start`].
    pub async fn restart(&mut self) -> Result<()> {
        self.running.process.kill().await?;
        let port = self
            .running
            .address
            .port()
            .context("the address has a port")?;
        let listen = format!("[\"127.0.0.1:{port}\"]");
        set(self.folder.path(), "gateway.listen", &listen).await?;
        self.running = run(self.folder.path()).await?;
        Ok(())
    }

    /// An app on it.
    ///
    /// # Errors
    ///
    /// If the node gives it no token.
    pub async fn app(&self) -> Result<HttpClient> {
        let id = app_id!("com.example.clients");
        let manifest = AppManifest::new(id, "Clients".into(), "1.0.0".into(), None);
        HttpClient::new(self.running.address.clone(), manifest).await
    }
}

async fn set(folder: &Path, name: &str, value: &str) -> Result<()> {
    let mut set = command(folder);
    set.args(["settings", "set", name, value]);
    let set = set.stdout(Stdio::null()).status().await?;
    ensure!(set.success(), "{name} could not be set");
    Ok(())
}

async fn run(folder: &Path) -> Result<Running> {
    let mut process = command(folder)
        .args(["run", "--log", "error"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = process.stdout.take().context("the output is piped")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(address) = line.strip_prefix("apps find it at ") {
            return Ok(Running {
                process,
                address: address.parse()?,
                _output: lines,
            });
        }
    }
    anyhow::bail!("the node ended before apps could find it")
}

/// The command; the step says where it was built.
fn command(folder: &Path) -> Command {
    let program = std::env::var_os("SWARMLET").unwrap_or_else(|| "swarmlet".into());
    let mut command = Command::new(program);
    command.arg("--folder").arg(folder);
    command
}
