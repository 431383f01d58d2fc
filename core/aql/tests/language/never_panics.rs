//! Any text gives a query or an error, and whatever is understood is understood again when printed.

use proptest::prelude::*;
use swarmlet_aql::{Context, Machine, Mode, NoEvents, Order, Query, Value};

/// Pieces that get further into the parser than random characters do.
const PIECES: &str = "\
    PRAGMA features := \n ENDPRAGMA FEATURES( limit FROM ( ) ' \" 'a' \"b\" ` { [ \
    & | \u{2227} \u{2228} allEvents isLocal appId (me) com.example KEY TIME < >= \u{2264} / - 7 \
    18446744073709551615 2021-07-20 T10:00 :30 .123 Z +02:00 5m ago from( to( ORDER DESC LIMIT \
    END -- ........................................... -0 FILTER SELECT AGGREGATE GROUP BY \
    DISTINCT LET _ x := 1 2.5 'y' TRUE NULL + * ^ = != ?? ! ~ , : } ] ... CASE => ENDCASE SUM( \
    FIRST( COUNT( IsDefined( TAGS( $p `";

/// Whatever comes out, it comes out.
fn run(query: Query) {
    let context = Context {
        parameters: [("p".to_owned(), Value::from("a"))].into(),
        ..Context::default()
    };
    if let Ok(mut machine) = Machine::new(query, context, Mode::Bounded(Order::Ascending)) {
        machine.start(&NoEvents);
        machine.flush(&NoEvents);
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match Query::parse(text) {
        Ok(query) => {
            let printed = query.to_string();
            if let Ok(plan) = query.plan(0, Some("me")) {
                prop_assert!(!plan.to_string().is_empty());
            }
            run(query.clone());
            prop_assert_eq!(Query::parse(&printed), Ok(query), "{}", printed);
        }
        Err(error) => {
            prop_assert!(text.is_char_boundary(error.offset()));
            prop_assert_eq!(error.to_string().lines().count(), 1);
            prop_assert_eq!(error.caret_view().lines().count(), 6);
        }
    }
    Ok(())
}

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(PIECES.split(' ').collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn on_any_characters(text in any::<String>()) {
        check(&text)?;
        check(&format!("FROM {text}"))?;
        check(&format!("FROM '{text}'"))?;
        check(&format!("FROM [{text}]"))?;
    }

    #[test]
    fn on_any_pieces(
        pieces in prop::collection::vec(piece(), 0..30),
        is_spaced in any::<bool>(),
    ) {
        let text = pieces.join(if is_spaced { " " } else { "" });
        check(&text)?;
        check(&format!("FROM {text}"))?;
        check(&format!("FROM ['a'] SELECT {text}"))?;
    }
}
