//! Which name means which file: the newest event that says so counts, on every node.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use swarmlet::{Node, Payload, QueryOptions, Row, Tags};

use super::cid::Cid;
use crate::events::Refusal;
use crate::limits::FILE_NAME_BYTES_MAX;

/// A name for a file: no id, and one part of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileName(String);

/// What cannot be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoName;

impl FromStr for FileName {
    type Err = NoName;

    fn from_str(text: &str) -> Result<Self, NoName> {
        let is_legal = (1..=FILE_NAME_BYTES_MAX).contains(&text.len())
            && !text.contains(|letter: char| letter == '/' || letter.is_control())
            && text.parse::<Cid>().is_err();
        match is_legal {
            true => Ok(Self(text.to_owned())),
            false => Err(NoName),
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What is said of a name.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Saying {
    name: String,
    /// Nothing, if the name means nothing any more.
    cid: Option<String>,
}

/// What a name means.
pub(super) async fn resolve(node: &Node, name: &FileName) -> Result<Option<Cid>, Refusal> {
    let row = newest(node, name).await?;
    let saying = row.map(|row| row.payload().to_serde::<Saying>());
    let cid = saying.and_then(|saying| saying.ok()?.cid);
    Ok(cid.and_then(|cid| cid.parse().ok()))
}

/// Whether this device gave the meaning to a name that it has.
pub(super) async fn is_own(node: &Node, name: &FileName) -> Result<bool, Refusal> {
    let row = newest(node, name).await?;
    let event = row.as_ref().and_then(|row| row.event());
    Ok(event.is_some_and(|event| event.key.stream.node == node.id()))
}

async fn newest(node: &Node, name: &FileName) -> Result<Option<Row>, Refusal> {
    let tag = name.0.replace('\'', "''");
    let newest = format!("FROM 'ans' & 'ans:{tag}' & appId({AUTHOR}) ORDER DESC LIMIT 1");
    let mut results = node.query(&newest, QueryOptions::default())?;
    let rows = results.next_chunk(1).await?.unwrap_or_default();
    Ok(rows.into_iter().next())
}

/// Says what a name means from now on.
pub(super) async fn give(node: &Node, name: &FileName, cid: Option<Cid>) -> Result<(), Refusal> {
    let tags = Tags::new(["ans", &format!("ans:{name}")])?;
    let saying = Saying {
        name: name.0.clone(),
        cid: cid.map(|cid| cid.to_string()),
    };
    let node = node.scoped(AUTHOR.parse()?);
    node.publish(tags, Payload::from_serde(&saying)?).await?;
    Ok(())
}

/// In whose name the gateway itself publishes, as the predecessor did.
pub(super) const AUTHOR: &str = "com.actyx";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_an_address() {
        for text in ["x", "my page", "it's", &"x".repeat(FILE_NAME_BYTES_MAX)] {
            assert!(text.parse::<FileName>().is_ok(), "{text}");
        }
        let cid = "bafkr4ibhf5xbd5y2bzbqm5xbcyhcvsncqvkl2vvkkvmgbfnpdexg3wrvwu";
        for text in ["", "a/b", "a\nb", cid, &"x".repeat(FILE_NAME_BYTES_MAX + 1)] {
            assert_eq!(text.parse::<FileName>(), Err(NoName), "{text}");
        }
    }
}
