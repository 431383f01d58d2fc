//! A descriptor that can be read while there is something to take, for `poll` and its kin.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use swarmlet::ErrorKind;
use swarmlet_facade::{Failure, Result};

/// Rung when there is something, silenced by whoever has looked and found nothing.
pub(crate) struct Bell {
    mouth: UnixStream,
    ear: UnixStream,
    /// Whether something will ring it.
    pub(crate) is_armed: bool,
}

impl Bell {
    /// Silent, and something is about to ring it.
    pub(crate) fn new() -> Result<Self> {
        let pair = || {
            let (mouth, ear) = UnixStream::pair()?;
            mouth.set_nonblocking(true)?;
            ear.set_nonblocking(true)?;
            Ok((mouth, ear))
        };
        let (mouth, ear) = pair().map_err(|error: std::io::Error| {
            let message = format!("cannot make a descriptor: {error}");
            Failure::new(ErrorKind::Unavailable, "", message)
        })?;
        Ok(Self {
            mouth,
            ear,
            is_armed: true,
        })
    }

    /// What to wait at. It belongs to the bell.
    pub(crate) fn descriptor(&self) -> RawFd {
        self.ear.as_raw_fd()
    }

    /// Rings until it is silenced.
    pub(crate) fn ring(&mut self) {
        // A bell that cannot take another byte rings already.
        let _ = (&self.mouth).write(&[1]);
        self.is_armed = false;
    }

    /// Silences it, because something will ring it.
    pub(crate) fn silence(&mut self) {
        let mut rung = [0; 64];
        while matches!((&self.ear).read(&mut rung), Ok(count) if count == rung.len()) {}
        self.is_armed = true;
    }
}
