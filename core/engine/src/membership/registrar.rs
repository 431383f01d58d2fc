//! The registrar: all an issuer remembers about who may come in - invites, requests that wait for a
//! person, and keys that are let in without question. The node keeps it behind one lock.

use std::collections::BTreeMap;

use super::authority::Authority;
use super::cbor::{Reader, Writer};
use super::certificate::{Certificate, Claims, Role};
use super::chain::Chain;
use super::denial::Denial;
use super::directory::Directory;
use super::grant::Grant;
use super::invitations::{Invitations, InviteTerms};
use super::invite::{Invite, InviteId};
use super::limits::{
    APPROVED_SECS, GRACE_SECS, MEMBER_VALID_SECS, PREAUTHORISED_MAX, REGISTRAR_BYTES_MAX,
};
use super::message::Welcome;
use super::name::Name;
use super::pending::{Pending, PendingDevice};
use super::proof::{self, Ends};
use crate::error::{Error, Result};
use crate::event::codec::Malformed;
use crate::event::{NodeId, Signer};

/// Who an issuer lets in.
#[derive(Clone, Debug)]
pub struct Registrar {
    issuer: Certificate,
    invitations: Invitations,
    preauthorised: BTreeMap<NodeId, Expected>,
    pending: Pending,
}

/// What a listed key gets, and until when it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Expected {
    grant: Grant,
    until: u64,
}

/// The request of a joiner with an invite, as it came.
#[derive(Clone, Debug)]
pub(super) struct Join<'a> {
    pub(super) invite: InviteId,
    pub(super) name: &'a str,
    pub(super) nonce: [u8; 32],
    pub(super) mac: [u8; 32],
}

/// What issuing a certificate takes from outside.
pub(super) struct Office<'a> {
    pub(super) authority: &'a Authority,
    pub(super) signer: &'a dyn Signer,
    pub(super) wall_secs: u64,
    pub(super) random: [u8; 32],
}

impl Office<'_> {
    fn now(&self) -> u64 {
        self.authority.floor().judge(self.wall_secs)
    }
}

impl Registrar {
    /// The registrar of the issuer with this certificate.
    pub fn new(issuer: Certificate) -> Result<Self> {
        if issuer.claims().role != Role::Issuer {
            return Err(Error::invalid("only an issuer can let others in"));
        }
        Ok(Self {
            issuer,
            invitations: Invitations::new(),
            preauthorised: BTreeMap::new(),
            pending: Pending::default(),
        })
    }

    /// Makes an invite. `random` must be new for every call; store the state afterwards.
    pub fn invite(
        &mut self,
        terms: InviteTerms,
        hints: Vec<String>,
        random: [u8; 24],
        now: u64,
    ) -> Result<Invite> {
        let claims = self.issuer.claims();
        terms.grant.check(&claims.capabilities)?;
        let place = (claims.swarm, claims.subject);
        let access = self.invitations.create(terms, random, now)?;
        let id = access.0;
        Invite::new(place, access, hints).inspect_err(|_| {
            self.invitations.withdraw(id, now);
        })
    }

    /// The invites that are known, with those that have expired within a day.
    #[must_use]
    pub fn invitations(&self) -> &Invitations {
        &self.invitations
    }

    /// Takes an invite back. Returns whether anybody could still have used it.
    pub fn withdraw(&mut self, id: InviteId, now: u64) -> bool {
        self.invitations.withdraw(id, now)
    }

    /// Lets `device` in when it asks, until the time `until`. Store the state afterwards.
    pub fn preauthorise(&mut self, device: NodeId, grant: Grant, until: u64) -> Result<()> {
        grant.check(&self.issuer.claims().capabilities)?;
        let is_full = self.preauthorised.len() >= PREAUTHORISED_MAX;
        if is_full && !self.preauthorised.contains_key(&device) {
            return Err(Error::invalid(
                "1024 keys are listed already: expire some first",
            ));
        }
        let expected = Expected { grant, until };
        self.preauthorised.insert(device, expected);
        Ok(())
    }

    /// The devices that wait for a person.
    #[must_use]
    pub fn pending(&self) -> Vec<PendingDevice> {
        self.pending.shown().collect()
    }

    /// Lets a waiting device in when it comes again. Store the state afterwards.
    pub fn approve(&mut self, device: NodeId, mut grant: Grant, now: u64) -> Result<()> {
        let waiting = self.pending();
        let Some(waiting) = waiting.into_iter().find(|waiting| waiting.device == device) else {
            return Err(not_waiting(device));
        };
        grant.name.get_or_insert(waiting.name);
        self.preauthorise(device, grant, now.saturating_add(APPROVED_SECS))?;
        self.pending.remove(device);
        Ok(())
    }

    /// Sends a waiting device away.
    pub fn reject(&mut self, device: NodeId) -> Result<()> {
        match self.pending.reject(device) {
            true => Ok(()),
            false => Err(not_waiting(device)),
        }
    }

    /// New certificates for the members of `directory` who are still to be ones and have less than
    /// a quarter of their time left: as the ones they have, with a new time. `random` must be new
    /// for every call.
    ///
    /// What has expired beyond its grace is left alone, since then the clock may be wrong; for that
    /// there is [`Registrar::renew`].
    #[must_use]
    pub fn renewals(
        &self,
        directory: &Directory,
        authority: &Authority,
        signer: &dyn Signer,
        (wall_secs, random): (u64, [u8; 32]),
    ) -> Vec<Chain> {
        let now = authority.floor().judge(wall_secs);
        let is_due = |chain: &&Chain| {
            let (from, to) = (chain.claims().not_before, chain.claims().not_after);
            let last_quarter = to - (to - from) / 4;
            (last_quarter..=to.saturating_add(GRACE_SECS)).contains(&now)
        };
        let due = directory.iter().filter(is_due);
        let renewed = due.map(|chain| {
            let mut hasher = blake3::Hasher::new_keyed(&random);
            let random = hasher.update(chain.device().as_bytes()).finalize();
            let office = Office {
                authority,
                signer,
                wall_secs,
                random: *random.as_bytes(),
            };
            self.issue_again(chain, &office)
        });
        renewed.filter_map(std::result::Result::ok).collect()
    }

    /// A new certificate for the device of `chain`, whatever has become of the one it has.
    pub fn renew(
        &self,
        chain: &Chain,
        authority: &Authority,
        signer: &dyn Signer,
        (wall_secs, random): (u64, [u8; 32]),
    ) -> Result<Chain, Denial> {
        let office = Office {
            authority,
            signer,
            wall_secs,
            random,
        };
        self.issue_again(chain, &office)
    }

    fn issue_again(&self, chain: &Chain, office: &Office<'_>) -> Result<Chain, Denial> {
        let claims = chain.claims();
        let issuer = &self.issuer.claims().capabilities;
        // Issuers are made by root keys, and nobody gives more than he has.
        if claims.role == Role::Issuer || !issuer.covers(&claims.capabilities) {
            return Err(Denial::NotIssuer);
        }
        self.may_issue(claims.subject, office)?;
        let grant = Grant {
            name: Some(claims.name.clone()),
            capabilities: claims.capabilities.clone(),
            labels: claims.labels.clone(),
        };
        self.issue(claims.subject, &grant, &claims.name, office)
    }

    /// Forgets what is over. Returns whether the state is to be stored.
    pub fn expire(&mut self, now: u64) -> bool {
        self.pending.expire(now);
        let before = self.preauthorised.len();
        self.preauthorised
            .retain(|_, expected| now < expected.until);
        self.invitations.expire(now) || self.preauthorised.len() != before
    }

    /// The state to be stored: it holds the secrets of open invites. Requests are not stored.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(3).uint(1).uint(VERSION);
        self.invitations.write(out.uint(2));
        out.uint(3).array(self.preauthorised.len());
        for (device, expected) in &self.preauthorised {
            out.array(3).bytes(device.as_bytes()).uint(expected.until);
            expected.grant.write(&mut out);
        }
        out.finish()
    }

    /// Takes up a stored state.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut reader = Reader::new(bytes, REGISTRAR_BYTES_MAX)?;
        let mut restored = self.clone();
        reader.record(3)?;
        if reader.key(1)?.uint()? != VERSION {
            return Err(reader.malformed("unknown version of a registrar"));
        }
        restored.invitations = Invitations::read(reader.key(2)?)?;
        restored.preauthorised.clear();
        for _ in 0..reader.key(3)?.array(PREAUTHORISED_MAX)? {
            reader.array(3)?;
            let device = NodeId::from_bytes(reader.fixed()?);
            let until = reader.uint()?;
            let grant = Grant::read(&mut reader)?;
            let expected = Expected { grant, until };
            restored.preauthorised.insert(device, expected);
        }
        reader.finish(&restored.encode())?;
        *self = restored;
        Ok(())
    }

    /// Answers a joiner that has an invite. Nothing changes and nothing is told unless it proved
    /// that it knows the secret.
    pub(super) fn join(
        &mut self,
        device: NodeId,
        join: &Join<'_>,
        office: &Office<'_>,
    ) -> Result<(Welcome, Chain), Denial> {
        let ends = self.ends(device);
        let secret = self.invitations.secret(join.invite).cloned();
        let secret = secret.ok_or(Denial::InviteUnknown)?;
        let expected = proof::join(&secret, ends, &join.nonce, join.name);
        if !proof::is_same(&expected, &join.mac) {
            return Err(Denial::InviteUnknown);
        }
        self.may_issue(device, office)?;
        let grant = self.invitations.redeem(join.invite, device, office.now())?;
        let chain = self.issue(device, &grant, &Name::sanitised(join.name), office)?;
        let mut welcome = Welcome::new(office.authority, &chain);
        welcome.mac = proof::welcome(&secret, ends, &join.nonce, &welcome.said()).to_vec();
        Ok((welcome, chain))
    }

    /// Answers a device whose key is listed; `None` if it is not.
    pub(super) fn expected(
        &mut self,
        device: NodeId,
        name: &Name,
        office: &Office<'_>,
    ) -> Option<Result<(Welcome, Chain), Denial>> {
        let expected = self.preauthorised.get(&device)?;
        if office.now() >= expected.until {
            return None;
        }
        let may = self.may_issue(device, office);
        let chain = may.and_then(|()| self.issue(device, &expected.grant, name, office));
        Some(chain.map(|chain| (Welcome::new(office.authority, &chain), chain)))
    }

    /// Notes the request of a stranger. Returns the nonce to answer with.
    pub(super) fn ask(
        &mut self,
        device: NodeId,
        (name, commitment): (Name, [u8; 32]),
        office: &Office<'_>,
    ) -> Result<[u8; 32], Denial> {
        let request = (device, name, commitment);
        self.pending.ask(request, office.random, office.now())
    }

    pub(super) fn reveal(&mut self, device: NodeId, nonce: &[u8; 32]) -> Result<(), Denial> {
        let ends = self.ends(device);
        self.pending.reveal(ends, nonce)
    }

    /// How it stands with a request that was made before.
    pub(super) fn state(&self, device: NodeId) -> Denial {
        self.pending.state(device)
    }

    fn ends(&self, joiner: NodeId) -> Ends {
        let issuer = self.issuer.claims().subject;
        Ends { joiner, issuer }
    }

    /// Whether a certificate for `device` would be accepted by anybody.
    fn may_issue(&self, device: NodeId, office: &Office<'_>) -> Result<(), Denial> {
        let issuer = self.issuer.claims();
        let revocations = office.authority.revocations();
        if revocations.is_revoked(issuer.subject) || office.now() > issuer.not_after {
            return Err(Denial::NotIssuer);
        }
        match revocations.is_revoked(device) {
            true => Err(Denial::Revoked),
            false => Ok(()),
        }
    }

    fn issue(
        &self,
        device: NodeId,
        grant: &Grant,
        name: &Name,
        office: &Office<'_>,
    ) -> Result<Chain, Denial> {
        let issuer = self.issuer.claims();
        let not_before = office.now().max(issuer.not_before);
        let mut serial = [0; 16];
        serial.copy_from_slice(&office.random[..16]);
        let claims = Claims {
            swarm: issuer.swarm,
            serial,
            subject: device,
            name: grant.name.as_ref().unwrap_or(name).clone(),
            role: Role::Member,
            capabilities: grant.capabilities.clone(),
            labels: grant.labels.clone(),
            not_before,
            not_after: not_before.saturating_add(MEMBER_VALID_SECS),
            issuer: issuer.subject,
        };
        let member = Certificate::issue(claims, office.signer).map_err(|_| Denial::NotIssuer)?;
        Ok(Chain::of_member(member, self.issuer.clone()))
    }
}

fn not_waiting(device: NodeId) -> Error {
    Error::invalid("the device does not wait for approval").with("device", device)
}

const VERSION: u64 = 1;
