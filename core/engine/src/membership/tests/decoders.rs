//! No bytes make a decoder panic, and what is accepted is accepted in one form only.

use proptest::prelude::*;

use super::super::message::Message;
use super::super::*;
use super::swarm::{DAY, NOW, TestSwarm, id, key, name, swarm};
use super::talk::{End, member_at_door};

/// Damages good bytes: flips, cuts and repeats get further into a decoder than noise does.
fn damaged(mut bytes: Vec<u8>, edits: &[(usize, u8)]) -> Vec<u8> {
    for (at, value) in edits {
        let at = at % bytes.len().max(1);
        match value % 4 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, *value),
            _ if at < bytes.len() => bytes[at] = *value,
            _ => bytes.push(*value),
        }
    }
    bytes
}

fn decode_everything(plant: &TestSwarm, bytes: &[u8]) {
    if let Ok(certificate) = Certificate::decode(bytes) {
        assert_eq!(certificate.as_bytes(), bytes);
    }
    if let Ok(chain) = Chain::decode(bytes) {
        assert_eq!(chain.encode(), bytes);
    }
    if let Ok(revocation) = Revocation::decode(bytes) {
        assert_eq!(revocation.as_bytes(), bytes);
    }
    if let Ok(set) = Revocations::decode(bytes, plant.authority.root_set()) {
        assert_eq!(set.encode(), bytes);
    }
    if let Ok(message) = Message::decode(bytes) {
        assert_eq!(message.encode(), bytes);
    }
    let mut registrar = plant.registrar();
    if registrar.restore(bytes).is_ok() {
        assert_eq!(registrar.encode(), bytes);
    }
    if let Ok(directory) = Directory::decode(bytes, &plant.authority) {
        assert!(directory.encode().len() <= bytes.len());
    }
}

fn stored_registrar(plant: &TestSwarm) -> Vec<u8> {
    let mut registrar = plant.registrar();
    let grant = Grant {
        name: Some(name("press 9")),
        ..Grant::member()
    };
    registrar
        .preauthorise(id(10), grant.clone(), NOW + DAY)
        .unwrap();
    let terms = InviteTerms {
        grant,
        uses: 2,
        expires_at: NOW + DAY,
    };
    registrar.invite(terms, Vec::new(), [3; 24], NOW).unwrap();
    registrar.encode()
}

fn message() -> impl Strategy<Value = Message> {
    let array = any::<[u8; 32]>();
    let short = "[a-z]{0,9}";
    prop_oneof![
        Just(Message::Accepted),
        Just(Message::AskAgain),
        (any::<(u64, u64)>(), array).prop_map(|(versions, tag)| Message::Hello { versions, tag }),
        any::<Vec<u8>>().prop_map(|chain| Message::Present { chain }),
        (any::<u16>(), short).prop_map(|(code, text)| Message::Refused { code, text }),
        (any::<[u8; 8]>(), short, array, array).prop_map(|(id, name, nonce, mac)| {
            let invite = InviteId(id);
            Message::Join {
                invite,
                name,
                nonce,
                mac,
            }
        }),
        (short, array).prop_map(|(name, commitment)| Message::Ask { name, commitment }),
        array.prop_map(|nonce| Message::Pending { nonce }),
        array.prop_map(|nonce| Message::Reveal { nonce }),
        (any::<Vec<u8>>(), any::<Vec<u8>>(), any::<Vec<u8>>()).prop_map(
            |(root_set, chain, mac)| {
                Message::Welcome(message::Welcome {
                    root_set,
                    chain,
                    mac,
                })
            }
        ),
    ]
}

proptest! {
    #[test]
    fn messages_round_trip(message in message()) {
        prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn no_message_at_any_point_makes_a_machine_panic(
        messages in proptest::collection::vec((message(), any::<bool>()), 1..5),
    ) {
        let plant = swarm(1);
        let mut registrar = plant.registrar();
        let signer = key(10);
        let mut member = member_at_door(&plant.authority, (plant.member(10), &signer), 11);
        let mut issuer = plant.at_door(id(11), &mut registrar);
        let ends = (id(11), id(2));
        let mut joiner = Joining::asking(ends, None, name("press 9"), [5; 32]);
        let machines: [&mut dyn End; 3] = [&mut member, &mut issuer, &mut joiner];
        for machine in machines {
            machine.step(None);
            for (message, is_damaged) in &messages {
                let edits: &[(usize, u8)] = if *is_damaged { &[(7, 3)] } else { &[] };
                let step = machine.step(Some(&damaged(message.encode(), edits)));
                prop_assert!(!matches!(step.then, Then::Admit(_) | Then::Joined(_)));
            }
        }
    }

    #[test]
    fn any_bytes_decode_or_fail(bytes: Vec<u8>) {
        let plant = swarm(1);
        decode_everything(&plant, &bytes);
        let prefix = [0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0];
        decode_everything(&plant, &[&prefix[..], &bytes].concat());
    }

    #[test]
    fn damaged_objects_decode_or_fail(
        edits in proptest::collection::vec((0usize..2000, any::<u8>()), 1..4),
    ) {
        let mut plant = swarm(1);
        let chain = plant.member(10);
        let revocation = plant.revoked_by_issuer(id(11), &[(0, 9), (4, 2)]);
        plant.authority.revoke(revocation.clone()).unwrap();
        let mut directory = Directory::new();
        directory.insert(chain.clone(), &plant.authority).unwrap();
        for good in [
            chain.member.as_bytes().to_vec(),
            chain.encode(),
            revocation.as_bytes().to_vec(),
            plant.authority.revocations().encode(),
            directory.encode(),
            stored_registrar(&plant),
        ] {
            decode_everything(&plant, &damaged(good, &edits));
        }
    }

    #[test]
    fn texts_parse_or_fail(text: String) {
        if let Ok(capabilities) = text.parse::<Capabilities>() {
            let again = capabilities.to_string().parse::<Capabilities>().unwrap();
            prop_assert_eq!(again, capabilities);
        }
        prop_assert!(Name::new(Name::sanitised(&text).as_str()).is_ok());
    }
}
