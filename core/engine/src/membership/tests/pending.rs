//! Joining without an invite: six digits, a person, and keys that are expected.

use super::super::message::Message;
use super::super::*;
use super::swarm::{DAY, NOW, TestSwarm, id, name, swarm};
use super::talk::{End, Outcome, talk};

fn asking(device: u8, text: &str) -> Joining {
    Joining::asking((id(device), id(2)), None, name(text), [device; 32])
}

fn ask(plant: &TestSwarm, registrar: &mut Registrar, device: u8) -> Outcome {
    let mut joiner = asking(device, "press 9");
    talk(&mut joiner, &mut plant.at_door(id(device), registrar))
}

fn ask_again(plant: &TestSwarm, registrar: &mut Registrar, ticket: &Ticket) -> Outcome {
    let mut joiner = Joining::again((id(10), id(2)), ticket.clone());
    talk(&mut joiner, &mut plant.at_door(id(10), registrar))
}

fn ticket(outcome: Outcome) -> Ticket {
    match outcome.left {
        Then::Wait(ticket) => *ticket,
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_sides_show_the_same_digits_and_the_approved_come_in() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let outcome = ask(&plant, &mut registrar, 10);
    assert_eq!(
        outcome.said,
        [
            "left ask",
            "right hello",
            "right pending",
            "left reveal",
            "right refused 14"
        ]
    );
    assert_eq!(outcome.right, Then::Refuse(Denial::Pending));
    let ticket = ticket(outcome);
    let waiting = registrar.pending();
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].device, waiting[0].code), (id(10), ticket.code));
    assert!(ticket.code < 1_000_000);

    let outcome = ask_again(&plant, &mut registrar, &ticket);
    assert_eq!(outcome.left, Then::Wait(Box::new(ticket.clone())));

    registrar.approve(id(10), Grant::member(), NOW).unwrap();
    assert!(registrar.pending().is_empty());
    let mut stored = plant.registrar();
    stored.restore(&registrar.encode()).unwrap();
    let outcome = ask_again(&plant, &mut stored, &ticket);
    assert_eq!(
        outcome.said,
        ["left ask again", "right hello", "right welcome"]
    );
    let Then::Joined(joined) = outcome.left else {
        panic!("{:?}", outcome.left);
    };
    assert_eq!(joined.chain.claims().name, name("press 9"));
}

#[test]
fn the_rejected_stay_out_until_they_are_forgotten() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let ticket = ticket(ask(&plant, &mut registrar, 10));
    registrar.reject(id(10)).unwrap();
    assert!(registrar.pending().is_empty());
    assert!(registrar.approve(id(10), Grant::member(), NOW).is_err());
    let outcome = ask_again(&plant, &mut registrar, &ticket);
    assert_eq!(outcome.left, Then::Refuse(Denial::Rejected));
    assert_eq!(
        ask(&plant, &mut registrar, 10).left,
        Then::Refuse(Denial::Rejected)
    );
    registrar.expire(NOW + DAY);
    let outcome = ask_again(&plant, &mut registrar, &ticket);
    assert_eq!(outcome.left, Then::Refuse(Denial::NotAsked));
    assert!(matches!(
        ask(&plant, &mut registrar, 10).left,
        Then::Wait(_)
    ));
}

#[test]
fn who_does_not_reveal_its_nonce_is_not_shown() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let mut door = plant.at_door(id(10), &mut registrar);
    door.step(None);
    let request = asking(10, "press 9").step(None, NOW).send.unwrap();
    assert_eq!(door.step(Some(&request)).then, Then::Receive);
    let wrong = Message::Reveal { nonce: [77; 32] }.encode();
    assert_eq!(door.step(Some(&wrong)).then, Then::Refuse(Denial::BadProof));
    assert!(registrar.pending().is_empty());
    assert!(registrar.approve(id(10), Grant::member(), NOW).is_err());
}

#[test]
fn somebody_in_the_middle_makes_the_digits_differ() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let attacker = (id(66), id(2));
    let mut to_issuer = Joining::asking(attacker, None, name("press 9"), [10; 32]);
    let at_issuer = talk(&mut to_issuer, &mut plant.at_door(id(66), &mut registrar));
    let mut victim = Joining::asking((id(10), id(66)), None, name("press 9"), [10; 32]);
    victim.step(None, NOW);
    let pending = Message::Pending { nonce: [9; 32] }.encode();
    victim.step(Some(&pending), NOW);
    let refused = Message::refused(Denial::Pending).encode();
    let Then::Wait(seen) = victim.step(Some(&refused), NOW).then else {
        panic!("the victim does not wait");
    };
    assert_ne!(seen.code, ticket(at_issuer).code);
    let step = Joining::again((id(10), id(2)), *seen).step(None, NOW);
    assert_eq!(
        (step.send, step.then),
        (None, Then::Refuse(Denial::NotIssuer))
    );
}

#[test]
fn shown_digits_do_not_change_under_the_person() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    ask(&plant, &mut registrar, 10);
    let before = registrar.pending();
    let mut other = Joining::asking((id(10), id(2)), None, name("other"), [99; 32]);
    let outcome = talk(&mut other, &mut plant.at_door(id(10), &mut registrar));
    assert_eq!(outcome.left, Then::Refuse(Denial::Pending));
    assert_eq!(registrar.pending(), before);
}

#[test]
fn requests_are_bounded() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    for device in 1..65 {
        let mut door = plant.at_door(id(device), &mut registrar);
        door.step(None);
        let request = asking(device, "silent").step(None, NOW).send.unwrap();
        assert_eq!(door.step(Some(&request)).then, Then::Receive);
    }
    for device in 100..164 {
        assert!(matches!(
            ask(&plant, &mut registrar, device).left,
            Then::Wait(_)
        ));
    }
    assert_eq!(
        ask(&plant, &mut registrar, 164).left,
        Then::Refuse(Denial::Full)
    );
    assert_eq!(registrar.pending().len(), 64);
}

#[test]
fn names_of_strangers_are_sanitised() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    let mut door = plant.at_door(id(10), &mut registrar);
    door.step(None);
    let request = Message::Ask {
        name: "\u{1b}[2J\u{202e}evil\n".into(),
        commitment: *blake3::hash(&[10; 32]).as_bytes(),
    };
    door.step(Some(&request.encode()));
    door.step(Some(&Message::Reveal { nonce: [10; 32] }.encode()));
    assert_eq!(registrar.pending()[0].name.as_str(), "[2Jevil");
}

#[test]
fn expected_keys_come_in_at_once() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    registrar
        .preauthorise(id(10), Grant::member(), NOW + DAY)
        .unwrap();
    registrar
        .preauthorise(id(11), Grant::member(), NOW)
        .unwrap();
    let outcome = ask(&plant, &mut registrar, 10);
    assert_eq!(outcome.said, ["left ask", "right hello", "right welcome"]);
    assert!(matches!(outcome.left, Then::Joined(_)));
    assert!(matches!(
        ask(&plant, &mut registrar, 11).left,
        Then::Wait(_)
    ));
}

#[test]
fn a_joiner_that_knows_its_swarm_joins_no_other() {
    let plant = swarm(1);
    let mut registrar = plant.registrar();
    registrar
        .preauthorise(id(10), Grant::member(), NOW + DAY)
        .unwrap();
    let mut join = |wanted: &TestSwarm| {
        let ends = (id(10), id(2));
        let wanted = Some(wanted.authority.swarm());
        let mut joiner = Joining::asking(ends, wanted, name("press 9"), [5; 32]);
        talk(&mut joiner, &mut plant.at_door(id(10), &mut registrar)).left
    };
    assert!(matches!(join(&plant), Then::Joined(_)));
    assert_eq!(join(&swarm(4)), Then::Refuse(Denial::WrongSwarm));
}

#[test]
fn an_issuer_grants_no_more_than_it_has() {
    let plant = swarm(1);
    let narrow = Claims {
        role: Role::Issuer,
        capabilities: "rw:line1*".parse().unwrap(),
        ..super::swarm::claims(plant.authority.swarm(), id(2), id(1))
    };
    let certificate = Certificate::issue(narrow, &plant.root).unwrap();
    let mut registrar = Registrar::new(certificate).unwrap();
    let refused = registrar.preauthorise(id(10), Grant::member(), NOW + DAY);
    assert!(refused.is_err());
    let fitting = Grant {
        capabilities: "r:line1-a".parse().unwrap(),
        ..Grant::member()
    };
    assert!(registrar.preauthorise(id(10), fitting, NOW + DAY).is_ok());
}
