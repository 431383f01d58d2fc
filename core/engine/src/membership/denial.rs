//! Denials: why a device is not let in, as a value that travels and as a text that helps.

use std::fmt;

use crate::event::codec::Malformed;

macro_rules! denials {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal: $text:literal,)+) => {
        /// Why a device, a certificate or a request is refused. The code of each is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum Denial {
            $($(#[doc = $doc])+ $name = $code,)+
        }

        impl Denial {
            /// Every denial.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// What happened and what to do about it.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

denials! {
    /// A reason that this release does not know.
    Unknown = 0: "refused for a reason this release does not know: update this device",
    /// The bytes are not what the format says.
    Malformed = 1: "the message cannot be read: check that both devices run the same release",
    /// The certificate is of another swarm.
    WrongSwarm = 2: "the device belongs to another swarm: invite it to this one",
    /// The certificate is of another device than the one at the other end.
    WrongKey = 3: "the certificate belongs to another device: it was copied, invite this device",
    /// Nobody this swarm knows has signed it.
    UnknownIssuer = 4: "the issuer is not of this swarm: invite the device again",
    /// A signature does not fit.
    BadSignature = 5: "a signature does not fit: the certificate was damaged or forged",
    /// The issuer was not allowed to issue it.
    BadChain = 6: "the issuer may not grant this: issue the certificate with narrower rights",
    /// Its time is far ahead.
    NotYetValid = 7: "the certificate begins later: set the clock of the device",
    /// Its time is over, and the grace too.
    Expired = 8: "the certificate has expired: invite the device again",
    /// The device was revoked.
    Revoked = 9: "the device was revoked: it needs a new key and a new invite",
    /// The issuer was revoked before it issued this.
    IssuerRevoked = 10: "the issuer was revoked: another issuer has to invite the device",
    /// A bounded list is full.
    Full = 11: "a list of the swarm is full: remove what is no longer needed",
    /// No version of the protocol is common to both.
    NoCommonVersion = 12: "the releases do not understand each other: update the older device",
    /// The other device cannot issue certificates.
    NotIssuer = 13: "the device asked cannot let others in: ask an issuer of the swarm",
    /// The request waits for a person.
    Pending = 14: "waiting for approval: compare the six digits and approve the device",
    /// A person said no.
    Rejected = 15: "the request was rejected: ask the operator of the swarm",
    /// No such invite, or the secret is wrong.
    InviteUnknown = 16: "the invite is not known to this issuer: copy it whole or make a new one",
    /// The invite was used up.
    InviteUsed = 17: "the invite was used already: make a new one",
    /// The invite is too old.
    InviteExpired = 18: "the invite has expired: make a new one",
    /// The other side did not prove that it knows the secret.
    BadProof = 19: "the issuer did not prove that it made the invite: do not trust it",
    /// A message that does not belong here.
    Unexpected = 20: "the message does not belong here: check that both run the same release",
    /// A request that nobody remembers.
    NotAsked = 21: "the request is no longer known: ask anew",
}

impl Denial {
    /// The stable number.
    #[must_use]
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The denial of a number; [`Denial::Unknown`] for one of a later release.
    #[must_use]
    pub fn from_code(code: u16) -> Self {
        let mut all = Self::ALL.iter();
        let known = all.find(|denial| denial.code() == code);
        known.copied().unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text())
    }
}

impl From<Malformed> for Denial {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable_and_texts_say_what_to_do() {
        for (code, denial) in (0u16..).zip(Denial::ALL) {
            assert_eq!(denial.code(), code);
            assert_eq!(Denial::from_code(code), *denial);
            assert!(denial.text().contains(": "), "{denial}");
        }
        assert_eq!(Denial::from_code(9999), Denial::Unknown);
    }
}
