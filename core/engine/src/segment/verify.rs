//! Checking a whole segment.
