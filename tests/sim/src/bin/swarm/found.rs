//! Seeds that show what once was wrong. They are run first, whatever else is asked for.
//!
//! A seed means what it means as long as the world draws as it does: whoever changes that undoes
//! each repair in a copy of the engine and takes a seed that shows it.

/// Each with what was wrong.
pub(crate) const FOUND: &[(u64, &str)] = &[
    (
        12,
        "two nodes asked each other for a stream, and both waited for ever",
    ),
    (43, "the same, on another way there"),
    (
        73,
        "a wrong head that a malicious member announced was taken for a fork",
    ),
    (92, "two branches of the same length were not noticed"),
    (
        2,
        "what a malicious member promised was remembered after it had gone",
    ),
    (
        22,
        "a copied device began its own stream behind a gap, and what it alone had was lost",
    ),
    (97, "the same where what others have begins right behind it"),
    (
        45,
        "a fetched blob became whole by a second sync, though the first one had failed",
    ),
    (
        464,
        "the same, and whoever read it took its lost length for the end",
    ),
    (
        275,
        "a blob that could not be stored again lost the hashes that it had",
    ),
    (
        4041,
        "a blob that had lost its end ended early for its readers",
    ),
    (4726, "the same, and who offered it passed for a liar"),
];
