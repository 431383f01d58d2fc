//! A compiler of Swift where there is none: the packages of a later Debian, unpacked into a folder.
//!
//! debootstrap fetches them from the mirror that the machine's own apt is configured with, and
//! checks their signatures. They are unpacked and nothing of them is run but the compiler and the
//! tests. All of that has a namespace of mounts of its own: at its end nothing is left mounted.

use super::package::OUT;
use crate::{root, shell};
use anyhow::{Context, Result, ensure};
use std::env;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the repository is for programs that are run in there.
pub(super) const INSIDE: &str = "/repository";
/// The release, whose Swift is 6.0.
const RELEASE: &str = "trixie";
const PACKAGES: &str = "swiftlang,libswiftlang,libc6-dev,libstdc++-14-dev,libgcc-14-dev,binutils";
/// What makes a folder ours: the release and the packages if it is complete, else [`UNFINISHED`].
const STAMP: &str = "swarmlet-packages";
const UNFINISHED: &str = "unfinished\n";
/// Another place for the folder, which several checkouts may share.
const PLACE: &str = "SWARMLET_SWIFT_ROOT";
/// Begins a program in a namespace of mounts of its own.
const APART: &[&str] = &["unshare", "--mount", "--propagation", "private"];
/// Mounts what programs need, and becomes the one that was asked for.
const ENTER: &str = "mount -t proc proc \"$0/proc\" && mount --bind /dev \"$0/dev\" && \
    mount -t tmpfs tmpfs \"$0/tmp\" && mount --bind . \"$0$1\" && \
    exec chroot \"$0\" sh -c 'cd \"$0\" && exec \"$@\"' \"$@\"";
/// Unpacks with as many processes as there are cores.
const UNPACK: &str = "cd \"$0/var/cache/apt/archives\" && printf '%s\\0' *.deb | \
    xargs -0 -n 1 -P \"$(nproc)\" sh -c 'dpkg-deb --extract \"$1\" \"$0\"' \"$0\" && rm -- *.deb";

/// The folder with the compiler.
pub(super) struct Debian {
    folder: PathBuf,
}

impl Debian {
    /// Makes the folder unless it is there. `Err` of the inner kind says in a line what this
    /// machine lacks for that; what goes wrong while it is made is an error.
    pub(super) fn prepared() -> Result<Result<Debian, String>> {
        let mount = ["mount", "-t", "proc", "proc", "/proc"];
        if !shell::works(&[APART, &mount].concat()) {
            return Ok(Err("mounting is for root only".to_owned()));
        }
        // As the shell reads it in `swift/run.sh`.
        let place = env::var_os(PLACE).filter(|place| !place.is_empty());
        let place = place.map(|place| root::folder().join(place));
        let folder = place.unwrap_or_else(|| root::path(OUT).join("debian"));
        let debian = Debian { folder };
        if debian.is_complete() {
            return Ok(Ok(debian));
        }
        let mirror = match usable_mirror()? {
            Ok(mirror) => mirror,
            Err(lack) => return Ok(Err(lack)),
        };
        debian.make(&mirror)?;
        Ok(Ok(debian))
    }

    /// A program of the folder, to be run in the root of the repository.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = shell::command(APART);
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

    fn is_complete(&self) -> bool {
        fs::read_to_string(self.folder.join(STAMP)).is_ok_and(|made| made == recipe())
    }

    /// Makes the folder, unless another run has done so by the time that this one may.
    fn make(&self, mirror: &str) -> Result<()> {
        let _lock = self.lock()?;
        if self.is_complete() {
            return Ok(());
        }
        let stamp = self.folder.join(STAMP);
        self.emptied()?;
        println!("fetching Swift from Debian {RELEASE}: about 550 MB, 2.6 GB unpacked, once");
        self.fetch(mirror)?;
        let mut unpack = shell::command(&["sh", "-c", UNPACK]);
        quietly(unpack.arg(&self.folder), "unpacking Swift")?;
        fs::create_dir_all(self.inside())?;
        fs::write(stamp, recipe()).context("cannot write to the folder")
    }

    /// Waits until no other run makes the folder. Beside it, as the lock outlives what is inside;
    /// given back when the file is dropped or the process ends, however it does.
    fn lock(&self) -> Result<File> {
        let path = self.lock_path();
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).context("cannot make the folder of the lock")?;
        }
        let name = || format!("cannot lock {}", path.display());
        let file = File::create(&path).with_context(name)?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error).with_context(name),
        }
        println!("another run fetches Swift, and this one waits for it");
        file.lock().with_context(name)?;
        Ok(file)
    }

    fn lock_path(&self) -> PathBuf {
        let mut path = self.folder.clone().into_os_string();
        path.push(".lock");
        path.into()
    }

    /// Leaves the stamp in the folder, and nothing else. What has none is somebody else's.
    fn emptied(&self) -> Result<()> {
        let stamp = self.folder.join(STAMP);
        fs::create_dir_all(&self.folder).context("cannot make the folder")?;
        let inside: Vec<_> = fs::read_dir(&self.folder)?.collect::<Result<_, _>>()?;
        ensure!(
            inside.is_empty() || stamp.is_file(),
            "{} is no folder of ours: it has things in it, and no {STAMP}",
            self.folder.display()
        );
        // First, and kept: whenever this ends, the folder is ours and not complete.
        fs::write(&stamp, UNFINISHED).context("cannot write to the folder")?;
        for entry in inside.iter().filter(|entry| entry.file_name() != STAMP) {
            let path = entry.path();
            let removed = if entry.file_type()?.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            removed.with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Apart as well: in a container debootstrap mounts devices, which would be left in the folder
    /// if it was killed.
    fn fetch(&self, mirror: &str) -> Result<()> {
        let include = format!("--include={PACKAGES}");
        let words = [
            "debootstrap",
            "--foreign",
            // Without the keys of Debian it would go on, and check nothing.
            "--force-check-gpg",
            "--variant=minbase",
            &include,
            RELEASE,
        ];
        let mut debootstrap = shell::command(&[APART, &words].concat());
        debootstrap.arg(&self.folder).arg(mirror);
        quietly(through_proxy(&mut debootstrap), "debootstrap")
    }

    fn inside(&self) -> PathBuf {
        self.folder.join(
            Path::new(INSIDE)
                .strip_prefix("/")
                .unwrap_or(Path::new(INSIDE)),
        )
    }
}

/// What a folder is made of.
fn recipe() -> String {
    format!("{RELEASE} {PACKAGES}\n")
}

/// The mirror to fetch from, or what this machine lacks: a mirror without the release is not its
/// fault, one that does not answer is an error.
fn usable_mirror() -> Result<Result<String, String>> {
    if !shell::works(&["debootstrap", "--version"]) {
        return Ok(Err("there is no debootstrap".to_owned()));
    }
    let Some(mirror) = mirror() else {
        return Ok(Err("apt has no mirror of Debian over HTTP".to_owned()));
    };
    let release = format!("{}/dists/{RELEASE}/InRelease", mirror.trim_end_matches('/'));
    // debootstrap fetches with wget too, and does not say why it could not.
    let words = ["wget", "--no-verbose", "--tries=3", "--timeout=30"];
    let mut wget = shell::command(&words);
    wget.env("LC_ALL", "C")
        .args(["--output-document", "/dev/null"]);
    let Err(error) = quietly(through_proxy(wget.arg(release)), "wget") else {
        return Ok(Ok(mirror));
    };
    if is_refused(&error.to_string()) {
        return Ok(Err(format!("{mirror} has no {RELEASE}: {error}")));
    }
    Err(error.context(format!("cannot ask {mirror} for {RELEASE}")))
}

/// Whether a server answered that there is no such file, or none for us.
fn is_refused(said: &str) -> bool {
    let status = said.split_once("ERROR ").map_or("", |(_, status)| status);
    ["401", "403", "404", "410"]
        .iter()
        .any(|refusal| status.starts_with(refusal))
}

/// The mirror of Debian that apt fetches this machine's own packages from.
fn mirror() -> Option<String> {
    let format = "$(ORIGIN) $(COMPONENT) $(SUITE) $(REPO_URI)";
    let words = [
        "apt-get",
        "indextargets",
        "--format",
        format,
        "Created-By: Packages",
    ];
    let output = shell::command(&words).output().ok()?;
    mirror_in(&String::from_utf8_lossy(&output.stdout))
}

/// That of a release itself: updates may come from a server that has nothing else.
fn mirror_in(targets: &str) -> Option<String> {
    let of_line = |line: &str| {
        let mut words = line.split(' ');
        let (origin, component) = (words.next()?, words.next()?);
        let (suite, uri) = (words.next()?, words.next()?);
        let is_release = !suite.contains('-');
        let is_it = origin == "Debian" && component == "main" && is_release;
        let is_http = uri.starts_with("http://") || uri.starts_with("https://");
        (is_it && is_http).then(|| uri.to_owned())
    };
    targets.lines().find_map(of_line)
}

/// apt's proxy, for a program that takes it from the environment.
fn through_proxy(command: &mut Command) -> &mut Command {
    for protocol in ["http", "https"] {
        if let Some(proxy) = apt_setting(&format!("Acquire::{protocol}::Proxy")) {
            command.env(format!("{protocol}_proxy"), proxy);
        }
    }
    command
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
    use crate::swift::place::Place;

    #[test]
    fn the_mirror_is_that_of_the_release_itself() {
        let targets = "Other main stable http://a\nDebian main oldstable-security http://b\n\
                       Debian contrib oldstable http://c\nDebian main oldstable cdrom:d\n\
                       Debian main oldstable http://e\n";
        assert_eq!(mirror_in(targets).as_deref(), Some("http://e"));
        assert_eq!(mirror_in("Ubuntu main noble http://a\n\n"), None);
    }

    #[test]
    fn a_mirror_without_the_release_is_told_from_one_that_does_not_answer() {
        let absent = "wget failed: 2026-01-02 03:04:05 ERROR 404: Not Found.";
        assert!(is_refused(absent) && is_refused("wget failed: ERROR 403: Forbidden."));
        let unavailable = "wget failed: 2026-01-02 03:04:05 ERROR 503: Service Unavailable.";
        let unresolved = "wget failed: wget: unable to resolve host address 'mirror-404'";
        assert!(!is_refused(unavailable) && !is_refused(unresolved));
    }

    fn debian(place: &Place) -> Debian {
        Debian {
            folder: place.path().join("debian"),
        }
    }

    /// Where nothing can be fetched from.
    const NOWHERE: &str = "http://127.0.0.1:9";

    #[test]
    fn what_fails_while_the_folder_is_made_is_an_error_and_it_is_made_anew() {
        let place = Place::new("unfinished");
        let debian = debian(&place);
        for _ in 0..2 {
            assert!(!debian.is_complete());
            let error = debian.make(NOWHERE).unwrap_err().to_string();
            assert!(error.starts_with("debootstrap "), "{error}");
            fs::write(debian.folder.join("half"), "").unwrap();
        }
    }

    #[test]
    fn two_runs_make_the_folder_once() {
        let place = Place::new("twice");
        let debian = debian(&place);
        let held = debian.lock().unwrap();
        let second = File::open(debian.lock_path()).unwrap();
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| debian.make(NOWHERE));
            fs::create_dir_all(&debian.folder).unwrap();
            fs::write(debian.folder.join(STAMP), recipe()).unwrap();
            drop(held);
            // It would fail if it fetched anything.
            waiting.join().unwrap().unwrap();
        });
        assert!(debian.is_complete());
        second.try_lock().unwrap();
    }

    #[test]
    fn a_folder_of_other_packages_is_emptied() {
        let place = Place::new("others");
        let debian = debian(&place);
        fs::create_dir_all(debian.folder.join("usr/lib")).unwrap();
        fs::write(debian.folder.join(STAMP), "sid swift\n").unwrap();
        std::os::unix::fs::symlink("/usr", debian.folder.join("lib")).unwrap();
        debian.emptied().unwrap();
        let left = fs::read_dir(&debian.folder).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [STAMP]);
        assert!(!debian.is_complete());
    }

    #[test]
    fn a_folder_of_others_is_left_alone() {
        let place = Place::new("theirs");
        let debian = debian(&place);
        let theirs = debian.folder.join("debootstrap");
        fs::create_dir_all(&debian.folder).unwrap();
        fs::write(&theirs, "theirs").unwrap();
        let error = debian.make(NOWHERE).unwrap_err().to_string();
        assert!(error.contains("debian is no folder of ours"), "{error}");
        assert_eq!(fs::read_to_string(theirs).unwrap(), "theirs");
    }

    #[test]
    fn what_a_program_said_last_is_why_it_failed() {
        let said = "echo one; echo 'E: no network' >&2; exit 1";
        let error = quietly(&mut shell::command(&["sh", "-c", said]), "it").unwrap_err();
        assert_eq!(error.to_string(), "it failed: E: no network");
        quietly(&mut shell::command(&["true"]), "it").unwrap();
    }
}
