//! The one place where the swarm side asks for randomness.

use swarmlet_engine::{Error, ErrorKind, Result};

/// Random bytes of the operating system.
pub(super) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        let message = "the operating system gives no randomness";
        Error::new(ErrorKind::Unavailable, message).because(error.to_string())
    })?;
    Ok(bytes)
}
