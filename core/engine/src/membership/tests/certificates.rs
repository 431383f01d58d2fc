//! Certificates and chains as bytes.

use super::super::*;
use super::swarm::{DAY, NOW, id, key, name, swarm};
use crate::event::Signer;

#[test]
fn certificates_and_chains_keep_their_bytes() {
    let plant = swarm(1);
    for chain in [plant.member(10), plant.issuer_chain()] {
        let bytes = chain.encode();
        let again = Chain::decode(&bytes).unwrap();
        assert_eq!(again, chain);
        assert_eq!(again.member.as_bytes(), chain.member.as_bytes());
        assert_eq!(again.encode(), bytes);
    }
}

#[test]
fn a_certificate_takes_a_few_hundred_bytes() {
    let bytes = swarm(1).member(10).member.as_bytes().len();
    assert!((200..300).contains(&bytes), "{bytes}");
}

#[test]
fn another_key_cannot_sign_in_the_name_of_the_issuer() {
    let plant = swarm(1);
    assert!(Certificate::issue(plant.claims(10), &key(10)).is_err());
}

#[test]
fn impossible_claims_are_refused() {
    let plant = swarm(1);
    let labels = |count: usize| (0..count).map(|index| (name(&format!("l{index}")), name("x")));
    let good = plant.claims(10);
    let with_labels = |count| Claims {
        labels: labels(count).collect(),
        ..good.clone()
    };
    assert!(Certificate::issue(with_labels(16), &plant.issuer).is_ok());
    assert!(Certificate::issue(with_labels(17), &plant.issuer).is_err());
    let backwards = Claims {
        not_after: NOW - 1,
        ..good.clone()
    };
    assert!(Certificate::issue(backwards, &plant.issuer).is_err());
}

#[test]
fn a_certificate_has_at_most_2048_bytes() {
    let plant = swarm(1);
    let long = |index: u8| name(&format!("{index:02}{}", "x".repeat(62)));
    let claims = Claims {
        labels: (0..16).map(|index| (long(index), long(index))).collect(),
        ..plant.claims(10)
    };
    assert!(Certificate::issue(claims, &plant.issuer).is_err());
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let bytes = swarm(1).member(10).member.as_bytes().to_vec();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(Certificate::decode(&bad).is_err(), "byte {at}");
    }
    assert_eq!(Certificate::decode(&bytes[1..]), Err(Denial::Malformed));
}

#[test]
fn a_signature_of_somebody_else_is_bad() {
    let plant = swarm(1);
    let chain = plant.member(10);
    let mut bytes = chain.member.as_bytes().to_vec();
    let last = bytes.len() - 1;
    bytes[last - 40] ^= 1;
    assert_eq!(Certificate::decode(&bytes), Err(Denial::BadSignature));
}

#[test]
fn a_revocation_is_no_certificate() {
    let plant = swarm(1);
    let bytes = plant.revoked_by_root(id(10), &[]).as_bytes().to_vec();
    assert_eq!(Certificate::decode(&bytes), Err(Denial::Malformed));
    let certificate = plant.member(10).member;
    let revocation = Revocation::decode(certificate.as_bytes());
    assert_eq!(revocation, Err(Denial::Malformed));
}

#[test]
fn the_newest_time_of_a_chain_is_known() {
    let plant = swarm(1);
    assert_eq!(plant.member(10).not_before(), NOW);
    assert_eq!(plant.issuer_chain().not_before(), NOW - DAY);
    assert_eq!(plant.issuer_chain().device(), plant.issuer.node_id());
}
