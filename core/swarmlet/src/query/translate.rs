//! From query text to what the engine executes.
//!
//! The only place that knows both the query language and the engine. It executes nothing.

use swarmlet_aql::{self as aql, ParseError, ParseErrorKind, PlanError, Query};
use swarmlet_engine::event::{AppId, Lamport, StreamId, StreamNumber, Tag, Timestamp};
use swarmlet_engine::log::Order;
use swarmlet_engine::select::{Comparison, KeyPoint, Selection};
use swarmlet_engine::{Error, ErrorKind, Result};

/// Understands a query text.
pub(super) fn query(text: &str) -> Result<Query> {
    Query::parse(text).map_err(|error| mistake(&error, 0))
}

/// Understands the tag expression of a route, in which only tags and apps mean something.
pub(crate) fn route(text: &str) -> Result<Selection> {
    let query = Query::parse(&format!("{FROM}{text}"));
    let query = query.map_err(|error| mistake(&error, FROM.len()))?;
    let plan = query.plan(0, None).map_err(|error| refused(&error))?;
    if plan.order.is_some() || plan.limit.is_some() {
        return Err(invalid(
            "a route is a tag expression, without ORDER and LIMIT",
        ));
    }
    let selection = selection(&plan.selection)?;
    if is_routable(&selection) {
        Ok(selection)
    } else {
        Err(invalid(
            "a route sees tags and app only: not isLocal, KEY or TIME",
        ))
    }
}

/// A query that cannot be run with what it is given.
pub(super) fn refused(error: &PlanError) -> Error {
    invalid(error.to_string())
}

fn is_routable(selection: &Selection) -> bool {
    match selection {
        Selection::All | Selection::Nothing | Selection::Tag(_) | Selection::App(_) => true,
        Selection::Local | Selection::Key(..) | Selection::Time(..) => false,
        Selection::And(parts) | Selection::Or(parts) => parts.iter().all(is_routable),
    }
}

pub(super) fn selection(from: &aql::Selection) -> Result<Selection> {
    let each = |parts: &[aql::Selection]| parts.iter().map(selection).collect::<Result<_>>();
    Ok(match from {
        aql::Selection::All => Selection::All,
        aql::Selection::Nothing => Selection::Nothing,
        aql::Selection::Tag(tag) => Selection::Tag(Tag::new(tag.as_str()).map_err(as_query)?),
        aql::Selection::App(app) => Selection::App(AppId::new(app.as_str()).map_err(as_query)?),
        aql::Selection::Local => Selection::Local,
        aql::Selection::Key(compared, point) => key(*compared, point).map_err(as_query)?,
        aql::Selection::Time(compared, micros) => {
            Selection::Time(comparison(*compared), Timestamp::from_micros(*micros))
        }
        aql::Selection::And(parts) => Selection::And(each(parts)?),
        aql::Selection::Or(parts) => Selection::Or(each(parts)?),
    })
}

/// A tag or app as it is written in a query.
pub(super) fn shown(term: &Selection) -> String {
    match term {
        Selection::Tag(tag) => {
            aql::Tag::new(tag.as_str()).map_or_else(String::new, |tag| tag.to_string())
        }
        Selection::App(app_id) => format!("appId({app_id})"),
        _ => String::new(),
    }
}

/// A point without stream lies before all streams of its lamport in the language, and stands for
/// all of them in the engine.
fn key(compared: aql::Comparison, point: &aql::KeyPoint) -> Result<Selection> {
    let lamport = Lamport::new(point.lamport)?;
    let Some(stream) = &point.stream else {
        let compared = match compared {
            aql::Comparison::Less | aql::Comparison::LessOrEqual => Comparison::Less,
            aql::Comparison::Greater | aql::Comparison::GreaterOrEqual => Comparison::AtLeast,
        };
        return Ok(Selection::Key(
            compared,
            KeyPoint {
                lamport,
                stream: None,
            },
        ));
    };
    let stream = stream_id(stream)?;
    Ok(Selection::Key(
        comparison(compared),
        KeyPoint {
            lamport,
            stream: Some(stream),
        },
    ))
}

/// The id of a stream that the language knows by its text.
pub(super) fn stream_id(id: &aql::StreamId) -> Result<StreamId> {
    let number = StreamNumber::new(id.number())?;
    Ok(StreamId::new(id.node().parse()?, number))
}

fn comparison(from: aql::Comparison) -> Comparison {
    match from {
        aql::Comparison::Less => Comparison::Less,
        aql::Comparison::LessOrEqual => Comparison::AtMost,
        aql::Comparison::Greater => Comparison::Greater,
        aql::Comparison::GreaterOrEqual => Comparison::AtLeast,
    }
}

pub(super) fn order(from: aql::Order) -> Order {
    match from {
        aql::Order::Ascending => Order::Ascending,
        aql::Order::Descending => Order::Descending,
        aql::Order::Stream => Order::Stream,
    }
}

pub(super) fn order_of(order: Order) -> aql::Order {
    match order {
        Order::Ascending => aql::Order::Ascending,
        Order::Descending => aql::Order::Descending,
        Order::Stream => aql::Order::Stream,
    }
}

/// A mistake in a text, with its place; `shift` bytes in front of the text are not the user's.
fn mistake(error: &ParseError, shift: usize) -> Error {
    let is_shifted = error.line() == 1;
    let column = error
        .column()
        .saturating_sub(if is_shifted { shift } else { 0 })
        .max(1);
    let place = |error: Error, offset: usize, line: usize| {
        error
            .with("line", line)
            .with("column", column)
            .with("offset", offset)
    };
    let offset = error.offset().saturating_sub(shift);
    if error.kind() != ParseErrorKind::Unexpected {
        let text = error.to_string();
        let message = text
            .split_once(": ")
            .map_or(text.as_str(), |(_, message)| message);
        return place(invalid(message), offset, error.line());
    }
    let expected: Vec<&str> = error.expected().iter().copied().collect();
    place(
        invalid("the query cannot be understood"),
        offset,
        error.line(),
    )
    .with("found", error.found())
    .with("expected", expected.join(" or "))
}

/// A name or number in a query that no event can have.
fn as_query(error: Error) -> Error {
    let query = invalid(error.message());
    error
        .context()
        .fold(query, |query, (name, value)| query.with(name, value))
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidQuery, message)
}

const FROM: &str = "FROM ";

#[cfg(test)]
mod tests {
    use super::*;

    fn select(text: &str) -> Selection {
        let plan = query(text).unwrap().plan(0, Some("a.b")).unwrap();
        selection(&plan.selection).unwrap()
    }

    #[test]
    fn a_key_point_without_stream_lies_before_all_streams_of_its_lamport() {
        let point = KeyPoint {
            lamport: Lamport::new(7).unwrap(),
            stream: None,
        };
        for (text, compared) in [
            ("FROM KEY > 7", Comparison::AtLeast),
            ("FROM KEY >= 7", Comparison::AtLeast),
            ("FROM KEY < 7", Comparison::Less),
            ("FROM KEY <= 7", Comparison::Less),
        ] {
            assert_eq!(select(text), Selection::Key(compared, point), "{text}");
        }
    }

    #[test]
    fn app_me_is_the_app_of_the_handle() {
        let me = AppId::new("a.b").unwrap();
        assert_eq!(select("FROM appId(me)"), Selection::App(me));
    }

    #[test]
    fn routes_report_positions_in_their_own_text() {
        let error = route("'a' & ").unwrap_err();
        let context: Vec<_> = error.context().collect();
        assert_eq!(
            context[..3],
            [("line", "1"), ("column", "7"), ("offset", "6")]
        );
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
    }

    #[test]
    fn routes_know_tags_and_apps_only() {
        assert!(route("'a' & ('b' | appId(c.d)) | allEvents").is_ok());
        let bad = [
            "isLocal",
            "'a' & KEY > 7",
            "TIME > 1h ago",
            "'a' LIMIT 1",
            "appId(me)",
            "",
        ];
        for text in bad.into_iter().chain(["'a' ORDER DESC"]) {
            assert_eq!(
                route(text).unwrap_err().kind(),
                ErrorKind::InvalidQuery,
                "{text}"
            );
        }
    }
}
