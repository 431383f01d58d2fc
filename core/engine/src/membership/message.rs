//! The messages of admission and their bytes: deterministic CBOR, a version and a kind first.
//!
//! The byte map is in docs/format/membership.md.

use super::authority::Authority;
use super::cbor::{Reader, Writer};
use super::chain::Chain;
use super::denial::Denial;
use super::invite::InviteId;
use super::limits::{MESSAGE_BYTES_MAX, NAME_BYTES_MAX};
use crate::event::codec::Malformed;

/// One message of admission. Names and texts are as the other side wrote them: not yet sanitised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// The first words of a member: what it speaks, and a proof that it knows the swarm.
    Hello { versions: (u64, u64), tag: [u8; 32] },
    /// By what the sender is a member.
    Present { chain: Vec<u8> },
    /// The other side is a member.
    Accepted,
    /// The other side is refused, and why. The last message.
    Refused { code: u16, text: String },
    /// A joiner with an invite.
    Join {
        invite: InviteId,
        name: String,
        nonce: [u8; 32],
        mac: [u8; 32],
    },
    /// The joiner is let in. The last message.
    Welcome(Welcome),
    /// A joiner without an invite.
    Ask { name: String, commitment: [u8; 32] },
    /// The request was noted; the nonce of the issuer.
    Pending { nonce: [u8; 32] },
    /// The nonce that the joiner committed to.
    Reveal { nonce: [u8; 32] },
    /// A joiner that asked before.
    AskAgain,
}

/// What a joiner needs to come again as a member; who is out it hears first in its first session.
/// `mac` is empty if there is no secret to prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Welcome {
    pub(super) root_set: Vec<u8>,
    pub(super) chain: Vec<u8>,
    pub(super) mac: Vec<u8>,
}

impl Welcome {
    pub(super) fn new(authority: &Authority, chain: &Chain) -> Self {
        Self {
            root_set: authority.root_set().encode(),
            chain: chain.encode(),
            mac: Vec::new(),
        }
    }

    /// What the mac covers: the message without it.
    pub(super) fn said(&self) -> Vec<u8> {
        let mac = Vec::new();
        Message::Welcome(Self {
            mac,
            ..self.clone()
        })
        .encode()
    }
}

impl Message {
    pub(super) fn refused(denial: Denial) -> Self {
        Self::Refused {
            code: denial.code(),
            text: denial.text().into(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(2 + self.fields()).uint(1).uint(VERSION);
        out.uint(2).uint(self.kind());
        match self {
            Self::Hello { versions, tag } => {
                out.uint(3).uint(versions.0).uint(4).uint(versions.1);
                out.uint(5).bytes(tag);
            }
            Self::Present { chain } => {
                out.uint(3).bytes(chain);
            }
            Self::Refused { code, text } => {
                out.uint(3).uint(u64::from(*code)).uint(4).text(text);
            }
            Self::Join {
                invite,
                name,
                nonce,
                mac,
            } => {
                out.uint(3).bytes(&invite.0).uint(4).text(name);
                out.uint(5).bytes(nonce).uint(6).bytes(mac);
            }
            Self::Welcome(welcome) => {
                out.uint(3).bytes(&welcome.root_set);
                out.uint(4).bytes(&welcome.chain);
                out.uint(5).bytes(&welcome.mac);
            }
            Self::Ask { name, commitment } => {
                out.uint(3).text(name).uint(4).bytes(commitment);
            }
            Self::Pending { nonce } | Self::Reveal { nonce } => {
                out.uint(3).bytes(nonce);
            }
            Self::Accepted | Self::AskAgain => {}
        }
        out.finish()
    }

    /// Reads a message; only its one encoding is accepted.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Denial> {
        let mut reader = Reader::new(bytes, MESSAGE_BYTES_MAX)?;
        let fields = reader.map(FIELDS_MAX)?;
        if reader.key(1)?.uint()? != VERSION {
            return Err(Denial::NoCommonVersion);
        }
        let kind = reader.key(2)?.uint()?;
        let message = Self::read(kind, &mut reader)?;
        if fields != 2 + message.fields() {
            return Err(Denial::Malformed);
        }
        reader.finish(&message.encode())?;
        Ok(message)
    }

    fn read(kind: u64, reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(match kind {
            1 => Self::Hello {
                versions: (reader.key(3)?.uint()?, reader.key(4)?.uint()?),
                tag: reader.key(5)?.fixed()?,
            },
            2 => Self::Present {
                chain: reader.key(3)?.bytes()?.into(),
            },
            3 => Self::Accepted,
            4 => Self::Refused {
                code: u16::try_from(reader.key(3)?.uint()?)
                    .map_err(|_| reader.malformed("code of a denial is too large"))?,
                text: short(reader.key(4)?, TEXT_BYTES_MAX)?,
            },
            5 => Self::Join {
                invite: InviteId(reader.key(3)?.fixed()?),
                name: short(reader.key(4)?, NAME_BYTES_MAX)?,
                nonce: reader.key(5)?.fixed()?,
                mac: reader.key(6)?.fixed()?,
            },
            6 => Self::Welcome(Welcome {
                root_set: reader.key(3)?.bytes()?.into(),
                chain: reader.key(4)?.bytes()?.into(),
                mac: reader.key(5)?.bytes()?.into(),
            }),
            7 => Self::Ask {
                name: short(reader.key(3)?, NAME_BYTES_MAX)?,
                commitment: reader.key(4)?.fixed()?,
            },
            8 => Self::Pending {
                nonce: reader.key(3)?.fixed()?,
            },
            9 => Self::Reveal {
                nonce: reader.key(3)?.fixed()?,
            },
            10 => Self::AskAgain,
            _ => return Err(reader.malformed("unknown kind of message")),
        })
    }

    const fn kind(&self) -> u64 {
        match self {
            Self::Hello { .. } => 1,
            Self::Present { .. } => 2,
            Self::Accepted => 3,
            Self::Refused { .. } => 4,
            Self::Join { .. } => 5,
            Self::Welcome(_) => 6,
            Self::Ask { .. } => 7,
            Self::Pending { .. } => 8,
            Self::Reveal { .. } => 9,
            Self::AskAgain => 10,
        }
    }

    const fn fields(&self) -> usize {
        match self {
            Self::Accepted | Self::AskAgain => 0,
            Self::Present { .. } | Self::Pending { .. } | Self::Reveal { .. } => 1,
            Self::Refused { .. } | Self::Ask { .. } => 2,
            Self::Hello { .. } | Self::Welcome(_) => 3,
            Self::Join { .. } => 4,
        }
    }
}

fn short(reader: &mut Reader<'_>, bytes_max: usize) -> Result<String, Malformed> {
    let text = reader.text()?;
    match text.len() <= bytes_max {
        true => Ok(text.into()),
        false => Err(reader.malformed("text is too long")),
    }
}

/// The version of this protocol of admission.
pub(super) const VERSION: u64 = 1;
const FIELDS_MAX: usize = 6;
/// The longest text of a denial, with room for those of later releases.
const TEXT_BYTES_MAX: usize = 256;
