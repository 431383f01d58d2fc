//! The query language: any text is understood or refused, and what is understood prints and plans.

#![no_main]

use libfuzzer_sys::fuzz_target;
use swarmlet_aql::{PlanError, Query, Selection};

/// The times at which relative times could go wrong.
const TIMES: [i64; 3] = [i64::MIN, 0, i64::MAX];

fn check_simplified(selection: &Selection) {
    let (Selection::And(parts) | Selection::Or(parts)) = selection else {
        return;
    };
    assert!(parts.len() >= 2);
    assert!(parts.is_sorted_by(|left, right| left < right));
    for part in parts {
        let is_and = matches!(selection, Selection::And(_));
        assert!(!matches!(part, Selection::All | Selection::Nothing));
        assert!(!matches!(part, Selection::And(_)) || !is_and);
        assert!(!matches!(part, Selection::Or(_)) || is_and);
        check_simplified(part);
    }
}

fn check(text: &str) {
    match Query::parse(text) {
        Ok(query) => {
            let printed = query.to_string();
            assert_eq!(Query::parse(&printed), Ok(query.clone()), "{printed}");
            for now_us in TIMES {
                match query.plan(now_us, Some("com.example.me")) {
                    Ok(plan) => {
                        check_simplified(&plan.selection);
                        assert!(!plan.to_string().is_empty());
                    }
                    Err(PlanError::AppUnknown | PlanError::AppInvalid(_)) => {
                        panic!("the app is known and valid")
                    }
                    // More than a selection, or one that cannot be computed.
                    Err(_) => {}
                }
            }
            let _ = query.plan(0, None);
        }
        Err(error) => {
            assert!(text.is_char_boundary(error.offset()));
            assert_eq!(error.to_string().lines().count(), 1);
            assert_eq!(error.caret_view().lines().count(), 6);
        }
    }
}

fuzz_target!(|text: &str| {
    check(text);
    check(&format!("FROM {text}"));
});
