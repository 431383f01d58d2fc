//! Invites: one line of text that lets a device in, on paper, in a QR code or a setting.
//!
//! It names the swarm and the issuer and holds a secret of 128 bits, so both sides can prove to
//! each other that they know it without ever sending it. The byte map is in
//! docs/format/membership.md.

use std::fmt;
use std::str::FromStr;

use thiserror::Error as ThisError;

use super::base32;
use super::limits::{HINT_BYTES_MAX, INVITE_HINTS_MAX, INVITE_TEXT_MAX};
use super::swarm_id::SwarmId;
use crate::error::{Error, Result};
use crate::event::NodeId;
use crate::event::codec::{Malformed, Reader};

/// Which invite of an issuer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InviteId(pub [u8; 8]);

impl fmt::Debug for InviteId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "InviteId({:016x})", u64::from_be_bytes(self.0))
    }
}

/// The secret of an invite. Never shown except in the text of the invite.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(pub(super) [u8; 16]);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

/// What an invite says. Its `Display` text is the invite and contains the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The swarm to join.
    pub swarm: SwarmId,
    /// Who lets in.
    pub issuer: NodeId,
    /// Which of the issuer's invites.
    pub id: InviteId,
    pub(super) secret: Secret,
    hints: Vec<String>,
}

impl Invite {
    pub(super) fn new(
        (swarm, issuer): (SwarmId, NodeId),
        (id, secret): (InviteId, Secret),
        hints: Vec<String>,
    ) -> Result<Self> {
        if hints.len() > INVITE_HINTS_MAX || !hints.iter().all(|hint| is_hint(hint)) {
            let message = "an invite must have at most 4 address hints of 1 to 63 ASCII characters";
            return Err(Error::invalid(message).with("hints", hints.len()));
        }
        Ok(Self {
            swarm,
            issuer,
            id,
            secret,
            hints,
        })
    }

    /// Where the issuer may be found; only hints, nothing is believed because of them.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(self.swarm.as_bytes());
        out.extend_from_slice(self.issuer.as_bytes());
        out.extend_from_slice(&self.id.0);
        out.extend_from_slice(&self.secret.0);
        out.push(u8::try_from(self.hints.len()).expect("at most four"));
        for hint in &self.hints {
            out.push(u8::try_from(hint.len()).expect("at most 63 bytes"));
            out.extend_from_slice(hint.as_bytes());
        }
        let sum = checksum(&out);
        out.extend_from_slice(&sum);
        out
    }

    /// Reads all but the checksum; fails at the end if bytes are missing.
    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        reader.u8()?;
        let place = (
            SwarmId::from_bytes(reader.array()?),
            NodeId::from_bytes(reader.array()?),
        );
        let access = (InviteId(reader.array()?), Secret(reader.array()?));
        let mut hints = Vec::new();
        for _ in 0..reader.u8()? {
            let len = usize::from(reader.u8()?);
            let hint = std::str::from_utf8(reader.take(len)?);
            hints.push(hint.unwrap_or_default().into());
        }
        Self::new(place, access, hints).map_err(|_| reader.malformed("hints are illegal"))
    }
}

impl fmt::Display for Invite {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PREFIX}{}", base32::encode(&self.encode()))
    }
}

impl FromStr for Invite {
    type Err = InviteFault;

    fn from_str(text: &str) -> Result<Self, InviteFault> {
        let text = text.trim();
        let head = text.get(..PREFIX.len());
        if !head.is_some_and(|head| head.eq_ignore_ascii_case(PREFIX)) {
            return Err(InviteFault::NotAnInvite);
        }
        let text = &text[PREFIX.len()..];
        if text.len() > INVITE_TEXT_MAX || !base32::is_legal(text) {
            return Err(InviteFault::Mistyped);
        }
        let bytes = base32::decode(text).ok_or(InviteFault::CutOff)?;
        decode(&bytes)
    }
}

fn decode(bytes: &[u8]) -> Result<Invite, InviteFault> {
    let (body, sum) = bytes.split_last_chunk().ok_or(InviteFault::CutOff)?;
    let is_whole = checksum(body) == *sum;
    match (is_whole, body.first()) {
        (_, None) => Err(InviteFault::CutOff),
        (true, Some(&VERSION)) => {
            let mut reader = Reader::new(body);
            let invite = Invite::read(&mut reader);
            let invite = invite.map_err(|_| InviteFault::Mistyped)?;
            reader.finish().map_err(|_| InviteFault::Mistyped)?;
            Ok(invite)
        }
        (true, Some(_)) => Err(InviteFault::OtherVersion),
        (false, _) => Err(fault(bytes)),
    }
}

/// What happened to an invite whose checksum is wrong: if fewer bytes are there than it announces,
/// its end is missing.
fn fault(bytes: &[u8]) -> InviteFault {
    let mut reader = Reader::new(bytes);
    let is_cut = Invite::read(&mut reader).is_err_and(|error| error.what == "bytes end too early")
        || bytes.len() < reader.position() + 4;
    match is_cut {
        true => InviteFault::CutOff,
        false => InviteFault::Mistyped,
    }
}

/// Why a text is no invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum InviteFault {
    /// It begins differently.
    #[error("not an invite: it must begin with swarmlet1")]
    NotAnInvite,
    /// Its end is missing.
    #[error("the invite is cut off: copy it to its end")]
    CutOff,
    /// A character is wrong.
    #[error("the invite is mistyped: copy it again")]
    Mistyped,
    /// It is from a later release.
    #[error("the invite is of a later release: update this device")]
    OtherVersion,
}

fn is_hint(hint: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_graphic();
    !hint.is_empty() && hint.len() <= HINT_BYTES_MAX && hint.bytes().all(is_legal)
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut sum = [0; 4];
    sum.copy_from_slice(&blake3::hash(bytes).as_bytes()[..4]);
    sum
}

const PREFIX: &str = "swarmlet1";
const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn invite(hints: &[&str]) -> Result<Invite> {
        let place = (SwarmId::from_bytes([1; 32]), NodeId::from_bytes([2; 32]));
        let access = (InviteId([3; 8]), Secret([4; 16]));
        Invite::new(
            place,
            access,
            hints.iter().map(|hint| (*hint).into()).collect(),
        )
    }

    #[test]
    fn the_text_is_one_line_and_forgives_case_and_space() {
        let good = invite(&["/ip4/10.0.0.7/tcp/4001", "press4.local"]).unwrap();
        let text = good.to_string();
        assert!(text.starts_with("swarmlet1AEAQC"));
        assert_eq!(text.parse(), Ok(good.clone()));
        assert_eq!(
            format!(" {}\r\n", text.to_lowercase()).parse(),
            Ok(good.clone())
        );
        assert_eq!(text.to_uppercase().parse(), Ok(good.clone()));
        assert!(!format!("{good:?}").contains("4, 4"));
    }

    #[test]
    fn the_longest_invite_fits_its_bound() {
        let hint = "x".repeat(HINT_BYTES_MAX);
        let text = invite(&[hint.as_str(); INVITE_HINTS_MAX])
            .unwrap()
            .to_string();
        assert_eq!(text.len(), 569);
        assert!(invite(&[hint.as_str(); INVITE_HINTS_MAX + 1]).is_err());
        for hint in ["", "a b", "\u{e4}", &"x".repeat(HINT_BYTES_MAX + 1)] {
            assert!(invite(&[hint]).is_err(), "{hint}");
        }
    }

    #[test]
    fn every_beginning_of_an_invite_is_cut_off() {
        let text = invite(&["press4.local"]).unwrap().to_string();
        for len in PREFIX.len()..text.len() {
            assert_eq!(
                text[..len].parse::<Invite>(),
                Err(InviteFault::CutOff),
                "{len}"
            );
        }
        assert_eq!(text[..5].parse::<Invite>(), Err(InviteFault::NotAnInvite));
    }

    #[test]
    fn every_wrong_character_is_found() {
        let text = invite(&["press4.local"]).unwrap().to_string();
        for at in PREFIX.len()..text.len() {
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            let wrong = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert!(wrong.parse::<Invite>().is_err(), "{at}");
        }
        let middle = format!("{}1{}", &text[..40], &text[41..]);
        assert_eq!(middle.parse::<Invite>(), Err(InviteFault::Mistyped));
        let more = format!("{text}AAAAAAAA");
        assert_eq!(more.parse::<Invite>(), Err(InviteFault::Mistyped));
    }

    #[test]
    fn a_later_version_is_told_from_a_typo() {
        let mut bytes = vec![2, 9, 9];
        bytes.extend_from_slice(&checksum(&bytes));
        let text = format!("{PREFIX}{}", base32::encode(&bytes));
        assert_eq!(text.parse::<Invite>(), Err(InviteFault::OtherVersion));
    }

    proptest! {
        #[test]
        fn any_text_parses_or_fails(text: String, bytes: Vec<u8>) {
            let _ = text.parse::<Invite>();
            let _ = format!("{PREFIX}{text}").parse::<Invite>();
            let whole = [&bytes[..], &checksum(&bytes)[..]].concat();
            let _ = format!("{PREFIX}{}", base32::encode(&whole)).parse::<Invite>();
        }
    }
}
