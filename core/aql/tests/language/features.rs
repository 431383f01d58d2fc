//! Feature words: what a query uses, whether it says so, and where it may.

use swarmlet_aql::{Endpoint, Query};

fn words(text: &str) -> String {
    let query = Query::parse(text).expect(text);
    let words: Vec<&str> = query
        .used_features()
        .iter()
        .map(|used| used.word())
        .collect();
    words.join(" ")
}

fn refusal(text: &str, endpoint: Endpoint) -> String {
    let outcome = Query::parse(text).expect(text).check_features(endpoint);
    outcome
        .err()
        .map_or("none".to_owned(), |error| error.to_string())
}

#[test]
fn the_features_of_a_query_are_known() {
    for (text, used) in [
        ("FROM 'x'", ""),
        ("FROM 'x' & TIME > 1h ago", "timeRange"),
        ("FROM 'x' & from(5)", "eventKeyRange"),
        ("FROM 'x' SELECT 1, 2", "multiEmission"),
        ("FROM 'x' SELECT 1 + (FROM 'y' END)[0]", "subQuery"),
        ("FROM 'x' FILTER 1 + (FROM 'y' END)[0]", "subQuery"),
        (
            "FROM 'x' AGGREGATE 1 + (FROM 'y' END)[0]",
            "aggregate subQuery",
        ),
        (
            "FROM 'x' SELECT 1 + (FROM 'y' AGGREGATE 42 END)[0]",
            "aggregate subQuery",
        ),
        (
            "FROM 'x' SELECT 1 + (FROM 'y' SELECT 1, 2 END)[0]",
            "multiEmission subQuery",
        ),
        (
            "FROM 'x' SELECT 1 + (FROM 'y' SELECT 1, FROM 'a' AGGREGATE x)[0]",
            "multiEmission aggregate subQuery",
        ),
        ("FROM 'x' LIMIT 1", "limit"),
        (
            "FROM 'x' AGGREGATE FROM 'y' LIMIT 1",
            "aggregate subQuery limit",
        ),
        ("FROM 'x' LET a := 1", "binding"),
        ("FROM 'a' & `1+2`", "interpolation"),
        ("FROM 'a' FILTER `{_} + 3` = '7'", "interpolation"),
        ("FROM 'a' SELECT FROM `_`", "subQuery interpolation"),
        ("FROM [1, 2, 3]", "fromArray"),
        (
            "FROM `{FROM [1, 2, 3]}`",
            "subQuery interpolation fromArray",
        ),
        ("FROM '`' SELECT FROM [1, 2, 3]", "subQuery fromArray"),
        (
            "FROM '`' SELECT { [FROM [1, 2, 3]]: 42 }",
            "subQuery fromArray",
        ),
        ("FROM [...x]", "fromArray spread"),
        ("FROM 'x' SELECT [..._]", "spread"),
        ("FROM 'x' SELECT ..._", "spread"),
        ("FROM 'x' GROUP BY _ SELECT COUNT(_), 1", "groupBy"),
        ("FROM 'x' DISTINCT", "distinct"),
    ] {
        assert_eq!(words(text), used, "{text}");
    }
}

#[test]
fn beta_features_have_to_be_enabled() {
    for (text, refused) in [
        ("FROM allEvents SELECT _, _", "multiEmission"),
        (
            "FEATURES(limit) FROM [1] AGGREGATE SUM(_)",
            "aggregate fromArray",
        ),
        (
            "PRAGMA features := spread\nFROM 'x' SELECT ..._, `1`",
            "multiEmission interpolation",
        ),
    ] {
        let message = format!("The query uses beta features that are not enabled: {refused}.");
        assert_eq!(refusal(text, Endpoint::Query), message, "{text}");
    }
    for text in [
        "FEATURES(multiEmission) FROM allEvents SELECT _, _",
        "PRAGMA features := z\u{f8}g future aggregate fromArray\nFROM [1] AGGREGATE SUM(_)",
        "FROM 'x' LIMIT 3 LET a := 1 DISTINCT GROUP BY a AGGREGATE COUNT(_)",
    ] {
        assert_eq!(refusal(text, Endpoint::Query), "none", "{text}");
    }
}

#[test]
fn some_features_make_no_sense_on_some_endpoints() {
    let all = "FEATURES(multiEmission aggregate subQuery interpolation fromArray spread) ";
    for (text, feature, endpoint) in [
        ("FROM 'x' SELECT 1, 2", "multiEmission", Endpoint::Subscribe),
        ("FROM 'x' SELECT FROM 'y'", "subQuery", Endpoint::Subscribe),
        ("FROM [1]", "fromArray", Endpoint::Subscribe),
        (
            "FROM 'x' AGGREGATE LAST(_)",
            "aggregate",
            Endpoint::SubscribeMonotonic,
        ),
        ("FROM 'x' LIMIT 1", "limit", Endpoint::SubscribeMonotonic),
        (
            "FROM 'x' GROUP BY _ AGGREGATE 1",
            "groupBy",
            Endpoint::SubscribeMonotonic,
        ),
    ] {
        let message = format!("Feature(s) `{feature}` are not supported on endpoint {endpoint}.");
        assert_eq!(refusal(&format!("{all}{text}"), endpoint), message);
        assert_eq!(refusal(&format!("{all}{text}"), Endpoint::Query), "none");
    }
    assert_eq!(
        refusal(
            &format!("{all}FROM 'x' LIMIT 1 SELECT ..._"),
            Endpoint::Subscribe
        ),
        "none"
    );
}
