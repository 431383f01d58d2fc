//! Handles that notice that their process was forked.
//!
//! A forked child has the memory of its parent but none of its threads: waiting for one of them
//! would hang for ever, and so would a lock that one of them held. So nothing of the parent is
//! touched in a child, not even to drop it.

use crate::failure::{Failure, Result};

/// A value that only the process which made it may use.
pub(crate) struct OwnProcess<T> {
    process: u32,
    value: Option<T>,
}

impl<T> OwnProcess<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            process: std::process::id(),
            value: Some(value),
        }
    }

    /// The value; `Forked` in another process than that which made it.
    pub(crate) fn value(&self) -> Result<&T> {
        self.value
            .as_ref()
            .filter(|_| self.is_own())
            .ok_or_else(Failure::forked)
    }

    fn is_own(&self) -> bool {
        self.process == std::process::id()
    }
}

impl<T> Drop for OwnProcess<T> {
    fn drop(&mut self) {
        if !self.is_own() {
            // Dropping would wait for threads and take locks of the parent: leak it instead.
            std::mem::forget(self.value.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use swarmlet::ErrorKind;

    use super::*;

    struct Loud;

    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("dropped in the wrong process");
        }
    }

    #[test]
    fn another_process_neither_uses_nor_drops_the_value() {
        let mut handle = OwnProcess::new(Loud);
        handle.process = 0;
        assert_eq!(handle.value().err().unwrap().kind, ErrorKind::Forked);
        drop(handle);
    }
}
