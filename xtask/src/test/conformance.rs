//! One behaviour in every language, with the packages as users get them: the conformance suite, and
//! the example that is there in every language.

use super::shop_floor::{self, Program};
use super::{c, node, python};
use crate::cargo::{self, Profile};
use crate::{kotlin, root, shell, swift};
use anyhow::Result;

/// The package of the suite.
pub(crate) const MANIFEST: &str = "tests/conformance/Cargo.toml";

/// The programs of Rust.
const BUILD: &[&str] = &[
    "cargo",
    "build",
    "--quiet",
    "-p",
    "swarmlet-conformance-driver",
    "-p",
    "swarmlet-shop-floor",
];
/// The driver of Node.js, which runs as it is; its types are checked.
const NODE: &str = "tests/conformance/drivers/node";
/// The driver of C, built against the installed library.
const C_DRIVER: &str = "tests/conformance/drivers/c";
const PLAY: &[&str] = &["cargo", "run", "--quiet", "-p", "swarmlet-conformance"];
const EXAMPLE: &str = "examples/shop_floor";

/// Builds what drivers need, plays every scenario, and then the example.
pub(crate) fn run() -> Result<()> {
    let programs = build()?;
    shell::run(&mut shell::command(PLAY))?;
    shop_floor::run(&programs)
}

/// Builds every language that is in the tree; says how its program of the example is started.
fn build() -> Result<Vec<Program>> {
    shell::run(&mut shell::command(BUILD))?;
    let ours = cargo::built(Profile::Dev).join("swarmlet-shop-floor");
    let mut programs = vec![Program::new("rust", [ours.display().to_string()])];
    if root::path(python::MANIFEST).exists() {
        python::install(Profile::Dev)?;
        let python = shell::venv_program("python").display().to_string();
        programs.push(Program::new(
            "python",
            [python, format!("{EXAMPLE}/shop_floor.py")],
        ));
    }
    if root::path(node::MANIFEST).exists() {
        node::build(Profile::Dev)?;
        shell::run(&mut shell::command(&["node", node::COMPILER, "-p", NODE]))?;
        let program = node::installed(&format!("{EXAMPLE}/shop_floor.mjs"))?;
        programs.push(Program::new("node", ["node".to_owned(), program]));
    }
    if root::path(kotlin::MANIFEST).exists() {
        kotlin::build_programs(Profile::Dev)?;
        let words = ["java", kotlin::PROGRAMS, "ShopFloorKt"];
        programs.push(Program::new("kotlin", words.map(str::to_owned)));
    }
    if root::path(c::MANIFEST).exists() {
        let prefix = c::prefix()?;
        c::build(C_DRIVER, "conformance", &prefix, &[])?;
        let (source, program) = (
            format!("{EXAMPLE}/shop_floor.c"),
            root::path("target/c/shop_floor"),
        );
        c::compile(&prefix, &source, &["cc", "-std=c11"], true, &program)?;
        programs.push(Program::new("c", [program.display().to_string()]));
    }
    if root::path(swift::MANIFEST).exists() && swift::build_programs(Profile::Dev)? {
        let words = [swift::PROGRAMS, &["debug/ShopFloor"]].concat();
        programs.push(Program::new("swift", words.into_iter().map(str::to_owned)));
    }
    Ok(programs)
}
