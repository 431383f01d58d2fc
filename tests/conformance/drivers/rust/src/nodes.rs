//! Operations on nodes.

use serde_json::Value;
use swarmlet::{AppId, Durability, Network, Node, Options, Retention, Row};
use tokio::time::timeout;

use crate::arguments::{Arguments, as_duration, as_list, as_map, as_number, as_text};
use crate::blobs;
use crate::handles::Handles;
use crate::rows::Reading;
use crate::shapes;
use crate::trouble::Trouble;
use crate::values;

type Answered = Result<Value, Trouble>;

pub(crate) async fn perform(op: &str, arguments: &Arguments, handles: &Handles) -> Answered {
    if op == "open" {
        let node = Node::open(arguments.text("folder")?, options(arguments)?).await?;
        let answer = shapes::node(&node);
        handles.keep_node(arguments.text("as")?, node);
        return Ok(answer);
    }
    let node = handles.node(arguments.text("node")?)?;
    match op {
        "info" => Ok(shapes::node(&node)),
        "scoped" => {
            let app_id = AppId::new(arguments.text("app_id")?).map_err(Trouble::Value)?;
            let scoped = node.scoped(app_id);
            let answer = shapes::node(&scoped);
            handles.keep_node(arguments.text("as")?, scoped);
            Ok(answer)
        }
        "close" => Ok(node.close().await.map(|()| Value::Null)?),
        "publish" => {
            let event = arguments.event()?;
            let published = node.publish(event.tags, event.payload).await?;
            Ok(shapes::published(&published))
        }
        "publish_many" => {
            let published = node.publish_many(arguments.events()?).await?;
            Ok(published.iter().map(shapes::published).collect())
        }
        "offsets" => Ok(shapes::offsets_state(&node.offsets()?)),
        "streams" => Ok(node.streams()?.iter().map(shapes::stream).collect()),
        "metrics" => Ok(shapes::metrics(&node.metrics())),
        _ => match op.strip_prefix("blobs.") {
            Some(op) => blobs::perform(op, &node, arguments).await,
            None => ask(op, &node, arguments, handles).await,
        },
    }
}

/// Queries and subscriptions.
async fn ask(op: &str, node: &Node, arguments: &Arguments, handles: &Handles) -> Answered {
    let aql = arguments.text("aql")?;
    match op {
        "query" => {
            let mut results = node.query(aql, arguments.query_options()?)?;
            let mut rows = Vec::new();
            while let Some(chunk) = results.next_chunk(CHUNK).await? {
                rows.extend(chunk);
            }
            shapes::rows(&rows)
        }
        "query_outputs" => {
            let mut results = node.query(aql, arguments.query_options()?)?;
            let mut outputs = Vec::new();
            while let Some(chunk) = results.next_outputs(CHUNK).await? {
                outputs.extend(chunk);
            }
            shapes::outputs(&outputs)
        }
        "query_open" => {
            let results = node.query(aql, arguments.query_options()?)?;
            handles.keep_stream(arguments.text("as")?, Reading::new(results));
            Ok(Value::Null)
        }
        "explain" => {
            let explanation = node.explain(aql, arguments.query_options()?).await?;
            Ok(shapes::explanation(&explanation))
        }
        "subscribe" => {
            let options = arguments.subscribe_options()?;
            let results = match arguments
                .given("follow")
                .map(|follow| (follow, follow.as_str()))
            {
                None | Some((_, Some("all"))) => node.subscribe(aql, options)?,
                Some((_, Some("monotonic"))) => node.subscribe_monotonic(aql, options)?,
                Some((_, Some("latest"))) => node.observe_latest(aql, options)?,
                Some((_, Some("earliest"))) => node.observe_earliest(aql, options)?,
                Some((other, _)) => {
                    return Err(Trouble::broken(format!("nothing follows {other}")));
                }
            };
            handles.keep_stream(arguments.text("as")?, Reading::new(results));
            Ok(Value::Null)
        }
        "wait_for" => wait_for(node, aql, arguments).await,
        _ => Err(Trouble::broken(format!("there is no operation {op}"))),
    }
}

async fn wait_for(node: &Node, aql: &str, arguments: &Arguments) -> Answered {
    let wanted = arguments.given("equals").map(values::payload).transpose()?;
    let is_met = |row: &Row| {
        wanted
            .as_ref()
            .is_none_or(|wanted| row.payload() == *wanted)
    };
    let waiting = node.wait_for(aql, arguments.subscribe_options()?, is_met);
    match timeout(arguments.duration("timeout_ms")?, waiting).await {
        Ok(row) => shapes::one_row(&row?),
        Err(elapsed) => Err(Trouble::Refused(elapsed.to_string())),
    }
}

fn options(arguments: &Arguments) -> Result<Options, Trouble> {
    let mut options = Options::new();
    if let Some(app_id) = arguments.text_given("app_id")? {
        options = options.app_id(app_id);
    }
    for (name, kept) in arguments
        .given("streams")
        .map(as_map)
        .transpose()?
        .into_iter()
        .flatten()
    {
        options = options.stream(name, retention(kept)?);
    }
    for route in arguments
        .given("routes")
        .map(as_list)
        .transpose()?
        .into_iter()
        .flatten()
    {
        options = options.route(as_text(&route[0])?, as_text(&route[1])?);
    }
    if let Some(durability) = arguments.given("durability") {
        options = options.durability(match durability.as_str() {
            Some("synced") => Durability::Synced,
            Some("buffered") => Durability::Buffered,
            _ => return Err(Trouble::type_of("a durability", durability)),
        });
    }
    if let Some(bytes) = arguments.number_given("cache_bytes")? {
        options = options.cache_bytes(bytes);
    }
    if let Some(given) = arguments.given("network") {
        options = options.network(network(given)?);
    }
    Ok(options)
}

fn retention(kept: &Value) -> Result<Retention, Trouble> {
    let mut retention = Retention::keep_all();
    if let Some(events) = kept.get("events_max") {
        retention = retention.events(as_number(events)?);
    }
    if let Some(bytes) = kept.get("bytes_max") {
        retention = retention.bytes(as_number(bytes)?);
    }
    if let Some(age) = kept.get("age_max_ms") {
        retention = retention.age(as_duration(age)?);
    }
    Ok(retention)
}

fn network(given: &Value) -> Result<Network, Trouble> {
    let mut network = Network::new();
    type Add = fn(Network, &str) -> Network;
    let add: [(&str, Add); 4] = [
        ("listen", |network, text| network.listen(text)),
        ("announce", |network, text| network.announce(text)),
        ("peers", |network, text| network.peer(text)),
        ("holds", |network, text| network.hold(text)),
    ];
    for (name, add) in add {
        for text in given
            .get(name)
            .map(as_list)
            .transpose()?
            .into_iter()
            .flatten()
        {
            network = add(network, as_text(text)?);
        }
    }
    let switch = |name: &str| match given.get(name) {
        Some(value) => {
            let is_on = value.as_bool();
            is_on
                .map(Some)
                .ok_or_else(|| Trouble::type_of("bool", value))
        }
        None => Ok(None),
    };
    if let Some(is_on) = switch("discovery")? {
        network = network.discovery(is_on);
    }
    if let Some(is_on) = switch("address_exchange")? {
        network = network.address_exchange(is_on);
    }
    if let Some(count) = given.get("connections_max") {
        network = network.connections_max(as_number(count)? as usize);
    }
    Ok(network)
}

/// Rows that are asked for at once.
const CHUNK: usize = 256;
