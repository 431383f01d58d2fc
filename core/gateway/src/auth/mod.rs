//! Who calls: an app gives its manifest and gets a token, which it shows with every request. People
//! get one of another use from the command.
//!
//! From bottom to top: `trust` is whom the host program lets in, `signature` what
//! developers sign, `manifest` what an app says of itself, `token` what it gets for it,
//! `presented` finds the token in a request, `caller` is who shows a good one, `endpoint` hands
//! tokens out.

mod caller;
mod endpoint;
mod manifest;
mod presented;
mod signature;
pub(crate) mod token;
mod trust;

pub(crate) use caller::Caller;
pub(crate) use endpoint::authenticate;
pub(crate) use presented::{of_header, of_parameter, of_query};
pub(crate) use trust::{Trust, parse_key};
