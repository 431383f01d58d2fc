//! The judgement of the authority, every refusal of it, and the directory.

use super::super::limits::{EARLY_SECS_MAX, GRACE_SECS};
use super::super::*;
use super::swarm::{DAY, NOW, claims, id, key, name, stream_name, swarm};
use crate::event::Signer;

#[test]
fn members_and_issuers_are_let_in() {
    let plant = swarm(1);
    let member = plant
        .authority
        .judge(&plant.member(10), id(10), NOW)
        .unwrap();
    assert_eq!(member.device(), id(10));
    assert!(!member.is_in_grace());
    let issuer = plant.authority.judge(&plant.issuer_chain(), id(2), NOW);
    assert_eq!(issuer.unwrap().chain(), &plant.issuer_chain());
}

#[test]
fn every_refusal_has_its_reason() {
    let plant = swarm(1);
    let judge = |chain: &Chain, key| plant.authority.judge(chain, key, NOW).unwrap_err();
    let with = |change: fn(&mut Claims)| {
        let mut claims = plant.claims(10);
        change(&mut claims);
        judge(&plant.member_with(claims), id(10))
    };
    assert_eq!(judge(&swarm(4).member(10), id(10)), Denial::WrongSwarm);
    assert_eq!(judge(&plant.member(10), id(11)), Denial::WrongKey);
    assert_eq!(with(|c| c.role = Role::Issuer), Denial::BadChain);
    assert_eq!(with(|c| c.not_before = NOW - 2 * DAY), Denial::BadChain);
    let early = |c: &mut Claims| {
        c.not_before = NOW + EARLY_SECS_MAX + 1;
        c.not_after = c.not_before;
    };
    assert_eq!(with(early), Denial::NotYetValid);
}

#[test]
fn an_issuer_cannot_give_what_it_has_not() {
    let plant = swarm(1);
    let narrow = Claims {
        role: Role::Issuer,
        capabilities: "rw:line1*".parse().unwrap(),
        ..claims(plant.authority.swarm(), id(20), id(1))
    };
    let issuer = Certificate::issue(narrow, &plant.root).unwrap();
    let judge = |capabilities: &str| {
        let says = Claims {
            capabilities: capabilities.parse().unwrap(),
            ..claims(plant.authority.swarm(), id(10), id(20))
        };
        let member = Certificate::issue(says, &key(20)).unwrap();
        let chain = Chain::of_member(member, issuer.clone());
        plant.authority.judge(&chain, id(10), NOW).map(|_| ())
    };
    assert_eq!(judge("rw:line1-a,r:line1*"), Ok(()));
    assert_eq!(judge("rw:line*"), Err(Denial::BadChain));
    assert_eq!(judge("a:line1"), Err(Denial::BadChain));
}

#[test]
fn only_root_keys_make_issuers_and_only_issuers_make_members() {
    let plant = swarm(1);
    let swarm_id = plant.authority.swarm();
    let judge = |chain: Chain| plant.authority.judge(&chain, id(10), NOW).unwrap_err();

    let self_made = Claims {
        role: Role::Issuer,
        ..claims(swarm_id, id(10), id(10))
    };
    let self_made = Certificate::issue(self_made, &key(10)).unwrap();
    assert_eq!(
        judge(Chain::of_issuer(self_made.clone())),
        Denial::UnknownIssuer
    );

    let by_self_made = Certificate::issue(plant.claims(10), &plant.issuer).unwrap();
    let chain = Chain::of_member(by_self_made.clone(), self_made);
    assert_eq!(judge(chain), Denial::UnknownIssuer);
    assert_eq!(
        judge(Chain::of_issuer(by_self_made.clone())),
        Denial::UnknownIssuer
    );

    let by_root = claims(swarm_id, id(10), id(1));
    let by_root = Certificate::issue(by_root, &plant.root).unwrap();
    assert_eq!(judge(Chain::of_issuer(by_root.clone())), Denial::BadChain);
    assert_eq!(
        judge(Chain::of_member(by_self_made, by_root)),
        Denial::BadChain
    );

    let by_member = Certificate::issue(claims(swarm_id, id(10), id(11)), &key(11)).unwrap();
    let chain = Chain::of_member(by_member, plant.issuer_certificate.clone());
    assert_eq!(judge(chain), Denial::UnknownIssuer);
}

#[test]
fn expiry_warns_and_then_refuses() {
    let plant = swarm(1);
    let chain = plant.member(10);
    let end = chain.claims().not_after;
    let judge = |now| {
        let member = plant.authority.judge(&chain, id(10), now);
        member.map(|member| member.is_in_grace())
    };
    assert_eq!(judge(end), Ok(false));
    assert_eq!(judge(end + 1), Ok(true));
    assert_eq!(judge(end + GRACE_SECS), Ok(true));
    assert_eq!(judge(end + GRACE_SECS + 1), Err(Denial::Expired));
    assert_eq!(judge(u64::MAX), Err(Denial::Expired));
}

#[test]
fn an_expired_issuer_does_not_take_its_members_along() {
    let plant = swarm(1);
    let late = Claims {
        not_before: NOW + 300 * DAY,
        not_after: NOW + 700 * DAY,
        ..plant.claims(10)
    };
    let chain = plant.member_with(late);
    let now = NOW + 600 * DAY;
    assert!(plant.authority.judge(&chain, id(10), now).is_ok());
    let issuer = plant.authority.judge(&plant.issuer_chain(), id(2), now);
    assert_eq!(issuer, Err(Denial::Expired));
}

#[test]
fn a_clock_set_back_does_not_revive_what_expired() {
    let mut plant = swarm(1);
    let chain = plant.member(10);
    let end = chain.claims().not_after;
    assert!(plant.authority.observe(end + GRACE_SECS + 1));
    assert_eq!(
        plant.authority.judge(&chain, id(10), NOW),
        Err(Denial::Expired)
    );
}

#[test]
fn a_device_without_a_clock_accepts_who_joined_after_it() {
    let plant = swarm(1);
    assert!(plant.authority.judge(&plant.member(10), id(10), 0).is_ok());
}

#[test]
fn the_revoked_are_out_and_so_is_what_a_revoked_issuer_says_from_then_on() {
    let mut plant = swarm(1);
    plant
        .authority
        .revoke(plant.revoked_by_root(id(10), &[]))
        .unwrap();
    let judge = |plant: &super::swarm::TestSwarm, device, not_before| {
        let says = Claims {
            not_before,
            ..plant.claims(device)
        };
        let chain = plant.member_with(says);
        plant.authority.judge(&chain, id(device), NOW).map(|_| ())
    };
    assert_eq!(judge(&plant, 10, NOW), Err(Denial::Revoked));
    assert_eq!(judge(&plant, 11, NOW), Ok(()));

    let issuer = plant.issuer.node_id();
    plant
        .authority
        .revoke(plant.revoked_by_root(issuer, &[]))
        .unwrap();
    assert_eq!(judge(&plant, 11, NOW - 1), Ok(()));
    assert_eq!(judge(&plant, 11, NOW), Err(Denial::IssuerRevoked));
    let own = plant.authority.judge(&plant.issuer_chain(), issuer, NOW);
    assert_eq!(own, Err(Denial::Revoked));
}

#[test]
fn the_directory_keeps_the_newest_and_says_who_may_write() {
    let plant = swarm(1);
    let mut directory = Directory::new();
    let newer = plant.member_with(Claims {
        not_before: NOW + 1,
        capabilities: "r:*".parse().unwrap(),
        name: name("press 5"),
        ..plant.claims(10)
    });
    let sensors = stream_name("sensors");
    assert_eq!(
        directory.insert(plant.member(10), &plant.authority),
        Ok(true)
    );
    assert_eq!(
        directory.insert(plant.member(10), &plant.authority),
        Ok(false)
    );
    assert!(directory.may(id(10), Right::Write, &sensors));
    assert_eq!(directory.insert(newer.clone(), &plant.authority), Ok(true));
    assert_eq!(
        directory.insert(plant.member(10), &plant.authority),
        Ok(false)
    );
    assert_eq!(directory.of(id(10)), Some(&newer));
    assert!(!directory.may(id(10), Right::Write, &sensors));
    assert!(!directory.may(id(11), Right::Read, &sensors));

    let stranger = swarm(4).member(12);
    let refused = directory.insert(stranger, &plant.authority);
    assert_eq!(refused, Err(Denial::WrongSwarm));
    let again = Directory::decode(&directory.encode(), &plant.authority).unwrap();
    assert_eq!(again, directory);
    assert_eq!(again.digest(), directory.digest());
}

#[test]
fn the_directory_forgets_what_a_revoked_issuer_said() {
    let mut plant = swarm(1);
    let mut directory = Directory::new();
    let old = plant.member_with(Claims {
        not_before: NOW - 1,
        ..plant.claims(11)
    });
    for chain in [plant.member(10), old.clone()] {
        directory.insert(chain, &plant.authority).unwrap();
    }
    let bytes = directory.encode();
    plant
        .authority
        .revoke(plant.revoked_by_root(id(2), &[]))
        .unwrap();
    assert!(directory.prune(&plant.authority));
    assert_eq!(directory.iter().collect::<Vec<_>>(), [&old]);
    assert_eq!(Directory::decode(&bytes, &plant.authority), Ok(directory));
}
