//! Stores files with iroh-blobs, has a second process fetch them, and saves them again.
//!
//! `measure FOLDER SOURCES` prints one line of JSON with the seconds that each took: until
//! iroh-blobs said that it is done, which syncs its database when it likes and nothing else; and
//! until all of it was on the disk, for which everything is synced once.

#![expect(clippy::print_stdout, reason = "a program of the command line prints")]

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use iroh::endpoint::presets;
use iroh::protocol::Router;
use iroh::{Endpoint, RelayMode};
use iroh_blobs::hashseq::HashSeq;
use iroh_blobs::store::fs::FsStore;
use iroh_blobs::ticket::BlobTicket;
use iroh_blobs::{ALPN, BlobFormat, BlobsProtocol, Hash};

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["measure", folder, sources] => measure(folder.as_ref(), sources.as_ref()).await,
        ["fetch", folder, ticket] => fetch(folder.as_ref(), ticket).await,
        _ => bail!("usage: measure FOLDER SOURCES | fetch FOLDER TICKET"),
    }
}

async fn measure(folder: &Path, sources: &Path) -> Result<()> {
    let sources = files(sources)?;
    let store = FsStore::load(folder.join("iroh-source")).await?;
    let start = Instant::now();
    let hashes = store_all(&store, &sources).await?;
    let stored = Took::until_now(start, &store, &folder.join("iroh-source")).await?;
    let (hash, format) = match hashes[..] {
        [only] => (only, BlobFormat::Raw),
        _ => {
            let list: HashSeq = hashes.iter().copied().collect();
            (
                store.add_slice(list.into_inner()).await?.hash,
                BlobFormat::HashSeq,
            )
        }
    };
    let endpoint = endpoint().await?;
    let address = endpoint.addr();
    let blobs = BlobsProtocol::new(&store, None);
    let router = Router::builder(endpoint).accept(ALPN, blobs).spawn();
    let ticket = BlobTicket::new(address, hash, format);
    let fetched = fetched_by_another(folder, &ticket)?;
    let start = Instant::now();
    let copies = folder.join("iroh-saved");
    for (number, hash) in hashes.iter().enumerate() {
        store.export(*hash, copies.join(number.to_string())).await?;
    }
    let saved = Took::until_now(start, &store, &copies).await?;
    println!(
        "{}",
        serde_json::json!({ "stored": stored, "fetched": fetched, "saved": saved })
    );
    router.shutdown().await?;
    Ok(())
}

/// Stores files, some at a time.
async fn store_all(store: &FsStore, sources: &[PathBuf]) -> Result<Vec<Hash>> {
    let share = sources.len().div_ceil(IN_FLIGHT).max(1);
    let storing = sources.chunks(share).map(|share| {
        let (store, share) = (store.clone(), share.to_vec());
        tokio::spawn(async move {
            let mut hashes = Vec::new();
            for path in share {
                hashes.push(store.add_path(path).await?.hash);
            }
            anyhow::Ok(hashes)
        })
    });
    let mut hashes = Vec::new();
    for stored in storing.collect::<Vec<_>>() {
        hashes.extend(stored.await??);
    }
    Ok(hashes)
}

/// How long another process takes to fetch.
fn fetched_by_another(folder: &Path, ticket: &BlobTicket) -> Result<Took> {
    let output = Command::new(std::env::current_exe()?)
        .arg("fetch")
        .arg(folder)
        .arg(ticket.to_string())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the receiver failed");
    serde_json::from_slice(&output.stdout).context("the receiver prints seconds")
}

async fn fetch(folder: &Path, ticket: &str) -> Result<()> {
    let ticket: BlobTicket = ticket.parse()?;
    let folder = folder.join("iroh-fetcher");
    let store = FsStore::load(&folder).await?;
    let endpoint = endpoint().await?;
    let connection = endpoint.connect(ticket.addr().clone(), ALPN).await?;
    let start = Instant::now();
    let got = store.remote().fetch(connection, ticket.hash_and_format());
    got.complete().await?;
    let took = Took::until_now(start, &store, &folder).await?;
    println!("{}", serde_json::to_string(&took)?);
    endpoint.close().await;
    Ok(())
}

/// Seconds since a start.
#[derive(serde::Deserialize, serde::Serialize)]
struct Took {
    /// Until it was said to be done.
    done: f64,
    /// Until it was on the disk.
    synced: f64,
}

impl Took {
    /// It is done now; all of it is in `folder`, or in the database.
    async fn until_now(start: Instant, store: &FsStore, folder: &Path) -> Result<Self> {
        let done = start.elapsed().as_secs_f64();
        store.sync_db().await?;
        sync_all(folder)?;
        let synced = start.elapsed().as_secs_f64();
        Ok(Self { done, synced })
    }
}

/// Syncs a folder and all that is in it.
fn sync_all(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => sync_all(&path)?,
            false => File::open(path)?.sync_all()?,
        }
    }
    Ok(File::open(folder)?.sync_all()?)
}

/// On loopback only, with nobody in between.
async fn endpoint() -> Result<Endpoint> {
    let builder = Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .bind_addr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(builder.bind().await?)
}

/// The files of a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(std::path::absolute(folder)?)?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    paths.collect()
}

/// Files that are stored at the same time, as the bench does with ours.
const IN_FLIGHT: usize = 32;
