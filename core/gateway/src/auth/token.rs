//! Tokens: who somebody is, signed by the device.
//!
//! A version byte, the claims in CBOR, and a signature of both, in base64. Nothing is kept of a
//! token here, so it is good after a restart of the node, too; what can be done with it ends
//! with its time. The signature is made for one use, so a token of one is worth nothing for
//! another.
//!
//! Clients ask for another token only if theirs is over. So one is over, too, when the device that
//! signed it was replaced by another one in the same place, which is what its port says.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64URL;
use serde::{Deserialize, Serialize};
use swarmlet::{AppId, NodeId, Signature, is_attested};

use crate::desk::Desk;
use crate::limits::{CLOCK_SKEW_MAX, TOKEN_SHOWN_MAX};
use crate::problem::Problem;

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The device that signed it.
    node: [u8; 32],
    /// Where that was reached.
    port: u16,
    /// When it was made, in microseconds since 1970.
    created: u64,
    app_id: String,
    app_version: String,
    /// For how many seconds it is good.
    validity: u64,
}

/// What a token is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenUse {
    /// An app asks the API.
    App,
    /// A person's browser asks what the page for people shows.
    Person,
}

/// Who gets a token, and for how long it is good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bearer<'a> {
    pub(crate) app_id: &'a AppId,
    pub(crate) app_version: &'a str,
    pub(crate) valid: Duration,
}

/// A token that was made.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) token: String,
    /// When it ends, since 1970.
    pub(crate) ends: Duration,
}

/// What a good token says.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) app_id: AppId,
    /// When it ends, since 1970.
    pub(crate) ends: Duration,
}

impl Shown {
    /// For how long it is still good.
    pub(crate) fn time_left(&self) -> Duration {
        self.ends.saturating_sub(now())
    }
}

/// Makes a token.
pub(crate) fn issue(desk: &Desk, used: TokenUse, bearer: Bearer<'_>) -> Result<Issued, Problem> {
    let claims = Claims {
        node: *desk.node.id().as_bytes(),
        port: desk.port,
        created: now().as_micros() as u64,
        app_id: bearer.app_id.as_str().to_owned(),
        app_version: bearer.app_version.to_owned(),
        validity: bearer.valid.as_secs(),
    };
    let encoded = minicbor_serde::to_vec(&claims).map_err(|error| {
        tracing::error!(%error, "a token cannot be encoded");
        Problem::Internal
    })?;
    let mut bytes = vec![VERSION];
    bytes.extend(encoded);
    let signature = desk.node.attest(used.purpose(), &bytes);
    bytes.extend(signature.as_bytes());
    Ok(Issued {
        token: BASE64URL.encode(&bytes),
        ends: claims.end(),
    })
}

/// What a token says that was made for this use.
pub(crate) fn check(desk: &Desk, used: TokenUse, token: &str) -> Result<Shown, Problem> {
    let invalid = |why| Problem::TokenInvalid {
        token: token.chars().take(TOKEN_SHOWN_MAX).collect(),
        why,
    };
    if token.is_empty() {
        return Err(invalid("Missing token bytes."));
    }
    let bytes = BASE64URL.decode(token.as_bytes());
    let bytes = bytes.map_err(|_| invalid("Cannot parse token bytes."))?;
    let signed = bytes.split_last_chunk::<SIGNATURE_BYTES>();
    let (message, signature) = signed
        .filter(|(message, _)| message.first() == Some(&VERSION))
        .ok_or_else(|| invalid("Not a signed token."))?;
    let signature = Signature::from_bytes(*signature);
    let claims: Claims =
        minicbor_serde::from_slice(&message[1..]).map_err(|_| invalid("Cannot parse CBOR."))?;
    let signer = NodeId::from_bytes(claims.node);
    if !is_attested(signer, used.purpose(), message, &signature) {
        return Err(Problem::TokenUnauthorized);
    }
    if signer != desk.node.id() {
        return Err(match claims.port == desk.port {
            true => Problem::TokenExpired,
            false => Problem::TokenUnauthorized,
        });
    }
    let app_id = AppId::new(&claims.app_id).map_err(|_| invalid("Cannot parse CBOR."))?;
    if claims.is_over(now()) {
        return Err(Problem::TokenExpired);
    }
    Ok(Shown {
        app_id,
        ends: claims.end(),
    })
}

impl TokenUse {
    /// What is signed with it, so that no token of one use fits another.
    const fn purpose(self) -> &'static str {
        match self {
            Self::App => "swarmlet 2026-11 gateway app token 1",
            Self::Person => "swarmlet 2026-11 gateway person token 1",
        }
    }
}

impl Claims {
    /// Whether its time is over, or has not come because the clock was set back: the client then
    /// asks for another one.
    fn is_over(&self, now: Duration) -> bool {
        let created = Duration::from_micros(self.created);
        now >= self.end() || now.saturating_add(CLOCK_SKEW_MAX) < created
    }

    fn end(&self) -> Duration {
        Duration::from_micros(self.created).saturating_add(Duration::from_secs(self.validity))
    }
}

fn now() -> Duration {
    // A clock before 1970 makes tokens that are over, which clients can do something about.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

const VERSION: u8 = 2;
const SIGNATURE_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_from_about_its_making_to_its_end() {
        let claims = Claims {
            node: [0; 32],
            port: 0,
            created: 1_000_000_000,
            app_id: String::new(),
            app_version: String::new(),
            validity: 10,
        };
        for (now_secs, is_over) in [(900, true), (950, false), (1000, false), (1009, false)] {
            assert_eq!(
                claims.is_over(Duration::from_secs(now_secs)),
                is_over,
                "{now_secs}"
            );
        }
        assert!(claims.is_over(Duration::from_secs(1010)));
    }
}
