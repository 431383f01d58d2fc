//! The packages, tested as users get them: installed where nothing else of ours is, and used.

use crate::cargo::{self, Profile};
use crate::package;
use crate::{root, shell, swift};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The module that makes them.
pub(crate) const NEEDS: &str = "xtask/src/package";
/// Where they are installed.
const FOLDER: &str = "target/installed";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a Python program does with the wheel.
const PYTHON: &str = "
import swarmlet
from swarmlet.sync import Node
with Node.open('data', durability='buffered') as node:
    node.publish('a', {'n': 1})
    for row in node.query(\"FROM 'a'\"):
        print(row.payload['n'], swarmlet.__version__)
";

/// Makes every package, and installs and uses it.
pub(crate) fn run() -> Result<()> {
    package::make_all(Profile::Dev)?;
    let packed = root::path(package::FOLDER);
    let mut check = shell::command(&["sha256sum", "--check", "--quiet", "SHA256SUMS"]);
    shell::run(check.current_dir(&packed))?;
    use_python(&packed.join("python"))?;
    use_npm(&packed.join("npm"))?;
    use_c(&packed.join("c"))?;
    use_maven(&packed.join("maven"))?;
    use_swift(&packed.join("swift"))?;
    use_command(&packed.join("command"))
}

/// Uses the wheel, and then the one that pip makes of the source distribution, which has the same.
fn use_python(packed: &Path) -> Result<()> {
    let wheel = only(packed, ".whl")?;
    use_wheel("python", &wheel)?;
    let made = wheel_of_sources(&only(packed, ".tar.gz")?)?;
    let (has, should_have) = (names_in(&made)?, names_in(&wheel)?);
    ensure!(
        has == should_have,
        "the wheel of the source distribution has\n{has}that of the tree\n{should_have}"
    );
    use_wheel("python-sources", &made)
}

/// What pip makes of the source distribution, out of nothing but what is in there.
///
/// As a user would have it made, but quicker: by the maturin of the tests, and with the profile and
/// the folder of cargo in which everything else is built already that is not ours.
fn wheel_of_sources(archive: &Path) -> Result<PathBuf> {
    let sources = emptied("python-sdist")?;
    // Cargo goes by the time of a file, and in the archive that is always the same.
    let mut unpack = shell::command(&["tar", "--extract", "--touch", "--strip-components=1"]);
    unpack.arg("--file").arg(archive);
    shell::run(unpack.arg("--directory").arg(&sources))?;
    let wheels = emptied("python-wheels")?;
    let words = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--disable-pip-version-check",
    ];
    let mut make = shell::venv_command("python", &words);
    make.args(["--no-index", "--no-deps", "--no-build-isolation"]);
    make.arg("--wheel-dir").arg(&wheels).arg(&sources);
    make.env("PATH", shell::venv_path()?);
    make.env("CARGO_TARGET_DIR", cargo::target());
    make.env("MATURIN_PEP517_ARGS", "--profile dev");
    let made = shell::run(&mut make);
    // What cargo has made of them counts as made of the tree, and while they are there and stay
    // the same it would not be made again when the tree changes.
    fs::remove_dir_all(&sources).context("cannot remove the unpacked sources")?;
    made?;
    only(&wheels, ".whl")
}

fn use_wheel(name: &str, wheel: &Path) -> Result<()> {
    let folder = emptied(name)?;
    shell::run(shell::command(&["python3", "-m", "venv"]).arg(folder.join("venv")))?;
    let python = folder.join("venv/bin/python");
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--no-index"]);
    install.args(["--disable-pip-version-check", "--no-deps"]);
    shell::run(install.arg(wheel))?;
    let mut program = Command::new(&python);
    expect(program.args(["-c", PYTHON]).current_dir(&folder), &used())
}

fn use_npm(packed: &Path) -> Result<()> {
    let (mut front, mut native) = (None, None);
    for archive in ending(packed, ".tgz")? {
        let name = archive.file_name().context("an archive has a name")?;
        let is_front = name.to_string_lossy() == format!("swarmlet-{VERSION}.tgz");
        *(if is_front { &mut front } else { &mut native }) = Some(archive);
    }
    let mut install = shell::command(&["node", "node/tools/install.mjs"]);
    install.arg(front.context("the front was not packed")?);
    shell::run(install.arg(native.context("the native half was not packed")?))
}

fn use_c(packed: &Path) -> Result<()> {
    let prefix = unpacked("c", packed)?;
    let build = super::c::build("c-include/tests/installed", "installed", &prefix, &[])?;
    for program in ["shared", "static"] {
        let work = emptied("c-work")?;
        let mut press = Command::new(build.join(program));
        expect(press.current_dir(work), super::c::PRESS_SAYS)?;
    }
    Ok(())
}

fn use_maven(packed: &Path) -> Result<()> {
    let folder = emptied("maven")?;
    let own = packed.join("io/github/swarmlet/swarmlet").join(VERSION);
    let mut path = ending(&own, ".jar")?;
    path.retain(|jar| !jar.to_string_lossy().ends_with("-sources.jar"));
    ensure!(path.len() == 2, "not two JARs, but {path:?}");
    path.extend(dependencies()?);
    let path = std::env::join_paths(path)?;
    let mut compile = shell::command(&["javac", "-d"]);
    compile.arg(&folder).arg("-cp").arg(&path);
    shell::run(compile.arg("android/installed/Use.java"))?;
    let path =
        std::env::join_paths(std::iter::once(folder.clone()).chain(std::env::split_paths(&path)))?;
    let mut program = shell::command(&["java", "-cp"]);
    program.arg(path).arg("Use").arg(folder.join("data"));
    expect(&mut program, &used())
}

fn use_swift(packed: &Path) -> Result<()> {
    let archive = unpacked("swift", packed)?;
    published(&archive, &emptied("swift-repository")?)?;
    emptied("swift-work")?;
    let [package, work] = ["swift-repository", "swift-work"].map(|name| format!("{FOLDER}/{name}"));
    let said = swift::run_installed("swift/Installed", &package, &work)?;
    // Nothing is said where there is no compiler.
    let is_right = said.as_ref().is_none_or(|said| *said == used());
    ensure!(is_right, "what uses the Swift package says {said:?}");
    Ok(())
}

/// Uses the command in an empty folder, and looks at what lies beside it.
fn use_command(packed: &Path) -> Result<()> {
    let prefix = unpacked("command", packed)?;
    let device = emptied("command-work")?.join("device");
    let command = |words: &[&str]| {
        let mut command = Command::new(prefix.join("bin/swarmlet"));
        command.args(words).current_dir(&prefix);
        command.env("SWARMLET_FOLDER", &device);
        command
    };
    let version = format!("swarmlet {VERSION}\n");
    expect(&mut command(&["--version"]), &version)?;
    shell::run(&mut command(&["publish", "1", "-t", "a", "--quiet"]))?;
    let words = ["query", "FROM 'a' SELECT { n: _ }", "--csv"];
    let output = command(&words).output().context("cannot query")?;
    let shown = String::from_utf8_lossy(&output.stdout);
    ensure!(
        shown.contains("\"{\"\"n\"\":1}\""),
        "the query says {shown}"
    );
    for (shell, path) in package::COMPLETIONS {
        let script = command(&["completions", shell]).output();
        let script = script.context("cannot start the command")?.stdout;
        let is_packed = fs::read(prefix.join(path)).is_ok_and(|text| text == script);
        ensure!(
            is_packed && !script.is_empty(),
            "{path} is not what completes words in {shell}"
        );
    }
    let unit = fs::read_to_string(prefix.join("lib/systemd/system/swarmlet.service"));
    let unit = unit.context("the archive has no unit")?;
    ensure!(
        unit.contains("ExecStart=swarmlet run"),
        "the unit is {unit}"
    );
    Ok(())
}

/// What others get of a folder that is committed to a repository, with nobody's own settings.
fn published(folder: &Path, to: &Path) -> Result<()> {
    let git = |words: &[&str]| {
        let mut git = shell::command(&["git", "-c", "user.name=tests", "-c", "user.email=tests"]);
        git.args(words).current_dir(folder);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        git
    };
    shell::run(&mut git(&["init", "--quiet", "--initial-branch=main"]))?;
    shell::run(&mut git(&["add", "--all"]))?;
    shell::run(&mut git(&["commit", "--quiet", "--message=release"]))?;
    shell::run(git(&["clone", "--quiet", "."]).arg(to))
}

/// Unpacks an archive that is a folder, which says whose it is and what is inside.
fn unpacked(language: &str, packed: &Path) -> Result<PathBuf> {
    let folder = emptied(language)?;
    let mut unpack = shell::command(&["tar", "--extract", "--strip-components=1", "--file"]);
    unpack.arg(only(packed, ".tar.gz")?);
    shell::run(unpack.arg("--directory").arg(&folder))?;
    let materials = format!("swarmlet-{language}.cdx.json");
    for part in ["LICENSE", "README.md", &materials] {
        ensure!(folder.join(part).is_file(), "the archive has no {part}");
    }
    Ok(folder)
}

/// The JARs that the JAR depends on, where the build has fetched them.
fn dependencies() -> Result<Vec<PathBuf>> {
    const JARS: &[(&str, &str, &str)] = &[
        ("org/jetbrains/kotlin", "kotlin-stdlib", "kotlin.version"),
        (
            "org/jetbrains/kotlinx",
            "kotlinx-coroutines-core-jvm",
            "coroutines.version",
        ),
        ("net/java/dev/jna", "jna", "jna.version"),
    ];
    let manifest = fs::read_to_string(root::path(crate::kotlin::MANIFEST))?;
    let home = std::env::var_os("HOME").context("there is no HOME")?;
    let repository = Path::new(&home).join(".m2/repository");
    let jar = |(group, name, property): &(&str, &str, &str)| {
        let version = manifest.split_once(&format!("<{property}>"));
        let version = version.and_then(|(_, rest)| rest.split_once('<'));
        let (version, _) = version.with_context(|| format!("no {property}"))?;
        let place = repository.join(group).join(name).join(version);
        Ok(place.join(format!("{name}-{version}.jar")))
    };
    JARS.iter().map(jar).collect()
}

/// What programs say that have published and read one event.
fn used() -> String {
    format!("1 {VERSION}\n")
}

/// An empty folder of that name.
fn emptied(name: &str) -> Result<PathBuf> {
    let folder = root::path(FOLDER).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {name}"))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {name}"))?;
    Ok(folder)
}

/// The files in a folder with that ending.
fn ending(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()));
    for entry in entries? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn only(folder: &Path, end: &str) -> Result<PathBuf> {
    let mut files = ending(folder, end)?;
    ensure!(files.len() == 1, "not one {end}, but {files:?}");
    Ok(files.remove(0))
}

/// The names of the files in a wheel, one a line.
fn names_in(wheel: &Path) -> Result<String> {
    let list =
        "import sys, zipfile; print(*sorted(zipfile.ZipFile(sys.argv[1]).namelist()), sep='\\n')";
    let mut python = shell::command(&["python3", "-c", list]);
    let output = python.arg(wheel).output().context("cannot start python3")?;
    ensure!(
        output.status.success(),
        "{} cannot be read",
        wheel.display()
    );
    String::from_utf8(output.stdout).context("a name is not UTF-8")
}

/// Runs a program, which has to end well and to say exactly this.
pub(super) fn expect(program: &mut Command, text: &str) -> Result<()> {
    let output = program
        .output()
        .context("cannot start what was installed")?;
    let shown = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success() && shown == text,
        "{} ended with {} and said {shown}{}",
        program.get_program().to_string_lossy(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
