//! How slowly something large may be sent: a client that goes on sending may go on for long, one
//! that sends a byte now and then may not.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::limits::UPLOAD_BYTES_PER_SEC_MIN;
use crate::problem::Problem;

/// The time that a client has left. Bytes that come give it more; what is done with them, such as
/// writing them to the disk, takes none of it.
#[derive(Debug)]
pub(crate) struct Pace {
    left: Duration,
    most: Duration,
}

impl Pace {
    /// So much time to begin with, and never more.
    pub(crate) fn new(most: Duration) -> Self {
        Self { left: most, most }
    }

    /// Waits for the next part as long as there is time.
    pub(crate) async fn keep<T>(&mut self, part: impl Future<Output = T>) -> Result<T, Problem> {
        let begun = Instant::now();
        let part = timeout(self.left, part).await;
        self.left = self.left.saturating_sub(begun.elapsed());
        part.map_err(|_| Problem::RequestTimeout)
    }

    /// So many bytes have come.
    pub(crate) fn credit(&mut self, bytes: usize) {
        let earned = Duration::from_secs_f64(bytes as f64 / UPLOAD_BYTES_PER_SEC_MIN as f64);
        self.left = (self.left + earned).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;
    use tokio::time::sleep;

    #[tokio::test]
    async fn bytes_give_time_and_waiting_takes_it() {
        let most = Duration::from_millis(400);
        let mut pace = Pace::new(most);
        pace.credit(1 << 30);
        assert_eq!(pace.left, most);
        pace.keep(sleep(most / 8)).await.unwrap();
        assert!(pace.left <= most - most / 8, "{pace:?}");
        pace.left = Duration::ZERO;
        assert!(pace.keep(ready(())).await.is_ok());
        assert!(pace.keep(sleep(most)).await.is_err());
        pace.credit(UPLOAD_BYTES_PER_SEC_MIN / 8);
        assert_eq!(pace.left, Duration::from_millis(125));
    }
}
