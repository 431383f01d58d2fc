//! A compiler of Swift where there is none: the packages of a later Debian, unpacked into a folder.
//!
//! debootstrap fetches them from the mirror that the machine's own apt is configured with, and
//! checks their signatures. They are unpacked and nothing of them is run but the compiler and the
//! tests, in a namespace of mounts of its own: at its end nothing is left mounted.

use super::package::OUT;
use crate::{root, shell};
use anyhow::{Context, Result, ensure};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the repository is for programs that are run in there.
pub(super) const INSIDE: &str = "/repository";
/// The release, whose Swift is 6.0.
const RELEASE: &str = "trixie";
const PACKAGES: &str = "swiftlang,libswiftlang,libc6-dev,libstdc++-14-dev,libgcc-14-dev,binutils";
/// The release and the packages of a folder that is complete.
const STAMP: &str = "swarmlet-packages";
/// Another place for the folder, which several checkouts may share.
const PLACE: &str = "SWARMLET_SWIFT_ROOT";
/// Mounts what programs need, and becomes the one that was asked for.
const ENTER: &str = "mount -t proc proc \"$0/proc\" && mount --bind /dev \"$0/dev\" && \
    mount --bind . \"$0$1\" && exec chroot \"$0\" sh -c 'cd \"$0\" && exec \"$@\"' \"$@\"";
/// Unpacks with as many processes as there are cores.
const UNPACK: &str = "cd \"$0/var/cache/apt/archives\" && printf '%s\\0' *.deb | \
    xargs -0 -n 1 -P \"$(nproc)\" sh -c 'dpkg-deb --extract \"$1\" \"$0\"' \"$0\" && rm -- *.deb";

/// The folder with the compiler.
pub(super) struct Debian {
    folder: PathBuf,
}

impl Debian {
    /// Makes the folder unless it is there; says in a line why that is not possible.
    pub(super) fn prepared() -> Result<Debian, String> {
        let place = env::var_os(PLACE).map(PathBuf::from);
        let folder = place.unwrap_or_else(|| root::path(OUT).join("debian"));
        if !shell::works(&["unshare", "--mount", "mount", "-t", "proc", "proc", "/proc"]) {
            return Err("there is no `swift` here, and mounting is for root only".to_owned());
        }
        let debian = Debian { folder };
        debian.make().map_err(|error| format!("{error:#}"))?;
        Ok(debian)
    }

    /// A program of the folder, to be run in the root of the repository.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = shell::command(&["unshare", "--mount", "--propagation", "private"]);
        command.args(["sh", "-c", ENTER]);
        command.arg(&self.folder).args([INSIDE, program]);
        command.env_clear();
        command.env(
            "PATH",
            "/usr/libexec/swift/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        );
        command.env("HOME", "/tmp").env("LANG", "C.UTF-8");
        command
    }

    fn make(&self) -> Result<()> {
        let recipe = format!("{RELEASE} {PACKAGES}\n");
        let stamp = self.folder.join(STAMP);
        if fs::read_to_string(&stamp).is_ok_and(|made| made == recipe) {
            return Ok(());
        }
        if self.folder.exists() {
            // Half made or for other packages; what is neither is somebody else's.
            let is_ours = stamp.exists() || self.folder.join("debootstrap").exists();
            ensure!(is_ours, "{} is no folder of ours", self.folder.display());
            fs::remove_dir_all(&self.folder).context("cannot make the folder anew")?;
        }
        println!("fetching Swift from Debian {RELEASE}: about 550 MB, 2.6 GB unpacked, once");
        self.fetch(&mirror()?)?;
        let mut unpack = shell::command(&["sh", "-c", UNPACK]);
        quietly(unpack.arg(&self.folder), "unpacking Swift")?;
        fs::create_dir_all(self.inside())?;
        fs::write(stamp, recipe).context("cannot write to the folder")
    }

    fn fetch(&self, mirror: &str) -> Result<()> {
        let include = format!("--include={PACKAGES}");
        let words = [
            "debootstrap",
            "--foreign",
            "--variant=minbase",
            &include,
            RELEASE,
        ];
        let mut debootstrap = shell::command(&words);
        debootstrap.arg(&self.folder).arg(mirror);
        for protocol in ["http", "https"] {
            if let Some(proxy) = apt_setting(&format!("Acquire::{protocol}::Proxy")) {
                debootstrap.env(format!("{protocol}_proxy"), proxy);
            }
        }
        quietly(&mut debootstrap, "debootstrap")
    }

    fn inside(&self) -> PathBuf {
        self.folder.join(
            Path::new(INSIDE)
                .strip_prefix("/")
                .unwrap_or(Path::new(INSIDE)),
        )
    }
}

/// The mirror of Debian that apt fetches this machine's own packages from.
fn mirror() -> Result<String> {
    let format = "$(ORIGIN) $(COMPONENT) $(SUITE) $(REPO_URI)";
    let words = [
        "apt-get",
        "indextargets",
        "--format",
        format,
        "Created-By: Packages",
    ];
    let output = shell::command(&words)
        .output()
        .context("cannot start apt-get")?;
    let targets = String::from_utf8_lossy(&output.stdout);
    mirror_in(&targets).context("apt is configured with no mirror of Debian")
}

/// That of a release itself: updates may come from a server that has nothing else.
fn mirror_in(targets: &str) -> Option<String> {
    let of_line = |line: &str| {
        let mut words = line.split(' ');
        let (origin, component) = (words.next()?, words.next()?);
        let (suite, uri) = (words.next()?, words.next()?);
        let is_release = !suite.contains('-');
        let is_it = origin == "Debian" && component == "main" && is_release;
        is_it.then(|| uri.to_owned())
    };
    targets.lines().find_map(of_line)
}

fn apt_setting(name: &str) -> Option<String> {
    let script = "eval \"$(apt-config shell value \"$0\")\"; printf %s \"$value\"";
    let output = shell::command(&["sh", "-c", script, name]).output().ok()?;
    let value = String::from_utf8(output.stdout).ok()?;
    Some(value).filter(|value| !value.is_empty())
}

/// Runs a command that says much; if it fails, what it said last is the reason.
fn quietly(command: &mut Command, what: &str) -> Result<()> {
    let output = command
        .stdout(Stdio::piped())
        .output()
        .with_context(|| format!("{what} cannot be started"))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    ensure!(
        output.status.success(),
        "{what} failed: {}",
        last.unwrap_or("it says nothing")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_that_of_the_release_itself() {
        let targets = "Other main stable a\nDebian main oldstable-security b\n\
                       Debian contrib oldstable c\nDebian main oldstable d\n";
        assert_eq!(mirror_in(targets).as_deref(), Some("d"));
        assert_eq!(mirror_in("Ubuntu main noble a\n\n"), None);
    }

    #[test]
    fn a_folder_of_others_is_left_alone() {
        let debian = Debian {
            folder: root::path("docs"),
        };
        let error = debian.make().unwrap_err().to_string();
        assert!(error.ends_with("docs is no folder of ours"), "{error}");
        assert!(root::path("docs/STYLE.md").is_file());
    }

    #[test]
    fn what_a_program_said_last_is_why_it_failed() {
        let said = "echo one; echo 'E: no network' >&2; exit 1";
        let error = quietly(&mut shell::command(&["sh", "-c", said]), "it").unwrap_err();
        assert_eq!(error.to_string(), "it failed: E: no network");
        quietly(&mut shell::command(&["true"]), "it").unwrap();
    }
}
