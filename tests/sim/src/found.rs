//! Seeds that once broke something. They are run first, whatever else is asked for.
//!
//! A seed means what it means as long as `mix` and `actions` draw as they do: whoever changes them
//! undoes each repair in a copy of the engine and takes a seed that shows it.

/// Each with what was wrong.
pub(crate) const FOUND: &[(u64, &str)] = &[
    (
        9,
        "what a failed sync left in memory was taken for durable at the next opening",
    ),
    (508, "a full last file was not synced at opening"),
    (
        573,
        "a frame that outlived the one before it was taken for its successor",
    ),
    (
        1432,
        "a segment cursor skipped the event whose reading had failed",
    ),
    (
        977,
        "a read in stream order left out the stream that it could not open",
    ),
    (
        77,
        "a clock that was set back made retention drop what was new",
    ),
    (
        1123,
        "an end frame was written before the groups before it were synced",
    ),
    (
        228,
        "a mark was written before the groups before it were synced",
    ),
    (
        187,
        "a group found at opening got no mark at closing, so damage to it passed for a torn write",
    ),
    (11, "a failed sync at opening was reported as a failed read"),
];
