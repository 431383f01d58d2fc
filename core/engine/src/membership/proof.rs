//! Proofs of admission: what shows the other side that one knows a secret, bound to the keys of
//! the connection. The secrets themselves never travel.

use super::invite::Secret;
use super::swarm_id::SwarmId;
use crate::event::NodeId;

/// The two ends of the connection on which a device asks to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) joiner: NodeId,
    pub(super) issuer: NodeId,
}

/// Proves to `to` that `from` knows the id of the swarm, which strangers do not.
pub(super) fn hello(swarm: SwarmId, from: NodeId, to: NodeId) -> [u8; 32] {
    keyed(
        swarm.as_bytes(),
        &[b"swarmlet/hello/1", from.as_bytes(), to.as_bytes()],
    )
}

/// Proves that the joiner knows the secret of an invite.
pub(super) fn join(secret: &Secret, ends: Ends, nonce: &[u8; 32], name: &str) -> [u8; 32] {
    let key = blake3::derive_key(INVITE_CONTEXT, &secret.0);
    let Ends { joiner, issuer } = ends;
    let (joiner, issuer) = (joiner.as_bytes(), issuer.as_bytes());
    keyed(&key, &[b"join", joiner, issuer, nonce, name.as_bytes()])
}

/// Proves that the issuer knows the secret, and that it said what it said.
pub(super) fn welcome(secret: &Secret, ends: Ends, nonce: &[u8; 32], said: &[u8]) -> [u8; 32] {
    let key = blake3::derive_key(INVITE_CONTEXT, &secret.0);
    let Ends { joiner, issuer } = ends;
    let said = blake3::hash(said);
    let (joiner, issuer) = (joiner.as_bytes(), issuer.as_bytes());
    keyed(&key, &[b"welcome", joiner, issuer, nonce, said.as_bytes()])
}

/// What a joiner says of its nonce before the issuer chooses its own.
pub(super) fn commitment(nonce: &[u8; 32]) -> [u8; 32] {
    *blake3::hash(nonce).as_bytes()
}

/// The six digits that a person compares.
pub(super) fn code(ends: Ends, joiner_nonce: &[u8; 32], issuer_nonce: &[u8; 32]) -> u32 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"swarmlet/code/1");
    hasher
        .update(ends.joiner.as_bytes())
        .update(ends.issuer.as_bytes());
    hasher.update(joiner_nonce).update(issuer_nonce);
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    (u64::from_le_bytes(first) % 1_000_000) as u32
}

/// Compares in a time that does not tell where the first difference is.
pub(super) fn is_same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    blake3::Hash::from_bytes(*left) == blake3::Hash::from_bytes(*right)
}

fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

const INVITE_CONTEXT: &str = "swarmlet 2026 invite secret v1";
