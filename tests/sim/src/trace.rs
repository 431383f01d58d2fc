//! The trace: every step of a run as a line, hashed, and printed if asked for.

use std::fmt::Display;

/// What a run did, in one hash.
#[derive(Debug)]
pub struct Trace {
    hasher: blake3::Hasher,
    is_printed: bool,
}

impl Trace {
    /// An empty trace.
    pub fn new(is_printed: bool) -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            is_printed,
        }
    }

    /// Adds a line.
    pub fn line(&mut self, line: impl Display) {
        let line = line.to_string();
        self.hasher.update(line.as_bytes());
        self.hasher.update(b"\n");
        if self.is_printed {
            print(&line);
        }
    }

    /// Adds bytes that are too many to print.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The hash of everything so far.
    pub fn hash(&self) -> blake3::Hash {
        self.hasher.finalize()
    }
}

#[expect(clippy::print_stdout, reason = "a trace is asked for to be read")]
fn print(line: &str) {
    println!("  {line}");
}
