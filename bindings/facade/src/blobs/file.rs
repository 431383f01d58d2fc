//! Copies a file into a blob, step by step, so that it can be given up and others have their turn.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use swarmlet::{BlobInfo, BlobWriter, Blobs, Error};

use super::handle::BlobOptions;
use crate::failure::{Failure, Result};
use crate::guard::guarded;

/// A file on its way into a blob.
struct Copying {
    file: File,
    path: PathBuf,
    writer: BlobWriter,
    buffer: Vec<u8>,
}

/// Stores the bytes of a file; dropping this leaves nothing.
pub(super) async fn put_file(
    blobs: Blobs,
    path: PathBuf,
    options: BlobOptions,
) -> Result<BlobInfo> {
    let mut copying = in_background(move || Copying::begin(&blobs, path, options)).await?;
    while !copying.buffer.is_empty() {
        copying = in_background(move || copying.step()).await?;
    }
    in_background(move || Ok(copying.writer.finish_blocking()?)).await
}

impl Copying {
    fn begin(blobs: &Blobs, path: PathBuf, mut options: BlobOptions) -> Result<Self> {
        let failed = |error| failed(&path, error);
        // Before it is opened: what is no file may wait for somebody at its other end.
        if !std::fs::metadata(&path).map_err(failed)?.is_file() {
            let refused = Error::invalid("only a file can be stored");
            return Err(refused.with("path", path.display()).into());
        }
        let file = File::open(&path).map_err(failed)?;
        if options.name.is_none() {
            let name = path.file_name().and_then(|name| name.to_str());
            options.name = name.map(ToOwned::to_owned);
        }
        Ok(Self {
            file,
            writer: blobs.writer(options.into_options())?,
            path,
            buffer: vec![0; STEP_BYTES],
        })
    }

    /// Copies some bytes; the buffer is gone when there are no more.
    fn step(mut self) -> Result<Self> {
        let len = self.file.read(&mut self.buffer);
        let len = len.map_err(|error| failed(&self.path, error))?;
        self.writer.write(&self.buffer[..len])?;
        if len == 0 {
            self.buffer = Vec::new();
        }
        Ok(self)
    }
}

fn failed(path: &Path, error: std::io::Error) -> Failure {
    let error = Error::io("cannot read the file to store", error);
    error.with("path", path.display()).into()
}

/// On a thread that may wait for the disk. What it brings is dropped there if nobody waits for it.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(move || guarded("put", work)).await;
    done.unwrap_or_else(|_| Err(Failure::closed("put")))
}

/// Bytes copied at a time.
const STEP_BYTES: usize = 1024 * 1024;
