//! `doctor`: what of a device and its machine keeps a node from working well, each with a verdict
//! and with advice.
//!
//! `finding` is one answer; `folder`, `disk`, `clock`, `network` and `standing` ask, `run` puts the
//! questions one after the other. It reads, measures and tells; it changes nothing.

mod clock;
mod disk;
mod finding;
mod folder;
mod network;
mod run;
mod standing;

pub(crate) use run::doctor;
