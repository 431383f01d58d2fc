//! Renewal: in time, as it was, and for nobody who is out.

use super::swarm::{self, DAY, NOW, TestSwarm, id};
use crate::membership::limits::{GRACE_SECS, MEMBER_VALID_SECS};
use crate::membership::{Certificate, Chain, Claims, Directory, Registrar};

/// A swarm whose issuer has ten years.
fn plant() -> TestSwarm {
    let mut plant = swarm::swarm(100);
    let claims = Claims {
        not_after: NOW + 3_650 * DAY,
        ..plant.issuer_certificate.claims().clone()
    };
    plant.issuer_certificate = Certificate::issue(claims, &plant.root).unwrap();
    plant
}

fn directory(plant: &TestSwarm, seed: u8) -> (Directory, Chain) {
    let chain = plant.member(seed);
    let mut directory = Directory::new();
    directory.insert(chain.clone(), &plant.authority).unwrap();
    (directory, chain)
}

fn renewals(plant: &TestSwarm, directory: &Directory, now: u64) -> Vec<Chain> {
    let registrar = Registrar::new(plant.issuer_certificate.clone()).unwrap();
    let moment = (now, [7; 32]);
    registrar.renewals(directory, &plant.authority, &plant.issuer, moment)
}

#[test]
fn a_certificate_is_renewed_in_the_last_quarter_of_its_time() {
    let plant = plant();
    let (mut directory, chain) = directory(&plant, 1);
    assert!(renewals(&plant, &directory, NOW + 299 * DAY).is_empty());
    for now in [NOW + 300 * DAY, NOW + MEMBER_VALID_SECS + GRACE_SECS] {
        let renewed = renewals(&plant, &directory, now);
        assert_eq!(renewed.len(), 1);
        let (old, new) = (chain.claims(), renewed[0].claims());
        assert_ne!(old.serial, new.serial);
        assert_eq!(
            (new.not_before, new.not_after),
            (now, now + MEMBER_VALID_SECS)
        );
        let (serial, not_before, not_after) = (old.serial, old.not_before, old.not_after);
        let as_before = Claims {
            serial,
            not_before,
            not_after,
            ..new.clone()
        };
        assert_eq!(&as_before, old);
    }
    let renewed = renewals(&plant, &directory, NOW + 300 * DAY).remove(0);
    assert!(directory.insert(renewed, &plant.authority).unwrap());
    assert!(renewals(&plant, &directory, NOW + 300 * DAY).is_empty());
}

#[test]
fn what_a_wrong_clock_may_have_ended_is_not_renewed_by_itself() {
    let plant = plant();
    let (directory, chain) = directory(&plant, 1);
    let late = NOW + MEMBER_VALID_SECS + GRACE_SECS + 1;
    assert!(renewals(&plant, &directory, late).is_empty());
    let registrar = Registrar::new(plant.issuer_certificate.clone()).unwrap();
    let moment = (late, [7; 32]);
    let renewed = registrar.renew(&chain, &plant.authority, &plant.issuer, moment);
    assert_eq!(renewed.unwrap().claims().not_before, late);
}

#[test]
fn who_was_put_out_is_not_renewed() {
    let mut plant = plant();
    let (directory, _) = directory(&plant, 1);
    let revocation = plant.revoked_by_root(id(1), &[]);
    plant.authority.revoke(revocation).unwrap();
    assert!(renewals(&plant, &directory, NOW + 300 * DAY).is_empty());
}
