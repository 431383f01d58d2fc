//! Two members meet: both end with the same verdict, and strangers learn nothing.

use super::super::limits::{GRACE_SECS, MESSAGE_BYTES_MAX};
use super::super::message::Message;
use super::super::*;
use super::swarm::{DAY, NOW, id, key, swarm};
use super::talk::{End, Outcome, member_at_door, talk};

/// Devices 10 and 11 meet; 10 is a good member of swarm 1, 11 shows `chain` and trusts `other`.
fn meet(authority: &Authority, chain: Chain, other: &Authority, now: u64) -> Outcome {
    let plant = swarm(1);
    let (left_key, right_key) = (key(10), key(11));
    let mut left = member_at_door(authority, (plant.member(10), &left_key), 11);
    let mut right = member_at_door(other, (chain, &right_key), 10);
    left.now = now;
    talk(&mut left, &mut right)
}

#[test]
fn two_members_admit_each_other() {
    let plant = swarm(1);
    let outcome = meet(&plant.authority, plant.member(11), &plant.authority, NOW);
    assert_eq!(
        outcome.said,
        [
            "left hello",
            "right hello",
            "left present",
            "right present",
            "left accepted",
            "right accepted",
        ]
    );
    let Then::Admit(right) = outcome.left else {
        panic!("{:?}", outcome.left);
    };
    assert_eq!(right.device(), id(11));
    let Then::Admit(left) = outcome.right else {
        panic!("{:?}", outcome.right);
    };
    assert_eq!(left.device(), id(10));
}

#[test]
fn a_member_of_another_swarm_learns_nothing() {
    let (plant, other) = (swarm(1), swarm(4));
    let outcome = meet(&plant.authority, other.member(11), &other.authority, NOW);
    assert_eq!(outcome.left, Then::Refuse(Denial::WrongSwarm));
    assert_eq!(outcome.right, Then::Refuse(Denial::WrongSwarm));
    assert!(!outcome.said.iter().any(|said| said.ends_with("present")));
}

#[test]
fn every_refusal_is_known_on_both_sides() {
    let plant = swarm(1);
    let mut revoking = plant.authority.clone();
    revoking.revoke(plant.revoked_by_root(id(11), &[])).unwrap();
    let mut without_issuer = plant.authority.clone();
    without_issuer
        .revoke(plant.revoked_by_root(id(2), &[]))
        .unwrap();
    let wide = Claims {
        not_before: NOW - 2 * DAY,
        ..plant.claims(11)
    };
    let late = plant.claims(11).not_after + GRACE_SECS + 1;
    let good = plant.member(11);
    for (authority, chain, now, denial) in [
        (&plant.authority, plant.member(12), NOW, Denial::WrongKey),
        (
            &plant.authority,
            plant.member_with(wide),
            NOW,
            Denial::BadChain,
        ),
        (&plant.authority, good.clone(), late, Denial::Expired),
        (&revoking, good.clone(), NOW, Denial::Revoked),
        (&without_issuer, good.clone(), NOW, Denial::IssuerRevoked),
    ] {
        let outcome = meet(authority, chain, &plant.authority, now);
        assert_eq!(outcome.left, Then::Refuse(denial));
        assert_eq!(outcome.right, Then::Refuse(denial));
        assert_eq!(
            outcome.said[4..],
            [
                format!("left refused {}", denial.code()),
                "right accepted".into(),
            ][..outcome.said.len() - 4]
        );
    }
}

#[test]
fn a_later_version_is_refused_with_words() {
    let plant = swarm(1);
    let signer = key(10);
    let hello = Message::Hello {
        versions: (2, 3),
        tag: [0; 32],
    };
    let mut left = member_at_door(&plant.authority, (plant.member(10), &signer), 11);
    End::step(&mut left, None);
    let step = End::step(&mut left, Some(&hello.encode()));
    assert_eq!(step.then, Then::Refuse(Denial::NoCommonVersion));
    let said = Message::decode(&step.send.unwrap()).unwrap();
    assert_eq!(said, Message::refused(Denial::NoCommonVersion));
}

#[test]
fn messages_out_of_order_and_too_long_end_the_exchange() {
    let plant = swarm(1);
    let signer = key(10);
    let begin = || {
        let mut left = member_at_door(&plant.authority, (plant.member(10), &signer), 11);
        End::step(&mut left, None);
        left
    };
    for message in [Message::Accepted, Message::Reveal { nonce: [0; 32] }] {
        let step = End::step(&mut begin(), Some(&message.encode()));
        assert!(matches!(step.then, Then::Refuse(_)), "{message:?}");
    }
    let mut left = begin();
    let step = End::step(&mut left, Some(&vec![0; MESSAGE_BYTES_MAX + 1]));
    assert_eq!(step.then, Then::Refuse(Denial::Malformed));
    let step = End::step(&mut left, Some(&Message::Accepted.encode()));
    assert_eq!(step.then, Then::Refuse(Denial::Unexpected));
    let step = End::step(&mut begin(), None);
    assert_eq!(step.then, Then::Refuse(Denial::Unexpected));
}
