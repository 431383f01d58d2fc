//! Which features the parts of a query use.

use std::collections::BTreeSet;

use super::feature::Feature;
use crate::syntax::{Expr, Grouped, Item, Pipeline, Source, Stage, TagAtom, TagExpr, values};

/// Adds what a query or sub-query uses.
pub(super) fn by_pipeline(pipeline: &Pipeline, used: &mut BTreeSet<Feature>) {
    match &pipeline.source {
        Source::Events { events, .. } => by_tags(events, used),
        Source::Array(items) => {
            used.insert(Feature::FromArray);
            by_items(items, used);
        }
    }
    for stage in &pipeline.stages {
        by_stage(stage, used);
    }
}

fn by_stage(stage: &Stage, used: &mut BTreeSet<Feature>) {
    match stage {
        Stage::Filter(_) => {}
        Stage::Select(items) => {
            if items.len() > 1 {
                used.insert(Feature::MultiEmission);
            }
            by_items(items, used);
        }
        Stage::Aggregate(_) => {
            used.insert(Feature::Aggregate);
        }
        Stage::Group(_, grouped) => {
            used.insert(Feature::GroupBy);
            if let Grouped::Select(items) = grouped {
                by_items(items, used);
            }
        }
        Stage::Distinct => {
            used.insert(Feature::Distinct);
        }
        Stage::Limit(_) => {
            used.insert(Feature::Limit);
        }
        Stage::Let(..) => {
            used.insert(Feature::Binding);
        }
    }
    for expr in stage.exprs() {
        by_expr(expr, used);
    }
}

fn by_items(items: &[Item], used: &mut BTreeSet<Feature>) {
    for item in items {
        if item.is_spread {
            used.insert(Feature::Spread);
        }
        by_expr(&item.expr, used);
    }
}

fn by_tags(expr: &TagExpr, used: &mut BTreeSet<Feature>) {
    match expr {
        TagExpr::And(terms) | TagExpr::Or(terms) => {
            for term in terms {
                by_tags(term, used);
            }
        }
        TagExpr::Atom(TagAtom::Time(..)) => {
            used.insert(Feature::TimeRange);
        }
        TagExpr::Atom(TagAtom::Key(..)) => {
            used.insert(Feature::EventKeyRange);
        }
        TagExpr::Atom(TagAtom::Interpolation(pieces)) => {
            used.insert(Feature::Interpolation);
            for expr in values(pieces) {
                by_expr(expr, used);
            }
        }
        TagExpr::Atom(_) => {}
    }
}

fn by_expr(expr: &Expr, used: &mut BTreeSet<Feature>) {
    match expr {
        Expr::Interpolation(_) => {
            used.insert(Feature::Interpolation);
        }
        Expr::Array(items) if items.iter().any(|item| item.is_spread) => {
            used.insert(Feature::Spread);
        }
        Expr::SubQuery(pipeline) => {
            used.insert(Feature::SubQuery);
            by_pipeline(pipeline, used);
        }
        _ => {}
    }
    for part in expr.parts() {
        by_expr(part, used);
    }
}
