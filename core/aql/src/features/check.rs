//! Whether a query may use what it uses.

use std::collections::BTreeSet;

use super::feature::{Endpoint, Feature};
use super::used;
use crate::syntax::Query;

/// A query that may not use what it uses. The texts are part of the interface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeatureError {
    /// Features that have to be enabled are not; their words with spaces between them.
    #[error("The query uses beta features that are not enabled: {0}.")]
    NotEnabled(String),
    /// A feature makes no sense there.
    #[error("Feature(s) `{feature}` are not supported on endpoint {endpoint}.")]
    Unsupported {
        /// The first such feature.
        feature: Feature,
        /// Where the query was sent.
        endpoint: Endpoint,
    },
}

impl Query {
    /// The features that the query uses, its sub-queries included.
    #[must_use]
    pub fn used_features(&self) -> BTreeSet<Feature> {
        let mut used = BTreeSet::new();
        used::by_pipeline(&self.pipeline, &mut used);
        used
    }

    /// Whether the query enables what it uses, and may use it on that endpoint.
    pub fn check_features(&self, endpoint: Endpoint) -> Result<(), FeatureError> {
        let used = self.used_features();
        let is_missing = |feature: &&Feature| {
            feature.is_beta() && !self.features().any(|word| word == feature.word())
        };
        let missing: Vec<&str> = used
            .iter()
            .filter(is_missing)
            .map(|feature| feature.word())
            .collect();
        if !missing.is_empty() {
            return Err(FeatureError::NotEnabled(missing.join(" ")));
        }
        match used.iter().find(|used| !used.is_allowed_on(endpoint)) {
            Some(feature) => Err(FeatureError::Unsupported {
                feature: *feature,
                endpoint,
            }),
            None => Ok(()),
        }
    }
}
