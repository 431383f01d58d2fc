//! Values of Python as payloads, and back, without anything in between.

mod decode;
mod encode;

pub(crate) use decode::decode;
pub(crate) use encode::encode;
