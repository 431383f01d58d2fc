//! Joining with an invite, and every way in which that must fail.

use super::super::message::Message;
use super::super::*;
use super::swarm::{DAY, NOW, TestSwarm, id, key, name, swarm};
use super::talk::{End, Outcome, talk};
use crate::event::{NodeId, Signer};

fn terms(uses: usize) -> InviteTerms {
    InviteTerms {
        grant: Grant::member(),
        uses,
        expires_at: NOW + DAY,
    }
}

fn invite(registrar: &mut Registrar, uses: usize, random: u8) -> Invite {
    let hints = vec!["press4.local".into()];
    registrar
        .invite(terms(uses), hints, [random; 24], NOW)
        .unwrap()
}

fn joining(device: NodeId, peer: NodeId, invite: &Invite) -> Joining {
    Joining::with_invite((device, peer), invite.clone(), name("press 9"), [5; 32])
}

fn join(plant: &TestSwarm, registrar: &mut Registrar, device: u8, invite: &Invite) -> Outcome {
    let mut joiner = joining(id(device), plant.issuer.node_id(), invite);
    talk(&mut joiner, &mut plant.at_door(id(device), registrar))
}

#[test]
fn an_invite_lets_one_device_in() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let token = invite(&mut registrar, 1, 1).to_string().parse().unwrap();
    let outcome = join(&plant, &mut registrar, 10, &token);
    assert_eq!(outcome.said, ["left join", "right hello", "right welcome"]);
    let Then::Joined(joined) = outcome.left else {
        panic!("{:?}", outcome.left);
    };
    assert_eq!(&joined.root_set, plant.authority.root_set());
    assert_eq!(joined.chain.claims().name, name("press 9"));
    assert_eq!(joined.chain.claims().capabilities, Capabilities::member());
    assert!(plant.authority.judge(&joined.chain, id(10), NOW).is_ok());
    assert_eq!(outcome.right, Then::LetIn(Box::new(joined.chain)));
}

#[test]
fn the_second_device_is_too_late_and_the_first_may_come_again() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let token = invite(&mut registrar, 2, 1);
    for device in [10, 11, 10] {
        let outcome = join(&plant, &mut registrar, device, &token);
        assert!(matches!(outcome.left, Then::Joined(_)));
    }
    let outcome = join(&plant, &mut registrar, 12, &token);
    assert_eq!(outcome.left, Then::Refuse(Denial::InviteUsed));
    assert_eq!(outcome.right, Then::Refuse(Denial::InviteUsed));
}

#[test]
fn uses_survive_a_restart() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let token = invite(&mut registrar, 1, 1);
    join(&plant, &mut registrar, 10, &token);
    let bytes = registrar.encode();
    let mut again = plant.registrar();
    again.restore(&bytes).unwrap();
    assert_eq!(again.encode(), bytes);
    let outcome = join(&plant, &mut again, 11, &token);
    assert_eq!(outcome.left, Then::Refuse(Denial::InviteUsed));
    let outcome = join(&plant, &mut again, 10, &token);
    assert!(matches!(outcome.left, Then::Joined(_)));
}

#[test]
fn a_wrong_secret_and_an_unknown_invite_look_alike_and_cost_no_use() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let good = invite(&mut registrar, 1, 1);
    let mut other = plant.registrar();
    let unknown = invite(&mut other, 1, 2);
    let mut wrong = unknown.clone();
    wrong.id = good.id;
    for token in [&wrong, &unknown] {
        let outcome = join(&plant, &mut registrar, 10, token);
        assert_eq!(outcome.left, Then::Refuse(Denial::InviteUnknown));
    }
    let outcome = join(&plant, &mut registrar, 10, &good);
    assert!(matches!(outcome.left, Then::Joined(_)));
}

#[test]
fn an_old_invite_is_refused() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let token = invite(&mut registrar, 1, 1);
    let mut joiner = joining(id(10), id(2), &token);
    let mut door = plant.at_door(id(10), &mut registrar);
    door.now = NOW + DAY;
    let outcome = talk(&mut joiner, &mut door);
    assert_eq!(outcome.left, Then::Refuse(Denial::InviteExpired));
    assert!(!registrar.withdraw(token.id, NOW + DAY));
    // For a day it is known that it was one.
    assert!(!registrar.expire(NOW + 2 * DAY - 1));
    assert!(registrar.expire(NOW + 2 * DAY));
    assert_eq!(registrar.invitations().iter().count(), 0);
}

#[test]
fn a_recorded_join_is_worth_nothing_to_another_device() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let token = invite(&mut registrar, 2, 1);
    let recorded = joining(id(10), id(2), &token).step(None, NOW).send.unwrap();
    let mut door = plant.at_door(id(11), &mut registrar);
    door.step(None);
    let step = door.step(Some(&recorded));
    assert_eq!(step.then, Then::Refuse(Denial::InviteUnknown));
}

#[test]
fn a_joiner_says_nothing_to_another_than_the_issuer() {
    let plant = swarm(1);
    let token = invite(&mut plant.registrar(), 1, 1);
    let step = joining(id(10), id(66), &token).step(None, NOW);
    assert_eq!(step.then, Then::Refuse(Denial::NotIssuer));
    assert_eq!(step.send, None);
}

#[test]
fn somebody_in_the_middle_cannot_pass_the_proofs_on() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let token = invite(&mut registrar, 1, 1);
    let mut victim = joining(id(10), id(2), &token);
    let join = victim.step(None, NOW).send.unwrap();
    let mut door = plant.at_door(id(66), &mut registrar);
    door.step(None);
    assert_eq!(
        door.step(Some(&join)).then,
        Then::Refuse(Denial::InviteUnknown)
    );
}

#[test]
fn a_welcome_that_was_changed_or_made_up_is_refused() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let token = invite(&mut registrar, 1, 1);
    let answer = |registrar: &mut Registrar| {
        let join = joining(id(10), id(2), &token).step(None, NOW).send.unwrap();
        let mut door = plant.at_door(id(10), registrar);
        door.step(None);
        Message::decode(&door.step(Some(&join)).send.unwrap()).unwrap()
    };
    let Message::Welcome(good) = answer(&mut registrar) else {
        panic!("no welcome");
    };
    let receive = |welcome: message::Welcome| {
        let mut joiner = joining(id(10), id(2), &token);
        joiner.step(None, NOW);
        let message = Message::Welcome(welcome).encode();
        joiner.step(Some(&message), NOW).then
    };
    assert!(matches!(receive(good.clone()), Then::Joined(_)));
    let changes: [fn(&mut message::Welcome); 4] = [
        |welcome| welcome.mac.clear(),
        |welcome| welcome.mac[3] ^= 1,
        |welcome| welcome.chain[40] ^= 1,
        |welcome| welcome.root_set = swarm(4).authority.root_set().encode(),
    ];
    for change in changes {
        let mut bad = good.clone();
        change(&mut bad);
        assert_eq!(receive(bad), Then::Refuse(Denial::BadProof));
    }
}

#[test]
fn a_revoked_device_and_a_revoked_issuer_get_nowhere() {
    let mut plant = swarm(1);
    let mut registrar = plant.registrar();
    let token = invite(&mut registrar, 1, 1);
    plant
        .authority
        .revoke(plant.revoked_by_root(id(10), &[]))
        .unwrap();
    let outcome = join(&plant, &mut registrar, 10, &token);
    assert_eq!(outcome.left, Then::Refuse(Denial::Revoked));
    plant
        .authority
        .revoke(plant.revoked_by_root(id(2), &[]))
        .unwrap();
    let outcome = join(&plant, &mut registrar, 11, &token);
    assert_eq!(outcome.left, Then::Refuse(Denial::NotIssuer));
}

#[test]
fn a_plain_member_lets_nobody_in() {
    let plant = swarm(1);
    let token = invite(&mut plant.registrar(), 1, 1);
    let signer = key(2);
    let chain = (plant.member(2), &signer);
    let mut door = super::talk::member_at_door(&plant.authority, chain, 10);
    let outcome = talk(&mut joining(id(10), id(2), &token), &mut door);
    assert_eq!(outcome.left, Then::Refuse(Denial::NotIssuer));
    assert!(Registrar::new(plant.member(2).member).is_err());
}

#[test]
fn impossible_terms_are_refused() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let mut refused = |change: fn(&mut InviteTerms)| {
        let mut terms = terms(1);
        change(&mut terms);
        registrar.invite(terms, Vec::new(), [1; 24], NOW).is_err()
    };
    assert!(refused(|terms| terms.uses = 0));
    assert!(refused(|terms| terms.uses = 257));
    assert!(refused(|terms| terms.expires_at = NOW));
    assert!(!refused(|terms| terms.uses = 256));
    let hints = vec!["a b".into()];
    assert!(registrar.invite(terms(1), hints, [2; 24], NOW).is_err());
    assert_eq!(registrar.invitations().iter().count(), 1);
}

#[test]
fn open_invites_are_bounded_and_used_ones_make_room() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let tokens: Vec<_> = (0..64)
        .map(|random| invite(&mut registrar, 1, random))
        .collect();
    assert!(
        registrar
            .invite(terms(1), Vec::new(), [64; 24], NOW)
            .is_err()
    );
    join(&plant, &mut registrar, 10, &tokens[7]);
    assert!(
        registrar
            .invite(terms(1), Vec::new(), [64; 24], NOW)
            .is_ok()
    );
    assert!(registrar.withdraw(tokens[0].id, NOW));
    let outcome = join(&plant, &mut registrar, 11, &tokens[0]);
    assert_eq!(outcome.left, Then::Refuse(Denial::InviteUnknown));
}

#[test]
fn an_invite_that_was_used_cannot_be_taken_back() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let (once, twice) = (invite(&mut registrar, 1, 1), invite(&mut registrar, 2, 2));
    join(&plant, &mut registrar, 10, &once);
    join(&plant, &mut registrar, 10, &twice);
    assert!(!registrar.withdraw(once.id, NOW));
    let outcome = join(&plant, &mut registrar, 11, &once);
    assert_eq!(outcome.left, Then::Refuse(Denial::InviteUsed));
    assert!(registrar.withdraw(twice.id, NOW));
    assert!(!registrar.withdraw(twice.id, NOW));
}
