//! Revocations: who may make them, what they come to, and that their order does not matter.

use proptest::prelude::*;

use super::super::limits::REVOCATIONS_BY_ISSUERS_MAX;
use super::super::*;
use super::swarm::{NOW, claims, id, key, offset, stream, swarm};
use crate::event::Signer;

#[test]
fn roots_and_issuers_with_admin_may_revoke() {
    let mut plant = swarm(1);
    let by_root = plant.revoked_by_root(id(10), &[]);
    assert_eq!(plant.authority.revoke(by_root.clone()), Ok(true));
    assert_eq!(plant.authority.revoke(by_root), Ok(false));
    let by_issuer = plant.revoked_by_issuer(id(11), &[]);
    assert_eq!(plant.authority.revoke(by_issuer), Ok(true));
    assert!(plant.authority.revocations().is_revoked(id(11)));
}

#[test]
fn nobody_else_may_revoke() {
    let mut plant = swarm(1);
    let withdrawal = Withdrawal {
        signer: id(20),
        ..plant.withdrawal(id(10), &[])
    };
    let mut judge = |proof: Option<&Certificate>| {
        let revocation = Revocation::issue(withdrawal.clone(), proof, &key(20)).unwrap();
        plant.authority.revoke(revocation).unwrap_err()
    };
    assert_eq!(judge(None), Denial::UnknownIssuer);

    let plant = swarm(1);
    let with = |role, capabilities: &str, issuer: u8| {
        let says = Claims {
            role,
            capabilities: capabilities.parse().unwrap(),
            ..claims(plant.authority.swarm(), id(20), id(issuer))
        };
        Certificate::issue(says, &key(issuer)).unwrap()
    };
    for (proof, denial) in [
        (with(Role::Issuer, "rw:*", 1), Denial::BadChain),
        (with(Role::Issuer, "rwa:line1*", 1), Denial::BadChain),
        (with(Role::Member, "rwa:*", 1), Denial::BadChain),
        (with(Role::Issuer, "rwa:*", 20), Denial::UnknownIssuer),
        (with(Role::Member, "rwa:*", 2), Denial::UnknownIssuer),
    ] {
        assert_eq!(judge(Some(&proof)), denial);
    }
    let foreign = swarm(4).revoked_by_root(id(10), &[]);
    let refused = swarm(1).authority.revoke(foreign);
    assert_eq!(refused, Err(Denial::WrongSwarm));
}

#[test]
fn a_revocation_needs_the_key_and_the_certificate_of_its_signer() {
    let plant = swarm(1);
    let withdrawal = plant.withdrawal(id(10), &[]);
    assert!(Revocation::issue(withdrawal.clone(), None, &plant.issuer).is_err());
    let proof = Some(&plant.issuer_certificate);
    assert!(Revocation::issue(withdrawal.clone(), proof, &plant.root).is_err());
    for reason in ["x".repeat(129), "a\nb".into()] {
        let bad = Withdrawal {
            reason,
            ..withdrawal.clone()
        };
        assert!(Revocation::issue(bad, None, &plant.root).is_err());
    }
    let cut: Vec<_> = (0..257).map(|number| (number, 1)).collect();
    let issue = |count: usize| {
        Revocation::issue(plant.withdrawal(id(10), &cut[..count]), None, &plant.root)
    };
    assert!(issue(256).is_ok());
    assert!(issue(257).is_err());
}

#[test]
fn a_revoked_issuer_still_counts_as_one_who_revoked() {
    let plant = swarm(1);
    let [first, second] = [
        plant.revoked_by_root(plant.issuer.node_id(), &[]),
        plant.revoked_by_issuer(id(10), &[]),
    ];
    let mut left = plant.authority.clone();
    let mut right = plant.authority.clone();
    for revocation in [&first, &second] {
        left.revoke(revocation.clone()).unwrap();
    }
    for revocation in [&second, &first] {
        right.revoke(revocation.clone()).unwrap();
    }
    assert_eq!(left.revocations(), right.revocations());
}

#[test]
fn the_ceiling_is_the_smallest_cut() {
    let mut plant = swarm(1);
    let at =
        |authority: &Authority, number| authority.revocations().ceiling(stream(id(10), number));
    assert_eq!(at(&plant.authority, 0), Ceiling::None);
    let first = plant.revoked_by_root(id(10), &[(0, 7), (1, 9), (2, 3)]);
    plant.authority.revoke(first).unwrap();
    assert_eq!(at(&plant.authority, 0), Ceiling::UpTo(offset(7)));
    assert_eq!(at(&plant.authority, 3), Ceiling::Nothing);
    let second = plant.revoked_by_issuer(id(10), &[(0, 5), (1, 20), (3, 1)]);
    plant.authority.revoke(second).unwrap();
    let all: Vec<_> = (0..4).map(|number| at(&plant.authority, number)).collect();
    let up_to = |last| Ceiling::UpTo(offset(last));
    assert_eq!(
        all,
        [up_to(5), up_to(9), Ceiling::Nothing, Ceiling::Nothing]
    );
    assert!(up_to(5).accepts(offset(5)) && !up_to(5).accepts(offset(6)));
}

#[test]
fn an_encoded_set_merges_whole_or_not_at_all() {
    let plant = swarm(1);
    let roots = plant.authority.root_set();
    let mut other = swarm(1);
    other
        .authority
        .revoke(other.revoked_by_root(id(10), &[(0, 1)]))
        .unwrap();
    other
        .authority
        .revoke(other.revoked_by_issuer(id(11), &[]))
        .unwrap();
    let bytes = other.authority.revocations().encode();
    let mut merged = Revocations::new();
    assert_eq!(merged.merge_bytes(&bytes, roots), Ok(2));
    assert_eq!(merged.merge_bytes(&bytes, roots), Ok(0));
    assert_eq!(&merged, other.authority.revocations());
    let refused = Revocations::new().merge_bytes(&bytes, swarm(4).authority.root_set());
    assert_eq!(refused, Err(Denial::WrongSwarm));
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        let mut fresh = Revocations::new();
        assert!(fresh.merge_bytes(&bad, roots).is_err(), "byte {at}");
        assert!(fresh.is_empty());
    }
}

#[test]
fn issuers_cannot_fill_the_whole_list() {
    let mut plant = swarm(1);
    let proof = plant.issuer_certificate.clone();
    let mut revoke = |index: usize| {
        let withdrawal = Withdrawal {
            signer: plant.issuer.node_id(),
            revoked_at: NOW + index as u64,
            ..plant.withdrawal(id(10), &[])
        };
        let revocation = Revocation::issue(withdrawal, Some(&proof), &plant.issuer).unwrap();
        plant.authority.revoke(revocation)
    };
    for index in 0..REVOCATIONS_BY_ISSUERS_MAX {
        assert_eq!(revoke(index), Ok(true));
    }
    assert_eq!(revoke(REVOCATIONS_BY_ISSUERS_MAX), Err(Denial::Full));
    let by_root = plant.revoked_by_root(plant.issuer.node_id(), &[]);
    assert_eq!(plant.authority.revoke(by_root), Ok(true));
    let again = Revocations::decode(
        &plant.authority.revocations().encode(),
        plant.authority.root_set(),
    );
    assert_eq!(&again.unwrap(), plant.authority.revocations());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn merging_is_commutative_associative_and_idempotent(
        picks in proptest::collection::vec((0u8..3, 0u64..3, 0u64..9, any::<bool>()), 0..12),
        split in 0usize..12,
    ) {
        let plant = swarm(1);
        let all: Vec<Revocation> = picks.iter().map(|(device, number, last, by_root)| {
            let (device, cut) = (id(10 + device), [(*number, *last), (7, 7)]);
            match by_root {
                true => plant.revoked_by_root(device, &cut),
                false => plant.revoked_by_issuer(device, &cut),
            }
        }).collect();
        let roots = plant.authority.root_set();
        let of = |entries: &[Revocation]| {
            let mut set = Revocations::new();
            for entry in entries {
                set.add(entry.clone(), roots).unwrap();
            }
            set
        };
        let (left, right) = all.split_at(split.min(all.len()));
        let (mut one, mut two) = (of(left), of(right));
        let (left, right) = (one.encode(), two.encode());
        one.merge_bytes(&right, roots).unwrap();
        two.merge_bytes(&left, roots).unwrap();
        prop_assert_eq!(&one, &two);
        prop_assert_eq!(&one, &of(&all));
        prop_assert_eq!(one.digest(), two.digest());
        prop_assert_eq!(two.merge_bytes(&right, roots).unwrap(), 0);
        prop_assert_eq!(&one, &two);
    }
}
