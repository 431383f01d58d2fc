//! What the exchange is told and says, in few words, for the trace.

use bytes::Bytes;
use swarmlet_engine::blobs::BlobId;
use swarmlet_engine::blobs::exchange::{Held, Input, Offer, Output};

/// What has happened; nothing of what happens all the time.
pub(super) fn input(input: &Input) -> Option<String> {
    Some(match input {
        Input::Connected { session, .. } => format!("connected {}", session.0),
        Input::Disconnected { session } => format!("disconnected {}", session.0),
        Input::Received { session, frame } => format!("from {}: {}", session.0, self::frame(frame)),
        Input::Want { blob, terms } => {
            let missing = terms.missing.as_ref().map(|(_, missing)| missing.len());
            let first = &terms.first;
            format!("wants {}, missing {missing:?}, {first:?}", short(*blob))
        }
        Input::Unwant { blob } => format!("does not want {}", short(*blob)),
        Input::Offered {
            session,
            blob,
            offer,
        } => format!("offers {} to {}: {}", short(*blob), session.0, held(offer)),
        Input::Stored {
            blob,
            piece,
            outcome,
        } => format!("{outcome:?} {} of {}", piece.get(), short(*blob)),
        Input::Gained { blob } => format!("has all of {}", short(*blob)),
        _ => return None,
    })
}

/// What comes of it; nothing of what leads to something else that is told.
pub(super) fn output(output: &Output) -> Option<String> {
    Some(match output {
        Output::Send { session, frame } => format!("to {}: {}", session.0, self::frame(frame)),
        Output::Unavailable { blob } => format!("nobody has {}", short(*blob)),
        Output::Lied { blob, .. } => format!("somebody lied about {}", short(*blob)),
        Output::Close { session, reason } => format!("closes {}: {reason}", session.0),
        _ => return None,
    })
}

fn frame(bytes: &Bytes) -> String {
    let words = [
        "?", "ask", "forget", "have", "lack", "fetch", "piece", "refuse",
    ];
    let kind = bytes.first().map_or(0, |kind| usize::from(*kind));
    let word = words.get(kind).copied().unwrap_or("?");
    let blob = bytes.get(1..33).and_then(|id| id.try_into().ok());
    let blob = blob.map_or_else(String::new, |id| short(BlobId::from_bytes(id)));
    let rest = bytes.get(33..bytes.len().min(45)).unwrap_or_default();
    format!("{word} {blob} {rest:02x?}")
}

fn held(offer: &Option<Offer>) -> String {
    match offer {
        None => "nothing".to_owned(),
        Some(Offer { has, size }) => match has {
            Held::All => format!("all {}", size.get()),
            Held::Some(pieces) => format!("{} pieces of {}", pieces.len(), size.get()),
        },
    }
}

fn short(blob: BlobId) -> String {
    blob.to_string()[..8].to_owned()
}
