//! Programs of the machine: installed where we may, named exactly where we may not.

use crate::shell;
use anyhow::{Result, ensure};
use std::path::Path;

/// A program that tests need.
struct Program {
    /// What answers successfully when it is there.
    probe: &'static [&'static str],
    /// The Debian packages that bring it.
    packages: &'static [&'static str],
    purpose: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program {
        probe: &["git", "--version"],
        packages: &["git"],
        purpose: "listing the tree",
    },
    Program {
        probe: &["cc", "--version"],
        packages: &["gcc", "libc6-dev"],
        purpose: "linking, and compiling zstd and SQLite",
    },
    Program {
        probe: &["c++", "--version"],
        packages: &["g++"],
        purpose: "compiling the fuzzer's engine",
    },
    Program {
        probe: &["cmake", "--version"],
        packages: &["cmake"],
        purpose: "installing the C library and building its tests",
    },
    Program {
        probe: &["pkg-config", "--version"],
        packages: &["pkg-config"],
        purpose: "finding the installed C library",
    },
    Program {
        probe: &["valgrind", "--version"],
        packages: &["valgrind", "libc6-dbg"],
        purpose: "the tests of the C library",
    },
    Program {
        probe: &["pkg-config", "--atleast-version=2.14", "jansson"],
        packages: &["libjansson-dev"],
        purpose: "the conformance driver of C",
    },
    Program {
        probe: &["pkg-config", "--exists", "openssl"],
        packages: &["libssl-dev"],
        purpose: "the predecessor's library for Rust, whose clients are tested",
    },
    // Only root can use it; for others these tests are skipped.
    Program {
        probe: &["sh", "-c", "test \"$(id -u)\" != 0 || ip -Version"],
        packages: &["iproute2"],
        purpose: "networks between the nodes of a test",
    },
    Program {
        probe: &["sh", "-c", "test \"$(id -u)\" != 0 || mkfs.xfs -V"],
        packages: &["xfsprogs"],
        purpose: "a filesystem on which files can be cloned",
    },
    Program {
        probe: &[
            "python3",
            "-c",
            "import sys; sys.exit(sys.version_info < (3, 10))",
        ],
        packages: &["python3"],
        purpose: "the Python package, 3.10 or later",
    },
    Program {
        probe: &["python3", "-c", "import venv, ensurepip"],
        packages: &["python3-venv"],
        purpose: "the environment of the Python tests",
    },
    Program {
        probe: &[
            "node",
            "--eval",
            "process.exit(+(parseInt(process.versions.node) < 20))",
        ],
        packages: &["nodejs"],
        purpose: "the npm package, 20 or later",
    },
    Program {
        probe: &["npm", "--version"],
        packages: &["npm"],
        purpose: "the tools of the npm package",
    },
    Program {
        probe: &["script", "--version"],
        packages: &["bsdutils"],
        purpose: "a terminal for the tests of the command",
    },
    Program {
        probe: &["chromium", "--version"],
        packages: &["chromium"],
        purpose: "the tests of the page for people",
    },
    Program {
        probe: &["javac", "--release", "17", "--version"],
        packages: &["default-jdk-headless"],
        purpose: "the Kotlin library and its tests, 17 or later",
    },
    Program {
        probe: &["mvn", "--version"],
        packages: &["maven"],
        purpose: "building the Kotlin library",
    },
    // Only root on Debian can use it; for others the tests of Swift are skipped.
    Program {
        probe: &[
            "sh",
            "-c",
            "test \"$(id -u)\" != 0 || test ! -e /etc/debian_version || \
             { debootstrap --version && test -e /usr/share/keyrings/debian-archive-keyring.gpg; }",
        ],
        packages: &["debootstrap", "debian-archive-keyring"],
        purpose: "the compiler of Swift, which later releases of Debian have",
    },
];

/// What compiles a part of the predecessor, which only benchmarks install.
const PROTOC: Program = Program {
    probe: &["protoc", "--version"],
    packages: &["protobuf-compiler"],
    purpose: "compiling the predecessor, which is measured beside us",
};

/// Parts of the Rust toolchain that a minimal installation leaves out.
const COMPONENTS: &[(&str, &[&str])] = &[
    ("rustfmt", &["cargo", "fmt", "--version"]),
    ("clippy", &["cargo", "clippy", "--version"]),
];

/// Installs what is missing, or says what is.
pub(crate) fn prepare() -> Result<()> {
    for (component, probe) in COMPONENTS {
        if !shell::works(probe) {
            shell::run(&mut shell::command(&[
                "rustup",
                "component",
                "add",
                component,
            ]))?;
        }
    }
    make_sure(PROGRAMS)
}

/// Installs what the predecessor needs to be compiled, or says what is missing.
pub(crate) fn prepare_for_predecessor() -> Result<()> {
    make_sure(&[PROTOC])
}

fn make_sure(programs: &[Program]) -> Result<()> {
    let missing: Vec<&Program> = programs
        .iter()
        .filter(|program| !shell::works(program.probe))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if is_ours_to_install() {
        install(&missing)?;
    }
    let missing: Vec<&Program> = missing
        .into_iter()
        .filter(|program| !shell::works(program.probe))
        .collect();
    ensure!(
        missing.is_empty(),
        "missing on this machine:\n{}",
        list(&missing)
    );
    Ok(())
}

/// Root on a Debian system: then packages can be installed without asking anybody.
fn is_ours_to_install() -> bool {
    let is_root = shell::works(&["sh", "-c", "test \"$(id -u)\" = 0"]);
    is_root && Path::new("/etc/debian_version").exists() && shell::works(&["apt-get", "--version"])
}

fn install(missing: &[&Program]) -> Result<()> {
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|program| program.packages)
        .copied()
        .collect();
    shell::run(&mut shell::command(&["apt-get", "update", "--quiet"]))?;
    let words = [
        "apt-get",
        "install",
        "--yes",
        "--quiet",
        "--no-install-recommends",
    ];
    let mut command = shell::command(&[&words, packages.as_slice()].concat());
    shell::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
}

fn list(missing: &[&Program]) -> String {
    let lines = missing.iter().map(|program| {
        format!(
            "  `{}` fails; needed for {}; Debian: apt-get install {}",
            program.probe.join(" "),
            program.purpose,
            program.packages.join(" ")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_remedy() {
        let text = list(&[&PROGRAMS[1]]);
        assert!(text.contains("`cc --version` fails"), "{text}");
        assert!(text.contains("apt-get install gcc libc6-dev"), "{text}");
    }
}
