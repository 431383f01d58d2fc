//! What an expression can refer to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::origin::Traced;
use super::problem::Problem;
use crate::syntax::{AppId, Call, Name, Pipeline};
use crate::value::Value;

/// What the whole query is run with.
#[derive(Clone, Copy)]
pub(crate) struct Outside<'a> {
    /// What `5m ago` counts from, in microseconds since 1970.
    pub(crate) now_us: i64,
    /// What `appId(me)` stands for.
    pub(crate) me: Option<&'a AppId>,
    /// What `$name` stands for.
    pub(crate) parameters: &'a BTreeMap<String, Value>,
    /// Who runs sub-queries.
    pub(crate) sub_queries: &'a dyn SubQueries,
}

impl<'a> Outside<'a> {
    pub(crate) fn parameter(&self, name: &Name) -> Result<&'a Value, Problem> {
        let found = self.parameters.get(name.as_str());
        found.ok_or_else(|| Problem::ParameterNotBound(name.to_string()))
    }
}

/// Runs the sub-queries of expressions.
pub(crate) trait SubQueries {
    /// All values that the pipeline gives when it runs in that scope; the first problem ends it.
    fn run(&self, pipeline: &Pipeline, scope: &Scope<'_>) -> Result<Vec<Traced>, Problem>;
}

/// What one expression is evaluated in.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    pub(crate) outside: Outside<'a>,
    pub(crate) bindings: Bindings,
    /// Results of the aggregators that the expression may contain.
    pub(crate) aggregated: &'a [(&'a Call, Result<Traced, Problem>)],
}

impl<'a> Scope<'a> {
    pub(crate) fn new(outside: Outside<'a>, bindings: Bindings) -> Self {
        Self {
            outside,
            bindings,
            aggregated: &[],
        }
    }

    pub(crate) fn variable(&self, name: &Name) -> Result<&Traced, Problem> {
        let found = self.bindings.find(name);
        found.ok_or_else(|| Problem::NotBound(name.to_string()))
    }

    pub(crate) fn aggregate(&self, call: &Call) -> Result<Traced, Problem> {
        let found = self.aggregated.iter().find(|(known, _)| *known == call);
        found.map_or(Err(Problem::NoValue), |(_, result)| result.clone())
    }
}

/// Names and their values; the last one of a name counts. Cheap to clone and to extend.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bindings(Option<Arc<Binding>>);

#[derive(Debug)]
struct Binding {
    name: Name,
    value: Traced,
    before: Bindings,
}

impl Bindings {
    #[must_use]
    pub(crate) fn with(&self, name: Name, value: Traced) -> Self {
        Self(Some(Arc::new(Binding {
            name,
            value,
            before: self.clone(),
        })))
    }

    fn find(&self, name: &Name) -> Option<&Traced> {
        let mut next = self;
        while let Some(binding) = &next.0 {
            if binding.name == *name {
                return Some(&binding.value);
            }
            next = &binding.before;
        }
        None
    }
}
