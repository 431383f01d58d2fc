//! The predecessor's library for Rust, as it was released, against nodes that run as a service; the
//! tests are beside this.

mod node;

pub use node::Node;
