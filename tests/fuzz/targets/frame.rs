//! What peers and people hand over: frames, runs, certificates, revocations, invites. What decodes
//! encodes to the same bytes; everything else is refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use swarmlet_engine::event::Run;
use swarmlet_engine::membership::{Certificate, Chain, Invite, Revocation, RootSet, TimeFloor};
use swarmlet_engine::sync::Frame;

fuzz_target!(|bytes: &[u8]| {
    let shared = bytes::Bytes::copy_from_slice(bytes);
    if let Ok(frame) = Frame::decode(&shared, 0) {
        assert_eq!(frame.encode(0), shared);
    }
    if let Ok(run) = Run::check(shared.clone()) {
        assert_eq!(run.bytes(), &shared);
        assert!(run.first() <= run.last());
    }
    if let Ok(chain) = Chain::decode(bytes) {
        assert_eq!(chain.encode(), bytes);
    }
    if let Ok(certificate) = Certificate::decode(bytes) {
        assert_eq!(certificate.as_bytes(), bytes);
    }
    if let Ok(revocation) = Revocation::decode(bytes) {
        assert_eq!(revocation.as_bytes(), bytes);
    }
    if let Ok(roots) = RootSet::decode(bytes) {
        assert_eq!(roots.encode(), bytes);
    }
    if let Ok(floor) = TimeFloor::decode(bytes) {
        assert_eq!(&floor.encode()[..], bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(invite) = text.parse::<Invite>()
    {
        let again: Invite = invite.to_string().parse().expect("it was just written");
        assert_eq!(again, invite);
    }
});
