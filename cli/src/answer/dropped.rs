//! What retention has dropped before it was read.

use swarmlet::{Offsets, Results};

use crate::failure::Result;
use crate::wire::Link;

/// Says which events are missing from results because retention has dropped them; each thing once,
/// however often it is asked. Nobody knows whether they would have matched.
#[derive(Default)]
pub(super) struct Dropped {
    told: Offsets,
}

impl Dropped {
    pub(super) async fn tell(&mut self, results: &Results, link: &mut Link) -> Result<()> {
        let skipped = results.skipped();
        if *skipped == self.told {
            return Ok(());
        }
        self.told = skipped.clone();
        let Some((stream, first)) = skipped.iter().next() else {
            return Ok(());
        };
        let message = format!(
            "retention has dropped the events of the stream {stream} before offset {first}"
        );
        link.note(match skipped.iter().count() - 1 {
            0 => message,
            others => format!("{message}, and of {others} other streams"),
        })
        .await
    }
}
