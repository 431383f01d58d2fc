//! A folder for a test, which is removed with what was made in it.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

pub(super) struct Place(PathBuf);

impl Place {
    /// The name is that of one test.
    pub(super) fn new(name: &str) -> Place {
        let name = format!("swarmlet-{name}-{}", process::id());
        let place = Place(env::temp_dir().join(name));
        fs::create_dir_all(&place.0).unwrap();
        place
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
