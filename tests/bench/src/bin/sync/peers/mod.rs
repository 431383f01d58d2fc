//! The peers: brokers and buses that carry messages of the same size at the same rates, between two
//! processes on loopback. Each durable as far as it can be; its name says how far that is.

mod ax;
mod contract;
mod mosquitto;
mod nats;
mod program;
mod receive;
mod send;
mod zenoh;

pub(crate) use contract::{Kind, Setting};
pub(crate) use receive::receive;
pub(crate) use send::measure;
