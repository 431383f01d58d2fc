//! What a node is in its swarm: its own certificate, what it knows of others, whom it lets in.

use swarmlet_engine::event::NodeId;
use swarmlet_engine::event::Signer;
use swarmlet_engine::membership::{
    Authority, Capabilities, Certificate, Chain, Claims, Denial, Directory, Joined, Name,
    Registrar, Revocations, Role, RootSet, TimeFloor,
};
use swarmlet_engine::sync::Members;
use swarmlet_engine::{Error, ErrorKind, Result};

/// The standing of a member.
#[derive(Clone, Debug)]
pub(super) struct Membership {
    pub(super) members: Members,
    pub(super) own: Chain,
    /// Present exactly if this node is an issuer.
    pub(super) registrar: Option<Registrar>,
}

impl Membership {
    /// A member by `own`.
    pub(super) fn new(mut members: Members, own: Chain) -> Result<Self> {
        members.admit(own.clone()).map_err(denied)?;
        let is_issuer = own.claims().role == Role::Issuer;
        let registrar = is_issuer.then(|| Registrar::new(own.member.clone()));
        Ok(Self {
            members,
            own,
            registrar: registrar.transpose()?,
        })
    }

    /// The first member of a new swarm, an issuer.
    pub(super) fn found(
        swarm: Name,
        device: Name,
        root: &dyn Signer,
        own: NodeId,
        (now, serial): (u64, [u8; 16]),
    ) -> Result<Self> {
        let roots = RootSet::new(swarm, now, vec![root.node_id()])?;
        let chain = issuer_chain(&roots, device, root, own, (now, serial))?;
        let authority = Authority::new(roots, Revocations::new(), TimeFloor::default());
        Self::new(Members::new(authority, Directory::new()), chain)
    }

    /// What a device is that was let in.
    pub(super) fn joined(joined: Joined) -> Result<Self> {
        let authority = Authority::new(joined.root_set, Revocations::new(), TimeFloor::default());
        Self::new(Members::new(authority, Directory::new()), joined.chain)
    }

    /// Takes the certificate of this device that an issuer has renewed, if there is one.
    pub(super) fn adopt_own(&mut self) {
        let newest = self.members.directory().of(self.own.device());
        if let Some(newest) = newest.filter(|_| self.registrar.is_none()) {
            self.own = newest.clone();
        }
    }

    /// The same device, made an issuer by a root key.
    pub(super) fn promoted(
        &self,
        root: &dyn Signer,
        (now, serial): (u64, [u8; 16]),
    ) -> Result<Self> {
        let roots = self.members.authority().root_set();
        if !roots.contains(root.node_id()) {
            let message = "the key is not a root key of this swarm";
            return Err(Error::new(ErrorKind::PermissionDenied, message));
        }
        let before = self.own.claims();
        // Of two certificates the later one counts, whatever this clock says.
        let from = now.max(before.not_before.saturating_add(1));
        let name = before.name.clone();
        let chain = issuer_chain(roots, name, root, self.own.device(), (from, serial))?;
        Self::new(self.members.clone(), chain)
    }
}

fn issuer_chain(
    roots: &RootSet,
    name: Name,
    root: &dyn Signer,
    own: NodeId,
    (now, serial): (u64, [u8; 16]),
) -> Result<Chain> {
    let claims = Claims {
        swarm: roots.id(),
        serial,
        subject: own,
        name,
        role: Role::Issuer,
        capabilities: Capabilities::full(),
        labels: std::collections::BTreeMap::new(),
        not_before: now,
        not_after: now.saturating_add(ISSUER_VALID_SECS),
        issuer: root.node_id(),
    };
    Certificate::issue(claims, root).map(Chain::of_issuer)
}

/// A refusal as an error of the call that met it.
pub(super) fn denied(denial: Denial) -> Error {
    let kind = match denial {
        Denial::InviteExpired | Denial::InviteUsed | Denial::InviteUnknown => {
            ErrorKind::InvalidArgument
        }
        Denial::Pending => ErrorKind::Unavailable,
        Denial::Malformed | Denial::NoCommonVersion | Denial::Unknown => ErrorKind::Incompatible,
        _ => ErrorKind::PermissionDenied,
    };
    Error::new(kind, denial.text()).with("code", denial.code())
}

/// An issuer is made by a root key that lies in a safe: rarely.
const ISSUER_VALID_SECS: u64 = 10 * 365 * 24 * 3600;
