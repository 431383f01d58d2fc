//! Stories that are told over TCP and over QUIC, at once.

use std::net::Ipv4Addr;
use std::thread::scope;

use anyhow::{Result, anyhow};

use crate::orders::Opening;

/// Tells a story over each protocol.
pub(super) fn over_each(
    tell: impl Fn(&'static str) -> Result<String> + Sync,
) -> Result<[String; 2]> {
    let told = scope(|scope| {
        let stories = ["tcp", "quic"].map(|protocol| {
            let tell = &tell;
            scope.spawn(move || tell(protocol))
        });
        stories.map(|story| {
            let told = story.join();
            told.unwrap_or_else(|_| Err(anyhow!("it has panicked")))
        })
    });
    let [tcp, quic] = told;
    Ok([tcp?, quic?])
}

/// Listens over one protocol only.
pub(super) fn listening(protocol: &str) -> Opening {
    Opening {
        listen: vec![format!("{protocol}://{}:0", Ipv4Addr::UNSPECIFIED)],
        ..Opening::default()
    }
}
