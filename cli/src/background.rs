//! Work that waits for the disk, on threads that may.

use swarmlet::ErrorKind;

use crate::failure::{Failure, Result};

/// Does something on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> swarmlet::Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(Failure::new(ErrorKind::Internal, error.to_string())),
    }
}
