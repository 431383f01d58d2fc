//! Blobs on disks of their own: one that can clone files, and one that is soon full.
//!
//! They are mounted in a namespace of mounts that ends with the process, so nothing of them is
//! left. That is for root on Linux; elsewhere it says that nothing was tested.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use swarmlet::{BlobId, BlobState, Node, Options, PutOptions};
use tempfile::TempDir;

use crate::blobs::{Running, check, introduce, make_file};
use crate::chance::Chance;

/// What is done.
#[derive(Args)]
pub(crate) struct Plan {
    /// Whether this process may mount what it likes.
    #[arg(long, hide = true)]
    apart: bool,
}

/// A filesystem that can clone files, and how it is made.
struct Filesystem {
    name: &'static str,
    make: &'static [&'static str],
}

const FILESYSTEMS: &[Filesystem] = &[
    Filesystem {
        name: "xfs",
        make: &["mkfs.xfs", "-q"],
    },
    Filesystem {
        name: "btrfs",
        make: &["mkfs.btrfs", "-q"],
    },
];

/// Does everything, in a process of its own.
pub(crate) fn run(plan: &Plan) -> Result<ExitCode> {
    if plan.apart {
        clone_files()?;
        fill_disks()?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Err(why) = try_to_mount() {
        println!("SKIPPED, nothing was tested: nothing can be mounted here: {why:#}");
        return Ok(ExitCode::SUCCESS);
    }
    let program = std::env::current_exe().context("where this program is")?;
    let status = apart().arg(program).args(["disks", "--apart"]).status()?;
    Ok(match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Begins a program in a namespace of mounts of its own.
fn apart() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private"]);
    command
}

fn try_to_mount() -> Result<()> {
    let place = TempDir::new()?;
    let mut mount = apart();
    mount.args(["mount", "-t", "tmpfs", "tmpfs"]);
    run_quietly(mount.arg(place.path()))
}

fn run_quietly(command: &mut Command) -> Result<()> {
    let done = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{command:?}: {}", said.trim());
    Ok(())
}

/// Stores and saves files on each filesystem that can clone.
fn clone_files() -> Result<()> {
    let mut tested = Vec::new();
    for filesystem in FILESYSTEMS {
        let place = TempDir::new()?;
        match mount_image(filesystem, place.path()) {
            Ok(disk) => {
                clone_on(&disk).with_context(|| filesystem.name)?;
                tested.push(filesystem.name);
            }
            Err(why) => println!("SKIPPED {}: {why:#}", filesystem.name),
        }
    }
    println!("clones: shared on {tested:?}, with the bytes of their names");
    Ok(())
}

/// Makes the filesystem in a file and mounts it.
fn mount_image(filesystem: &Filesystem, place: &Path) -> Result<PathBuf> {
    let (image, disk) = (place.join("image"), place.join("disk"));
    std::fs::File::create(&image)?.set_len(IMAGE_BYTES)?;
    std::fs::create_dir(&disk)?;
    let (make, options) = filesystem.make.split_first().context("no program")?;
    run_quietly(Command::new(make).args(options).arg(&image))?;
    let mut mount = Command::new("mount");
    run_quietly(mount.args(["-o", "loop"]).arg(&image).arg(&disk))?;
    Ok(disk)
}

fn clone_on(disk: &Path) -> Result<()> {
    let node = Node::open_blocking(disk.join("node"), Options::new())?;
    let (file, saved) = (disk.join("film"), disk.join("saved"));
    let content: Vec<u8> = (0..CLONED_BYTES / 4).flat_map(u32::to_le_bytes).collect();
    std::fs::write(&file, &content)?;
    std::fs::File::open(&file)?.sync_all()?;
    let before = taken(disk)?;
    let stored = node.blobs().put_file_blocking(&file, PutOptions::new())?;
    node.blobs().get(stored.id).save_blocking(&saved, None)?;
    let grown = taken(disk)?.saturating_sub(before);
    // Copies would take twice as much; beside them the log makes a file for later.
    ensure!(
        grown < u64::from(CLONED_BYTES),
        "{grown} more bytes are taken"
    );
    // What becomes of either changes neither the blob nor the other.
    std::fs::write(&file, "something else")?;
    ensure!(BlobId::of(&content) == stored.id, "another id");
    let read = |path: &Path| std::fs::read(path).map(|bytes| bytes == content);
    let blob = disk.join("node/blobs").join(format!("{}.blob", stored.id));
    ensure!(read(&saved)? && read(&blob)?, "other bytes");
    let mode = std::fs::metadata(&saved)?.mode() & 0o777;
    ensure!(
        mode & 0o600 == 0o600,
        "the mode of what was saved is {mode:o}"
    );
    for entry in std::fs::read_dir(disk)? {
        let name = entry?.file_name();
        let is_known = ["node", "film", "saved"].iter().any(|known| name == *known);
        if !is_known {
            bail!("{} is left", name.display());
        }
    }
    node.close_blocking()?;
    Ok(())
}

/// Stores and fetches blobs on disks that are full, in processes, until there is room.
fn fill_disks() -> Result<()> {
    let place = TempDir::new()?;
    let small = place.path().join("small");
    std::fs::create_dir(&small)?;
    mount_memory(&small, 80)?;
    let file = place.path().join("film");
    let mut chance = Chance::new(1);
    let id = make_file(&file, FILM_BYTES, &mut chance)?;
    let (near, far) = (place.path().join("source"), small.join("target"));
    introduce(&near, &far)?;

    put_on_full_disk(&small, &far, &file)?;
    println!("full disk: nothing of what could not be stored was left, and it was stored later");
    let source = Running::start(&near, None, &["--put".as_ref(), file.as_os_str()])?;
    ensure!(source.wait_for("stored")? == id.to_string(), "another id");
    fetch_to_full_disk(&small, &far, id, source)?;
    println!("full disk: what could not be fetched went on with room, before and in between");
    Ok(())
}

fn put_on_full_disk(disk: &Path, folder: &Path, file: &Path) -> Result<()> {
    let mut node = Running::start(folder, None, &["--put".as_ref(), file.as_os_str()])?;
    for _ in 0..3 {
        let told = node.wait_for("full")?;
        ensure!(told.contains("put: cannot import a blob"), "it said {told}");
        // Between two attempts there is nothing; should this come late, it sees the next pause.
        while !names_in(&folder.join("blobs"))?.is_empty() {
            std::thread::sleep(MOMENT);
        }
    }
    resize(disk, 300)?;
    let id = node.wait_for("stored")?.parse()?;
    let expected = [format!("{id}.blob"), format!("{id}.blob.hash")];
    ensure!(
        names_in(&folder.join("blobs"))? == expected,
        "something is left"
    );
    node.kill()?;
    check(folder, id, FILM_BYTES)?;
    let node = Node::open_blocking(folder, Options::new())?;
    node.blobs().delete_blocking(id)?;
    while node.blobs().state(id)? != BlobState::Absent {
        std::thread::sleep(MOMENT);
    }
    node.close_blocking()?;
    Ok(())
}

fn fetch_to_full_disk(disk: &Path, folder: &Path, id: BlobId, mut source: Running) -> Result<()> {
    let wanted = id.to_string();
    let wanted = wanted.as_ref();
    let fetch = ["--read".as_ref(), wanted, "--wait".as_ref(), wanted];
    let mut node = Running::start(folder, Some(&source.address), &fetch)?;
    let told = node.wait_for("full")?;
    ensure!(
        told.contains("there is too little room for a blob"),
        "it said {told}"
    );
    let part = folder.join("blobs").join(format!("{id}.part"));
    ensure!(!part.exists(), "it was begun");
    resize(disk, 1000)?;
    while !part.exists() {
        std::thread::sleep(MOMENT);
    }
    resize(disk, 300)?;
    let told = node.wait_for("full")?;
    ensure!(
        told.contains("room for a piece of a blob"),
        "it said {told}"
    );
    resize(disk, 1000)?;
    node.wait_for("read")?;
    // What was read is a part until all of it is synced.
    node.wait_for("whole")?;
    node.kill()?;
    source.kill()?;
    check(folder, id, FILM_BYTES)
}

fn names_in(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().display().to_string());
    }
    names.sort();
    Ok(names)
}

/// Mounts memory, which is full after so many MiB.
fn mount_memory(place: &Path, mebibytes: u64) -> Result<()> {
    let size = format!("size={mebibytes}m");
    let mut mount = Command::new("mount");
    run_quietly(mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(place))
}

/// Makes it larger or smaller while it is used.
fn resize(place: &Path, mebibytes: u64) -> Result<()> {
    let size = format!("remount,size={mebibytes}m");
    run_quietly(Command::new("mount").args(["-o", &size]).arg(place))
}

/// How many bytes of a filesystem are taken, once all of them are on it.
fn taken(disk: &Path) -> Result<u64> {
    run_quietly(Command::new("sync").arg("--file-system").arg(disk))?;
    let mut command = Command::new("df");
    command.args(["--block-size=1", "--output=used"]).arg(disk);
    let said = String::from_utf8(command.output()?.stdout)?;
    let figure = said.lines().nth(1).context("df says nothing")?;
    figure.trim().parse().context("df says odd things")
}

const IMAGE_BYTES: u64 = 512 * 1024 * 1024;
const FILM_BYTES: u64 = 128 * 1024 * 1024;
const MOMENT: Duration = Duration::from_millis(1);
const CLONED_BYTES: u32 = 64 * 1024 * 1024;
