//! What a folder's node is opened with: `settings.json` in it, which belongs to the command.
//!
//! A program that embeds a node has options of its own and does not look at this file. Nothing in
//! it is secret. It is replaced whole, by whoever has the folder open, so nobody sees half of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use swarmlet::{Durability, ErrorKind, Network, Options, Retention};

use crate::failure::{Failure, Result};
use crate::limits::SETTINGS_BYTES_MAX;

/// The settings of the node in a data folder. What is left out is as the node has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The app in whose name commands publish unless they name one: a reverse DNS name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app: Option<String>,
    /// `synced`, the default: what is acknowledged survives power loss. `buffered`: it survives the
    /// end of the process, and is synced about a second later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) durability: Option<DurabilityName>,
    /// Bytes of decompressed blocks kept in memory: 1 MiB to 16 GiB, 16 MiB unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_bytes: Option<u64>,
    /// Bytes of events that wait to be written: 64 KiB to 1 GiB, 8 MiB unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) queue_bytes: Option<u64>,
    /// Streams by name, and how much of each is kept.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) streams: BTreeMap<String, StreamSettings>,
    /// Which events go into which stream; the first that matches decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) routes: Vec<Route>,
    /// How others of the swarm are reached.
    pub(crate) network: NetworkSettings,
    /// How much room blobs may have.
    pub(crate) blobs: BlobSettings,
    /// Where apps that are no nodes find this one, while it runs.
    pub(crate) gateway: GatewaySettings,
}

/// When a publish is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DurabilityName {
    /// After it was synced.
    Synced,
    /// After it was given to the operating system.
    Buffered,
}

/// How much of a stream is kept: without limits everything. What exceeds one of the limits goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StreamSettings {
    /// At least so many of the newest events.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
    /// At least so many stored bytes of the newest events.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// At least the events of this long: `30days`, `12h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<String>,
}

/// Where events with some tags go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    /// What stands behind FROM in a query: `'sensor' & appId(com.example.press)`.
    tags: String,
    /// The name of the stream, one of `streams` or `default`.
    stream: String,
}

/// How others of the swarm are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NetworkSettings {
    /// Addresses to listen at: `tcp://[::]:4001`, `quic://[::]:4001`; all networks at free ports
    /// unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<Vec<String>>,
    /// Addresses that others are told instead of those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    announce: Vec<String>,
    /// Addresses to connect to, again and again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    peers: Vec<String>,
    /// Patterns of the names of streams of others that are held here: `sensors*`; all unless set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<String>,
    /// Whether others are found, and this node announced, by multicast DNS; on unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    discovery: Option<bool>,
    /// Whether members tell each other where they are; on unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    address_exchange: Option<bool>,
    /// How many connections there may be: at least 2, 12 unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    connections_max: Option<usize>,
}

/// How much room blobs may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BlobSettings {
    /// Bytes that blobs may take; as many as there are unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_max: Option<u64>,
    /// How often it is looked which blobs no record keeps: 10ms to 1day, 10min unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep_period: Option<String>,
}

/// Where apps that are no nodes find this one by HTTP and WebSocket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GatewaySettings {
    /// Whether there is a gateway; there is unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// Addresses to listen at: `127.0.0.1:4454`; port 4454 of this machine unless set. There is no
    /// encryption: whoever reaches another one may read along and publish.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    listen: Vec<SocketAddr>,
    /// Names by which others know this machine, without port.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<String>,
    /// Origins whose pages are let in, as `https://app.example`; `*` for every page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    origins: Vec<String>,
    /// Apps that are let in by their ids without a signature: `com.acme.press`, `com.acme.*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    apps: Vec<String>,
    /// Public keys of vendors whose developers sign apps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vendors: Vec<String>,
    /// How long the token of an app is good: 1day unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_valid: Option<String>,
    /// Whether there is `/metrics`; there is unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<bool>,
    /// Whether there is a page for people, to which `swarmlet page` gives a link; there is unless
    /// set.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<bool>,
}

impl Settings {
    /// Those of a folder; the default if it has none.
    pub(crate) fn load(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let named = |failure: Failure| Failure {
            message: format!("{}: {}", path.display(), failure.message),
            ..failure
        };
        let failed = |error| named(Failure::io("cannot read the settings", error));
        let file = match File::open(&path) {
            Err(error) if is_absent(&error) => return Ok(Self::default()),
            file => file.map_err(failed)?,
        };
        let mut text = String::new();
        // One more than there may be: what is too long is not cut.
        let mut file = file.take(SETTINGS_BYTES_MAX + 1);
        file.read_to_string(&mut text).map_err(failed)?;
        check_size(&text).map_err(named)?;
        Self::parse(&text).map_err(|failure| {
            named(failure)
                .advise("mend the file; `swarmlet settings schema` says what may be in it")
        })
    }

    /// The addresses that the node is to listen at; none if any will do.
    pub(crate) fn listen(&self) -> &[String] {
        self.network.listen.as_deref().unwrap_or_default()
    }

    /// Reads and checks a text.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let parsed: Result<Self, _> = serde_json::from_str(text);
        let settings = parsed.map_err(|error| {
            let message = format!("the settings cannot be understood: {error}");
            Failure::invalid(message).advise("`swarmlet settings schema` says what they may be")
        })?;
        settings.to_options()?.validate()?;
        settings.gateway.to_gateway()?;
        Ok(settings)
    }

    /// Writes them to a folder, durably: all of them, or what was there stays. More than can be
    /// loaded is refused.
    pub(crate) fn save(&self, folder: &Path) -> Result<()> {
        let failed = |error| Failure::io("cannot write the settings", error);
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))? + "\n";
        check_size(&text)?;
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(folder.join(FILE))?;
            sync_folder(folder)
        };
        write().map_err(failed)
    }

    /// What the node is opened with. Only texts of durations are checked here; the rest is checked
    /// by the node.
    pub(crate) fn to_options(&self) -> Result<Options> {
        let mut options = Options::new().network(self.network.to_network());
        if let Some(app) = &self.app {
            options = options.app_id(app);
        }
        if let Some(durability) = self.durability {
            options = options.durability(match durability {
                DurabilityName::Synced => Durability::Synced,
                DurabilityName::Buffered => Durability::Buffered,
            });
        }
        if let Some(bytes) = self.cache_bytes {
            options = options.cache_bytes(bytes);
        }
        if let Some(bytes) = self.queue_bytes {
            options = options.queue_bytes(bytes);
        }
        for (name, limits) in &self.streams {
            options = options.stream(name, limits.to_retention()?);
        }
        for route in &self.routes {
            options = options.route(&route.tags, &route.stream);
        }
        if let Some(bytes) = self.blobs.bytes_max {
            options = options.blobs_bytes_max(bytes);
        }
        if let Some(period) = &self.blobs.sweep_period {
            options = options.blobs_sweep_period(duration(period)?);
        }
        Ok(options)
    }
}

impl StreamSettings {
    fn to_retention(&self) -> Result<Retention> {
        let mut retention = Retention::keep_all();
        if let Some(events) = self.events {
            retention = retention.events(events);
        }
        if let Some(bytes) = self.bytes {
            retention = retention.bytes(bytes);
        }
        if let Some(age) = &self.age {
            retention = retention.age(duration(age)?);
        }
        Ok(retention)
    }
}

impl NetworkSettings {
    fn to_network(&self) -> Network {
        let mut network = Network::new();
        network = self.listen.iter().flatten().fold(network, Network::listen);
        network = self.announce.iter().fold(network, Network::announce);
        network = self.peers.iter().fold(network, Network::peer);
        network = self.holds.iter().fold(network, Network::hold);
        if let Some(is_on) = self.discovery {
            network = network.discovery(is_on);
        }
        if let Some(is_on) = self.address_exchange {
            network = network.address_exchange(is_on);
        }
        if let Some(connections) = self.connections_max {
            network = network.connections_max(connections);
        }
        network
    }
}

impl GatewaySettings {
    /// What the gateway is opened with; none if there is to be none.
    pub(crate) fn to_gateway(&self) -> Result<Option<swarmlet_gateway::Settings>> {
        let mut gateway = swarmlet_gateway::Settings::new().page(self.has_page());
        for address in &self.listen {
            gateway = gateway.listen(*address);
        }
        for host in &self.hosts {
            gateway = gateway.host(host)?;
        }
        for origin in &self.origins {
            gateway = gateway.origin(origin)?;
        }
        for app in &self.apps {
            gateway = gateway.app(app)?;
        }
        for vendor in &self.vendors {
            gateway = gateway.vendor(vendor)?;
        }
        if let Some(valid) = &self.token_valid {
            gateway = gateway.token_valid(duration(valid)?)?;
        }
        if let Some(has_metrics) = self.metrics {
            gateway = gateway.metrics(has_metrics);
        }
        Ok(self.is_enabled().then_some(gateway))
    }

    /// Whether there is to be a gateway.
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(true)
    }

    /// Whether it is to have a page for people.
    pub(crate) fn has_page(&self) -> bool {
        self.page.unwrap_or(true)
    }

    /// Whether somebody has said where it is to listen.
    pub(crate) fn has_address(&self) -> bool {
        !self.listen.is_empty()
    }
}

/// A duration as people write it.
pub(crate) fn duration(text: &str) -> Result<Duration> {
    humantime::parse_duration(text).map_err(|error| {
        let message = format!("`{text}` is no duration: {error}");
        Failure::new(ErrorKind::InvalidArgument, message).advise("write it as in 30s, 12h, 30days")
    })
}

/// Checks the text of a file, as it is read and as it would be written.
fn check_size(text: &str) -> Result<()> {
    if text.len() as u64 <= SETTINGS_BYTES_MAX {
        return Ok(());
    }
    let message = format!("the settings take more than {SETTINGS_BYTES_MAX} bytes");
    Err(Failure::invalid(message).advise("name fewer streams and addresses, by shorter names"))
}

fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows has no documented way to sync a folder.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

const FILE: &str = "settings.json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_from_a_folder_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::load(folder.path()).unwrap(), Settings::default());
        let text = r#"{
            "app": "com.example.press", "durability": "buffered", "cache_bytes": 2097152,
            "streams": {"sensors": {"events": 100, "age": "30days"}},
            "routes": [{"tags": "'sensor'", "stream": "sensors"}],
            "network": {"listen": ["tcp://127.0.0.1:0"], "discovery": false},
            "blobs": {"bytes_max": 1000, "sweep_period": "1min"},
            "gateway": {"listen": ["127.0.0.1:0"], "apps": ["com.acme.*"], "token_valid": "1h"}
        }"#;
        let settings = Settings::parse(text).unwrap();
        settings.save(folder.path()).unwrap();
        assert_eq!(Settings::load(folder.path()).unwrap(), settings);
    }

    #[test]
    fn what_could_not_be_loaded_is_not_saved() {
        let folder = tempfile::tempdir().unwrap();
        let padded = |bytes: usize| {
            let mut settings = Settings::default();
            settings.gateway.token_valid = Some(format!("1h{}", " ".repeat(bytes)));
            settings
        };
        let empty = serde_json::to_string_pretty(&padded(0)).unwrap().len() + 1;
        let longest = padded(SETTINGS_BYTES_MAX as usize - empty);
        longest.save(folder.path()).unwrap();
        let failure = padded(SETTINGS_BYTES_MAX as usize - empty + 1).save(folder.path());
        assert!(failure.unwrap_err().is(ErrorKind::InvalidArgument));
        assert_eq!(Settings::load(folder.path()).unwrap(), longest);
        let file = folder.path().join(FILE);
        let longer = std::fs::read_to_string(&file).unwrap() + " ";
        std::fs::write(&file, longer).unwrap();
        let failure = Settings::load(folder.path()).unwrap_err();
        assert!(failure.message.contains("more than"), "{failure}");
    }

    #[test]
    fn what_cannot_be_is_refused_when_it_is_set() {
        for text in [
            "7",
            r#"{"colour": 1}"#,
            r#"{"cache_bytes": 1}"#,
            r#"{"app": "Not An App"}"#,
            r#"{"network": {"listen": ["127.0.0.1"]}}"#,
            r#"{"network": {"listens": []}}"#,
            r#"{"routes": [{"tags": "'a'", "stream": "nowhere"}]}"#,
            r#"{"blobs": {"sweep_period": "often"}}"#,
            r#"{"gateway": {"listen": ["localhost"]}}"#,
            r#"{"gateway": {"apps": ["a b"]}}"#,
            r#"{"gateway": {"hosts": ["edge-1:4454"]}}"#,
            r#"{"gateway": {"origins": ["app.example"]}}"#,
            r#"{"gateway": {"token_valid": "0s"}}"#,
        ] {
            let failure = Settings::parse(text).unwrap_err();
            assert!(failure.is(ErrorKind::InvalidArgument), "{text}: {failure}");
        }
    }
}
