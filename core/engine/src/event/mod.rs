//! What an event is: its values, its place in the order, and its bytes.
//!
//! Values are parsed once into types that cannot be wrong. This floor knows nothing of disks.

mod app_id;
pub mod batch;
pub mod codec;
mod content;
mod key;
mod node_id;
mod offsets;
mod payload;
mod run;
mod sequence;
mod sign;
mod stream;
mod tags;
mod value;

pub use app_id::AppId;
pub use batch::{Batch, BatchHash, BatchHeader};
pub use content::Content;
pub use key::EventKey;
pub use node_id::NodeId;
pub use offsets::Offsets;
pub use payload::Payload;
pub use run::{Run, RunBatch, Unfit};
pub use sequence::{Lamport, Offset, Timestamp};
pub use sign::{DeviceKey, Signature, Signer};
pub use stream::{Incarnation, StreamId, StreamName, StreamNumber};
pub use tags::{Tag, Tags};
pub use value::{Event, NewEvent};
