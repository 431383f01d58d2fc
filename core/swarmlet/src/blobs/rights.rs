//! Rights: what the membership says, as far as blobs need it.

use std::collections::BTreeMap;

use swarmlet_engine::event::{NodeId, StreamName};

/// Who may do what with the blobs that streams tell of, and who there is.
pub(crate) trait Rights: std::fmt::Debug + Send + Sync {
    /// Whether a member may read streams of this name, and so have the blobs of their records.
    fn may_read(&self, node: NodeId, name: &StreamName) -> bool;

    /// Whether a member may take back what others recorded in streams of this name.
    fn may_delete(&self, node: NodeId, name: &StreamName) -> bool;

    /// The labels of a member.
    fn labels(&self, node: NodeId) -> BTreeMap<String, String>;

    /// The members that may read streams of this name and are about: they are here, or were not
    /// long ago.
    fn readers(&self, name: &StreamName) -> Vec<NodeId>;
}
