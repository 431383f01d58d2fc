//! The swarm: calls that change who is a member return when that is durable, calls that wait for
//! other devices take a limit.

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::time::Duration;

use swarmlet_facade::{Completion, Result, Swarm, Terms, Waiting};

use crate::changes::Changes;
use crate::extensible::{Extensible, options};
use crate::failure::{entry, given, place};
use crate::node::Node;
use crate::standing::{
    FoundedSwarm, Label, Members, PendingAll, Standing, founded, members, pending, standing,
};
use crate::status::Status;
use crate::text::{Text, slice, string};
use crate::waiting::{limit, wait_for, wait_for_others};

/// What a device is granted. All zeros say nothing.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct GivenTerms {
    /// `sizeof(swarmlet_terms)`.
    pub size: usize,
    /// What it may do, like `rw:sensors*,r:*`; `rw:*` if nothing is said.
    pub capabilities: Text,
    /// What it is called; otherwise what it calls itself.
    pub name: Text,
    /// What the operator says about it.
    pub labels: *const Label,
    /// How many labels there are.
    pub label_count: usize,
    /// How many devices may use the invite; zero says nothing, which is one.
    pub uses: u64,
    /// For how many milliseconds it is good; zero says nothing, which is 24 hours.
    pub valid_ms: u64,
}

// SAFETY: a `usize` first, then integers, pointers and structs of them.
unsafe impl Extensible for GivenTerms {
    const NAME: &'static str = "swarmlet_terms";
}

/// # Safety
///
/// As for [`crate::extensible::options`], and the same holds for what the terms point to.
unsafe fn terms(given: *const GivenTerms) -> Result<Terms> {
    // SAFETY: what this function asks for.
    let (given, capabilities, name, given_labels) = unsafe {
        let given = options(given)?;
        let capabilities = given.capabilities.read_if_given("capabilities")?;
        let name = given.name.read_if_given("name")?;
        let labels = slice(given.labels, given.label_count, "labels")?;
        (given, capabilities, name, labels)
    };
    let mut labels = BTreeMap::new();
    for label in given_labels {
        // SAFETY: what this function asks for.
        let (name, value) = unsafe { (label.name.read("name")?, label.value.read("value")?) };
        labels.insert(name.to_owned(), value.to_owned());
    }
    Ok(Terms {
        capabilities: capabilities.map(str::to_owned),
        name: name.map(str::to_owned),
        labels,
        uses: Some(given.uses).filter(|uses| *uses > 0),
        valid: Some(given.valid_ms)
            .filter(|millis| *millis > 0)
            .map(Duration::from_millis),
    })
}

fn swarm(node: Option<&Node>) -> Result<Swarm> {
    given(node, "node")?.facade().swarm()
}

/// The swarm that this node is in, or wants to join, NULL for none; free it with
/// `swarmlet_string_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_id(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut c_char>>,
) -> Status {
    entry("swarm.id", || {
        let out = place(out, "out")?;
        let id = swarm(node)?.id()?;
        out.write(id.map_or(std::ptr::null_mut(), |id| string(&id.to_string())));
        Ok(())
    })
}

/// Founds a swarm with this node, called `device`, as its first member and issuer. Its events stay;
/// from here on it uses the network. Free the answer with `swarmlet_founded_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_create(
    node: Option<&Node>,
    name: Text,
    device: Text,
    out: Option<&mut MaybeUninit<*mut FoundedSwarm>>,
) -> Status {
    entry("swarm.create", || {
        let (swarm, out) = (swarm(node)?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts.
        let (name, device) = unsafe { (name.read("name")?, device.read("device")?) };
        let (name, device) = (name.to_owned(), device.to_owned());
        let created = wait_for(|completion| swarm.create(name, device, completion))?;
        out.write(founded(&created));
        Ok(())
    })
}

/// Makes this node an issuer, with the root key that `swarmlet_swarm_create` gave.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_become_issuer(node: Option<&Node>, root_key: Text) -> Status {
    act(
        "swarm.become_issuer",
        node,
        root_key,
        "root_key",
        Swarm::become_issuer,
    )
}

/// Makes an invite: one line of text that lets a device in, with addresses of this node. `given`
/// may be NULL. Free the invite with `swarmlet_string_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_invite(
    node: Option<&Node>,
    given: *const GivenTerms,
    out: Option<&mut MaybeUninit<*mut c_char>>,
) -> Status {
    entry("swarm.invite", || {
        let (swarm, out) = (swarm(node)?, place(out, "out")?);
        // SAFETY: the rules of the header hold for options.
        let terms = unsafe { terms(given)? };
        let invite = wait_for(|completion| swarm.invite(terms, completion))?;
        out.write(string(&invite));
        Ok(())
    })
}

/// Takes an invite back: nobody else is let in by it. `out`, which may be NULL, says whether it was
/// still good.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_withdraw(
    node: Option<&Node>,
    invite: Text,
    out: Option<&mut MaybeUninit<bool>>,
) -> Status {
    entry("swarm.withdraw", || {
        let swarm = swarm(node)?;
        // SAFETY: the rules of the header hold for texts.
        let invite = unsafe { invite.read("invite")? }.to_owned();
        let was_good = wait_for(|completion| swarm.withdraw(invite, completion))?;
        if let Some(out) = out {
            out.write(was_good);
        }
        Ok(())
    })
}

/// Joins a swarm by an invite, as `name`, and waits for that at most `timeout_ms`, without limit
/// below 0. Events that were published alone come along. The node goes on trying after
/// `SWARMLET_STATUS_TIMEOUT`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_join(
    node: Option<&Node>,
    invite: Text,
    name: Text,
    timeout_ms: i64,
) -> Status {
    entry("swarm.join", || {
        let swarm = swarm(node)?;
        // SAFETY: the rules of the header hold for texts.
        let (invite, name) = unsafe { (invite.read("invite")?, name.read("name")?) };
        let (invite, name) = (invite.to_owned(), name.to_owned());
        let join = |completion| swarm.join(invite, name, limit(timeout_ms), completion);
        wait_for_others(join)
    })
}

/// Asks the issuer at `address` to let this node in, without an invite, and waits for its answer at
/// most `timeout_ms`: six digits, which a person compares with those that the issuer shows. Free
/// them with `swarmlet_string_free`. `SWARMLET_STATUS_ALREADY_EXISTS` if it was let in without.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_ask(
    node: Option<&Node>,
    address: Text,
    name: Text,
    timeout_ms: i64,
    out: Option<&mut MaybeUninit<*mut c_char>>,
) -> Status {
    entry("swarm.ask", || {
        let (swarm, out) = (swarm(node)?, place(out, "out")?);
        // SAFETY: the rules of the header hold for texts.
        let (address, name) = unsafe { (address.read("address")?, name.read("name")?) };
        let (address, name) = (address.to_owned(), name.to_owned());
        let ask = |completion| swarm.ask(address, name, limit(timeout_ms), completion);
        out.write(string(&wait_for_others(ask)?));
        Ok(())
    })
}

/// Waits until this node was let in. `SWARMLET_STATUS_PERMISSION_DENIED` if a person said no.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_wait_joined(node: Option<&Node>, timeout_ms: i64) -> Status {
    wait("swarm.wait_joined", node, timeout_ms, Swarm::wait_joined)
}

/// Waits until some peer is connected and all connected peers have the same events as this node,
/// those that it had at the time of the call in any case.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_wait_in_sync(node: Option<&Node>, timeout_ms: i64) -> Status {
    wait("swarm.wait_in_sync", node, timeout_ms, Swarm::wait_in_sync)
}

fn wait(
    operation: &'static str,
    node: Option<&Node>,
    timeout_ms: i64,
    call: impl FnOnce(&Swarm, Option<Duration>, Completion<()>) -> Waiting,
) -> Status {
    entry(operation, || {
        let swarm = swarm(node)?;
        wait_for_others(|completion| call(&swarm, limit(timeout_ms), completion))
    })
}

/// The devices that wait for approval by this issuer; free the answer with
/// `swarmlet_pending_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_pending(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut PendingAll>>,
) -> Status {
    entry("swarm.pending", || {
        let (swarm, out) = (swarm(node)?, place(out, "out")?);
        let waiting = wait_for(|completion| swarm.pending(completion))?;
        out.write(pending(&waiting));
        Ok(())
    })
}

/// Lets a waiting device in. `given` may be NULL. It learns of that within seconds.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_approve(
    node: Option<&Node>,
    device: Text,
    given: *const GivenTerms,
) -> Status {
    grant("swarm.approve", node, device, given, Swarm::approve)
}

/// Lets a device in whose identity is known beforehand, when it asks. `given` may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_preauthorise(
    node: Option<&Node>,
    device: Text,
    given: *const GivenTerms,
) -> Status {
    grant(
        "swarm.preauthorise",
        node,
        device,
        given,
        Swarm::preauthorise,
    )
}

fn grant(
    operation: &'static str,
    node: Option<&Node>,
    device: Text,
    given: *const GivenTerms,
    call: impl FnOnce(&Swarm, String, Terms, Completion<()>),
) -> Status {
    entry(operation, || {
        let swarm = swarm(node)?;
        // SAFETY: the rules of the header hold for texts and options.
        let (device, terms) = unsafe { (device.read("device")?, terms(given)?) };
        let device = device.to_owned();
        wait_for(|completion| call(&swarm, device, terms, completion))
    })
}

/// Sends a waiting device away.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_reject(node: Option<&Node>, device: Text) -> Status {
    act("swarm.reject", node, device, "device", Swarm::reject)
}

/// Renews the certificate of a device: what it may do stays, its time begins anew.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_renew(node: Option<&Node>, device: Text) -> Status {
    act("swarm.renew", node, device, "device", Swarm::renew)
}

fn act(
    operation: &'static str,
    node: Option<&Node>,
    text: Text,
    name: &str,
    call: impl FnOnce(&Swarm, String, Completion<()>),
) -> Status {
    entry(operation, || {
        let swarm = swarm(node)?;
        // SAFETY: the rules of the header hold for texts.
        let text = unsafe { text.read(name)? }.to_owned();
        wait_for(|completion| call(&swarm, text, completion))
    })
}

/// Puts a device out, for good: its sessions close at once, and of its events every node keeps what
/// this one has now.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_revoke(node: Option<&Node>, device: Text, reason: Text) -> Status {
    entry("swarm.revoke", || {
        let swarm = swarm(node)?;
        // SAFETY: the rules of the header hold for texts.
        let (device, reason) = unsafe { (device.read("device")?, reason.read("reason")?) };
        let (device, reason) = (device.to_owned(), reason.to_owned());
        wait_for(|completion| swarm.revoke(device, reason, completion))
    })
}

/// All devices of the swarm that this node knows; free the answer with `swarmlet_members_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_members(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut Members>>,
) -> Status {
    entry("swarm.members", || {
        let (swarm, out) = (swarm(node)?, place(out, "out")?);
        let all = wait_for(|completion| swarm.members(completion))?;
        out.write(members(&all));
        Ok(())
    })
}

/// How this node stands in the swarm now, its peers among that; free the answer with
/// `swarmlet_swarm_status_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_status_now(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut Standing>>,
) -> Status {
    entry("swarm.status", || {
        let (swarm, out) = (swarm(node)?, place(out, "out")?);
        out.write(standing(&swarm.status()?));
        Ok(())
    })
}

/// The status now, and then whenever it has changed. Free the changes with `swarmlet_changes_free`.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_changes(
    node: Option<&Node>,
    out: Option<&mut MaybeUninit<*mut Changes>>,
) -> Status {
    entry("swarm.changes", || {
        let (swarm, out) = (swarm(node)?, place(out, "out")?);
        out.write(Changes::give(swarm.changes()?));
        Ok(())
    })
}

/// To be called when the device has changed networks: everything is dialled anew at once.
#[unsafe(no_mangle)]
pub extern "C" fn swarmlet_swarm_network_changed(node: Option<&Node>) -> Status {
    entry("swarm.network_changed", || swarm(node)?.network_changed())
}
