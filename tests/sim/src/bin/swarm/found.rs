//! Seeds that once failed. Each names the defect it found; they run before all others.

/// A seed and what it found.
pub(crate) const FOUND: &[(u64, &str)] = &[
    (
        9,
        "two nodes asked each other for a stream and waited for ever",
    ),
    (25, "the same, after a restart"),
    (
        356,
        "a wrong head that a malicious member announced was taken for a fork",
    ),
    (
        403,
        "one of two waited for revocations that the other one thought agreed on",
    ),
    (1252, "two branches of the same length were not noticed"),
];
