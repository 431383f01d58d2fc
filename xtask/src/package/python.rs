//! The wheel of this platform, and the source distribution.

use super::sbom;
use crate::cargo::Profile;
use crate::{root, shell};
use anyhow::Result;
use std::path::Path;

pub(super) fn make(profile: Profile, folder: &Path) -> Result<()> {
    let mut build = shell::venv_command("maturin", &["build", "--quiet", "--out"]);
    build.arg(folder).args(profile.options());
    if profile == Profile::Release {
        // maturin looks for zig in the Python that it finds first.
        build.env("PATH", shell::venv_path()?);
        build.args(portability());
    }
    shell::run(build.current_dir(root::path("python")))?;
    let mut sources = shell::venv_command("maturin", &["sdist", "--out"]);
    shell::run(sources.arg(folder).current_dir(root::path("python")))?;
    sbom::write("swarmlet-python", &folder.join("swarmlet-python.cdx.json"))
}

/// With zig a wheel is linked for an old glibc; without, it runs on systems as new as this one.
fn portability() -> &'static [&'static str] {
    let python = shell::venv_program("python");
    let has_zig = python
        .to_str()
        .is_some_and(|python| shell::works(&[python, "-m", "ziglang", "version"]));
    if !cfg!(target_os = "linux") {
        &[]
    } else if has_zig {
        &["--zig", "--compatibility", "manylinux_2_28"]
    } else {
        println!(
            "NOT PORTABLE: the wheel runs only where glibc is as new as here; \
             `target/venv/bin/pip install ziglang` makes it manylinux"
        );
        &[]
    }
}
