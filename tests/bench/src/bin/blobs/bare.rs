//! The peer that stores nothing but files: bytes over a bare socket, written as they come and
//! synced at the end. Nobody knows whether they are right.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::AddAssign;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use swarmlet_bench::quantile::quantile;

/// How a bare copy went. Of several, the seconds are added up, and the worst of the others counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Copied {
    /// Until a process of its own had all files in its folder.
    pub(crate) seconds: f64,
    /// What a bare append with a sync took meanwhile, a hundred times a second.
    pub(crate) append_p99_ms: f64,
}

impl AddAssign for Copied {
    fn add_assign(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.append_p99_ms = self.append_p99_ms.max(other.append_p99_ms);
    }
}

/// Has a process of its own receive all `files` into `folder`.
pub(crate) fn measure(files: &[impl AsRef<Path> + Sync], folder: &Path) -> Result<Copied> {
    std::fs::create_dir_all(folder)?;
    let log = folder.join("log");
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let appending = scope.spawn(|| append(&log, &is_done));
        let seconds = send(files, folder);
        is_done.store(true, Relaxed);
        let latencies = appending.join().expect("appending does not panic")?;
        Ok(Copied {
            seconds: seconds?,
            append_p99_ms: latencies,
        })
    })
}

/// The 99th percentile of the milliseconds that an append with a sync takes, into a file that has
/// its length already, as logs do.
fn append(path: &Path, is_done: &AtomicBool) -> Result<f64> {
    let file = File::create(path)?;
    (&file).write_all(&vec![1; LOG_BYTES])?;
    file.sync_all()?;
    let mut log = File::options().write(true).open(path)?;
    let mut latencies = Vec::new();
    while !is_done.load(Relaxed) {
        let start = Instant::now();
        log.write_all(&[2; 300])?;
        log.sync_data()?;
        latencies.push(start.elapsed().as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(quantile(&latencies, 0.99).unwrap_or(0.0))
}

fn send(files: &[impl AsRef<Path>], folder: &Path) -> Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut process = Command::new(std::env::current_exe()?)
        .arg("receive-bare")
        .arg(listener.local_addr()?.to_string())
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()?;
    let (mut socket, _) = listener.accept()?;
    let start = Instant::now();
    for path in files {
        let mut file = File::open(path)?;
        socket.write_all(&file.metadata()?.len().to_le_bytes())?;
        copy(&mut file, &mut socket, u64::MAX)?;
    }
    drop(socket);
    ensure!(process.wait()?.success(), "the receiver failed");
    Ok(start.elapsed().as_secs_f64())
}

/// Receives files until the socket is closed.
pub(crate) fn receive(address: &str, folder: &Path) -> Result<()> {
    let mut socket = TcpStream::connect(address)?;
    std::fs::create_dir_all(folder)?;
    let mut len = [0; 8];
    let mut number = 0_u64;
    while socket.read_exact(&mut len).is_ok() {
        let path = folder.join(number.to_string());
        let mut file = File::create(path)?;
        let copied = copy(&mut socket, &mut file, u64::from_le_bytes(len))?;
        ensure!(copied == u64::from_le_bytes(len), "a file ended too early");
        file.sync_data()?;
        number += 1;
    }
    Ok(())
}

/// Through memory, as we do; `io::copy` would have the kernel do it.
fn copy(from: &mut impl Read, to: &mut impl Write, len: u64) -> Result<u64> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut copied = 0;
    while copied < len {
        let most = buffer
            .len()
            .min((len - copied).try_into().unwrap_or(usize::MAX));
        let read = match from.read(&mut buffer[..most]) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context("cannot read"),
        };
        to.write_all(&buffer[..read])?;
        copied += read as u64;
    }
    Ok(copied)
}

const BUFFER_BYTES: usize = 256 * 1024;
/// Enough for a minute of appends.
const LOG_BYTES: usize = 4 * 1024 * 1024;
