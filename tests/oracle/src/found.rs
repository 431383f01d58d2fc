//! Seeds that showed a defect once, run before all others. Each line says what was wrong.

pub(crate) const SEEDS: &[u64] = &[
    // A group whose keys were 2 and later 2.0 changed its key between two bursts.
    2,
    // `FROM [-3, nope] LIMIT 1`: what nobody waited for was computed, and its failure ended the
    // query without its results.
    32,
];
