//! The native half of the Python package `swarmlet`: converts, calls, converts back.
//!
//! Threads of Rust never touch the interpreter: they put plain data into the queue of a `Port`,
//! and Python values are made where Python takes them out. So a busy interpreter stalls no thread
//! of the node, and an exiting one finds nobody inside it. What users see is typed Python in
//! `python/swarmlet`; nothing here is public by itself.

#![forbid(unsafe_code)]

mod arguments;
mod blobs;
mod blocking;
mod call;
mod diagnostics;
mod failure;
mod metrics;
mod node;
mod output;
mod payload;
mod port;
mod qr;
mod row;
mod status;
mod stream;
mod swarm;

/// The module as Python imports it.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::blobs::{BlobItems, BlobReader, BlobWriter, Blobs, blob_info_of};
    #[pymodule_export]
    use super::blocking::blocked;
    #[pymodule_export]
    use super::call::Call;
    #[pymodule_export]
    use super::diagnostics::{start_diagnostics, take_diagnostics};
    #[pymodule_export]
    use super::node::{Node, open, start_open, version};
    #[pymodule_export]
    use super::port::Port;
    #[pymodule_export]
    use super::qr::{qr_svg, qr_terminal};
    #[pymodule_export]
    use super::row::{Published, Row};
    #[pymodule_export]
    use super::status::Changes;
    #[pymodule_export]
    use super::stream::{Stream, Watch};
    #[pymodule_export]
    use super::swarm::Swarm;
}
