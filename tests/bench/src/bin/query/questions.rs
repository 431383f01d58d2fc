//! What is asked, in both languages.

use swarmlet_bench::event::MACHINES;
use swarmlet_bench::report::Target;

/// One question. `$machine` and `?1` are the tag of a machine, another one each time.
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) aql: String,
    pub(crate) sql: String,
    pub(crate) target: Target,
    /// Whether a line tells when the first row came.
    pub(crate) is_first_shown: bool,
    /// Whether rows are numbers, which are summed up and compared.
    pub(crate) is_computed: bool,
}

/// The tag that is asked for at that time.
pub(crate) fn machine(time: u64) -> u64 {
    (7 + 13 * time) % MACHINES
}

/// All questions about so many events.
pub(crate) fn questions(events: u64) -> Vec<Question> {
    let mut questions = selecting(events);
    questions.extend(computing());
    questions
}

fn rows(name: &'static str, aql: &str, sql: String) -> Question {
    Question {
        name,
        aql: aql.to_owned(),
        sql,
        target: Target::Open,
        is_first_shown: false,
        is_computed: false,
    }
}

/// Answered by the index.
fn selecting(events: u64) -> Vec<Question> {
    let (from, to) = (events / 2, events / 2 + events / 10);
    let (of, order) = (OF, ORDER);
    vec![
        Question {
            target: Target::ValueMax(100.0),
            is_first_shown: true,
            ..rows(
                "tag of 1 %",
                "FROM $machine",
                format!("SELECT events.payload {of} WHERE tags.tag = ?1 {order}"),
            )
        },
        rows(
            "two tags",
            "FROM $machine & 'activity:welding'",
            format!(
                "SELECT events.payload {of} JOIN tags AS other USING (lamport, stream, offset) \
                 WHERE tags.tag = ?1 AND other.tag = 'activity:welding' {order}"
            ),
        ),
        rows(
            "either of two tags",
            "FROM $machine | 'machine:m99'",
            format!(
                "SELECT events.payload {of} WHERE tags.tag IN (?1, 'machine:m99') \
                 GROUP BY tags.lamport, tags.stream, tags.offset {order}"
            ),
        ),
        rows(
            "tag in a tenth of the log",
            &format!("FROM $machine & KEY >= {from} & KEY < {to}"),
            format!(
                "SELECT events.payload {of} WHERE tags.tag = ?1 \
                 AND tags.lamport >= {from} AND tags.lamport < {to} {order}"
            ),
        ),
        Question {
            target: Target::ValueMax(1.0),
            ..rows(
                "last of a tag",
                "FROM $machine AGGREGATE LAST(_)",
                format!(
                    "SELECT events.payload {of} WHERE tags.tag = ?1 \
                     ORDER BY tags.lamport DESC, tags.stream DESC, tags.offset DESC LIMIT 1"
                ),
            )
        },
    ]
}

/// Answered by looking into payloads.
fn computing() -> Vec<Question> {
    let (of, order) = (OF, ORDER);
    let field = |name: &str| format!("json_extract(CAST(events.payload AS TEXT), '$.{name}')");
    vec![
        rows(
            "filter in a tag",
            "FROM $machine FILTER _.temperature > 60",
            format!(
                "SELECT events.payload {of} WHERE tags.tag = ?1 AND {} > 60 {order}",
                field("temperature")
            ),
        ),
        Question {
            is_computed: true,
            ..rows(
                "group by in a tag",
                "FROM $machine GROUP BY _.activity SELECT AVG(_.duration_ms)",
                format!(
                    "SELECT avg({}) {of} WHERE tags.tag = ?1 GROUP BY {}",
                    field("duration_ms"),
                    field("activity")
                ),
            )
        },
        Question {
            is_computed: true,
            ..rows(
                "sum over everything",
                "FROM allEvents AGGREGATE SUM(_.duration_ms)",
                format!("SELECT sum({}) FROM events", field("duration_ms")),
            )
        },
    ]
}

const OF: &str = "FROM events JOIN tags USING (stream, offset)";
const ORDER: &str = "ORDER BY tags.lamport, tags.stream, tags.offset";
