//! Operations on blobs.

use serde_json::{Value, json};
use swarmlet::{BlobInfo, BlobState, Hold, Keep, Node, PutOptions, Tags, Timestamp};
use tokio::time::timeout;

use crate::arguments::{Arguments, as_list, as_map, as_number, as_text};
use crate::shapes;
use crate::trouble::Trouble;

type Answered = Result<Value, Trouble>;

pub(crate) async fn perform(op: &str, node: &Node, arguments: &Arguments) -> Answered {
    let blobs = node.blobs();
    match op {
        "put" => {
            let stored = blobs.put(arguments.bytes("content")?, options(arguments)?);
            blob(&stored.await?)
        }
        "get" => {
            let start = arguments.number_given("start")?.unwrap_or(0);
            let end = arguments.number_given("end")?.unwrap_or(u64::MAX);
            let mut reader = blobs.range_of(arguments.parsed("id")?, start..end);
            let read = timeout(
                arguments.duration("timeout_ms")?,
                reader.read_all(BYTES_MAX),
            );
            let late = |_| Trouble::Refused("the bytes did not come in time".into());
            // What is read names no operation, as a reader is none.
            let bytes = read.await.map_err(late)?.map_err(Trouble::Value)?;
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            Ok(json!({"$bytes": digits.collect::<String>()}))
        }
        "stat" => {
            let stat = blobs.stat(arguments.parsed("id")?)?;
            let records = stat
                .records
                .iter()
                .map(blob)
                .collect::<Result<Vec<_>, _>>()?;
            Ok(json!({
                "state": state(stat.state),
                "is_pinned": stat.is_pinned,
                "records": records,
            }))
        }
        "list" => {
            let mut list = blobs.list()?;
            let mut all = Vec::new();
            while let Some(infos) = list.next_chunk(CHUNK).await? {
                all.extend(infos.iter().map(blob).collect::<Result<Vec<_>, _>>()?);
            }
            Ok(all.into())
        }
        "delete" => Ok(blobs.delete(arguments.parsed("id")?).await?.into()),
        other => Err(Trouble::broken(format!(
            "there is no operation blobs.{other}"
        ))),
    }
}

fn options(arguments: &Arguments) -> Result<PutOptions, Trouble> {
    let mut options = PutOptions::new();
    if let Some(name) = arguments.text_given("name")? {
        options = options.name(name);
    }
    if let Some(media_type) = arguments.text_given("media_type")? {
        options = options.media_type(media_type);
    }
    if let Some(given) = arguments.given("tags") {
        options = options.tags(tags(given)?);
    }
    if let Some(given) = arguments.given("hold") {
        options = options.hold(hold(given)?);
    }
    if let Some(given) = arguments.given("keep") {
        options = options.keep(keep(given)?);
    }
    Ok(options)
}

fn tags(given: &Value) -> Result<Tags, Trouble> {
    let texts = as_list(given)?.iter().map(as_text);
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    Tags::new(texts).map_err(Trouble::Value)
}

fn hold(given: &Value) -> Result<Hold, Trouble> {
    if let Some(copies) = given.get("copies") {
        let copies = u16::try_from(as_number(copies)?);
        return copies
            .map(Hold::Copies)
            .map_err(|_| Trouble::type_of("u16", given));
    }
    if let Some(labels) = given.get("labels") {
        let labels = as_map(labels)?.iter();
        let label = |(key, value): (&String, &Value)| Ok((key.clone(), as_text(value)?.to_owned()));
        return labels
            .map(label)
            .collect::<Result<_, _>>()
            .map(Hold::Labels);
    }
    match given.as_str() {
        Some("everyone") => Ok(Hold::Everyone),
        Some("on_demand") => Ok(Hold::OnDemand),
        _ => Err(Trouble::type_of("Hold", given)),
    }
}

fn keep(given: &Value) -> Result<Keep, Trouble> {
    if let Some(micros) = given.get("until").and_then(Value::as_i64) {
        return Ok(Keep::Until(Timestamp::from_micros(micros)));
    }
    if let Some(next) = given.get("until_next") {
        return tags(next).map(Keep::UntilNext);
    }
    match given.as_str() {
        Some("forever") => Ok(Keep::Forever),
        Some("while_referenced") => Ok(Keep::WhileReferenced),
        _ => Err(Trouble::type_of("Keep", given)),
    }
}

fn blob(info: &BlobInfo) -> Answered {
    let policy = |policy: serde_json::Result<Value>| {
        policy.map_err(|error| Trouble::broken(error.to_string()))
    };
    Ok(json!({
        "id": info.id.to_string(),
        "size": info.size,
        "name": info.name,
        "media_type": info.media_type,
        "hold": policy(serde_json::to_value(&info.hold))?,
        "keep": policy(serde_json::to_value(&info.keep))?,
        "tags": info.tags.iter().collect::<Vec<_>>(),
        "key": shapes::key(&info.key),
        "timestamp": info.timestamp.micros(),
        "app_id": info.app_id.as_str(),
        "collection": info.collection.map(|id| id.to_string()),
    }))
}

fn state(state: BlobState) -> Value {
    match state {
        BlobState::Here { size } => json!({"kind": "here", "size": size}),
        BlobState::Part { size, .. } => json!({"kind": "part", "size": size}),
        BlobState::Absent => json!({"kind": "absent", "size": null}),
    }
}

const CHUNK: usize = 256;
const BYTES_MAX: usize = 1024 * 1024;
