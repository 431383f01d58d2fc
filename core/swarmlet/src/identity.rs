//! The identity of a device: a secret key that is made once and then only read.
//!
//! [`FileKeys`] keeps it in the data folder; [`KeyStore`] lets a keystore of the operating system
//! take its place. A key that cannot be read is an error, never replaced: its streams would lose
//! their author.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use swarmlet_engine::event::{DeviceKey, Signer};
use swarmlet_engine::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use crate::permission;

/// Keeps the key of a device. Called while the data folder is locked, so never by two nodes at
/// once.
pub trait KeyStore: fmt::Debug + Send + Sync + 'static {
    /// The key, if one was made before.
    fn load(&self) -> Result<Option<Arc<dyn Signer>>>;

    /// Makes the key, keeps it durably, and never replaces one that is there.
    fn create(&self) -> Result<Arc<dyn Signer>>;
}

/// The key as 32 secret bytes in the file `identity.key`, for its owner only.
#[derive(Debug)]
pub(crate) struct FileKeys {
    folder: PathBuf,
}

impl FileKeys {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(KEY_FILE)
    }
}

impl KeyStore for FileKeys {
    fn load(&self) -> Result<Option<Arc<dyn Signer>>> {
        let path = self.path();
        let failed = |err| Error::io("cannot read the identity", err).with("path", path.display());
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(err) => return Err(failed(err)),
        };
        let metadata = file.metadata().map_err(failed)?;
        permission::check_private(&path, &metadata, permission::FILE)?;
        if metadata.len() != SEED_BYTES as u64 {
            return Err(
                Error::corrupt("the identity does not have the length of a key")
                    .with("path", path.display())
                    .with("bytes", metadata.len())
                    .with("expected", SEED_BYTES),
            );
        }
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        file.read_exact(seed.as_mut_slice()).map_err(failed)?;
        Ok(Some(Arc::new(DeviceKey::from_seed(&seed))))
    }

    fn create(&self) -> Result<Arc<dyn Signer>> {
        let path = self.path();
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        getrandom::fill(seed.as_mut_slice()).map_err(|error| {
            let message = "the operating system gives no randomness for the identity";
            Error::new(ErrorKind::Unavailable, message).because(error.to_string())
        })?;
        self.write(&path, &seed).map_err(|err| {
            Error::io("cannot write the identity", err).with("path", path.display())
        })?;
        Ok(Arc::new(DeviceKey::from_seed(&seed)))
    }
}

impl FileKeys {
    /// Complete under another name first, so that power loss leaves either no key or a whole one.
    fn write(&self, path: &Path, seed: &[u8; SEED_BYTES]) -> std::io::Result<()> {
        let begun = self.folder.join(KEY_FILE_BEGUN);
        match fs::remove_file(&begun) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => return Err(err),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        permission::private_file(&mut options);
        let mut file = options.open(&begun)?;
        file.write_all(seed)?;
        file.sync_all()?;
        if path.exists() {
            return Err(std::io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&begun, path)?;
        permission::sync_folder(&self.folder)
    }
}

pub(crate) const KEY_FILE: &str = "identity.key";
pub(crate) const KEY_FILE_BEGUN: &str = "identity.key.tmp";
const SEED_BYTES: usize = 32;
