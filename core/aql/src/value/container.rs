//! Arrays and objects: shared, never changed, and bounded when they are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tree::{Value, ValueError};
use crate::limits::{VALUE_BYTES_MAX, VALUE_DEPTH_MAX};

/// Values in order.
#[derive(Clone, Debug)]
pub struct Array(Arc<Measured<Vec<Value>>>);

/// Named values, sorted by name.
#[derive(Clone, Debug)]
pub struct Object(Arc<Measured<BTreeMap<Arc<str>, Value>>>);

/// Content and its measures, taken once so that growing a value stays cheap to check.
#[derive(Debug)]
struct Measured<T> {
    content: T,
    depth: usize,
    weight: usize,
}

impl<T> Measured<T> {
    fn new(content: T, depth_inside: usize, weight: usize) -> Result<Arc<Self>, ValueError> {
        let depth = depth_inside + 1;
        if depth > VALUE_DEPTH_MAX {
            return Err(ValueError::TooDeep);
        }
        if weight > VALUE_BYTES_MAX {
            return Err(ValueError::TooLarge);
        }
        Ok(Arc::new(Self {
            content,
            depth,
            weight,
        }))
    }
}

impl Array {
    /// An array, unless it would be too deep or too large.
    pub fn new(items: Vec<Value>) -> Result<Self, ValueError> {
        let depth = items.iter().map(Value::depth).max().unwrap_or(0);
        let weight = items.iter().map(Value::weight).sum();
        Measured::new(items, depth, weight).map(Self)
    }

    /// The values.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        &self.0.content
    }

    pub(super) fn depth(&self) -> usize {
        self.0.depth
    }

    pub(super) fn weight(&self) -> usize {
        self.0.weight
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Object {
    /// An object, unless it would be too deep or too large.
    pub fn new(properties: BTreeMap<Arc<str>, Value>) -> Result<Self, ValueError> {
        let depth = properties.values().map(Value::depth).max().unwrap_or(0);
        let weight = properties
            .iter()
            .map(|(name, value)| name.len() + size_of::<Arc<str>>() + value.weight())
            .sum();
        Measured::new(properties, depth, weight).map(Self)
    }

    /// The value of that name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.0.content.get(name)
    }

    /// Names and values, sorted by name.
    #[must_use]
    pub fn properties(&self) -> &BTreeMap<Arc<str>, Value> {
        &self.0.content
    }

    pub(super) fn depth(&self) -> usize {
        self.0.depth
    }

    pub(super) fn weight(&self) -> usize {
        self.0.weight
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
