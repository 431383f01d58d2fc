//! Failures of the facade as errors whose text is JSON; the front makes its own classes of them.

use std::collections::BTreeMap;

use serde::Serialize;
use swarmlet_facade::{Failure, guarded};

use crate::json;

/// What the front makes an error of.
#[derive(Serialize)]
struct Told<'a> {
    code: &'static str,
    message: &'a str,
    operation: &'static str,
    advice: &'static str,
    details: BTreeMap<&'a str, &'a str>,
}

/// The failure as JSON.
pub(crate) fn told(failure: &Failure) -> String {
    let details = failure.details.iter();
    json::text(&Told {
        code: failure.kind.as_str(),
        message: &failure.message,
        operation: failure.operation,
        advice: failure.advice.as_str(),
        details: details.map(|(name, value)| (&**name, &**value)).collect(),
    })
}

/// Carries a call out under the panic guard; a failure is thrown.
pub(crate) fn called<T>(
    operation: &'static str,
    call: impl FnOnce() -> swarmlet_facade::Result<T>,
) -> napi::Result<T> {
    guarded(operation, call).map_err(|failure| napi::Error::from_reason(told(&failure)))
}
