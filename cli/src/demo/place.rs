//! Where the devices of a demo are: in a folder that was named and stays, or in one that goes.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::service;

/// The folder in which the folders of the devices are.
pub(super) enum Place {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Place {
    pub(super) fn new(named: Option<PathBuf>) -> Result<Self> {
        let failed = |error| Failure::io("cannot make a folder for the devices", error);
        let Some(folder) = named else {
            let made = tempfile::Builder::new().prefix("swarmlet-demo-").tempdir();
            return made.map(Self::Temporary).map_err(failed);
        };
        if service::is_data_folder(&folder) {
            let message = format!("{} is the folder of a device", folder.display());
            return Err(Failure::invalid(message)
                .advise("name another one with --folder: the demo makes several devices in it"));
        }
        std::fs::create_dir_all(&folder).map_err(failed)?;
        Ok(Self::Kept(folder))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder,
            Self::Temporary(folder) => folder.path(),
        }
    }

    pub(super) fn is_temporary(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }

    /// Removes what is not kept; no node may be open in it.
    pub(super) fn leave(self) -> Result<()> {
        match self {
            Self::Kept(_) => Ok(()),
            Self::Temporary(folder) => folder
                .close()
                .map_err(|error| Failure::io("cannot remove the folders of the devices", error)),
        }
    }
}
