//! Many requests over one WebSocket, in the predecessor's frames.
//!
//! `frame` is the shapes, `session` one socket, `request` one request on it, `endpoint` lets
//! sockets in.

mod endpoint;
mod frame;
mod request;
mod session;

pub(crate) use endpoint::open;
