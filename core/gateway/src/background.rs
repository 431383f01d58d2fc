//! Work that waits for the disk, on a thread that may.

use swarmlet::{Error, ErrorKind, Result};

/// Does the work there. It is done also if nobody waits for it any more.
pub(crate) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        let cut_off = Error::new(ErrorKind::Internal, "work in the background was cut off");
        Err(cut_off.because(error))
    })
}
