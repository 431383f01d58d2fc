//! Putting requests to the node, and what it says no to.

use swarmlet::{
    Diagnostic, Error, ErrorKind, Node, Offsets, QueryOptions, Severity, SubscribeOptions,
    query_mistake,
};
use swarmlet_aql::{Endpoint, FeatureError, Query};

use super::answer::{Answer, OffsetsAnswer, PublishAnswer};
use super::answers::Answers;
use super::request::{PublishRequest, QueryRequest, SubscribeMonotonicRequest, SubscribeRequest};

/// A request that makes sense and is not carried out.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The query, or what goes with it, is wrong; with a text that says how.
    Invalid(String),
    /// The query uses what it may not.
    Feature(FeatureError),
    /// More than the node takes at once.
    TooLarge(String),
    Overloaded,
    /// What was asked for is not here, and nobody can be asked.
    NotFound,
    /// The device may not write there.
    NotPermitted(String),
    DiskFull,
    Closed,
    /// What was logged.
    Internal,
}

pub(crate) fn offsets(node: &Node) -> Result<OffsetsAnswer, Refusal> {
    Ok(OffsetsAnswer(node.offsets()?))
}

pub(crate) async fn publish(
    node: &Node,
    request: PublishRequest,
) -> Result<PublishAnswer, Refusal> {
    match node.publish_many(request.data).await {
        Ok(published) => Ok(PublishAnswer(published)),
        Err(error) if error.kind() == ErrorKind::InvalidArgument => {
            Err(Refusal::TooLarge(error.message().to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn query(node: &Node, request: QueryRequest) -> Result<Answers, Refusal> {
    check(&request.query, Endpoint::Query)?;
    let upper = match request.upper_bound {
        Some(upper) => upper.0,
        None => node.offsets()?.present,
    };
    let options = QueryOptions {
        lower: request.lower_bound.unwrap_or_default().0,
        upper: Some(upper.clone()),
        order: request.order.into(),
        ..QueryOptions::default()
    };
    match node.query(&request.query, options) {
        Ok(results) => Ok(Answers::query(results, upper)),
        // Nothing else of these options can be wrong.
        Err(error) if error.kind() == ErrorKind::InvalidArgument => {
            Ok(Answers::only(out_of_range()))
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn subscribe(node: &Node, request: SubscribeRequest) -> Result<Answers, Refusal> {
    check(&request.query, Endpoint::Subscribe)?;
    let lower = request.lower_bound.unwrap_or_default().0;
    let options = SubscribeOptions::after(lower);
    let results = node.subscribe(&request.query, options)?;
    Ok(Answers::subscription(results))
}

pub(crate) fn subscribe_monotonic(
    node: &Node,
    request: SubscribeMonotonicRequest,
) -> Result<Answers, Refusal> {
    check(&request.query, Endpoint::SubscribeMonotonic)?;
    let lower: Offsets = request.lower_bound.0;
    let options = SubscribeOptions::after(lower.clone());
    let results = node.subscribe_monotonic(&request.query, options)?;
    Ok(Answers::monotonic(results, lower, node.clone()))
}

/// What the predecessor checked of a query that the node does not: it has the whole language.
fn check(text: &str, endpoint: Endpoint) -> Result<(), Refusal> {
    let query = Query::parse(text).map_err(|error| {
        // The picture has its indentation from the column, so it begins with blanks.
        Refusal::Invalid(query_mistake(text).unwrap_or_else(|| error.to_string()))
    })?;
    query.check_features(endpoint).map_err(Refusal::Feature)
}

fn out_of_range() -> Answer {
    let message = "Query bounds out of range: upper bound must be within the known present.";
    Answer::Diagnostic(Diagnostic {
        severity: Severity::Error,
        message: message.into(),
    })
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidArgument | ErrorKind::InvalidQuery => {
                Self::Invalid(error.message().to_owned())
            }
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::PermissionDenied => Self::NotPermitted(error.message().to_owned()),
            ErrorKind::DiskFull => Self::DiskFull,
            ErrorKind::Overloaded => Self::Overloaded,
            ErrorKind::Closed => Self::Closed,
            _ => {
                tracing::error!(%error, "a request failed");
                Self::Internal
            }
        }
    }
}
