//! Calls that are answered by completions, as futures that uniffi drives.

use swarmlet::ErrorKind;
use swarmlet_facade::{Completion, Waiting};
use tokio::sync::oneshot;

use crate::failure::Result;

/// Makes a call and waits for its answer. Dropping the wait does not undo the call.
pub(crate) async fn answered<T: Send + 'static>(start: impl FnOnce(Completion<T>)) -> Result<T> {
    awaited(|completion| {
        start(completion);
        Waiting::default()
    })
    .await
}

/// Makes a call that waits for other devices. Dropping the wait gives the call up.
pub(crate) async fn awaited<T: Send + 'static>(
    start: impl FnOnce(Completion<T>) -> Waiting,
) -> Result<T> {
    let (tx, rx) = oneshot::channel();
    let waiting = start(Box::new(move |result| {
        // Nobody waits any more.
        let _ = tx.send(result);
    }));
    let answer = rx.await;
    drop(waiting);
    Ok(answer.map_err(|_| dropped())??)
}

/// A completion is always called; were it not, the caller must not wait for ever.
fn dropped() -> swarmlet_facade::Failure {
    swarmlet_facade::Failure::new(ErrorKind::Internal, "", "a call was not answered")
}
