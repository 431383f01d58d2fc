//! Seeds that once broke something. They are run first, whatever else is asked for.

/// Each with what was wrong.
pub(crate) const FOUND: &[(u64, &str)] = &[];
