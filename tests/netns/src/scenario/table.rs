//! Which stories there are.

use anyhow::Result;

use super::{blobs, clone, cut, discovery, kill, relay, strangers};
/// A story; what it returns is what it measured.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) tell: fn() -> Result<String>,
}

/// All of them, in the order in which they are told.
pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario("discovery", discovery::tell),
    scenario("link-down", cut::link_down),
    scenario("packets-lost", cut::packets_lost),
    scenario("one-way", cut::one_way),
    scenario("relay", relay::tell),
    scenario("blobs", blobs::tell),
    scenario("strangers", strangers::tell),
    scenario("clone", clone::tell),
    scenario("kill", kill::tell),
];

const fn scenario(name: &'static str, tell: fn() -> Result<String>) -> Scenario {
    Scenario { name, tell }
}
